//! A line that keeps every request and every answer, and changes neither.

use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use sdk::error::TransportError;
use sdk::flows::{Request, Response, Transport};

use super::wire;

/// The line.
pub struct Watch {
    inner: Rc<dyn Transport>,
    kept: RefCell<Vec<Exchange>>,
}

/// One request, and what came back.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// As it was sent.
    pub request: wire::Request,
    /// As it came; nothing where nothing came.
    pub answer: Option<Response>,
}

impl Exchange {
    /// Status, headers and body of the answer, to be searched.
    #[must_use]
    pub fn answer_bytes(&self) -> Vec<u8> {
        let Some(answer) = &self.answer else {
            return Vec::new();
        };
        let mut bytes = format!("{}\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&answer.body);
        bytes
    }

    /// Whether the server has taken it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status < 300)
    }
}

impl Watch {
    /// Over another line.
    #[must_use]
    pub fn on(inner: Rc<dyn Transport>) -> Self {
        Self {
            inner,
            kept: RefCell::default(),
        }
    }

    /// Everything so far, in order.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.kept.borrow().clone()
    }
}

#[async_trait(?Send)]
impl Transport for Watch {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let kept = wire::Request::from(&request);
        let at = {
            let mut all = self.kept.borrow_mut();
            all.push(Exchange {
                request: kept,
                answer: None,
            });
            all.len() - 1
        };
        let answer = self.inner.send(request).await;
        if let (Some(exchange), Ok(answer)) = (self.kept.borrow_mut().get_mut(at), &answer) {
            exchange.answer = Some(answer.clone());
        }
        answer
    }

    fn origin(&self) -> Option<String> {
        self.inner.origin()
    }
}

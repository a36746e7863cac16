//! Requests over HTTP. Follows no redirect, uses no proxy from the environment, reads no more than it may.

use async_trait::async_trait;
use bytes::BytesMut;

use crate::error::TransportError;
use crate::flows::{Method, Request, Response, Transport};

/// One deployment's address and a pool of connections to it.
#[derive(Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
}

impl Http {
    /// A transport to `base`: scheme, host and port, without a path (`http://127.0.0.1:8080`).
    ///
    /// # Errors
    /// [`TransportError::Offline`] where the platform gives no client.
    pub fn new(base: &str) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(std::time::Duration::from_secs(10))
            .build()
            .map_err(|_| TransportError::Offline)?;
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client,
        })
    }
}

#[async_trait(?Send)]
impl Transport for Http {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self
            .client
            .request(method, format!("{}{}", self.base, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let mut answer = builder
            .body(request.body)
            .send()
            .await
            .map_err(|_| TransportError::Offline)?;
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| TransportError::Offline)? {
            if body.len() as u64 + piece.len() as u64 > request.max_answer {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response {
            status: answer.status().as_u16(),
            headers,
            body: body.freeze(),
        })
    }

    fn origin(&self) -> Option<String> {
        Some(self.base.clone())
    }
}

//! The line between a client and its server, in the hands of a test: it loses, alters, delays or replays what passes.
//!
//! Honest until told otherwise. It sees what a server sees, no more.

use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use crypto::collection::head::HEAD_HEADER_BYTES;
use crypto::hash::labelled;
use crypto::label::Label;
use sdk::error::TransportError;
use sdk::flows::{Request, Response, Transport};
use sdk::native::Http;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::Hash;
use shared::collection::{Commit, Committed};

/// What becomes of a request or an answer.
pub enum Fate {
    /// It passes.
    Pass,
    /// It is lost; the client hears nothing.
    Lose,
    /// This answer comes back instead.
    Answer(Response),
}

type Before = Box<dyn FnMut(&Request) -> Fate>;
type After = Box<dyn FnMut(&Request, &mut Response) -> Fate>;

/// A transport to one server.
pub struct Line {
    http: Http,
    before: RefCell<Option<Before>>,
    after: RefCell<Option<After>>,
    sent: RefCell<Vec<Request>>,
}

impl Line {
    /// An honest line to `origin`.
    #[must_use]
    pub fn to(origin: &str) -> Rc<Self> {
        let http = Http::new(origin).expect("a client of HTTP");
        Rc::new(Self {
            http,
            before: RefCell::default(),
            after: RefCell::default(),
            sent: RefCell::default(),
        })
    }

    /// Decides over every request before it reaches the server.
    pub fn before(&self, decide: impl FnMut(&Request) -> Fate + 'static) {
        *self.before.borrow_mut() = Some(Box::new(decide));
    }

    /// Decides over every answer, and may alter it, before it reaches the client.
    pub fn after(&self, decide: impl FnMut(&Request, &mut Response) -> Fate + 'static) {
        *self.after.borrow_mut() = Some(Box::new(decide));
    }

    /// Alters the answers to requests whose path holds `part`.
    pub fn alter(&self, part: &'static str, mut change: impl FnMut(&mut Response) + 'static) {
        self.after(move |request, response| {
            if request.path.contains(part) && response.status < 300 {
                change(response);
            }
            Fate::Pass
        });
    }

    /// Alters the JSON answers to requests whose path ends with `end`.
    pub fn alter_json<T: Serialize + DeserializeOwned>(
        &self,
        end: &'static str,
        mut change: impl FnMut(&mut T) + 'static,
    ) {
        self.after(move |request, response| {
            if request.path.ends_with(end) && response.status < 300 {
                let mut value = serde_json::from_slice::<T>(&response.body).expect("the wire's type");
                change(&mut value);
                response.body = serde_json::to_vec(&value).expect("JSON").into();
            }
            Fate::Pass
        });
    }

    /// Loses every `n`-th request (counted from 1) whose path holds `part`, once; `answered`: after it was carried out.
    pub fn lose(&self, part: &'static str, n: u32, answered: bool) {
        let mut seen = 0;
        let mut decide = move |request: &Request| {
            seen += u32::from(request.path.contains(part));
            if seen == n && request.path.contains(part) {
                seen += 1;
                Fate::Lose
            } else {
                Fate::Pass
            }
        };
        if answered {
            self.after(move |request, _| decide(request));
        } else {
            self.before(decide);
        }
    }

    /// Cuts the line: nothing passes any more.
    pub fn cut(&self) {
        self.before(|_| Fate::Lose);
    }

    /// Honest again.
    pub fn mend(&self) {
        self.before.take();
        self.after.take();
    }

    /// Every request that was sent so far, as a server would have seen it; forgets them.
    pub fn take_sent(&self) -> Vec<Request> {
        self.sent.take()
    }
}

/// A [`Transport`] over a shared line.
pub struct OverLine(pub Rc<Line>);

#[async_trait(?Send)]
impl Transport for OverLine {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let line = &self.0;
        let fate = line
            .before
            .borrow_mut()
            .as_mut()
            .map_or(Fate::Pass, |decide| decide(&request));
        match fate {
            Fate::Pass => {}
            Fate::Lose => return Err(TransportError::Offline),
            Fate::Answer(response) => return Ok(response),
        }
        line.sent.borrow_mut().push(request.clone());
        let mut response = line.http.send(request.clone()).await?;
        let fate = line
            .after
            .borrow_mut()
            .as_mut()
            .map_or(Fate::Pass, |decide| decide(&request, &mut response));
        match fate {
            Fate::Pass => Ok(response),
            Fate::Lose => Err(TransportError::Offline),
            Fate::Answer(response) => Ok(response),
        }
    }

    fn origin(&self) -> Option<String> {
        self.0.http.origin()
    }
}

/// Flips one bit of a byte string.
pub fn flip(bytes: &mut [u8], bit: usize) {
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// An answer that tells a commit it was stored; nothing is.
///
/// # Panics
/// On a request that is no commit.
#[must_use]
pub fn pretend_stored(request: &Request) -> Response {
    let commit: Commit = serde_json::from_slice(&request.body).expect("a commit");
    let header = commit.head.as_slice().get(..HEAD_HEADER_BYTES).expect("a head");
    let stored = Committed {
        head_hash: Hash(labelled(Label::HeadHash, header)),
        log_index: 1 << 40,
    };
    Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: serde_json::to_vec(&stored).expect("JSON").into(),
    }
}

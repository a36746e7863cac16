//! One typed call for each route of `shared::path`, strict about every answer: status, media type, JSON, size.
//!
//! No flow, no secret but the session's MAC key; an answer that breaks the contract is [`ApiError::Hostile`].
//! Specified in `spec/wire.md`.

pub mod account;
pub mod audit;
pub mod auditor;
pub mod collection;
pub mod document;
pub mod journal;
pub mod session;

use std::cell::RefCell;

use bytes::Bytes;
use crypto::session::MacKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::error::PROBLEM_JSON;
use shared::{Hash, SessionId, limit, path};

use crate::error::{ApiError, Problem, TransportError};
use crate::flows::{Method, Request, Response, Transport};

/// A session with the server: its name and the key that signs its requests. Dropping it forgets the key.
pub struct Session(RefCell<Named>);

struct Named {
    id: SessionId,
    key: MacKey,
}

impl Session {
    /// A session as the server opened it.
    #[must_use]
    pub const fn new(id: SessionId, key: MacKey) -> Self {
        Self(RefCell::new(Named { id, key }))
    }

    /// What it is called in `Authorization`.
    pub(crate) fn id(&self) -> SessionId {
        self.0.borrow().id
    }

    /// Goes on as `newer`, which the same person opened a moment ago; gives back the one before, to be ended.
    pub(crate) fn replace(&self, newer: Self) -> Self {
        Self(RefCell::new(self.0.replace(newer.0.into_inner())))
    }

    /// What signs its requests.
    pub(crate) fn key(&self) -> MacKey {
        self.0.borrow().key.clone()
    }

    /// `Authorization` of one request: `Civis <session_id>.<mac>`.
    fn authorization(&self, method: Method, path: &str, digest: &[u8; 32]) -> String {
        let named = self.0.borrow();
        let mac = named.key.authenticate(method.as_str(), path, digest);
        format!("{} {}.{}", path::AUTH_SCHEME, named.id, Hash(mac))
    }
}

/// Who asks: nobody, or a session.
pub(crate) type Asker<'a> = Option<&'a Session>;

/// One call in the making.
pub(crate) struct Call<'a> {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    digest: Option<[u8; 32]>,
    asker: Asker<'a>,
    max_answer: u64,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, path: impl Into<String>, asker: Asker<'a>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            digest: None,
            asker,
            max_answer: limit::JSON_BYTES,
        }
    }

    /// A JSON body of at most `limit` bytes.
    pub(crate) fn json<T: Serialize>(mut self, value: &T, limit: u64) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value).map_err(|_| ApiError::TooLarge)?;
        if body.len() as u64 > limit {
            return Err(ApiError::TooLarge);
        }
        self.body = body.into();
        self.headers.push(("content-type", JSON.to_owned()));
        Ok(self)
    }

    /// A signed note as the body.
    pub(crate) fn note(mut self, note: Vec<u8>) -> Self {
        self.body = note.into();
        self.headers.push(("content-type", TEXT.to_owned()));
        self
    }

    /// An octet body whose MAC covers `part_hash` in the place of its SHA-256.
    pub(crate) fn part(mut self, body: Bytes, part_hash: Hash) -> Self {
        self.body = body;
        self.digest = Some(part_hash.0);
        self.headers.push(("content-type", OCTETS.to_owned()));
        self.headers.push((path::PART_HASH, part_hash.to_string()));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Compare-and-swap: only if what is stored has this hash.
    pub(crate) fn if_match(self, hash: Hash) -> Self {
        self.header("if-match", format!("\"{hash}\""))
    }

    /// Bytes of answer that are read at most.
    pub(crate) const fn max_answer(mut self, bytes: u64) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Sends, expects `status` and a JSON value of exactly this shape.
    pub(crate) async fn read<T: DeserializeOwned>(
        self,
        transport: &dyn Transport,
        status: &[u16],
    ) -> Result<T, ApiError> {
        let response = self.send(transport, status).await?;
        if media_type(&response) != Some(JSON) {
            return Err(ApiError::Hostile);
        }
        shared::json::from_slice(&response.body).map_err(|_| ApiError::Hostile)
    }

    /// Sends, expects `status` and nothing else.
    pub(crate) async fn done(self, transport: &dyn Transport, status: &[u16]) -> Result<(), ApiError> {
        let response = self.send(transport, status).await?;
        if response.body.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Hostile)
        }
    }

    /// Sends, expects `status` and exactly `len` octets.
    pub(crate) async fn octets(
        self,
        transport: &dyn Transport,
        status: &[u16],
        len: u64,
    ) -> Result<Bytes, ApiError> {
        let response = self
            .max_answer(len.max(limit::JSON_BYTES))
            .send(transport, status)
            .await?;
        let sized = response.body.len() as u64 == len;
        if sized && media_type(&response) == Some(OCTETS) {
            Ok(response.body)
        } else {
            Err(ApiError::Hostile)
        }
    }

    /// Sends, expects `status` and octets of any length up to the bound.
    pub(crate) async fn any_octets(
        self,
        transport: &dyn Transport,
        status: &[u16],
    ) -> Result<Bytes, ApiError> {
        self.of_type(transport, status, OCTETS).await
    }

    /// Sends, expects `status` and text.
    pub(crate) async fn text(self, transport: &dyn Transport, status: &[u16]) -> Result<Bytes, ApiError> {
        self.of_type(transport, status, TEXT).await
    }

    async fn of_type(
        self,
        transport: &dyn Transport,
        status: &[u16],
        media: &str,
    ) -> Result<Bytes, ApiError> {
        let response = self.send(transport, status).await?;
        if media_type(&response) == Some(media) {
            Ok(response.body)
        } else {
            Err(ApiError::Hostile)
        }
    }

    async fn send(mut self, transport: &dyn Transport, status: &[u16]) -> Result<Response, ApiError> {
        if let Some(session) = self.asker {
            let digest = self.digest.unwrap_or_else(|| crypto::hash::sha256(&self.body));
            let value = session.authorization(self.method, &self.path, &digest);
            self.headers.push(("authorization", value));
        }
        let request = Request {
            method: self.method,
            path: self.path,
            headers: self.headers,
            body: self.body,
            max_answer: self.max_answer,
        };
        let response = transport.send(request).await.map_err(|error| match error {
            TransportError::Offline => ApiError::Offline,
            TransportError::TooLong => ApiError::Hostile,
        })?;
        // A transport that read more than it was allowed is not trusted to be right about the rest.
        if response.body.len() as u64 > self.max_answer {
            return Err(ApiError::Hostile);
        }
        if status.contains(&response.status) {
            Ok(response)
        } else {
            Err(problem(&response))
        }
    }
}

/// Fills the one parameter of a route.
pub(crate) fn fill(route: &str, name: &str, value: impl std::fmt::Display) -> String {
    route.replace(&format!("{{{name}}}"), &value.to_string())
}

fn problem(response: &Response) -> ApiError {
    if media_type(response) != Some(PROBLEM_JSON) {
        return ApiError::Hostile;
    }
    let Ok(problem) = shared::json::from_slice::<shared::Problem>(&response.body) else {
        return ApiError::Hostile;
    };
    let status = problem.code.status();
    if problem.kind != "about:blank" || problem.status != status || response.status != status {
        return ApiError::Hostile;
    }
    ApiError::Problem(Problem {
        code: problem.code,
        retry_after: problem.retry_after,
        limit: problem.limit,
        request: problem.request,
    })
}

/// The media type without parameters; only an UTF-8 charset is tolerated beside it.
pub(crate) fn media_type(response: &Response) -> Option<&str> {
    let value = response.header("content-type")?;
    let (media, parameter) = value.split_once(';').unwrap_or((value, ""));
    let parameter = parameter.trim();
    (parameter.is_empty() || parameter.eq_ignore_ascii_case("charset=utf-8")).then_some(media.trim())
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain";
pub(crate) const OCTETS: &str = "application/octet-stream";

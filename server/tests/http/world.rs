//! A server in memory with a clock that tests set, and requests to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use crypto::hash::sha256;
use crypto::opaque::server::Setup;
use crypto::random::{Random, RandomError};
use crypto::session::MacKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::store::{Faulty, MemoryStore};
use server::{Config, State};
use shared::audit::LogWrite;
use shared::{ErrorCode, Hash, LogTag, Problem, SessionId};
use tower::ServiceExt;

/// The platform's generator.
pub(crate) struct Rng;

impl Random for Rng {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    crypto::random::make_bytes(&mut Rng).unwrap()
}

/// Of a write whose entries nobody looks for.
pub(crate) fn log_write() -> LogWrite {
    LogWrite {
        seed: Hash(random()),
        tag: LogTag(random()),
    }
}

pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    Rng.fill(&mut out).unwrap();
    out
}

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) store: Arc<Faulty<MemoryStore>>,
    clock: Arc<AtomicU64>,
    app: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What signs requests.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) key: MacKey,
}

impl World {
    /// Without limits on attempts.
    pub(crate) fn new() -> Self {
        Self::with(Config {
            attempts_per_address: 0,
            attempts_per_handle: 0,
            ..Config::default()
        })
    }

    pub(crate) fn with(config: Config) -> Self {
        let store = Arc::new(Faulty::new(MemoryStore::new()));
        let clock = Arc::new(AtomicU64::new(START));
        let time = Arc::clone(&clock);
        let setup = Setup::make(&mut Rng).unwrap();
        let deployment_id = random();
        let log = server::Log::unkept(&deployment_id, &config).unwrap();
        let state = State::new(config, store.clone(), store.clone(), setup, deployment_id, log)
            .with_clock(Arc::new(move || time.load(Ordering::SeqCst)));
        Self {
            app: server::app(state.clone()),
            state,
            store,
            clock,
        }
    }

    /// Over a server with stores and a clock of its own.
    pub(crate) fn of(state: State) -> Self {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        Self {
            app: server::app(state.clone()),
            state,
            store: Arc::new(Faulty::new(MemoryStore::new())),
            clock: Arc::new(AtomicU64::new(since.as_secs())),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, json: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(json).unwrap();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A signed request without a body.
    pub(crate) async fn ask(&self, session: &Session, method: Method, path: &str) -> Answer {
        self.send(session.sign(Request::builder(), method, path, Vec::new()))
            .await
    }

    /// A signed JSON request, with `If-Match` where a hash is given.
    pub(crate) async fn tell(
        &self,
        session: &Session,
        method: Method,
        path: &str,
        before: Option<[u8; 32]>,
        json: &impl Serialize,
    ) -> Answer {
        let mut request = Request::builder().header(header::CONTENT_TYPE, "application/json");
        if let Some(before) = before {
            request = request.header(header::IF_MATCH, format!("\"{}\"", Hash(before)));
        }
        self.send(session.sign(request, method, path, serde_json::to_vec(json).unwrap()))
            .await
    }

    pub(crate) async fn put_part(
        &self,
        session: &Session,
        path: &str,
        hash: [u8; 32],
        bytes: Vec<u8>,
    ) -> Answer {
        let request = Request::put(path)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(shared::path::PART_HASH, Hash(hash).to_string())
            .header(
                header::AUTHORIZATION,
                session.authorization(&Method::PUT, path, &hash),
            );
        self.send(request.body(bytes.into()).unwrap()).await
    }
}

impl Session {
    pub(crate) fn authorization(&self, method: &Method, path: &str, digest: &[u8; 32]) -> String {
        format!(
            "Civis {}.{}",
            self.id,
            Hash(self.key.authenticate(method.as_str(), path, digest))
        )
    }

    pub(crate) fn sign(
        &self,
        request: axum::http::request::Builder,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Request<Body> {
        let authorization = self.authorization(&method, path, &sha256(&body));
        let request = request
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, authorization);
        request.body(body.into()).unwrap()
    }
}

impl Answer {
    /// The answer of a success.
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// 200, whatever it says.
    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
    }

    #[track_caller]
    pub(crate) fn is(&self, status: StatusCode) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body.is_empty());
    }

    /// The problem of a refusal, with everything that every problem has.
    #[track_caller]
    pub(crate) fn refused(&self, code: ErrorCode) -> Problem {
        assert_eq!(self.status.as_u16(), code.status(), "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], shared::error::PROBLEM_JSON);
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!((problem.code, problem.status), (code, code.status()));
        assert_eq!(problem.kind, "about:blank");
        assert_eq!(
            self.headers[shared::path::REQUEST_ID],
            problem.request.to_string()
        );
        problem
    }
}

/// Seconds UTC at which every world begins.
const START: u64 = 1_800_000_000;

//! The whole server in memory, told arbitrary requests: never a panic, never 500, and every refusal is a problem
//! document whose code has the status of the answer.
//!
//! An input is a sequence of requests. Each names a route of the table, may be signed by an account that exists, and
//! carries any bytes. A server serves a few inputs and is then made anew, the same as before but for its own draws.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{self, Method, header};
use bytes::Bytes;
use crypto::account::record::Record;
use crypto::document::body::{fold_parts, part_hash};
use crypto::document::padding::Shape;
use crypto::hash::sha256;
use crypto::label::Label;
use crypto::opaque::server::Setup;
use crypto::parsers::Counter;
use crypto::session::MacKey;
use crypto::words::Words;
use sdk::error::{LocalError, TransportError};
use sdk::flows::account::Draft;
use sdk::flows::{Device, Request, Response};
use sdk::{Clock, LocalStore, Transport};
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::store::MemoryStore;
use server::{Config, State};
use shared::account::{Account, CreateAccount};
use shared::document::{BeginUpload, CommitUpload};
use shared::session::{RecoveryChallenge, RecoveryFinish, RecoveryOpened, RecoveryStart};
use shared::{BodyId, Hash, RecoveryId, SessionId, path};
use tower::ServiceExt;

use super::account::upload_record;
use super::document::header as body_header;
use super::draw::Draw;
use super::wire::golden;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[Parser {
    name: "app",
    file: "server/src/lib.rs",
    rule: Rule::Never,
    run: told,
    valid: requests,
}];

/// Every route with the method that it is for.
const ROUTES: [(Method, &str); 35] = [
    (Method::GET, path::DEPLOYMENT),
    (Method::POST, path::REGISTRATIONS),
    (Method::POST, path::ACCOUNTS),
    (Method::GET, path::ACCOUNT),
    (Method::GET, path::QUOTA),
    (Method::PUT, path::MANIFEST),
    (Method::PUT, path::PASSWORD),
    (Method::PUT, path::WORDS),
    (Method::DELETE, path::EVENT),
    (Method::GET, path::SESSIONS),
    (Method::DELETE, path::SESSIONS),
    (Method::DELETE, path::OTHER_SESSION),
    (Method::PUT, path::LABEL),
    (Method::DELETE, path::ACCOUNT),
    (Method::POST, path::SESSIONS_START),
    (Method::POST, path::SESSIONS_FINISH),
    (Method::DELETE, path::SESSION),
    (Method::POST, path::RECOVERIES_START),
    (Method::POST, path::RECOVERIES_FINISH),
    (Method::GET, path::COLLECTION),
    (Method::PUT, path::HEAD),
    (Method::GET, path::HEADS),
    (Method::POST, path::PAGES),
    (Method::GET, path::UPLOADS),
    (Method::POST, path::UPLOADS),
    (Method::DELETE, path::UPLOAD),
    (Method::PUT, path::UPLOAD_RECORD),
    (Method::PUT, path::UPLOAD_PART),
    (Method::POST, path::UPLOAD_COMMIT),
    (Method::GET, path::BODY),
    (Method::GET, path::BODY_CONTENT),
    (Method::GET, path::HEALTH),
    (Method::GET, path::READY),
    (Method::GET, "/"),
    (Method::GET, "/{path}"),
];

/// `route 1 | method 1 | flags 1 | id 1 | query length 1 | query | body length u16 | body`, again and again.
///
/// # Panics
/// With the first answer that may not be.
fn told(input: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
    }
    BENCH.with_borrow_mut(|bench| {
        let bench = bench.get_or_insert_with(Bench::new);
        let mut rest = Take(input);
        for _ in 0..REQUESTS {
            let Some(request) = bench.request(&mut rest) else {
                break;
            };
            let said = format!("{} {}", request.method(), request.uri());
            let (status, kind, body) = bench.send(request);
            judge(&said, status, kind.as_deref(), &body);
        }
        bench.served += 1;
        if bench.served == INPUTS {
            bench.renew();
        }
    });
    None
}

fn judge(said: &str, status: u16, kind: Option<&str>, body: &[u8]) {
    assert_ne!(status, 500, "{said}");
    // An answer to HEAD has no body by its nature.
    if status >= 400 && !said.starts_with("HEAD ") {
        assert_eq!(kind, Some(shared::error::PROBLEM_JSON), "{said}: {status}");
        let problem: Result<shared::Problem, _> = shared::json::from_slice(body);
        let problem = problem.unwrap_or_else(|_| panic!("{said}: {status} without a problem"));
        assert_eq!(problem.status, status, "{said}");
        assert_eq!(problem.code.status(), status, "{said}");
    }
}

/// Requests that one input tells, at most.
const REQUESTS: usize = 8;
/// Inputs that one server serves.
const INPUTS: u32 = 200;

struct Take<'a>(&'a [u8]);

impl<'a> Take<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// At most `len` bytes: as many as there are.
    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// A server, an account in it, and one upload and one body of that account.
struct Bench {
    runtime: tokio::runtime::Runtime,
    words: Words,
    create: CreateAccount,
    served: u32,
    app: Router,
    session: (SessionId, MacKey),
    manifest: Hash,
    head: Hash,
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let sent = Rc::new(Wire {
            app: server(),
            created: RefCell::new(None),
        });
        let device = Device::new(
            sent.clone(),
            Rc::new(Still),
            Box::new(Counter::default()),
            Rc::new(Nothing),
        );
        let draft = Draft::make(device).expect("a draft");
        let words: Vec<String> = draft.words().iter().map(|word| word.to_string()).collect();
        runtime
            .block_on(draft.register("camille", "une phrase de passe"))
            .expect("an account");
        let create = sent.created.take().expect("the request that made it");
        let mut bench = Self {
            runtime,
            words: Words::parse(&words.join(" ")).expect("its words"),
            create: shared::json::from_slice(&create).expect("as it was sent"),
            served: 0,
            app: Router::new(),
            session: (SessionId([0; 16]), MacKey::from_bytes([0; 32])),
            manifest: Hash([0; 32]),
            head: Hash([0; 32]),
        };
        bench.renew();
        bench
    }

    /// Another server, with the same account.
    fn renew(&mut self) {
        self.served = 0;
        self.app = server();
        let create = serde_json::to_vec(&self.create).expect("JSON");
        let made = http::Request::post(path::ACCOUNTS)
            .header(header::CONTENT_TYPE, "application/json")
            .body(create.into())
            .expect("a request");
        assert_eq!(self.send(made).0, 201);
        let start = RecoveryStart {
            recovery_id: RecoveryId(self.words.derive_recovery_id()),
        };
        let challenge: RecoveryChallenge = self.tell(path::RECOVERIES_START, &start);
        let proof = self.words.derive_recovery_auth().make_proof(
            &DEPLOYMENT,
            &challenge.challenge.0,
            &challenge.login_id.0,
        );
        let finish = RecoveryFinish {
            login_id: challenge.login_id,
            proof: proof[..].into(),
        };
        let opened: RecoveryOpened = self.tell(path::RECOVERIES_FINISH, &finish);
        let key = MacKey::derive(&opened.session_secret.0, &opened.session_id.0);
        self.session = (opened.session_id, key);
        let (status, _, account) = self.send(self.signed(Method::GET, path::ACCOUNT, None, Bytes::new()));
        assert_eq!(status, 200);
        let account: Account = shared::json::from_slice(&account).expect("an account");
        let manifest = Record::parse(account.manifest.as_slice()).expect("a manifest");
        self.manifest = Hash(manifest.manifest_hash());
        let head = self.create.collection.commit.head.as_slice();
        self.head = Hash(sha256(&[Label::HeadHash.bytes(), &head[..304]].concat()));
        self.begin(&OPEN);
        self.begin(&STORED);
        self.finish(&STORED);
    }

    fn begin(&self, body: &BodyId) {
        let record = upload_record(&mut Draw::new(1), &self.create.account_id.0, &body.0);
        let begin = BeginUpload {
            body_id: *body,
            ct_len: shape().ct_len,
            record: record.into(),
        };
        let json = serde_json::to_vec(&begin).expect("JSON");
        let (status, ..) = self.send(self.signed(Method::POST, path::UPLOADS, None, json.into()));
        assert_eq!(status, 201);
    }

    fn finish(&self, body: &BodyId) {
        let part = Bytes::from(vec![7; shape().ct_len as usize]);
        let hash = part_hash(&part).expect("a part");
        let path = path::UPLOAD_PART
            .replace("{body_id}", &body.to_string())
            .replace("{part}", "0");
        let (status, ..) = self.send(self.signed(Method::PUT, &path, Some(Hash(hash)), part));
        assert_eq!(status, 204);
        let mut rest = [0; 88];
        rest[56..].copy_from_slice(&fold_parts(&[hash]));
        let commit = CommitUpload {
            header: body_header(&body.0, shape().ct_len, &rest).into(),
        };
        let json = serde_json::to_vec(&commit).expect("JSON");
        let path = path::UPLOAD_COMMIT.replace("{body_id}", &body.to_string());
        let (status, ..) = self.send(self.signed(Method::POST, &path, None, json.into()));
        assert_eq!(status, 200);
    }

    fn tell<T: DeserializeOwned>(&self, path: &str, json: &impl Serialize) -> T {
        let body = serde_json::to_vec(json).expect("JSON");
        let request = http::Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .expect("a request");
        let (status, _, answer) = self.send(request);
        assert_eq!(status, 200, "{path}");
        shared::json::from_slice(&answer).expect("the answer")
    }

    fn signed(&self, method: Method, target: &str, part: Option<Hash>, body: Bytes) -> http::Request<Body> {
        let kind = match part {
            Some(_) => "application/octet-stream",
            None => "application/json",
        };
        let mut request = http::Request::builder()
            .header(header::AUTHORIZATION, self.sign(&method, target, part, &body))
            .header(header::CONTENT_TYPE, kind);
        if let Some(hash) = part {
            request = request.header(path::PART_HASH, hash.to_string());
        }
        request
            .method(method)
            .uri(target)
            .body(body.into())
            .expect("a request")
    }

    fn sign(&self, method: &Method, target: &str, part: Option<Hash>, body: &[u8]) -> String {
        let (id, key) = &self.session;
        let digest = part.map_or_else(|| sha256(body), |hash| hash.0);
        let mac = Hash(key.authenticate(method.as_str(), target, &digest));
        format!("{} {id}.{mac}", path::AUTH_SCHEME)
    }

    /// The next request of an input; `None` at its end, or where what it says is no request at all.
    fn request(&self, rest: &mut Take<'_>) -> Option<http::Request<Body>> {
        let (own, route) = ROUTES.get(usize::from(rest.byte()?) % ROUTES.len())?;
        let method = match rest.byte()? {
            1 => Method::GET,
            2 => Method::POST,
            3 => Method::PUT,
            4 => Method::DELETE,
            5 => Method::HEAD,
            6 => Method::OPTIONS,
            _ => own.clone(),
        };
        let (flags, id) = (rest.byte()?, rest.byte()?);
        let len = rest.byte()?;
        let query = String::from_utf8_lossy(rest.bytes(len.into())).into_owned();
        let len = u16::from_be_bytes([rest.byte().unwrap_or_default(), rest.byte().unwrap_or_default()]);
        let body = Bytes::copy_from_slice(rest.bytes(len.into()));
        let id = match id {
            0 => self.create.collection.collection_id.to_string(),
            1 => OPEN.to_string(),
            2 => STORED.to_string(),
            3 => query.clone(),
            other => BodyId([other; 16]).to_string(),
        };
        let mut target = route
            .replace("{collection_id}", &id)
            .replace("{session_id}", &id)
            .replace("{event_id}", &id)
            .replace("{body_id}", &id)
            .replace("{path}", &id)
            .replace("{part}", &(flags >> 6).to_string());
        if flags & QUERY != 0 {
            target = format!("{target}?{query}");
        }
        let part = (flags & PART != 0).then(|| Hash(part_hash(&body).unwrap_or_default()));
        let kind = match part {
            Some(_) => "application/octet-stream",
            None => "application/json",
        };
        let mut request = http::Request::builder().header(header::CONTENT_TYPE, kind);
        if flags & SIGNED != 0 {
            request = request.header(header::AUTHORIZATION, self.sign(&method, &target, part, &body));
        }
        if let Some(hash) = part {
            request = request.header(path::PART_HASH, hash.to_string());
        }
        if flags & BEFORE != 0 {
            let hash = if *route == path::HEAD {
                self.head
            } else {
                self.manifest
            };
            request = request.header(header::IF_MATCH, format!("\"{hash}\""));
        }
        if flags & RANGE != 0 {
            request = request.header(header::RANGE, &query);
        }
        request.method(method).uri(target).body(body.into()).ok()
    }

    fn send(&self, request: http::Request<Body>) -> (u16, Option<String>, Bytes) {
        self.runtime.block_on(pass(&self.app, request))
    }
}

async fn pass(app: &Router, request: http::Request<Body>) -> (u16, Option<String>, Bytes) {
    let answer = match app.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let (parts, body) = answer.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a whole answer");
    (parts.status.as_u16(), kind, body)
}

fn server() -> Router {
    let store = Arc::new(MemoryStore::new());
    let config = Config {
        account_bytes: 1 << 20,
        attempts_per_address: 0,
        attempts_per_handle: 0,
        ..Config::default()
    };
    let setup = Setup::make(&mut Counter::default()).expect("a setup");
    let log = server::Log::unkept(&DEPLOYMENT, &config).expect("a log");
    let state = State::new(config, store.clone(), store, setup, DEPLOYMENT, log).with_clock(Arc::new(|| NOW));
    server::app(state)
}

/// How a body of 100 bytes is cut: into one chunk.
fn shape() -> Shape {
    Shape::of_plain(100).expect("a small body")
}

/// A request or a few, each with what its route reads, or with something close to it.
fn requests(draw: &mut Draw) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + draw.below(3) {
        let place = draw.below(ROUTES.len());
        let (method, route) = &ROUTES[place];
        let json = GOLDEN
            .iter()
            .find(|(path, _)| *path == *route && *method != Method::GET)
            .map(|(_, text)| golden(draw, text));
        let mut flags = if draw.below(8) == 0 { 0 } else { SIGNED | BEFORE };
        let (query, body): (&[u8], Vec<u8>) = match *route {
            path::UPLOAD_PART => (b"", vec![7; 64]),
            path::HEADS => (b"after=0&limit=5", Vec::new()),
            path::BODY_CONTENT => (b"bytes=0-15", Vec::new()),
            _ => (b"", json.unwrap_or_default()),
        };
        flags |= match *route {
            path::UPLOAD_PART => PART,
            path::HEADS => QUERY,
            path::BODY_CONTENT => RANGE,
            _ => 0,
        };
        out.extend([place as u8, 0, flags, draw.below(3) as u8, query.len() as u8]);
        out.extend(query);
        out.extend((body.len() as u16).to_be_bytes());
        out.extend(body);
    }
    out
}

macro_rules! goldens {
    ($($route:ident $name:literal,)*) => {
        &[$((path::$route, include_str!(concat!("../../../shared/tests/golden/", $name, ".json")))),*]
    };
}

/// What each route reads.
const GOLDEN: &[(&str, &str)] = goldens! {
    REGISTRATIONS "registration_start",
    ACCOUNTS "create_account",
    MANIFEST "put_manifest",
    PASSWORD "put_password",
    SESSIONS_START "login_start",
    SESSIONS_FINISH "login_finish",
    RECOVERIES_START "recovery_start",
    RECOVERIES_FINISH "recovery_finish",
    HEAD "commit",
    PAGES "read_pages",
    UPLOADS "begin_upload",
    UPLOAD_RECORD "put_upload_record",
    UPLOAD_COMMIT "commit_upload",
};

/// The way of the first account to the server; keeps the request that makes it.
struct Wire {
    app: Router,
    created: RefCell<Option<Bytes>>,
}

#[async_trait(?Send)]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.path == path::ACCOUNTS {
            self.created.replace(Some(request.body.clone()));
        }
        let mut plain = http::Request::builder()
            .method(request.method.as_str())
            .uri(request.path);
        for (name, value) in request.headers {
            plain = plain.header(name, value);
        }
        let plain = plain
            .body(request.body.into())
            .map_err(|_| TransportError::Offline)?;
        let (status, kind, body) = pass(&self.app, plain).await;
        let headers = kind.map(|kind| ("content-type".to_owned(), kind));
        Ok(Response {
            status,
            headers: headers.into_iter().collect(),
            body,
        })
    }
}

struct Still;

#[async_trait(?Send)]
impl Clock for Still {
    fn now(&self) -> u64 {
        NOW
    }

    async fn sleep(&self, _: u32) {}
}

/// A device that keeps nothing.
struct Nothing;

#[async_trait(?Send)]
impl LocalStore for Nothing {
    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, LocalError> {
        Ok(None)
    }

    async fn put(&self, _: &str, _: &[u8]) -> Result<(), LocalError> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), LocalError> {
        Ok(())
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, LocalError> {
        Ok(Vec::new())
    }
}

const DEPLOYMENT: [u8; 16] = [9; 16];
const NOW: u64 = 1_800_000_000;
/// An upload that was begun.
const OPEN: BodyId = BodyId([0x33; 16]);
/// A body that is there.
const STORED: BodyId = BodyId([0x44; 16]);
const SIGNED: u8 = 1;
const BEFORE: u8 = 2;
const PART: u8 = 4;
const QUERY: u8 = 8;
const RANGE: u8 = 16;

//! Every route under requests that are too large, of the wrong type, compressed, deep, long, huge or doubled: each is a
//! problem of the right code, and none is decompressed, stored or waited for.

use std::fmt::Write;

use axum::body::Body as HttpBody;
use axum::http::{Method, Request, header};
use crypto::phrase::Password;
use serde_json::Value;
use shared::account::{PutManifest, PutPassword, PutWords, RegistrationStart};
use shared::audit::{ReadMap, ReadProofs};
use shared::collection::ReadPages;
use shared::document::PutUploadRecord;
use shared::session::{LoginFinish, LoginStart, PutLabel, RecoveryFinish, RecoveryStart};
use shared::{Blob, BodyId, ErrorCode, Hash, LoginId, OperationId, RecoveryId, limit, path};

use crate::person::{Body, Person};
use crate::world::{Answer, Rng, Session, World, log_write, noise, random};

/// One route, with a request that it understands.
struct Route {
    template: &'static str,
    method: Method,
    target: String,
    reads: Reads,
    is_signed: bool,
}

enum Reads {
    /// JSON up to this size; the value is of the form that the route reads.
    Json(u64, Value),
    Octets,
    Note,
    Nothing,
}

async fn routes(world: &World, person: &Person) -> Vec<Route> {
    let body = Body::make(&person.id, 1_000);
    let nobody = random::<16>();
    let password = Password::normalise("une phrase").unwrap();
    let (_, ke1) = crypto::opaque::client::login_start(&password, &mut Rng).unwrap();
    let (_, request) = crypto::opaque::client::registration_start(&password, &mut Rng).unwrap();
    let other = Person::prepare(world, "jean").await;
    let (commit, ..) = person.commit(vec![], vec![], vec![], crate::person::By::Writer);
    let blob = || Blob(noise(64));
    let route = |method: Method, template: &'static str, reads: Reads, is_signed: bool| Route {
        target: person
            .path(template)
            .replace("{body_id}", &BodyId(nobody).to_string())
            .replace("{event_id}", &OperationId(nobody).to_string())
            .replace("{session_id}", &OperationId(nobody).to_string())
            .replace("{part}", "0"),
        template,
        method,
        reads,
        is_signed,
    };
    let json = |limit: u64, value: Value| Reads::Json(limit, value);
    let value = |value: &dyn erased::Erased| value.value();
    let open = limit::OPEN_BYTES;
    let signed = limit::JSON_BYTES;
    vec![
        route(Method::GET, path::DEPLOYMENT, Reads::Nothing, false),
        route(Method::GET, path::HEALTH, Reads::Nothing, false),
        route(Method::GET, path::READY, Reads::Nothing, false),
        route(
            Method::POST,
            path::REGISTRATIONS,
            json(
                open,
                value(&RegistrationStart {
                    handle: "paul".to_owned(),
                    request: Blob(request.to_vec()),
                }),
            ),
            false,
        ),
        route(
            Method::POST,
            path::ACCOUNTS,
            json(limit::CREATION_BYTES, value(&other.request)),
            false,
        ),
        route(
            Method::POST,
            path::SESSIONS_START,
            json(
                open,
                value(&LoginStart {
                    handle: "paul".to_owned(),
                    ke1: Blob(ke1.to_vec()),
                }),
            ),
            false,
        ),
        route(
            Method::POST,
            path::SESSIONS_FINISH,
            json(
                open,
                value(&LoginFinish {
                    login_id: LoginId(random()),
                    ke3: blob(),
                }),
            ),
            false,
        ),
        route(
            Method::POST,
            path::RECOVERIES_START,
            json(
                open,
                value(&RecoveryStart {
                    recovery_id: RecoveryId(random()),
                }),
            ),
            false,
        ),
        route(
            Method::POST,
            path::RECOVERIES_FINISH,
            json(
                open,
                value(&RecoveryFinish {
                    login_id: LoginId(random()),
                    proof: blob(),
                }),
            ),
            false,
        ),
        route(Method::GET, path::ACCOUNT, Reads::Nothing, true),
        route(Method::GET, path::QUOTA, Reads::Nothing, true),
        route(Method::GET, path::JOURNAL, Reads::Nothing, true),
        route(Method::GET, path::STATEMENTS, Reads::Nothing, true),
        route(
            Method::PUT,
            path::MANIFEST,
            json(
                signed,
                value(&PutManifest {
                    log: log_write(),
                    manifest: blob(),
                }),
            ),
            true,
        ),
        route(
            Method::PUT,
            path::PASSWORD,
            json(
                signed,
                value(&PutPassword {
                    log: log_write(),
                    operation_id: OperationId(random()),
                    registration: blob(),
                    password_slot: blob(),
                    manifest: blob(),
                }),
            ),
            true,
        ),
        route(
            Method::PUT,
            path::WORDS,
            json(
                signed,
                value(&PutWords {
                    log: log_write(),
                    operation_id: OperationId(random()),
                    recovery_id: RecoveryId(random()),
                    recovery_pk: Hash(random()),
                    words_slot: blob(),
                    manifest: blob(),
                }),
            ),
            true,
        ),
        route(Method::DELETE, path::EVENT, Reads::Nothing, true),
        route(Method::GET, path::SESSIONS, Reads::Nothing, true),
        route(Method::DELETE, path::SESSIONS, Reads::Nothing, true),
        route(Method::DELETE, path::OTHER_SESSION, Reads::Nothing, true),
        route(
            Method::PUT,
            path::LABEL,
            json(signed, value(&PutLabel { label: blob() })),
            true,
        ),
        route(Method::GET, path::COLLECTION, Reads::Nothing, true),
        route(
            Method::PUT,
            path::HEAD,
            json(limit::COMMIT_BYTES, value(&commit)),
            true,
        ),
        route(Method::GET, path::HEADS, Reads::Nothing, true),
        route(
            Method::POST,
            path::PAGES,
            json(
                signed,
                value(&ReadPages {
                    ids: vec![Hash(random())],
                }),
            ),
            true,
        ),
        route(Method::GET, path::UPLOADS, Reads::Nothing, true),
        route(
            Method::POST,
            path::UPLOADS,
            json(signed, value(&body.begin)),
            true,
        ),
        route(Method::DELETE, path::UPLOAD, Reads::Nothing, true),
        route(
            Method::PUT,
            path::UPLOAD_RECORD,
            json(signed, value(&PutUploadRecord { record: blob() })),
            true,
        ),
        route(Method::PUT, path::UPLOAD_PART, Reads::Octets, true),
        route(
            Method::POST,
            path::UPLOAD_COMMIT,
            json(signed, value(&body.commit)),
            true,
        ),
        route(
            Method::POST,
            path::PROOFS,
            json(
                signed,
                value(&ReadProofs {
                    size: 0,
                    sizes: vec![],
                    indices: vec![],
                }),
            ),
            true,
        ),
        route(
            Method::POST,
            path::MAP,
            json(
                signed,
                value(&ReadMap {
                    keys: vec![Hash(random())],
                }),
            ),
            true,
        ),
        route(Method::GET, path::LOG, Reads::Nothing, false),
        route(Method::POST, path::COSIGNATURES, Reads::Note, false),
        route(Method::GET, path::NEWEST, Reads::Nothing, false),
        route(Method::GET, path::CHECKPOINT, Reads::Nothing, false),
        route(Method::GET, path::TILES, Reads::Nothing, false),
        route(Method::GET, path::AUDIT_LIST, Reads::Nothing, false),
        route(Method::GET, path::AUDIT_CHUNK, Reads::Nothing, false),
        route(Method::GET, path::BODY, Reads::Nothing, true),
        route(Method::GET, path::BODY_CONTENT, Reads::Nothing, true),
        // Last: they end the session, and the account.
        route(Method::DELETE, path::ACCOUNT, Reads::Nothing, true),
        route(Method::DELETE, path::SESSION, Reads::Nothing, true),
    ]
}

mod erased {
    //! `serde_json::to_value` for the arguments of a closure.

    pub(super) trait Erased {
        fn value(&self) -> serde_json::Value;
    }

    impl<T: serde::Serialize> Erased for T {
        fn value(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    fn limit(&self) -> u64 {
        match &self.reads {
            Reads::Json(limit, _) => *limit,
            Reads::Octets => limit::PART_BYTES,
            Reads::Note => limit::NOTE_BYTES,
            Reads::Nothing => 0,
        }
    }

    fn content_type(&self) -> &'static str {
        match self.reads {
            Reads::Octets => "application/octet-stream",
            Reads::Note => "text/plain; charset=utf-8",
            _ => "application/json",
        }
    }

    /// The request, signed over `digest` where the route wants that.
    fn request(&self, session: &Session, digest: &[u8; 32], body: impl Into<HttpBody>) -> Request<HttpBody> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(header::CONTENT_TYPE, self.content_type())
            .header(header::IF_MATCH, format!("\"{}\"", Hash([7; 32])));
        if matches!(self.reads, Reads::Octets) {
            request = request.header(path::PART_HASH, Hash(*digest).to_string());
        }
        if self.is_signed {
            let signature = session.authorization(&self.method, &self.target, digest);
            request = request.header(header::AUTHORIZATION, signature);
        }
        request.body(body.into()).unwrap()
    }

    async fn send(&self, world: &World, session: &Session, body: &[u8]) -> Answer {
        let request = self.request(session, &crypto::hash::sha256(body), body.to_vec());
        world.send(request).await
    }
}

fn endless() -> HttpBody {
    HttpBody::from_stream(futures::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(vec![b' '; 9_999])
    }))
}

fn silent() -> HttpBody {
    HttpBody::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>())
}

#[tokio::test]
async fn the_table_holds_every_route() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    let routes = routes(&world, &person).await;
    let source = include_str!("../../../shared/src/path.rs");
    let mut count = 0;
    for template in source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with('/'))
    {
        if template == path::API {
            continue;
        }
        count += 1;
        assert!(
            routes.iter().any(|route| route.template == template),
            "{template} is not tried"
        );
        // And no method but those of the table.
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            let known = |route: &Route| route.template == template && route.method == method;
            if !routes.iter().any(known) {
                let request = Request::builder().method(method).uri(person.path(template));
                let answer = world.send(request.body(HttpBody::empty()).unwrap()).await;
                answer.refused(ErrorCode::MethodNotAllowed);
                assert!(answer.headers.contains_key(header::ALLOW), "{template}");
            }
        }
    }
    assert_eq!(count, 41);
}

#[tokio::test]
async fn what_is_too_large_is_refused_announced_or_not_on_every_route() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    for route in routes(&world, &person).await {
        if matches!(route.reads, Reads::Nothing) {
            let answer = world.send(route.request(&session, &[0; 32], endless())).await;
            if route.is_signed {
                answer.refused(ErrorCode::Malformed);
            } else {
                // It is not read at all.
                assert_eq!(
                    answer.status,
                    world.get(&route.target).await.status,
                    "{}",
                    route.name()
                );
            }
            continue;
        }
        let mut announced = route.request(&session, &[0; 32], silent());
        let length = (route.limit() + 1).into();
        announced.headers_mut().insert(header::CONTENT_LENGTH, length);
        for request in [announced, route.request(&session, &[0; 32], endless())] {
            let problem = world.send(request).await.refused(ErrorCode::TooLarge);
            assert_eq!(problem.limit, Some(route.limit()), "{}", route.name());
        }
    }
}

#[tokio::test]
async fn another_type_or_a_compressed_body_is_not_read_on_any_route() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    for route in routes(&world, &person).await {
        if matches!(route.reads, Reads::Nothing) {
            continue;
        }
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html"),
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (header::CONTENT_TYPE, ""),
            (header::CONTENT_ENCODING, "gzip"),
            (header::CONTENT_ENCODING, "br"),
            (header::CONTENT_ENCODING, "gzip, identity"),
        ] {
            let mut request = route.request(&session, &[0; 32], silent());
            request.headers_mut().insert(name, value.parse().unwrap());
            world.send(request).await.refused(ErrorCode::UnsupportedMediaType);
        }
    }
}

#[tokio::test]
async fn json_has_one_form_on_every_route() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    for route in routes(&world, &person).await {
        let Reads::Json(limit, value) = &route.reads else {
            continue;
        };
        let name = route.name();
        let text = value.to_string();
        let fields = value.as_object().unwrap();
        let (first, kept) = fields.iter().next().unwrap();
        let rest = text.strip_prefix('{').unwrap();
        let instead = |other: &str| text.replacen(&kept.to_string(), other, 1);
        let most = usize::try_from(*limit).unwrap() - text.len();
        let mut long = "[[]".to_owned();
        while long.len() + 4 < most.min(2_000_000) {
            long.write_str(",[]").unwrap();
        }
        long.push(']');
        for (what, wrong) in [
            ("unknown field", format!("{{\"unknown\":1,{rest}")),
            ("doubled field", format!("{{\"{first}\":{kept},{rest}")),
            ("deep", instead(&"[".repeat(most.min(100_000)))),
            ("closed and deep", {
                let half = most.min(100_000) / 2;
                instead(&format!("{}{}", "[".repeat(half), "]".repeat(half)))
            }),
            ("long", instead(&long)),
            ("huge number", instead("1e999999999")),
            ("long number", instead(&"9".repeat(most.min(1_000)))),
            ("number", instead("-1")),
            ("null", instead("null")),
            ("trailing", format!("{text} {{}}")),
            ("mark of order", format!("\u{feff}{text}")),
            ("list of it", format!("[{text}]")),
        ] {
            let answer = route.send(&world, &session, wrong.as_bytes()).await;
            assert_eq!(answer.status, 400, "{name}, {what}: {answer:?}");
            answer.refused(ErrorCode::Malformed);
        }
        // What was varied is understood as it is.
        let answer = route.send(&world, &session, text.as_bytes()).await;
        assert_ne!(answer.status, 400, "{name}: {answer:?}");
        assert!(!answer.status.is_server_error(), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn a_million_empty_pages_are_refused_and_not_kept() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let (commit, ..) = person.commit(vec![], vec![], vec![], crate::person::By::Writer);
    let text = serde_json::to_string(&commit).unwrap();
    let pages = format!("\"pages\":[{}\"\"]", "\"\",".repeat(1_000_000));
    let text = text.replacen("\"pages\":[]", &pages, 1);
    let request = Request::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, format!("\"{}\"", Hash(person.pin.head_hash)));
    let request = session.sign(request, Method::PUT, &person.head_path(), text.into_bytes());
    let problem = world.send(request).await.refused(ErrorCode::TooLarge);
    assert_eq!(problem.limit, Some(limit::PAGES));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_or_trickles_is_not_waited_for() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let trickle = || {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(vec![b' '; 100]), ()))
        });
        HttpBody::from_stream(drops)
    };
    for route in routes(&world, &person).await {
        if !route.is_signed || matches!(route.reads, Reads::Nothing) {
            continue;
        }
        for (body, seconds) in [(silent(), 15), (trickle(), 20)] {
            let begun = tokio::time::Instant::now();
            let answer = world.send(route.request(&session, &[0; 32], body)).await;
            let problem = answer.refused(ErrorCode::Unavailable);
            assert_eq!(problem.retry_after, Some(1), "{}", route.name());
            assert_eq!(begun.elapsed().as_secs(), seconds, "{}", route.name());
        }
    }
}

//! Answers outside the contract: every route that the sdk calls, every way of breaking its answer.

use std::cell::RefCell;
use std::time::Duration;

use async_trait::async_trait;
use crypto::audit::checkpoint::Checkpoint;
use crypto::audit::listing::ListedChunk;
use crypto::audit::note::{Kind, Note, NoteKey, NoteSigner};
use crypto::audit::proof::verify_inclusion;
use crypto::audit::tree::leaf_hash;
use crypto::session::MacKey;
use sdk::Clock;
use sdk::api::auditor::{self, List};
use sdk::api::{Session, account, audit, collection, document, journal, session};
use sdk::error::{ApiError, TransportError};
use sdk::flows::login;
use sdk::flows::{Method, Request, Response, Transport, Watch};
use sdk::native::{Http, SystemClock};
use serde::de::DeserializeOwned;
use server::Config;
use shared::audit::ReadMap;
use shared::{BodyId, CollectionId, Hash, OperationId, SessionId, path};
use tests::adversary::OverLine;
use tests::evil::{Evil, Exchange, LogKeeper, Switch, broken, is_of, logged, tile_of};
use tests::person::{Desk, Person, document as paper};
use tests::sample;
use tests::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::resume::session;
use crate::verdict::noticed;
use crate::world;

/// Every route and method that the sdk calls.
const ROUTES: [(Method, &str); 43] = [
    (Method::Get, path::DEPLOYMENT),
    (Method::Post, path::REGISTRATIONS),
    (Method::Post, path::ACCOUNTS),
    (Method::Get, path::ACCOUNT),
    (Method::Get, path::QUOTA),
    (Method::Put, path::MANIFEST),
    (Method::Put, path::PASSWORD),
    (Method::Post, path::SESSIONS_START),
    (Method::Post, path::SESSIONS_FINISH),
    (Method::Delete, path::SESSION),
    (Method::Post, path::RECOVERIES_START),
    (Method::Post, path::RECOVERIES_FINISH),
    (Method::Get, path::COLLECTION),
    (Method::Put, path::HEAD),
    (Method::Get, path::HEADS),
    (Method::Post, path::PAGES),
    (Method::Get, path::UPLOADS),
    (Method::Post, path::UPLOADS),
    (Method::Delete, path::UPLOAD),
    (Method::Put, path::UPLOAD_RECORD),
    (Method::Put, path::UPLOAD_PART),
    (Method::Post, path::UPLOAD_COMMIT),
    (Method::Get, path::BODY),
    (Method::Get, path::BODY_CONTENT),
    // Signed, for a new phrase.
    (Method::Post, path::REGISTRATIONS),
    (Method::Put, path::WORDS),
    (Method::Delete, path::EVENT),
    (Method::Get, path::SESSIONS),
    (Method::Delete, path::SESSIONS),
    (Method::Delete, path::OTHER_SESSION),
    (Method::Put, path::LABEL),
    (Method::Delete, path::ACCOUNT),
    (Method::Get, path::LOG),
    (Method::Post, path::PROOFS),
    (Method::Get, path::CHECKPOINT),
    (Method::Get, path::TILES),
    (Method::Post, path::MAP),
    (Method::Get, path::NEWEST),
    (Method::Post, path::COSIGNATURES),
    (Method::Get, path::AUDIT_LIST),
    (Method::Get, path::AUDIT_CHUNK),
    (Method::Get, path::JOURNAL),
    (Method::Get, path::STATEMENTS),
];

/// Everything that a person can do, over a line that is remembered.
pub(crate) async fn a_life(world: &World) -> Vec<Exchange> {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let other = alice.opens(&desk).await;
    safe.saves("a.bin", &sample::noise(5_000, 1)).await;
    safe.make_folder("Papiers", None).await.unwrap();
    LogKeeper::of(world, logged(&evil.memory())).await;
    other.sync().await.unwrap();
    other.reads("a.bin").await;
    // The map answers whoever was away for long: asked without the wait.
    let session = session(&safe.to_resume().unwrap());
    let keys = vec![Hash([1; 32]), Hash([2; 32])];
    audit::map(&OverLine(desk.line.clone()), &session, keys)
        .await
        .unwrap();
    safe.card().await.unwrap();
    examined(&desk).await;
    desk.line.before(|request| {
        if is_of(request, path::UPLOAD_PART) {
            tests::adversary::Fate::Lose
        } else {
            tests::adversary::Fate::Pass
        }
    });
    let nothing = Watch::none();
    assert!(
        safe.upload(&b"x".to_vec(), &paper("b.bin"), &nothing)
            .await
            .is_err()
    );
    desk.line.before(|_| tests::adversary::Fate::Pass);
    let begun = safe.unfinished().await.unwrap()[0].body;
    safe.abandon(begun).await.unwrap();
    let by_words = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    by_words.set_phrase("une phrase toute neuve").await.unwrap();
    by_words.make_new_sheet().await.unwrap();
    by_words.sign_out().await.1.unwrap();
    let alice = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice
    };
    let safe = alice.opens(&desk).await;
    safe.confirm_kit().await.unwrap();
    safe.name_device("computer").await.unwrap();
    let second = alice.opens(&desk).await.devices().await.unwrap()[0].id;
    safe.close_device(second).await.unwrap();
    let safe = alice.opens(&desk).await;
    safe.acknowledge_way_changes().await.unwrap();
    safe.history().await.unwrap();
    safe.close_other_devices().await.unwrap();
    safe.close_account().await.unwrap();
    evil.memory()
}

/// What an auditor and a witness ask.
async fn examined(desk: &Desk) {
    let line = OverLine(desk.line.clone());
    let card = audit::card(&line).await.unwrap();
    let origin = card.key.split('+').next().unwrap();
    let own = auditor::Auditor::new(auditor_key(), origin);
    let now = SystemClock.now();
    let bodies = auditor::list(&line, &own, now, List::Bodies, &[], 1)
        .await
        .unwrap();
    let body = BodyId(bodies[0].key.as_slice().try_into().unwrap());
    auditor::chunk(&line, &own, now, body, 0).await.unwrap();
    let note = Note::parse(&auditor::newest(&line).await.unwrap()).unwrap();
    let signed = witness_key().sign(note.text(), now).unwrap();
    auditor::cosign(&line, signed.to_bytes()).await.unwrap();
}

/// A server that admits an auditor and has a witness.
pub(crate) async fn watched_world() -> World {
    let watched = |config: &mut Config| {
        config.auditors = vec![auditor_key().public().clone()];
        config.witnesses = vec![witness_key().public().clone()];
    };
    World::start(watched).await.unwrap()
}

fn auditor_key() -> NoteSigner {
    NoteSigner::from_seed("audit.example", Kind::Text, &[0x41; 32]).unwrap()
}

fn witness_key() -> NoteSigner {
    NoteSigner::from_seed("temoin.example", Kind::Cosignature, &[0x42; 32]).unwrap()
}

/// What an honest server answers on this route; of the one that no flow calls yet, what `spec/wire.md` says.
fn good(memory: &[Exchange], method: Method, route: &str) -> Exchange {
    if let Some(exchange) = memory.iter().find(|exchange| {
        let (request, response) = (&exchange.request, &exchange.response);
        request.method == method && is_of(request, route) && response.status < 300
    }) {
        return exchange.clone();
    }
    let (status, headers, body) = match route {
        path::UPLOAD_RECORD => (204, Vec::new(), Vec::new()),
        other => panic!("{other} was never asked"),
    };
    let request = Request {
        method,
        path: route.to_owned(),
        headers: Vec::new(),
        body: b"{\"record\":\"\"}".to_vec().into(),
        max_answer: 0,
    };
    let body = body.into();
    Exchange {
        request,
        response: Response {
            status,
            headers,
            body,
        },
    }
}

/// Answers everything with one answer. Answers longer than may be read are number 38's.
struct Canned(RefCell<Response>);

#[async_trait(?Send)]
impl Transport for Canned {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        Ok(self.0.borrow().clone())
    }
}

fn sent<T: DeserializeOwned>(exchange: &Exchange) -> T {
    serde_json::from_slice(&exchange.request.body).unwrap()
}

/// The one typed call of this route, with what was asked before.
async fn ask(number: usize, asked: &Exchange, to: &dyn Transport) -> Result<(), ApiError> {
    let session = Session::new(SessionId([1; 16]), MacKey::derive(&[2; 64], &[1; 16]));
    let (by, hash) = (&session, Hash([3; 32]));
    let (body, list) = (BodyId([4; 16]), CollectionId([5; 16]));
    match ROUTES[number] {
        _ if number == 24 => account::register_again(to, by, &sent(asked)).await.map(drop),
        (_, path::DEPLOYMENT) => account::deployment(to).await.map(drop),
        (_, path::REGISTRATIONS) => account::register(to, &sent(asked)).await.map(drop),
        (_, path::ACCOUNTS) => account::create(to, &sent(asked)).await,
        (Method::Get, path::ACCOUNT) => account::read(to, by).await.map(drop),
        (_, path::ACCOUNT) => account::close(to, by).await,
        (_, path::WORDS) => account::put_words(to, by, hash, &sent(asked)).await.map(drop),
        (_, path::EVENT) => account::acknowledge(to, by, OperationId([6; 16])).await,
        (Method::Get, path::SESSIONS) => session::list(to, by).await.map(drop),
        (_, path::SESSIONS) => session::end_others(to, by).await,
        (_, path::OTHER_SESSION) => session::end_other(to, by, SessionId([7; 16])).await,
        (_, path::LABEL) => session::put_label(to, by, &sent(asked)).await,
        (_, path::QUOTA) => account::quota(to, by).await.map(drop),
        (_, path::MANIFEST) => account::put_manifest(to, by, hash, &sent(asked)).await.map(drop),
        (_, path::PASSWORD) => account::put_password(to, by, hash, &sent(asked)).await.map(drop),
        (_, path::SESSIONS_START) => session::start(to, &sent(asked)).await.map(drop),
        (_, path::SESSIONS_FINISH) => session::finish(to, &sent(asked)).await.map(drop),
        (_, path::SESSION) => session::end(to, by).await,
        (_, path::RECOVERIES_START) => session::recovery_start(to, &sent(asked)).await.map(drop),
        (_, path::RECOVERIES_FINISH) => session::recovery_finish(to, &sent(asked)).await.map(drop),
        (_, path::COLLECTION) => collection::read(to, by, list).await.map(drop),
        (_, path::HEAD) => collection::commit(to, by, list, hash, &sent(asked))
            .await
            .map(drop),
        (_, path::HEADS) => collection::heads(to, by, list, 0, 500).await.map(drop),
        (_, path::PAGES) => {
            let ids = sent::<shared::collection::ReadPages>(asked).ids;
            collection::pages(to, by, list, ids).await.map(drop)
        }
        (Method::Get, path::UPLOADS) => document::uploads(to, by).await.map(drop),
        (_, path::UPLOADS) => document::begin(to, by, &sent(asked)).await,
        (_, path::UPLOAD) => document::abandon(to, by, body).await,
        (_, path::UPLOAD_RECORD) => document::put_record(to, by, body, &sent(asked)).await,
        (_, path::UPLOAD_PART) => document::put_part(to, by, body, 0, asked.request.body.clone(), hash).await,
        (_, path::UPLOAD_COMMIT) => document::commit(to, by, body, &sent(asked)).await.map(drop),
        (_, path::BODY) => document::body(to, by, body, 1).await.map(drop),
        (_, path::BODY_CONTENT) => {
            let len = asked.response.body.len() as u64;
            document::content(to, by, body, 0, len).await.map(drop)
        }
        (_, path::JOURNAL) => journal::read(to, by, 0).await.map(drop),
        (_, path::STATEMENTS) => journal::statements(to, by).await.map(drop),
        // Its keys are texts here: what reads them makes a policy of them, or refuses with evidence.
        (_, path::LOG) => {
            let card = audit::card(to).await?;
            let mut keys = card.witnesses.iter().chain([&card.key]);
            let read = keys.all(|key| NoteKey::parse(key).is_ok());
            read.then_some(()).ok_or(ApiError::Hostile)
        }
        (_, path::PROOFS) => audit::proofs(to, by, &sent(asked)).await.map(drop),
        (_, path::MAP) => {
            let keys = sent::<ReadMap>(asked).keys;
            audit::map(to, by, keys).await.map(drop)
        }
        // Notes and bundles come unread: their own readers know their form.
        (_, path::CHECKPOINT) => {
            let note = Note::parse(&audit::checkpoint(to).await?);
            let read = note.map(|note| Checkpoint::parse(note.text()).is_ok());
            read.is_ok_and(|read| read).then_some(()).ok_or(ApiError::Hostile)
        }
        (_, path::TILES) => {
            let tile = tile_of(&asked.request).unwrap();
            let bundle = audit::bundle(to, &tile).await?;
            tile.entries(&bundle).map(drop).ok_or(ApiError::Hostile)
        }
        (_, path::NEWEST) => {
            let note = Note::parse(&auditor::newest(to).await?);
            let read = note.map(|note| Checkpoint::parse(note.text()).is_ok());
            read.is_ok_and(|read| read).then_some(()).ok_or(ApiError::Hostile)
        }
        (_, path::COSIGNATURES) => auditor::cosign(to, Vec::new()).await,
        (_, path::AUDIT_LIST) => {
            let own = auditor::Auditor::new(auditor_key(), "civis/AAAA");
            let records = auditor::list(to, &own, 0, List::Bodies, &[], 1).await?;
            // None at all is the end of a list: what is missing in it, the audit finds.
            (!records.is_empty()).then_some(()).ok_or(ApiError::Hostile)
        }
        (_, path::AUDIT_CHUNK) => {
            let own = auditor::Auditor::new(auditor_key(), "civis/AAAA");
            let answer = auditor::chunk(to, &own, 0, body, 0).await?;
            // The only chunk of its body is its root: the proof of a chunk decides over its bytes.
            let root = ListedChunk::parse(&asked.response.body).map(|honest| leaf_hash(&honest.chunk));
            let proven = verify_inclusion(0, 1, &leaf_hash(&answer.chunk), &answer.path, &root.unwrap());
            proven.map_err(|_| ApiError::Hostile)
        }
        (_, other) => panic!("no call for {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n50_every_answer_outside_the_contract_is_refused_on_every_route() {
    let world = watched_world().await;
    let memory = a_life(&world).await;
    let mut accepted = Vec::new();
    let mut tried = 0;
    for (number, (method, route)) in ROUTES.into_iter().enumerate() {
        let asked = good(&memory, method, route);
        let canned = Canned(RefCell::new(asked.response.clone()));
        ask(number, &asked, &canned)
            .await
            .unwrap_or_else(|error| panic!("{route}: the honest answer: {error:?}"));
        for (name, form) in broken(&asked.response) {
            *canned.0.borrow_mut() = form;
            tried += 1;
            if ask(number, &asked, &canned).await != Err(ApiError::Hostile) {
                accepted.push(format!("{} {route}: {name}", method.as_str()));
            }
        }
    }
    assert!(tried > 1_500, "{tried}");
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
}

#[test]
fn n50_no_route_is_left_out() {
    let paths = include_str!("../../shared/src/path.rs");
    // Those of the operator's tools and of the log's witnesses: no client calls them.
    let of_others = [
        path::API,
        path::HEALTH,
        path::READY,
        path::NEWEST,
        path::COSIGNATURES,
    ];
    // What stands between quotes is every second piece.
    let known: Vec<&str> = paths.split('"').skip(1).step_by(2).collect();
    let left_out: Vec<&&str> = known
        .iter()
        .filter(|text| text.starts_with('/') && !of_others.contains(text))
        .filter(|text| !ROUTES.iter().any(|(_, route)| route == *text))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n50_such_an_answer_ends_every_act_without_a_word_more() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("a.bin", &sample::noise(5_000, 1)).await;
    let object = safe.id("a.bin");
    for number in 0..Switch::N50.attacks().len() {
        let attack = || Switch::N50.attacks().remove(number);
        let kind = attack().name().to_owned();
        let verdicts = [
            noticed(&desk, &evil, attack(), async || safe.card().await).await,
            noticed(&desk, &evil, attack(), async || safe.unfinished().await).await,
            noticed(&desk, &evil, attack(), async || {
                safe.upload(&b"x".to_vec(), &paper("b.bin"), &Watch::none()).await
            })
            .await,
            noticed(&desk, &evil, attack(), async || {
                login::open(desk.device(), &alice.handle, &alice.phrase)
                    .await
                    .map(drop)
            })
            .await,
        ];
        for verdict in verdicts {
            assert_eq!((verdict.code, verdict.check), ("hostile", None), "{kind}");
        }
        // A list begins with the log's checkpoint, a text: what is in it is judged by its signature.
        let verdict = noticed(&desk, &evil, attack(), async || safe.sync().await).await;
        if ["html", "cut", "longer"].contains(&kind.as_str()) {
            assert_eq!(verdict.check(), sdk::Check::Checkpoint, "{kind}");
        } else {
            assert_eq!((verdict.code, verdict.check), ("hostile", None), "{kind}");
        }
        // Before it writes again, this device wants to see the log whole.
        safe.sync().await.unwrap();
        let read = noticed(&desk, &evil, attack(), async || {
            safe.download(&object, &mut Vec::new(), &Watch::none()).await
        });
        assert_eq!(read.await.check(), sdk::Check::Part, "{kind}");
    }
    safe.saves("b.bin", b"x").await;
    assert_eq!(safe.names(), ["a.bin", "b.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn n50_a_redirect_is_followed_nowhere() {
    let elsewhere = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let here = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (to, at) = (elsewhere.local_addr().unwrap(), here.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = 0;
        for status in [301, 302, 303, 307, 308] {
            let (mut stream, _) = here.accept().await.unwrap();
            let mut bytes = vec![0; 4_096];
            asked += usize::from(stream.read(&mut bytes).await.unwrap() > 0);
            let place = if status % 2 == 0 {
                format!("http://{to}/ailleurs")
            } else {
                "/ailleurs".to_owned()
            };
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    let transport = Http::new(&format!("http://{at}")).unwrap();
    for _ in 0..5 {
        let answer = tokio::time::timeout(Duration::from_secs(5), account::deployment(&transport)).await;
        let answer = answer.expect("it waits for another server");
        assert_eq!(answer.map(drop), Err(ApiError::Hostile));
    }
    assert_eq!(asked.await.unwrap(), 5, "each was asked for once");
    let followed = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(followed.is_err(), "somebody came");
}

#[test]
fn n50_the_browser_s_transport_is_as_strict() {
    let source = include_str!("../../client/src/platform/transport.rs");
    for setting in [
        "init.set_redirect(RequestRedirect::Error);",
        "init.set_mode(RequestMode::SameOrigin);",
        "init.set_credentials(RequestCredentials::Omit);",
        "init.set_cache(RequestCache::NoStore);",
        "init.set_referrer_policy(ReferrerPolicy::NoReferrer);",
        "if end as u64 > max {",
    ] {
        assert_eq!(source.matches(setting).count(), 1, "{setting}");
    }
    assert_eq!(source.matches(".fetch_with_").count(), 1, "one place sends");
}

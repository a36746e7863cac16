//! Auditors: who is admitted, what the lists hold, and what is in none of them.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::BASE64URL_NOPAD;
use crypto::audit::admission::Admission;
use crypto::audit::listing::{ListedBody, ListedChunk, Record};
use crypto::audit::note::{Kind, NoteSigner};
use crypto::audit::proof::verify_inclusion;
use crypto::audit::tree::leaf_hash;
use crypto::collection::refs::Reference as Ref;
use crypto::document::body::BodyHeader;
use server::Config;
use shared::{BodyId, ErrorCode, limit, path};

use crate::person::{By, Person};
use crate::world::{Answer, World};

fn auditor(seed: u8) -> NoteSigner {
    NoteSigner::from_seed("audit.example", Kind::Text, &[seed; 32]).unwrap()
}

fn world() -> World {
    World::with(Config {
        attempts_per_address: 0,
        attempts_per_handle: 0,
        auditors: vec![auditor(1).public().clone()],
        ..Config::default()
    })
}

async fn origin(world: &World) -> String {
    let card: shared::audit::LogCard = world.get(path::LOG).await.json();
    card.key.split('+').next().unwrap().to_owned()
}

fn said(origin: &str, time: u64, signer: &NoteSigner) -> String {
    let said = Admission {
        origin: origin.to_owned(),
        time,
    };
    let note = said.sign(signer).unwrap().to_bytes();
    format!("{} {}", path::AUDITOR_SCHEME, BASE64URL_NOPAD.encode(&note))
}

async fn asks(world: &World, target: &str, authorization: &str) -> Answer {
    let request = Request::get(target).header(header::AUTHORIZATION, authorization);
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn reads(world: &World, target: &str) -> Answer {
    let said = said(&origin(world).await, world.now(), &auditor(1));
    let answer = asks(world, target, &said).await;
    answer.succeeds();
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/octet-stream");
    answer
}

async fn list(world: &World, name: &str) -> Vec<Record> {
    let answer = reads(world, &format!("/api/v1/audit/{name}")).await;
    Record::parse_all(&answer.body).unwrap()
}

#[tokio::test]
async fn nobody_but_a_listed_key_of_now_for_this_log_is_admitted() {
    let world = world();
    let (origin, now) = (origin(&world).await, world.now());
    let (_, session) = Person::create(&world, "anne").await;
    for target in [
        "/api/v1/audit/openings",
        "/api/v1/audit/bodies/AAAAAAAAAAAAAAAAAAAAAA/chunks/0",
    ] {
        let refused = [
            said(&origin, now, &auditor(2)),
            said(&origin, now - limit::AUDITOR_SECONDS - 1, &auditor(1)),
            said(&origin, now + limit::AUDITOR_SECONDS + 1, &auditor(1)),
            said("civis/ailleurs", now, &auditor(1)),
            session.authorization(&axum::http::Method::GET, target, &crypto::hash::sha256(b"")),
            path::AUDITOR_SCHEME.to_owned(),
            format!("{} AAAA", path::AUDITOR_SCHEME),
            "Bearer x".to_owned(),
        ];
        for authorization in refused {
            asks(&world, target, &authorization)
                .await
                .refused(ErrorCode::SignedOut);
        }
        world.get(target).await.refused(ErrorCode::SignedOut);
    }
    // At the edge of the clock's tolerance.
    let edge = said(&origin, now - limit::AUDITOR_SECONDS, &auditor(1));
    asks(&world, "/api/v1/audit/openings", &edge).await.succeeds();
    let closed = World::new();
    let told = said(&self::origin(&closed).await, closed.now(), &auditor(1));
    asks(&closed, "/api/v1/audit/openings", &told)
        .await
        .refused(ErrorCode::SignedOut);
}

#[tokio::test]
async fn the_lists_hold_what_is_stored_and_page_through_it() {
    let world = world();
    let (mut person, session) = Person::create(&world, "anne").await;
    let document = person.upload(&world, &session, 40_000).await;
    let body = Ref::Body(document.id);
    person
        .push(&world, &session, vec![body], vec![], By::Admin)
        .await
        .succeeds();
    world.state.publish().await.unwrap();
    let openings = list(&world, "openings").await;
    let heads = list(&world, "heads").await;
    assert_eq!(
        (openings.len(), heads.len(), list(&world, "charters").await.len()),
        (5, 2, 1)
    );
    assert!(!list(&world, "pages").await.is_empty());
    assert!(list(&world, "uploads").await.is_empty());
    // One by one, from key to key.
    let mut after = String::new();
    for opening in &openings {
        let answer = reads(&world, &format!("/api/v1/audit/openings?most=1{after}")).await;
        assert_eq!(
            Record::parse_all(&answer.body).unwrap(),
            std::slice::from_ref(opening)
        );
        after = format!("&after={}", BASE64URL_NOPAD.encode(&opening.key));
    }
    let end = reads(&world, &format!("/api/v1/audit/openings?most=1{after}")).await;
    assert!(end.body.is_empty());
    let bodies = list(&world, "bodies").await;
    let listed = ListedBody::parse(&bodies[0].value).unwrap();
    let header = BodyHeader::parse(&listed.header).unwrap();
    assert_eq!((bodies.len(), bodies[0].key.as_slice()), (1, &document.id[..]));
    let chunks = listed.ct_len.div_ceil(limit::CHUNK_BYTES);
    assert!(chunks > 2);
    let chunk = |number: u64| format!("/api/v1/audit/bodies/{}/chunks/{number}", BodyId(document.id));
    for number in 0..chunks {
        let answer = ListedChunk::parse(&reads(&world, &chunk(number)).await.body).unwrap();
        let leaf = leaf_hash(&answer.chunk);
        verify_inclusion(number, chunks, &leaf, &answer.path, header.body_root()).unwrap();
    }
    let told = said(&origin(&world).await, world.now(), &auditor(1));
    asks(&world, &chunk(chunks), &told)
        .await
        .refused(ErrorCode::NotFound);
    for (target, code) in [
        ("/api/v1/audit/accounts", ErrorCode::NotFound),
        ("/api/v1/audit/openings?most=0", ErrorCode::Malformed),
        ("/api/v1/audit/openings?most=01", ErrorCode::Malformed),
        ("/api/v1/audit/openings?after=", ErrorCode::Malformed),
        ("/api/v1/audit/openings?after=%20", ErrorCode::Malformed),
        ("/api/v1/audit/openings?most=1&most=1", ErrorCode::Malformed),
        ("/api/v1/audit/openings?limit=1", ErrorCode::Malformed),
        ("/api/v1/audit/bodies/x/chunks/0", ErrorCode::NotFound),
        (
            "/api/v1/audit/bodies/AAAAAAAAAAAAAAAAAAAAAA/chunks/01",
            ErrorCode::NotFound,
        ),
    ] {
        asks(&world, target, &told).await.refused(code);
    }
}

#[tokio::test]
async fn no_list_tells_whose_anything_is() {
    let world = world();
    let (mut person, session) = Person::create(&world, "anne.quelconque").await;
    let document = person.upload(&world, &session, 9_000).await;
    person
        .push(&world, &session, vec![Ref::Body(document.id)], vec![], By::Admin)
        .await
        .succeeds();
    world.state.publish().await.unwrap();
    let mut all = Vec::new();
    for name in ["openings", "charters", "heads", "pages", "bodies", "uploads"] {
        all.extend(reads(&world, &format!("/api/v1/audit/{name}")).await.body);
    }
    let account = person.id;
    for needle in [&account[..], b"anne"] {
        let found = all.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{needle:?}");
    }
    assert_eq!(
        reads(&world, "/api/v1/audit/uploads").await.status,
        StatusCode::OK
    );
}

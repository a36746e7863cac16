//! Uploads and downloads: every step repeatable, nothing replaced, quota held, ranges exact.

use axum::http::{Method, Request, StatusCode, header};
use server::Config;
use server::store::Fault;
use shared::account::Quota;
use shared::document::{BeginUpload, Body as BodyInfo, BodyStored, CommitUpload, PutUploadRecord, Uploads};
use shared::{Blob, BodyId, ErrorCode, limit, path};

use crate::person::{Body, Person, header as body_header, record};
use crate::world::{Answer, Session, World, noise, random};

async fn begin(world: &World, session: &Session, begin: &BeginUpload) -> Answer {
    world
        .tell(session, Method::POST, path::UPLOADS, None, begin)
        .await
}

async fn finish(world: &World, session: &Session, body: &Body) -> Answer {
    world
        .tell(
            session,
            Method::POST,
            &body.path(path::UPLOAD_COMMIT),
            None,
            &body.commit,
        )
        .await
}

async fn range(world: &World, session: &Session, body: &Body, range: Option<&str>) -> Answer {
    let mut request = Request::builder();
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    world
        .send(session.sign(request, Method::GET, &body.path(path::BODY_CONTENT), vec![]))
        .await
}

async fn quota(world: &World, session: &Session) -> (u64, u64) {
    let quota: Quota = world.ask(session, Method::GET, path::QUOTA).await.json();
    (quota.used, quota.reserved)
}

fn record_of(person: &Person, body: &Body, version: u64) -> Blob {
    let mut reference = [0; 32];
    reference[..16].copy_from_slice(&body.id);
    record(3, &person.id, version, reference)
}

#[tokio::test]
async fn a_body_comes_back_whole_and_in_ranges() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, (2 << 20) + 777).await;
    let whole = body.parts.concat();
    assert_eq!(body.parts.len(), 3);

    let info: BodyInfo = world
        .ask(&session, Method::GET, &body.path(path::BODY))
        .await
        .json();
    assert_eq!(info.header, body.commit.header);
    assert_eq!(info.part_hashes.0, body.hashes.concat());

    let answer = range(&world, &session, &body, None).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, whole.len()));
    assert!(answer.body == whole);
    let len = whole.len();
    let part = 1_049_600;
    for (text, from, to) in [
        ("bytes=0-0".to_owned(), 0, 0),
        (format!("bytes=0-{}", part - 1), 0, part - 1),
        (format!("bytes={}-{}", part - 1, part), part - 1, part),
        (format!("bytes={part}-"), part, len - 1),
        ("bytes=-1".to_owned(), len - 1, len - 1),
        (format!("bytes=5-{}", len + 99), 5, len - 1),
    ] {
        let answer = range(&world, &session, &body, Some(&text)).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{text}");
        assert_eq!(
            answer.headers[header::CONTENT_RANGE],
            format!("bytes {from}-{to}/{len}")
        );
        assert_eq!(
            answer.headers[header::CONTENT_LENGTH],
            (to - from + 1).to_string()
        );
        assert!(answer.body == whole[from..=to], "{text}");
    }
    let beyond = range(&world, &session, &body, Some(&format!("bytes={len}-"))).await;
    assert_eq!(
        beyond.refused(ErrorCode::RangeNotSatisfiable).limit,
        Some(len as u64)
    );
    for wrong in ["bytes=0-1,3-4", "bytes=", "bits=0-1", "bytes=2-1"] {
        range(&world, &session, &body, Some(wrong))
            .await
            .refused(ErrorCode::Malformed);
    }
}

#[tokio::test]
async fn every_step_of_an_upload_can_be_repeated() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let body = Body::make(&person.id, 1 << 20);
    let len = body.begin.ct_len;
    for _ in 0..2 {
        begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
        assert_eq!(quota(&world, &session).await, (0, len));
    }
    let second = PutUploadRecord {
        record: record_of(&person, &body, 2),
    };
    for _ in 0..2 {
        let answer = world
            .tell(
                &session,
                Method::PUT,
                &body.path(path::UPLOAD_RECORD),
                None,
                &second,
            )
            .await;
        answer.is(StatusCode::NO_CONTENT);
    }
    // The beginning is still recognised, and takes nothing back.
    begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
    body.send_parts(&world, &session).await;
    body.send_parts(&world, &session).await;
    let uploads: Uploads = world.ask(&session, Method::GET, path::UPLOADS).await.json();
    assert_eq!(uploads.items.len(), 1);
    assert_eq!(uploads.items[0].record, second.record);
    assert_eq!(uploads.items[0].parts, [0, 1]);
    for _ in 0..2 {
        finish(&world, &session, &body).await.json::<BodyStored>();
        assert_eq!(quota(&world, &session).await, (len, 0));
    }
    // Parts that arrive again after the end are known; another one is not taken.
    body.send_parts(&world, &session).await;
    let other = noise(body.parts[1].len());
    let hash = crypto::document::body::part_hash(&other).unwrap();
    world
        .put_part(&session, &body.part_path(1), hash, other)
        .await
        .refused(ErrorCode::Conflict);
    begin(&world, &session, &body.begin)
        .await
        .refused(ErrorCode::Conflict);
    let uploads: Uploads = world.ask(&session, Method::GET, path::UPLOADS).await.json();
    assert!(uploads.items.is_empty());
}

#[tokio::test]
async fn a_part_is_what_its_hash_says_and_is_never_replaced() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let body = Body::make(&person.id, 3 << 20);
    let (path, part, hash) = (body.part_path(0), body.parts[0].clone(), body.hashes[0]);
    world
        .put_part(&session, &path, hash, part.clone())
        .await
        .refused(ErrorCode::NotFound);
    begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
    world
        .put_part(&session, &path, body.hashes[1], part.clone())
        .await
        .refused(ErrorCode::Refused);
    let short = part[..part.len() - 1].to_vec();
    let short_hash = crypto::document::body::part_hash(&short).unwrap();
    world
        .put_part(&session, &path, short_hash, short)
        .await
        .refused(ErrorCode::Refused);
    world
        .put_part(&session, &path, hash, [part.clone(), vec![0]].concat())
        .await
        .refused(ErrorCode::TooLarge);
    for part_no in ["4", "99", "-1", "01", "x", "4294967296"] {
        let wrong = body.path(path::UPLOAD_PART).replace("{part}", part_no);
        world
            .put_part(&session, &wrong, hash, part.clone())
            .await
            .refused(ErrorCode::NotFound);
    }
    world
        .put_part(&session, &path, hash, part.clone())
        .await
        .is(StatusCode::NO_CONTENT);
    let other = noise(part.len());
    let other_hash = crypto::document::body::part_hash(&other).unwrap();
    world
        .put_part(&session, &path, other_hash, other)
        .await
        .refused(ErrorCode::Conflict);
    let uploads: Uploads = world.ask(&session, Method::GET, path::UPLOADS).await.json();
    assert_eq!(uploads.items[0].parts, [0]);
}

#[tokio::test]
async fn a_body_is_finished_only_when_every_part_folds_to_its_root() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let body = Body::make(&person.id, 3 << 20);
    begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
    finish(&world, &session, &body).await.refused(ErrorCode::Refused);
    for part in [0, 1, 3] {
        let answer = world
            .put_part(
                &session,
                &body.part_path(part),
                body.hashes[part],
                body.parts[part].clone(),
            )
            .await;
        answer.is(StatusCode::NO_CONTENT);
    }
    finish(&world, &session, &body).await.refused(ErrorCode::Refused);
    body.send_parts(&world, &session).await;
    let commit = body.path(path::UPLOAD_COMMIT);
    let root = crypto::document::body::fold_parts(&body.hashes);
    let len = body.begin.ct_len;
    for header in [
        body_header(&body.id, len, &[7; 32]),
        body_header(&random(), len, &root),
        body_header(&body.id, Body::make(&person.id, 5000).begin.ct_len, &root),
        noise(120),
        vec![],
    ] {
        let wrong = CommitUpload { header: Blob(header) };
        world
            .tell(&session, Method::POST, &commit, None, &wrong)
            .await
            .refused(ErrorCode::Refused);
    }
    finish(&world, &session, &body).await.json::<BodyStored>();
    // Stored is stored: another header with the same root is another body.
    let other = CommitUpload {
        header: Blob(body_header(&body.id, len, &root)),
    };
    world
        .tell(&session, Method::POST, &commit, None, &other)
        .await
        .refused(ErrorCode::Conflict);
}

#[tokio::test]
async fn beginnings_that_break_a_rule_are_refused() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let body = Body::make(&person.id, 5000);
    let with = |ct_len| BeginUpload {
        ct_len,
        ..body.begin.clone()
    };
    for ct_len in [0, 16, body.begin.ct_len + 1, 16_400, u64::MAX] {
        begin(&world, &session, &with(ct_len))
            .await
            .refused(ErrorCode::Refused);
    }
    let huge = crypto::document::padding::Shape::of_plain(100 << 30)
        .unwrap()
        .ct_len;
    assert_eq!(
        begin(&world, &session, &with(huge))
            .await
            .refused(ErrorCode::TooLarge)
            .limit,
        Some(limit::BODY_BYTES)
    );
    for wrong in [
        record_of(&person, &body, 2),
        record(3, &person.id, 1, [1; 32]),
        record(3, &random(), 1, [0; 32]),
        record(2, &person.id, 1, [0; 32]),
        Blob(vec![]),
    ] {
        let wrong = BeginUpload {
            record: wrong,
            ..body.begin.clone()
        };
        begin(&world, &session, &wrong).await.refused(ErrorCode::Refused);
    }
    begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
    let other = BeginUpload {
        record: record_of(&person, &body, 1),
        ..body.begin.clone()
    };
    begin(&world, &session, &other).await.refused(ErrorCode::Conflict);
    let old = PutUploadRecord {
        record: record_of(&person, &body, 3),
    };
    let record = body.path(path::UPLOAD_RECORD);
    world
        .tell(&session, Method::PUT, &record, None, &old)
        .await
        .refused(ErrorCode::LostRace);
}

#[tokio::test]
async fn the_quota_counts_what_is_reserved_and_comes_back_when_given_up() {
    let len = Body::make(&[0; 16], 1 << 20).begin.ct_len;
    let config = Config {
        attempts_per_address: 0,
        attempts_per_handle: 0,
        account_bytes: 2 * len + 1,
        ..Config::default()
    };
    let world = World::with(config);
    let (person, session) = Person::create(&world, "marie").await;
    let bodies: Vec<Body> = (0..3).map(|_| Body::make(&person.id, 1 << 20)).collect();
    let answers =
        futures::future::join_all(bodies.iter().map(|body| begin(&world, &session, &body.begin))).await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.status == StatusCode::CREATED)
            .count(),
        2
    );
    let refused = answers
        .iter()
        .find(|answer| answer.status != StatusCode::CREATED)
        .unwrap();
    assert_eq!(refused.refused(ErrorCode::QuotaExceeded).limit, Some(1));
    let kept = bodies
        .iter()
        .zip(&answers)
        .find(|(_, answer)| answer.status == StatusCode::CREATED)
        .unwrap()
        .0;
    kept.send_parts(&world, &session).await;
    for _ in 0..2 {
        world
            .ask(&session, Method::DELETE, &kept.path(path::UPLOAD))
            .await
            .is(StatusCode::NO_CONTENT);
    }
    assert_eq!(quota(&world, &session).await, (0, len));
    finish(&world, &session, kept).await.refused(ErrorCode::NotFound);
    // The id is free again, and nothing of the first attempt is left.
    begin(&world, &session, &kept.begin).await.is(StatusCode::CREATED);
    let uploads: Uploads = world.ask(&session, Method::GET, path::UPLOADS).await.json();
    assert!(uploads.items.iter().all(|upload| upload.parts.is_empty()));
}

#[tokio::test]
async fn another_account_neither_sees_nor_touches() {
    let world = World::new();
    let (marie, session) = Person::create(&world, "marie").await;
    let (_, jean) = Person::create(&world, "jean").await;
    let body = marie.upload(&world, &session, 5000).await;
    let open = Body::make(&marie.id, 5000);
    begin(&world, &session, &open.begin).await.is(StatusCode::CREATED);
    for path in [
        body.path(path::BODY),
        body.path(path::BODY_CONTENT),
        marie.path(path::COLLECTION),
    ] {
        world
            .ask(&jean, Method::GET, &path)
            .await
            .refused(ErrorCode::NotFound);
    }
    world
        .put_part(&jean, &open.part_path(0), open.hashes[0], open.parts[0].clone())
        .await
        .refused(ErrorCode::NotFound);
    finish(&world, &jean, &open).await.refused(ErrorCode::NotFound);
    finish(&world, &jean, &body).await.refused(ErrorCode::NotFound);
    world
        .ask(&jean, Method::DELETE, &open.path(path::UPLOAD))
        .await
        .is(StatusCode::NO_CONTENT);
    let uploads: Uploads = world.ask(&jean, Method::GET, path::UPLOADS).await.json();
    assert!(uploads.items.is_empty());
    let uploads: Uploads = world.ask(&session, Method::GET, path::UPLOADS).await.json();
    assert_eq!(uploads.items[0].body_id, BodyId(open.id));
}

#[tokio::test]
async fn a_failing_store_never_acknowledges_and_never_loses() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    for fault in [Fault::NotPersisted, Fault::PersistedButFailed, Fault::Full] {
        let code = if fault == Fault::Full {
            ErrorCode::StorageFull
        } else {
            ErrorCode::Unavailable
        };
        let body = Body::make(&person.id, 1000);
        let fail = |after: u64| world.store.fail_write(world.store.writes() + after, fault);
        fail(0);
        begin(&world, &session, &body.begin).await.refused(code);
        begin(&world, &session, &body.begin).await.is(StatusCode::CREATED);
        for write in 0..2 {
            fail(write);
            let (hash, bytes) = (body.hashes[0], body.parts[0].clone());
            world
                .put_part(&session, &body.part_path(0), hash, bytes)
                .await
                .refused(code);
        }
        body.send_parts(&world, &session).await;
        fail(0);
        finish(&world, &session, &body).await.refused(code);
        finish(&world, &session, &body).await.json::<BodyStored>();
        assert!(range(&world, &session, &body, None).await.body == body.parts[0]);
    }
}

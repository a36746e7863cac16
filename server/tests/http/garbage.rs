//! What nobody finished or refers to disappears in its time, and nothing else does.

use axum::http::{Method, StatusCode};
use crypto::collection::page::page_id;
use crypto::collection::refs::Reference as Ref;
use server::Collected;
use server::store::{Batch, BlobStore, Fault, MetaStore, Table};
use shared::account::Quota;
use shared::collection::{Committed, Pages, ReadPages};
use shared::{ErrorCode, Hash, path};

use crate::person::{Body, By, Person};
use crate::world::World;

const DAY: u64 = 86_400;

#[tokio::test]
async fn unfinished_uploads_die_after_a_week_and_lonely_bodies_after_a_day() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let kept = person.upload(&world, &session, 5000).await;
    let lonely = person.upload(&world, &session, 5000).await;
    let open = Body::make(&person.id, 3 << 20);
    world
        .tell(&session, Method::POST, path::UPLOADS, None, &open.begin)
        .await
        .is(StatusCode::CREATED);
    world
        .put_part(
            &session,
            &open.part_path(1),
            open.hashes[1],
            open.parts[1].clone(),
        )
        .await;
    person
        .push(&world, &session, vec![Ref::Body(kept.id)], vec![], By::Writer)
        .await
        .json::<Committed>();
    let start = world.now();
    let collect = |at| server::collect(&world.state, at);
    assert_eq!(collect(start + DAY - 1).await.unwrap(), Collected::default());
    // The store fails in the middle of it: the next round goes on.
    world
        .store
        .fail_write(world.store.writes() + 1, Fault::PersistedButFailed);
    collect(start + DAY).await.unwrap_err();
    assert_eq!(
        collect(start + DAY).await.unwrap(),
        Collected {
            bodies: 1,
            ..Collected::default()
        }
    );
    let get = |body: &Body| body.path(path::BODY);
    assert_eq!(
        world.ask(&session, Method::GET, &get(&lonely)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        world.ask(&session, Method::GET, &get(&kept)).await.status,
        StatusCode::OK
    );
    assert_eq!(collect(start + 7 * DAY - 1).await.unwrap(), Collected::default());
    assert_eq!(
        collect(start + 7 * DAY).await.unwrap(),
        Collected {
            uploads: 1,
            ..Collected::default()
        }
    );
    let quota: Quota = world.ask(&session, Method::GET, path::QUOTA).await.json();
    assert_eq!((quota.used, quota.reserved), (kept.begin.ct_len, 0));
}

#[tokio::test]
async fn an_upload_given_up_half_way_is_erased_by_the_next_round() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let open = Body::make(&person.id, 1000);
    world
        .tell(&session, Method::POST, path::UPLOADS, None, &open.begin)
        .await
        .is(StatusCode::CREATED);
    open.send_parts(&world, &session).await;
    // The mark is written, erasing the parts fails, and nobody asks again.
    world
        .store
        .fail_write(world.store.writes() + 1, Fault::NotPersisted);
    world
        .ask(&session, Method::DELETE, &open.path(path::UPLOAD))
        .await
        .refused(ErrorCode::Unavailable);
    let collected = server::collect(&world.state, world.now()).await.unwrap();
    assert_eq!(collected.uploads, 1);
    let quota: Quota = world.ask(&session, Method::GET, path::QUOTA).await.json();
    assert_eq!((quota.used, quota.reserved), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_removed_stands_in_nobodys_way() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let bodies = [
        person.upload(&world, &session, 1000).await,
        person.upload(&world, &session, 1000).await,
    ];
    let broken = bodies.iter().map(|body| body.id).min().unwrap();
    let key = [b"b".as_slice(), &broken].concat();
    let whole = world.store.get(Table::Body, &key).await.unwrap().unwrap();
    let set = async |value: &[u8]| {
        let batch = Batch {
            put: vec![(Table::Body, key.clone(), value.to_vec())],
            ..Batch::default()
        };
        world.store.commit(batch).await.unwrap();
    };
    set(b"unreadable").await;
    let at = world.now() + DAY;
    server::collect(&world.state, at).await.unwrap_err();
    let quota: Quota = world.ask(&session, Method::GET, path::QUOTA).await.json();
    assert_eq!(quota.used, bodies[0].begin.ct_len);
    set(&whole).await;
    assert_eq!(server::collect(&world.state, at).await.unwrap().bodies, 1);
}

#[tokio::test]
async fn replaced_pages_serve_late_devices_for_a_month() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let first = page_id(person.request.collection.commit.pages[0].as_slice());
    person
        .push(&world, &session, vec![], vec![], By::Writer)
        .await
        .json::<Committed>();
    let there = || async {
        let read = ReadPages {
            ids: vec![Hash(first), Hash(person.root)],
        };
        let pages: Pages = world
            .tell(&session, Method::POST, &person.path(path::PAGES), None, &read)
            .await
            .json();
        pages.pages.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    assert_eq!(there().await, [true, true]);
    let at = world.now() + 30 * DAY;
    assert_eq!(server::collect(&world.state, at - 1).await.unwrap().pages, 0);
    assert_eq!(server::collect(&world.state, at).await.unwrap().pages, 1);
    assert_eq!(there().await, [false, true]);
}

#[tokio::test]
async fn erasing_much_goes_step_by_step() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let parts = u64::try_from(server::store::DELETE_PARTS).unwrap() + 3;
    let open = Body::make(&person.id, parts << 20);
    world
        .tell(&session, Method::POST, path::UPLOADS, None, &open.begin)
        .await
        .is(StatusCode::CREATED);
    open.send_parts(&world, &session).await;
    let held = async || -> (u64, u64) {
        let quota: Quota = world.ask(&session, Method::GET, path::QUOTA).await.json();
        (quota.used, quota.reserved)
    };
    let give_up = async || {
        let target = open.path(path::UPLOAD);
        world
            .ask(&session, Method::DELETE, &target)
            .await
            .is(StatusCode::NO_CONTENT);
    };
    give_up().await;
    // One request does a step; nothing is served or added any more, and nobody waited for the rest.
    let left = async || world.store.parts(open.id).await.unwrap().len();
    assert_eq!(left().await, open.parts.len() - server::store::DELETE_PARTS);
    assert_eq!(held().await, (0, open.begin.ct_len));
    let first = open.part_path(0);
    world
        .put_part(&session, &first, open.hashes[0], open.parts[0].clone())
        .await
        .refused(ErrorCode::NotFound);
    world
        .tell(&session, Method::POST, path::UPLOADS, None, &open.begin)
        .await
        .refused(ErrorCode::Conflict);
    assert_eq!(
        server::collect(&world.state, world.now()).await.unwrap().uploads,
        1
    );
    assert_eq!((left().await, held().await), (0, (0, 0)));
    give_up().await;

    // A purge likewise.
    let big = person.upload(&world, &session, parts << 20).await;
    person
        .push(&world, &session, vec![Ref::Body(big.id)], vec![], By::Writer)
        .await
        .json::<Committed>();
    person
        .push(&world, &session, vec![], vec![Ref::Body(big.id)], By::Admin)
        .await
        .json::<Committed>();
    let left = async || world.store.parts(big.id).await.unwrap().len();
    assert_eq!(left().await, big.parts.len() - server::store::DELETE_PARTS);
    assert_eq!(
        server::collect(&world.state, world.now()).await.unwrap().bodies,
        1
    );
    assert_eq!((left().await, held().await), (0, (0, 0)));
}

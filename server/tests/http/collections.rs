//! Commits: compare-and-swap on the head, references, pages, and what a purge erases when.

use axum::http::{Method, StatusCode};
use crypto::collection::page::{PAGE_BYTES, page_id};
use crypto::collection::refs::Reference as Ref;
use shared::account::Quota;
use shared::collection::{Collection, Committed, Heads, Pages, ReadPages, Reference};
use shared::{Blob, BodyId, CollectionId, ErrorCode, Hash, limit, path};

use crate::person::{By, Person, page};
use crate::world::{Session, World, noise, random};

async fn used(world: &World, session: &Session) -> u64 {
    world
        .ask(session, Method::GET, path::QUOTA)
        .await
        .json::<Quota>()
        .used
}

#[tokio::test]
async fn a_collection_reads_back_and_its_chain_with_it() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    for _ in 0..3 {
        let answer = person.push(&world, &session, vec![], vec![], By::Writer).await;
        assert_eq!(answer.json::<Committed>().head_hash.0, person.pin.head_hash);
    }
    let collection: Collection = world
        .ask(&session, Method::GET, &person.path(path::COLLECTION))
        .await
        .json();
    assert_eq!(collection.charters, [person.request.collection.charter.clone()]);
    let heads: Heads = world
        .ask(&session, Method::GET, &person.path(path::HEADS))
        .await
        .json();
    assert_eq!((heads.items.len(), heads.next), (4, None));
    assert_eq!(heads.items[0], person.request.collection.commit.head);
    assert_eq!(heads.items[3], collection.head);
    let query = format!("{}?after=0&limit=2", person.path(path::HEADS));
    let page: Heads = world.ask(&session, Method::GET, &query).await.json();
    assert_eq!((&page.items[..], page.next), (&heads.items[1..3], Some(2)));
    for wrong in [
        "?after=x",
        "?limit=0",
        "?limit=501",
        "?after=1&after=2",
        "?before=1",
        "?after",
        "?after=-1",
    ] {
        let wrong = format!("{}{wrong}", person.path(path::HEADS));
        world
            .ask(&session, Method::GET, &wrong)
            .await
            .refused(ErrorCode::Malformed);
    }
    let first = page_id(person.request.collection.commit.pages[0].as_slice());
    let read = ReadPages {
        ids: vec![Hash(person.root), Hash(random()), Hash(first)],
    };
    let pages: Pages = world
        .tell(&session, Method::POST, &person.path(path::PAGES), None, &read)
        .await
        .json();
    assert_eq!(
        pages.pages.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(page_id(pages.pages[0].as_ref().unwrap().as_slice()), person.root);
    let many = ReadPages {
        ids: vec![Hash([0; 32]); 129],
    };
    let answer = world
        .tell(&session, Method::POST, &person.path(path::PAGES), None, &many)
        .await;
    assert_eq!(answer.refused(ErrorCode::TooLarge).limit, Some(128));
}

#[tokio::test]
async fn of_commits_at_once_exactly_one_wins_and_the_same_one_again_succeeds() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let commits: Vec<_> = (0..6)
        .map(|_| person.commit(vec![page()], vec![], vec![Ref::Page(person.root)], By::Writer))
        .collect();
    let before = Some(person.pin.head_hash);
    let head_path = person.head_path();
    let puts = commits
        .iter()
        .map(|(commit, ..)| world.tell(&session, Method::PUT, &head_path, before, commit));
    let answers = futures::future::join_all(puts).await;
    let won: Vec<usize> = (0..6)
        .filter(|at| answers[*at].status == StatusCode::OK)
        .collect();
    assert_eq!(won.len(), 1);
    for (at, (commit, pin, _)) in commits.iter().enumerate() {
        let again = world
            .tell(&session, Method::PUT, &head_path, before, commit)
            .await;
        if won.contains(&at) {
            assert_eq!(again.json::<Committed>().head_hash.0, pin.head_hash);
        } else {
            again.refused(ErrorCode::LostRace);
        }
    }
}

#[tokio::test]
async fn commits_that_break_a_rule_change_nothing() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let (other, other_session) = Person::create(&world, "jean").await;
    person
        .push(&world, &session, vec![], vec![], By::Writer)
        .await
        .json::<Committed>();
    let foreign = other.upload(&world, &other_session, 5000).await;
    let before = Some(person.pin.head_hash);
    let root = Ref::Page(person.root);
    let put = |commit| {
        let (world, session, path) = (&world, &session, person.head_path());
        async move { world.tell(session, Method::PUT, &path, before, &commit).await }
    };
    let old_root = page_id(person.request.collection.commit.pages[0].as_slice());
    for (adds, drops) in [
        (vec![Ref::Body(random())], vec![root]),
        (vec![Ref::Body(foreign.id)], vec![root]),
        (vec![], vec![Ref::Body(foreign.id)]),
        (vec![], vec![Ref::Page(random())]),
        (vec![], vec![Ref::Page(old_root)]),
    ] {
        put(person.commit(vec![page()], adds, drops, By::Admin).0)
            .await
            .refused(ErrorCode::Refused);
    }
    // A root that is not there, or goes with the commit.
    put(person.commit(vec![], vec![], vec![root], By::Writer).0)
        .await
        .refused(ErrorCode::Refused);
    let (good, ..) = person.commit(vec![page()], vec![], vec![root], By::Writer);
    let mut lists = good.clone();
    lists.drops.clear();
    put(lists).await.refused(ErrorCode::Refused);
    let mut pages = good.clone();
    pages.pages[0] = Blob(page());
    put(pages).await.refused(ErrorCode::Refused);
    let mut odd = good.clone();
    odd.pages[0] = Blob(noise(72 + 1000));
    odd.adds = vec![Reference::Page(Hash(page_id(odd.pages[0].as_slice())))];
    put(odd).await.refused(ErrorCode::Refused);
    for at in [5, 20, 40, 80, 230, 300, 310] {
        let mut head = good.clone();
        head.head.0[at] ^= 1;
        put(head).await.refused(ErrorCode::Refused);
    }
    let mut theirs = other.commit(vec![page()], vec![], vec![], By::Writer).0;
    theirs.adds = good.adds.clone();
    put(theirs).await.refused(ErrorCode::Refused);
    let mut many = good.clone();
    many.drops = vec![Reference::Body(BodyId([0; 16])); 1025];
    put(many).await.refused(ErrorCode::TooLarge);
    let missing = path::HEAD.replace("{collection_id}", &CollectionId(random()).to_string());
    world
        .tell(&session, Method::PUT, &missing, before, &good)
        .await
        .refused(ErrorCode::NotFound);
    put(good).await.json::<Committed>();
}

#[tokio::test]
async fn an_admins_purge_erases_at_once() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 5000).await;
    person
        .push(&world, &session, vec![Ref::Body(body.id)], vec![], By::Writer)
        .await
        .json::<Committed>();
    assert_eq!(used(&world, &session).await, body.begin.ct_len);
    person
        .push(&world, &session, vec![], vec![Ref::Body(body.id)], By::Admin)
        .await
        .json::<Committed>();
    assert_eq!(used(&world, &session).await, 0);
    world
        .ask(&session, Method::GET, &body.path(path::BODY))
        .await
        .refused(ErrorCode::NotFound);
    let back = person
        .push(&world, &session, vec![Ref::Body(body.id)], vec![], By::Admin)
        .await;
    back.refused(ErrorCode::Refused);
}

#[tokio::test]
async fn a_writers_purge_hides_at_once_and_an_admin_may_take_it_back() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 5000).await;
    let reference = || vec![Ref::Body(body.id)];
    person
        .push(&world, &session, reference(), vec![], By::Writer)
        .await
        .json::<Committed>();
    // Adding what is there already changes nothing.
    person
        .push(&world, &session, reference(), vec![], By::Writer)
        .await
        .json::<Committed>();
    person
        .push(&world, &session, vec![], reference(), By::Writer)
        .await
        .json::<Committed>();
    world
        .ask(&session, Method::GET, &body.path(path::BODY))
        .await
        .refused(ErrorCode::NotFound);
    assert_eq!(used(&world, &session).await, body.begin.ct_len);
    person
        .push(&world, &session, reference(), vec![], By::Writer)
        .await
        .refused(ErrorCode::Refused);
    person
        .push(&world, &session, reference(), vec![], By::Admin)
        .await
        .json::<Committed>();
    assert_eq!(
        world
            .ask(&session, Method::GET, &body.path(path::BODY))
            .await
            .status,
        StatusCode::OK
    );
    world.pass(3600);
    person
        .push(&world, &session, vec![], reference(), By::Writer)
        .await
        .json::<Committed>();
    assert_eq!(
        server::collect(&world.state, world.now() + 7 * 86_400 - 1)
            .await
            .unwrap()
            .bodies,
        0
    );
    assert_eq!(
        server::collect(&world.state, world.now() + 7 * 86_400)
            .await
            .unwrap()
            .bodies,
        1
    );
    assert_eq!(used(&world, &session).await, 0);
}

#[tokio::test]
async fn a_commit_may_drop_as_many_large_pages_as_the_limit_says() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let push = async |person: &mut Person, pages: Vec<Vec<u8>>, drops: Vec<Ref>| {
        let (commit, pin, root) = person.commit(pages, vec![], drops, By::Writer);
        let before = Some(person.pin.head_hash);
        world
            .tell(&session, Method::PUT, &person.head_path(), before, &commit)
            .await
            .json::<Committed>();
        (person.pin, person.root) = (pin, root);
    };
    let mut large = Vec::new();
    for _ in 0..8 {
        let pages: Vec<Vec<u8>> = (0..128).map(|_| noise(PAGE_BYTES)).collect();
        large.extend(pages.iter().map(|page| Ref::Page(page_id(page))));
        push(&mut person, pages, vec![]).await;
    }
    assert_eq!(large.len() as u64, limit::REFS);
    push(&mut person, vec![page()], large.clone()).await;
    // What is dropped cannot be dropped again.
    let (commit, ..) = person.commit(vec![page()], vec![], large[..1].to_vec(), By::Writer);
    let before = Some(person.pin.head_hash);
    world
        .tell(&session, Method::PUT, &person.head_path(), before, &commit)
        .await
        .refused(ErrorCode::Refused);
    let at = world.now() + 30 * 86_400;
    assert_eq!(
        server::collect(&world.state, at).await.unwrap().pages,
        limit::REFS
    );
}

#[tokio::test]
async fn pages_and_heads_count_and_old_pages_come_back() {
    let page_len = page().len() as u64;
    let head_len = |person: &Person| person.request.collection.commit.head.0.len() as u64;
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    let commit_len = page_len + head_len(&person);
    // Room for the first commit and eleven more.
    let world = World::with(server::Config {
        attempts_per_address: 0,
        attempts_per_handle: 0,
        index_bytes: 12 * commit_len + head_len(&person) + 1,
        ..server::Config::default()
    });
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 1_000).await;
    for number in 0..11 {
        let bodies = if number == 0 {
            vec![Ref::Body(body.id)]
        } else {
            vec![]
        };
        person
            .push(&world, &session, bodies, vec![], By::Writer)
            .await
            .json::<Committed>();
    }
    let full = person.push(&world, &session, vec![], vec![], By::Writer).await;
    let left = full.refused(ErrorCode::QuotaExceeded).limit;
    assert_eq!(left, Some(head_len(&person) + 1));
    // The bytes of bodies are counted apart.
    assert_eq!(used(&world, &session).await, body.begin.ct_len);
    // A month later the dropped pages are gone, and what they took may be taken again.
    server::collect(&world.state, world.now() + 31 * 86_400)
        .await
        .unwrap();
    let mut pushed = 0;
    while person
        .push(&world, &session, vec![], vec![], By::Writer)
        .await
        .status
        == StatusCode::OK
    {
        pushed += 1;
    }
    assert_eq!(pushed, (11 * page_len + head_len(&person) + 1) / commit_len);
    let drops = vec![Ref::Body(body.id)];
    // Who has filled everything can still erase, within an eighth more.
    person
        .push(&world, &session, vec![], drops, By::Admin)
        .await
        .json::<Committed>();
    assert_eq!(used(&world, &session).await, 0);
}

#[tokio::test]
async fn a_page_that_comes_back_counts_once() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    let head_len = person.request.collection.commit.head.0.len() as u64;
    // Two commits of a page, and a third whose page is stored still.
    let world = World::with(server::Config {
        index_bytes: 2 * page().len() as u64 + 3 * head_len,
        ..server::Config::default()
    });
    let (mut person, session) = Person::create(&world, "marie").await;
    let first = person.request.collection.commit.pages[0].0.clone();
    person
        .push(&world, &session, vec![], vec![], By::Writer)
        .await
        .json::<Committed>();
    let (commit, ..) = person.commit(vec![first], vec![], vec![Ref::Page(person.root)], By::Writer);
    world
        .tell(
            &session,
            Method::PUT,
            &person.head_path(),
            Some(person.pin.head_hash),
            &commit,
        )
        .await
        .json::<Committed>();
}

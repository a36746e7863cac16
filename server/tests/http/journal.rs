//! The journal: one event for each thing that is to be told, with the change or not at all, bounded, erased in time.

use axum::http::{Method, StatusCode};
use crypto::audit::entry::{Entry, statement_hash};
use crypto::collection::refs::{Reference as Ref, Refs};
use crypto::id::Hash32;
use crypto::phrase::Password;
use crypto::words::Words;
use server::store::{Fault, MetaStore, Table};
use server::{Config, StatementError};
use shared::account::{Account, PutWords};
use shared::collection::Reference;
use shared::journal::{Happening, Journal, JournalEvent, Statements};
use shared::session::{LoginFinish, PutLabel};
use shared::{Blob, BodyId, ErrorCode, Hash, LoginId, OperationId, RecoveryId, limit, path};

use crate::person::{By, Person, record, slot};
use crate::world::{Rng, Session, World, log_write, random};

/// Every event, however many answers it takes.
async fn journal(world: &World, session: &Session) -> Vec<JournalEvent> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let asked = format!("{}?after={after}", path::JOURNAL);
        let page: Journal = world.ask(session, Method::GET, &asked).await.json();
        all.extend(page.items);
        match page.next {
            Some(next) => after = next,
            None => return all,
        }
    }
}

async fn happened(world: &World, session: &Session) -> Vec<Happening> {
    let all = journal(world, session).await;
    all.into_iter().map(|event| event.what).collect()
}

async fn rows(world: &World, kind: u8) -> usize {
    let rows = world.store.scan(Table::Account, &[kind], None, 10_000).await;
    rows.unwrap().len()
}

fn refs_hash(adds: &[Reference], drops: &[Reference]) -> Hash32 {
    let list = |list: &[Reference]| {
        let list = list.iter().map(|reference| match reference {
            Reference::Body(id) => Ref::Body(id.0),
            Reference::Page(id) => Ref::Page(id.0),
        });
        list.collect()
    };
    Refs::new(list(adds), list(drops)).unwrap().hash()
}

#[tokio::test]
async fn what_happens_is_told_in_its_order_and_each_thing_once() {
    let world = World::new();
    let (mut person, words) = Person::create(&world, "marie").await;
    world.pass(10);
    let (session, opened) = person.login(&world).await;
    let label = Blob(vec![7; 136]);
    for _ in 0..2 {
        let put = PutLabel { label: label.clone() };
        let named = world.tell(&session, Method::PUT, path::LABEL, None, &put);
        named.await.is(StatusCode::NO_CONTENT);
    }
    let body = person.upload(&world, &session, 1_000).await;
    let body_id = BodyId(body.id);
    let add = vec![Ref::Body(body.id)];
    let stored = person
        .push(&world, &session, add.clone(), vec![], By::Writer)
        .await;
    stored.succeeds();
    let purged = person.push(&world, &session, vec![], add, By::Admin).await;
    purged.succeeds();
    let other = path::OTHER_SESSION.replace("{session_id}", &words.id.to_string());
    for _ in 0..2 {
        let ended = world.ask(&session, Method::DELETE, &other).await;
        ended.is(StatusCode::NO_CONTENT);
    }
    let third = person.recover(&world).await;
    let ended = world.ask(&session, Method::DELETE, path::SESSIONS).await;
    ended.is(StatusCode::NO_CONTENT);
    let ended = world.ask(&session, Method::DELETE, path::SESSION).await;
    ended.is(StatusCode::NO_CONTENT);
    let last = person.recover(&world).await;
    let events = journal(&world, &last).await;
    let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
    assert_eq!((events[0].at + 10, events[12].at), (world.now(), world.now()));
    let signed_in = |session_id, by_words| Happening::SignedIn { session_id, by_words };
    let what: Vec<&Happening> = events.iter().map(|event| &event.what).collect();
    assert!(matches!(what[0], Happening::Changed { head_no: 0, .. }));
    assert_eq!(*what[1], signed_in(words.id, true));
    assert_eq!(*what[2], signed_in(opened.session_id, false));
    assert_eq!(
        *what[3],
        Happening::Named {
            session_id: session.id,
            label
        }
    );
    assert!(matches!(what[4], Happening::Uploaded { body_id: id, .. } if *id == body_id));
    assert!(
        matches!(what[5], Happening::Changed { head_no: 1, adds, .. } if adds.contains(&Reference::Body(body_id)))
    );
    assert!(
        matches!(what[6], Happening::Changed { head_no: 2, drops, .. } if drops.contains(&Reference::Body(body_id)))
    );
    assert_eq!(*what[7], Happening::Erased { body_id });
    assert_eq!(
        *what[8],
        Happening::Ended {
            by: session.id,
            session_id: words.id
        }
    );
    assert_eq!(*what[9], signed_in(third.id, true));
    assert_eq!(
        *what[10],
        Happening::EndedOthers {
            by: session.id,
            count: 1
        }
    );
    assert_eq!(
        *what[11],
        Happening::SignedOut {
            session_id: session.id
        }
    );
    assert_eq!(*what[12], signed_in(last.id, true));
}

#[tokio::test]
async fn a_change_is_told_with_the_lists_that_its_head_signs() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 1_000).await;
    let adds = vec![Ref::Body(body.id)];
    let stored = person.push(&world, &session, adds, vec![], By::Writer).await;
    stored.succeeds();
    let heads = format!("{}?after=0", person.path(path::HEADS));
    let heads: shared::collection::Heads = world.ask(&session, Method::GET, &heads).await.json();
    let signed = &heads.items[0].as_slice()[136..168];
    let what = happened(&world, &session).await.pop().unwrap();
    let Happening::Changed { adds, drops, .. } = what else {
        panic!("{what:?}")
    };
    assert_eq!(refs_hash(&adds, &drops), signed);
}

#[tokio::test]
async fn attempts_are_counted_by_the_hour_and_leave_nothing_for_nobody() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let wrong = Password::normalise("une autre phrase").unwrap();
    let nobody = Person::prepare(&world, "paul").await;
    for hour in 0..2_u64 {
        for _ in 0..=hour {
            // Whoever guesses sees from the first half that it is wrong: the second never comes.
            person.begin_login(&world, &wrong).await;
        }
        let (finish, _) = person.begin_login(&world, &wrong).await;
        let refused = world.post(path::SESSIONS_FINISH, &finish).await;
        refused.refused(ErrorCode::LoginFailed);
        nobody.begin_login(&world, &wrong).await;
        // The first half thrown away at the other door counts too.
        let (finish, _) = person.begin_login(&world, &wrong).await;
        let other = shared::session::RecoveryFinish {
            login_id: finish.login_id,
            proof: Blob(vec![0; 64]),
        };
        let refused = world.post(path::RECOVERIES_FINISH, &other).await;
        refused.refused(ErrorCode::LoginFailed);
        person.login(&world).await;
        world.pass(3_600);
        assert!(world.state.settle().await);
        assert!(world.state.settle().await);
    }
    let unknown = LoginFinish {
        login_id: LoginId(random()),
        ke3: Blob(vec![0; 64]),
    };
    let refused = world.post(path::SESSIONS_FINISH, &unknown).await;
    refused.refused(ErrorCode::LoginFailed);
    let (again, _) = person.login(&world).await;
    let failed: Vec<_> = journal(&world, &again)
        .await
        .into_iter()
        .filter(|event| matches!(event.what, Happening::Failed { .. }))
        .collect();
    let [failed] = &failed[..] else {
        panic!("{failed:?}")
    };
    let mut hours = vec![0; 24];
    (hours[0], hours[1]) = (3, 4);
    let by_words = false;
    assert_eq!(failed.what, Happening::Failed { by_words, hours });
    assert_eq!(failed.at % 3_600, 0);
    drop(session);
    assert_eq!(rows(&world, b'j').await, 1);
    // A day later another event begins.
    world.pass(86_400);
    person.begin_login(&world, &wrong).await;
    world.pass(61);
    assert!(world.state.settle().await);
    let (again, _) = person.login(&world).await;
    let days = happened(&world, &again).await;
    let days = days
        .iter()
        .filter(|what| matches!(what, Happening::Failed { .. }));
    assert_eq!(days.count(), 2);
}

#[tokio::test]
async fn a_new_way_in_is_told_with_how_it_was_set() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let account: Account = world.ask(&session, Method::GET, path::ACCOUNT).await.json();
    let manifest = crypto::account::record::Record::parse(account.manifest.as_slice()).unwrap();
    let words = Words::make(&mut Rng).unwrap();
    let put = PutWords {
        operation_id: OperationId(random()),
        recovery_id: RecoveryId(words.derive_recovery_id()),
        recovery_pk: Hash(words.derive_recovery_auth().public_key()),
        words_slot: slot(3, &person.id),
        manifest: record(2, &person.id, 2, manifest.manifest_hash()),
        log: log_write(),
    };
    let before = Some(manifest.manifest_hash());
    for _ in 0..2 {
        let put = world.tell(&session, Method::PUT, path::WORDS, before, &put).await;
        put.succeeds();
    }
    let told = happened(&world, &session).await;
    let (sheet, by_words) = (true, true);
    assert_eq!(told[2..], [Happening::NewWayIn { sheet, by_words }]);
}

#[tokio::test]
async fn who_cannot_be_written_down_is_not_let_in() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let (finish, _) = person.begin_login(&world, &person.password).await;
    world.store.fail_write(world.store.writes(), Fault::NotPersisted);
    let refused = world.post(path::SESSIONS_FINISH, &finish).await;
    refused.refused(ErrorCode::Unavailable);
    let open: shared::session::Sessions = world.ask(&session, Method::GET, path::SESSIONS).await.json();
    assert_eq!(open.items.len(), 1, "the session that nobody was told of is gone");
}

#[tokio::test]
async fn a_journal_forgets_its_oldest_by_number_and_by_age() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let stored = person.push(&world, &session, vec![], vec![], By::Writer).await;
    stored.succeeds();
    let before = world.now();
    for _ in 0..limit::JOURNAL_EVENTS - 2 {
        world.pass(1);
        let session = person.recover(&world).await;
        let ended = world.ask(&session, Method::DELETE, path::SESSION).await;
        ended.is(StatusCode::NO_CONTENT);
        if world.now() - before > 2_060 {
            break;
        }
    }
    let session = person.recover(&world).await;
    let events = journal(&world, &session).await;
    assert_eq!(events.len() as u64, limit::JOURNAL_EVENTS);
    assert!(events[0].number > 1);
    assert!(events.is_sorted_by(|a, b| a.number + 1 == b.number));
    assert_eq!(rows(&world, b'v').await as u64, limit::JOURNAL_EVENTS);
    // A year on nobody has come, and all of it goes.
    world.pass(limit::JOURNAL_SECONDS);
    server::collect(&world.state, world.now()).await.unwrap();
    assert_eq!((rows(&world, b'v').await, rows(&world, b'j').await), (0, 1));
    let session = person.recover(&world).await;
    let left = journal(&world, &session).await;
    assert_eq!(left.len(), 1);
    assert!(left[0].number > limit::JOURNAL_EVENTS);
    // The newer half stays when only the older half is too old.
    world.pass(limit::JOURNAL_SECONDS - 100);
    person.recover(&world).await;
    world.pass(100);
    server::collect(&world.state, world.now()).await.unwrap();
    assert_eq!(rows(&world, b'v').await, 1);
}

#[tokio::test]
async fn a_closed_account_leaves_no_journal_and_sees_no_other() {
    let world = World::new();
    let (marie, session) = Person::create(&world, "marie").await;
    let (_, other) = Person::create(&world, "paul").await;
    let wrong = Password::normalise("une autre phrase").unwrap();
    marie.begin_login(&world, &wrong).await;
    let theirs = happened(&world, &other).await;
    assert_eq!(theirs.len(), 2);
    let closed = world.ask(&session, Method::DELETE, path::ACCOUNT).await;
    closed.is(StatusCode::NO_CONTENT);
    assert!(world.state.settle().await);
    assert_eq!((rows(&world, b'v').await, rows(&world, b'j').await), (2, 1));
    world.pass(limit::JOURNAL_SECONDS - 10);
    server::collect(&world.state, world.now()).await.unwrap();
    assert_eq!(rows(&world, b'v').await, 2);
}

#[tokio::test]
async fn what_the_operator_says_stands_in_the_log_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data: folder.path().join("data"),
        min_free_bytes: 1 << 20,
        ..Config::default()
    };
    let text = "Remplacement d’un disque le 12 mars.\nAucun document n’a été touché.";
    let index = server::state_to_all(&config, text).await.unwrap();
    for wrong in ["", " \n", "une\tligne", &"x".repeat(2_049)] {
        let refused = server::state_to_all(&config, wrong).await;
        assert!(matches!(refused, Err(StatementError::Text)), "{wrong}");
    }
    let state = until_open(&config).await;
    let running = server::state_to_all(&config, text).await;
    assert!(matches!(running, Err(StatementError::Running)));
    let world = World::of(state);
    let (_, session) = Person::create(&world, "marie").await;
    let told: Statements = world.ask(&session, Method::GET, path::STATEMENTS).await.json();
    let [statement] = &told.items[..] else {
        panic!("{told:?}")
    };
    assert_eq!((statement.index, statement.text.as_str()), (index, text));
    let entry = Entry::Operator {
        statement_hash: statement_hash(statement.at, text),
    };
    let tile = world.get("/log/tile/entries/000.p/1").await;
    tile.succeeds();
    assert!(tile.body.ends_with(&entry.to_bytes()));
    let refused = world.get(path::STATEMENTS).await;
    refused.refused(ErrorCode::SignedOut);
}

/// The engine gives its lock back a moment after it is dropped.
async fn until_open(config: &Config) -> server::State {
    for _ in 0..500 {
        if let Ok(state) = server::open(config).await {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the folder stays locked")
}

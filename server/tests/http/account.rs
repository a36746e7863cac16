//! Accounts: created once and whole, read back byte by byte, manifest and password under compare-and-swap.

use axum::http::{Method, StatusCode};
use crypto::account::record::Record;
use crypto::phrase::Password;
use server::store::{Batch, Fault, MetaStore, Table};
use shared::account::{
    Account, CreateAccount, ManifestStored, PutManifest, PutPassword, RegistrationChallenge,
    RegistrationStart,
};
use shared::collection::Reference;
use shared::{AccountId, Blob, BodyId, ErrorCode, Hash, OperationId, path};

use crate::person::{Person, page, record, slot};
use crate::world::{World, log_write, noise, random};

fn manifest_hash(manifest: &Blob) -> [u8; 32] {
    Record::parse(manifest.as_slice()).unwrap().manifest_hash()
}

fn next(person: &Person, before: &Blob, version: u64) -> Blob {
    record(2, &person.id, version, manifest_hash(before))
}

#[tokio::test]
async fn an_account_reads_back_as_it_was_sent() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let account: Account = world.ask(&session, Method::GET, path::ACCOUNT).await.json();
    let sent = &person.request;
    assert_eq!(
        (account.account_id.0, account.handle.as_str()),
        (person.id, "marie")
    );
    assert_eq!(
        (&account.secrets, &account.manifest, &account.bundle),
        (&sent.secrets, &sent.manifest, &sent.bundle)
    );
    assert_eq!(account.slots.len(), 2);
    assert!(account.slots.contains(&sent.password_slot) && account.slots.contains(&sent.words_slot));
    assert_eq!((account.quota.used, account.quota.reserved), (0, 0));
}

#[tokio::test]
async fn creating_is_idempotent_and_nothing_else_takes_its_place() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .is(StatusCode::CREATED);
    let changed = CreateAccount {
        operation_id: OperationId(random()),
        ..person.request.clone()
    };
    world
        .post(path::ACCOUNTS, &changed)
        .await
        .refused(ErrorCode::Conflict);

    let start = RegistrationStart {
        handle: "marie".to_owned(),
        request: Blob(noise(32)),
    };
    world
        .post(path::REGISTRATIONS, &start)
        .await
        .refused(ErrorCode::HandleTaken);
    let other = Person::prepare(&world, "jean").await;
    let taken = CreateAccount {
        handle: "marie".to_owned(),
        ..other.request.clone()
    };
    world
        .post(path::ACCOUNTS, &taken)
        .await
        .refused(ErrorCode::HandleTaken);
    let taken = CreateAccount {
        recovery_id: person.request.recovery_id,
        ..other.request.clone()
    };
    world
        .post(path::ACCOUNTS, &taken)
        .await
        .refused(ErrorCode::Conflict);
    let mut taken = other.request.clone();
    taken.collection = person.request.collection.clone();
    world
        .post(path::ACCOUNTS, &taken)
        .await
        .refused(ErrorCode::Conflict);
}

#[tokio::test]
async fn an_account_is_whole_or_absent_whatever_the_store_does() {
    let world = World::new();
    let person = Person::prepare(&world, "marie").await;
    world.store.fail_write(world.store.writes(), Fault::NotPersisted);
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .refused(ErrorCode::Unavailable);
    world.store.fail_write(world.store.writes(), Fault::Full);
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .refused(ErrorCode::StorageFull);
    world
        .store
        .fail_write(world.store.writes(), Fault::PersistedButFailed);
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .refused(ErrorCode::Unavailable);
    // It is there now: asking again says so.
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .is(StatusCode::CREATED);
    person.recover(&world).await;
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let world = World::new();
    let person = Person::prepare(&world, "marie").await;
    let other = Person::prepare(&world, "jean").await;
    type Change<'a> = Box<dyn Fn(&mut CreateAccount) + 'a>;
    let id = person.id;
    let flip = |blob: &mut Blob, at: usize| blob.0[at] ^= 1;
    let changes: Vec<(&str, Change<'_>)> = vec![
        (
            "account id",
            Box::new(|request| request.account_id = AccountId(random())),
        ),
        (
            "registration",
            Box::new(|request| request.registration = Blob(noise(191))),
        ),
        (
            "recovery key",
            Box::new(|request| request.recovery_pk = Hash([0; 32])),
        ),
        (
            "slot of words for password",
            Box::new(|request| request.password_slot = slot(3, &id)),
        ),
        (
            "slot of another",
            Box::new(|request| request.words_slot = slot(3, &random())),
        ),
        (
            "slot magic",
            Box::new(move |request| flip(&mut request.words_slot, 0)),
        ),
        (
            "manifest for secrets",
            Box::new(|request| request.secrets = record(2, &id, 1, [0; 32])),
        ),
        (
            "manifest version",
            Box::new(|request| request.manifest = record(2, &id, 2, [1; 32])),
        ),
        (
            "bundle of another",
            Box::new(|request| request.bundle = other.request.bundle.clone()),
        ),
        (
            "bundle signature",
            Box::new(move |request| flip(&mut request.bundle, 1330)),
        ),
        (
            "charter signature",
            Box::new(move |request| flip(&mut request.collection.charter, 170)),
        ),
        (
            "charter of another",
            Box::new(|request| request.collection.charter = other.request.collection.charter.clone()),
        ),
        (
            "head signature",
            Box::new(move |request| flip(&mut request.collection.commit.head, 250)),
        ),
        (
            "head of another",
            Box::new(|request| request.collection.commit.head = other.request.collection.commit.head.clone()),
        ),
        (
            "page",
            Box::new(move |request| flip(&mut request.collection.commit.pages[0], 5)),
        ),
        (
            "page missing",
            Box::new(|request| request.collection.commit.pages.clear()),
        ),
        (
            "page too many",
            Box::new(|request| request.collection.commit.pages.push(Blob(page()))),
        ),
        (
            "page twice",
            Box::new(|request| {
                let again = request.collection.commit.pages[0].clone();
                request.collection.commit.pages.push(again);
            }),
        ),
        (
            "reference added",
            Box::new(|request| {
                request
                    .collection
                    .commit
                    .adds
                    .insert(0, Reference::Body(BodyId([0; 16])));
            }),
        ),
    ];
    for (name, change) in changes {
        let mut request = person.request.clone();
        change(&mut request);
        let answer = world.post(path::ACCOUNTS, &request).await;
        assert_eq!(answer.refused(ErrorCode::Refused).limit, None, "{name}");
    }
    world
        .post(path::ACCOUNTS, &person.request)
        .await
        .is(StatusCode::CREATED);
}

#[tokio::test]
async fn a_manifest_follows_the_one_before_or_loses_the_race() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let first = &person.request.manifest;
    let (mine, theirs) = (next(&person, first, 2), next(&person, first, 2));
    let put = |manifest: &Blob, before: [u8; 32]| {
        let body = PutManifest {
            log: log_write(),
            manifest: manifest.clone(),
        };
        let (world, session) = (&world, &session);
        async move {
            world
                .tell(session, Method::PUT, path::MANIFEST, Some(before), &body)
                .await
        }
    };
    for _ in 0..2 {
        let stored: ManifestStored = put(&mine, manifest_hash(first)).await.json();
        assert_eq!(stored.manifest_hash.0, manifest_hash(&mine));
    }
    put(&theirs, manifest_hash(first))
        .await
        .refused(ErrorCode::LostRace);
    for wrong in [
        next(&person, &mine, 4),
        next(&person, first, 3),
        record(2, &random(), 3, manifest_hash(&mine)),
        record(1, &person.id, 3, [0; 32]),
        Blob(noise(80)),
    ] {
        put(&wrong, manifest_hash(&mine))
            .await
            .refused(ErrorCode::Refused);
    }
    let body = PutManifest {
        log: log_write(),
        manifest: next(&person, &mine, 3),
    };
    world
        .tell(&session, Method::PUT, path::MANIFEST, None, &body)
        .await
        .refused(ErrorCode::Malformed);
    let account: Account = world.ask(&session, Method::GET, path::ACCOUNT).await.json();
    assert_eq!(account.manifest, mine);
}

#[tokio::test]
async fn of_two_manifests_at_once_exactly_one_wins() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let before = manifest_hash(&person.request.manifest);
    let bodies: Vec<PutManifest> = (0..8)
        .map(|_| PutManifest {
            log: log_write(),
            manifest: next(&person, &person.request.manifest, 2),
        })
        .collect();
    let puts = bodies
        .iter()
        .map(|body| world.tell(&session, Method::PUT, path::MANIFEST, Some(before), body));
    let answers = futures::future::join_all(puts).await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.status == StatusCode::OK)
            .count(),
        1
    );
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.status == StatusCode::PRECONDITION_FAILED)
            .count(),
        7
    );
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_every_other_session() {
    let world = World::new();
    let (mut person, words) = Person::create(&world, "marie").await;
    let (session, _) = person.login(&world).await;
    // Begun under the old password, finished after it is gone.
    let (under_way, _) = person.begin_login(&world, &person.password).await;
    let new = Password::normalise("une nouvelle phrase secrète de huit mots").unwrap();
    let registration = {
        let (registration, request) =
            crypto::opaque::client::registration_start(&new, &mut crate::world::Rng).unwrap();
        let start = RegistrationStart {
            handle: "marie".to_owned(),
            request: Blob(request.to_vec()),
        };
        // Signed by the holder, the handle is not taken.
        world
            .post(path::REGISTRATIONS, &start)
            .await
            .refused(ErrorCode::HandleTaken);
        let answer = world
            .tell(&session, Method::POST, path::REGISTRATIONS, None, &start)
            .await;
        let response = answer.json::<RegistrationChallenge>().response;
        let (deployment, credential) = (world.state.deployment_id(), person.handle.credential_id());
        let done = registration.finish(
            &deployment,
            &credential,
            response.as_slice(),
            &mut crate::world::Rng,
        );
        done.unwrap().record
    };
    let before = manifest_hash(&person.request.manifest);
    let put = PutPassword {
        log: log_write(),
        operation_id: OperationId(random()),
        registration: Blob(registration.to_vec()),
        password_slot: slot(1, &person.id),
        manifest: next(&person, &person.request.manifest, 2),
    };
    // The answer is lost, the new password is there: what the old one opened ends all the same.
    world
        .store
        .fail_write(world.store.writes(), Fault::PersistedButFailed);
    world
        .tell(&session, Method::PUT, path::PASSWORD, Some(before), &put)
        .await
        .refused(ErrorCode::Unavailable);
    world
        .ask(&words, Method::GET, path::ACCOUNT)
        .await
        .refused(ErrorCode::PhraseChanged);
    for _ in 0..2 {
        let answer = world
            .tell(&session, Method::PUT, path::PASSWORD, Some(before), &put)
            .await;
        assert_eq!(
            answer.json::<ManifestStored>().manifest_hash.0,
            manifest_hash(&put.manifest)
        );
    }
    let same_operation = PutPassword {
        password_slot: slot(1, &person.id),
        ..put.clone()
    };
    let answer = world
        .tell(
            &session,
            Method::PUT,
            path::PASSWORD,
            Some(before),
            &same_operation,
        )
        .await;
    answer.refused(ErrorCode::Conflict);
    let late = PutPassword {
        operation_id: OperationId(random()),
        ..put.clone()
    };
    world
        .tell(&session, Method::PUT, path::PASSWORD, Some(before), &late)
        .await
        .refused(ErrorCode::LostRace);

    world
        .ask(&words, Method::GET, path::ACCOUNT)
        .await
        .refused(ErrorCode::PhraseChanged);
    world
        .post(path::SESSIONS_FINISH, &under_way)
        .await
        .refused(ErrorCode::LoginFailed);
    let (old, key) = person.begin_login(&world, &person.password).await;
    assert!(key.is_none());
    world
        .post(path::SESSIONS_FINISH, &old)
        .await
        .refused(ErrorCode::LoginFailed);
    person.password = new;
    let (_, opened) = person.login(&world).await;
    assert_eq!(opened.slot, put.password_slot);
    let account: Account = world.ask(&session, Method::GET, path::ACCOUNT).await.json();
    assert_eq!(account.slots.len(), 2);
    person.recover(&world).await;
}

#[tokio::test]
async fn a_password_changes_only_a_moment_after_signing_in() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    world.pass(15 * 60 + 1);
    let put = PutPassword {
        log: log_write(),
        operation_id: OperationId(random()),
        registration: person.request.registration.clone(),
        password_slot: slot(1, &person.id),
        manifest: next(&person, &person.request.manifest, 2),
    };
    let before = manifest_hash(&person.request.manifest);
    let answer = world
        .tell(&session, Method::PUT, path::PASSWORD, Some(before), &put)
        .await;
    answer.refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_login_that_the_change_of_password_did_not_see_fails_at_its_end() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    // As one is left that began while the password changed: remembered afterwards, under the record before.
    let (login, _) = person.begin_login(&world, &person.password).await;
    let key = [b"p".as_slice(), &person.handle.credential_id()].concat();
    let row = world.store.get(Table::Login, &key).await.unwrap().unwrap();
    let other = [&row[..row.len() - 1], &[row[row.len() - 1] ^ 1]].concat();
    let batch = Batch {
        put: vec![(Table::Login, key, other)],
        ..Batch::default()
    };
    world.store.commit(batch).await.unwrap();
    world
        .post(path::SESSIONS_FINISH, &login)
        .await
        .refused(ErrorCode::LoginFailed);
}

#[tokio::test]
async fn accounts_are_made_at_a_bounded_rate_and_are_small() {
    let world = World::with(server::Config {
        attempts_per_address: 0,
        attempts_per_handle: 0,
        new_accounts: 2,
        ..server::Config::default()
    });
    let (first, _) = Person::create(&world, "marie").await;
    let (_, _) = Person::create(&world, "jean").await;
    let third = Person::prepare(&world, "paul").await;
    let answer = world.post(path::ACCOUNTS, &third.request).await;
    let wait = answer.refused(ErrorCode::TooMany).retry_after.unwrap();
    assert_eq!(answer.headers["retry-after"], wait.to_string());
    // A repeated request makes no account.
    world
        .post(path::ACCOUNTS, &first.request)
        .await
        .is(StatusCode::CREATED);
    world.pass(u64::from(wait));
    world
        .post(path::ACCOUNTS, &third.request)
        .await
        .is(StatusCode::CREATED);
    // An account begins with one page.
    let mut fat = Person::prepare(&world, "luc").await;
    fat.request.collection.commit = fat.first_commit(2);
    world
        .post(path::ACCOUNTS, &fat.request)
        .await
        .refused(ErrorCode::Refused);
    fat.request.collection.commit = fat.first_commit(1);
    world
        .post(path::ACCOUNTS, &fat.request)
        .await
        .is(StatusCode::CREATED);
}

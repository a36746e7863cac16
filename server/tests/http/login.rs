//! Login: alike for unknown and wrong, once, in time; sessions and their end; limits on attempts.

use axum::http::{Method, StatusCode};
use crypto::account::handle::Handle;
use crypto::phrase::Password;
use server::Config;
use server::store::{Batch, MetaStore, Table};
use shared::session::{LoginChallenge, LoginFinish, LoginStart, RecoveryFinish, RecoveryStart};
use shared::{Blob, ErrorCode, LoginId, RecoveryId, path};

use crate::person::Person;
use crate::world::{Answer, World, noise, random};

fn wrong() -> Password {
    Password::normalise("un autre mot de passe").unwrap()
}

#[tokio::test]
async fn a_password_opens_a_session_and_gives_the_slot() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    let (session, opened) = person.login(&world).await;
    assert_eq!(opened.account_id.0, person.id);
    assert_eq!(opened.slot, person.request.password_slot);
    assert_eq!(
        world.ask(&session, Method::GET, path::ACCOUNT).await.status,
        StatusCode::OK
    );
    world
        .ask(&session, Method::DELETE, path::SESSION)
        .await
        .is(StatusCode::NO_CONTENT);
    world
        .ask(&session, Method::GET, path::ACCOUNT)
        .await
        .refused(ErrorCode::SignedOut);
}

#[tokio::test]
async fn unknown_account_and_wrong_password_answer_alike() {
    let world = World::new();
    let (marie, _) = Person::create(&world, "marie").await;
    let mut nobody = Person::prepare(&world, "personne").await;
    nobody.handle = Handle::parse("personne-ici").unwrap();
    let mut shapes = Vec::new();
    for person in [&marie, &nobody] {
        let (finish, key) = person.begin_login(&world, &wrong()).await;
        assert!(key.is_none());
        let answer = world.post(path::SESSIONS_FINISH, &finish).await;
        answer.refused(ErrorCode::LoginFailed);
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        shapes.push((answer.status, names, answer.body.len()));
    }
    assert_eq!(shapes[0], shapes[1]);
    // The first halves too.
    let start = |handle: &str| LoginStart {
        handle: handle.to_owned(),
        ke1: Blob(ke1()),
    };
    let known = world.post(path::SESSIONS_START, &start("marie")).await;
    let unknown = world.post(path::SESSIONS_START, &start("personne-ici")).await;
    assert_eq!(
        (known.status, known.body.len()),
        (unknown.status, unknown.body.len())
    );
    assert_eq!(
        known.json::<LoginChallenge>().ke2.0.len(),
        unknown.json::<LoginChallenge>().ke2.0.len()
    );
}

/// Status, header names and the length of the body.
fn shape(answer: &Answer) -> (StatusCode, Vec<String>, usize) {
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (answer.status, names, answer.body.len())
}

#[tokio::test]
async fn every_failed_login_answers_alike() {
    let world = World::new();
    let (marie, _) = Person::create(&world, "marie").await;
    let mut nobody = Person::prepare(&world, "personne").await;
    nobody.handle = Handle::parse("personne-ici").unwrap();
    let (mut starts, mut finishes) = (Vec::new(), Vec::new());
    // Words of an account, with a proof of its length and with one of none; words of nobody, rightly proven.
    for (person, proof) in [
        (&marie, Some(noise(64))),
        (&marie, Some(vec![])),
        (&nobody, Some(noise(64))),
        (&nobody, None),
    ] {
        let start = RecoveryStart {
            recovery_id: person.request.recovery_id,
        };
        let answer = world.post(path::RECOVERIES_START, &start).await;
        let challenge: shared::session::RecoveryChallenge = answer.json();
        starts.push(shape(&answer));
        let auth = person.words.derive_recovery_auth();
        let right = auth.make_proof(
            &world.state.deployment_id(),
            challenge.challenge.as_bytes(),
            challenge.login_id.as_bytes(),
        );
        let finish = RecoveryFinish {
            login_id: challenge.login_id,
            proof: Blob(proof.unwrap_or_else(|| right.to_vec())),
        };
        let answer = world.post(path::RECOVERIES_FINISH, &finish).await;
        answer.refused(ErrorCode::LoginFailed);
        finishes.push(shape(&answer));
    }
    assert!(starts.iter().all(|shape| *shape == starts[0]), "{starts:?}");
    // A wrong phrase, and one for nobody.
    for person in [&marie, &nobody] {
        let (finish, _) = person.begin_login(&world, &wrong()).await;
        finishes.push(shape(&world.post(path::SESSIONS_FINISH, &finish).await));
    }
    // A record that was tampered with: the same handle, another ciphertext.
    let key = [b"p".as_slice(), &marie.handle.credential_id()].concat();
    let mut record = world.store.get(Table::Login, &key).await.unwrap().unwrap();
    *record.last_mut().unwrap() ^= 1;
    let put = vec![(Table::Login, key, record)];
    let batch = Batch {
        put,
        ..Batch::default()
    };
    world.store.commit(batch).await.unwrap();
    let (finish, key) = marie.begin_login(&world, &marie.password).await;
    assert!(key.is_none(), "the client saw it");
    finishes.push(shape(&world.post(path::SESSIONS_FINISH, &finish).await));
    assert!(finishes.iter().all(|shape| *shape == finishes[0]), "{finishes:?}");
}

fn ke1() -> Vec<u8> {
    let (_, ke1) = crypto::opaque::client::login_start(&wrong(), &mut crate::world::Rng).unwrap();
    ke1.to_vec()
}

#[tokio::test]
async fn a_replayed_late_or_foreign_second_half_is_refused() {
    let world = World::new();
    let (person, _) = Person::create(&world, "marie").await;
    let (finish, _) = person.begin_login(&world, &person.password).await;
    assert_eq!(
        world.post(path::SESSIONS_FINISH, &finish).await.status,
        StatusCode::OK
    );
    world
        .post(path::SESSIONS_FINISH, &finish)
        .await
        .refused(ErrorCode::LoginFailed);

    let (late, _) = person.begin_login(&world, &person.password).await;
    world.pass(60);
    world
        .post(path::SESSIONS_FINISH, &late)
        .await
        .refused(ErrorCode::LoginFailed);

    let (one, _) = person.begin_login(&world, &person.password).await;
    let (other, _) = person.begin_login(&world, &person.password).await;
    let crossed = LoginFinish {
        login_id: one.login_id,
        ke3: other.ke3,
    };
    world
        .post(path::SESSIONS_FINISH, &crossed)
        .await
        .refused(ErrorCode::LoginFailed);
    // A wrong answer uses its login up.
    world
        .post(path::SESSIONS_FINISH, &one)
        .await
        .refused(ErrorCode::LoginFailed);

    let unknown = LoginFinish {
        login_id: LoginId(random()),
        ke3: Blob(noise(64)),
    };
    world
        .post(path::SESSIONS_FINISH, &unknown)
        .await
        .refused(ErrorCode::LoginFailed);
}

#[tokio::test]
async fn the_words_open_a_session_and_nothing_else_does() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    assert_eq!(
        world.ask(&session, Method::GET, path::ACCOUNT).await.status,
        StatusCode::OK
    );
    let start = RecoveryStart {
        recovery_id: person.request.recovery_id,
    };
    for proof in [noise(64), noise(63), vec![]] {
        let challenge: shared::session::RecoveryChallenge =
            world.post(path::RECOVERIES_START, &start).await.json();
        let finish = RecoveryFinish {
            login_id: challenge.login_id,
            proof: Blob(proof),
        };
        world
            .post(path::RECOVERIES_FINISH, &finish)
            .await
            .refused(ErrorCode::LoginFailed);
        // The challenge of the words is no login by password, either.
        let finish = LoginFinish {
            login_id: challenge.login_id,
            ke3: Blob(noise(64)),
        };
        world
            .post(path::SESSIONS_FINISH, &finish)
            .await
            .refused(ErrorCode::LoginFailed);
    }
}

#[tokio::test]
async fn attempts_are_limited_by_address_and_by_handle() {
    let limited = |address, handle| {
        World::with(Config {
            attempts_per_address: address,
            attempts_per_handle: handle,
            ..Config::default()
        })
    };
    let start = |handle: &str| LoginStart {
        handle: handle.to_owned(),
        ke1: Blob(ke1()),
    };
    let world = limited(0, 2);
    for _ in 0..2 {
        assert_eq!(
            world.post(path::SESSIONS_START, &start("marie")).await.status,
            StatusCode::OK
        );
    }
    let answer = world.post(path::SESSIONS_START, &start("marie")).await;
    let wait = answer.refused(ErrorCode::TooMany).retry_after.unwrap();
    assert_eq!(answer.headers["retry-after"], wait.to_string());
    assert_eq!(
        world.post(path::SESSIONS_START, &start("jean")).await.status,
        StatusCode::OK
    );
    world.pass(u64::from(wait));
    assert_eq!(
        world.post(path::SESSIONS_START, &start("marie")).await.status,
        StatusCode::OK
    );

    // The words of one account count too, known or not, and apart from its password.
    let words = RecoveryStart {
        recovery_id: RecoveryId(random()),
    };
    for _ in 0..2 {
        assert_eq!(
            world.post(path::RECOVERIES_START, &words).await.status,
            StatusCode::OK
        );
    }
    let answer = world.post(path::RECOVERIES_START, &words).await;
    answer.refused(ErrorCode::TooMany);
    assert!(answer.headers.contains_key("retry-after"));

    let world = limited(1, 0);
    assert_eq!(
        world.post(path::SESSIONS_START, &start("marie")).await.status,
        StatusCode::OK
    );
    world
        .post(path::SESSIONS_START, &start("jean"))
        .await
        .refused(ErrorCode::TooMany);
    let recovery = RecoveryStart {
        recovery_id: RecoveryId(random()),
    };
    world
        .post(path::RECOVERIES_START, &recovery)
        .await
        .refused(ErrorCode::TooMany);
}

#[tokio::test]
async fn a_session_ends_when_idle_and_signs_nothing_but_its_own_requests() {
    let world = World::new();
    let (_, session) = Person::create(&world, "marie").await;
    let mut other = session.clone();
    other.key = crypto::session::MacKey::from_bytes([7; 32]);
    world
        .ask(&other, Method::GET, path::ACCOUNT)
        .await
        .refused(ErrorCode::SignedOut);
    // Signed for another route, then for another method.
    for (method, target) in [(Method::GET, path::QUOTA), (Method::DELETE, path::ACCOUNT)] {
        let mut request = session.sign(axum::http::Request::builder(), method, target, vec![]);
        *request.uri_mut() = path::ACCOUNT.parse().unwrap();
        *request.method_mut() = Method::GET;
        world.send(request).await.refused(ErrorCode::SignedOut);
    }
    world.pass(2 * 3600);
    world
        .ask(&session, Method::GET, path::ACCOUNT)
        .await
        .refused(ErrorCode::SignedOut);
}

#[tokio::test]
async fn behind_a_proxy_the_address_is_the_one_that_the_proxy_saw() {
    let world = World::with(Config {
        https: true,
        attempts_per_address: 1,
        ..Config::default()
    });
    let start = RecoveryStart {
        recovery_id: RecoveryId(random()),
    };
    let send = |forwarded: &str| {
        let request = axum::http::Request::post(path::RECOVERIES_START)
            .header("content-type", "application/json")
            .header("x-forwarded-for", forwarded);
        world.send(request.body(serde_json::to_vec(&start).unwrap().into()).unwrap())
    };
    assert_eq!(send("192.0.2.1").await.status, StatusCode::OK);
    assert_eq!(send("192.0.2.2").await.status, StatusCode::OK);
    send("198.51.100.9, 192.0.2.1").await.refused(ErrorCode::TooMany);
}

#[tokio::test]
async fn who_signed_in_from_home_is_not_locked_out_by_others() {
    let world = World::with(Config {
        https: true,
        attempts_per_address: 0,
        attempts_per_handle: 2,
        ..Config::default()
    });
    let (person, _) = Person::create(&world, "marie").await;
    let post = |target: &'static str, from: String, json: Vec<u8>| {
        let request = axum::http::Request::post(target)
            .header("content-type", "application/json")
            .header("x-forwarded-for", from);
        world.send(request.body(json.into()).unwrap())
    };
    let start = async |from: &str| {
        let start = RecoveryStart {
            recovery_id: person.request.recovery_id,
        };
        post(
            path::RECOVERIES_START,
            from.to_owned(),
            serde_json::to_vec(&start).unwrap(),
        )
        .await
    };
    let challenge: shared::session::RecoveryChallenge = start("192.0.2.1").await.json();
    let auth = person.words.derive_recovery_auth();
    let (login, nonce) = (challenge.login_id, challenge.challenge);
    let proof = auth.make_proof(&world.state.deployment_id(), nonce.as_bytes(), login.as_bytes());
    let finish = RecoveryFinish {
        login_id: challenge.login_id,
        proof: Blob(proof.to_vec()),
    };
    let finish = serde_json::to_vec(&finish).unwrap();
    let opened = post(path::RECOVERIES_FINISH, "192.0.2.1".to_owned(), finish).await;
    assert_eq!(opened.status, StatusCode::OK);
    let mut tried = 0;
    for number in 2..100 {
        while start(&format!("198.51.100.{number}")).await.status == StatusCode::OK {
            tried += 1;
        }
    }
    assert_eq!(tried, 18, "ten networks' worth, of which two attempts were hers");
    assert_eq!(start("192.0.2.1").await.status, StatusCode::OK);
    start("192.0.2.1").await.refused(ErrorCode::TooMany);
}

//! Logins that must come to nothing, and must look alike: numbers 2, 3, 4 and 7 of the hostile-server checklist.

use sdk::flows::account::Draft;
use sdk::flows::login::{self, OpenError};
use sdk::{Check, Subject};
use shared::session::LoginChallenge;
use shared::{Problem, path};
use tests::evil::{Evil, Exchange, Inside, Switch, creation_of};
use tests::person::{Desk, Person};
use tests::world::World;

use crate::verdict::{noticed, verdict};
use crate::world;

/// An account with a phrase of the test's choice.
async fn creates(handle: &str, phrase: &str, desk: &Desk) -> Person {
    let draft = Draft::make(desk.device()).unwrap();
    draft.register(handle, phrase).await.unwrap();
    let words: Vec<_> = draft
        .words()
        .iter()
        .map(|word| word.as_str().to_owned())
        .collect();
    Person {
        handle: handle.to_owned(),
        phrase: phrase.to_owned(),
        words: words.join(" "),
    }
}

async fn inside(world: &World) -> Inside {
    let desk = Desk::new(world);
    Inside::of(
        world,
        Draft::make(desk.device()).unwrap().deployment().await.unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn n02_the_record_or_key_of_another_account_is_a_failed_login() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    // One phrase for both: names alone keep the two accounts apart.
    let phrase = "une phrase avec assez de mots";
    let alice = creates("alice", phrase, &desk).await;
    creates("bob", phrase, &desk).await;
    let seen = evil.memory();
    let registration = |handle| creation_of(&seen, handle).registration.0;
    let (a, b) = (registration("alice"), registration("bob"));
    let attacks = [
        inside(&world)
            .await
            .answers_with("record and key of another account", "bob", &b),
        inside(&world)
            .await
            .answers_with("the record of another account", "alice", &b),
        inside(&world)
            .await
            .answers_with("the key of another account", "bob", &a),
    ];
    for attack in attacks {
        let name = attack.name().to_owned();
        let opening = async || login::open(desk.device(), &alice.handle, &alice.phrase).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!((verdict.code, verdict.check), ("wrong_phrase", None), "{name}");
    }
    for attack in Switch::N02.attacks() {
        let name = attack.name().to_owned();
        let opening = async || login::open(desk.device(), &alice.handle, &alice.phrase).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        let expected = (Some(Check::ReadBack), Some(Subject::Account));
        assert_eq!((verdict.check, verdict.subject), expected, "{name}");
    }
    // The name in another case is the same name.
    let typed = Person {
        handle: "ALICE".to_owned(),
        ..alice
    };
    typed.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n03_whether_an_account_exists_is_not_said() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    for attack in Switch::N03.attacks() {
        let name = attack.name().to_owned();
        let opening = async || {
            if name.contains("recoveries") {
                login::open_with_words(desk.device(), &alice.words).await
            } else {
                login::open(desk.device(), &alice.handle, &alice.phrase).await
            }
        };
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!((verdict.code, verdict.check), ("wrong_phrase", None), "{name}");
    }
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n03_known_and_unknown_accounts_look_alike_on_the_wire() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let mut looks = Vec::new();
    for handle in ["alice", "alicf"] {
        let before = evil.memory().len();
        let failed = login::open(desk.device(), handle, "une autre phrase").await;
        assert!(matches!(failed, Err(OpenError::Wrong)), "{handle}");
        looks.push(evil.memory()[before..].iter().map(look).collect::<Vec<_>>());
    }
    assert_eq!(looks[0], looks[1]);
    assert_eq!(looks[0].len(), 2, "deployment, first half: the client ends it");
    // Whoever answers KE2 with a KE3 of their own is told the same of both.
    let mut ends = Vec::new();
    for handle in ["alice", "alicf"] {
        let refused = forced_finish(&desk, handle).await;
        ends.push((refused.status, refused.code, refused.retry_after, refused.limit));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].0, 401);
    // Words of nobody are one error with a wrong phrase.
    let nobody = Draft::make(desk.device()).unwrap().words();
    let nobody: Vec<_> = nobody.iter().map(|word| word.as_str()).collect();
    let failed = login::open_with_words(desk.device(), &nobody.join(" ")).await;
    assert_eq!(verdict(&failed.err().unwrap()).code, "wrong_phrase");
    alice.opens(&desk).await;
}

/// What an onlooker sees of an exchange: no name, no random byte.
fn look(exchange: &Exchange) -> impl PartialEq + std::fmt::Debug + use<> {
    let Exchange { request, response } = exchange;
    let headers: Vec<_> = response.headers.iter().map(|(name, _)| name.clone()).collect();
    let asked: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
    (
        (request.method, request.path.clone(), asked, request.body.len()),
        (response.status, headers, response.body.len()),
    )
}

/// Starts a login and ends it with a KE3 of zeros.
async fn forced_finish(desk: &Desk, handle: &str) -> Problem {
    use sdk::Transport;
    use sdk::flows::{Method, Request};
    let line = tests::adversary::OverLine(std::rc::Rc::clone(&desk.line));
    let post = |path: &str, body: serde_json::Value| Request {
        method: Method::Post,
        path: path.to_owned(),
        headers: vec![("content-type", "application/json".to_owned())],
        body: serde_json::to_vec(&body).unwrap().into(),
        max_answer: 1 << 16,
    };
    let ke1 = crypto::opaque::client::login_start(
        &crypto::phrase::Password::normalise("x").unwrap(),
        &mut sdk::native::SystemRandom,
    )
    .unwrap()
    .1;
    let ke1 = shared::Blob(ke1.to_vec());
    let start = post(
        path::SESSIONS_START,
        serde_json::json!({ "handle": handle, "ke1": ke1 }),
    );
    let answer = line.send(start).await.unwrap();
    let challenge = serde_json::from_slice::<LoginChallenge>(&answer.body).unwrap();
    let ke3 = shared::Blob(vec![0; 64]);
    let finish = serde_json::json!({ "login_id": challenge.login_id, "ke3": ke3 });
    let answer = line.send(post(path::SESSIONS_FINISH, finish)).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn n04_ke2_replayed_reflected_or_malformed_is_a_failed_login() {
    let (world, elsewhere) = (world().await, crate::world().await);
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    Person::creates_account("bob", &desk).await;
    // The same name and phrase at another deployment, which is asked in secret.
    let far = Desk::new(&elsewhere);
    let there = Evil::on(&far.line);
    Person::creates_account("alice", &far).await;
    let registration = creation_of(&there.memory(), "alice").registration.0;
    let relayed = inside(&elsewhere)
        .await
        .answers_with("KE2 of another deployment", "alice", &registration);
    for attack in Switch::N04.attacks().into_iter().chain([relayed]) {
        let name = attack.name().to_owned();
        let opening = async || login::open(desk.device(), &alice.handle, &alice.phrase).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!((verdict.code, verdict.check), ("wrong_phrase", None), "{name}");
    }
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n07_logins_with_altered_records_fail_alike() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    Person::creates_account("bob", &desk).await;
    let seen = evil.memory();
    let registration = |handle| creation_of(&seen, handle).registration.0;
    let (own, others) = (registration("alice"), registration("bob"));
    // RegistrationRecord: client's key 32, masking key 64, envelope nonce 32, envelope MAC 64.
    let mut records = Vec::new();
    for (name, from, to) in [
        ("another client key", 0, 32),
        ("another masking key", 32, 96),
        ("another envelope nonce", 96, 128),
        ("another envelope MAC", 128, 192),
    ] {
        let mut record = own.clone();
        record[from..to].copy_from_slice(&others[from..to]);
        records.push((name, record));
    }
    let mut looks = Vec::new();
    for (name, record) in records {
        let attack = inside(&world).await.answers_with(name, "alice", &record);
        let before = evil.memory().len();
        let opening = async || login::open(desk.device(), &alice.handle, &alice.phrase).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!((verdict.code, verdict.check), ("wrong_phrase", None), "{name}");
        looks.push((name, evil.memory()[before..].iter().map(look).collect::<Vec<_>>()));
    }
    let before = evil.memory().len();
    let failed = login::open(desk.device(), &alice.handle, "une autre phrase").await;
    assert!(matches!(failed, Err(OpenError::Wrong)));
    looks.push((
        "a wrong phrase",
        evil.memory()[before..].iter().map(look).collect(),
    ));
    let (_, first) = &looks[0];
    for (name, look) in &looks {
        assert_eq!(look, first, "{name}");
    }
    // After the login: whichever record was altered, the same requests, then silence.
    let mut looks = Vec::new();
    for attack in Switch::N07.attacks() {
        let name = attack.name().to_owned();
        let before = evil.memory().len();
        let opening = async || login::open_with_words(desk.device(), &alice.words).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!(verdict.code, "refused_answer", "{name}");
        looks.push((name, evil.memory()[before..].iter().map(look).collect::<Vec<_>>()));
    }
    let (_, first) = &looks[0];
    for (name, look) in &looks {
        assert_eq!(look, first, "{name}");
    }
    alice.opens(&desk).await;
}

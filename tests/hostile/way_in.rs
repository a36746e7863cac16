//! A hostile server against the way in: slots, records, manifests, deployments. Numbers of the hostile-server checklist.

use std::cell::RefCell;
use std::rc::Rc;

use sdk::error::ApiError;
use sdk::flows::account::{CreateError, Draft};
use sdk::flows::login::{self, OpenError};
use sdk::{Check, Subject};
use shared::account::Account;
use shared::session::{LoginChallenge, SessionOpened};
use tests::adversary::flip;
use tests::evil::{Evil, Switch};
use tests::person::{Desk, Drawer, Person};

use crate::verdict::noticed;
use crate::world;

/// The refusal of an opening, which must be one.
async fn refused(desk: &Desk, alice: &Person) -> Check {
    let before = desk
        .drawer
        .0
        .borrow()
        .keys()
        .filter(|key| key.starts_with("evidence/"))
        .count();
    desk.line.take_sent();
    match login::open(desk.device(), &alice.handle, &alice.phrase).await {
        Err(OpenError::Refused(refusal)) => {
            assert_eq!(refusal.subject, Subject::Account);
            let kept = desk
                .drawer
                .0
                .borrow()
                .keys()
                .filter(|key| key.starts_with("evidence/"))
                .count();
            assert!(kept == before + 1 || kept == before, "evidence is kept, once");
            assert!(
                refusal
                    .evidence
                    .is_some_and(|id| desk.drawer.0.borrow().contains_key(&id.0))
            );
            refusal.check
        }
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n05_a_slot_altered_in_any_field_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let evil = Evil::on(&desk.line);
    for attack in Switch::N05.attacks() {
        let name = attack.name().to_owned();
        let opening = async || login::open(desk.device(), &alice.handle, &alice.phrase).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!(
            (verdict.check(), verdict.subject),
            (Check::Slot, Some(Subject::Account)),
            "{name}"
        );
    }
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n06_the_slot_of_another_account_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let (bob, _) = Person::creates_account("bob", &desk).await;
    let bobs: Rc<RefCell<Option<SessionOpened>>> = Rc::default();
    let keep = Rc::clone(&bobs);
    desk.line
        .alter_json::<SessionOpened>("/sessions/finish", move |opened| {
            *keep.borrow_mut() = Some(opened.clone());
        });
    bob.opens(&desk).await;
    let stolen = bobs.take().unwrap();
    let slot = stolen.slot.clone();
    desk.line
        .alter_json::<SessionOpened>("/sessions/finish", move |opened| opened.slot = slot.clone());
    assert_eq!(refused(&desk, &alice).await, Check::Slot);
    // With the account id that goes with it.
    let both = stolen.clone();
    desk.line
        .alter_json::<SessionOpened>("/sessions/finish", move |opened| {
            opened.slot = both.slot.clone();
            opened.account_id = both.account_id;
        });
    assert_eq!(refused(&desk, &alice).await, Check::Slot);
}

#[tokio::test(flavor = "multi_thread")]
async fn n08_a_slot_from_before_a_change_of_phrase_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let account: Rc<RefCell<Option<Account>>> = Rc::default();
    let keep = Rc::clone(&account);
    desk.line.alter_json::<Account>("/account", move |stored| {
        *keep.borrow_mut() = Some(stored.clone())
    });
    alice.opens(&desk).await;
    desk.line.mend();
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    let changed = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice
    };
    // The account as it was, with the slot of now: not listed there. A device without pins refuses too.
    let old = account.take().unwrap();
    for desk in [desk, Desk::new(&world)] {
        let old = old.clone();
        desk.line
            .alter_json::<Account>("/account", move |stored| *stored = old.clone());
        assert_eq!(refused(&desk, &changed).await, Check::SlotNotListed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n04_ke2_altered_replayed_or_reflected_is_a_failed_login() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let first: Rc<RefCell<Option<shared::Blob>>> = Rc::default();
    let keep = Rc::clone(&first);
    desk.line
        .alter_json::<LoginChallenge>("/sessions/start", move |challenge| {
            *keep.borrow_mut() = Some(challenge.ke2.clone());
        });
    alice.opens(&desk).await;
    let replayed = first.take().unwrap();
    type Change = Box<dyn FnMut(&mut Vec<u8>)>;
    let changes: Vec<Change> = vec![
        Box::new(move |ke2| ke2.clone_from(&replayed.0)),
        Box::new(|ke2| flip(ke2, 0)),
        Box::new(|ke2| flip(ke2, 200 * 8)),
        Box::new(|ke2| flip(ke2, 319 * 8)),
        Box::new(|ke2| ke2.truncate(319)),
        Box::new(|ke2| ke2.push(0)),
        Box::new(|ke2| ke2.fill(0)),
        Box::new(|ke2| ke2.fill(0xff)),
    ];
    for mut change in changes {
        desk.line
            .alter_json::<LoginChallenge>("/sessions/start", move |challenge| change(&mut challenge.ke2.0));
        let failed = login::open(desk.device(), &alice.handle, &alice.phrase).await;
        assert!(matches!(failed, Err(OpenError::Wrong)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_account_record_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    type Field = fn(&mut Account) -> &mut Vec<u8>;
    let fields: [(Field, Check); 3] = [
        (|account| &mut account.bundle.0, Check::Bundle),
        (|account| &mut account.manifest.0, Check::Manifest),
        (|account| &mut account.secrets.0, Check::Secrets),
    ];
    for (field, check) in fields {
        for place in [0.0, 0.01, 0.3, 0.6, 0.999] {
            desk.line.alter_json::<Account>("/account", move |account| {
                let bytes = field(account);
                let byte = (bytes.len() as f64 * place) as usize;
                flip(bytes, byte * 8 + 3);
            });
            assert_eq!(refused(&desk, &alice).await, check, "{check:?} at {place}");
        }
        desk.line.alter_json::<Account>("/account", move |account| {
            field(account).pop();
        });
        assert_eq!(refused(&desk, &alice).await, check);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n26_the_records_of_another_account_are_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let (bob, _) = Person::creates_account("bob", &desk).await;
    let bobs: Rc<RefCell<Option<Account>>> = Rc::default();
    let keep = Rc::clone(&bobs);
    desk.line.alter_json::<Account>("/account", move |account| {
        *keep.borrow_mut() = Some(account.clone())
    });
    bob.opens(&desk).await;
    let bobs = bobs.take().unwrap();
    type Swap = fn(&mut Account, &Account);
    let swaps: [(Swap, Check); 4] = [
        (|to, from| to.bundle = from.bundle.clone(), Check::Bundle),
        (|to, from| to.manifest = from.manifest.clone(), Check::Manifest),
        (|to, from| to.secrets = from.secrets.clone(), Check::Secrets),
        (|to, from| *to = from.clone(), Check::Bundle),
    ];
    for (swap, check) in swaps {
        let from = bobs.clone();
        desk.line
            .alter_json::<Account>("/account", move |account| swap(account, &from));
        assert_eq!(refused(&desk, &alice).await, check);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_manifest_of_the_past_is_refused_by_a_device_that_knows_better() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    // This device has seen version 2; the server serves version 1 and calls it the newest.
    let account_id = alice.opens(&desk).await.account_id();
    let key = format!("pin/{account_id}/manifest");
    let mut pin = desk.drawer.0.borrow().get(&key).cloned().unwrap();
    assert_eq!(pin[7], 1);
    pin[7] = 2;
    desk.drawer.0.borrow_mut().insert(key.clone(), pin.clone());
    assert_eq!(refused(&desk, &alice).await, Check::ManifestRolledBack);
    // Version 1 with another hash than the one seen.
    pin[7] = 1;
    pin[20] ^= 1;
    desk.drawer.0.borrow_mut().insert(key, pin);
    assert_eq!(refused(&desk, &alice).await, Check::ManifestRolledBack);
}

#[tokio::test(flavor = "multi_thread")]
async fn n09_another_deployment_or_suite_is_refused() {
    let world = world().await;
    let other = crate::world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let moved = Desk::with_drawer(&other, desk.drawer.copy());
    assert_eq!(refused(&moved, &alice).await, Check::Deployment);
    desk.line
        .alter_json::<shared::session::Deployment>("/deployment", |card| card.suites = vec![2]);
    assert_eq!(refused(&desk, &alice).await, Check::Deployment);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_handle_than_the_one_typed_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    desk.line
        .alter_json::<Account>("/account", |account| account.handle = "bob".to_owned());
    assert_eq!(refused(&desk, &alice).await, Check::ReadBack);
    desk.line.mend();
    let typed = Person {
        handle: "ALICE".to_owned(),
        ..alice
    };
    typed.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_created_at_the_deployment_of_its_sheet_alone() {
    let (world, other) = (world().await, crate::world().await);
    let desk = Desk::new(&world);
    let draft = Draft::make(desk.device()).unwrap();
    let shown = draft.deployment().await.unwrap();
    assert_eq!(draft.deployment().await.unwrap(), shown);
    // The other's card, on a device that has no pin: the sheet counts.
    let elsewhere = Desk::new(&other);
    let id = Draft::make(elsewhere.device())
        .unwrap()
        .deployment()
        .await
        .unwrap();
    assert!(desk.drawer.0.borrow().is_empty(), "nothing was proved yet");
    desk.line
        .alter_json::<shared::session::Deployment>("/deployment", move |card| card.deployment_id = id);
    match draft.register("alice", "la phrase").await {
        Err(CreateError::Refused(refusal)) => assert_eq!(refusal.check, Check::Deployment),
        _ => panic!("created"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_stored_otherwise_than_sent_is_not_created() {
    let world = world().await;
    let drawer = Rc::<Drawer>::default();
    let desk = Desk::with_drawer(&world, drawer);
    desk.line
        .alter_json::<Account>("/account", |account| flip(&mut account.slots[1].0, 167 * 8));
    let draft = Draft::make(desk.device()).unwrap();
    match draft.register("alice", "la phrase").await {
        Err(CreateError::Refused(refusal)) => assert_eq!(refusal.check, Check::ReadBack),
        _ => panic!("created"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n50_answers_outside_the_contract_are_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let bodies: [(&str, &str, u16); 9] = [
        (
            "application/json",
            r#"{"used":0,"reserved":0,"limit":1,"more":1}"#,
            200,
        ),
        ("application/json", r#"{"used":"0","reserved":0,"limit":1}"#, 200),
        ("application/json", r#"{"used":-1,"reserved":0,"limit":1}"#, 200),
        ("application/json", r#"{"used":1e99,"reserved":0,"limit":1}"#, 200),
        ("application/json", r#"{"used":0,"reserved":0}"#, 200),
        ("text/html", "<h1>Connexion</h1>", 200),
        ("application/json", r#"{"used":0,"reserved":0,"limit":1}"#, 302),
        (
            "application/problem+json",
            r#"{"type":"about:blank","status":404,"code":"refused","retry_after":null,"limit":null,"request":"AAAAAAAAAAAAAAAAAAAAAA"}"#,
            404,
        ),
        ("application/problem+json", r#"{"status":404}"#, 404),
    ];
    for (media, body, status) in bodies {
        desk.line.alter("/quota", move |response| {
            response.status = status;
            response.headers = vec![("content-type".to_owned(), media.to_owned())];
            response.body = body.as_bytes().to_vec().into();
        });
        assert_eq!(safe.card().await.unwrap_err(), ApiError::Hostile, "{body}");
    }
    desk.line.alter("/deployment", |response| {
        response.body = vec![b' '; 10 << 20].into()
    });
    let huge = login::open(desk.device(), &alice.handle, &alice.phrase).await;
    assert!(matches!(huge, Err(OpenError::Api(ApiError::Hostile))));
}

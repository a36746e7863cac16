//! A hostile server against the way in: the account's records and the contract of answers.

use std::cell::RefCell;
use std::rc::Rc;

use sdk::error::ApiError;
use sdk::flows::login::{self, OpenError};
use sdk::{Check, Subject};
use shared::account::Account;
use tests::adversary::flip;
use tests::person::{Desk, Person};

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

//! A session that goes on, and the list that is shown without a server: what a server may not make of them.

use bytes::Bytes;
use sdk::error::ApiError;
use sdk::flows::Response;
use sdk::flows::resume::{ResumeError, last_known, resume};
use sdk::{Check, Fault};
use shared::account::Account;
use tests::adversary::Fate;
use tests::person::{Desk, Person};

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_session_that_goes_on_takes_no_older_account() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    let bytes = safe.to_resume().unwrap();
    let old = sdk::api::account::read(&tests::adversary::OverLine(desk.line.clone()), &session(&bytes)).await;
    let old = old.unwrap();
    safe.set_phrase("une autre phrase avec assez de mots")
        .await
        .unwrap();
    desk.line
        .alter_json("/account", move |account: &mut Account| *account = old.clone());
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    assert_eq!(
        error.refusal().map(|refusal| refusal.check),
        Some(Check::ManifestRolledBack),
        "{error:?}"
    );
    desk.line.mend();
    assert!(resume(desk.device(), &bytes).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_list_older_than_the_pin_is_not_shown_without_a_server() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"b").await;
    safe.keep_list().await.unwrap();
    let bytes = safe.to_resume().unwrap();
    assert!(last_known(&desk.device(), &bytes).await.unwrap().is_some());
    // This device has accepted a newer list since; the server is then cut off, to have the older one shown.
    safe.trash(&safe.id("bail.pdf")).await.unwrap();
    desk.line.cut();
    assert_eq!(last_known(&desk.device(), &bytes).await.unwrap(), None);
    // A window that is behind keeps nothing over what a later one has accepted.
    safe.keep_list().await.unwrap();
    let known = last_known(&desk.device(), &bytes).await.unwrap().unwrap();
    assert!(known.items.iter().all(|item| item.in_trash));
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_the_list_of_another_account_is_not_shown() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, alice) = Person::creates_account("alice", &desk).await;
    let (_, bob) = Person::creates_account("bob", &desk).await;
    alice.keep_list().await.unwrap();
    let key = |account| format!("list/{account}");
    let foreign = desk
        .drawer
        .0
        .borrow()
        .get(&key(alice.account_id()))
        .unwrap()
        .clone();
    desk.drawer.0.borrow_mut().insert(key(bob.account_id()), foreign);
    let known = last_known(&desk.device(), &bob.to_resume().unwrap()).await;
    assert_eq!(known.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn n50_an_answer_outside_the_contract_is_no_missing_network() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.keep_list().await.unwrap();
    let bytes = safe.to_resume().unwrap();
    for (status, media, body) in [
        (200, "text/html", "<h1>hors ligne</h1>"),
        (200, "application/json", "{}"),
        (503, "text/html", "<h1>gateway</h1>"),
        (302, "application/json", ""),
        (504, "application/problem+json", "{\"code\":\"offline\"}"),
    ] {
        desk.line.before(move |_| {
            Fate::Answer(Response {
                status,
                headers: vec![("content-type".to_owned(), media.to_owned())],
                body: Bytes::from_static(body.as_bytes()),
            })
        });
        let error = resume(desk.device(), &bytes).await.err().unwrap();
        assert!(
            matches!(error, ResumeError::Api(ApiError::Hostile)),
            "{status} {media}: {error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_a_session_that_goes_on_takes_no_other_account() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, alice) = Person::creates_account("alice", &desk).await;
    let (_, bob) = Person::creates_account("bob", &desk).await;
    let bytes = bob.to_resume().unwrap();
    let over = tests::adversary::OverLine(desk.line.clone());
    let of_alice = sdk::api::account::read(&over, &session(&alice.to_resume().unwrap()))
        .await
        .unwrap();
    desk.line.alter_json("/account", move |account: &mut Account| {
        *account = of_alice.clone()
    });
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    assert_eq!(
        error.refusal().map(|refusal| refusal.check),
        Some(Check::Bundle),
        "{error:?}"
    );

    // The name alone.
    desk.line.alter_json("/account", |account: &mut Account| {
        account.handle = "alice".to_owned()
    });
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    assert_eq!(
        error.refusal().map(|refusal| refusal.check),
        Some(Check::ReadBack),
        "{error:?}"
    );
}

/// The session that these bytes hold.
pub(crate) fn session(bytes: &[u8]) -> sdk::api::Session {
    let kept = crypto::account::resume::Resumption::parse(bytes).unwrap();
    sdk::api::Session::new(shared::SessionId(kept.session_id), kept.mac_key)
}

//! Structures of a form that does not exist, and other deployments: number 9 of the hostile-server checklist.

use sdk::flows::Watch;
use sdk::flows::account::Draft;
use sdk::flows::login;
use sdk::{Check, Subject};
use shared::path;
use shared::session::Deployment;
use tests::evil::{Attack, Evil, Switch, path as path_of};
use tests::person::{Desk, Person};

use crate::verdict::noticed;
use crate::world;

/// What is altered: an attack's name begins with it.
fn structure(attack: &Attack) -> &str {
    attack.name().split(':').next().unwrap()
}

/// The check that each structure fails.
fn check_of(attack: &Attack) -> Check {
    match structure(attack) {
        "slot" => Check::Slot,
        "manifest" => Check::Manifest,
        "secrets" => Check::Secrets,
        "bundle" => Check::Bundle,
        "deployment" => Check::Deployment,
        "charter" => Check::Charter,
        "head" => Check::Head,
        "header" => Check::Header,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n09_any_other_form_of_a_structure_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"le bail").await;
    let evil = Evil::on(&desk.line);
    // What an open account reads first: later logins, many of them, end its session.
    let mut attacks = Switch::N09.attacks();
    attacks.sort_by_key(|attack| !["charter", "head", "header"].contains(&structure(attack)));
    for attack in attacks {
        let (name, check) = (attack.name().to_owned(), check_of(&attack));
        let verdict = match check {
            Check::Charter | Check::Head => noticed(&desk, &evil, attack, async || safe.sync().await).await,
            Check::Header => {
                let mut sink = Vec::new();
                let id = safe.id("bail.pdf");
                let reading = async || safe.download(&id, &mut sink, &Watch::none()).await;
                let verdict = noticed(&desk, &evil, attack, reading).await;
                assert!(sink.is_empty(), "{name}");
                verdict
            }
            _ => {
                let opening = async || login::open_with_words(desk.device(), &alice.words).await;
                noticed(&desk, &evil, attack, opening).await
            }
        };
        assert_eq!(verdict.check(), check, "{name}");
    }
    assert_eq!(alice.opens(&desk).await.reads("bail.pdf").await, b"le bail");
}

#[tokio::test(flavor = "multi_thread")]
async fn n09_a_device_stays_with_its_deployment() {
    let (world, other) = (world().await, crate::world().await);
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    // Another server, whole, under the name of the one that this device knows.
    let moved = Desk::with_drawer(&other, desk.drawer.copy());
    moved.line.take_sent();
    let refused = login::open(moved.device(), &alice.handle, &alice.phrase).await;
    let verdict = crate::verdict::verdict(&refused.err().unwrap());
    assert_eq!(
        (verdict.check, verdict.subject),
        (Some(Check::Deployment), Some(Subject::Account))
    );
    let sent = moved.line.take_sent();
    assert!(sent.iter().all(|request| path_of(request) == path::DEPLOYMENT));
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n09_an_account_is_created_at_the_deployment_of_its_sheet_alone() {
    let (world, other) = (world().await, crate::world().await);
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let draft = Draft::make(desk.device()).unwrap();
    let shown = draft.deployment().await.unwrap();
    assert_eq!(draft.deployment().await.unwrap(), shown);
    // The other's card, on a device that has no pin: the sheet counts.
    let elsewhere = Draft::make(Desk::new(&other).device()).unwrap();
    let id = elsewhere.deployment().await.unwrap();
    assert!(desk.drawer.0.borrow().is_empty(), "nothing was proved yet");
    let card = |request: &_| path_of(request) == path::DEPLOYMENT;
    let attack = Attack::json::<Deployment>("the card of another deployment", card, move |card| {
        card.deployment_id = id;
    });
    let creating = async || draft.register("alice", "la phrase").await;
    let verdict = noticed(&desk, &evil, attack, creating).await;
    assert_eq!(verdict.check(), Check::Deployment);
}

//! A hostile server against the map of the log: what it proves of a device that was away for long, or never here.

use sdk::flows::{Method, Request};
use sdk::{Check, Subject};
use shared::audit::MapProofs;
use shared::{ErrorCode, path};
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Exchange, is_of, refusing};
use tests::person::{Desk, Person};
use tests::world::World;

use crate::verdict::noticed;
use crate::world;

/// An account with more entries than a device reads one by one, and the list as it was before the last change.
async fn long_life(world: &World) -> (Person, Exchange) {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    for number in 0..300 {
        safe.make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
    }
    safe.sync().await.unwrap();
    let lists = evil.memory();
    let mut lists = lists.into_iter().rev().filter(|seen| is_list(&seen.request));
    let old = lists.next().expect("a list");
    safe.make_folder("Le dernier", None).await.unwrap();
    covered(world, &alice).await;
    (alice, old)
}

/// Waits until the map covers the last change: identity, charter, manifest and one head for each folder and the first.
async fn covered(world: &World, alice: &Person) {
    loop {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        alice.opens(&desk).await;
        let told = evil.memory().into_iter().rev().find(|seen| is_map(&seen.request));
        let told = told.and_then(|seen| serde_json::from_slice::<MapProofs>(&seen.response.body).ok());
        if told.is_some_and(|told| told.covered >= 3 + 302) {
            return;
        }
    }
}

fn is_list(request: &Request) -> bool {
    request.method == Method::Get && is_of(request, path::COLLECTION)
}

fn is_map(request: &Request) -> bool {
    is_of(request, path::MAP)
}

/// On a device that was never here, which afterwards goes on with the honest server.
async fn refuses(world: &World, alice: &Person, attack: Attack) -> Check {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let name = attack.name().to_owned();
    let safe = alice.opens_without_reading(&desk).await;
    let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.subject, Some(Subject::Account), "{name}");
    assert!(safe.list().is_empty(), "{name}");
    safe.sync().await.unwrap();
    assert_eq!(safe.list().len(), 301, "{name}");
    verdict.check()
}

#[tokio::test(flavor = "multi_thread")]
async fn n44_a_map_that_does_not_hold_under_a_logged_root_is_refused() {
    let world = world().await;
    let (alice, _) = long_life(&world).await;
    let lie = |name: &str, change: fn(&mut MapProofs)| Attack::json::<MapProofs>(name, is_map, change);
    for attack in [
        lie("another root", |told| told.root.0[0] ^= 1),
        lie("covers more", |told| told.covered += 1),
        lie("covers less", |told| told.covered -= 1),
        lie("another entry", |told| told.index -= 1),
        lie("an entry to come", |told| told.index = 1 << 40),
        lie("a sibling altered", |told| {
            let last = told.proofs[0].0.len() - 1;
            told.proofs[0].0[last] ^= 1;
        }),
        lie("a proof cut", |told| _ = told.proofs[3].0.pop()),
        lie("proofs exchanged", |told| told.proofs.swap(0, 1)),
        lie("an own entry denied", |told| {
            let absent = told.proofs[0].clone();
            *told.proofs.last_mut().unwrap() = absent;
        }),
        refusing("withheld", is_map, ErrorCode::NotFound),
    ] {
        assert_eq!(refuses(&world, &alice, attack).await, Check::Map);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_list_that_the_map_knows_to_be_old_is_refused() {
    let world = world().await;
    let (alice, old) = long_life(&world).await;
    let attack = Attack::new("the list before the last change", move |_, request, response| {
        if is_list(request) {
            *response = old.response.clone();
        }
        Fate::Pass
    });
    assert_eq!(refuses(&world, &alice, attack).await, Check::Hidden);
}

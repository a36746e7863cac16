//! A hostile server against the map of the log: what it proves of a device that was away for long, or never here.

use crypto::audit::entry::Entry;
use crypto::audit::map::{Map, Subject as Key};
use crypto::audit::tile::WIDTH;
use crypto::hash::sha256;
use sdk::flows::{Method, Request};
use sdk::{Check, Subject};
use shared::audit::{MapProofs, ReadMap};
use shared::{Blob, ErrorCode, Hash, path};
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Exchange, LogKeeper, is_of, logged, refusing};
use tests::person::{Desk, Person};
use tests::world::World;

use crate::verdict::noticed;
use crate::world;

/// An account that changed its list before so many other things happened that no device reads them one by one: the list
/// as it was before that change, and how far the log has come.
async fn long_ago(world: &World) -> (Person, Exchange, u64) {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    for number in 0..FOLDERS {
        safe.make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
    }
    safe.sync().await.unwrap();
    let lists = evil.memory();
    let mut lists = lists.into_iter().rev().filter(|seen| is_list(&seen.request));
    let old = lists.next().expect("a list");
    safe.make_folder("Le dernier", None).await.unwrap();
    // In the first bundle: what came behind the map's root begins in the second, so that the map alone knows of it.
    assert!(logged(&evil.memory()) < WIDTH.into());
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (_, other) = Person::creates_account("bob", &desk).await;
    while logged(&evil.memory()) <= u64::from(WIDTH) + 40 {
        other.make_folder("Autre chose", None).await.unwrap();
    }
    let size = logged(&evil.memory());
    covered(world, &alice, size).await;
    (alice, old, size)
}

/// Waits until the map covers so many entries.
async fn covered(world: &World, alice: &Person, size: u64) {
    loop {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        alice.opens(&desk).await;
        let told = evil.memory().into_iter().rev().find(|seen| is_map(&seen.request));
        let told = told.and_then(|seen| serde_json::from_slice::<MapProofs>(&seen.response.body).ok());
        if told.is_some_and(|told| told.covered >= size) {
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
    assert_eq!(safe.list().len(), FOLDERS + 1, "{name}");
    verdict.check()
}

#[tokio::test(flavor = "multi_thread")]
async fn n44_a_map_that_does_not_hold_under_a_logged_root_is_refused() {
    let world = world().await;
    let (alice, ..) = long_ago(&world).await;
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
    let (alice, old, _) = long_ago(&world).await;
    let attack = Attack::new("the list before the last change", move |_, request, response| {
        if is_list(request) {
            *response = old.response.clone();
        }
        Fate::Pass
    });
    assert_eq!(refuses(&world, &alice, attack).await, Check::Hidden);
}

/// By who has the log's key: the root of a map without the own identity stands in the log, and everything else is honest.
#[tokio::test(flavor = "multi_thread")]
async fn n44_a_map_that_denies_the_own_identity_is_refused() {
    let world = world().await;
    let (alice, _, size) = long_ago(&world).await;
    let mut keeper = LogKeeper::of(&world, size).await;
    let mut map = Map::new();
    for entry in &keeper.entries {
        if let Ok(Entry::Sealed { tag, .. }) = Entry::parse(entry) {
            map.insert(Key::Tag(tag).key(), sha256(entry));
        }
    }
    let (root, covered) = (map.root(), keeper.entries.len() as u64);
    keeper.entries.push(Entry::MapHead { root, covered }.to_bytes());
    let attack = Attack::new("the own identity denied", move |_, request, response| {
        keeper.tell(request, response);
        if is_map(request) {
            let asked: ReadMap = serde_json::from_slice(&request.body).unwrap();
            let proofs = asked.keys.iter().map(|key| map.prove(&key.0).to_bytes());
            let told = MapProofs {
                root: Hash(root),
                covered,
                index: covered,
                proofs: proofs.map(Blob).collect(),
            };
            response.body = serde_json::to_vec(&told).unwrap().into();
        }
        Fate::Pass
    });
    assert_eq!(refuses(&world, &alice, attack).await, Check::Map);
}

/// Of the account, besides the last one.
const FOLDERS: usize = 200;

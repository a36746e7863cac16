//! A hostile server against the list: charters, heads, pages; rollback, fork, withholding.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use sdk::flows::collection::SyncError;
use sdk::{Check, Subject};
use shared::collection::{Collection, Heads, Pages};
use tests::adversary::{Fate, flip};
use tests::person::{Desk, Person, Safe};
use tests::world::World;

use crate::world;

/// Reads the list on a device that must refuse it: what was shown before stays, the evidence is kept.
async fn refused(safe: &Safe, desk: &Desk) -> Check {
    let before = safe.list();
    let known = safe.evidence().await.unwrap().len();
    let error = safe.sync().await.unwrap_err();
    let SyncError::Refused(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(refusal.subject, Subject::Collection);
    assert_eq!(safe.list(), before);
    // The same refusal again is kept once.
    let kept = safe.evidence().await.unwrap();
    assert!(kept.len() == known + 1 || kept.len() == known);
    assert!(kept.iter().any(|(id, _)| Some(id) == refusal.evidence.as_ref()));
    desk.line.take_sent();
    refusal.check
}

/// Two devices of one account; the second has not read what the first wrote since.
async fn behind(world: &World) -> (Person, Safe, Desk, Safe) {
    let desk = Desk::new(world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let other = Desk::new(world);
    let second = alice.opens(&other).await;
    (alice, first, other, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_altered_charters_and_heads_are_refused() {
    let world = world().await;
    let (_alice, first, desk, second) = behind(&world).await;
    first.saves("bail.pdf", b"x").await;
    // Header fields, box hash, signature, box.
    for byte in [0, 4, 8, 24, 28, 32, 64, 96, 128, 132, 164, 227, 228, 300] {
        desk.line
            .alter_json::<Collection>(collection(&desk), move |stored| {
                flip(&mut stored.charters[0].0, byte * 8);
            });
        assert_eq!(refused(&second, &desk).await, Check::Charter, "byte {byte}");
    }
    for byte in [
        0, 4, 5, 6, 8, 24, 28, 39, 40, 72, 104, 136, 175, 176, 208, 240, 303, 304, 400, 631,
    ] {
        desk.line
            .alter_json::<Collection>(collection(&desk), move |stored| {
                flip(&mut stored.head.0, byte * 8);
            });
        assert_eq!(refused(&second, &desk).await, Check::Head, "byte {byte}");
    }
    desk.line
        .alter_json::<Collection>(collection(&desk), |stored| stored.charters.clear());
    assert_eq!(refused(&second, &desk).await, Check::Charter);
    desk.line.alter_json::<Collection>(collection(&desk), |stored| {
        let again = stored.charters[0].clone();
        stored.charters.push(again);
    });
    assert_eq!(refused(&second, &desk).await, Check::Charter);
    desk.line.mend();
    second.sync().await.unwrap();
    assert_eq!(second.names(), ["bail.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_kept_once_and_never_without_bound() {
    let world = world().await;
    let (_alice, _first, desk, second) = behind(&world).await;
    let path = collection(&desk);
    for round in 0..70 {
        desk.line.alter_json::<Collection>(path, move |stored| {
            flip(&mut stored.head.0, (200 + round) * 8);
        });
        for _ in 0..2 {
            assert!(matches!(second.sync().await, Err(SyncError::Refused(_))));
        }
        let kept = second.evidence().await.unwrap().len();
        assert_eq!(kept, (round + 1).min(sdk::evidence::KEPT_PIECES));
    }
}

/// The end of the path of the collection, as this device reads it.
fn collection(desk: &Desk) -> &'static str {
    thread_local!(static KNOWN: RefCell<Option<&'static str>> = const { RefCell::new(None) });
    let found = desk.line.take_sent().iter().find_map(|request| {
        let (_, rest) = request.path.split_once("/collections/")?;
        Some(rest.split(['/', '?']).next()?.to_owned())
    });
    KNOWN.with(|known| {
        if let Some(id) = found {
            known
                .borrow_mut()
                .get_or_insert_with(|| Box::leak(format!("/collections/{id}").into_boxed_str()));
        }
        known.borrow().expect("the collection was read")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_n26_altered_or_exchanged_pages_are_refused() {
    let world = world().await;
    let (_alice, first, desk, second) = behind(&world).await;
    // More than one leaf.
    for number in 0..40_u8 {
        first
            .make_folder(&format!("Dossier {number:02}"), None)
            .await
            .unwrap();
    }
    for bit in [0, 30 * 8, 60 * 8, 700 * 8] {
        desk.line.alter_json::<Pages>("/pages", move |pages| {
            if let Some(Some(page)) = pages.pages.last_mut() {
                flip(&mut page.0, bit);
            }
        });
        assert_eq!(refused(&second, &desk).await, Check::Page, "bit {bit}");
    }
    desk.line
        .alter_json::<Pages>("/pages", |pages| pages.pages.reverse());
    assert_eq!(refused(&second, &desk).await, Check::Page);
    desk.line.alter_json::<Pages>("/pages", |pages| {
        if let Some(Some(page)) = pages.pages.first_mut() {
            page.0.truncate(page.0.len() - 1);
        }
    });
    assert_eq!(refused(&second, &desk).await, Check::Page);
    desk.line.mend();
    second.sync().await.unwrap();
    assert_eq!(second.list(), first.list());
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_withheld_page_is_said() {
    let world = world().await;
    let (_alice, first, desk, second) = behind(&world).await;
    first.saves("bail.pdf", b"x").await;
    desk.line
        .alter_json::<Pages>("/pages", |pages| pages.pages[0] = None);
    assert_eq!(refused(&second, &desk).await, Check::PageMissing);
    desk.line
        .alter_json::<Pages>("/pages", |pages| pages.pages.clear());
    let error = second.sync().await.unwrap_err();
    assert!(matches!(error, SyncError::Api(sdk::ApiError::Hostile)));
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_list_of_the_past_is_refused_in_memory_and_after_a_restart() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("un.pdf", b"1").await;
    // Every answer of now is kept, to be replayed later: genuine, and old.
    let past: Rc<RefCell<BTreeMap<String, Bytes>>> = Rc::default();
    let keep = Rc::clone(&past);
    desk.line.after(move |request, response| {
        if request.path.contains("/collections/") {
            keep.borrow_mut()
                .insert(request.path.clone(), response.body.clone());
        }
        Fate::Pass
    });
    let reader = alice.opens(&desk).await;
    desk.line.mend();
    safe.saves("deux.pdf", b"2").await;
    reader.sync().await.unwrap();
    assert_eq!(reader.names(), ["deux.pdf", "un.pdf"]);
    let past = past.take();
    let replay = move |request: &sdk::flows::Request, response: &mut sdk::flows::Response| {
        if let Some(body) = past
            .get(&request.path)
            .filter(|_| !request.path.ends_with("/pages"))
        {
            response.body = body.clone();
        }
        Fate::Pass
    };
    desk.line.after(replay.clone());
    assert_eq!(refused(&reader, &desk).await, Check::HeadRolledBack);
    // The same device, closed and opened again: its pin remembers.
    let again = sdk::flows::login::open(desk.device(), &alice.handle, &alice.phrase)
        .await
        .unwrap();
    let again = Safe(again);
    assert_eq!(refused(&again, &desk).await, Check::HeadRolledBack);
    assert!(again.list().is_empty(), "nothing old is shown");
    // A device that was never here cannot know (S0): it says what it sees.
    let fresh = Desk::new(&world);
    fresh.line.after(replay);
    let fresh = sdk::flows::login::open(fresh.device(), &alice.handle, &alice.phrase)
        .await
        .unwrap();
    assert_eq!(fresh.sync().await.unwrap().first_time.unwrap().documents, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_two_histories_of_one_number_are_refused() {
    let mut world = world().await;
    let (alice, first, desk, second) = behind(&world).await;
    // The server keeps a copy of its past, lets one device write, goes back, lets another write.
    world.stop().await;
    let copy = world.folder().join("copy");
    copy_folder(world.data(), &copy);
    world.restart().await.unwrap();
    let first = {
        drop(first);
        alice.opens(&Desk::new(&world)).await
    };
    first.make_folder("Une histoire", None).await.unwrap();
    second_reads(&second, &alice, &desk).await;
    world.stop().await;
    std::fs::remove_dir_all(world.data()).unwrap();
    copy_folder(&copy, world.data());
    world.restart().await.unwrap();
    let writer = alice.opens(&Desk::new(&world)).await;
    writer.make_folder("Une autre", None).await.unwrap();
    let reader = Safe(
        sdk::flows::login::open(desk.device(), &alice.handle, &alice.phrase)
            .await
            .unwrap(),
    );
    assert_eq!(refused(&reader, &desk).await, Check::HeadRolledBack);
    // And later heads do not heal it: the chain does not lead from what this device knows.
    writer.make_folder("Et encore", None).await.unwrap();
    writer.make_folder("Et encore une", None).await.unwrap();
    assert_eq!(refused(&reader, &desk).await, Check::HeadChain);
    assert!(reader.list().is_empty());
}

/// The device behind `desk` reads and pins the newest list, in a new session.
async fn second_reads(second: &Safe, alice: &Person, desk: &Desk) {
    assert!(second.names().is_empty());
    let now = alice.opens(desk).await;
    assert_eq!(now.names(), ["Une histoire"]);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_chain_with_a_gap_a_swap_or_a_stranger_is_refused() {
    let world = world().await;
    let (_alice, first, desk, second) = behind(&world).await;
    for name in ["a", "b", "c", "d"] {
        first.make_folder(name, None).await.unwrap();
    }
    let changes: [fn(&mut Heads); 4] = [
        |heads| drop(heads.items.remove(1)),
        |heads| heads.items.swap(0, 1),
        |heads| flip(&mut heads.items[1].0, 250 * 8),
        |heads| heads.items.clear(),
    ];
    for change in changes {
        desk.line.after(move |request, response| {
            if request.path.contains("/heads?") {
                let mut heads = serde_json::from_slice::<Heads>(&response.body).unwrap();
                change(&mut heads);
                response.body = serde_json::to_vec(&heads).unwrap().into();
            }
            Fate::Pass
        });
        assert_eq!(refused(&second, &desk).await, Check::HeadChain);
    }
    desk.line.mend();
    second.sync().await.unwrap();
    assert_eq!(second.names(), ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn n20_n26_the_collection_of_another_account_is_refused() {
    let world = world().await;
    let (_alice, first, desk, second) = behind(&world).await;
    first.saves("bail.pdf", b"x").await;
    let bobs_desk = Desk::new(&world);
    let bobs: Rc<RefCell<Option<Bytes>>> = Rc::default();
    let keep = Rc::clone(&bobs);
    bobs_desk.line.after(move |request, response| {
        let path = &request.path;
        if path.contains("/collections/") && !path.ends_with("/pages") && !path.contains("/head") {
            *keep.borrow_mut() = Some(response.body.clone());
        }
        Fate::Pass
    });
    let (_bob, _bobs_safe) = Person::creates_account("bob", &bobs_desk).await;
    let bobs = bobs.take().unwrap();
    let whole = bobs.clone();
    desk.line
        .alter(collection(&desk), move |response| response.body = whole.clone());
    assert_eq!(refused(&second, &desk).await, Check::Charter);
    // Alice's charter, a head of Bob's.
    let head = serde_json::from_slice::<Collection>(&bobs).unwrap().head;
    desk.line
        .alter_json::<Collection>(collection(&desk), move |stored| stored.head = head.clone());
    assert_eq!(refused(&second, &desk).await, Check::Head);
}

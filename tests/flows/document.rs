//! Documents and folders: every size, every change, a second device, a restart.

use sdk::flows::Watch;
use sdk::flows::commit::CommitError;
use sdk::flows::read::ReadError;
use tests::person::{Desk, Person, document};
use tests::sample;

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn a_document_comes_back_byte_for_byte_at_every_border() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    const MIB: usize = 1 << 20;
    for len in [
        0,
        1,
        4094,
        4095,
        4096,
        16_383,
        16_384,
        16_385,
        MIB - 1,
        MIB,
        MIB + 1,
    ] {
        let content = sample::noise(len, len as u64);
        let name = format!("{len}.pdf");
        safe.saves(&name, &content).await;
        assert_eq!(safe.finds(&name).len, len as u64);
        assert!(safe.reads(&name).await == content, "{len} bytes");
    }
    assert_eq!(safe.names().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_24_mb_comes_back_and_is_read_in_pieces() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(24_000_000, 24);
    safe.saves("film.mp4", &content).await;
    assert!(safe.reads("film.mp4").await == content);
    let object = safe.id("film.mp4");
    for (start, len) in [
        (0, 10),
        (1_048_570, 20),
        (23_999_990, 10),
        (5_000_000, 3_000_000),
        (7, 0),
    ] {
        let piece = safe.read_range(&object, start, len).await.unwrap();
        assert!(
            piece.as_slice() == &content[start as usize..(start + len) as usize],
            "{start} {len}"
        );
    }
    for (start, len) in [(23_999_990, 11), (24_000_001, 0), (u64::MAX, 1)] {
        assert!(matches!(
            safe.read_range(&object, start, len).await,
            Err(ReadError::Range)
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_sees_the_same_and_is_told_that_it_is_new() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let first = safe.sync().await.unwrap();
    assert_eq!(
        first.first_time, None,
        "the device that made the account has seen it from the start"
    );
    safe.saves("bail.pdf", b"le bail").await;
    safe.saves("photo.jpg", b"la photo").await;
    let other = Desk::new(&world);
    let unlocked = sdk::flows::login::open(other.device(), "alice", &alice.phrase)
        .await
        .unwrap();
    let notice = unlocked.sync().await.unwrap().first_time.unwrap();
    assert_eq!(notice.documents, 2);
    assert!(notice.when > 1_700_000_000);
    assert_eq!(unlocked.sync().await.unwrap().first_time, None, "once");
    let unlocked = tests::person::Safe(unlocked);
    assert_eq!(unlocked.names(), ["bail.pdf", "photo.jpg"]);
    assert_eq!(unlocked.list(), safe.list());
    assert_eq!(unlocked.reads("photo.jpg").await, b"la photo");
    // And the next visit of the same device is no first one.
    assert_eq!(alice.opens(&other).await.sync().await.unwrap().first_time, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_renamed_moved_trashed_restored_and_purged() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let saved = safe.saves("scan001.pdf", &sample::noise(100_000, 1)).await;
    let object = saved.object;
    safe.rename(&object, "Passeport.pdf").await.unwrap();
    let papers = safe.make_folder("Papiers", None).await.unwrap();
    let old = safe.make_folder("Anciens", Some(&papers)).await.unwrap();
    safe.move_to(&object, Some(&old)).await.unwrap();
    assert_eq!(safe.finds("Passeport.pdf").parent, Some(old.clone()));
    assert!(matches!(
        safe.move_to(&papers, Some(&old)).await,
        Err(CommitError::Circle)
    ));
    assert!(matches!(
        safe.move_to(&papers, Some(&object)).await,
        Err(CommitError::NotFound)
    ));
    for bad in ["", "a/b", "..", "\u{202e}fdp.exe"] {
        assert!(
            matches!(safe.rename(&object, bad).await, Err(CommitError::Name)),
            "{bad:?}"
        );
    }
    let before = safe.finds("Passeport.pdf");
    safe.trash(&papers).await.unwrap();
    assert!(
        safe.names().is_empty(),
        "what lies in a trashed folder is in the trash"
    );
    safe.restore(&papers).await.unwrap();
    assert_eq!(safe.finds("Passeport.pdf"), before);
    safe.move_to(&object, None).await.unwrap();
    safe.trash(&object).await.unwrap();
    let used = safe.card().await.unwrap().quota.used;
    assert!(used > 100_000);
    safe.purge(&[object.clone(), papers]).await.unwrap();
    assert!(safe.list().is_empty());
    assert_eq!(safe.card().await.unwrap().quota.used, 0);
    let gone = safe.download(&object, &mut Vec::new(), &Watch::none()).await;
    assert!(matches!(gone, Err(ReadError::NotFound)));
    assert!(alice.opens(&Desk::new(&world)).await.list().is_empty());
}

/// Where the log is young, its entries have numbers as low as those within a request.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_documents_of_a_deployment_are_purged_in_one_go() {
    let world = world().await;
    let (_, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    for number in 0..12 {
        safe.saves(&format!("{number}.pdf"), b"le bail").await;
    }
    let all: Vec<_> = safe.list().into_iter().map(|item| item.id).collect();
    safe.purge(&all).await.unwrap();
    assert!(safe.list().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_device_purged_is_gone_and_no_alarm() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"x").await.object;
    let other = alice.opens(&Desk::new(&world)).await;
    other.purge(std::slice::from_ref(&object)).await.unwrap();
    let gone = safe.download(&object, &mut Vec::new(), &Watch::none()).await;
    assert!(matches!(gone, Err(ReadError::NotFound)));
    assert!(safe.evidence().await.unwrap().is_empty());
    assert!(safe.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_is_emptied_after_thirty_days() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let old = safe.saves("vieux.pdf", b"x").await.object;
    safe.trash(&old).await.unwrap();
    desk.later.set(29 * 86_400);
    let young = safe.saves("jeune.pdf", b"y").await.object;
    safe.trash(&young).await.unwrap();
    safe.purge_expired().await.unwrap();
    assert_eq!(safe.list().len(), 2);
    desk.later.set(31 * 86_400);
    safe.purge_expired().await.unwrap();
    assert_eq!(
        safe.list().into_iter().map(|item| item.id).collect::<Vec<_>>(),
        [young]
    );
}

/// The signer of the last head that went out over this line: 0 the write key, 1 the admin key.
fn last_signer(desk: &Desk) -> u8 {
    let sent = desk.line.take_sent();
    let put = sent.iter().rfind(|request| request.path.ends_with("/head"));
    let commit = serde_json::from_slice::<shared::collection::Commit>(&put.unwrap().body);
    commit.unwrap().head.0[SIGNER]
}

/// Where a head names its signer.
const SIGNER: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_empties_itself_under_the_write_key_and_not_on_a_first_visit_nor_a_strange_clock() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("vieux.pdf", b"x").await.object;
    safe.trash(&object).await.unwrap();
    let other = Desk::new(&world);
    other.later.set(31 * 86_400);
    let first_visit = alice.opens(&other).await;
    first_visit.purge_expired().await.unwrap();
    assert_eq!(first_visit.list().len(), 1, "a first visit purges nothing");
    desk.later.set(41 * 86_400);
    safe.purge_expired().await.unwrap();
    assert_eq!(
        safe.list().len(),
        1,
        "a clock far past the last change purges nothing"
    );
    other.line.take_sent();
    let second_visit = alice.opens(&other).await;
    second_visit.purge_expired().await.unwrap();
    assert!(second_visit.list().is_empty());
    let automatic = last_signer(&other);
    let object = second_visit.saves("neuf.pdf", b"y").await.object;
    assert_eq!(automatic, last_signer(&other), "the write key");
    second_visit.purge(&[object]).await.unwrap();
    assert_ne!(automatic, last_signer(&other), "the admin key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_meanwhile_is_not_purged() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let folder = safe.make_folder("Papiers", None).await.unwrap();
    let mut inside = document("bail.pdf");
    inside.parent = Some(folder.clone());
    let nothing = Watch::none();
    let object = safe
        .upload(&b"x".to_vec(), &inside, &nothing)
        .await
        .unwrap()
        .object;
    safe.trash(&folder).await.unwrap();
    desk.later.set(31 * 86_400);
    // The purge looks at the list while the restoring has the turn.
    let (restored, purged) = tokio::join!(safe.restore(&folder), safe.purge_expired());
    restored.unwrap();
    purged.unwrap();
    assert_eq!(safe.names(), ["Papiers", "bail.pdf"]);
    let objects = [object.clone()];
    let (renamed, purged) = tokio::join!(safe.rename(&object, "Bail.pdf"), safe.purge(&objects));
    renamed.unwrap();
    purged.unwrap();
    assert_eq!(safe.reads("Bail.pdf").await, b"x");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_put_into_a_folder_of_the_trash() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"x").await.object;
    let outer = safe.make_folder("Papiers", None).await.unwrap();
    let inner = safe.make_folder("Anciens", Some(&outer)).await.unwrap();
    safe.trash(&outer).await.unwrap();
    for folder in [&outer, &inner] {
        let moved = safe.move_to(&object, Some(folder)).await;
        assert!(matches!(moved, Err(CommitError::NotFound)));
        let made = safe.make_folder("Neuf", Some(folder)).await;
        assert!(matches!(made, Err(CommitError::NotFound)));
    }
    // An upload that ends there is filed at the root: it is not lost, and not thrown away.
    let mut late = document("photo.jpg");
    late.parent = Some(inner);
    safe.upload(&b"y".to_vec(), &late, &Watch::none()).await.unwrap();
    assert_eq!(safe.finds("photo.jpg").parent, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_padding_are_fetched_like_any_other() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    // The shortest content whose last part holds padding alone.
    let content = sample::noise((64 << 20) + 1, 64);
    safe.saves("film.mp4", &content).await;
    desk.line.take_sent();
    assert!(safe.reads("film.mp4").await == content);
    let sent = desk.line.take_sent();
    let asked = sent.iter().filter(|request| request.path.ends_with("/content"));
    assert_eq!(asked.count(), 66 + 1, "every part, and the last chunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_names_are_allowed_and_said() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"1").await;
    safe.saves("bail.pdf", b"2").await;
    let folder = safe.make_folder("Papiers", None).await.unwrap();
    let mut inside = document("bail.pdf");
    inside.parent = Some(folder.clone());
    safe.upload(&b"3".to_vec(), &inside, &Watch::none())
        .await
        .unwrap();
    let items = safe.list();
    assert_eq!(items.iter().filter(|item| item.same_name).count(), 2);
    assert!(
        items
            .iter()
            .any(|item| item.parent.as_ref() == Some(&folder) && !item.same_name)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_survives_a_restart_of_the_server() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    // More than one page of the index holds.
    for number in 0..40_u8 {
        safe.saves(&format!("document {number:02}.pdf"), &[number; 100])
            .await;
    }
    let before = safe.list();
    world.restart().await.unwrap();
    let after = alice.opens(&Desk::new(&world)).await;
    assert_eq!(after.list(), before);
    assert_eq!(after.reads("document 07.pdf").await, [7; 100]);
    assert_eq!(after.card().await.unwrap().quota.used, safe_used(&before));
}

/// Each of these small documents is one chunk of 4095 bytes and a tag.
fn safe_used(items: &[sdk::flows::document::Item]) -> u64 {
    items.len() as u64 * (4095 + 16)
}

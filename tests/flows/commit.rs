//! Several devices change one list: nothing is lost, nothing is silent.

use sdk::flows::Watch;
use sdk::flows::commit::MergeKind;
use tests::adversary::Fate;
use tests::person::{Desk, Person, document};
use tests::sample;

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_upload_at_once_and_lose_nothing() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let second = alice.opens(&Desk::new(&world)).await;
    let mut uploads = Vec::new();
    for number in 0..4_u8 {
        for (who, safe) in [("un", &first), ("deux", &second)] {
            uploads.push(async move {
                let name = document(&format!("{who} {number}.pdf"));
                safe.upload(&vec![number; 5_000], &name, &Watch::none())
                    .await
                    .unwrap()
            });
        }
    }
    futures::future::join_all(uploads).await;
    for safe in [&first, &second] {
        safe.sync().await.unwrap();
        assert_eq!(safe.names().len(), 8, "{:?}", safe.names());
    }
    assert_eq!(first.list(), second.list());
    assert_eq!(first.reads("deux 3.pdf").await, [3; 5_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_names_for_one_document_and_the_losing_one_is_told() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("scan.pdf", b"x").await.object;
    let second = alice.opens(&Desk::new(&world)).await;
    first.rename(&object, "bail 2024.pdf").await.unwrap();
    let committed = second.rename(&object, "bail 2025.pdf").await.unwrap();
    assert_eq!(committed.merged.len(), 1);
    assert_eq!(committed.merged[0].what, MergeKind::NameOverwritten);
    assert_eq!(committed.merged[0].lost.as_deref(), Some("bail 2024.pdf"));
    first.sync().await.unwrap();
    assert_eq!(first.names(), ["bail 2025.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_changes_of_one_document_both_stand() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("scan.pdf", b"x").await.object;
    let folder = first.make_folder("Papiers", None).await.unwrap();
    let second = alice.opens(&Desk::new(&world)).await;
    first.rename(&object, "bail.pdf").await.unwrap();
    let committed = second.move_to(&object, Some(&folder)).await.unwrap();
    assert!(committed.merged.is_empty());
    assert_eq!(second.finds("bail.pdf").parent, Some(folder));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_brings_back_what_another_device_threw_away() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("scan.pdf", b"x").await.object;
    let second = alice.opens(&Desk::new(&world)).await;
    first.trash(&object).await.unwrap();
    let committed = second.rename(&object, "bail.pdf").await.unwrap();
    assert_eq!(committed.merged[0].what, MergeKind::Restored);
    first.sync().await.unwrap();
    assert_eq!(first.names(), ["bail.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_no_second_change() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let head_before = safe.sync().await.unwrap().head_no;
    desk.line.lose("/head", 1, true);
    safe.make_folder("Papiers", None).await.unwrap();
    desk.line.mend();
    assert_eq!(safe.sync().await.unwrap().head_no, head_before + 1);
    assert_eq!(safe.names(), ["Papiers"]);
    // The answer is lost, and another device writes before this one reads again.
    let second = alice.opens(&Desk::new(&world)).await;
    desk.line.lose("/head", 1, true);
    let both = futures::future::join(safe.make_folder("Un", None), second.make_folder("Deux", None));
    let (one, two) = both.await;
    one.unwrap();
    two.unwrap();
    safe.sync().await.unwrap();
    assert_eq!(safe.names(), ["Deux", "Papiers", "Un"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_long_away_reads_the_whole_chain() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let away = alice.opens(&Desk::new(&world)).await;
    for number in 0..12 {
        first
            .make_folder(&format!("Dossier {number:02}"), None)
            .await
            .unwrap();
    }
    assert!(away.sync().await.unwrap().changed);
    assert_eq!(away.list(), first.list());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_devices_that_are_always_faster_end_in_a_question() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.before(|request| {
        let lost = shared::Problem::new(shared::ErrorCode::LostRace, shared::RequestId([0; 16]));
        if !request.path.ends_with("/head") {
            return Fate::Pass;
        }
        Fate::Answer(sdk::flows::Response {
            status: 412,
            headers: vec![("content-type".to_owned(), shared::error::PROBLEM_JSON.to_owned())],
            body: serde_json::to_vec(&lost).unwrap().into(),
        })
    });
    let busy = safe.make_folder("Papiers", None).await;
    assert!(matches!(busy, Err(sdk::flows::commit::CommitError::Busy)));
    desk.line.mend();
    assert!(safe.names().is_empty(), "what is not stored is not shown");
    safe.saves("bail.pdf", &sample::noise(10, 1)).await;
}

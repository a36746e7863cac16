//! Two windows of one device: what one has accepted, the other must find in the history that it is shown.

use bytes::Bytes;
use crypto::hash::labelled;
use crypto::label::Label;
use sdk::Check;
use sdk::flows::collection::SyncError;
use sdk::flows::commit::CommitError;
use sdk::flows::{Request, Response};
use shared::Hash;
use shared::collection::{Commit, Committed};
use tests::adversary::Fate;
use tests::person::{Desk, Person};

use crate::world;

/// An answer that tells a commit it was stored; nothing is.
fn pretend(request: &Request) -> Response {
    let commit: Commit = serde_json::from_slice(&request.body).unwrap();
    let header = commit.head.as_slice().get(..304).unwrap();
    let stored = Committed {
        log_index: 1 << 40,
        head_hash: Hash(labelled(Label::HeadHash, header)),
    };
    Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Bytes::from(serde_json::to_vec(&stored).unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_two_windows_told_different_histories_refuse() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, left) = Person::creates_account("alice", &desk).await;
    left.saves("commun.pdf", b"0").await;
    let right = alice.opens(&desk).await;
    assert_eq!(right.names(), ["commun.pdf"]);

    // The left window is told that its change is stored; the server keeps the place for the right one.
    desk.line.before(|request| {
        if request.path.ends_with("/head") {
            Fate::Answer(pretend(request))
        } else {
            Fate::Pass
        }
    });
    left.make_folder("Gauche", None).await.unwrap();
    desk.line.mend();
    let error = right.make_folder("Droite", None).await.unwrap_err();
    let CommitError::Refused(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(refusal.check, Check::HeadRolledBack);

    // The left one is shown the history without its change: refused, and its list stays what it was.
    let shown = left.list();
    let error = left.sync().await.unwrap_err();
    let SyncError::Refused(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(refusal.check, Check::HeadRolledBack);
    assert_eq!(left.list(), shown);
    // The same head, refused to both windows of one device: kept once.
    let kept = left.evidence().await.unwrap();
    assert!(kept.iter().any(|(id, _)| Some(id) == refusal.evidence.as_ref()));
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_a_window_that_is_behind_follows_one_chain_only() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, left) = Person::creates_account("alice", &desk).await;
    let right = alice.opens(&desk).await;
    // Honest: the other window is ahead, and this one walks to it.
    left.make_folder("Un", None).await.unwrap();
    left.make_folder("Deux", None).await.unwrap();
    right.sync().await.unwrap();
    assert_eq!(right.names(), ["Deux", "Un"]);
    // Two invented heads carry the left window further; the right one's history knows nothing of them.
    desk.line.before(|request| {
        if request.path.ends_with("/head") {
            Fate::Answer(pretend(request))
        } else {
            Fate::Pass
        }
    });
    left.make_folder("Trois", None).await.unwrap();
    left.make_folder("Quatre", None).await.unwrap();
    desk.line.mend();
    let error = right.make_folder("Cinq", None).await.unwrap_err();
    let CommitError::Refused(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(refusal.check, Check::HeadRolledBack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_known_even_when_another_window_has_read_on() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, left) = Person::creates_account("alice", &desk).await;
    let object = left.saves("a.pdf", b"0").await.object;
    let right = alice.opens(&desk).await;
    // The trash of the left window is stored, its answer is lost; before it asks again, the right one restores.
    desk.line.lose("/head", 1, true);
    let (trashed, restored) = tokio::join!(left.trash(&object), async {
        loop {
            right.sync().await.unwrap();
            if right.list().iter().any(|item| item.trashed_at.is_some()) {
                break right.restore(&object).await;
            }
        }
    });
    trashed.unwrap();
    restored.unwrap();
    left.sync().await.unwrap();
    assert!(left.list().iter().all(|item| item.trashed_at.is_none()));
}

//! Rule R and the answers of an upload: no part number ever carries two ciphertexts, whatever the server says.

use std::cell::Cell;
use std::collections::BTreeMap;

use async_trait::async_trait;
use sdk::error::FileError;
use sdk::flows::upload::UploadError;
use sdk::flows::{Request, Source, Watch};
use tests::adversary::Fate;
use tests::person::{Desk, Person, document};
use tests::sample;

use crate::world;

const MIB: usize = 1 << 20;

/// Cuts the line for good at the n-th request whose path holds `part`.
fn cut_at(desk: &Desk, part: &'static str, n: u32, answered: bool) {
    let seen = Cell::new(0);
    let decide = move |request: &Request| {
        seen.set(seen.get() + u32::from(request.path.contains(part)));
        if seen.get() >= n { Fate::Lose } else { Fate::Pass }
    };
    if answered {
        desk.line.after(move |request, _| decide(request));
    } else {
        desk.line.before(decide);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_file_that_changed_before_resume_gets_a_new_body() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(2 * MIB, 6);
    cut_at(&desk, "/parts/", 2, true);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    let begun = safe.unfinished().await.unwrap()[0].body;
    let mut changed = content.clone();
    changed[MIB + 1] ^= 1;
    let uploaded = safe
        .resume(begun, &changed, &document("a.pdf"), &Watch::none())
        .await
        .unwrap();
    assert!(!uploaded.continued);
    assert_ne!(uploaded.body, begun);
    assert!(safe.reads("a.pdf").await == changed);
    assert!(
        safe.unfinished().await.unwrap().is_empty(),
        "the old body is given up"
    );
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
}

/// A file whose second half changes after it was read once.
struct Changing {
    content: Vec<u8>,
    reads: Cell<u32>,
}

#[async_trait(?Send)]
impl Source for Changing {
    fn len(&self) -> u64 {
        self.content.len() as u64
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = self.content.as_slice().read(offset, len).await?;
        if offset > 0 {
            self.reads.set(self.reads.get() + 1);
            bytes[7] ^= u8::from(self.reads.get() > 1);
        }
        Ok(bytes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_file_that_changes_while_it_is_sent_is_not_sealed() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let file = Changing {
        content: sample::noise(2 * MIB, 7),
        reads: Cell::new(0),
    };
    let refused = safe.upload(&file, &document("a.pdf"), &Watch::none()).await;
    assert!(matches!(refused, Err(UploadError::File(FileError))));
    let sent = desk.line.take_sent();
    assert!(
        !sent.iter().any(|request| request.path.ends_with("/parts/1")),
        "the changed part never left"
    );
    assert!(safe.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_no_part_number_ever_carries_two_ciphertexts() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB, 8);
    // Every answer to a part is lost once, the server denies parts, the file changes, two devices go on at once.
    cut_at(&desk, "/parts/", 3, true);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    desk.line
        .alter_json::<shared::document::Uploads>("/uploads", |uploads| {
            uploads.items.iter_mut().for_each(|upload| upload.parts.clear());
        });
    let begun = safe.unfinished().await.unwrap()[0].body;
    let other_desk = Desk::new(&world);
    let other = alice.opens(&other_desk).await;
    let (named, watch) = (document("b.pdf"), Watch::none());
    let both = futures::future::join(
        safe.resume(begun, &content, &named, &watch),
        other.resume(begun, &content, &named, &watch),
    );
    let (one, two) = both.await;
    assert!(one.is_ok() || two.is_ok());
    let mut seen = BTreeMap::new();
    for request in desk
        .line
        .take_sent()
        .into_iter()
        .chain(other_desk.line.take_sent())
    {
        if request.path.contains("/parts/") {
            let before = seen.insert(request.path.clone(), request.body.clone());
            assert!(
                before.is_none_or(|before| before == request.body),
                "{}",
                request.path
            );
        }
    }
    assert!(seen.len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_parts_that_the_server_only_claims_to_have_are_sent_again() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB, 9);
    cut_at(&desk, "/parts/", 2, false);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    desk.line
        .alter_json::<shared::document::Uploads>("/uploads", |uploads| {
            uploads
                .items
                .iter_mut()
                .for_each(|upload| upload.parts = (0..4).collect());
        });
    let begun = safe.unfinished().await.unwrap()[0].body;
    safe.resume(begun, &content, &document("a.pdf"), &Watch::none())
        .await
        .unwrap();
    desk.line.mend();
    assert!(safe.reads("a.pdf").await == content);
}

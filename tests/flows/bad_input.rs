//! Input that a person may well bring: long and strange names, empty and unreadable files, five hundred at once, a quota
//! that ends on the way. Each ends in an error whose sentence is there in every language, or in nothing unusual at all.
#![expect(clippy::print_stdout, reason = "figures of the run")]

use std::cell::Cell;

use async_trait::async_trait;
use futures::StreamExt;
use sdk::Fault;
use sdk::error::FileError;
use sdk::flows::commit::CommitError;
use sdk::flows::upload::{NewDocument, UploadError};
use sdk::flows::{Source, Watch};
use shared::account::Quota;
use tests::person::{Desk, Person, Safe, document};
use tests::sample;
use tests::world::World;

use crate::world;

/// Fails unless both languages have a sentence for this error.
fn is_worded(error: &impl Fault) {
    for language in ["fr", "en"] {
        let path = format!("{}/../client/locales/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let texts: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let text = texts["error"][error.code()].as_str().unwrap_or_default();
        assert!(text.len() > 20, "{language}: error.{} is {text:?}", error.code());
    }
}

async fn refused(safe: &Safe, file: &dyn Source, new: &NewDocument) -> UploadError {
    let error = safe.upload(file, new, &Watch::none()).await.unwrap_err();
    is_worded(&error);
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_said_before_anything_is_read_or_sent() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"x").await.object;
    let folder = safe.make_folder("Papiers", None).await.unwrap();
    desk.line.take_sent();
    let long = format!("{}.pdf", "é".repeat(126));
    assert_eq!(long.len(), 256);
    for bad in [
        "",
        ".",
        "..",
        "a/b.pdf",
        "a\\b.pdf",
        "tab\there.pdf",
        "zero\0.pdf",
        "line\nbreak.pdf",
        "facture\u{202e}fdp.exe",
        "\u{2066}x\u{2069}.pdf",
        "c\u{85}.pdf",
        long.as_str(),
    ] {
        let error = refused(&safe, &Unreadable, &document(bad)).await;
        assert!(matches!(error, UploadError::Name), "{bad:?}: {error:?}");
        let error = safe.rename(&object, bad).await.unwrap_err();
        is_worded(&error);
        assert!(matches!(error, CommitError::Name), "{bad:?}");
        let error = safe.make_folder(bad, Some(&folder)).await.unwrap_err();
        assert!(matches!(error, CommitError::Name), "{bad:?}");
    }
    let error = safe
        .set_tags(&object, &["\u{202e}gat".to_owned()])
        .await
        .unwrap_err();
    is_worded(&error);
    assert!(matches!(error, CommitError::Tag));
    assert!(desk.line.take_sent().is_empty());
    assert_eq!(safe.names(), ["Papiers", "bail.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_255_bytes_in_any_writing_and_equal_names_are_names() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let long = format!("a{}.pdf", "é".repeat(125));
    assert_eq!(long.len(), 255);
    for name in [
        long.as_str(),
        "שלום עולם.pdf",
        "عقد الإيجار.pdf",
        "🧾 reçu.pdf",
        "bail.pdf",
        "bail.pdf",
    ] {
        safe.saves(name, name.as_bytes()).await;
    }
    // As macOS writes it: taken apart. It is one name with the composed form.
    safe.saves("e\u{301}te\u{301}.pdf", b"x").await;
    let other = alice.opens(&Desk::new(&world)).await;
    assert_eq!(other.list(), safe.list());
    assert_eq!(other.reads("שלום עולם.pdf").await, "שלום עולם.pdf".as_bytes());
    assert_eq!(other.reads(&long).await, long.as_bytes());
    assert_eq!(other.reads("été.pdf").await, b"x");
    let twins = other.list().into_iter().filter(|item| item.same_name);
    assert_eq!(
        twins.map(|item| item.name).collect::<Vec<_>>(),
        ["bail.pdf", "bail.pdf"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_document() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("vide.txt", b"").await;
    assert_eq!(safe.finds("vide.txt").len, 0);
    assert!(safe.reads("vide.txt").await.is_empty());
}

/// A file that the system does not let us read.
struct Unreadable;

#[async_trait(?Send)]
impl Source for Unreadable {
    fn len(&self) -> u64 {
        5_000
    }

    async fn read(&self, _: u64, _: usize) -> Result<Vec<u8>, FileError> {
        Err(FileError)
    }
}

/// A file that somebody writes to while it is read: from the second reading on it has other bytes, or fewer.
struct Restless {
    readings: Cell<u32>,
    shrinks: bool,
}

#[async_trait(?Send)]
impl Source for Restless {
    fn len(&self) -> u64 {
        5_000
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        self.readings.set(self.readings.get() + 1);
        let again = self.readings.get() > 1;
        if again && self.shrinks {
            return Err(FileError);
        }
        let content = sample::noise(5_000, u64::from(again));
        content.as_slice().read(offset, len).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_or_changes_meanwhile_is_not_saved_in_parts() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.take_sent();
    let error = refused(&safe, &Unreadable, &document("illisible.pdf")).await;
    assert!(matches!(error, UploadError::File(FileError)));
    assert!(desk.line.take_sent().is_empty(), "nothing was sent");
    for shrinks in [false, true] {
        let file = Restless {
            readings: Cell::new(0),
            shrinks,
        };
        let error = refused(&safe, &file, &document("change.pdf")).await;
        assert!(matches!(error, UploadError::File(FileError)));
        let sent = desk.line.take_sent();
        assert!(!sent.iter().any(|request| request.path.contains("/parts/")));
    }
    assert!(safe.names().is_empty());
    for begun in safe.unfinished().await.unwrap() {
        safe.abandon(begun.body).await.unwrap();
    }
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_files_are_five_hundred_documents() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let folder = safe.make_folder("Tout", None).await.unwrap();
    let began = std::time::Instant::now();
    let saved = futures::stream::iter(0..500)
        .map(|n| {
            let (safe, folder) = (&safe, folder.clone());
            async move {
                let new = NewDocument {
                    parent: Some(folder),
                    ..document(&format!("document {n:03}.pdf"))
                };
                let content = format!("contenu {n}").into_bytes();
                safe.upload(&content, &new, &Watch::none()).await.unwrap();
            }
        })
        .buffer_unordered(8)
        .count()
        .await;
    println!("{saved} files of some bytes in {:.1?}", began.elapsed());
    let other = alice.opens(&Desk::new(&world)).await;
    let items = other.list();
    assert_eq!(items.len(), 501);
    assert!(
        items
            .iter()
            .all(|item| item.id == folder || item.parent.as_ref() == Some(&folder))
    );
    assert_eq!(other.reads("document 317.pdf").await, b"contenu 317");
    assert!(other.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_ends_in_the_middle_keeps_what_was_saved() {
    let world = World::start(|config| config.account_bytes = 260_000)
        .await
        .unwrap();
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let mut ends = Vec::new();
    for n in 0..4 {
        let content = sample::noise(80_000, n);
        let name = document(&format!("{n}.pdf"));
        ends.push(safe.upload(&content, &name, &Watch::none()).await);
    }
    let mut ends = ends.into_iter();
    assert!(ends.by_ref().take(2).all(|end| end.is_ok()));
    let error = ends.last().unwrap().unwrap_err();
    is_worded(&error);
    assert!(matches!(error, UploadError::Quota { missing: 1.. }), "{error:?}");
    let kept = safe.names().len();
    assert!((2..4).contains(&kept), "{kept}");
    // Told that there is room, refused at the beginning: another device took it.
    desk.line
        .alter_json("/quota", |quota: &mut Quota| quota.limit = u64::from(u32::MAX));
    let error = refused(&safe, &sample::noise(80_000, 9), &document("9.pdf")).await;
    assert!(matches!(error, UploadError::Quota { .. }), "{error:?}");
    desk.line.mend();
    assert_eq!(safe.names().len(), kept);
    assert_eq!(safe.reads("1.pdf").await, sample::noise(80_000, 1));
    safe.saves("petit.pdf", b"une page").await;
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
}

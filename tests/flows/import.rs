//! What somebody brings in: hostile archives, interrupted imports, folders.

use sdk::flows::Watch;
use sdk::flows::archive::import::{ImportError, Why};
use sdk::flows::archive::parcel::{Loose, Parcel};
use sdk::flows::archive::read::{Archive, ArchiveError};
use sdk::flows::{Source, upload::UploadError};
use tests::person::{Desk, Person, Safe};
use tests::sample;

use crate::archive::{exports, shown, unpacked};
use crate::world;

/// Replaces `old` by `new`, of the same length, in its first place.
fn patched(file: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    replaced(
        file,
        old,
        new,
        file.windows(old.len()).position(|bytes| bytes == old),
    )
}

/// The same in its last place: of a path, the directory.
fn patched_last(file: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    replaced(
        file,
        old,
        new,
        file.windows(old.len()).rposition(|bytes| bytes == old),
    )
}

fn replaced(file: &[u8], old: &[u8], new: &[u8], at: Option<usize>) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut out = file.to_vec();
    out[at.unwrap()..][..old.len()].copy_from_slice(new);
    out
}

/// One byte of the central header of the member whose path this is, as XOR.
fn central(file: &[u8], path: &[u8], field: usize, change: u8) -> Vec<u8> {
    let places = file.windows(path.len()).enumerate();
    let at = places
        .filter(|(at, bytes)| *bytes == path && *at > 46 && file[at - 46..].starts_with(b"PK\x01\x02"))
        .map(|(at, _)| at - 46)
        .next()
        .unwrap();
    let mut out = file.to_vec();
    out[at + field] ^= change;
    out
}

async fn opened(file: Vec<u8>) -> Option<ArchiveError> {
    Archive::open(&file).await.err()
}

async fn imports(safe: &Safe, file: &impl Source) -> sdk::flows::archive::import::Imported {
    let parcel = Parcel::of_archive(Archive::open(file).await.unwrap());
    safe.import(&parcel, &Watch::none()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_in_any_other_form_is_refused_with_its_own_error() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("bail.pdf", b"le bail").await;
    safe.saves("bial.pdf", b"un autre").await;
    let (file, _) = exports(&safe).await;
    let path: &[u8] = b"documents/bail.pdf";
    let cases: Vec<(Vec<u8>, ArchiveError)> = vec![
        (Vec::new(), ArchiveError::NotArchive),
        (
            b"%PDF-1.7 et la suite d'un document".to_vec(),
            ArchiveError::NotArchive,
        ),
        (file[..file.len() - 1].to_vec(), ArchiveError::NotArchive),
        ([&file[..], b"!"].concat(), ArchiveError::NotArchive),
        ([b"!", &file[..]].concat(), ArchiveError::Form),
        (central(&file, path, 8, 1), ArchiveError::Encrypted),
        (central(&file, path, 10, 8), ArchiveError::Compressed),
        // 0o100644 to 0o120644.
        (central(&file, path, 41, 0x20), ArchiveError::Link),
        (central(&file, path, 16, 1), ArchiveError::Form),
        (central(&file, path, 42, 1), ArchiveError::Form),
        (
            patched_last(&file, path, b"../../../../il.pdf"),
            ArchiveError::Path,
        ),
        (
            patched_last(&file, path, b"/ocuments/bail.pdf"),
            ArchiveError::Path,
        ),
        (
            patched_last(&file, path, b"documents\\bail.pdf"),
            ArchiveError::Path,
        ),
        (
            patched_last(&file, path, b"documents/BIAL.pdf"),
            ArchiveError::Twice,
        ),
        // In the local header alone, then in the directory alone.
        (
            patched_last(&file, path, b"documents/bali.pdf"),
            ArchiveError::Form,
        ),
        (patched(&file, path, b"documents/bali.pdf"), ArchiveError::Form),
        (
            patched(&file, b"\"name\": \"bail.pdf\"", b"\"name\": \"bali.pdf\""),
            ArchiveError::Differs,
        ),
        (patched(&file, b"CID1", b"CID2"), ArchiveError::Differs),
    ];
    for (number, (file, expected)) in cases.into_iter().enumerate() {
        assert_eq!(opened(file).await, Some(expected), "case {number}");
    }
    // Of a byte changed anywhere nothing is taken but a page for people, or a document whose hash then speaks.
    let documents = 0..file.len();
    for at in documents.step_by(37) {
        let mut other = file.clone();
        other[at] ^= 0x40;
        if let Ok(archive) = Archive::open(&other).await {
            let imported = safe
                .import(&Parcel::of_archive(archive), &Watch::none())
                .await
                .unwrap();
            assert_eq!(imported.added, 0, "{at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_document_is_left_out_and_named() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("bail.pdf", b"le bail de la maison").await;
    safe.saves("note.txt", b"une note").await;
    let (file, _) = exports(&safe).await;
    let file = patched(&file, b"le bail de la maison", b"le bail de la prison");
    let (_bob, other) = Person::creates_account("bob", &Desk::new(&world)).await;
    let imported = imports(&other, &file).await;
    assert_eq!(imported.added, 1);
    let left: Vec<_> = imported
        .left
        .iter()
        .map(|left| (left.name.as_str(), left.why))
        .collect();
    assert_eq!(left, [("bail.pdf", Why::Damaged)]);
    assert_eq!(other.names(), ["note.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_goes_on_and_adds_nothing_twice() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    for number in 0..9_u64 {
        // Two of the same name and content: two they stay.
        let number = number.min(7);
        safe.saves(&format!("page {number}.pdf"), &sample::noise(3_000, number))
            .await;
    }
    safe.saves("film.mp4", &sample::noise(3 << 20, 9)).await;
    let (file, _) = exports(&safe).await;
    let desk = Desk::new(&world);
    let (_bob, other) = Person::creates_account("bob", &desk).await;
    for cut in [3, 40] {
        let mut seen = 0;
        desk.line.before(move |request| {
            seen += u32::from(request.path.contains("/parts/") || request.path.ends_with("/head"));
            if seen > cut {
                tests::adversary::Fate::Lose
            } else {
                tests::adversary::Fate::Pass
            }
        });
        let parcel = Parcel::of_archive(Archive::open(&file).await.unwrap());
        let stopped = other.import(&parcel, &Watch::none()).await;
        if cut == 3 {
            assert!(matches!(
                stopped,
                Err(ImportError::Upload(UploadError::Api(_) | UploadError::Commit(_)))
            ));
        }
        desk.line.mend();
    }
    let imported = imports(&other, &file).await;
    assert_eq!(imported.added + imported.already, 10);
    assert_eq!(shown(&other), shown(&safe));
    assert_eq!(imports(&other, &file).await.already, 10);
    assert_eq!(other.list().len(), 10);
    assert!(other.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpacked_archive_is_one_too_and_a_plain_folder_keeps_its_shape() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    let folder = safe.make_folder("Papiers : 2025", None).await.unwrap();
    let object = safe.saves("Été.pdf", b"un ete").await.object;
    safe.move_to(&object, Some(&folder)).await.unwrap();
    safe.set_tags(&object, &["à trier".to_owned()]).await.unwrap();
    let (file, _) = exports(&safe).await;
    let files: Vec<_> = unpacked(&file)
        .into_iter()
        .filter(|(path, _)| !path.ends_with('/'))
        // As one system writes an accent: the letter, then the mark.
        .map(|(path, content)| (format!("Téléchargé/{}", path.replace('É', "E\u{301}")), content))
        .collect();
    let loose = || {
        files.iter().map(|(path, content)| Loose {
            path: path.clone(),
            media: "application/pdf".to_owned(),
            source: content as &dyn Source,
        })
    };
    let (_bob, other) = Person::creates_account("bob", &Desk::new(&world)).await;
    let parcel = Parcel::of_folder(loose().collect()).await.unwrap();
    assert_eq!(other.import(&parcel, &Watch::none()).await.unwrap().added, 1);
    assert_eq!(shown(&other), shown(&safe));
    let without =
        loose().filter(|file| !file.path.ends_with("Ete\u{301}.pdf") && !file.path.contains("t\u{e9}.pdf"));
    assert_eq!(
        Parcel::of_folder(without.collect()).await.err(),
        Some(ArchiveError::Differs),
        "a file of the list is not there"
    );
    let plain = loose().filter(|file| !file.path.contains("civis/"));
    let mut plain: Vec<_> = plain.collect();
    let empty = Vec::new();
    plain.push(Loose {
        path: "Téléchargé/un\u{202e}nom".to_owned(),
        media: String::new(),
        source: &empty,
    });
    let (_carole, third) = Person::creates_account("carole", &Desk::new(&world)).await;
    let imported = third
        .import(&Parcel::of_folder(plain).await.unwrap(), &Watch::none())
        .await
        .unwrap();
    assert_eq!((imported.added, imported.left.len()), (3, 1));
    assert_eq!(imported.left[0].why, Why::Name);
    assert_eq!(third.reads("Été.pdf").await, b"un ete");
    let place = third.finds("Été.pdf").parent;
    assert_eq!(place, Some(third.id("Papiers _ 2025")));
}

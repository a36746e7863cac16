//! Older contents of a document, small pictures of it, and what another device destroyed meanwhile.

use sdk::flows::Watch;
use sdk::flows::commit::{CommitError, MergeKind};
use sdk::flows::item::ObjectId;
use sdk::flows::read::ReadError;
use sdk::flows::upload::{NewDocument, UploadError, Uploaded};
use shared::collection::{Commit, Reference};
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe, document};
use tests::sample;

use crate::world;

async fn replaces(safe: &Safe, object: &ObjectId, content: &[u8]) -> Uploaded {
    let new = NewDocument {
        replace: Some(object.clone()),
        ..document("un autre nom.pdf")
    };
    safe.upload(&content.to_vec(), &new, &Watch::none())
        .await
        .unwrap()
}

async fn version(safe: &Safe, object: &ObjectId, index: u32) -> Vec<u8> {
    let mut sink = Vec::new();
    safe.download_version(object, index, &mut sink, &Watch::none())
        .await
        .unwrap();
    sink
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_versions_are_kept_each_can_be_read_and_one_made_current() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let first = safe.saves("bail.pdf", b"0").await;
    let object = first.object.clone();
    for n in 1..=8_u8 {
        let saved = replaces(&safe, &object, &[b'0' + n]).await;
        assert_eq!((saved.object, saved.merged.len()), (object.clone(), 0));
    }
    assert_eq!(safe.list().len(), 1);
    let item = safe.finds("bail.pdf");
    assert_eq!((item.versions, item.id == object), (8, true));
    desk.line.take_sent();
    // The ninth: the first content drops out, and the server is told so.
    replaces(&safe, &object, b"9").await;
    let sent = desk.line.take_sent();
    let put = sent
        .iter()
        .rfind(|request| request.path.ends_with("/head"))
        .unwrap();
    let commit: Commit = serde_json::from_slice(&put.body).unwrap();
    assert!(commit.drops.contains(&Reference::Body(first.body)));

    let other = alice.opens(&Desk::new(&world)).await;
    let versions = other.versions(&object);
    assert_eq!(versions.len(), 8);
    assert!(
        versions
            .iter()
            .all(|one| one.len == 1 && one.since.is_some() && one.media == "application/pdf")
    );
    for (index, content) in (0..8).zip(b"87654321") {
        assert_eq!(version(&other, &object, index).await, [*content]);
    }
    other.restore_version(&object, 2).await.unwrap();
    assert_eq!(other.reads("bail.pdf").await, b"6");
    assert_eq!(version(&other, &object, 0).await, b"9");
    assert_eq!(other.finds("bail.pdf").versions, 8);
    for (object, index) in [(&object, 8), (&ObjectId("AAAAAAAAAAAAAAAAAAAAAA".to_owned()), 0)] {
        let none = other.restore_version(object, index).await;
        assert!(matches!(none, Err(CommitError::NotFound)));
    }
    let none = other
        .download_version(&object, 8, &mut Vec::new(), &Watch::none())
        .await;
    assert!(matches!(none, Err(ReadError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_new_contents_at_once_are_both_kept_and_the_upload_says_so() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("bail.pdf", b"0").await.object;
    let second = alice.opens(&Desk::new(&world)).await;
    replaces(&first, &object, b"un").await;
    let late = replaces(&second, &object, b"deux").await;
    assert_eq!(late.merged.len(), 1, "{:?}", late.merged);
    assert_eq!(late.merged[0].what, MergeKind::ConflictCopy);
    assert_eq!(late.object, late.merged[0].object, "where my content lies");
    assert_ne!(late.object, object);
    assert_eq!(second.reads("bail.pdf").await, b"un");
    let copy = second
        .list()
        .into_iter()
        .find(|item| item.id == late.object)
        .unwrap();
    assert!(copy.name.starts_with("bail (conflit, "));
    assert_eq!(second.reads(&copy.name).await, b"deux");
    first.sync().await.unwrap();
    assert_eq!(first.list(), second.list());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_content_of_what_is_gone_is_a_document_of_its_own() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"0").await.object;
    safe.trash(&object).await.unwrap();
    // Out of the trash: who saves a new content wants to see it.
    replaces(&safe, &object, b"1").await;
    assert_eq!(safe.reads("bail.pdf").await, b"1");
    safe.purge(std::slice::from_ref(&object)).await.unwrap();
    let saved = replaces(&safe, &object, b"2").await;
    assert_ne!(saved.object, object);
    assert_eq!(safe.reads("un autre nom.pdf").await, b"2");
}

/// A picture as far as the sdk looks.
fn picture(len: usize) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0][..], &sample::noise(len, 5)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_a_body_of_its_own_and_goes_with_what_it_shows() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let small = picture(9_000);
    let new = NewDocument {
        thumbnail: Some(small.clone()),
        ..document("photo.jpg")
    };
    let saved = safe
        .upload(&sample::noise(50_000, 1), &new, &Watch::none())
        .await
        .unwrap();
    let object = saved.object;
    let other = alice.opens(&Desk::new(&world)).await;
    assert!(other.finds("photo.jpg").thumbnail);
    assert_eq!(*other.read_thumbnail(&object).await.unwrap(), small);
    assert!(other.unfinished().await.unwrap().is_empty());
    // Another one, given later; the first is dropped.
    let later = picture(2_000);
    other.set_thumbnail(&object, &later).await.unwrap();
    assert_eq!(*other.read_thumbnail(&object).await.unwrap(), later);
    // With a new content it goes.
    safe.sync().await.unwrap();
    replaces(&safe, &object, b"neuf").await;
    assert!(!safe.finds("photo.jpg").thumbnail);
    assert!(matches!(
        safe.read_thumbnail(&object).await,
        Err(ReadError::NotFound)
    ));
    safe.set_thumbnail(&object, &later).await.unwrap();
    safe.purge(std::slice::from_ref(&object)).await.unwrap();
    assert!(matches!(
        safe.read_thumbnail(&object).await,
        Err(ReadError::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_cannot_be_stored_is_left_out_and_the_document_is_saved() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let huge = picture(64 << 10);
    for (name, bad) in [
        ("grand.pdf", huge),
        ("texte.pdf", b"<svg>".to_vec()),
        ("vide.pdf", Vec::new()),
    ] {
        let new = NewDocument {
            thumbnail: Some(bad.clone()),
            ..document(name)
        };
        safe.upload(&b"x".to_vec(), &new, &Watch::none()).await.unwrap();
        let item = safe.finds(name);
        assert!(!item.thumbnail, "{name}");
        let set = safe.set_thumbnail(&item.id, &bad).await;
        assert!(
            matches!(set, Err(UploadError::TooLarge | UploadError::File(_))),
            "{name}"
        );
    }
    // The line refuses the second body: the document's own has passed already.
    let mut begun = 0;
    desk.line.before(move |request| {
        begun += u32::from(request.path == shared::path::UPLOADS && !request.body.is_empty());
        let lost = begun > 1 && request.path.contains("/uploads/") && request.path.contains("/parts/");
        if lost { Fate::Lose } else { Fate::Pass }
    });
    let new = NewDocument {
        thumbnail: Some(picture(1_000)),
        ..document("sans image.pdf")
    };
    safe.upload(&b"y".to_vec(), &new, &Watch::none()).await.unwrap();
    desk.line.mend();
    assert!(!safe.finds("sans image.pdf").thumbnail);
    assert_eq!(safe.reads("sans image.pdf").await, b"y");
    assert!(
        safe.unfinished().await.unwrap().is_empty(),
        "a picture is never continued"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_another_device_destroyed_for_good_is_told() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("bail.pdf", b"x").await.object;
    first.saves("avis.pdf", b"y").await;
    let second = alice.opens(&Desk::new(&world)).await;
    let both: Vec<_> = second.list().into_iter().map(|item| item.id).collect();
    first.purge(std::slice::from_ref(&object)).await.unwrap();
    // The store erased its body: it cannot come back. What else was changed with it is.
    let committed = second.set_retention(&object, Some(5)).await.unwrap();
    let told: Vec<_> = committed
        .merged
        .iter()
        .map(|note| (note.what, note.lost.as_deref()))
        .collect();
    assert_eq!(told, [(MergeKind::Purged, Some("bail.pdf"))]);
    assert_eq!(second.names(), ["avis.pdf"]);
    let third = alice.opens(&Desk::new(&world)).await;
    assert_eq!(third.names(), ["avis.pdf"]);
    assert_eq!(
        second.lost().await.unwrap().len(),
        2,
        "what came back and went again is in the journal"
    );
    let gone = second.trash_many(&both).await;
    assert!(matches!(gone, Err(CommitError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_brings_back_what_went_by_age_while_the_store_still_has_it() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    let object = first.saves("bail.pdf", b"le bail").await.object;
    first.trash(&object).await.unwrap();
    let second = alice.opens(&Desk::new(&world)).await;
    desk.later.set(31 * 86_400);
    first.purge_expired().await.unwrap();
    assert!(first.list().is_empty());
    let committed = second.restore(&object).await.unwrap();
    assert_eq!(committed.merged[0].what, MergeKind::Restored);
    assert_eq!(second.reads("bail.pdf").await, b"le bail");
    first.sync().await.unwrap();
    assert_eq!(first.reads("bail.pdf").await, b"le bail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_or_an_older_content_that_was_altered_is_refused_like_any_document() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"avant").await.object;
    let new = NewDocument {
        replace: Some(object.clone()),
        thumbnail: Some(picture(3_000)),
        ..document("bail.pdf")
    };
    safe.upload(&b"maintenant".to_vec(), &new, &Watch::none())
        .await
        .unwrap();
    desk.line.alter("/content", |response| {
        let mut body = response.body.to_vec();
        body[7] ^= 1;
        response.body = body.into();
    });
    let nothing = Watch::none();
    for altered in [
        safe.read_thumbnail(&object).await.map(drop),
        safe.download_version(&object, 0, &mut Vec::new(), &nothing).await,
    ] {
        let Err(ReadError::Refused(refusal)) = altered else {
            panic!("{altered:?}")
        };
        assert_eq!(refusal.check, sdk::Check::Part);
    }
    // Withheld: missing, with evidence, since the newest list names it.
    desk.line.mend();
    desk.line.before(|request| {
        if !request.path.contains("/bodies/") {
            return Fate::Pass;
        }
        let gone = shared::Problem::new(shared::ErrorCode::NotFound, shared::RequestId([0; 16]));
        Fate::Answer(sdk::flows::Response {
            status: 404,
            headers: vec![("content-type".to_owned(), shared::error::PROBLEM_JSON.to_owned())],
            body: serde_json::to_vec(&gone).unwrap().into(),
        })
    });
    let Err(ReadError::Refused(refusal)) = safe.read_thumbnail(&object).await else {
        panic!("a picture that is not there")
    };
    assert_eq!(refusal.check, sdk::Check::BodyMissing);
    assert!(safe.finds("bail.pdf").thumbnail, "it is still said to be there");
}

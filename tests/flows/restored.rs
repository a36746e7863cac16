//! A backup that was put back: said by the operator, shown to every person, and gone on from after a yes.

use sdk::evidence::Known;
use sdk::flows::document::ObjectId;
use sdk::flows::restored::Restored;
use sdk::{Check, Fault};
use tests::person::{Desk, Person, Safe};
use tests::world::{Snapshot, World};

use crate::world;

/// Reads the list, and is asked about a backup instead.
async fn is_asked(safe: &Safe) -> Restored {
    let error = safe.sync().await.unwrap_err();
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}")).clone();
    assert_eq!(refusal.check, Check::Restored);
    assert!(refusal.evidence.is_some());
    assert!(safe.list().is_empty());
    safe.restored().expect("what to tell")
}

/// Nothing is written while the question is open.
async fn writes_nothing(safe: &Safe, desk: &Desk) {
    desk.line.take_sent();
    let code = |fault: &dyn Fault| fault.refusal().map(|refusal| refusal.check);
    let object = ObjectId("AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    for error in [
        code(&safe.make_folder("Non", None).await.unwrap_err()),
        code(&safe.trash(&object).await.unwrap_err()),
        code(
            &safe
                .set_phrase("une autre phrase assez longue")
                .await
                .unwrap_err(),
        ),
        code(&safe.make_new_sheet().await.map(drop).unwrap_err()),
        code(&safe.confirm_kit().await.unwrap_err()),
    ] {
        assert_eq!(error, Some(Check::Restored));
    }
    let file = b"1".to_vec();
    let document = tests::person::document("non.pdf");
    let refused = safe.upload(&file, &document, &sdk::flows::Watch::none()).await;
    assert_eq!(code(&refused.unwrap_err()), Some(Check::Restored));
    assert!(desk.line.take_sent().is_empty(), "something was sent");
}

fn names(safe: &Safe) -> Vec<String> {
    safe.list().into_iter().map(|item| item.name).collect()
}

/// An account with one document in the backup and more behind it.
async fn with_a_backup(world: &mut World) -> (Person, Desk, Snapshot) {
    let desk = Desk::new(world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("avant.pdf", b"1").await;
    drop(safe);
    let backup = world.snapshot().await.unwrap();
    (alice, desk, backup)
}

/// Ends a visit; the next one sees all of it in the log. What a server wrote is signed at the latest when it ends.
async fn sees_the_log(safe: Safe, world: &mut World, alice: &Person, desk: &Desk) -> Safe {
    drop(safe);
    world.restart().await.unwrap();
    alice.opens(desk).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_told_and_gone_on_from_after_a_yes() {
    let mut world = world().await;
    let (alice, desk, backup) = with_a_backup(&mut world).await;
    let safe = alice.opens(&desk).await;
    safe.saves("après.pdf", b"2").await;
    safe.make_folder("Impôts", None).await.unwrap();
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    safe.keep_list().await.unwrap();
    drop(safe);
    let done = world.restores(&backup, "Disque en panne").await.unwrap();

    let safe = alice.opens_without_reading(&desk).await;
    let told = is_asked(&safe).await;
    assert_eq!((told.before, told.kept), (done.size, done.kept));
    assert_eq!(told.reason, "Disque en panne");
    assert_eq!((told.changes, told.account_changes), (2, 0));
    assert_eq!(told.gone, ["après.pdf"]);
    writes_nothing(&safe, &desk).await;
    // Not now: the same question at the next opening.
    drop(safe);
    let safe = alice.opens_without_reading(&desk).await;
    assert_eq!(is_asked(&safe).await, told);
    safe.agree_to_restored().await.unwrap();
    assert_eq!(safe.restored(), None);
    assert_eq!(names(&safe), ["avant.pdf"]);
    safe.saves("encore.pdf", b"3").await;
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    let kept = safe.evidence().await.unwrap();
    let piece = &kept
        .iter()
        .find(|(_, piece)| piece.check == Check::Restored)
        .unwrap()
        .1;
    let signed = piece.known.iter().filter(|known| match known {
        Known::Checkpoint { signed, .. } => signed.is_some(),
        _ => false,
    });
    assert_eq!(signed.count(), 2, "the checkpoint before and the one after");
    drop(safe);
    // Once on each device.
    assert_eq!(names(&alice.opens(&desk).await), ["avant.pdf", "encore.pdf"]);
}

/// Also where the account record itself is older than the device knows.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_record_of_the_backup_is_asked_about_before_it_is_believed() {
    let mut world = world().await;
    let (alice, desk, backup) = with_a_backup(&mut world).await;
    let safe = alice.opens(&desk).await;
    safe.confirm_kit().await.unwrap();
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    drop(safe);
    world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    let told = is_asked(&safe).await;
    assert_eq!((told.changes, told.account_changes), (0, 1));
    writes_nothing(&safe, &desk).await;
    safe.agree_to_restored().await.unwrap();
    assert_eq!(safe.sheet_confirmed(), None);
    safe.confirm_kit().await.unwrap();
    drop(safe);
    let safe = alice.opens(&desk).await;
    assert!(safe.sheet_confirmed().is_some());
}

/// Another device of the same person is asked for itself: only it knows what it had seen. A device that is new is told.
#[tokio::test(flavor = "multi_thread")]
async fn every_device_is_asked_for_itself_and_a_new_one_is_told_once() {
    let mut world = world().await;
    let (alice, desk, backup) = with_a_backup(&mut world).await;
    let second = Desk::new(&world);
    let safe = alice.opens(&second).await;
    safe.saves("perdu.pdf", b"2").await;
    safe.confirm_kit().await.unwrap();
    let safe = sees_the_log(safe, &mut world, &alice, &second).await;
    drop(safe);
    let done = world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    assert_eq!(is_asked(&safe).await.changes, 0);
    safe.agree_to_restored().await.unwrap();
    // As many heads as the other device had seen, and more manifests.
    safe.saves("autre.pdf", b"3").await;
    safe.confirm_kit().await.unwrap();
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    drop(safe);
    let safe = alice.opens_without_reading(&second).await;
    let told = is_asked(&safe).await;
    assert_eq!(told.changes, 1, "its newest is not in the chain");
    safe.agree_to_restored().await.unwrap();
    assert_eq!(names(&safe), ["autre.pdf", "avant.pdf"]);
    safe.saves("encore.pdf", b"4").await;
    drop(safe);

    let new = Desk::new(&world);
    let safe = alice.opens_without_reading(&new).await;
    let seen = safe.sync().await.unwrap().first_time.unwrap();
    let told = seen.restored.unwrap();
    assert_eq!((told.before, told.kept), (done.size, done.kept));
    assert_eq!(told.reason, "Disque");
    drop(safe);
    let safe = alice.opens_without_reading(&new).await;
    assert_eq!(safe.sync().await.unwrap().first_time, None);
}

/// The second backup is older than the first restoration; this device has slept through both.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_slept_through_two_restorations_is_asked_about_the_last() {
    let mut world = world().await;
    let (alice, desk, backup) = with_a_backup(&mut world).await;
    let safe = alice.opens(&desk).await;
    safe.saves("perdu.pdf", b"2").await;
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    drop(safe);
    let first = world.restores(&backup, "Un").await.unwrap();
    let second = world.restores(&backup, "Deux").await.unwrap();
    assert_eq!(first.after, second.before);
    let safe = alice.opens_without_reading(&desk).await;
    let told = is_asked(&safe).await;
    // Nobody can prove to this device where the log in between left the one that it knew.
    assert_eq!((told.before, told.kept), (first.size, 0));
    assert_eq!((told.changes, told.reason.as_str()), (1, "Deux"));
    safe.agree_to_restored().await.unwrap();
    safe.saves("encore.pdf", b"3").await;
    drop(safe);
    assert_eq!(names(&alice.opens(&desk).await), ["avant.pdf", "encore.pdf"]);
}

/// The yes is there, the manifest that says so is not: the device finishes by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_was_cut_is_not_asked_for_twice() {
    let mut world = world().await;
    let (alice, desk, backup) = with_a_backup(&mut world).await;
    let safe = alice.opens(&desk).await;
    safe.saves("perdu.pdf", b"2").await;
    let safe = sees_the_log(safe, &mut world, &alice, &desk).await;
    drop(safe);
    world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    is_asked(&safe).await;
    desk.line.cut();
    safe.agree_to_restored().await.unwrap_err();
    desk.line.mend();
    drop(safe);
    let safe = alice.opens(&desk).await;
    assert_eq!(names(&safe), ["avant.pdf"]);
    drop(safe);
    assert_eq!(names(&alice.opens(&Desk::new(&world)).await), ["avant.pdf"]);
}

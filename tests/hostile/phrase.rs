//! The words in the place of the phrase: number 47 of the hostile-server checklist.

use sdk::flows::login;
use sdk::flows::phrase::PhraseError;
use sdk::{Check, Fault};
use shared::account::{Account, ManifestStored, PutPassword};
use shared::path;
use tests::adversary::Fate;
use tests::evil::{Evil, Switch};
use tests::person::{Desk, Person};

use crate::verdict::noticed;
use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn n47_words_that_replace_the_phrase_end_every_other_session() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let other = Desk::new(&world);
    let second = alice.opens(&other).await;
    // Somebody with the sheet, elsewhere.
    let stranger = Desk::new(&world);
    let by_words = login::open_with_words(stranger.device(), &alice.words)
        .await
        .unwrap();
    let reading = login::open_with_words(Desk::new(&world).device(), &alice.words)
        .await
        .unwrap();
    by_words.set_phrase("une phrase toute neuve").await.unwrap();
    for ended in [&safe.0, &second.0, &reading] {
        assert_eq!(ended.sync().await.unwrap_err().code(), "phrase_changed");
        assert_eq!(
            ended.make_folder("x", None).await.unwrap_err().code(),
            "phrase_changed"
        );
    }
    by_words.sync().await.unwrap();
    // The owner cannot miss it: the phrase is wrong from now on, everywhere; the words go on working.
    for desk in [&desk, &other] {
        let failed = login::open(desk.device(), &alice.handle, &alice.phrase).await;
        assert_eq!(failed.err().unwrap().code(), "wrong_phrase");
    }
    let again = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    again.set_phrase(&alice.phrase).await.unwrap();
    assert_eq!(by_words.sync().await.unwrap_err().code(), "phrase_changed");
    alice.opens(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n08_n47_a_device_finds_out_by_itself_what_the_server_hides() {
    let world = world().await;
    let (desk, stranger) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    // Somebody with the sheet sets a phrase, then makes a sheet of their own.
    let thief = login::open_with_words(stranger.device(), &alice.words)
        .await
        .unwrap();
    let phrase = "une phrase toute neuve".to_owned();
    thief.set_phrase(&phrase).await.unwrap();
    thief.make_new_sheet().await.unwrap();
    assert_eq!(safe.sync().await.unwrap_err().code(), "phrase_changed");
    let alice = Person { phrase, ..alice };
    // An honest server tells a device that knows nothing; one that hides it can fool that device alone.
    let told = alice.opens(&Desk::new(&world)).await.way_changes().await.unwrap();
    assert_eq!(
        told.iter().map(|change| change.sheet).collect::<Vec<_>>(),
        [false, true]
    );
    assert!(
        told.iter()
            .all(|change| change.by_words == Some(true) && !change.seen_here)
    );
    let hide = |account: &mut Account| account.events.clear();
    desk.line.alter_json("/account", hide);
    let shown = async || alice.opens(&desk).await.way_changes().await.unwrap();
    // At every sign-in, until somebody at this device has read it.
    for _ in 0..2 {
        let seen = shown().await;
        assert_eq!(
            seen.iter().map(|change| change.sheet).collect::<Vec<_>>(),
            [false, true]
        );
        assert!(seen.iter().all(|change| change.seen_here && change.at.is_none()));
    }
    // A new phrase of one's own does not sweep away what was not read.
    let safe = alice.opens(&desk).await;
    safe.set_phrase(&alice.phrase).await.unwrap();
    assert_eq!(shown().await.len(), 2);
    safe.acknowledge_way_changes().await.unwrap();
    assert!(shown().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n47_a_phrase_set_by_words_is_believed_after_a_real_login_alone() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let safe = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    let expected = [("phrase_unknown", None), ("refused_answer", Some(Check::Slot))];
    for (attack, expected) in Switch::N47.attacks().into_iter().zip(expected) {
        let name = attack.name().to_owned();
        let setting = async || safe.set_phrase("une phrase toute neuve").await;
        let verdict = noticed(&desk, &evil, attack, setting).await;
        assert_eq!((verdict.code, verdict.check), expected, "{name}");
    }
    // Said to be stored, and not stored: the old phrase would go on opening the account.
    desk.line.before(|request| {
        if request.path != path::PASSWORD {
            return Fate::Pass;
        }
        let put = serde_json::from_slice::<PutPassword>(&request.body).unwrap();
        let record = crypto::account::record::Record::parse(put.manifest.as_slice()).unwrap();
        let stored = ManifestStored {
            log_index: 1 << 40,
            manifest_hash: record.manifest_hash().into(),
        };
        Fate::Answer(sdk::flows::Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: serde_json::to_vec(&stored).unwrap().into(),
        })
    });
    let claimed = safe.set_phrase("encore une autre phrase").await;
    assert!(matches!(claimed, Err(PhraseError::Unknown)), "{claimed:?}");
    desk.line.before(|_| Fate::Pass);
    // What the server holds is the phrase before; the same device sets another with an honest one.
    let changed = Person {
        phrase: "la dernière phrase".to_owned(),
        ..alice
    };
    let fresh = Desk::new(&world);
    let again = login::open_with_words(fresh.device(), &changed.words)
        .await
        .unwrap();
    again.set_phrase(&changed.phrase).await.unwrap();
    changed.opens(&fresh).await;
}

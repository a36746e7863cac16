//! The recovery sheet: confirmed for every device, tested on this one.

use sdk::Fault;
use sdk::flows::account::Draft;
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe};

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_sheet_is_confirmed_on_every_device() {
    let world = world().await;
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let elsewhere = alice.opens(&other).await;
    assert_eq!(safe.kit().await.unwrap().confirmed, None);
    safe.confirm_kit().await.unwrap();
    let confirmed = safe.kit().await.unwrap().confirmed;
    assert!(confirmed.is_some());
    // The other device still holds the manifest of before: it loses the race, reads, and keeps what it finds.
    elsewhere.confirm_kit().await.unwrap();
    assert_eq!(elsewhere.kit().await.unwrap().confirmed, confirmed);
    for desk in [&desk, &other, &Desk::new(&world)] {
        let safe = alice.opens(desk).await;
        assert_eq!(safe.kit().await.unwrap().confirmed, confirmed);
        assert_eq!(safe.sheet_confirmed(), confirmed);
    }
    // A new phrase keeps it, from a manifest that is one behind.
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    assert_eq!(safe.kit().await.unwrap().confirmed, confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_survives_lost_answers_and_says_when_it_is_not_stored() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    // Nothing arrives.
    desk.line.before(|request| {
        if request.path.ends_with("/account/manifest") {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    assert_eq!(safe.confirm_kit().await.unwrap_err().code(), "busy");
    assert_eq!(safe.kit().await.unwrap().confirmed, None);
    // It arrives, and no answer comes back: the account itself tells.
    desk.line.mend();
    desk.line.after(|request, _| {
        if request.path.ends_with("/account/manifest") {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    safe.confirm_kit().await.unwrap();
    assert!(safe.kit().await.unwrap().confirmed.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_tested_on_the_device_and_nothing_is_sent() {
    let world = world().await;
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let nobody: Vec<String> = Draft::make(desk.device())
        .unwrap()
        .words()
        .iter()
        .map(|word| word.to_string())
        .collect();
    let nobody = nobody.join(" ");
    desk.line.take_sent();
    assert_eq!(safe.kit().await.unwrap().tested, None);
    assert!(!safe.check_words(&nobody).await.unwrap());
    assert_eq!(
        safe.kit().await.unwrap().tested,
        None,
        "another's words are no test"
    );
    let twelve_and_one = format!("{} {nobody}", alice.words);
    assert_eq!(
        safe.check_words(&twelve_and_one).await.unwrap_err().code(),
        "words_count"
    );
    assert!(safe.check_words(&alice.words.to_uppercase()).await.unwrap());
    let tested = safe.kit().await.unwrap().tested;
    assert!(tested.is_some());
    assert!(
        desk.line.take_sent().is_empty(),
        "a test of the words sends nothing"
    );
    // It stays on this device, and is of this device.
    assert_eq!(alice.opens(&desk).await.kit().await.unwrap().tested, tested);
    let elsewhere: Safe = alice.opens(&other).await;
    assert_eq!(elsewhere.kit().await.unwrap().tested, None);
    assert!(elsewhere.check_words(&alice.words).await.unwrap());
}

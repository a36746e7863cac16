//! Ways in that change: what is shown until it is acknowledged, a new sheet, open devices, the end of the account.

use sdk::Fault;
use sdk::flows::account::Draft;
use sdk::flows::login::{self, OpenError};
use sdk::flows::notice::WayChange;
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe};

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn words_open_at_once_and_a_phrase_set_by_them_is_shown_until_it_is_acknowledged() {
    let world = world().await;
    let (desk, other, new) = (Desk::new(&world), Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let second = alice.opens(&other).await;
    safe.saves("bail.pdf", b"le bail").await;
    // The words alone: everything is there before any phrase is set.
    let by_words = Safe(login::open_with_words(new.device(), &alice.words).await.unwrap());
    by_words.sync().await.unwrap();
    assert_eq!(by_words.reads("bail.pdf").await, b"le bail");
    second.sync().await.unwrap();
    let phrase = "une phrase toute neuve".to_owned();
    by_words.set_phrase(&phrase).await.unwrap();
    // The others are signed out and told why.
    for ended in [&safe, &second] {
        assert_eq!(ended.sync().await.unwrap_err().code(), "phrase_changed");
    }
    let alice = Person { phrase, ..alice };
    // Shown at every sign-in, on every device; the device that did it has nothing of its own to add.
    for (place, seen_here) in [
        (&desk, true),
        (&new, false),
        (&desk, true),
        (&Desk::new(&world), false),
    ] {
        let changes = alice.opens(place).await.way_changes().await.unwrap();
        let [change] = changes[..] else {
            panic!("{changes:?}")
        };
        assert!(change.at.is_some());
        let expected = WayChange {
            sheet: false,
            by_words: Some(true),
            at: change.at,
            seen_here,
        };
        assert_eq!(change, expected);
    }
    alice.opens(&desk).await.acknowledge_way_changes().await.unwrap();
    assert!(alice.opens(&desk).await.way_changes().await.unwrap().is_empty());
    // The other device finds by itself what nobody has acknowledged on it.
    let changes = alice.opens(&other).await.way_changes().await.unwrap();
    assert!(
        matches!(
            changes[..],
            [WayChange {
                seen_here: true,
                at: None,
                ..
            }]
        ),
        "{changes:?}"
    );
    alice.opens(&other).await.acknowledge_way_changes().await.unwrap();
    assert!(alice.opens(&other).await.way_changes().await.unwrap().is_empty());
    assert!(
        alice
            .opens(&Desk::new(&world))
            .await
            .way_changes()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sheet_makes_the_old_one_worthless() {
    let world = world().await;
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"le bail").await;
    safe.confirm_kit().await.unwrap();
    assert!(safe.check_words(&alice.words).await.unwrap());
    let elsewhere = alice.opens(&other).await;
    let by_old_words = login::open_with_words(other.device(), &alice.words)
        .await
        .unwrap();
    // Who does not know the phrase changes nothing.
    let wrong = safe.step_up("une autre phrase").await;
    assert!(matches!(wrong, Err(OpenError::Wrong)));
    safe.step_up(&alice.phrase).await.unwrap();
    // An answer that is lost changes nothing for the person.
    desk.line.lose("/account/words", 1, true);
    let words = safe.make_new_sheet().await.unwrap();
    desk.line.mend();
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    let words = words.join(" ");
    for ended in [&elsewhere.0, &by_old_words] {
        assert_eq!(ended.sync().await.unwrap_err().code(), "sheet_changed");
    }
    let kit = safe.kit().await.unwrap();
    assert_eq!((kit.confirmed, kit.tested), (None, None));
    assert!(!safe.check_words(&alice.words).await.unwrap());
    assert!(safe.check_words(&words).await.unwrap());
    let old = login::open_with_words(Desk::new(&world).device(), &alice.words).await;
    assert!(matches!(old, Err(OpenError::Wrong)));
    let renewed = Person { words, ..alice };
    let by_words = Safe(
        login::open_with_words(Desk::new(&world).device(), &renewed.words)
            .await
            .unwrap(),
    );
    by_words.sync().await.unwrap();
    assert_eq!(by_words.reads("bail.pdf").await, b"le bail");
    let changes = renewed.opens(&other).await.way_changes().await.unwrap();
    assert!(matches!(
        changes[..],
        [WayChange {
            sheet: true,
            by_words: Some(false),
            seen_here: true,
            ..
        }]
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_devices_are_listed_and_closed_from_another() {
    let world = world().await;
    let (desk, phone, tablet) = (Desk::new(&world), Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let on_phone = alice.opens(&phone).await;
    let on_tablet = alice.opens(&tablet).await;
    desk.line.take_sent();
    safe.name_device("computer firefox").await.unwrap();
    let sent = String::from_utf8(desk.line.take_sent()[0].body.to_vec()).unwrap();
    assert!(!sent.contains("firefox"));
    on_phone.name_device("phone chrome").await.unwrap();
    // Opened within one second, they come in any order.
    let mut devices = safe.devices().await.unwrap();
    devices.sort_by(|one, other| other.name.cmp(&one.name));
    let names: Vec<_> = devices.iter().map(|device| device.name.as_deref()).collect();
    assert_eq!(names, [Some("phone chrome"), Some("computer firefox"), None]);
    let current: Vec<_> = devices.iter().map(|device| device.current).collect();
    assert_eq!(current, [false, true, false]);
    safe.close_device(devices[0].id).await.unwrap();
    assert_eq!(on_phone.sync().await.unwrap_err().code(), "closed_elsewhere");
    on_tablet.sync().await.unwrap();
    // Another person's session is not to be ended, and nobody is told that it exists.
    let (_, bobs) = Person::creates_account("bob", &Desk::new(&world)).await;
    let bobs_own = bobs.devices().await.unwrap();
    assert_eq!(bobs_own.len(), 1);
    safe.close_device(bobs_own[0].id).await.unwrap();
    bobs.sync().await.unwrap();
    safe.close_other_devices().await.unwrap();
    assert_eq!(on_tablet.sync().await.unwrap_err().code(), "closed_elsewhere");
    assert_eq!(safe.devices().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_is_gone_and_its_handle_is_free() {
    let mut world = world().await;
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let (_, bobs) = Person::creates_account("bob", &Desk::new(&world)).await;
    bobs.saves("bail.pdf", b"celui de bob").await;
    for number in 0..3 {
        safe.saves(&format!("{number}.pdf"), b"le bail").await;
    }
    safe.make_folder("Papiers", None).await.unwrap();
    let elsewhere = alice.opens(&other).await;
    let account = safe.account_id();
    safe.step_up(&alice.phrase).await.unwrap();
    // The answer is lost: asking again settles it.
    desk.line.lose("/api/v1/account", 1, true);
    safe.close_account().await.unwrap();
    desk.line.mend();
    assert_eq!(elsewhere.sync().await.unwrap_err().code(), "account_closed");
    let kept = desk
        .drawer
        .0
        .borrow()
        .keys()
        .any(|key| key.contains(&account.to_string()));
    assert!(!kept, "{:?}", desk.drawer.0.borrow().keys());
    for opened in [
        login::open(other.device(), &alice.handle, &alice.phrase).await,
        login::open_with_words(other.device(), &alice.words).await,
    ] {
        assert!(matches!(opened, Err(OpenError::Wrong)));
    }
    // What is left on the disk of everybody is what one account less leaves.
    assert_eq!(bobs.reads("bail.pdf").await, b"celui de bob");
    let (again, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    assert!(safe.list().is_empty());
    world.restart().await.unwrap();
    again.opens(&Desk::new(&world)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_closed_goes_on() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.before(|request| {
        if request.path == shared::path::ACCOUNT && request.method == sdk::flows::Method::Delete {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    assert_eq!(safe.close_account().await.unwrap_err().code(), "offline");
    desk.line.mend();
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposed_phrase_opens_however_it_is_typed() {
    let world = world().await;
    let desk = Desk::new(&world);
    let phrase = sdk::make_phrase(&mut sdk::native::SystemRandom).unwrap();
    let draft = Draft::make(desk.device()).unwrap();
    draft.register("alice", &phrase).await.unwrap();
    let shouted = phrase.to_uppercase().replace(' ', "   ");
    login::open(desk.device(), "alice", &shouted).await.unwrap();
    // Another word of the list is another phrase.
    let other = phrase.replacen(phrase.split(' ').next().unwrap(), "zoologie", 1);
    assert!(matches!(
        login::open(desk.device(), "alice", &other).await,
        Err(OpenError::Wrong)
    ));
}

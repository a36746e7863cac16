//! The journal: what an honest server tells holds against what the devices signed, whatever a person does.

use std::time::Duration;

use sdk::evidence::About;
use sdk::flows::Watch;
use sdk::flows::history::{Export, History, Line, Proves, Verdict, What};
use sdk::flows::login;
use sdk::flows::upload::NewDocument;
use server::Config;
use tests::person::{Desk, Person, Safe, document};
use tests::sample;

use crate::world;

async fn replaces(safe: &Safe, name: &str, content: &[u8]) {
    let new = NewDocument {
        replace: Some(safe.id(name)),
        ..document(name)
    };
    let saved = safe.upload(&content.to_vec(), &new, &Watch::none()).await;
    saved.unwrap();
}

fn holds(history: &History) {
    let doubtful: Vec<&Line> = history.lines.iter().filter(|line| line.doubt.is_some()).collect();
    assert!(doubtful.is_empty(), "{doubtful:#?}");
    let odd: Vec<&Line> = history.lines.iter().filter(|line| line.odd_time).collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

fn count(history: &History, which: impl Fn(&What) -> bool) -> usize {
    history.lines.iter().filter(|line| which(&line.what)).count()
}

fn words(text: &str) -> About {
    About {
        fr: text.to_owned(),
        en: text.to_owned(),
    }
}

/// Everything that adds to a list or takes from it, on two devices.
async fn lives(safe: &Safe, other: &Safe) {
    safe.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    let small = NewDocument {
        thumbnail: Some([&[0xff, 0xd8, 0xff, 0xe0][..], &sample::noise(300, 2)].concat()),
        ..document("photo.jpg")
    };
    let saved = safe.upload(&b"x".to_vec(), &small, &Watch::none()).await;
    let photo = saved.unwrap().object;
    for n in 0..10 {
        replaces(safe, "bail.pdf", &[n]).await;
    }
    let bail = safe.id("bail.pdf");
    safe.restore_version(&bail, 2).await.unwrap();
    safe.rename(&bail, "le bail.pdf").await.unwrap();
    safe.make_folder("Papiers", None).await.unwrap();
    other.sync().await.unwrap();
    other.saves("autre.pdf", b"y").await;
    safe.trash(&photo).await.unwrap();
    safe.restore(&photo).await.unwrap();
    safe.trash(&photo).await.unwrap();
    // A purge on one device, and a change on the other that brings it back or finds it gone.
    safe.purge(&[photo]).await.unwrap();
    other.sync().await.unwrap();
    other.rename(&bail, "bail de 2025.pdf").await.unwrap();
    safe.rename(&bail, "bail de 2026.pdf").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_person_does_an_honest_journal_holds() {
    let mut world = world().await;
    let (desk, away) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.name_device("Firefox").await.unwrap();
    let other = alice.opens(&away).await;
    other.name_device("Safari").await.unwrap();
    lives(&safe, &other).await;
    for safe in [&safe, &other] {
        let history = safe.history().await.unwrap();
        holds(&history);
        assert!(history.whole);
        // Two documents, ten contents, one picture, one from the other device.
        assert_eq!(count(&history, |what| matches!(what, What::Uploaded { .. })), 14);
        let pictures = count(&history, |what| {
            matches!(what, What::Uploaded { picture: true, .. })
        });
        assert_eq!(pictures, 0, "the picture went with its document");
        assert_eq!(count(&history, |what| matches!(what, What::Erased { .. })), 2);
        let signed = |line: &&Line| line.verdict == Verdict::Signed;
        assert!(
            history
                .lines
                .iter()
                .filter(signed)
                .all(|line| line.head.is_some())
        );
    }
    // The words, a new phrase, a new sheet, an upload that is given up, a device that is shown the door.
    let by_words = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    by_words.set_phrase("une phrase toute neuve").await.unwrap();
    by_words.make_new_sheet().await.unwrap();
    let history = by_words.history().await.unwrap();
    holds(&history);
    let ways = |sheet| {
        move |what: &What| {
            *what
                == What::NewWayIn {
                    sheet,
                    by_words: true,
                }
        }
    };
    assert_eq!(
        (count(&history, ways(true)), count(&history, ways(false))),
        (1, 1)
    );
    let device = |what: &What| matches!(what, What::SignedIn { device: Some(name), .. } if name == "Safari");
    assert_eq!(count(&history, device), 1);
    // Two weeks later, what was let go of for a week is erased, and said to be.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    world.sets_clock(now + 14 * 86_400);
    world.restart().await.unwrap();
    let later = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice
    };
    let safe = later.opens(&Desk::new(&world)).await;
    let erased = |what: &What| matches!(what, What::Erased { .. });
    let mut history = safe.history().await.unwrap();
    for _ in 0..100 {
        if count(&history, erased) == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        history = safe.history().await.unwrap();
    }
    assert_eq!(count(&history, erased), 4);
    assert!(history.lines.iter().all(|line| line.doubt.is_none()));
    assert!(
        history.lines.last().unwrap().odd_time,
        "two weeks ahead of this device"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_the_operator_counts_once_the_log_holds_it() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    holds(&safe.history().await.unwrap());
    world.stop().await;
    let config = Config {
        data: world.data().to_owned(),
        min_free_bytes: 0,
        ..Config::default()
    };
    let text = "Remplacement d’un disque. Aucun document n’a été touché.";
    let mut index = server::state_to_all(&config, text).await;
    for _ in 0..250 {
        // The engine gives its lock back a moment after it is dropped.
        if index.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        index = server::state_to_all(&config, text).await;
    }
    let index = index.unwrap();
    world.restart().await.unwrap();
    let safe = alice.opens(&desk).await;
    let history = safe.history().await.unwrap();
    holds(&history);
    let said = What::Said {
        text: text.to_owned(),
        index,
    };
    let line = history.lines.iter().find(|line| line.what == said).unwrap();
    assert_eq!(line.verdict, Verdict::Logged);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_says_the_same_and_what_it_proves() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"x").await;
    let history = safe.history().await.unwrap();
    let proves = Proves {
        signed: words("signé"),
        server: words("dit"),
        logged: words("publié"),
        contradiction: words("contredit"),
    };
    let bytes = history
        .clone()
        .export(words("Journal"), proves.clone())
        .to_bytes();
    let read: Export = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        (read.format.as_str(), &read.lines),
        ("civis-journal-1", &history.lines)
    );
    assert_eq!(
        (read.account, read.proves, read.whole),
        (safe.account_id(), proves, true)
    );
    assert_eq!(read.head.number, 1);
}

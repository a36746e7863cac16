//! Creating, opening, locking; phrases and words.

use sdk::Fault;
use sdk::error::ApiError;
use sdk::flows::account::{CreateError, Draft};
use sdk::flows::login::{self, OpenError};
use sdk::flows::phrase::PhraseError;
use shared::ErrorCode;
use tests::person::{Desk, Person};
use tests::world::World;

use crate::world;

/// The map answers for so many entries, and the newcomer's are not among them before the next checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_to_a_long_log_begins_at_once() {
    let mut world = World::start(|config| config.checkpoint_seconds = 3_600)
        .await
        .unwrap();
    let alice = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &alice).await;
    for number in 0..270 {
        safe.make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
    }
    // At its start the server makes a checkpoint, and for an hour no other.
    world.restart().await.unwrap();
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (bob, safe) = Person::creates_account("bob", &desk).await;
    safe.saves("bail.pdf", b"le bail").await;
    safe.confirm_kit().await.unwrap();
    assert_eq!(bob.opens(&other).await.reads("bail.pdf").await, b"le bail");
    // From then on the log has it, and holds for each device.
    world.restart().await.unwrap();
    for desk in [&desk, &other, &Desk::new(&world)] {
        assert_eq!(bob.opens(desk).await.reads("bail.pdf").await, b"le bail");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_created_locked_and_opened_again() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("Alice", &desk).await;
    assert_eq!(safe.handle(), "alice");
    assert_eq!(alice.words.split(' ').count(), 12);
    assert!(safe.list().is_empty());
    let card = safe.card().await.unwrap();
    assert_eq!((card.quota.used, card.quota.reserved), (0, 0));
    let account_id = safe.account_id();
    let locked = safe.0.lock();
    assert_eq!((locked.account_id, locked.handle.as_str()), (account_id, "alice"));
    let safe = alice.opens(&desk).await;
    assert_eq!(safe.account_id(), account_id);
    let (_, ended) = safe.0.sign_out().await;
    ended.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_phrase_and_an_unknown_account_are_one_error() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _safe) = Person::creates_account("alice", &desk).await;
    let wrong = login::open(desk.device(), &alice.handle, "une autre phrase").await;
    assert!(matches!(wrong, Err(OpenError::Wrong)));
    let sent_for_wrong = shape(&desk.line.take_sent());
    let unknown = login::open(desk.device(), "bob", &alice.phrase).await;
    assert!(matches!(unknown, Err(OpenError::Wrong)));
    let sent_for_unknown = shape(&desk.line.take_sent());
    assert!(
        sent_for_wrong.ends_with(&sent_for_unknown),
        "{sent_for_wrong:?} {sent_for_unknown:?}"
    );
    assert!(matches!(
        login::open(desk.device(), "", "x").await,
        Err(OpenError::Wrong)
    ));
    assert!(matches!(
        login::open(desk.device(), "alice", "").await,
        Err(OpenError::Wrong)
    ));
}

fn shape(sent: &[sdk::flows::Request]) -> Vec<String> {
    sent.iter()
        .map(|request| format!("{} {}", request.method.as_str(), request.path))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_belongs_to_one_account() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, _safe) = Person::creates_account("alice", &desk).await;
    let draft = Draft::make(desk.device()).unwrap();
    assert!(matches!(
        draft.register("ALICE", "une phrase").await,
        Err(CreateError::HandleTaken)
    ));
    assert!(matches!(
        draft.register("a", "une phrase").await,
        Err(CreateError::Handle)
    ));
    assert!(matches!(
        draft.register("alicia", "").await,
        Err(CreateError::Phrase)
    ));
    // The same draft serves once a free handle is found.
    draft.register("alicia", "une phrase").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_goes_on_after_a_lost_answer_and_after_a_cut() {
    let world = world().await;
    let desk = Desk::new(&world);
    let draft = Draft::make(desk.device()).unwrap();
    draft.confirm_sheet();
    // The answer is lost once: the request is sent again, the server recognises it.
    desk.line.lose("/accounts", 1, true);
    let safe = draft.register("alice", "la phrase").await.unwrap();
    assert!(safe.sheet_confirmed().is_some());
    // The line breaks for good after the account was stored: the same draft finishes later.
    let draft = Draft::make(desk.device()).unwrap();
    desk.line.mend();
    desk.line.before(|request| {
        if request.path.ends_with("/sessions/start") {
            tests::adversary::Fate::Lose
        } else {
            tests::adversary::Fate::Pass
        }
    });
    let cut = draft.register("bob", "la phrase").await;
    assert!(matches!(cut, Err(CreateError::Api(ApiError::Offline))));
    desk.line.mend();
    draft.register("bob", "la phrase").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_open_the_account_at_once_and_set_a_new_phrase() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, first) = Person::creates_account("alice", &desk).await;
    first.saves("bail.pdf", b"le bail").await;
    // Another device, another day: four letters of a word suffice, accents do not matter.
    let other = Desk::new(&world);
    let typed = alice.words.to_uppercase().replace(' ', ",  ");
    let recovered = tests::person::Safe(login::open_with_words(other.device(), &typed).await.unwrap());
    recovered.sync().await.unwrap();
    assert_eq!(recovered.reads("bail.pdf").await, b"le bail");
    recovered.set_phrase("une phrase toute neuve").await.unwrap();
    // Every other session has ended; the old phrase is dead, the words are not.
    assert_eq!(
        first.sync().await.unwrap_err().code(),
        ErrorCode::PhraseChanged.as_str()
    );
    assert!(matches!(
        login::open(desk.device(), "alice", &alice.phrase).await,
        Err(OpenError::Wrong)
    ));
    let again = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice.clone()
    }
    .opens(&desk)
    .await;
    assert_eq!(again.reads("bail.pdf").await, b"le bail");
    login::open_with_words(other.device(), &alice.words)
        .await
        .unwrap();
    // Its own session went on.
    recovered.sync().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_changes_though_the_answer_is_lost() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.lose("/account/password", 1, true);
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    desk.line.mend();
    safe.set_phrase("encore une autre").await.unwrap();
    assert!(login::open(desk.device(), "alice", &alice.phrase).await.is_err());
    assert!(
        login::open(desk.device(), "alice", "encore une autre")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_whose_answer_never_comes_is_read_back_or_left_open() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    // Stored, and every answer is lost: the account itself tells.
    desk.line.after(|request, _| {
        if request.path.ends_with("/account/password") {
            tests::adversary::Fate::Lose
        } else {
            tests::adversary::Fate::Pass
        }
    });
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    assert!(login::open(desk.device(), "alice", &alice.phrase).await.is_err());
    // Nothing arrives: nobody can tell, and nobody claims to.
    desk.line.mend();
    desk.line.before(|request| {
        if request.path.ends_with("/account/password") {
            tests::adversary::Fate::Lose
        } else {
            tests::adversary::Fate::Pass
        }
    });
    assert!(matches!(
        safe.set_phrase("encore une autre").await,
        Err(PhraseError::Unknown)
    ));
    desk.line.mend();
    safe.set_phrase("la troisième").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_checked_here_before_anything_is_sent() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _safe) = Person::creates_account("alice", &desk).await;
    desk.line.take_sent();
    let eleven = alice.words.rsplit_once(' ').unwrap().0;
    for (typed, code) in [
        (eleven, "words_count"),
        (&format!("{eleven} zzzz"), "words_unknown"),
    ] {
        let refused = login::open_with_words(desk.device(), typed).await;
        assert_eq!(refused.err().unwrap().code(), code);
    }
    assert!(desk.line.take_sent().is_empty());
    // Well-formed words of no account: one error, as with a phrase.
    let nobody = Draft::make(desk.device()).unwrap();
    let words = nobody
        .words()
        .iter()
        .map(|word| word.as_str().to_owned())
        .collect::<Vec<_>>()
        .join(" ");
    assert!(matches!(
        login::open_with_words(desk.device(), &words).await,
        Err(OpenError::Wrong)
    ));
}

/// On a log that is too long to be read whole, the map is asked; an account made since the last checkpoint is not in it
/// yet, and that is nothing to be afraid of.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_used_at_once_though_the_log_is_long_and_has_not_caught_up() {
    let mut world = World::start(|config| config.checkpoint_seconds = 3_600)
        .await
        .unwrap();
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    for number in 0..270 {
        safe.make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
    }
    // The log is signed as the server starts, and not again.
    world.restart().await.unwrap();
    let desk = Desk::new(&world);
    let (bob, safe) = Person::creates_account("bob", &desk).await;
    safe.saves("un.txt", b"un").await;
    safe.sync().await.unwrap();
    let safe = bob.opens(&Desk::new(&world)).await;
    assert_eq!(safe.names(), ["un.txt"]);
    world.restart().await.unwrap();
    bob.opens(&desk).await;
    bob.opens(&Desk::new(&world)).await;
}

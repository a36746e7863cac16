//! What an attacker with the specification and a running server got a client to believe, or to stumble over for good,
//! before it was mended. One test for each.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use crypto::account::record::Record;
use sdk::flows::account::{CreateError, Draft};
use sdk::flows::collection::SyncError;
use sdk::flows::login::{self, OpenError};
use sdk::flows::phrase::PhraseError;
use sdk::flows::{Request, Response, Watch};
use sdk::{Check, Refusal};
use shared::account::{Account, ManifestStored, PutPassword, RegistrationChallenge};
use shared::document::Uploads;
use shared::session::{Deployment, RecoveryOpened, Sessions};
use shared::{DeploymentId, Hash, path};
use tests::adversary::{Fate, flip};
use tests::evil::is_of;
use tests::person::{Desk, Drawer, Person, Safe, document};

use crate::world;

/// An answer of JSON.
fn answer(status: u16, media: &str, body: Vec<u8>) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: Bytes::from(body),
    }
}

/// "These words open nothing", as the honest server says it; 404 would be a lie of number 3.
fn login_failed() -> Response {
    let body = r#"{"type":"about:blank","status":401,"code":"login_failed","retry_after":null,"limit":null,"request":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
    answer(401, "application/problem+json", body.as_bytes().to_vec())
}

fn read_back(result: Result<sdk::Unlocked, CreateError>) -> Refusal {
    match result {
        Err(CreateError::Refused(refusal)) => {
            assert_eq!(refusal.check, Check::ReadBack);
            refusal
        }
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("created"),
    }
}

/// Opens, without reading the list.
async fn enters(alice: &Person, desk: &Desk) -> Safe {
    Safe(
        login::open(desk.device(), &alice.handle, &alice.phrase)
            .await
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn n04_a_false_deployment_told_to_a_new_device_does_not_lock_it_out_for_ever() {
    let world = world().await;
    let (alice, _) = Person::creates_account("alice", &Desk::new(&world)).await;
    let desk = Desk::new(&world);
    let lie = || {
        let id = DeploymentId([7; 16]);
        desk.line
            .alter_json::<Deployment>("/deployment", move |card| card.deployment_id = id);
    };
    lie();
    let by_phrase = login::open(desk.device(), &alice.handle, &alice.phrase).await;
    assert!(matches!(by_phrase, Err(OpenError::Wrong)));
    let by_words = login::open_with_words(desk.device(), &alice.words).await;
    assert!(matches!(by_words, Err(OpenError::Wrong)));
    let sheet = Draft::make(desk.device()).unwrap().deployment().await;
    assert_eq!(sheet.unwrap(), DeploymentId([7; 16]));
    assert!(
        desk.drawer.0.borrow().is_empty(),
        "nobody has proved anything yet"
    );
    // The words prove nothing about the deployment, even where the server lets them in.
    desk.line.mend();
    login::open_with_words(desk.device(), &alice.words).await.unwrap();
    assert!(!desk.drawer.0.borrow().contains_key("pin/deployment"));
    // The phrase does: from then on no other is believed.
    alice.opens(&desk).await;
    lie();
    match login::open(desk.device(), &alice.handle, &alice.phrase).await {
        Err(OpenError::Refused(refusal)) => assert_eq!(refusal.check, Check::Deployment),
        _ => panic!("another deployment was believed"),
    }
    desk.line.mend();
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_words_open_nothing_is_not_created() {
    let world = world().await;
    let desk = Desk::new(&world);
    let draft = Draft::make(desk.device()).unwrap();
    // The server has stored another recovery id, another recovery key, another slot: none of it stands in the account
    // as it is read back.
    desk.line.after(|request, _| match request.path.as_str() {
        path::RECOVERIES_START => Fate::Answer(login_failed()),
        _ => Fate::Pass,
    });
    let refusal = read_back(draft.register("alice", "la phrase").await);
    assert!(refusal.evidence.is_some());
    desk.line.after(|request, _| match request.path.as_str() {
        path::RECOVERIES_FINISH => Fate::Answer(login_failed()),
        _ => Fate::Pass,
    });
    read_back(draft.register("alice", "la phrase").await);
    desk.line
        .alter_json::<RecoveryOpened>(path::RECOVERIES_FINISH, |opened| {
            flip(&mut opened.slot.0, 167 * 8)
        });
    read_back(draft.register("alice", "la phrase").await);
    // The same draft with an honest server: created, and by either way in.
    desk.line.mend();
    let words: Vec<_> = draft.words().iter().map(|word| word.to_string()).collect();
    draft.register("alice", "la phrase").await.unwrap();
    login::open_with_words(desk.device(), &words.join(" "))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_handle_is_refused_after_a_login_by_words() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    for told in ["", "Alice", "<b>alice</b>", "ali\u{202e}ce"] {
        desk.line
            .alter_json::<Account>("/account", |account| account.handle = told.to_owned());
        match login::open_with_words(desk.device(), &alice.words).await {
            Err(OpenError::Refused(refusal)) => assert_eq!(refusal.check, Check::ReadBack, "{told:?}"),
            _ => panic!("it was believed: {told:?}"),
        }
    }
    desk.line.mend();
    let unlocked = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    assert_eq!(unlocked.handle(), "alice");
}

/// An answer that tells a change of phrase it was stored; nothing is.
fn pretend(request: &Request) -> Response {
    let sent: PutPassword = serde_json::from_slice(&request.body).unwrap();
    let stored = ManifestStored {
        log_index: 1 << 40,
        manifest_hash: Hash(Record::parse(sent.manifest.as_slice()).unwrap().manifest_hash()),
    };
    answer(200, "application/json", serde_json::to_vec(&stored).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn n47_a_change_of_phrase_that_was_only_claimed_does_not_lock_the_device_out() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.before(|request| match request.path.as_str() {
        path::PASSWORD => Fate::Answer(pretend(request)),
        _ => Fate::Pass,
    });
    let claimed = safe.set_phrase("une phrase toute neuve").await;
    assert!(matches!(claimed, Err(PhraseError::Unknown)), "{claimed:?}");
    // The account never changed: the old phrase and the words open it here, and the open one goes on too.
    desk.line.mend();
    alice.opens(&desk).await;
    login::open_with_words(desk.device(), &alice.words).await.unwrap();
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    let changed = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice
    };
    changed.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n47_a_phrase_registered_on_a_lie_is_not_called_changed_and_the_words_mend_it() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    // The element and the server's key change places: both are points, and nothing shows that they are false.
    desk.line
        .alter_json::<RegistrationChallenge>("/registrations", |challenge| {
            challenge.response.0.rotate_left(32)
        });
    let changed = safe.set_phrase("une phrase toute neuve").await;
    assert!(matches!(changed, Err(PhraseError::Unknown)), "{changed:?}");
    // What was stored was made on the lie: the honest server opens it by neither phrase.
    desk.line.mend();
    for phrase in [alice.phrase.as_str(), "une phrase toute neuve"] {
        let opened = login::open(desk.device(), &alice.handle, phrase).await;
        assert!(matches!(opened, Err(OpenError::Wrong)), "{phrase}");
    }
    let by_words = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    by_words.set_phrase("une phrase toute neuve").await.unwrap();
    let mended = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice
    };
    mended.opens(&desk).await;
}

/// What was true of the list and of the log a moment ago.
struct Late {
    checkpoint: Response,
    list: Response,
}

/// Alice's window that knows `un.pdf`; the answers that name `deux.pdf` as the newest; the pin of a window of the same
/// device that has read as far as `trois.pdf`.
async fn overtaken(world: &tests::world::World) -> (Desk, Safe, Late, (String, Vec<u8>)) {
    let elsewhere = Desk::new(world);
    let (alice, writer) = Person::creates_account("alice", &elsewhere).await;
    writer.saves("un.pdf", b"1").await;
    let desk = Desk::new(world);
    let checkpoint = newest_of(&desk, path::CHECKPOINT);
    let window = alice.opens(&desk).await;
    desk.line.mend();
    writer.saves("deux.pdf", b"2").await;
    let list = newest_of(&elsewhere, path::COLLECTION);
    writer.sync().await.unwrap();
    elsewhere.line.mend();
    writer.saves("trois.pdf", b"3").await;
    let other = Desk::with_drawer(world, desk.drawer.copy());
    alice.opens(&other).await;
    let pin = newest_head(&other.drawer);
    let late = Late {
        checkpoint: checkpoint.take().unwrap(),
        list: list.take().unwrap(),
    };
    (desk, window, late, pin)
}

/// Keeps the newest answer of this route, until the line is mended.
fn newest_of(desk: &Desk, route: &'static str) -> Rc<std::cell::RefCell<Option<Response>>> {
    let held = Rc::<std::cell::RefCell<Option<Response>>>::default();
    let keep = Rc::clone(&held);
    desk.line.after(move |request, response| {
        if is_of(request, route) {
            *keep.borrow_mut() = Some(response.clone());
        }
        Fate::Pass
    });
    held
}

fn newest_head(drawer: &Drawer) -> (String, Vec<u8>) {
    let drawer = drawer.0.borrow();
    let (key, value) = drawer
        .iter()
        .find(|(key, _)| key.starts_with("pin/") && key.contains("/head/"))
        .unwrap();
    (key.clone(), value.clone())
}

/// Answers `times` times with what was true before; while its pages travel, the other window pins what came after.
fn overtake(desk: &Desk, times: usize, old: Late, pin: (String, Vec<u8>)) {
    let (told, drawer) = (Cell::new(0), Rc::clone(&desk.drawer));
    desk.line.after(move |request, _| {
        if is_of(request, path::PAGES) {
            drawer.0.borrow_mut().insert(pin.0.clone(), pin.1.clone());
        }
        if is_of(request, path::CHECKPOINT) && told.get() < times {
            return Fate::Answer(old.checkpoint.clone());
        }
        if is_of(request, path::COLLECTION) && told.get() < times {
            told.set(told.get() + 1);
            return Fate::Answer(old.list.clone());
        }
        Fate::Pass
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_an_answer_that_another_window_has_overtaken_is_read_on_or_refused() {
    let world = world().await;
    let (desk, window, old, pin) = overtaken(&world).await;
    // For ever: the list that this device knows to be old is not shown, and what was shown stays.
    overtake(&desk, usize::MAX, old, pin);
    match window.sync().await {
        Err(SyncError::Refused(refusal)) => assert_eq!(refusal.check, Check::HeadRolledBack),
        other => panic!("an old list was taken for the newest: {other:?}"),
    }
    assert_eq!(window.names(), ["un.pdf"]);
    desk.line.mend();
    window.sync().await.unwrap();
    assert_eq!(window.names(), ["deux.pdf", "trois.pdf", "un.pdf"]);
    assert_eq!(window.reads("trois.pdf").await, b"3");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_merely_late_is_read_on() {
    let world = world().await;
    let (desk, window, old, pin) = overtaken(&world).await;
    overtake(&desk, 1, old, pin);
    assert!(window.sync().await.unwrap().changed);
    assert_eq!(window.names(), ["deux.pdf", "trois.pdf", "un.pdf"]);
    desk.line.mend();
    assert!(!window.sync().await.unwrap().changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_the_notice_of_a_first_visit_is_not_lost_in_another_act() {
    let world = world().await;
    let (alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("bail.pdf", b"le bail").await;
    let desk = Desk::new(&world);
    let window = enters(&alice, &desk).await;
    // The first reading does not reach the one who would tell; saving reads the list on its own.
    desk.line
        .before(|request| match is_of(request, path::COLLECTION) {
            true => Fate::Lose,
            false => Fate::Pass,
        });
    assert!(matches!(window.sync().await, Err(SyncError::Api(_))));
    desk.line.mend();
    window.saves("photo.jpg", b"la photo").await;
    drop(window);
    // Told by the first reading that tells, also to whoever opens the account anew; and once.
    let window = enters(&alice, &desk).await;
    assert_eq!(window.sync().await.unwrap().first_time.unwrap().documents, 2);
    assert_eq!(window.sync().await.unwrap().first_time, None);
    let again = enters(&alice, &desk).await;
    assert_eq!(again.sync().await.unwrap().first_time, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_no_body_has_are_not_counted() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = vec![3; 2_500_000];
    desk.line
        .before(|request| match is_of(request, path::UPLOAD_PART) {
            true => Fate::Lose,
            false => Fate::Pass,
        });
    let broken = safe.upload(&content, &document("film.mp4"), &Watch::none()).await;
    assert!(broken.is_err());
    desk.line.mend();
    for (told, counted) in [
        (vec![9, u32::MAX], 0),
        (vec![1, 1, 1, 1], 1),
        (vec![0, 1, 2, 3], 3),
    ] {
        let told = told.clone();
        desk.line.alter_json::<Uploads>(path::UPLOADS, move |uploads| {
            uploads.items[0].parts.clone_from(&told);
        });
        let begun = safe.unfinished().await.unwrap();
        assert_eq!((begun[0].parts, begun[0].parts_total), (counted, 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_device_names_no_other() {
    let world = world().await;
    let (desk, other) = (Desk::new(&world), Desk::new(&world));
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.name_device("ordinateur").await.unwrap();
    let stranger = alice.opens(&other).await;
    stranger.name_device("telephone").await.unwrap();
    // Which one is her own she knows by herself, whatever the list says.
    let called = async || {
        let devices = safe.devices().await.unwrap();
        let (own, other): (Vec<_>, Vec<_>) = devices.into_iter().partition(|device| device.current);
        assert_eq!((own.len(), other.len()), (1, 1));
        (own[0].name.clone(), other[0].name.clone())
    };
    let (own, other) = (Some("ordinateur".to_owned()), Some("telephone".to_owned()));
    assert_eq!(called().await, (own.clone(), other.clone()));
    desk.line.alter_json("/sessions", |list: &mut Sessions| {
        list.items.iter_mut().for_each(|session| session.current ^= true);
    });
    assert_eq!(called().await, (own, other));
    desk.line.mend();
    // Whoever has stolen a session would like it to be called as one of hers.
    desk.line.alter_json("/sessions", |list: &mut Sessions| {
        let (first, second) = list.items.split_at_mut(1);
        std::mem::swap(&mut first[0].label, &mut second[0].label);
    });
    assert_eq!(called().await, (None, None));
}

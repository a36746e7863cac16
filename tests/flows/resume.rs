//! Going on with an open session in another worker of the device, and the list as it was known last.

use sdk::Fault;
use sdk::error::ApiError;
use sdk::flows::login;
use sdk::flows::resume::{ResumeError, last_known, resume};
use shared::ErrorCode;
use tests::person::{Desk, Person, Safe};

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_worker_goes_on_with_the_same_session() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"le bail").await;
    let bytes = safe.to_resume().unwrap();

    desk.line.take_sent();
    let second = Safe(resume(desk.device(), &bytes).await.unwrap());
    assert_eq!(
        (second.handle(), second.account_id()),
        (alice.handle.as_str(), safe.account_id())
    );
    assert!(second.sync().await.unwrap().first_time.is_none());
    let sent = desk.line.take_sent();
    let logins = sent
        .iter()
        .filter(|request| request.path.contains("sessions") || request.path.contains("recoveries"));
    assert_eq!(logins.count(), 0, "nobody signed in again");
    assert_eq!(second.reads("bail.pdf").await, b"le bail");

    // Both write, each sees the other's change, and a third goes on from the second.
    second.saves("acte.pdf", b"l'acte").await;
    safe.sync().await.unwrap();
    assert_eq!(safe.names(), ["acte.pdf", "bail.pdf"]);
    assert_eq!(
        *second.to_resume().unwrap(),
        *bytes,
        "the same session, to the byte"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_is_not_gone_on_with() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let bytes = safe.to_resume().unwrap();
    let (_, ended) = safe.0.sign_out().await;
    ended.unwrap();
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    let ResumeError::Api(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.problem_code(), Some(ErrorCode::SignedOut));

    // A new phrase ends every other session, also one that would be gone on with.
    let left = alice.opens(&desk).await;
    let bytes = left.to_resume().unwrap();
    let right = login::open_with_words(desk.device(), &alice.words).await.unwrap();
    right
        .set_phrase("une autre phrase avec assez de mots")
        .await
        .unwrap();
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    assert_eq!(error.code(), "phrase_changed");
    let again = resume(desk.device(), &right.to_resume().unwrap()).await;
    assert_eq!(again.unwrap().handle(), "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumption_lives_as_long_as_its_session_and_at_one_deployment() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    let bytes = safe.to_resume().unwrap();
    desk.line.take_sent();

    desk.later.set(12 * 3_600);
    let late = resume(desk.device(), &bytes).await.err().unwrap();
    assert!(matches!(late, ResumeError::Expired), "{late:?}");
    assert!(matches!(
        last_known(&desk.device(), &bytes).await,
        Err(ResumeError::Expired)
    ));
    desk.later.set(0);

    let elsewhere = crate::world().await;
    let other = Desk::new(&elsewhere);
    Person::creates_account("bob", &other).await;
    let foreign = resume(other.device(), &bytes).await.err().unwrap();
    assert!(matches!(foreign, ResumeError::Foreign), "{foreign:?}");

    for cut in [0, 1, bytes.len() - 1] {
        let error = resume(desk.device(), &bytes[..cut]).await.err().unwrap();
        assert!(matches!(error, ResumeError::Foreign), "{error:?}");
    }
    assert!(
        desk.line.take_sent().is_empty(),
        "nothing was asked of the server"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumption_made_in_the_future_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    desk.later.set(3_600);
    let bytes = alice.opens(&desk).await.to_resume().unwrap();
    desk.later.set(0);
    let early = resume(desk.device(), &bytes).await.err().unwrap();
    assert!(
        matches!(early, ResumeError::Expired),
        "a clock set back would make it live for ever: {early:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_the_list_is_as_it_was_known_last() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let bytes = safe.to_resume().unwrap();
    assert_eq!(
        last_known(&desk.device(), &bytes).await.unwrap(),
        None,
        "nothing was kept"
    );
    safe.saves("passeport.pdf", b"p").await;
    safe.saves("bail.pdf", b"b").await;
    safe.trash(&safe.id("bail.pdf")).await.unwrap();
    safe.keep_list().await.unwrap();
    let shown = safe.list();
    let stored = desk.drawer.0.borrow().clone();
    let kept = stored.get(&format!("list/{}", safe.account_id())).unwrap();
    assert!(
        !String::from_utf8_lossy(kept).contains("passeport"),
        "no name is written in the clear"
    );

    desk.line.cut();
    let error = resume(desk.device(), &bytes).await.err().unwrap();
    assert!(matches!(error, ResumeError::Api(ApiError::Offline)), "{error:?}");
    let known = last_known(&desk.device(), &bytes).await.unwrap().unwrap();
    assert_eq!(
        (known.handle.as_str(), &known.items),
        (alice.handle.as_str(), &shown)
    );
    assert!(known.when.abs_diff(sdk::Clock::now(&sdk::native::SystemClock)) < 60);

    // The network is back: the same bytes go on.
    desk.line.mend();
    let again = Safe(resume(desk.device(), &bytes).await.unwrap());
    again.sync().await.unwrap();
    assert_eq!(again.names(), ["passeport.pdf"]);

    // After a lock the list is gone with the rest.
    sdk::flows::resume::forget_list(&desk.device(), again.account_id())
        .await
        .unwrap();
    assert_eq!(last_known(&desk.device(), &bytes).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_a_person_waits() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    let bytes = safe.to_resume().unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hung = Desk::to(
        &format!("http://{}", silent.local_addr().unwrap()),
        desk.drawer.copy(),
    );
    let error = resume(hung.device(), &bytes).await.err().unwrap();
    assert!(matches!(error, ResumeError::Api(ApiError::Offline)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_stays_one_for_the_whole_session() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("ancien.pdf", b"a").await;
    safe.trash(&safe.id("ancien.pdf")).await.unwrap();

    // Forty days later by this new device's clock, within the hour of its session: it purges nothing, nor does its second
    // worker, for neither can tell an old list from a new one.
    let fresh = Desk::new(&world);
    fresh.later.set(31 * 86_400);
    let first = alice.opens(&fresh).await;
    let bytes = first.to_resume().unwrap();
    let second = Safe(resume(fresh.device(), &bytes).await.unwrap());
    second.sync().await.unwrap();
    second.purge_expired().await.unwrap();
    assert_eq!(second.list().len(), 1);
    // A session of its own, later: this device knows the list now.
    let later = alice.opens(&fresh).await;
    later.purge_expired().await.unwrap();
    assert_eq!(later.list().len(), 0);
}

//! Times years off: the server's clock, its dates, its waiting times, another device's clock. Order is by number.

use std::time::Duration;

use sdk::Fault;
use sdk::flows::Clock;
use sdk::flows::collection::SyncError;
use sdk::native::SystemClock;
use shared::ErrorCode;
use tests::evil::{Attack, Evil, Switch, problem};
use tests::person::{Desk, Person, Safe};

use crate::world;

const YEAR: u64 = 365 * 86_400;
const DAY: u64 = 86_400;

/// Times of the list are this device's own, within the length of a test.
fn assert_own_times(safe: &Safe) {
    let now = SystemClock.now();
    for item in safe.list() {
        for time in item.trashed_at.iter().chain([&item.modified]) {
            assert!(now.abs_diff(*time) < 600, "{}: {time}", item.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n53_a_server_years_off_moves_no_date_and_no_order() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("a.pdf", b"0").await.object;
    let trashed = safe.saves("vieux.pdf", b"1").await.object;
    safe.trash(&trashed).await.unwrap();
    let mut number = safe.sync().await.unwrap().head_no;
    let now = SystemClock.now();
    for told in [now + 300 * YEAR, 1, now + 40 * YEAR, now - 30 * YEAR] {
        world.sets_clock(told);
        // Sessions may have ended by the server's reckoning; that is all it decides.
        let safe = alice.opens(&desk).await;
        let name = format!("{told}.pdf");
        safe.rename(&object, &name).await.unwrap();
        safe.saves(&format!("de {told}"), b"2").await;
        safe.purge_expired().await.unwrap();
        let synced = safe.sync().await.unwrap();
        assert_eq!(synced.head_no, number + 2, "one change, one number");
        number = synced.head_no;
        assert_eq!(safe.finds(&name).id, object, "the last change stands");
        assert!(
            safe.list().iter().any(|item| item.id == trashed),
            "nothing was purged"
        );
        assert_own_times(&safe);
        // Another device reads the same, and takes its date for the last change, not the server's.
        let first = Desk::new(&world);
        let other = alice.opens_without_reading(&first).await;
        // That it says a date at all is number 28's to demand.
        let change = other.sync().await.unwrap().first_time;
        let close = |when: u64| now.abs_diff(when) < 600;
        assert!(
            change.as_ref().is_none_or(|change| close(change.when)),
            "{change:?}"
        );
        assert_eq!(other.list(), safe.list());
    }
    assert!(safe.evidence().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n53_dates_of_answers_count_for_nothing() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    for attack in Switch::N53.attacks() {
        let name = attack.name().to_owned();
        evil.begin(attack);
        let saved = safe.saves(&name, b"x").await;
        safe.trash(&saved.object).await.unwrap();
        safe.sync().await.unwrap();
        safe.purge_expired().await.unwrap();
        assert!(safe.list().iter().any(|item| item.id == saved.object), "{name}");
        safe.restore(&saved.object).await.unwrap();
        assert_eq!(safe.reads(&name).await, b"x");
        assert_own_times(&safe);
        assert!(evil.lies() > 5, "{name}");
        evil.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n53_nobody_waits_as_long_as_the_server_says() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    for code in [ErrorCode::TooMany, ErrorCode::Unavailable] {
        for seconds in [3_600, u32::MAX] {
            evil.begin(Attack::rewrite(
                "wait",
                |_| true,
                move |response| {
                    *response = problem(code);
                    let mut said: shared::Problem = serde_json::from_slice(&response.body).unwrap();
                    said.retry_after = Some(seconds);
                    response.body = serde_json::to_vec(&said).unwrap().into();
                },
            ));
            let tried = tokio::time::timeout(Duration::from_secs(10), safe.sync()).await;
            let error: SyncError = tried
                .expect("an end within the device's own patience")
                .unwrap_err();
            assert_eq!(error.code(), code.as_str());
            assert_eq!(evil.lies(), 4, "asked four times, and no more");
            evil.end();
        }
    }
    safe.sync().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn n53_a_device_years_ahead_purges_nothing() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("vieux.pdf", b"x").await.object;
    safe.trash(&object).await.unwrap();
    for later in [41 * DAY, YEAR, 100 * YEAR] {
        desk.later.set(later);
        safe.sync().await.unwrap();
        safe.purge_expired().await.unwrap();
        assert_eq!(safe.list().len(), 1, "{} days ahead", later / DAY);
    }
    // Nor does a device that knew nothing yet, at a time that would do.
    let first = Desk::new(&world);
    first.later.set(31 * DAY);
    let other = alice.opens(&first).await;
    other.purge_expired().await.unwrap();
    assert_eq!(other.list().len(), 1);
    // Thirty-one days later, and known since: the trash is emptied.
    desk.later.set(31 * DAY);
    safe.purge_expired().await.unwrap();
    assert!(safe.list().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n53_of_two_changes_the_later_by_number_stands_whatever_the_clocks_say() {
    let world = world().await;
    let (ahead, right) = (Desk::new(&world), Desk::new(&world));
    let (alice, first) = Person::creates_account("alice", &ahead).await;
    let object = first.saves("a.pdf", b"x").await.object;
    let second = alice.opens(&right).await;
    ahead.later.set(10 * YEAR);
    // Both from the same state: what is committed last stands.
    first.rename(&object, "de l’avenir.pdf").await.unwrap();
    second.rename(&object, "d’aujourd’hui.pdf").await.unwrap();
    first.sync().await.unwrap();
    for safe in [&first, &second] {
        assert_eq!(safe.names(), ["d’aujourd’hui.pdf"]);
    }
    second.rename(&object, "encore aujourd’hui.pdf").await.unwrap();
    first.rename(&object, "encore l’avenir.pdf").await.unwrap();
    second.sync().await.unwrap();
    for safe in [&first, &second] {
        assert_eq!(safe.names(), ["encore l’avenir.pdf"]);
    }
}

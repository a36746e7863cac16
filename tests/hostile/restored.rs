//! A hostile server that calls its own doing a backup: a log that goes on under another name is believed from the log before
//! alone, and nothing goes on before a yes.

use std::cell::Cell;

use crypto::audit::note::{Kind, NoteSigner};
use sdk::flows::Request;
use sdk::{Check, Fault, Subject};
use shared::audit::LogCard;
use shared::path;
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, LogKeeper, is_of, tile_of, writes};
use tests::person::{Desk, Person};

use crate::behind::Behind;
use crate::log::{behind, is_list, statement, whole_log};
use crate::verdict::{noticed, verdict};
use crate::world;

/// Shows this log in the place of the deployment's, and says that it goes on from a backup.
fn shown(name: &str, log: LogKeeper, restored_at: Option<u64>) -> Attack {
    log.stated(name, move |log, card| log.state(card, restored_at))
}

/// Opens the account again on the device that has seen the log, while the server lies: refused, and nothing is asked.
async fn refuses(it: &Behind, attack: Attack) -> Check {
    let name = attack.name().to_owned();
    let safe = it.alice.opens_without_reading(&it.desk).await;
    let verdict = noticed(&it.desk, &it.evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.subject, Some(Subject::Account), "{name}");
    assert_eq!(safe.restored(), None, "{name}");
    assert!(safe.list().is_empty(), "{name}");
    verdict.check()
}

/// What the device has seen, and the log that could follow it.
async fn with_a_log(it: &Behind, world: &tests::world::World) -> (LogKeeper, u64) {
    it.second.sync().await.unwrap();
    let log = whole_log(world, &it.evil).await;
    let size = log.entries.len() as u64;
    (log, size)
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_another_log_that_does_not_say_where_it_comes_from_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    let (log, _) = with_a_log(&it, &world).await;
    let next = log.goes_on(4, log.checkpoint());
    for (name, attack) in [
        ("says nothing", shown("says nothing", next.clone(), None)),
        (
            "asks for less beside",
            next.clone().stated("asks for less beside", |log, card| {
                log.state(card, Some(4));
                card.max_age += 1;
            }),
        ),
        (
            "of another deployment",
            next.clone().stated("of another deployment", |_, card| {
                let other = "civis/AAAAAAAAAAAAAAAAAAAAAA/g2";
                let other = NoteSigner::from_seed(other, Kind::Text, &[9; 32]).unwrap();
                card.key = other.public().to_string();
                card.restored_at = Some(4);
            }),
        ),
        (
            "another key of the same name",
            log.clone().stated("another key of the same name", |_, card| {
                let name = card.key.split('+').next().unwrap().to_owned();
                let other = NoteSigner::from_seed(&name, Kind::Text, &[9; 32]).unwrap();
                card.key = other.public().to_string();
                card.restored_at = Some(4);
            }),
        ),
    ] {
        assert_eq!(refuses(&it, attack).await, Check::LogPolicy, "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_a_backup_that_the_log_before_does_not_vouch_for_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    let (log, size) = with_a_log(&it, &world).await;
    let kept = usize::try_from(size).unwrap() - 2;
    let at = Some(kept as u64);
    let last = log.checkpoint();
    let foreign = {
        let mut other = log.goes_on(0, Vec::new());
        other.entries = log.entries.clone();
        other.checkpoint()
    };
    let unsigned = {
        let text = String::from_utf8(last.clone()).unwrap();
        let (said, _) = text.split_once("\n\n").unwrap();
        let key = NoteSigner::from_seed(said.lines().next().unwrap(), Kind::Text, &[9; 32]).unwrap();
        key.sign(&format!("{said}\n"), 0).unwrap().to_bytes()
    };
    let mut shorter = log.clone();
    shorter.entries.truncate(kept + 1);
    let mut another = log.clone();
    *another.entries.last_mut().unwrap() = statement(7);
    let mut nothing_there = log.goes_on(kept, last.clone());
    *nothing_there.entries.last_mut().unwrap() = statement(7);
    for (name, next, at) in [
        ("a note of another log", log.goes_on(kept, foreign), at),
        ("a note that another key signed", log.goes_on(kept, unsigned), at),
        ("no note", log.goes_on(kept, Vec::new()), at),
        (
            "smaller than what was seen",
            log.goes_on(kept, shorter.checkpoint()),
            at,
        ),
        (
            "as long, and another one",
            log.goes_on(kept, another.checkpoint()),
            at,
        ),
        ("another entry", nothing_there, at),
        (
            "an entry that is not there yet",
            log.goes_on(kept, last.clone()),
            Some(size + 9),
        ),
        (
            "nothing was lost",
            log.goes_on(usize::MAX, last.clone()),
            Some(size),
        ),
    ] {
        let check = refuses(&it, shown(name, next, at)).await;
        assert_eq!(check, Check::LogForked, "{name}");
    }
    it.goes_on().await;
}

/// What the device has seen lies wholly in the backup, and the new log begins otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_backup_that_is_no_beginning_of_what_was_seen_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    let (log, size) = with_a_log(&it, &world).await;
    let mut longer = log.clone();
    longer.entries.extend([statement(1), statement(2)]);
    let kept = usize::try_from(size).unwrap() + 1;
    let mut next = longer.goes_on(kept, longer.checkpoint());
    next.entries[1] = statement(3);
    let check = refuses(&it, shown("another beginning", next, Some(kept as u64))).await;
    assert_eq!(check, Check::LogForked);
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_what_the_new_log_says_is_proven_under_its_own_checkpoint() {
    let world = world().await;
    let it = behind(&world).await;
    let (log, size) = with_a_log(&it, &world).await;
    let kept = usize::try_from(size).unwrap() - 2;
    let next = log.goes_on(kept, log.checkpoint());
    let mut without = next.clone();
    *without.entries.last_mut().unwrap() = statement(7);
    let planted = {
        let (next, told) = (next.clone(), Cell::new(false));
        // Shown once; whoever reads the log afterwards finds that it is not there.
        Attack::new("the entry is in the bundle alone", move |_, request, response| {
            if is_of(request, path::LOG) {
                let mut card: LogCard = serde_json::from_slice(&response.body).unwrap();
                next.state(&mut card, Some(kept as u64));
                response.body = serde_json::to_vec(&card).unwrap().into();
            } else if tile_of(request).is_some() && !told.replace(true) {
                next.tell(request, response);
            } else {
                without.tell(request, response);
            }
            Fate::Pass
        })
    };
    assert_eq!(refuses(&it, planted).await, Check::LogEntries);
    let old = log.clone();
    let unsigned = Attack::new("signed by the log before", move |_, request, response| {
        if is_of(request, path::LOG) {
            let mut card: LogCard = serde_json::from_slice(&response.body).unwrap();
            next.state(&mut card, Some(kept as u64));
            response.body = serde_json::to_vec(&card).unwrap().into();
        } else {
            old.tell(request, response);
        }
        Fate::Pass
    });
    assert_eq!(refuses(&it, unsigned).await, Check::Checkpoint);
    it.goes_on().await;
}

/// All of it holds: still nothing goes on, on a device that knew the log, before the person was asked. The same where the
/// account record is of the past.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_backup_that_holds_is_asked_about_before_anything_is_written() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    drop(safe);
    let backup = world.snapshot().await.unwrap();
    let safe = alice.opens(&desk).await;
    safe.make_folder("Perdu", None).await.unwrap();
    safe.confirm_kit().await.unwrap();
    drop(safe);
    world.restart().await.unwrap();
    drop(alice.opens(&desk).await);
    world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    evil.begin(Attack::new("only listens", |_, _, _| Fate::Pass));
    let asked = verdict(&safe.sync().await.unwrap_err());
    assert_eq!(asked.check(), Check::Restored);
    for error in [
        safe.make_folder("Non", None)
            .await
            .unwrap_err()
            .refusal()
            .cloned(),
        safe.confirm_kit().await.unwrap_err().refusal().cloned(),
        safe.set_phrase("une autre phrase assez longue")
            .await
            .unwrap_err()
            .refusal()
            .cloned(),
    ] {
        assert_eq!(error.unwrap().check, Check::Restored);
    }
    let wrote = |seen: &Request| writes(seen);
    assert!(!evil.sent_since_the_lie().iter().any(wrote));
    evil.end();
    // A yes is for this backup alone: what the server makes of it next is the past again.
    safe.agree_to_restored().await.unwrap();
    safe.make_folder("Encore", None).await.unwrap();
}

/// The new log itself tells of a list that is newer than the one that is shown with it.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_list_older_than_the_backup_is_found_in_it() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let first = evil
        .memory()
        .into_iter()
        .rfind(|seen| is_list(&seen.request))
        .unwrap();
    safe.make_folder("Dans la sauvegarde", None).await.unwrap();
    drop(safe);
    let backup = world.snapshot().await.unwrap();
    let safe = alice.opens(&desk).await;
    safe.make_folder("Perdu", None).await.unwrap();
    drop(safe);
    world.restart().await.unwrap();
    drop(alice.opens(&desk).await);
    world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    let older = Attack::new("an older list", move |_, request, response| {
        if is_list(request) {
            *response = first.response.clone();
        }
        Fate::Pass
    });
    let verdict = noticed(&desk, &evil, older, async || safe.sync().await).await;
    assert_eq!((verdict.check(), safe.restored()), (Check::Hidden, None));
}

/// What was agreed to is this log: another one that goes on from the same one before is not.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_yes_lets_no_other_log_in() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    drop(safe);
    let backup = world.snapshot().await.unwrap();
    let safe = alice.opens(&desk).await;
    safe.make_folder("Perdu", None).await.unwrap();
    drop(safe);
    world.restart().await.unwrap();
    drop(alice.opens(&desk).await);
    let before = whole_log(&world, &evil).await;
    world.restores(&backup, "Disque").await.unwrap();
    let safe = alice.opens_without_reading(&desk).await;
    assert_eq!(verdict(&safe.sync().await.unwrap_err()).check(), Check::Restored);
    safe.agree_to_restored().await.unwrap();
    drop(safe);
    let twin = shown("a twin", before.goes_on(3, before.checkpoint()), Some(3));
    let back = before
        .clone()
        .stated("back to the log before", |log, card| log.state(card, None));
    for attack in [twin, back] {
        let safe = alice.opens_without_reading(&desk).await;
        let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::LogPolicy);
    }
    drop(alice.opens(&desk).await);
}

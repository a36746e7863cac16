//! A hostile server against the log: checkpoints, proofs, bundles, and the entries that must be in it.

use crypto::audit::checkpoint::Checkpoint;
use crypto::audit::entry::Entry;
use sdk::evidence::Evidence;
use sdk::flows::account::Draft;
use sdk::flows::{Method, Request};
use sdk::{Check, Fault, Subject};
use shared::account::Account;
use shared::audit::Logged;
use shared::collection::{Collection, Committed};
use shared::{Hash, path};
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, LogKeeper, Switch, asked, is_of, logged};
use tests::person::{Desk, Person, Safe};
use tests::world::World;

use crate::behind::{Behind, about, attacks};
use crate::verdict::noticed;
use crate::world;

/// A device that has seen the log, and has not read what another one wrote since; the log has all of it.
pub(crate) async fn behind(world: &World) -> Behind {
    let it = Behind::in_world(world).await;
    it.first.saves("un.pdf", b"1").await;
    whole_log(world, &it.evil).await;
    it.second.sync().await.unwrap();
    it.first.make_folder("Deux", None).await.unwrap();
    whole_log(world, &it.evil).await;
    it
}

/// The log, once it has everything that this server's answers named.
pub(crate) async fn whole_log(world: &World, evil: &Evil) -> LogKeeper {
    LogKeeper::of(world, logged(&evil.memory())).await
}

/// Reads the list while the server lies: refused, about the account, and what was shown before stays.
pub(crate) async fn refuses(it: &Behind, attack: Attack) -> Check {
    let name = attack.name().to_owned();
    let before = it.second.list();
    let verdict = noticed(&it.desk, &it.evil, attack, async || it.second.sync().await).await;
    assert_eq!(verdict.subject, Some(Subject::Account), "{name}");
    assert_eq!(it.second.list(), before, "{name}");
    verdict.check()
}

/// The same on a device that was never here; afterwards it goes on with the honest server.
pub(crate) async fn refuses_at_first_sight(world: &World, alice: &Person, attack: Attack) -> Check {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let safe = alice.opens_without_reading(&desk).await;
    let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.subject, Some(Subject::Account));
    assert!(safe.list().is_empty());
    safe.sync().await.unwrap();
    verdict.check()
}

/// The check of a refusal that no lie on this device's own line brought about, and what was kept of it.
pub(crate) async fn refused(safe: &Safe) -> Evidence {
    let before = safe.list();
    let error = safe.sync().await.unwrap_err();
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}")).clone();
    assert_eq!(refusal.subject, Subject::Account);
    assert_eq!(safe.list(), before);
    let kept = safe.evidence().await.unwrap().into_iter();
    let mut kept = kept.filter(|(id, _)| Some(id) == refusal.evidence.as_ref());
    kept.next().expect("no evidence").1
}

pub(crate) fn is_list(request: &Request) -> bool {
    request.method == Method::Get && is_of(request, path::COLLECTION)
}

pub(crate) fn is_account(request: &Request) -> bool {
    request.method == Method::Get && request.path == path::ACCOUNT
}

pub(crate) fn is_commit(request: &Request) -> bool {
    request.method == Method::Put && is_of(request, path::HEAD)
}

pub(crate) fn is_checkpoint(request: &Request) -> bool {
    is_of(request, path::CHECKPOINT)
}

/// An entry that says something and is nobody's.
pub(crate) fn statement(number: u8) -> Vec<u8> {
    let statement_hash = [number; 32];
    Entry::Operator { statement_hash }.to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_a_checkpoint_that_is_not_the_log_s_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    for attack in attacks(Switch::N41, &["checkpoint"]) {
        let name = attack.name().to_owned();
        assert_eq!(refuses(&it, attack).await, Check::Checkpoint, "{name}");
    }
    for attack in attacks(Switch::N41, &["checkpoint"]) {
        let name = attack.name().to_owned();
        let check = refuses_at_first_sight(&world, &it.alice, attack).await;
        assert_eq!(check, Check::Checkpoint, "{name}");
    }
    it.goes_on().await;
}

/// The log's own key under the words of another log: what it signs for one it does not say for the other.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_checkpoint_of_another_origin_is_refused_under_the_log_s_own_key() {
    let world = world().await;
    let it = behind(&world).await;
    let log = whole_log(&world, &it.evil).await;
    let (origin, tree) = ("civis/ailleurs".to_owned(), log.tree());
    let note = log.sign(&Checkpoint { origin, tree }.to_text());
    let attack = Attack::rewrite("another origin", is_checkpoint, move |response| {
        response.body = note.clone().into();
    });
    assert_eq!(refuses(&it, attack).await, Check::Checkpoint);
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_a_log_that_shrinks_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    for attack in attacks(Switch::N41, &["older"]) {
        assert_eq!(refuses(&it, attack).await, Check::LogForked);
    }
    // Closed and opened again: what this device has seen of the log outlives the session.
    let again = it.alice.opens_without_reading(&it.desk).await;
    for attack in attacks(Switch::N41, &["older"]) {
        let verdict = noticed(&it.desk, &it.evil, attack, async || again.sync().await).await;
        assert_eq!(verdict.check(), Check::LogForked);
        assert!(again.list().is_empty());
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_no_account_is_made_under_a_log_that_does_not_hold() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    // Withheld is no more than a server that does not answer: there is nothing yet to hold against it.
    let told = Switch::N41.attacks().into_iter().filter(|attack| {
        let withheld = ["not_found", "forbidden", "malformed"];
        about(attack) != "older" && !withheld.iter().any(|code| attack.name().ends_with(code))
    });
    for attack in told {
        let name = attack.name().to_owned();
        let creating = async || {
            let draft = Draft::make(desk.device()).unwrap();
            draft
                .register("alice", "phrase avec assez de mots")
                .await
                .map(drop)
        };
        let verdict = noticed(&desk, &evil, attack, creating).await;
        assert_eq!(verdict.check(), Check::Checkpoint, "{name}");
    }
    Person::creates_account("alice", &desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n42_altered_proofs_and_bundles_are_refused() {
    let world = world().await;
    let it = behind(&world).await;
    for attack in Switch::N42.attacks() {
        let name = attack.name().to_owned();
        let expected = match about(&attack) {
            "consistency" => Check::LogForked,
            "entry" => Check::LogEntry,
            "bundle" => Check::LogEntries,
            other => panic!("{other}"),
        };
        assert_eq!(refuses(&it, attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

/// Genuine proofs of the genuine log, for another size or index than the one that was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn n42_proofs_of_another_size_or_index_are_refused() {
    let world = world().await;
    let it = behind(&world).await;
    let log = whole_log(&world, &it.evil).await;
    type Turn = fn(&mut shared::audit::ReadProofs);
    let turns: [(&str, Turn, Check); 4] = [
        ("an older size", |asked| asked.sizes[0] -= 1, Check::LogForked),
        ("a newer size", |asked| asked.sizes[0] += 1, Check::LogForked),
        ("the entry before", |asked| asked.indices[0] -= 1, Check::LogEntry),
        ("a smaller log", |asked| asked.size -= 1, Check::LogForked),
    ];
    for (name, turn, expected) in turns {
        let log = log.clone();
        let attack = Attack::new(name, move |_, request, response| {
            log.tell(request, response);
            if let Some(mut asked) = asked(request).filter(|asked| !asked.sizes.is_empty()) {
                turn(&mut asked);
                response.body = serde_json::to_vec(&log.prove(&asked)).unwrap().into();
            }
            Fate::Pass
        });
        assert_eq!(refuses(&it, attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

/// A log of several bundles: each stands where it stands.
#[tokio::test(flavor = "multi_thread")]
async fn n42_bundles_of_another_place_are_refused() {
    let world = world().await;
    let it = behind(&world).await;
    let mut log = whole_log(&world, &it.evil).await;
    let statements = (0..600_u16).map(|number| statement(number.to_be_bytes()[1]));
    log.entries.extend(statements);
    let mut elsewhere = log.clone();
    elsewhere.entries.rotate_left(256);
    let mut others = log.clone();
    others.entries[400] = statement(0xff);
    for (name, bundles) in [("exchanged", elsewhere), ("with another entry", others)] {
        let log = log.clone();
        let attack = Attack::new(name, move |_, request, response| {
            log.tell(request, response);
            if tests::evil::tile_of(request).is_some() {
                bundles.tell(request, response);
            }
            Fate::Pass
        });
        assert_eq!(refuses(&it, attack).await, Check::LogEntries, "{name}");
    }
    let flipped = log.clone();
    let attack = Attack::new("a proof that leads elsewhere", move |_, request, response| {
        flipped.tell(request, response);
        if asked(request).is_some_and(|asked| asked.sizes.is_empty() && asked.indices.contains(&256)) {
            let mut proofs: shared::audit::Proofs = serde_json::from_slice(&response.body).unwrap();
            proofs.inclusion[1].last_mut().unwrap().0[0] ^= 1;
            response.body = serde_json::to_vec(&proofs).unwrap().into();
        }
        Fate::Pass
    });
    assert_eq!(refuses(&it, attack).await, Check::LogEntries);
    // And the whole of it, told well, is a log like any other.
    it.evil.begin(log.shown("a longer log"));
    it.second.sync().await.unwrap();
}

/// The server puts something else where the entry belongs: of the own head, of a head that it serves, of the manifest.
#[tokio::test(flavor = "multi_thread")]
async fn n42_what_was_served_must_be_in_the_log() {
    let world = world().await;
    let it = behind(&world).await;
    let mut log = whole_log(&world, &it.evil).await;
    let newest = logged(&it.evil.memory()) - 1;
    log.entries[newest as usize] = statement(1);
    let attack = log.shown("something else in the place of the head");
    assert_eq!(refuses(&it, attack).await, Check::LogEntry);
    it.goes_on().await;
    // A device that is new, and the entry of the manifest: of one that no head or manifest has seen in the log.
    it.first.confirm_kit().await.unwrap();
    let account = it
        .evil
        .memory()
        .into_iter()
        .rfind(|seen| is_account(&seen.request));
    let account: Account = serde_json::from_slice(&account.unwrap().response.body).unwrap();
    let mut log = whole_log(&world, &it.evil).await;
    log.entries[account.logged.index as usize] = statement(2);
    let attack = log.shown("something else in the place of the manifest");
    let check = refuses_at_first_sight(&world, &it.alice, attack).await;
    assert_eq!(check, Check::LogEntry);
}

#[tokio::test(flavor = "multi_thread")]
async fn n42_what_was_written_must_be_in_the_log() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    // The answer names another entry than that of the commit.
    let attack = Attack::json::<Committed>("another index", is_commit, |stored| stored.log_index -= 1);
    let writing = async || {
        it.second.make_folder("Trois", None).await.unwrap();
        whole_log(&world, &it.evil).await;
        it.second.sync().await
    };
    let verdict = noticed(&it.desk, &it.evil, attack, writing).await;
    assert_eq!(verdict.check(), Check::LogEntry);
    // That contradiction stands: this device writes no more, and says why each time; others know nothing of it.
    assert_eq!(refused(&it.second).await.check, Check::LogEntry);
    it.first.sync().await.unwrap();
    assert_eq!(it.first.names(), ["Deux", "Trois", "un.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn n42_a_commit_that_is_not_logged_is_missed() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let before = whole_log(&world, &it.evil).await.entries.len();
    it.second.make_folder("Trois", None).await.unwrap();
    // The server keeps its word about the index, and another entry there.
    let mut log = whole_log(&world, &it.evil).await;
    assert!(log.entries.len() > before);
    log.entries.truncate(before);
    log.entries.extend((0..9).map(statement));
    assert_eq!(refuses(&it, log.shown("another entry")).await, Check::LogEntry);
    it.second.sync().await.unwrap();
    assert_eq!(it.second.names(), ["Deux", "Trois", "un.pdf"]);
}

/// The server names an index that its log never comes to.
#[tokio::test(flavor = "multi_thread")]
async fn n42_an_index_that_never_comes_is_no_entry() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let mut log = whole_log(&world, &it.evil).await;
    let attack = Attack::new("an index far ahead", move |_, request, response| {
        if is_commit(request) {
            let mut stored: Committed = serde_json::from_slice(&response.body).unwrap();
            stored.log_index = 1 << 40;
            response.body = serde_json::to_vec(&stored).unwrap().into();
        }
        if is_checkpoint(request) {
            // Others write, and the log has what they write.
            log.entries.push(statement(1));
        }
        log.tell(request, response);
        Fate::Pass
    });
    let writing = async || {
        it.second.make_folder("Trois", None).await.unwrap();
        // It may be that these were made before.
        it.second.sync().await.unwrap();
        it.second.sync().await.unwrap();
        it.second.sync().await
    };
    let verdict = noticed(&it.desk, &it.evil, attack, writing).await;
    assert_eq!(verdict.check(), Check::LogEntry);
}

/// Two commits are told one index, and the log has the second one there: the first is not forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn n42_two_commits_are_not_one_entry() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let mut log = whole_log(&world, &it.evil).await;
    let index = log.entries.len() as u64;
    let telling = Attack::json::<Committed>("one index for two", is_commit, move |stored| {
        stored.log_index = index;
    });
    let writing = async || {
        it.second.make_folder("Trois", None).await.unwrap();
        it.second.make_folder("Quatre", None).await.unwrap();
        let commits = it.evil.memory().into_iter();
        let second = commits.rev().find(|seen| is_commit(&seen.request));
        let size = logged(&[second.unwrap()]);
        let whole = LogKeeper::of(&world, size).await;
        log.entries.push(whole.entries[size as usize - 1].clone());
        log.entries.push(statement(1));
        it.evil.begin(log.clone().shown("the second one there"));
        it.second.sync().await
    };
    let verdict = noticed(&it.desk, &it.evil, telling, writing).await;
    assert_eq!(verdict.check(), Check::LogEntry);
}

/// Where a served head stands in the log is the server's word: wherever else it points, the entry is not there.
#[tokio::test(flavor = "multi_thread")]
async fn n42_another_opening_than_the_log_s_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    type Change = fn(&mut Logged);
    let changes: [(&str, Change); 3] = [
        ("the entry before", |logged| logged.index -= 1),
        ("the first entry", |logged| logged.index = 0),
        ("another blind", |logged| logged.blind = Hash([9; 32])),
    ];
    for (name, change) in changes {
        let fresh = Desk::new(&world);
        let evil = Evil::on(&fresh.line);
        let safe = it.alice.opens_without_reading(&fresh).await;
        let attack = Attack::json::<Collection>(name, is_list, move |list| change(&mut list.logged));
        let verdict = noticed(&fresh, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::LogEntry, "{name}");
        assert!(safe.list().is_empty());
        // Nothing of the lie is left on the device.
        safe.sync().await.unwrap();
        let fresh = Desk::new(&world);
        let evil = Evil::on(&fresh.line);
        let attack = Attack::json::<Account>(name, is_account, move |account| change(&mut account.logged));
        let opening = async || it.alice.opens_without_reading(&fresh).await.sync().await;
        let verdict = noticed(&fresh, &evil, attack, opening).await;
        assert_eq!(verdict.check(), Check::LogEntry, "{name}");
        it.alice.opens(&fresh).await;
    }
    it.goes_on().await;
}

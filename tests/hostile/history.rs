//! A hostile server that keeps two histories, or shows less than its log has: found in the log itself.

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::entry::Entry;
use crypto::audit::note::NoteKey;
use sdk::evidence::Known;
use sdk::flows::Request;
use sdk::{Check, Subject};
use shared::account::Account;
use tests::adversary::{Fate, OverLine};
use tests::evil::{Attack, Evil, Exchange, LogKeeper, asked, creation_of, logged};
use tests::person::Desk;

use crate::log::{
    behind, is_account, is_checkpoint, is_commit, is_list, refused, refuses, refuses_at_first_sight,
    statement, whole_log,
};
use crate::verdict::noticed;
use crate::world;

/// Shows this answer again wherever the same is asked.
fn again(name: &str, old: Exchange) -> Attack {
    Attack::new(name, move |_, request, response| {
        if (request.method, &request.path) == (old.request.method, &old.request.path) {
            *response = old.response.clone();
        }
        Fate::Pass
    })
}

/// The newest answer to a reading of the list.
fn newest_list(memory: &[Exchange]) -> Exchange {
    let mut lists = memory.iter().rev().filter(|seen| is_list(&seen.request));
    lists.next().expect("a list").clone()
}

/// The log as far as a device has seen it with this newest checkpoint: it grows by itself, and what comes behind is no
/// matter of what was seen.
fn as_seen(memory: &[Exchange], mut log: LogKeeper) -> LogKeeper {
    let newest = memory.iter().rfind(|seen| is_checkpoint(&seen.request));
    let note = String::from_utf8(newest.unwrap().response.body.to_vec()).unwrap();
    let size = note.lines().nth(1).unwrap().parse().unwrap();
    assert!(log.entries.len() >= size);
    log.entries.truncate(size);
    log
}

/// One size and two roots, both signed by the log: what is kept proves it to everybody.
#[tokio::test(flavor = "multi_thread")]
async fn n43_two_histories_of_one_size_are_refused_and_proven() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let mut log = as_seen(&it.evil.memory(), whole_log(&world, &it.evil).await);
    *log.entries.last_mut().unwrap() = statement(1);
    let (note, tree) = (log.checkpoint(), log.tree());
    let check = refuses(&it, log.clone().shown("another history")).await;
    assert_eq!(check, Check::LogForked);
    let kept = it.second.evidence().await.unwrap();
    let piece = &kept.iter().find(|(_, piece)| piece.check == check).unwrap().1;
    assert_eq!(piece.bytes.as_slice(), note);
    let seen = piece.known.iter().find_map(|known| match known {
        Known::Checkpoint { signed, .. } => signed.clone(),
        _ => None,
    });
    let card = sdk::api::audit::card(&OverLine(it.desk.line.clone())).await;
    let key = NoteKey::parse(&card.unwrap().key).unwrap();
    let one = SignedCheckpoint::verify(seen.unwrap().as_slice(), &key).unwrap();
    let other = SignedCheckpoint::verify(piece.bytes.as_slice(), &key).unwrap();
    assert_eq!((one.tree().size, other.tree()), (tree.size, &tree));
    assert_ne!(one.tree().root, tree.root);
    it.goes_on().await;
}

/// The other history has grown further than the one that was seen: no proof leads from the one to the other.
#[tokio::test(flavor = "multi_thread")]
async fn n42_n43_a_history_that_goes_on_from_another_one_is_refused() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let honest = as_seen(&it.evil.memory(), whole_log(&world, &it.evil).await);
    let mut log = honest.clone();
    *log.entries.last_mut().unwrap() = statement(1);
    log.entries.extend((2..40).map(statement));
    let check = refuses(&it, log.clone().shown("another history, longer")).await;
    assert_eq!(check, Check::LogForked);
    // With the proofs of the history that was seen.
    let mut longer = honest.clone();
    longer.entries.extend((2..40).map(statement));
    let attack = Attack::new("with the proofs of the true one", move |_, request, response| {
        log.tell(request, response);
        if asked(request).is_some() {
            longer.tell(request, response);
        }
        Fate::Pass
    });
    assert_eq!(refuses(&it, attack).await, Check::LogForked);
    it.goes_on().await;
}

/// Without witnesses, what another device was shown comes to light with the first head that it signs.
#[tokio::test(flavor = "multi_thread")]
async fn n42_n43_what_another_device_was_shown_is_found_in_its_head() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    // A device that is new is shown another history, and everything of this account is in it.
    let deceived = Desk::new(&world);
    let evil = Evil::on(&deceived.line);
    let mut log = whole_log(&world, &it.evil).await;
    let unnamed = last_unnamed(&it.evil.memory(), &log);
    log.entries[unnamed] = statement(1);
    evil.begin(log.shown("another history"));
    let other = it.alice.opens(&deceived).await;
    other.make_folder("Ailleurs", None).await.unwrap();
    evil.end();
    it.evil.listens_to(&deceived.line);
    let said = evil.memory().into_iter().rfind(|seen| is_commit(&seen.request));
    LogKeeper::of(&world, logged(&[said.unwrap()])).await;
    let piece = refused(&it.second).await;
    assert_eq!(piece.check, Check::LogForked);
    assert!(
        piece
            .known
            .iter()
            .any(|known| matches!(known, Known::Checkpoint { .. }))
    );
    assert!(it.second.make_folder("Encore", None).await.is_err() || it.second.sync().await.is_err());
}

/// What a device has seen stands in the manifest that it writes: a device that is new goes back no further.
#[tokio::test(flavor = "multi_thread")]
async fn n42_n43_a_new_device_starts_from_what_the_manifest_has_seen() {
    let world = world().await;
    let it = behind(&world).await;
    it.first.sync().await.unwrap();
    it.first.confirm_kit().await.unwrap();
    let mut log = whole_log(&world, &it.evil).await;
    let unnamed = last_unnamed(&it.evil.memory(), &log);
    log.entries[unnamed] = statement(1);
    let fresh = Desk::new(&world);
    let evil = Evil::on(&fresh.line);
    let safe = it.alice.opens_without_reading(&fresh).await;
    let attack = log.shown("another history");
    let verdict = noticed(&fresh, &evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.check(), Check::LogForked);
    assert!(safe.list().is_empty());
    safe.sync().await.unwrap();
}

/// The last entry that nobody is told the index of: of the document, written after the first device looked at the log.
fn last_unnamed(memory: &[Exchange], log: &LogKeeper) -> usize {
    let named = memory.iter().filter_map(|seen| {
        let answer: serde_json::Value = serde_json::from_slice(&seen.response.body).ok()?;
        let index = answer.pointer("/log_index").or(answer.pointer("/logged/index"))?;
        index.as_u64()
    });
    let named: Vec<u64> = named.collect();
    let sealed = |index: &usize| matches!(Entry::parse(&log.entries[*index]), Ok(Entry::Sealed { .. }));
    let mut indices = (0..log.entries.len()).rev().filter(sealed);
    indices.find(|index| !named.contains(&(*index as u64))).unwrap()
}

/// The list of then, with everything that belongs to it, for who never saw a later one; the log has the later ones.
#[tokio::test(flavor = "multi_thread")]
async fn n28_a_new_device_finds_in_the_log_what_the_list_does_not_show() {
    let world = world().await;
    let it = behind(&world).await;
    // The second device has read the list of before the folder: that is what is shown.
    let old = newest_list(&it.evil.memory());
    for more in 0..3 {
        let fresh = Desk::new(&world);
        let evil = Evil::on(&fresh.line);
        let safe = it.alice.opens_without_reading(&fresh).await;
        let attack = again("the list of then", old.clone());
        let verdict = noticed(&fresh, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::Hidden);
        assert_eq!(verdict.subject, Some(Subject::Account));
        assert!(safe.list().is_empty());
        safe.sync().await.unwrap();
        assert_eq!(safe.list(), it.first.list());
        it.first
            .make_folder(&format!("Encore {more}"), None)
            .await
            .unwrap();
        whole_log(&world, &it.evil).await;
    }
}

/// Between two looks of a slow device others write, and the log grows twice: no alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_overtakes_the_list_is_no_alarm() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let newest = |fits: fn(&Request) -> bool| it.evil.memory().into_iter().rfind(|seen| fits(&seen.request));
    let early = newest(is_checkpoint).unwrap();
    it.first.make_folder("Trois", None).await.unwrap();
    whole_log(&world, &it.evil).await;
    it.first.sync().await.unwrap();
    // The head of this one has seen more of the log than the second device when it asked.
    it.first.make_folder("Quatre", None).await.unwrap();
    it.first.sync().await.unwrap();
    let list = newest(is_list).unwrap();
    it.first.make_folder("Cinq", None).await.unwrap();
    whole_log(&world, &it.evil).await;
    let mut told = vec![early, list];
    let attack = Attack::new("what was true a moment ago", move |_, request, response| {
        if let Some(at) = told.iter().position(|old| old.request.path == request.path) {
            *response = told.remove(at).response;
        }
        Fate::Pass
    });
    it.evil.begin(attack);
    it.second.sync().await.unwrap();
    assert_eq!(it.evil.lies(), 2);
    assert_eq!(it.second.list(), it.first.list());
}

/// Nothing is rolled back: the newest list is what this device knows, and what was written since is kept from it.
#[tokio::test(flavor = "multi_thread")]
async fn n28_a_list_that_is_held_back_is_found_in_the_log() {
    let world = world().await;
    let it = behind(&world).await;
    let attack = again("the list that is known", newest_list(&it.evil.memory()));
    assert_eq!(refuses(&it, attack).await, Check::Hidden);
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_new_device_finds_in_the_log_the_manifest_that_is_not_shown() {
    let world = world().await;
    let it = behind(&world).await;
    let old = it
        .evil
        .memory()
        .into_iter()
        .rfind(|seen| is_account(&seen.request));
    it.first.confirm_kit().await.unwrap();
    it.first.make_folder("Trois", None).await.unwrap();
    whole_log(&world, &it.evil).await;
    let old = serde_json::from_slice::<Account>(&old.unwrap().response.body).unwrap();
    let fresh = Desk::new(&world);
    let evil = Evil::on(&fresh.line);
    let attack = || {
        let old = old.clone();
        Attack::json::<Account>("the account of then", is_account, move |account| {
            *account = old.clone()
        })
    };
    let opening = async || it.alice.opens_without_reading(&fresh).await.sync().await;
    let verdict = noticed(&fresh, &evil, attack(), opening).await;
    assert_eq!(verdict.check(), Check::Hidden);
    // A device that is open all the while reads the newest one, where it is shown.
    assert_eq!(refuses(&it, attack()).await, Check::Hidden);
    it.goes_on().await;
    it.alice.opens(&fresh).await;
}

/// An old manifest at the opening, a later one when the log tells of it, and behind that one more.
#[tokio::test(flavor = "multi_thread")]
async fn n28_the_manifest_after_the_one_that_is_shown_is_looked_for_too() {
    let world = world().await;
    let it = behind(&world).await;
    let account = async || {
        let desk = Desk::new(&world);
        let evil = Evil::on(&desk.line);
        it.alice.opens(&desk).await;
        let read = evil.memory().into_iter().rfind(|seen| is_account(&seen.request));
        serde_json::from_slice::<Account>(&read.unwrap().response.body).unwrap()
    };
    let mut told = vec![account().await];
    for _ in 0..2 {
        it.first.confirm_kit().await.unwrap();
        it.first.make_new_sheet().await.unwrap();
    }
    told.push(account().await);
    it.first.confirm_kit().await.unwrap();
    it.first.make_folder("Trois", None).await.unwrap();
    whole_log(&world, &it.evil).await;
    let fresh = Desk::new(&world);
    let evil = Evil::on(&fresh.line);
    let attack = Attack::json::<Account>("the fifth of six", is_account, move |account| {
        let next = if told.len() > 1 {
            told.remove(0)
        } else {
            told[0].clone()
        };
        *account = next;
    });
    let opening = async || it.alice.opens_without_reading(&fresh).await.sync().await;
    let verdict = noticed(&fresh, &evil, attack, opening).await;
    assert_eq!(verdict.check(), Check::Hidden);
    it.alice.opens(&fresh).await;
}

/// Somebody else under the account's own label: with the key of the log, by whoever keeps it.
#[tokio::test(flavor = "multi_thread")]
async fn n45_another_identity_under_the_own_label_is_found_at_the_next_look() {
    let world = world().await;
    let it = behind(&world).await;
    let label = creation_of(&it.evil.memory(), "alice").label.0;
    let mut log = whole_log(&world, &it.evil).await;
    let (seq, bundle_hash) = (1, [7; 32]);
    let foreign = Entry::Identity {
        label,
        seq,
        bundle_hash,
    };
    // Of others there may be as many as there are.
    let (label, bundle_hash) = ([8; 32], [8; 32]);
    let others = Entry::Identity {
        label,
        seq,
        bundle_hash,
    };
    log.entries.extend([others.to_bytes(), foreign.to_bytes()]);
    let name = "a foreign identity";
    assert_eq!(refuses(&it, log.clone().shown(name)).await, Check::Identity);
    let check = refuses_at_first_sight(&world, &it.alice, log.shown(name)).await;
    assert_eq!(check, Check::Identity);
    it.goes_on().await;
}

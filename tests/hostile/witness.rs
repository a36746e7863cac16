//! A hostile server against the witnesses of its log, and what a device does after it met a contradiction: nothing that
//! writes.

use cli::evidence::{Proof, Worth};
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::{Note, NoteKey};
use sdk::evidence::{About, Export, Known, Names};
use sdk::flows::account::Draft;
use sdk::flows::{Response, Watch};
use sdk::{Check, Fault};
use tests::adversary::OverLine;
use tests::evil::{Attack, Evil, writes};
use tests::person::{Desk, Person, Safe, document};
use tests::witness::{cosign, cosigned, now, witness};
use tests::world::World;

use crate::behind::Behind;
use crate::log::{behind, is_checkpoint, refuses, refuses_at_first_sight, statement, whole_log};
use crate::verdict::noticed;
use crate::world;

/// Rewrites the checkpoint that counts: its text, and the note with the log's signature alone, are given.
fn cosigned_otherwise(name: &str, change: impl Fn(&str, Note) -> Vec<u8> + 'static) -> Attack {
    Attack::rewrite(name.to_owned(), is_checkpoint, move |response: &mut Response| {
        let note = Note::parse(&response.body).unwrap();
        let text = note.text().to_owned();
        let both = [witness(0), witness(1), witness(2)];
        let by_log = note
            .to_bytes()
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| {
                let line = String::from_utf8_lossy(line).into_owned();
                !both
                    .iter()
                    .any(|key| line.contains(&format!(" {} ", key.public().name())))
            })
            .collect::<Vec<_>>()
            .concat();
        response.body = change(&text, Note::parse(&by_log).unwrap()).into();
    })
}

fn join(note: Note, other: &Note) -> Note {
    note.join(other).unwrap()
}

/// The note, and what a witness signed of another checkpoint.
fn join_elsewhere(note: Note, number: u8) -> Vec<u8> {
    let elsewhere = note.text().replacen('\n', "\n1", 1);
    let other = cosigned(number, &elsewhere, now()).to_bytes();
    let line = other.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
    [&note.to_bytes()[..], line, b"\n"].concat()
}

/// The log's signature stands in each; the quorum of two different witnesses in none but the last, where a third one's
/// stands and is false.
fn short_of_quorum() -> Vec<Attack> {
    vec![
        cosigned_otherwise("no witness", |_, note| note.to_bytes()),
        cosigned_otherwise("one witness", |text, note| {
            join(note, &cosigned(0, text, now())).to_bytes()
        }),
        cosigned_otherwise("one witness, twice", |text, note| {
            let twice = join(cosigned(0, text, now() - 1), &cosigned(0, text, now()));
            join(note, &twice).to_bytes()
        }),
        cosigned_otherwise("one witness and a stranger", |text, note| {
            let both = join(cosigned(0, text, now()), &cosigned(9, text, now()));
            join(note, &both).to_bytes()
        }),
        cosigned_otherwise("a bit of the second signature", |text, note| {
            let both = join(cosigned(0, text, now()), &cosigned(1, text, now()));
            let bytes = join(note, &both).to_bytes();
            let mut text = String::from_utf8(bytes).unwrap();
            let at = text.len() - 20;
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            text.replace_range(at..=at, other);
            text.into_bytes()
        }),
        cosigned_otherwise("the second's signature of another checkpoint", |text, note| {
            join_elsewhere(join(note, &cosigned(0, text, now())), 1)
        }),
        cosigned_otherwise("a false third one beside the quorum", |text, note| {
            let both = join(cosigned(0, text, now()), &cosigned(1, text, now()));
            join_elsewhere(join(note, &both), 2)
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_a_checkpoint_short_of_its_quorum_is_refused() {
    let world = World::start_witnessed(3, 2, false).await.unwrap();
    let _rounds = world.comes_again(&[0, 1, 2]);
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    for attack in short_of_quorum() {
        let name = attack.name().to_owned();
        let creating = async || {
            let draft = Draft::make(desk.device()).unwrap();
            draft.register("bob", "phrase avec assez de mots").await.map(drop)
        };
        let verdict = noticed(&desk, &evil, attack, creating).await;
        assert_eq!(verdict.check(), Check::Checkpoint, "{name}");
    }
    let it = behind(&world).await;
    for attack in short_of_quorum() {
        let name = attack.name().to_owned();
        assert_eq!(refuses(&it, attack).await, Check::Checkpoint, "{name}");
    }
    for attack in short_of_quorum() {
        let name = attack.name().to_owned();
        let check = refuses_at_first_sight(&world, &it.alice, attack).await;
        assert_eq!(check, Check::Checkpoint, "{name}");
    }
    // Strangers beside the quorum hurt nothing.
    it.evil.begin(cosigned_otherwise("a stranger more", |text, note| {
        let both = join(cosigned(2, text, now()), &cosigned(1, text, now()));
        join(join(note, &both), &cosigned(9, text, now())).to_bytes()
    }));
    it.second.sync().await.unwrap();
    assert!(it.evil.lies() > 0);
    it.evil.end();
    it.goes_on().await;
}

/// Two witnesses, both asked. The log shows one client another history, and one witness signs whatever it is shown.
#[tokio::test(flavor = "multi_thread")]
async fn n41_n43_one_colluding_witness_of_two_does_not_make_another_history_count() {
    let world = World::start_witnessed(2, 2, false).await.unwrap();
    let _rounds = world.comes_again(&[0, 1]);
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let mut log = whole_log(&world, &it.evil).await;
    *log.entries.last_mut().unwrap() = statement(1);
    for colluding in [vec![], vec![0], vec![1], vec![1, 1], vec![1, 7]] {
        log.colluding = colluding;
        let shown = || log.clone().shown("another history");
        assert_eq!(refuses(&it, shown()).await, Check::Checkpoint);
        // Nor at first sight, where nothing else is known yet.
        let check = refuses_at_first_sight(&world, &it.alice, shown()).await;
        assert_eq!(check, Check::Checkpoint);
    }
    it.goes_on().await;
    it.second.make_folder("Encore", None).await.unwrap();
}

/// Both collude: who has seen the log refuses, and what it keeps proves it to anybody, with the signatures of both.
#[tokio::test(flavor = "multi_thread")]
async fn n43_a_split_view_is_proven_by_two_whole_notes() {
    let world = World::start_witnessed(2, 2, false).await.unwrap();
    let _rounds = world.comes_again(&[0, 1]);
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    let log = forked(&world, &it).await;
    let (note, tree) = (log.checkpoint(), log.tree());
    let attack = Attack::rewrite("another history", is_checkpoint, move |response| {
        response.body = note.clone().into();
    });
    assert_eq!(refuses(&it, attack).await, Check::LogForked);
    let kept = it.second.evidence().await.unwrap();
    let piece = &kept
        .iter()
        .find(|(_, piece)| piece.check == Check::LogForked)
        .unwrap()
        .1;
    let seen = piece.known.iter().find_map(|known| match known {
        Known::Checkpoint { signed, .. } => signed.clone(),
        _ => None,
    });
    let card = sdk::api::audit::card(&OverLine(it.desk.line.clone())).await;
    let key = NoteKey::parse(&card.unwrap().key).unwrap();
    let seen = SignedCheckpoint::verify(seen.unwrap().as_slice(), &key).unwrap();
    let shown = SignedCheckpoint::verify(piece.bytes.as_slice(), &key).unwrap();
    assert_eq!((seen.tree().size, shown.tree()), (tree.size, &tree));
    assert_ne!(seen.tree().root, tree.root);
    for number in 0..2 {
        for note in [&seen, &shown] {
            assert!(note.note().verify(witness(number).public()).is_ok());
        }
    }
    // The file convinces who saw neither side, and only with the log's own key.
    let about = About {
        fr: "fr".to_owned(),
        en: "en".to_owned(),
    };
    let file = Export::new([piece.clone()], Names::LeftOut, about).to_bytes();
    let witnesses = [witness(0).public().clone(), witness(1).public().clone()];
    let judged = |key: Option<&NoteKey>| {
        let judged = cli::evidence::judge(&file, key, &witnesses).unwrap();
        judged.into_iter().map(|piece| piece.worth).collect::<Vec<_>>()
    };
    let size = tree.size;
    let proof = Proof::TwoHistories {
        size,
        witnesses: [2, 2],
    };
    assert_eq!(judged(Some(&key)), [Worth::Proven(proof)]);
    assert_eq!(judged(Some(witness(0).public())), [Worth::NeedsKey]);
    assert_eq!(judged(None), [Worth::NeedsKey]);
    let mut altered = file.clone();
    let at = altered.len() / 2;
    altered[at] ^= 1;
    assert!(cli::evidence::judge(&altered, Some(&key), &witnesses).is_err());
}

/// A server cannot make the note that a device keeps too long to be kept as proof.
#[tokio::test(flavor = "multi_thread")]
async fn n43_strangers_on_a_note_do_not_crowd_the_proof_out() {
    let world = world().await;
    let it = behind(&world).await;
    it.evil
        .begin(Attack::rewrite("strangers", is_checkpoint, |response| {
            let text = Note::parse(&response.body).unwrap().text().to_owned();
            let name = "x".repeat(255);
            let mut bytes = response.body.to_vec();
            for number in 0..31_u8 {
                let kind = crypto::audit::note::Kind::Cosignature;
                let stranger = crypto::audit::note::NoteSigner::from_seed(&name, kind, &[number + 1; 32]);
                let note = stranger.unwrap().sign(&text, now()).unwrap().to_bytes();
                let line = note.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
                bytes.extend([line, b"\n"].concat());
            }
            assert!(bytes.len() > 8 << 10);
            response.body = bytes.into();
        }));
    it.second.sync().await.unwrap();
    assert!(it.evil.lies() > 0);
    it.evil.end();
    let log = forked(&world, &it).await;
    assert_eq!(refuses(&it, log.shown("another history")).await, Check::LogForked);
    let kept = it.second.evidence().await.unwrap();
    let piece = &kept
        .iter()
        .find(|(_, piece)| piece.check == Check::LogForked)
        .unwrap()
        .1;
    let proven = piece
        .known
        .iter()
        .any(|known| matches!(known, Known::Checkpoint { signed: Some(_), .. }));
    assert!(proven, "{:?}", piece.known);
}

/// The history that the second device has seen, with another last entry.
async fn forked(world: &World, it: &Behind) -> tests::evil::LogKeeper {
    let mut log = whole_log(world, &it.evil).await;
    let newest = it
        .evil
        .memory()
        .into_iter()
        .rfind(|seen| is_checkpoint(&seen.request));
    let note = Note::parse(&newest.unwrap().response.body).unwrap();
    let size = note.text().lines().nth(1).unwrap().parse().unwrap();
    log.entries.truncate(size);
    *log.entries.last_mut().unwrap() = statement(1);
    log.colluding = vec![0, 1];
    log
}

/// Everything that a person can write, each tried; the checks of the refusals.
async fn writes_all(safe: &Safe) -> Vec<Check> {
    let nothing = Watch::none();
    let mut checks = Vec::new();
    let mut refusal = |error: &dyn Fault| {
        let refusal = error.refusal().unwrap_or_else(|| panic!("{}", error.code()));
        checks.push(refusal.check);
    };
    let content = vec![7; 5_000];
    refusal(
        &safe
            .upload(&content, &document("b.pdf"), &nothing)
            .await
            .unwrap_err(),
    );
    let begun = shared::BodyId([5; 16]);
    refusal(
        &safe
            .resume(begun, &content, &document("c.pdf"), &nothing)
            .await
            .unwrap_err(),
    );
    refusal(&safe.make_folder("Non", None).await.unwrap_err());
    refusal(&safe.confirm_kit().await.unwrap_err());
    refusal(&safe.set_phrase("une phrase toute neuve").await.unwrap_err());
    refusal(&safe.make_new_sheet().await.unwrap_err());
    let object = safe.list()[0].id.clone();
    let picture = b"\x89PNG\r\n\x1a\n small".to_vec();
    refusal(&safe.set_thumbnail(&object, &picture).await.unwrap_err());
    checks
}

/// After a fork this device writes nothing: not while it is shown, not when the server is honest again, not after a
/// restart, not in another window. It goes on reading.
#[tokio::test(flavor = "multi_thread")]
async fn n43_after_a_fork_this_device_writes_nothing_and_reads_on() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    assert_eq!(it.second.log_state().await.unwrap().stopped, None);
    let log = forked(&world, &it).await;
    it.evil.begin(log.clone().shown("another history"));
    let error = it.second.sync().await.unwrap_err();
    assert_eq!(error.refusal().unwrap().check, Check::LogForked);
    assert_eq!(writes_all(&it.second).await, [Check::LogForked; 7]);
    it.evil.end();
    // Honest again: the list is read and verified, and what is stopped stays so.
    it.evil
        .begin(Attack::new("nothing", |_, _, _| tests::adversary::Fate::Pass));
    it.second.sync().await.unwrap();
    assert_eq!(it.second.reads("un.pdf").await, b"1");
    let stopped = it.second.log_state().await.unwrap().stopped;
    assert_eq!(stopped, Some(Check::LogForked));
    let again = it.alice.opens(&it.desk).await;
    let window = Desk::with_drawer(&world, it.desk.drawer.clone());
    let other = it.alice.opens(&window).await;
    for safe in [&it.second, &again, &other] {
        let before = it.evil.memory().len();
        assert_eq!(writes_all(safe).await, [Check::LogForked; 7]);
        let sent = it.evil.memory().split_off(before);
        let written = sent.iter().filter(|seen| writes(&seen.request));
        assert_eq!(written.count(), 0, "not one byte");
        assert_eq!(safe.names(), ["Deux", "un.pdf"]);
    }
    // The evidence is there to be handed on, and others know nothing of it.
    assert!(!again.evidence().await.unwrap().is_empty());
    it.first.make_folder("Trois", None).await.unwrap();
}

/// What was withheld for a while is no fork: once the log is whole again, this device writes again.
#[tokio::test(flavor = "multi_thread")]
async fn n43_a_contradiction_that_is_settled_stops_no_longer() {
    let world = world().await;
    let it = behind(&world).await;
    let withheld = || {
        tests::evil::refusing(
            "bundles",
            |request| tests::evil::tile_of(request).is_some(),
            shared::ErrorCode::NotFound,
        )
    };
    assert_eq!(refuses(&it, withheld()).await, Check::LogEntries);
    it.evil.begin(withheld());
    let error = it.second.make_folder("Non", None).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().check, Check::LogEntries);
    assert!(!it.evil.sent_since_the_lie().iter().any(writes));
    it.evil.end();
    it.second.make_folder("Trois", None).await.unwrap();
    assert_eq!(it.second.log_state().await.unwrap().stopped, None);
    let left = it.desk.drawer.0.borrow();
    assert!(!left.keys().any(|key| key.starts_with("stop/")));
}

/// A log that is ahead of what was ever shown to others is not forgotten when a shorter one is shown again.
#[tokio::test(flavor = "multi_thread")]
async fn n43_a_contradiction_is_settled_by_what_continues_it_alone() {
    let world = world().await;
    let it = behind(&world).await;
    it.second.sync().await.unwrap();
    // Another history, longer, whose entries are withheld: this device cannot say yet that it is another one.
    let mut log = whole_log(&world, &it.evil).await;
    log.entries.push(statement(1));
    let attack = Attack::new("withheld", move |_, request, response| {
        log.tell(request, response);
        if tests::evil::tile_of(request).is_some() {
            *response = tests::evil::problem(shared::ErrorCode::NotFound);
        }
        tests::adversary::Fate::Pass
    });
    assert_eq!(refuses(&it, attack).await, Check::LogEntries);
    for number in 0..4 {
        it.first
            .make_folder(&format!("Plus {number}"), None)
            .await
            .unwrap();
    }
    whole_log(&world, &it.evil).await;
    it.second.sync().await.unwrap();
    assert_eq!(writes_all(&it.second).await, [Check::LogEntries; 7]);
    it.second.sync().await.unwrap();
}

/// The day of the witnesses is over, by this device's clock: it is said, and everything goes on.
#[tokio::test(flavor = "multi_thread")]
async fn n41_a_stale_log_is_told_and_stops_nothing() {
    let world = World::start_witnessed(2, 2, false).await.unwrap();
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    let state = safe.log_state().await.unwrap();
    assert_eq!((state.quorum, state.stale, state.strict), (2, false, false));
    assert!(state.witnessed.unwrap() <= now());
    desk.later.set(86_400 + 60);
    safe.sync().await.unwrap();
    assert!(safe.log_state().await.unwrap().stale);
    safe.make_folder("Quand même", None).await.unwrap();
    // One of the two comes: the quorum is as old as its oldest.
    let later = now() + 86_400;
    let signs = async |number| cosign(world.address(), number, later).await.unwrap();
    assert_eq!(signs(0).await, 204);
    safe.sync().await.unwrap();
    assert!(safe.log_state().await.unwrap().stale);
    // What was written meanwhile is the one to sign now; both come.
    for _ in 0..2 {
        signs(0).await;
        signs(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    }
    safe.sync().await.unwrap();
    assert!(!safe.log_state().await.unwrap().stale);
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_n43_a_stale_log_stops_writing_where_the_account_wants_it() {
    let world = World::start_witnessed(2, 2, true).await.unwrap();
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("un.pdf", b"1").await;
    desk.later.set(86_400 + 60);
    let fresh = alice.opens_without_reading(&desk).await;
    for safe in [&safe, &fresh] {
        let before = evil.memory().len();
        let nothing = Watch::none();
        let codes = [
            safe.upload(&vec![1; 9], &document("b.pdf"), &nothing)
                .await
                .unwrap_err()
                .code(),
            safe.make_folder("Non", None).await.unwrap_err().code(),
            safe.confirm_kit().await.unwrap_err().code(),
            safe.set_phrase("une phrase toute neuve")
                .await
                .unwrap_err()
                .code(),
            safe.make_new_sheet().await.unwrap_err().code(),
        ];
        assert_eq!(codes, ["log_stale"; 5]);
        let sent = evil.memory().split_off(before);
        assert!(
            !sent.iter().any(|seen| writes(&seen.request)),
            "nothing was written"
        );
        // Reading goes on, and it is said.
        safe.sync().await.unwrap();
        assert_eq!(safe.reads("un.pdf").await, b"1");
        let state = safe.log_state().await.unwrap();
        assert!(state.stale && state.strict);
        assert!(safe.evidence().await.unwrap().is_empty(), "nobody is accused");
    }
    for locale in ["fr", "en"] {
        let texts = format!("{}/../client/locales/{locale}.json", env!("CARGO_MANIFEST_DIR"));
        let texts: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(texts).unwrap()).unwrap();
        assert!(texts["error"]["log_stale"].as_str().unwrap().ends_with('.'));
    }
    // The witnesses come, by the same clock: writing goes on.
    for number in 0..2 {
        cosign(world.address(), number, now() + 86_400).await.unwrap();
    }
    safe.make_folder("Oui", None).await.unwrap();
    fresh.confirm_kit().await.unwrap();
}

/// What is written is in the log at the latest after two rounds of the witnesses: nobody is accused for their pace.
#[tokio::test(flavor = "multi_thread")]
async fn an_honest_log_with_slow_witnesses_accuses_nobody() {
    let world = World::start_witnessed(2, 2, false).await.unwrap();
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let other = alice.opens(&Desk::new(&world)).await;
    for round in 0..8_u8 {
        safe.make_folder(&format!("Dossier {round}"), None).await.unwrap();
        // Several checkpoints pass between one witness and the next.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        cosign(world.address(), round % 2, now()).await.unwrap();
        safe.sync().await.unwrap();
        other.sync().await.unwrap();
    }
    assert_eq!(safe.list(), other.list());
    assert!(safe.evidence().await.unwrap().is_empty());
}

/// A device that was never here reads the map instead of a long log: the one that is witnessed, while more is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_reads_a_long_log_that_its_witnesses_are_behind() {
    let world = World::start_witnessed(2, 2, false).await.unwrap();
    let rounds = world.comes_again(&[0, 1]);
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    for number in 0..280 {
        safe.make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
    }
    tests::evil::LogKeeper::of(&world, 284).await;
    drop(rounds);
    // From here on checkpoints are made, and nobody signs them.
    for number in 0..3 {
        safe.make_folder(&format!("Encore {number}"), None).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    let fresh = Desk::new(&world);
    let evil = Evil::on(&fresh.line);
    let other = alice.opens(&fresh).await;
    assert_eq!(other.list().len(), 283);
    let memory = evil.memory();
    let asked = memory
        .iter()
        .filter(|seen| tests::evil::is_of(&seen.request, shared::path::MAP));
    assert!(asked.count() > 0, "the log was short");
    assert!(other.evidence().await.unwrap().is_empty());
}

//! What the public log tells of people: how much happened, and nothing else.
//!
//! Two people with opposite habits, each alone with a server, make as many entries; the clock makes its checkpoints at the
//! same numbers of them. Everything public is then the same to the byte, but for values that chance could have made, of
//! which an examiner who knows every id, hash and text of both finds none. The same examiner finds the account in the same
//! entries where their tags begin with its id.

use std::collections::BTreeSet;

use crypto::audit::entry::Entry;
use crypto::audit::note::{Kind, NoteSigner};
use sdk::flows::Watch;
use sdk::flows::item::{Category, ObjectId};
use sdk::flows::upload::NewDocument;
use tests::evil::{Evil, logged};
use tests::insider::Insider;
use tests::person::{Desk, Person, Safe, document};
use tests::public_log::{Facts, Finding, PublicLog, compare, examine};
use tests::world::World;

/// One person at a server of their own, whose clock makes checkpoints only where the test restarts it.
struct Life {
    world: World,
    desk: Desk,
    evil: Evil,
    person: Person,
    safe: Safe,
    facts: Facts,
}

impl Life {
    async fn begins(handle: &str) -> Self {
        let world = World::start(|config| config.checkpoint_seconds = 3_600)
            .await
            .unwrap();
        let desk = Desk::new(&world);
        let evil = Evil::on(&desk.line);
        let (person, safe) = Person::creates_account(handle, &desk).await;
        let mut life = Self {
            world,
            desk,
            evil,
            person,
            safe,
            facts: Facts::new(),
        };
        life.tells();
        life
    }

    /// What the person knows and nobody else does.
    fn tells(&mut self) {
        // The account passes at a sign-in and at the reading of a manifest; what it was made with, at its creation.
        let facts = &mut self.facts;
        for text in [&self.person.handle, &self.person.phrase, &self.person.words] {
            facts.know("what the person types", text.as_bytes());
        }
        facts.know("account", self.safe.account_id().as_bytes());
    }

    /// Renames until there are `target` entries; then the clock makes its checkpoint, and the person signs in again.
    async fn until(&mut self, target: u64) -> PublicLog {
        let object = self.safe.list()[0].id.clone();
        for number in 0.. {
            let entries = logged(&self.evil.memory());
            assert!(entries <= target, "{entries} of {target} entries");
            if entries == target {
                break;
            }
            let name = format!("Un nom de plus {number}.pdf");
            self.safe.rename(&object, &name).await.unwrap();
        }
        for item in self.safe.list() {
            self.facts.know("name", item.name.as_bytes());
            let object = Facts::decoded(&item.id.0);
            self.facts.know("document", &object);
        }
        self.world.restart().await.unwrap();
        self.safe = self.person.opens(&self.desk).await;
        // One more entry: the root of the map.
        let log = PublicLog::of(&self.world, target + 1).await;
        assert_eq!(log.tree.size, target + 1);
        log
    }

    async fn takes_phrase(&mut self, phrase: &str) {
        self.safe.step_up(&self.person.phrase).await.unwrap();
        self.safe.set_phrase(phrase).await.unwrap();
        self.person.phrase = phrase.to_owned();
        self.tells();
    }

    /// Everything that is known besides the log, by the server and by the person.
    fn known(&mut self) -> &Facts {
        let memory = self.evil.memory();
        let insider = Insider::of(&self.person, &memory);
        let facts = self.facts.hear(&memory);
        facts.know("salt of the label", insider.label_salt());
        facts.know("key of the index", insider.epoch_key());
        facts.identity("hash of the bundle", insider.bundle_hash());
        assert!(facts.count() > 1_000, "{} facts", facts.count());
        facts
    }
}

/// Many small documents, renamed, moved, tagged, thrown away; another phrase; a sheet confirmed.
async fn busy_with_little_things() -> (Life, Vec<PublicLog>) {
    let mut life = Life::begins("camille.bertrand").await;
    let mut logs = Vec::new();
    for number in 0..30_u8 {
        life.safe
            .saves(&format!("Ticket {number}.pdf"), &[number; 40])
            .await;
    }
    let folder = life.safe.make_folder("Papiers de Camille", None).await.unwrap();
    for number in 0..20 {
        let object = life.safe.id(&format!("Ticket {number}.pdf"));
        life.safe
            .rename(&object, &format!("Reçu {number}.pdf"))
            .await
            .unwrap();
        life.safe.move_to(&object, Some(&folder)).await.unwrap();
    }
    logs.push(life.until(160).await);

    let receipts: Vec<ObjectId> = (0..20).map(|n| life.safe.id(&format!("Reçu {n}.pdf"))).collect();
    life.safe.trash_many(&receipts).await.unwrap();
    life.safe.purge(&receipts[..12]).await.unwrap();
    life.safe.restore(&receipts[15]).await.unwrap();
    life.takes_phrase("une phrase que camille a choisie hier").await;
    life.safe.confirm_kit().await.unwrap();
    logs.push(life.until(260).await);

    for number in 0..25_u8 {
        life.safe.saves(&format!("Note {number}.pdf"), &[number; 3]).await;
    }
    life.takes_phrase("et encore une autre phrase de camille").await;
    logs.push(life.until(420).await);
    (life, logs)
}

/// A few large documents in many versions and as a picture; much reading, on two devices; one purge of everything.
async fn slow_with_large_things() -> (Life, Vec<PublicLog>) {
    let mut life = Life::begins("ophelie.de-la-tour").await;
    let mut logs = Vec::new();
    let film = vec![7; 5 << 20];
    life.safe.saves("Un long film.pdf", &film).await;
    let mut read = Vec::new();
    let object = life.safe.id("Un long film.pdf");
    for _ in 0..3 {
        life.safe
            .download(&object, &mut read, &Watch::none())
            .await
            .unwrap();
    }
    assert!(read == film.repeat(3));
    logs.push(life.until(160).await);

    let object = life.safe.list()[0].id.clone();
    for number in 0..12_u8 {
        let replace = NewDocument {
            replace: Some(object.clone()),
            ..document("Une version de plus.pdf")
        };
        let content = vec![number; 300_000];
        life.safe
            .upload(&content, &replace, &Watch::none())
            .await
            .unwrap();
    }
    let other = Desk::new(&life.world);
    life.evil.listens_to(&other.line);
    let there = life.person.opens(&other).await;
    there.name_device("La tablette d'Ophélie").await.unwrap();
    there
        .set_category(std::slice::from_ref(&object), Some(Category::Health))
        .await
        .unwrap();
    life.safe.sync().await.unwrap();
    life.safe
        .set_tags(&object, &["famille".to_owned()])
        .await
        .unwrap();
    logs.push(life.until(260).await);

    life.safe.file_copies(&object, 300).await.unwrap();
    life.safe.step_up(&life.person.phrase).await.unwrap();
    let words = life.safe.make_new_sheet().await.unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    life.person.words = words.join(" ");
    life.tells();
    let all: Vec<ObjectId> = life.safe.list().into_iter().skip(1).map(|item| item.id).collect();
    life.safe.trash_many(&all).await.unwrap();
    life.safe.purge(&all).await.unwrap();
    logs.push(life.until(420).await);
    (life, logs)
}

#[tokio::test(flavor = "multi_thread")]
async fn opposite_habits_leave_the_same_log_but_for_its_rate() {
    let (mut one, of_one) = busy_with_little_things().await;
    let (mut other, of_other) = slow_with_large_things().await;
    for (log, beside) in of_one.iter().zip(&of_other) {
        assert_eq!(compare(log, beside), []);
    }
    let (log, beside) = (&of_one[2], &of_other[2]);
    // Roots where the clock placed them, the identity at the creation, and of all else what happened is not said.
    let roots = [160, 260, 420];
    for (at, entry) in log.entries.iter().enumerate() {
        match Entry::parse(entry).unwrap() {
            Entry::Identity { .. } => assert_eq!(at, 0),
            Entry::MapHead { covered, .. } => {
                assert_eq!(covered, at as u64);
                assert!(roots.contains(&covered));
            }
            Entry::Sealed { .. } => assert!(at > 0 && !roots.contains(&(at as u64))),
            other => panic!("{other:?}"),
        }
    }
    // Everything that is known of either is looked for in both, and in the two as one log.
    let mut known = one.known().clone();
    known.join(other.known());
    for log in [log, beside] {
        assert_eq!(examine(log, &known), []);
    }
    let both = log.entries.iter().chain(&beside.entries);
    let sealed = both.filter(|entry| entry[0] == SEALED).cloned().collect();
    assert_eq!(examine(&PublicLog::made(&signer(), sealed), &known), []);
    finds_the_account(log, &known, one.safe.account_id().as_bytes());
}

/// The same examiner, on the same entries and facts, where each tag begins with as much of the account's id.
fn finds_the_account(log: &PublicLog, known: &Facts, account: &[u8; 16]) {
    let with = |bytes: usize| {
        let mut entries = log.entries.clone();
        for entry in entries.iter_mut().filter(|entry| entry[0] == SEALED) {
            entry[2..2 + bytes].copy_from_slice(&account[..bytes]);
        }
        examine(&PublicLog::made(&signer(), entries), known)
    };
    assert_eq!(with(0), []);
    let found = with(8);
    assert!(found.iter().any(|one| matches!(one, Finding::Linked(..))));
    assert!(found.iter().any(|one| matches!(one, Finding::Known(..))));
    for bytes in [1, 8] {
        let found = with(bytes);
        let of_tags = |one: &Finding| matches!(one, Finding::NotRandom("tag", _));
        assert!(found.iter().any(of_tags), "{bytes} bytes");
    }
}

fn signer() -> NoteSigner {
    NoteSigner::from_seed("civis/essai", Kind::Text, &[7; 32]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_one_log_are_one_crowd() {
    let world = World::start(|_| {}).await.unwrap();
    let (here, there) = (Desk::new(&world), Desk::new(&world));
    let evil = Evil::on(&here.line);
    evil.listens_to(&there.line);
    let (alice, safe) = Person::creates_account("alice.durand", &here).await;
    let (bob, other) = Person::creates_account("bob.leroy", &there).await;
    let mut whose = vec![BTreeSet::new(), BTreeSet::new()];
    for number in 0..230_u32 {
        let made = safe
            .make_folder(&format!("Dossier {number}"), None)
            .await
            .unwrap();
        if number % 7 == 0 {
            safe.trash(&made).await.unwrap();
        }
        whose[0].insert(logged(&evil.memory()) - 1);
        other.saves(&format!("Photo {number}.jpg"), &[1; 100]).await;
        whose[1].insert(logged(&evil.memory()) - 1);
    }
    let log = PublicLog::of(&world, logged(&evil.memory())).await;
    let mut facts = Facts::new();
    for (person, safe) in [(&alice, &safe), (&bob, &other)] {
        facts.know("account", safe.account_id().as_bytes());
        facts.know("handle", person.handle.as_bytes());
    }
    facts.hear(&evil.memory());
    for (number, entry) in log.entries.iter().enumerate() {
        if let Ok(Entry::Identity { bundle_hash, .. }) = Entry::parse(entry) {
            facts.identity(&format!("bundle of identity {number}"), &bundle_hash);
        }
    }
    assert_eq!(examine(&log, &facts), []);
    // Whoever knew which entries are whose would see nothing in them that says so.
    for theirs in whose {
        let entries = theirs
            .into_iter()
            .map(|at| log.entries[usize::try_from(at).unwrap()].clone());
        assert_eq!(
            examine(&PublicLog::made(&signer(), entries.collect()), &facts),
            []
        );
    }
}

/// The table of SECURITY.md: how much longer each act makes the log.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_adds_as_many_entries_as_security_md_says() {
    let world = World::start(|config| config.checkpoint_seconds = 3_600)
        .await
        .unwrap();
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let mut counts = vec![("an account", logged(&evil.memory()))];
    let mut act = |what: &'static str, before: u64| counts.push((what, logged(&evil.memory()) - before));
    let now = || logged(&evil.memory());

    let mut before = now();
    let mut object = safe.saves("un.pdf", b"1").await.object;
    act("a document", before);
    before = now();
    let picture = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 900]].concat();
    safe.set_thumbnail(&object, &picture).await.unwrap();
    act("its small picture", before);
    before = now();
    safe.rename(&object, "deux.pdf").await.unwrap();
    act("a name", before);
    before = now();
    safe.make_folder("Papiers", None).await.unwrap();
    act("a folder", before);
    before = now();
    let mut read = Vec::new();
    safe.download(&object, &mut read, &Watch::none()).await.unwrap();
    safe.sync().await.unwrap();
    alice.opens(&desk).await;
    act("reading and signing in", before);
    object = safe.saves("trois.pdf", b"3").await.object;
    safe.trash(&object).await.unwrap();
    before = now();
    safe.purge(&[object]).await.unwrap();
    act("a document destroyed", before);
    before = now();
    safe.confirm_kit().await.unwrap();
    act("the sheet confirmed", before);
    before = now();
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    act("a new phrase", before);
    before = now();
    safe.step_up("une phrase toute neuve").await.unwrap();
    safe.make_new_sheet().await.unwrap();
    act("a new sheet", before);
    let expected = [4, 2, 2, 1, 1, 0, 2, 1, 1, 2];
    let made: Vec<u64> = counts.iter().map(|(_, count)| *count).collect();
    assert_eq!(made, expected, "{counts:?}");

    let security = concat!(env!("CARGO_MANIFEST_DIR"), "/../SECURITY.md");
    let security = std::fs::read_to_string(security).unwrap();
    for (what, count) in counts {
        assert!(
            security.contains(&format!("| {what} | {count} |")),
            "{what}: {count}"
        );
    }
}

/// Type of a sealed entry.
const SEALED: u8 = 0x10;

//! Two devices, one of them with three tabs, change one list at random, at the same time, over lines that lose answers:
//! nothing is lost but by the stated rules, each loss is told, and all end in the same state. `CIVIS_DEEP=1`: two minutes.
#![expect(clippy::print_stdout, reason = "figures of the run")]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use sdk::error::ApiError;
use sdk::flows::Watch;
use sdk::flows::commit::{CommitError, MergeKind, MergeNote};
use sdk::flows::item::{Category, Item, Kind, ObjectId};
use sdk::flows::upload::{NewDocument, UploadError};
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe, document};

use crate::world;

/// Small, seeded, no secret.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.roll(from.len().max(1) as u64);
        from.get(usize::try_from(at).unwrap())
    }
}

/// One value that an act put somewhere: a name of an object, a tag of it, a content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Name(ObjectId, String),
    Tag(ObjectId, String),
    Content(Vec<u8>),
}

/// What was done, and what was told.
#[derive(Default)]
struct Ledger {
    /// Values whose act succeeded.
    put: BTreeSet<Value>,
    /// Values that an act took away while its device had them in sight, or may have: whoever acts so knows it.
    taken: BTreeSet<Value>,
    notes: Vec<MergeNote>,
    acts: BTreeMap<&'static str, u32>,
    failed: u32,
}

/// One window.
struct Tab {
    desk: Desk,
    safe: Safe,
    dice: Dice,
    /// Contents of documents, as far as this window's own reading goes: by body.
    number: u64,
    count: u64,
}

impl Tab {
    /// A text that nobody else writes.
    fn unique(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.number, self.count)
    }

    /// Loses a tenth of the commits and of their answers from now on.
    fn shake(&mut self) {
        let mut dice = Dice(self.dice.0 | 1);
        self.desk.line.before(move |request| {
            if request.path.ends_with("/head") && dice.roll(20) == 0 {
                Fate::Lose
            } else {
                Fate::Pass
            }
        });
        let mut dice = Dice(self.dice.0.rotate_left(9) | 1);
        self.desk.line.after(move |request, _| {
            if request.path.ends_with("/head") && dice.roll(12) == 0 {
                Fate::Lose
            } else {
                Fate::Pass
            }
        });
    }

    /// One act on what this window shows now.
    async fn acts(&mut self, ledger: &std::cell::RefCell<Ledger>) {
        let items = self.safe.list();
        let documents: Vec<&Item> = items.iter().filter(|item| item.kind == Kind::Document).collect();
        let folders: Vec<&Item> = items
            .iter()
            .filter(|item| item.kind == Kind::Folder && !item.in_trash)
            .collect();
        let trash: Vec<&Item> = items.iter().filter(|item| item.in_trash).collect();
        let (text, die) = (self.unique(), self.dice.roll(100));
        let any = self.dice.pick(&items).cloned();
        let document = self.dice.pick(&documents).map(|item| (*item).clone());
        let folder = self.dice.pick(&folders).map(|item| item.id.clone());
        let thrown = self.dice.pick(&trash).map(|item| (*item).clone());
        let safe = &self.safe;
        match (die, any, document, thrown) {
            (0..18, Some(item), ..) => {
                let done = safe.rename(&item.id, &text).await;
                let taken = vec![Value::Name(item.id.clone(), item.name.clone())];
                settle(
                    ledger,
                    "rename",
                    done.map(|c| c.merged),
                    vec![Value::Name(item.id, text)],
                    taken,
                );
            }
            (18..30, Some(item), ..) => {
                let done = safe.move_to(&item.id, folder.as_ref()).await;
                settle(ledger, "move", done.map(|c| c.merged), vec![], vec![]);
            }
            (30..42, Some(item), ..) if item.tags.len() < 24 => {
                let tags: Vec<String> = item.tags.iter().cloned().chain([text.clone()]).collect();
                let done = safe.set_tags(&item.id, &tags).await;
                settle(
                    ledger,
                    "tag",
                    done.map(|c| c.merged),
                    vec![Value::Tag(item.id, text)],
                    vec![],
                );
            }
            (42..48, Some(item), ..) => {
                let category = self.dice.pick(&Category::ALL).map(|(category, _)| *category);
                let done = safe.set_category(&[item.id], category).await;
                settle(ledger, "category", done.map(|c| c.merged), vec![], vec![]);
            }
            (48..52, Some(item), ..) => {
                let done = safe.set_retention(&item.id, Some(self.count)).await;
                settle(ledger, "retention", done.map(|c| c.merged), vec![], vec![]);
            }
            (52..60, Some(item), ..) => {
                let done = safe.trash_many(&[item.id]).await;
                settle(ledger, "trash", done.map(|c| c.merged), vec![], vec![]);
            }
            (60..68, _, _, Some(item)) => {
                let done = safe.restore_many(&[item.id]).await;
                settle(ledger, "restore", done.map(|c| c.merged), vec![], vec![]);
            }
            (68..71, _, _, Some(item)) => {
                let taken = self.under(&items, &item).await;
                // Reading what is gone reads the list anew: what it shows now is no longer what was written down.
                if self.safe.list() != items {
                    return;
                }
                let done = self.safe.purge(&[item.id]).await;
                settle(ledger, "purge", done.map(|c| c.merged), vec![], taken);
            }
            (71..76, ..) => {
                let done = safe.add_folder(&text, folder.as_ref()).await;
                let put = done.as_ref().map(|(id, _)| vec![Value::Name(id.clone(), text)]);
                let put = put.unwrap_or_default();
                settle(ledger, "folder", done.map(|(_, c)| c.merged), put, vec![]);
            }
            (76..84, _, Some(item), _) if item.versions < 7 => {
                let new = NewDocument {
                    replace: Some(item.id),
                    ..document_of(&text, folder)
                };
                self.saves(ledger, "replace", &text, &new).await;
            }
            (84..88, _, Some(item), _) if item.versions > 0 => {
                let index = u32::try_from(self.dice.roll(u64::from(item.versions))).unwrap();
                let done = safe.restore_version(&item.id, index).await;
                settle(ledger, "version", done.map(|c| c.merged), vec![], vec![]);
            }
            (88..95, ..) => {
                self.saves(ledger, "upload", &text, &document_of(&text, folder))
                    .await;
            }
            _ => {
                safe.sync().await.unwrap();
            }
        }
    }

    async fn saves(
        &self,
        ledger: &std::cell::RefCell<Ledger>,
        act: &'static str,
        text: &str,
        new: &NewDocument,
    ) {
        let content = text.as_bytes().to_vec();
        let done = self.safe.upload(&content, new, &Watch::none()).await;
        let done = done.map_err(|error| match error {
            UploadError::Commit(error) => error,
            UploadError::Api(error) => CommitError::Api(error),
            other => panic!("{act}: {other:?}"),
        });
        settle(
            ledger,
            act,
            done.map(|saved| saved.merged),
            vec![Value::Content(content)],
            vec![],
        );
    }

    /// Every value of an item and of what lies in it, as this window shows them. Contents are read: they go for good.
    async fn under(&self, items: &[Item], root: &Item) -> Vec<Value> {
        let mut inside = BTreeSet::from([root.id.clone()]);
        while let Some(more) = items.iter().find(|item| {
            !inside.contains(&item.id) && item.parent.as_ref().is_some_and(|parent| inside.contains(parent))
        }) {
            inside.insert(more.id.clone());
        }
        let mut values = Vec::new();
        for item in items.iter().filter(|item| inside.contains(&item.id)) {
            values.push(Value::Name(item.id.clone(), item.name.clone()));
            let tags = item
                .tags
                .iter()
                .map(|tag| Value::Tag(item.id.clone(), tag.clone()));
            values.extend(tags);
            values.extend(contents(&self.safe, item).await.into_iter().map(Value::Content));
        }
        values
    }
}

fn document_of(name: &str, parent: Option<ObjectId>) -> NewDocument {
    NewDocument {
        parent,
        ..document(name)
    }
}

/// The current content and the older ones. What another device destroyed meanwhile is not there to be read.
async fn contents(safe: &Safe, item: &Item) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if item.kind == Kind::Folder {
        return found;
    }
    let mut now = Vec::new();
    if safe.download(&item.id, &mut now, &Watch::none()).await.is_ok() {
        found.push(now);
    }
    for version in safe.versions(&item.id) {
        let mut then = Vec::new();
        let read = safe
            .download_version(&item.id, version.index, &mut then, &Watch::none())
            .await;
        if read.is_ok() {
            found.push(then);
        }
    }
    found
}

/// Writes an act down. Where it failed for want of an answer, nobody knows: what it put need not be there, what it took
/// may be gone.
fn settle(
    ledger: &std::cell::RefCell<Ledger>,
    act: &'static str,
    done: Result<Vec<MergeNote>, CommitError>,
    put: Vec<Value>,
    taken: Vec<Value>,
) {
    let mut ledger = ledger.borrow_mut();
    match done {
        Ok(notes) => {
            *ledger.acts.entry(act).or_default() += 1;
            ledger.put.extend(put);
            ledger.taken.extend(taken);
            ledger.notes.extend(notes);
        }
        Err(CommitError::Busy | CommitError::Api(ApiError::Offline)) => {
            ledger.failed += 1;
            ledger.taken.extend(taken);
        }
        Err(CommitError::NotFound | CommitError::Circle) => ledger.failed += 1,
        Err(other) => panic!("{act}: {other:?}"),
    }
}

/// Three tabs of one device and one of another, for `rounds` or until `end`.
async fn play(seed: u64, rounds: u32, end: Instant) -> (u32, Ledger) {
    let world = world().await;
    let first = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &first).await;
    let drawer = Rc::clone(&first.drawer);
    let mut tabs = Vec::new();
    for number in 0..4_u64 {
        let desk = if number < 3 {
            Desk::with_drawer(&world, Rc::clone(&drawer))
        } else {
            Desk::new(&world)
        };
        let safe = alice.opens(&desk).await;
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number + 1) | 1);
        tabs.push(Tab {
            desk,
            safe,
            dice,
            number,
            count: 0,
        });
    }
    let ledger = std::cell::RefCell::new(Ledger::default());
    for _ in 0..6 {
        let text = tabs[3].unique();
        tabs[3].saves(&ledger, "upload", &text, &document(&text)).await;
    }
    let mut played = 0;
    while played < rounds && Instant::now() < end {
        played += 1;
        // In some rounds every window has read the list; in the others they act on what they saw last.
        let fresh = played % 5 == 0;
        join_all(tabs.iter_mut().map(|tab| async {
            if fresh {
                tab.safe.sync().await.unwrap();
            }
            tab.shake();
            tab.acts(&ledger).await;
            tab.desk.line.mend();
        }))
        .await;
    }
    for tab in &tabs {
        tab.safe.sync().await.unwrap();
    }
    let last = alice.opens(&Desk::new(&world)).await;
    for tab in &tabs {
        assert_eq!(tab.safe.list(), last.list(), "seed {seed}: window {}", tab.number);
        assert!(tab.safe.evidence().await.unwrap().is_empty(), "seed {seed}");
    }
    let ledger = ledger.into_inner();
    verify(seed, &last, &ledger).await;
    (played, ledger)
}

/// Every value that was put is there, or was taken by who had it in sight, or its loss was told.
async fn verify(seed: u64, safe: &Safe, ledger: &Ledger) {
    let items = safe.list();
    let mut there = BTreeSet::new();
    for item in &items {
        there.insert(Value::Name(item.id.clone(), item.name.clone()));
        let tags = item
            .tags
            .iter()
            .map(|tag| Value::Tag(item.id.clone(), tag.clone()));
        there.extend(tags);
        there.extend(contents(safe, item).await.into_iter().map(Value::Content));
    }
    let purged: BTreeSet<&ObjectId> = told(ledger, MergeKind::Purged).map(|note| &note.object).collect();
    let lost_names: BTreeSet<(&ObjectId, &str)> = told(ledger, MergeKind::NameOverwritten)
        .filter_map(|note| Some((&note.object, note.lost.as_deref()?)))
        .collect();
    for value in ledger.put.difference(&ledger.taken) {
        let accounted = there.contains(value)
            || match value {
                Value::Name(id, name) => purged.contains(id) || lost_names.contains(&(id, name.as_str())),
                Value::Tag(id, _) => purged.contains(id),
                Value::Content(_) => false,
            };
        assert!(accounted, "seed {seed}: {value:?} is gone and nobody was told");
    }
}

fn told(ledger: &Ledger, what: MergeKind) -> impl Iterator<Item = &MergeNote> {
    ledger.notes.iter().filter(move |note| note.what == what)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_and_three_tabs_lose_nothing_and_end_alike() {
    let deep = std::env::var_os("CIVIS_DEEP").is_some();
    let began = Instant::now();
    let end = began + Duration::from_secs(120);
    for seed in 1.. {
        let (rounds, until) = if deep {
            (60, end)
        } else {
            (20, began + Duration::from_secs(40))
        };
        let (played, ledger) = play(seed, rounds, until).await;
        println!(
            "seed {seed}: {played} rounds of four windows, {:?}, {} not done, {} told by a merge; {:.0?}",
            ledger.acts,
            ledger.failed,
            ledger.notes.len(),
            began.elapsed()
        );
        let over = if deep { Instant::now() >= end } else { seed == 3 };
        if over {
            break;
        }
    }
}

//! The trie against a plain map, through its pages alone; how much an edit rewrites.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crypto::collection::entry::Entry;
use crypto::collection::index::{Index, NewPage, Sealed};
use crypto::collection::load::LoadError;
use crypto::collection::name::Name;
use crypto::collection::page::{page_id, verify_page_len};
use crypto::collection::refs::Reference;
use crypto::id::{Hash32, Id};
use proptest::prelude::*;

use super::{World, descriptor, load};
use crate::support::say;

/// What a server keeps: pages by id, and what is referenced now.
#[derive(Default)]
struct Store {
    pages: HashMap<Hash32, Vec<u8>>,
    referenced: BTreeSet<Reference>,
}

impl Store {
    /// Takes a commit as a strict server would: new pages are added, only what is referenced is dropped.
    fn take(&mut self, sealed: &Sealed) {
        for NewPage { page_id: id, bytes } in &sealed.pages {
            assert_eq!(page_id(bytes), *id);
            verify_page_len(bytes.len()).unwrap();
            assert!(sealed.refs.adds().contains(&Reference::Page(*id)));
            self.pages.insert(*id, bytes.clone());
        }
        for add in sealed.refs.adds() {
            assert!(self.referenced.insert(*add), "already referenced");
        }
        for drop in sealed.refs.drops() {
            assert!(self.referenced.remove(drop), "was not referenced");
            if let Reference::Page(id) = drop {
                self.pages.remove(id);
            }
        }
    }
}

fn assert_equal(index: &Index, model: &BTreeMap<Id, Entry>) {
    let all: Vec<_> = index
        .entries()
        .map(|entry| (entry.object_id, entry.to_bytes().unwrap()))
        .collect();
    let wanted: Vec<_> = model
        .iter()
        .map(|(id, entry)| (*id, entry.to_bytes().unwrap()))
        .collect();
    assert!(all == wanted);
    assert_eq!(index.count(), model.len() as u64);
    assert!(model.keys().all(|id| index.entry(id).is_some()));
}

fn bodies(model: &BTreeMap<Id, Entry>) -> BTreeSet<Reference> {
    model
        .values()
        .flat_map(|entry| {
            entry
                .contents()
                .map(|content| Reference::Body(*content.body_id()))
        })
        .collect()
}

/// One random edit: ids crowd under few prefixes, so that pages split, join and empty.
#[derive(Debug, Clone)]
enum Edit {
    Put { id: u16, name: u8, body: u8 },
    Remove { id: u16 },
}

/// Nibbles in which the ids made here differ: no path is longer.
const DEEPEST: usize = 8;

fn object_id(id: u16) -> Id {
    let mut object_id = [0; 16];
    object_id[..2].copy_from_slice(&(id % 700).wrapping_mul(0x0101).to_be_bytes());
    object_id[2..4].copy_from_slice(&id.to_be_bytes());
    object_id
}

fn edits() -> impl Strategy<Value = Vec<Vec<Edit>>> {
    let edit = prop_oneof![
        3 => (0_u16..400, any::<u8>(), 0_u8..6).prop_map(|(id, name, body)| Edit::Put { id, name, body }),
        1 => (0_u16..400).prop_map(|id| Edit::Remove { id }),
    ];
    proptest::collection::vec(proptest::collection::vec(edit, 1..60), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_trie_is_the_map_of_its_entries(rounds in edits()) {
        let mut world = World::new("trie");
        let mut store = Store::default();
        let mut model = BTreeMap::new();
        let sealed = world.seal(&Index::empty(world.collection_id));
        store.take(&sealed);
        let (mut index, mut pin) = (sealed.index.clone(), world.head(&sealed, None).head().pin());
        // Few contents, made once: several entries share a body.
        let contents: Vec<_> = (0..6).map(|body| descriptor([body; 16])).collect();
        for round in rounds {
            let base = index.clone();
            for edit in &round {
                match edit {
                    Edit::Put { id, name, body } => {
                        let by = world.by(1);
                        let name = Name::new(&"n".repeat(1 + usize::from(*name % 255))).unwrap();
                        let content = contents[usize::from(*body)].clone();
                        let entry = Entry::new(object_id(*id), name, Some(content), &by);
                        index.put(entry.clone()).unwrap();
                        model.insert(entry.object_id, entry);
                    }
                    Edit::Remove { id } => {
                        let was = model.remove(&object_id(*id)).is_some();
                        prop_assert_eq!(index.remove(&object_id(*id)), was);
                    }
                }
            }
            let touched = base.differences(&index);
            let sealed = world.seal(&index);
            // An edit rewrites the path to its leaf; where the leaf splits, at most sixteen leaves take its place.
            let most = 1 + round.len() * (DEEPEST + 16);
            prop_assert!(sealed.pages.len() <= most, "{} pages", sealed.pages.len());
            prop_assert!(index.pending_pages() == sealed.pages.len());
            store.take(&sealed);
            let mut named = bodies(&model);
            named.extend(sealed.index.page_ids().into_iter().map(Reference::Page));
            prop_assert_eq!(&named, &store.referenced);
            let head = world.head(&sealed, Some(&pin));
            pin = head.head().pin();
            let keys = world.keys();
            let (fresh, all) = load(&head, &keys, None, &|id| store.pages[id].clone()).unwrap();
            assert_equal(&fresh, &model);
            prop_assert_eq!(all, store.pages.len());
            let (synced, fetched) = load(&head, &keys, Some(&base), &|id| store.pages[id].clone()).unwrap();
            assert_equal(&synced, &model);
            prop_assert_eq!(fetched, sealed.pages.len());
            prop_assert_eq!(base.differences(&synced), touched);
            prop_assert!(fresh.differences(&synced).is_empty());
            index = fresh;
        }
    }
}

#[test]
fn ten_thousand_documents_and_a_rename() {
    let mut world = World::new("ten thousand");
    let content = descriptor([1; 16]);
    let mut index = Index::empty(world.collection_id);
    let mut ids = Vec::new();
    for i in 0..10_000 {
        let by = world.by(0);
        let mut entry = Entry::new(
            world.id(),
            Name::new(&format!("Document {i}.pdf")).unwrap(),
            None,
            &by,
        );
        entry.kind = crypto::collection::entry::Kind::Document;
        entry.descriptor = Some(content.clone());
        ids.push(entry.object_id);
        index.put(entry).unwrap();
    }
    let first = world.seal(&index);
    let mut store = Store::default();
    store.take(&first);
    let bytes: usize = first.pages.iter().map(|page| page.bytes.len()).sum();
    let entry_len = first.index.entry(&ids[0]).unwrap().to_bytes().unwrap().len();
    let (mut renames, mut largest, mut most_pages) = (0, 0, 0);
    let mut sealed = first.clone();
    for object_id in ids.iter().step_by(100) {
        let mut index = sealed.index.clone();
        let mut entry = Entry::clone(index.entry(object_id).unwrap());
        entry.name = Name::new("Renommé.pdf").unwrap();
        entry.touch(&world.by(1));
        index.put(entry).unwrap();
        sealed = world.seal(&index);
        store.take(&sealed);
        let bytes = sealed.pages.iter().map(|page| page.bytes.len()).sum::<usize>();
        assert_eq!(sealed.pages.len(), sealed.refs.drops().len());
        renames += bytes;
        largest = largest.max(bytes);
        most_pages = most_pages.max(sealed.pages.len());
    }
    say(&format!(
        "10000 documents of {entry_len} B: {} pages, {bytes} B; a rename: {} B mean, {largest} B and {most_pages} pages at most",
        first.pages.len(),
        renames / 100,
    ));
    assert!(first.pages.len() < 4_500 && bytes < 8 << 20);
    assert!(most_pages <= 6 && largest < 20 << 10);
    // A second device that knows the first state fetches what changed, and no more.
    let pin = world.head(&first, None).head().pin();
    let head = world.head(&sealed, Some(&pin));
    let (synced, fetched) = load(&head, &world.keys(), Some(&first.index), &|id| {
        store.pages[id].clone()
    })
    .unwrap();
    assert_eq!(first.index.differences(&synced).len(), 100);
    assert!(fetched <= 100 * 3 + 17, "{fetched}");
}

#[test]
fn removing_everything_leaves_one_empty_page() {
    let mut world = World::new("removing");
    let mut index = Index::empty(world.collection_id);
    let entries: Vec<_> = (0..300).map(|i| world.document(&format!("{i}"))).collect();
    for entry in &entries {
        index.put(entry.clone()).unwrap();
    }
    let mut store = Store::default();
    let sealed = world.seal(&index);
    store.take(&sealed);
    let mut index = sealed.index;
    for entry in &entries {
        assert!(index.remove(&entry.object_id));
        assert!(!index.remove(&entry.object_id));
    }
    let sealed = world.seal(&index);
    store.take(&sealed);
    assert_eq!(
        (sealed.pages.len(), store.pages.len(), store.referenced.len()),
        (1, 1, 1)
    );
    let head = world.head(&sealed, None);
    assert_eq!(
        load(&head, &world.keys(), None, &|id| store.pages[id].clone())
            .unwrap()
            .0
            .count(),
        0
    );
}

#[test]
fn ids_that_are_not_random_end_in_an_error_and_change_nothing() {
    let mut world = World::new("deep");
    let mut index = Index::empty(world.collection_id);
    for i in 0..32_u8 {
        let mut entry = world.document("a");
        entry.object_id = [3; 16];
        entry.object_id[15] = i;
        index.put(entry).unwrap();
    }
    let before = index.clone();
    let mut entry = world.document("a");
    entry.object_id = [3; 16];
    entry.object_id[15] = 32;
    assert_eq!(
        index.put(entry),
        Err(crypto::collection::index::PutError::TooDeep)
    );
    assert!(before.differences(&index).is_empty());
    assert_eq!(index.count(), 32);
    world.seal(&index);
}

#[test]
fn a_new_epoch_reseals_the_root_alone_and_old_pages_keep_theirs() {
    let mut world = World::new("epochs");
    let mut index = Index::empty(world.collection_id);
    for i in 0..100 {
        let entry = world.document(&format!("{i}"));
        index.put(entry).unwrap();
    }
    let old = world.seal(&index);
    let key = crypto::collection::keys::EpochKey::make(&mut world.random).unwrap();
    let new = old.index.seal(1, &key, &mut world.random).unwrap();
    assert_eq!(new.pages.len(), 1);
    assert_eq!(new.refs.drops(), [Reference::Page(old.root_page_id)]);
    // Nothing touched, same epoch: nothing to send.
    let same = new.index.seal(1, &key, &mut world.random).unwrap();
    assert!(same.pages.is_empty() && same.refs.adds().is_empty() && same.refs.drops().is_empty());
    assert_eq!(same.root_page_id, new.root_page_id);
    // Its root does not pass as a page of the head's epoch.
    let mut sealed = old.clone();
    sealed.root_page_id = new.root_page_id;
    let head = world.head(&sealed, None);
    let bytes = new.pages[0].bytes.clone();
    let result = load(&head, &world.keys(), None, &|_| bytes.clone());
    assert_eq!(result.err(), Some(LoadError::Page));
}

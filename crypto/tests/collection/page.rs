//! Pages and entries: flipped, exchanged, misplaced, hostile (checklist 24, 26, 29, 36, 38).

use crypto::audit::tree::TreeHead;
use crypto::ce::{self, Context};
use crypto::collection::entry::{ENTRY_BYTES, Entry, EntryError, Kind, OLDER_MAX, TAGS_MAX};
use crypto::collection::head::{HeadSigner, NewHead, VerifiedHead, make_head};
use crypto::collection::index::{ENTRIES_MAX, Index, PutError};
use crypto::collection::keys::EpochKeys;
use crypto::collection::load::{LoadError, Loader};
use crypto::collection::name::Name;
use crypto::collection::page::{PAGE_BYTES, page_id, verify_page_len};
use crypto::document::descriptor::Author;
use crypto::label::Label;

use super::{World, descriptor, flips, load};

/// A head over a given root, counting `entries`: what a hostile co-member can sign.
fn head_over(world: &mut World, root: [u8; 32], entries: u64) -> VerifiedHead {
    let new = NewHead {
        charter: world.charter.charter(),
        before: None,
        root_page_id: root,
        refs_hash: [0; 32],
        time: 0,
        entries,
        checkpoint: TreeHead::default(),
    };
    let author = Author {
        account: world.account,
        seq: 0,
        identity: world.identity.signing(),
    };
    let signer = HeadSigner::Write(&world.write_key);
    let head = make_head(&new, &signer, &author, &world.epoch_key, &mut world.random).unwrap();
    head.open(&world.epoch_key)
        .unwrap()
        .verify_author(&world.charter, &world.bundle)
        .unwrap()
}

/// Seals any CBOR as a page.
fn page_of(world: &mut World, cbor: &[u8], epoch: u32) -> Vec<u8> {
    let mut padded = u32::try_from(cbor.len()).unwrap().to_be_bytes().to_vec();
    padded.extend_from_slice(cbor);
    padded.resize(padded.len().next_multiple_of(1024), 0);
    let context = Context::new(Label::Page, &[&world.collection_id, &epoch.to_be_bytes()]);
    ce::seal(world.epoch_key.key(), &context, &padded, &mut world.random).unwrap()
}

/// [0, [[nibble, page_id, e]...]]
fn interior(children: &[(u8, [u8; 32], u8)]) -> Vec<u8> {
    let mut cbor = vec![0x82, 0x00, 0x80 | u8::try_from(children.len()).unwrap()];
    for (nibble, id, epoch) in children {
        cbor.extend_from_slice(&[0x83, *nibble, 0x58, 32]);
        cbor.extend_from_slice(id);
        cbor.push(*epoch);
    }
    cbor
}

fn leaf(entries: &[Entry]) -> Vec<u8> {
    let mut cbor = vec![0x82, 0x01, 0x80 | u8::try_from(entries.len()).unwrap()];
    for entry in entries {
        cbor.extend_from_slice(&entry.to_bytes().unwrap());
    }
    cbor
}

fn entry_at(world: &mut World, first: u8) -> Entry {
    let mut entry = world.folder("a");
    entry.object_id[0] = first;
    entry
}

/// Loads the one-page index of `cbor`.
fn load_cbor(world: &mut World, cbor: &[u8], entries: u64) -> Result<Index, LoadError> {
    let page = page_of(world, cbor, 0);
    let head = head_over(world, page_id(&page), entries);
    load(&head, &world.keys(), None, &|_| page.clone()).map(|(index, _)| index)
}

#[test]
fn n24_every_flipped_bit_of_a_page_is_refused() {
    let mut world = World::new("flip page");
    let mut index = Index::empty(world.collection_id);
    index.put(world.document("a")).unwrap();
    let sealed = world.seal(&index);
    let page = &sealed.pages[0].bytes;
    assert_eq!(page.len(), 72 + 1024);
    let head = world.head(&sealed, None);
    let mut loader = Loader::new(&head, None).unwrap();
    let keys = world.keys();
    for flipped in flips(page) {
        assert_eq!(loader.feed(&keys, &flipped), Err(LoadError::Unexpected));
    }
    // Nor does any flipped page open where a head names it: not by its hash alone is it refused.
    for flipped in flips(page).step_by(97) {
        let head = head_over(&mut world, page_id(&flipped), 1);
        let mut loader = Loader::new(&head, None).unwrap();
        assert_eq!(loader.feed(&keys, &flipped), Err(LoadError::Page));
    }
    loader.feed(&keys, page).unwrap();
    assert_eq!(loader.finish().unwrap().count(), 1);
}

#[test]
fn n26_a_page_of_another_collection_epoch_or_key_is_refused() {
    let mut one = World::new("page one");
    let mut two = World::new("page two");
    let entry = one.folder("a");
    let keys = one.keys();
    let refused = |world: &mut World, keys: &EpochKeys, page: &[u8]| {
        let head = head_over(world, page_id(page), 1);
        load(&head, keys, None, &|_| page.to_vec()).err()
    };
    let good = page_of(&mut one, &leaf(std::slice::from_ref(&entry)), 0);
    assert_eq!(refused(&mut one, &keys, &good), None);
    let other_epoch = page_of(&mut one, &leaf(std::slice::from_ref(&entry)), 1);
    assert_eq!(refused(&mut one, &keys, &other_epoch), Some(LoadError::Page));
    let other_key = page_of(&mut two, &leaf(std::slice::from_ref(&entry)), 0);
    assert_eq!(refused(&mut one, &keys, &other_key), Some(LoadError::Page));
    two.epoch_key = one.epoch_key.clone();
    let other_collection = page_of(&mut two, &leaf(std::slice::from_ref(&entry)), 0);
    assert_eq!(refused(&mut one, &keys, &other_collection), Some(LoadError::Page));
    assert_eq!(
        refused(&mut one, &EpochKeys::default(), &good),
        Some(LoadError::NoKey)
    );
}

#[test]
fn n26_an_entry_or_page_out_of_place_is_refused() {
    let mut world = World::new("place");
    let (low, high) = (entry_at(&mut world, 0x10), entry_at(&mut world, 0x20));
    let low_page = page_of(&mut world, &leaf(std::slice::from_ref(&low)), 0);
    let high_page = page_of(&mut world, &leaf(std::slice::from_ref(&high)), 0);
    let (low_id, high_id) = (page_id(&low_page), page_id(&high_page));
    let mut under = |children: &[(u8, [u8; 32], u8)], entries: u64| {
        let root = page_of(&mut world, &interior(children), 0);
        let head = head_over(&mut world, page_id(&root), entries);
        let stored = |id: &[u8; 32]| {
            let all = [&root, &low_page, &high_page];
            all.into_iter().find(|page| page_id(page) == *id).unwrap().clone()
        };
        load(&head, &world.keys(), None, &stored).err()
    };
    assert_eq!(under(&[(1, low_id, 0), (2, high_id, 0)], 2), None);
    // Exchanged, one page twice, a later epoch than its parent's.
    assert_eq!(
        under(&[(1, high_id, 0), (2, low_id, 0)], 2),
        Some(LoadError::Place)
    );
    assert_eq!(
        under(&[(1, low_id, 0), (2, low_id, 0)], 2),
        Some(LoadError::Place)
    );
    assert_eq!(under(&[(1, low_id, 1)], 1), Some(LoadError::Place));
    // Nibbles out of order, repeated, too large; no child at all.
    assert_eq!(
        under(&[(2, high_id, 0), (1, low_id, 0)], 2),
        Some(LoadError::Page)
    );
    assert_eq!(
        under(&[(1, low_id, 0), (1, high_id, 0)], 2),
        Some(LoadError::Page)
    );
    assert_eq!(
        under(&[(1, low_id, 0), (16, high_id, 0)], 2),
        Some(LoadError::Page)
    );
    assert_eq!(under(&[], 0), Some(LoadError::Page));
    // More or fewer entries than the head counts.
    assert_eq!(
        under(&[(1, low_id, 0), (2, high_id, 0)], 1),
        Some(LoadError::Count)
    );
    assert_eq!(
        under(&[(1, low_id, 0), (2, high_id, 0)], 3),
        Some(LoadError::Count)
    );
    assert_eq!(
        under(&[(1, low_id, 0), (2, high_id, 0)], 0),
        Some(LoadError::Count)
    );
}

#[test]
fn n38_leaves_out_of_order_repeated_or_of_another_form_are_refused() {
    let mut world = World::new("leaves");
    let (low, high) = (entry_at(&mut world, 0x10), entry_at(&mut world, 0x20));
    let both = [low.clone(), high.clone()];
    assert!(load_cbor(&mut world, &leaf(&both), 2).is_ok());
    assert!(load_cbor(&mut world, &leaf(&[]), 0).is_ok());
    let refused: Vec<(Vec<u8>, u64)> = vec![
        (leaf(&[high.clone(), low.clone()]), 2),
        (leaf(&[low.clone(), low.clone()]), 2),
        (leaf(&[]), 1),
        ([&leaf(&both)[..], &[0]].concat(), 2),
        (leaf(&both)[..leaf(&both).len() - 1].to_vec(), 2),
        (vec![0x82, 0x02, 0x80], 0),
        (vec![0x83, 0x01, 0x80, 0x00], 0),
        // Counts that would need memory far above the page.
        (vec![0x82, 0x01, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255], 0),
        (vec![0x82, 0x00, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255], 0),
        (vec![0x82, 0x01, 0x98, 33], 33),
        (vec![], 0),
    ];
    for (cbor, entries) in refused {
        assert_eq!(
            load_cbor(&mut world, &cbor, entries).err(),
            Some(LoadError::Page),
            "{cbor:02x?}"
        );
    }
    // An entry that has an unknown key (shares do not exist yet), or keys in another order.
    let cbor = low.to_bytes().unwrap();
    let mut more = cbor.to_vec();
    more[0] += 1;
    more.extend_from_slice(&[14, 0x80]);
    let page = [&[0x82, 0x01, 0x81], &more[..]].concat();
    assert_eq!(load_cbor(&mut world, &page, 1).err(), Some(LoadError::Page));
    assert_eq!(Entry::parse(&more).err(), Some(EntryError::Malformed));
}

#[test]
fn n38_a_chain_of_pages_without_end_stops_at_the_depth_and_the_count() {
    let mut world = World::new("chain");
    let entry = entry_at(&mut world, 0);
    let mut entry = entry;
    entry.object_id = [0; 16];
    let mut pages = vec![page_of(&mut world, &leaf(&[entry]), 0)];
    for _ in 0..13 {
        let below = page_id(pages.last().unwrap());
        pages.push(page_of(&mut world, &interior(&[(0, below, 0)]), 0));
    }
    let stored = |id: &[u8; 32]| pages.iter().find(|page| page_id(page) == *id).unwrap().clone();
    let twelve = head_over(&mut world, page_id(&pages[12]), 1);
    assert!(load(&twelve, &world.keys(), None, &stored).is_ok());
    let thirteen = head_over(&mut world, page_id(&pages[13]), 1);
    assert_eq!(
        load(&thirteen, &world.keys(), None, &stored).err(),
        Some(LoadError::Place)
    );
    // Sixteen children are asked for only where the head counts sixteen entries.
    let children: Vec<_> = (0..16_u8).map(|nibble| (nibble, [nibble; 32], 0)).collect();
    let wide = page_of(&mut world, &interior(&children), 0);
    for (entries, expected) in [(15, Some(LoadError::Count)), (16, None)] {
        let head = head_over(&mut world, page_id(&wide), entries);
        let mut loader = Loader::new(&head, None).unwrap();
        assert_eq!(loader.feed(&world.keys(), &wide).err(), expected);
    }
    for entries in [ENTRIES_MAX + 1, u64::MAX] {
        let head = head_over(&mut world, [0; 32], entries);
        assert_eq!(Loader::new(&head, None).err(), Some(LoadError::TooMany));
    }
}

#[test]
fn n29_a_page_that_is_withheld_is_missing_and_named() {
    let mut world = World::new("withheld");
    let mut index = Index::empty(world.collection_id);
    for i in 0..200 {
        index.put(world.document(&format!("{i}"))).unwrap();
    }
    let sealed = world.seal(&index);
    let head = world.head(&sealed, None);
    let keys = world.keys();
    let mut loader = Loader::new(&head, None).unwrap();
    assert_eq!(loader.missing(8), [sealed.root_page_id]);
    loader.feed(&keys, &sealed.pages.last().unwrap().bytes).unwrap();
    let wanted = loader.missing(usize::MAX);
    assert_eq!((wanted.len(), loader.missing_count()), (16, 16));
    for page in &sealed.pages {
        if wanted.get(1..).unwrap().contains(&page.page_id) {
            loader.feed(&keys, &page.bytes).unwrap();
            // Fed twice: it is not asked for any more.
            assert_eq!(loader.feed(&keys, &page.bytes), Err(LoadError::Unexpected));
        }
    }
    assert_eq!(loader.missing(8), [wanted[0]]);
    assert_eq!(loader.finish().err(), Some(LoadError::Missing));
}

#[test]
fn n38_a_leaf_above_its_cap_is_refused_where_its_length_would_still_do() {
    let mut world = World::new("cap");
    let mut entries: Vec<_> = (0..6_u8).map(|i| entry_at(&mut world, i)).collect();
    for entry in &mut entries {
        entry.kind = Kind::Document;
        (0..9).for_each(|i| entry.replace_content(descriptor([i; 16])));
    }
    while leaf(&entries).len() > 13 * 1024 - 4 {
        entries.last_mut().unwrap().older.pop().unwrap();
    }
    assert!(leaf(&entries).len() > 12 * 1024);
    assert_eq!(
        load_cbor(&mut world, &leaf(&entries), 6).err(),
        Some(LoadError::Page)
    );
    while leaf(&entries).len() > 12 * 1024 {
        entries.last_mut().unwrap().older.pop().unwrap();
    }
    assert!(load_cbor(&mut world, &leaf(&entries), 6).is_ok());
}

#[test]
fn page_lengths_are_those_of_the_rule() {
    let fit: Vec<_> = (0..20_000).filter(|len| verify_page_len(*len).is_ok()).collect();
    assert_eq!(fit, (1..=13).map(|k| 72 + 1024 * k).collect::<Vec<_>>());
    assert_eq!(fit.last(), Some(&PAGE_BYTES));
}

#[test]
fn an_entry_reads_back_in_one_form() {
    let mut world = World::new("entry");
    let mut entry = world.document("Bail 2024.pdf");
    for _ in 0..2 {
        assert!(Entry::parse(&entry.to_bytes().unwrap()).unwrap().to_bytes() == entry.to_bytes());
        entry.parent = Some(world.id());
        entry.tags = ["impôts", "2024"].map(|tag| Name::new(tag).unwrap()).into();
        entry.retention_end = Some(u64::MAX);
        entry.trashed_at = Some(0);
        entry.touch(&world.by(7));
        entry.replace_content(descriptor([1; 16]));
        entry.thumbnail = Some(descriptor([2; 16]));
        entry.dates.insert([1; 16], u64::MAX);
    }
    assert_eq!((entry.rev, entry.changed_head_no, entry.older.len()), (3, 7, 1));
    // Of a content that it does not name, and of one whose date is unknown, nothing is written.
    let mut more = entry.clone();
    more.dates.insert([7; 16], 5);
    assert!(more.to_bytes() == entry.to_bytes());
    more.dates.clear();
    assert!(more.to_bytes().unwrap().len() < entry.to_bytes().unwrap().len());
    let bytes = entry.to_bytes().unwrap();
    for len in 0..bytes.len() {
        assert!(Entry::parse(&bytes[..len]).is_err());
    }
    // Tags in another order are another form.
    let (a, b) = (b"\x642024".as_slice(), "\u{67}impôts".as_bytes());
    let at = bytes.windows(a.len()).position(|window| window == a).unwrap();
    let mut swapped = bytes[..at].to_vec();
    swapped.extend_from_slice(b);
    swapped.extend_from_slice(a);
    swapped.extend_from_slice(&bytes[at + a.len() + b.len()..]);
    assert_eq!(
        (swapped.len(), Entry::parse(&swapped).err()),
        (bytes.len(), Some(EntryError::Malformed))
    );
    // Key 17 ends the entry: 82 1b ff.. (the new content), 1a ... (the first). Another number of dates is no entry.
    let dates = [0x82, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1a];
    let at = bytes
        .windows(dates.len())
        .position(|window| window == dates)
        .unwrap();
    let fewer = [&bytes[..at], &[0x81], &bytes[at + 1..at + 10]].concat();
    assert_eq!(Entry::parse(&fewer).err(), Some(EntryError::Malformed));
    let more = [&bytes[..at], &[0x83], &bytes[at + 1..], &[1]].concat();
    assert_eq!(Entry::parse(&more).err(), Some(EntryError::Malformed));
    let unknown = [&bytes[..at], &[0x82, 0, 0]].concat();
    assert_eq!(Entry::parse(&unknown).err(), Some(EntryError::Malformed));
}

#[test]
fn n36_names_that_a_viewer_or_file_system_would_misread_are_refused_on_reading() {
    let mut world = World::new("names");
    let bytes = world.folder("abcdef").to_bytes().unwrap().to_vec();
    let at = bytes.windows(6).position(|window| window == b"abcdef").unwrap();
    for bad in [
        "ab/def",
        "ab\\def",
        "ab\0def",
        "\u{202e}abc",
        "e\u{301}abc",
        "\u{2066}abc",
    ] {
        assert_eq!(bad.len(), 6);
        let mut altered = bytes.clone();
        altered[at..at + 6].copy_from_slice(bad.as_bytes());
        assert_eq!(
            Entry::parse(&altered).err(),
            Some(EntryError::Malformed),
            "{bad:?}"
        );
        let page = [&[0x82, 0x01, 0x81], &altered[..]].concat();
        assert_eq!(load_cbor(&mut world, &page, 1).err(), Some(LoadError::Page));
    }
}

#[test]
fn caps_of_an_entry() {
    let mut world = World::new("caps");
    let mut entry = world.document("a");
    for i in 0..20 {
        entry.replace_content(descriptor([i; 16]));
    }
    assert_eq!(entry.older.len(), OLDER_MAX);
    assert_eq!(entry.older[0].body_id(), &[18; 16]);
    // The largest name and tags, and eight older contents, fit together.
    entry.name = Name::new(&"n".repeat(255)).unwrap();
    entry.tags = (0..TAGS_MAX)
        .map(|i| Name::new(&format!("{i:064}")).unwrap())
        .collect();
    assert!(entry.to_bytes().unwrap().len() <= ENTRY_BYTES);
    let mut index = Index::empty(world.collection_id);
    index.put(entry.clone()).unwrap();
    assert!(Entry::parse(&entry.to_bytes().unwrap()).is_ok());
    let refused = |change: fn(&mut Entry)| {
        let mut changed = entry.clone();
        change(&mut changed);
        changed.to_bytes().err()
    };
    assert_eq!(
        refused(|entry| entry.older.push(descriptor([0; 16]))),
        Some(EntryError::TooLarge)
    );
    let long: fn(&mut Entry) = |entry| {
        entry.tags = [Name::new(&"t".repeat(65)).unwrap()].into();
    };
    assert_eq!(refused(long), Some(EntryError::TooLarge));
    let many: fn(&mut Entry) = |entry| {
        entry.tags.insert(Name::new("one more").unwrap());
    };
    assert_eq!(refused(many), Some(EntryError::TooLarge));
    assert_eq!(
        refused(|entry| entry.kind = Kind::Folder),
        Some(EntryError::Contradiction)
    );
    assert_eq!(
        refused(|entry| entry.descriptor = None),
        Some(EntryError::Contradiction)
    );
    let folder_with_picture: fn(&mut Entry) = |entry| {
        (entry.kind, entry.descriptor) = (Kind::Folder, None);
        entry.older.clear();
        entry.thumbnail = Some(descriptor([1; 16]));
    };
    assert_eq!(refused(folder_with_picture), Some(EntryError::Contradiction));
    assert_eq!(
        refused(|entry| entry.parent = Some(entry.object_id)),
        Some(EntryError::Contradiction)
    );
    let mut own_parent = entry.clone();
    own_parent.parent = Some(own_parent.object_id);
    assert_eq!(
        index.put(own_parent),
        Err(PutError::Entry(EntryError::Contradiction))
    );
}

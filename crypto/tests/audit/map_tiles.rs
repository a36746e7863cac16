//! The stored map: the same roots and proofs as in memory, from a store that is read tile by tile; and every fault
//! of a store.

use std::collections::{BTreeMap, BTreeSet};

use crypto::audit::map::{
    Lookup, Map, MapProof, Prefix, TILE_BYTES, Tile, TileError, TileFormError, Unfinished, Update,
};
use crypto::hash::sha256_of;
use crypto::id::Hash32;
use proptest::prelude::*;

use super::{
    Content, EMPTY, any_content, any_key, asked, flip, leaf_hash, plain_content, root_by_definition,
};

/// A store of tiles, as bytes by name, that counts what is read.
#[derive(Default, Clone)]
struct Store {
    tiles: BTreeMap<Vec<u8>, Vec<u8>>,
    reads: usize,
}

/// What can come out of a store: `None` where its bytes are no tile.
type Given = Result<(), Option<TileError>>;

impl Store {
    fn of(content: &Content) -> (Self, Hash32) {
        let mut store = Self::default();
        let root = store.update(EMPTY, content.clone());
        (store, root)
    }

    fn read(&mut self, prefix: &Prefix) -> Result<Option<Tile>, TileFormError> {
        self.reads += 1;
        self.tiles
            .get(&prefix.to_bytes())
            .map(|bytes| Tile::parse(bytes))
            .transpose()
    }

    fn drive(&mut self, update: &mut Update) -> Given {
        while let Some(prefix) = update.wanted().last().copied() {
            let tile = self.read(&prefix).map_err(|TileFormError| None)?;
            update.give(prefix, tile).map_err(Some)?;
            assert!(!update.wanted().contains(&prefix));
        }
        Ok(())
    }

    fn update(&mut self, root: Hash32, changes: Content) -> Hash32 {
        let mut update = Update::over(root, changes);
        self.drive(&mut update).unwrap();
        let (root, tiles) = update.finish().unwrap();
        for (prefix, tile) in tiles {
            let bytes = tile.to_bytes();
            assert!(bytes.len() <= TILE_BYTES && bytes.len() < 2_048);
            assert_eq!(Tile::parse(&bytes), Ok(tile));
            let before = self.tiles.insert(prefix.to_bytes(), bytes.clone());
            assert_ne!(before, Some(bytes), "a tile is written as it was");
        }
        root
    }

    fn look(&mut self, mut lookup: Lookup) -> Result<MapProof, Option<TileError>> {
        while let [prefix] = lookup.wanted()[..] {
            assert_eq!(lookup.clone().finish(), Err(Unfinished));
            let tile = self.read(&prefix).map_err(|TileFormError| None)?;
            lookup.give(prefix, tile).map_err(Some)?;
        }
        Ok(lookup.finish().unwrap())
    }
}

fn any_batches() -> impl Strategy<Value = Vec<Content>> {
    prop::collection::vec(any_content(12), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn tiles_and_memory_say_the_same(batches in any_batches(), far in prop::collection::vec(any_key(), 8)) {
        let mut store = Store::default();
        let mut map = Map::new();
        let mut content = Content::new();
        let mut root = EMPTY;
        for batch in batches {
            for (key, value) in &batch {
                map.insert(*key, *value);
                content.insert(*key, *value);
            }
            root = store.update(root, batch);
            prop_assert_eq!(root, map.root());
        }
        // However it grew, one content has one set of tiles.
        let (at_once, same) = Store::of(&content);
        prop_assert_eq!(same, root);
        prop_assert_eq!(&at_once.tiles, &store.tiles);
        for key in asked(&content, &far) {
            let proof = store.look(Lookup::over(root, key)).unwrap();
            prop_assert_eq!(&proof, &map.prove(&key));
            prop_assert_eq!(proof.verify(&root, &key), Ok(content.get(&key).copied()));
            prop_assert_eq!(store.look(Lookup::new(key)).unwrap(), proof);
        }
    }

    #[test]
    fn what_is_already_so_is_not_written(content in any_content(24), known in any::<prop::sample::Selector>()) {
        let (mut store, root) = Store::of(&content);
        let part: Content = content.iter().filter(|(key, _)| key[31] & 1 == 0).map(|(k, v)| (*k, *v)).collect();
        let mut update = Update::new(part);
        store.drive(&mut update).unwrap();
        prop_assert_eq!(update.finish().unwrap(), (root, vec![]));
        if let Some((key, value)) = known.try_select(&content) {
            let mut update = Update::new(Content::from([(*key, sha256_of(&[value]))]));
            store.drive(&mut update).unwrap();
            let (_, tiles) = update.finish().unwrap();
            prop_assert!(!tiles.is_empty());
            prop_assert!(tiles.iter().all(|(prefix, _)| store.tiles.contains_key(&prefix.to_bytes())));
        }
    }
}

#[test]
fn an_empty_store_is_an_empty_map() {
    let mut store = Store::default();
    assert_eq!(store.update(EMPTY, Content::new()), EMPTY);
    assert!(store.tiles.is_empty());
    let proof = store.look(Lookup::new([1; 32])).unwrap();
    assert_eq!(proof.verify(&EMPTY, &[1; 32]), Ok(None));
    let root = store.update(EMPTY, Content::from([([1; 32], [2; 32])]));
    assert_eq!(root, leaf_hash(&[1; 32], &[2; 32]));
    assert_eq!(
        store.tiles.keys().collect::<Vec<_>>(),
        [&[0]],
        "one leaf, one tile"
    );
}

#[test]
fn keys_that_part_at_the_last_bit_have_a_tile_for_every_nibble() {
    let base = [0x5a; 32];
    let content = Content::from([(base, [1; 32]), (flip(&base, 255), [2; 32])]);
    let (mut store, root) = Store::of(&content);
    assert_eq!(root, root_by_definition(&content));
    assert_eq!(store.tiles.len(), 64);
    let longest = store.tiles.keys().next_back().unwrap();
    assert_eq!(longest, &[&[63], &base[..31], &[0x50]].concat());
    let proof = store.look(Lookup::over(root, base)).unwrap();
    assert_eq!(proof.verify(&root, &base), Ok(Some([1; 32])));
}

#[test]
fn the_names_of_tiles_tell_all_of_them_apart_and_sort_as_prefixes_do() {
    let (store, _) = Store::of(&plain_content(3_000));
    let mut update = Update::new(plain_content(3_000));
    let mut seen = BTreeSet::new();
    while let Some(prefix) = update.wanted().first().copied() {
        let tile = store.tiles.get(&prefix.to_bytes()).unwrap();
        assert_eq!(prefix.to_bytes()[0], prefix.nibbles());
        assert_eq!(
            prefix.to_bytes().len(),
            1 + usize::from(prefix.nibbles()).div_ceil(2)
        );
        assert!(seen.insert(prefix));
        update.give(prefix, Some(Tile::parse(tile).unwrap())).unwrap();
    }
    let names: Vec<_> = seen.iter().map(Prefix::to_bytes).collect();
    assert_eq!(names, store.tiles.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn a_change_reads_and_writes_its_own_way_only() {
    let content = plain_content(20_000);
    let (mut store, root) = Store::of(&content);
    let (count, bytes) = (
        store.tiles.len(),
        store.tiles.values().map(Vec::len).sum::<usize>(),
    );
    assert!(bytes < 20_000 * 90, "{bytes} bytes in {count} tiles");
    let new = sha256_of(&[b"new"]);
    store.reads = 0;
    let mut update = Update::over(root, Content::from([(new, new)]));
    store.drive(&mut update).unwrap();
    let (_, tiles) = update.finish().unwrap();
    assert!(store.reads <= 5 && tiles.len() <= 6, "{} reads", store.reads);
    store.reads = 0;
    store.look(Lookup::over(root, new)).unwrap();
    assert!(store.reads <= 5);
}

/// A small map with tiles below the top one, whose first child is such a tile.
fn small() -> (Content, Store, Hash32) {
    let content: Content = (0..40_u8).map(|n| ([n; 32], [n ^ 0xff; 32])).collect();
    let (store, root) = Store::of(&content);
    assert_eq!(store.tiles.len(), 4);
    (content, store, root)
}

#[test]
fn a_store_that_lost_or_mixed_its_tiles_is_refused() {
    let (content, store, root) = small();
    let below = vec![1, 0x00];
    let fails = |store: &Store, root: Option<Hash32>, error: TileError| {
        let changes = Content::from([([0; 32], [1; 32])]);
        let (mut update, lookup) = match root {
            Some(root) => (Update::over(root, changes), Lookup::over(root, [0; 32])),
            None => (Update::new(changes), Lookup::new([0; 32])),
        };
        let mut store = store.clone();
        assert_eq!(store.drive(&mut update), Err(Some(error)));
        assert_eq!(store.look(lookup), Err(Some(error)));
        assert!(!update.wanted().is_empty());
        assert_eq!(update.finish(), Err(Unfinished));
    };

    let mut lost = store.clone();
    lost.tiles.remove(&below);
    fails(&lost, None, TileError::Missing);
    fails(&Store::default(), Some(root), TileError::Missing);

    let mut older = store.clone();
    let (before, _) = Store::of(&content.iter().skip(1).map(|(k, v)| (*k, *v)).collect());
    older.tiles.insert(below.clone(), before.tiles[&below].clone());
    fails(&older, None, TileError::Mismatch);
    fails(&before, Some(root), TileError::Mismatch);
    fails(&store, Some(EMPTY), TileError::Mismatch);

    let mut swapped = store.clone();
    swapped
        .tiles
        .insert(below.clone(), store.tiles[&vec![1, 0x10]].clone());
    fails(&swapped, None, TileError::Misplaced);
    let mut swapped = store.clone();
    swapped.tiles.insert(vec![0], store.tiles[&below].clone());
    fails(&swapped, None, TileError::Misplaced);

    // A single leaf in a tile of its own, and what is above agrees.
    let lone = leaf_hash(&[0; 32], &[1; 32]);
    let mut stretched = Store::default();
    let leaf = [&[0x80, 0, 0x80, 0][..], &[0; 32], &[1; 32]].concat();
    stretched
        .tiles
        .insert(vec![0], [&[0x80, 0, 0, 0][..], &lone].concat());
    stretched.tiles.insert(below, leaf);
    fails(&stretched, None, TileError::Misplaced);
}

#[test]
fn a_tile_below_the_last_nibble_cannot_be() {
    let base = [0; 32];
    let content = Content::from([(base, [1; 32]), (flip(&base, 255), [2; 32])]);
    let (mut store, _) = Store::of(&content);
    let last = [&[63][..], &[0; 32]].concat();
    store
        .tiles
        .insert(last, [&[0xc0, 0, 0, 0][..], &[1; 32], &[2; 32]].concat());
    assert_eq!(store.look(Lookup::new(base)), Err(Some(TileError::Misplaced)));
}

#[test]
fn only_what_is_wanted_is_taken_and_a_right_tile_after_a_wrong_one() {
    let (_, store, root) = small();
    let [top, below] = [vec![0], vec![1, 0x00]].map(|name| Tile::parse(&store.tiles[&name]).unwrap());
    let mut update = Update::over(root, Content::from([([0; 32], [1; 32])]));
    assert_eq!(update.clone().finish(), Err(Unfinished));
    assert_eq!(
        update.give(Prefix::ROOT, Some(below.clone())),
        Err(TileError::Misplaced)
    );
    update.give(Prefix::ROOT, Some(top.clone())).unwrap();
    assert_eq!(
        update.give(Prefix::ROOT, Some(top.clone())),
        Err(TileError::Unwanted)
    );
    let wanted = update.wanted();
    assert_eq!(
        wanted.iter().map(Prefix::to_bytes).collect::<Vec<_>>(),
        [[1, 0x00]]
    );
    assert_eq!(update.give(wanted[0], None), Err(TileError::Missing));
    update.give(wanted[0], Some(below.clone())).unwrap();
    assert_eq!(update.give(wanted[0], Some(below)), Err(TileError::Unwanted));
    assert_eq!(update.finish().unwrap().1.len(), 2);

    let mut lookup = Lookup::over(root, [0; 32]);
    assert_eq!(lookup.give(wanted[0], None), Err(TileError::Unwanted));
    lookup.give(Prefix::ROOT, Some(top.clone())).unwrap();
    assert_eq!(lookup.give(Prefix::ROOT, Some(top)), Err(TileError::Unwanted));
}

#[test]
fn a_flipped_bit_in_any_tile_is_noticed() {
    let (_, store, root) = small();
    // A key of every tile.
    let keys = [[0; 32], [0x10; 32], [0x20; 32]];
    for (name, bytes) in &store.tiles {
        for at in 0..8 * bytes.len() {
            let mut other = store.clone();
            other.tiles.get_mut(name).unwrap()[at / 8] ^= 0x80 >> (at % 8);
            let mut update = Update::over(root, keys.map(|key| (key, [1; 32])).into());
            assert!(other.drive(&mut update).is_err(), "bit {at} of {name:?}");
            let looked = keys.map(|key| other.look(Lookup::over(root, key)));
            assert!(looked.iter().any(Result::is_err), "bit {at} of {name:?}");
        }
    }
}

#[test]
fn every_other_form_of_a_tile_is_refused() {
    let (hash, leaf) = ([1; 32], [[2; 32], [3; 32]].concat());
    let good = [&[0x80, 0x01, 0x00, 0x01][..], &hash, &leaf].concat();
    let tile = Tile::parse(&good).unwrap();
    assert_eq!(tile.to_bytes(), good);
    let refused = |what: &str, bytes: Vec<u8>| {
        assert_eq!(Tile::parse(&bytes), Err(TileFormError), "{what}");
    };
    refused("nothing", vec![]);
    refused("no child", vec![0; 4]);
    refused("a trailing byte", [&good[..], &[0]].concat());
    refused("a byte missing", good[..good.len() - 1].to_vec());
    refused(
        "a leaf that is no child",
        [&[0x80, 0x01, 0x40, 0x01], &good[4..]].concat(),
    );
    refused(
        "a tile without a hash",
        [&[0x80, 0x01, 0x00, 0x01][..], &EMPTY, &leaf].concat(),
    );
    let full = [&[0xff; 4][..], &leaf.repeat(16)].concat();
    assert_eq!(full.len(), TILE_BYTES);
    assert_eq!(Tile::parse(&full).unwrap().to_bytes(), full);
}

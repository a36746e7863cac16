//! `cargo bench -p crypto --bench map`: a million keys into the map in memory, and a change of the stored one.
//! Prints; judges nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people who measure"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use crypto::audit::map::{Lookup, Map, Prefix, Tile, Update};
use crypto::hash::sha256_of;
use crypto::id::Hash32;

fn main() {
    let before = resident("VmRSS");
    let started = Instant::now();
    let mut map = Map::new();
    for number in 0..KEYS {
        let (key, value) = leaf(number);
        map.insert(key, value);
        if number % ROOT_EVERY == ROOT_EVERY - 1 {
            map.root();
        }
    }
    let root = map.root();
    println!(
        "memory: {KEYS} inserts, a root after every {ROOT_EVERY}: {:.2?}, {} MB more than before (peak {} MB)",
        started.elapsed(),
        resident("VmRSS") - before,
        resident("VmHWM"),
    );
    proofs(&mut map, &root);
    drop(map);
    tiles(&root);
}

fn proofs(map: &mut Map, root: &Hash32) {
    let started = Instant::now();
    let mut bytes = 0;
    for number in 0..ASKED {
        // Every other key is absent.
        let (key, _) = leaf(2 * number + (number % 2) * KEYS);
        let proof = map.prove(&key);
        bytes += proof.to_bytes().len();
        assert_eq!(proof.verify(root, &key).unwrap().is_some(), number % 2 == 0);
    }
    println!(
        "memory: {ASKED} proofs made and verified: {:.2?}, {} bytes each",
        started.elapsed(),
        bytes / ASKED as usize
    );
}

fn tiles(root: &Hash32) {
    let started = Instant::now();
    let mut store: BTreeMap<Prefix, Vec<u8>> = BTreeMap::new();
    let mut made = [0; 32];
    for batch in 0..KEYS / BATCH {
        let changes = (batch * BATCH..(batch + 1) * BATCH).map(leaf).collect();
        made = update(&mut store, made, changes).0;
    }
    assert_eq!(made, *root);
    let bytes: usize = store.values().map(Vec::len).sum();
    println!(
        "tiles: {KEYS} keys in batches of {BATCH}: {:.2?}; {} tiles, {} MB",
        started.elapsed(),
        store.len(),
        bytes >> 20
    );
    for batch in [1, 100] {
        let started = Instant::now();
        let (mut reads, mut written) = (0, 0);
        for round in 0..ROUNDS {
            let first = KEYS + batch * round;
            let changes = (first..first + batch).map(leaf).collect();
            let (root, count, bytes) = update(&mut store, made, changes);
            made = root;
            reads += count;
            written += bytes;
        }
        println!(
            "tiles: {batch} new: {:.2?}, {} read, {} bytes written",
            started.elapsed() / ROUNDS as u32,
            reads / ROUNDS as usize,
            written / ROUNDS as usize
        );
    }
    let started = Instant::now();
    for number in 0..ROUNDS {
        let (key, _) = leaf(number * 7);
        let mut lookup = Lookup::over(made, key);
        while let [prefix] = lookup.wanted()[..] {
            let tile = store.get(&prefix).map(|bytes| Tile::parse(bytes).unwrap());
            lookup.give(prefix, tile).unwrap();
        }
        lookup.finish().unwrap();
    }
    println!("tiles: one proof: {:.2?}", started.elapsed() / ROUNDS as u32);
}

/// The new root, tiles read, bytes written.
fn update(
    store: &mut BTreeMap<Prefix, Vec<u8>>,
    root: Hash32,
    changes: BTreeMap<Hash32, Hash32>,
) -> (Hash32, usize, usize) {
    let mut update = Update::over(root, changes);
    let mut reads = 0;
    loop {
        let wanted = update.wanted();
        if wanted.is_empty() {
            break;
        }
        for prefix in wanted {
            let tile = store.get(&prefix).map(|bytes| Tile::parse(bytes).unwrap());
            update.give(prefix, tile).unwrap();
            reads += 1;
        }
    }
    let (root, tiles) = update.finish().unwrap();
    let mut bytes = 0;
    for (prefix, tile) in tiles {
        let tile = tile.to_bytes();
        bytes += tile.len();
        store.insert(prefix, tile);
    }
    (root, reads, bytes)
}

fn leaf(number: u64) -> (Hash32, Hash32) {
    let number = number.to_be_bytes();
    (sha256_of(&[b"key", &number]), sha256_of(&[b"value", &number]))
}

/// Of this process, in MB; 0 where the system does not say.
fn resident(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() >> 10
}

const KEYS: u64 = 1_000_000;
const ROOT_EVERY: u64 = 1_000;
const BATCH: u64 = 10_000;
const ASKED: u64 = 100_000;
const ROUNDS: u64 = 200;

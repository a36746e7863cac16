//! The log's map: what it is by definition, and keys that are hard on it.

mod frozen;
mod map;
mod map_hostile;
mod map_tiles;

use std::collections::BTreeMap;

use crypto::hash::sha256_of;
use crypto::id::Hash32;
use proptest::prelude::*;

/// The content of a map: values by key.
type Content = BTreeMap<Hash32, Hash32>;

const EMPTY: Hash32 = [0; 32];

/// A way through the map, as `spec/map.md` says, built from the sorted content alone.
#[derive(Debug, Clone, PartialEq)]
struct Way {
    siblings: Vec<Hash32>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Empty,
    Wanted(Hash32),
    Other(Hash32, Hash32),
}

fn leaf_hash(key: &Hash32, value: &Hash32) -> Hash32 {
    sha256_of(&[&[0], key, value])
}

fn bit(key: &Hash32, depth: usize) -> bool {
    key[depth / 8] & (0x80 >> (depth % 8)) != 0
}

fn flip(key: &Hash32, depth: usize) -> Hash32 {
    let mut key = *key;
    key[depth / 8] ^= 0x80 >> (depth % 8);
    key
}

/// The root over sorted leaves which agree in their first `depth` bits.
fn root_of(leaves: &[(Hash32, Hash32)], depth: usize) -> Hash32 {
    match leaves {
        [] => EMPTY,
        [(key, value)] => leaf_hash(key, value),
        _ => {
            let (left, right) = halves(leaves, depth);
            sha256_of(&[&[1], &root_of(left, depth + 1), &root_of(right, depth + 1)])
        }
    }
}

type Leaves<'a> = &'a [(Hash32, Hash32)];

fn halves(leaves: Leaves<'_>, depth: usize) -> (Leaves<'_>, Leaves<'_>) {
    leaves.split_at(leaves.partition_point(|(key, _)| !bit(key, depth)))
}

fn root_by_definition(content: &Content) -> Hash32 {
    root_of(&sorted(content), 0)
}

fn sorted(content: &Content) -> Vec<(Hash32, Hash32)> {
    content.iter().map(|(key, value)| (*key, *value)).collect()
}

fn way_by_definition(content: &Content, wanted: &Hash32) -> Way {
    let all = sorted(content);
    let mut leaves = all.as_slice();
    let mut siblings = Vec::new();
    let end = loop {
        match leaves {
            [] => break End::Empty,
            [(key, value)] if key == wanted => break End::Wanted(*value),
            [(key, value)] => break End::Other(*key, *value),
            _ => {
                let depth = siblings.len();
                let (left, right) = halves(leaves, depth);
                let (near, far) = if bit(wanted, depth) {
                    (right, left)
                } else {
                    (left, right)
                };
                siblings.push(root_of(far, depth + 1));
                leaves = near;
            }
        }
    };
    Way { siblings, end }
}

impl Way {
    /// Its encoding, written from the specification.
    fn to_bytes(&self) -> Vec<u8> {
        let depth = self.siblings.len();
        let (number, rest) = match self.end {
            End::Empty => (0, vec![]),
            End::Wanted(value) => (1, value.to_vec()),
            End::Other(key, value) => (2, [key, value].concat()),
        };
        let mut out = vec![number];
        out.extend((depth as u16).to_be_bytes());
        for eight in self.siblings.chunks(8) {
            let bits = eight.iter().enumerate();
            out.push(bits.fold(0, |byte, (at, one)| byte | u8::from(*one != EMPTY) << (7 - at)));
        }
        for given in self.siblings.iter().filter(|sibling| **sibling != EMPTY) {
            out.extend(given);
        }
        out.extend(rest);
        out
    }
}

/// Keys of which many share long beginnings, so that ways are long and siblings empty.
fn any_key() -> impl Strategy<Value = Hash32> {
    let base = prop::sample::select(vec![[0; 32], [0xff; 32], [0x5a; 32]]);
    let near = (base, prop::collection::vec(0..256_usize, 0..3))
        .prop_map(|(base, flips)| flips.iter().fold(base, |key, depth| flip(&key, *depth)));
    prop_oneof![any::<Hash32>(), near]
}

fn any_content(keys: usize) -> impl Strategy<Value = Content> {
    prop::collection::btree_map(any_key(), any::<Hash32>(), 0..keys)
}

/// Keys that are in `content`, and others close to them and far.
fn asked(content: &Content, far: &[Hash32]) -> Vec<Hash32> {
    let mut keys: Vec<Hash32> = content.keys().copied().chain(far.iter().copied()).collect();
    for (at, key) in content.keys().enumerate() {
        keys.extend([0, 1, 7, 255, 37 * at % 256].map(|depth| flip(key, depth)));
    }
    keys
}

/// A map of `count` keys as the log makes them.
fn plain_content(count: u32) -> Content {
    (0..count)
        .map(|number| {
            let number = number.to_be_bytes();
            (sha256_of(&[b"key", &number]), sha256_of(&[b"value", &number]))
        })
        .collect()
}

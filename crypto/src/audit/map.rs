//! The map of the log: for each subject the hash of its latest entry, in a sparse Merkle tree (`spec/map.md`).
//!
//! Everything here is public and needs no key. One content has one root, whatever the order in which it came. A
//! subtree that holds one leaf is that leaf's hash at whatever depth, so a path ends after about log2(n) steps.
//!
//! [`Map`] holds all of it in memory and is for auditors; [`Update`] and [`Lookup`] work on stored [`Tile`]s and are
//! for the server. Both make the same roots and the same [`MapProof`]s.

mod lookup;
mod memory;
mod proof;
mod tile;
mod update;

pub use lookup::Lookup;
pub use memory::Map;
pub use proof::{MapProof, MapProofError, MapProofFormError};
pub use tile::{Prefix, TILE_BYTES, Tile, TileError, TileFormError, Unfinished};
pub use update::Update;

use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::primitives::hash;

/// What an empty subtree stands for, and so the root of the empty map: 32 zero bytes. No hash is ever this.
pub const EMPTY: Hash32 = [0; 32];

/// What the map knows the latest entry of (`spec/map.md`, 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person, by the label of the IDENTITY entries.
    Label(Hash32),
    /// An organisation.
    Organisation(Id),
    /// A service of an organisation.
    Service {
        /// Whose service it is.
        organisation: Id,
        /// Which of its services.
        service: Id,
    },
    /// A SEALED entry, by its tag.
    Tag(Id),
}

impl Subject {
    /// Its key: SHA-256(L(map) ‖ type u8 ‖ id). The type fixes how long the id is, so no two subjects share a key.
    #[must_use]
    pub fn key(&self) -> Hash32 {
        let label = Label::Map.bytes();
        match self {
            Self::Label(id) => hash::sha256_of(&[label, &[0x01], id]),
            Self::Organisation(id) => hash::sha256_of(&[label, &[0x02], id]),
            Self::Service {
                organisation,
                service,
            } => hash::sha256_of(&[label, &[0x03], organisation, service]),
            Self::Tag(id) => hash::sha256_of(&[label, &[0x10], id]),
        }
    }
}

/// SHA-256(00 ‖ key ‖ value): a subtree with this leaf alone. It names the whole key, so it says the same wherever
/// it stands, and begins unlike a node, so it is never one.
fn leaf_hash(key: &Hash32, value: &Hash32) -> Hash32 {
    hash::sha256_of(&[&[0], key, value])
}

/// The bit of a path at this depth, from 0, most significant first: where it is set the path goes right.
fn bit(path: &[u8], depth: usize) -> bool {
    path.get(depth / 8)
        .is_some_and(|byte| byte >> (7 - depth % 8) & 1 == 1)
}

/// Bits of a key, and so steps of the longest path.
const DEPTH_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_hash_of_label_type_and_id() {
        let (a, b) = ([0xaa; 16], [0xbb; 16]);
        let service = Subject::Service {
            organisation: a,
            service: b,
        };
        let cases: [(Subject, &[&[u8]]); 4] = [
            (Subject::Label([7; 32]), &[&[1], &[7; 32]]),
            (Subject::Organisation(a), &[&[2], &a]),
            (service, &[&[3], &a, &b]),
            (Subject::Tag(a), &[&[0x10], &a]),
        ];
        for (subject, parts) in cases {
            let bytes = [b"civis/v1/map\0", parts.concat().as_slice()].concat();
            assert_eq!(subject.key(), hash::sha256(&bytes), "{subject:?}");
        }
    }

    #[test]
    fn bits_are_read_from_the_most_significant() {
        let path = [0b1000_0001, 0b0100_0000];
        let set: Vec<usize> = (0..20).filter(|depth| bit(&path, *depth)).collect();
        assert_eq!(set, [0, 7, 9]);
    }
}

//! Proof of what the map says about a key: its value, or that it has none (`spec/map.md`, 3).
//!
//! The hashes on the way down from a root are fixed by the root and the bits of the key, and a leaf, a node and an
//! empty subtree are never the same hash. So for one root and one key there is one end: no root, honest or not, has
//! proofs of two answers.

use super::{DEPTH_MAX, EMPTY, bit, leaf_hash};
use crate::audit::tree::node_hash;
use crate::codec::{Malformed, Reader, Writer};
use crate::id::Hash32;

/// A way from the root to where a key is, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    /// From the root down, [`EMPTY`] for an empty one; the last never is.
    siblings: Vec<Hash32>,
    end: End,
}

/// What stands where the way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing: the key is absent.
    Empty,
    /// The leaf of the key.
    Wanted { value: Hash32 },
    /// One leaf, of another key that begins with the same bits: the key is absent.
    Other { key: Hash32, value: Hash32 },
}

/// The proof says nothing about this key under this root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// The other leaf is the key's own, or does not stand on its way.
    #[error("the other leaf is not on the way of this key")]
    Elsewhere,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The bytes are no proof, or not in their one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a proof of the map")]
pub struct MapProofFormError;

impl MapProof {
    /// `siblings` from the root down, at most 256, the last of them never [`EMPTY`].
    pub(super) const fn new(siblings: Vec<Hash32>, end: End) -> Self {
        Self { siblings, end }
    }

    /// What the map with this root says about `key`: its value, or `None` where it has none.
    ///
    /// # Errors
    /// [`MapProofError`]: the proof is of something else.
    pub fn verify(&self, root: &Hash32, key: &Hash32) -> Result<Option<Hash32>, MapProofError> {
        let (end, answer) = match &self.end {
            End::Empty => (EMPTY, None),
            End::Wanted { value } => (leaf_hash(key, value), Some(*value)),
            End::Other { key: other, value } => {
                let on_the_way = (0..self.siblings.len()).all(|depth| bit(other, depth) == bit(key, depth));
                if other == key || !on_the_way {
                    return Err(MapProofError::Elsewhere);
                }
                (leaf_hash(other, value), None)
            }
        };
        let upwards = self.siblings.iter().enumerate().rev();
        let top = upwards.fold(end, |node, (depth, sibling)| {
            if bit(key, depth) {
                node_hash(sibling, &node)
            } else {
                node_hash(&node, sibling)
            }
        });
        if top == *root {
            Ok(answer)
        } else {
            Err(MapProofError::Root)
        }
    }

    /// Its one encoding: 3 to 8,259 bytes, about 32 log2(n) in a map of n keys.
    ///
    /// end u8 ‖ depth u16 ‖ one bit for each sibling, set where it is not empty ‖ those siblings ‖ what the end holds.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let depth = self.siblings.len();
        let mut given = vec![0_u8; depth.div_ceil(8)];
        for (at, sibling) in self.siblings.iter().enumerate() {
            if let Some(byte) = given.get_mut(at / 8).filter(|_| *sibling != EMPTY) {
                *byte |= 0x80 >> (at % 8);
            }
        }
        let number = match self.end {
            End::Empty => EMPTY_END,
            End::Wanted { .. } => WANTED_END,
            End::Other { .. } => OTHER_END,
        };
        let mut out = Writer::with_capacity(3 + given.len() + 32 * (depth + 2));
        // A key has 256 bits, so a way has at most 256 steps.
        let depth = u16::try_from(depth).unwrap_or(u16::MAX);
        out.u8(number).bytes(&depth.to_be_bytes()).bytes(&given);
        for sibling in self.siblings.iter().filter(|sibling| **sibling != EMPTY) {
            out.bytes(sibling);
        }
        match &self.end {
            End::Empty => {}
            End::Wanted { value } => {
                out.bytes(value);
            }
            End::Other { key, value } => {
                out.bytes(key).bytes(value);
            }
        }
        out.finish()
    }

    /// Reads a proof as a peer sent it; it proves nothing before [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`MapProofFormError`]: no such form, or a proof that no map gives.
    pub fn parse(bytes: &[u8]) -> Result<Self, MapProofFormError> {
        Self::read(Reader::new(bytes)).map_err(|Malformed| MapProofFormError)
    }

    fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let number = reader.u8()?;
        let depth = usize::from(u16::from_be_bytes(reader.array()?));
        // Below the last bit there is one key, the wanted one: it is there, or the way would have ended before.
        let deepest = if number == WANTED_END {
            DEPTH_MAX
        } else {
            DEPTH_MAX - 1
        };
        if depth > deepest {
            return Err(Malformed);
        }
        let siblings = read_siblings(&mut reader, depth)?;
        // Where only one side of a step holds anything, it holds two leaves or more, and the way goes on into it.
        if siblings.last() == Some(&EMPTY) {
            return Err(Malformed);
        }
        let end = match number {
            EMPTY_END => End::Empty,
            WANTED_END => End::Wanted {
                value: reader.array()?,
            },
            OTHER_END => End::Other {
                key: reader.array()?,
                value: reader.array()?,
            },
            _ => return Err(Malformed),
        };
        reader.finish()?;
        Ok(Self { siblings, end })
    }
}

fn read_siblings(reader: &mut Reader<'_>, depth: usize) -> Result<Vec<Hash32>, Malformed> {
    let given = reader.bytes(depth.div_ceil(8))?;
    if (depth..8 * given.len()).any(|at| bit(given, at)) {
        return Err(Malformed);
    }
    let mut siblings = Vec::new();
    for at in 0..depth {
        let sibling = if bit(given, at) { reader.array()? } else { EMPTY };
        if bit(given, at) && sibling == EMPTY {
            return Err(Malformed);
        }
        siblings.push(sibling);
    }
    Ok(siblings)
}

const EMPTY_END: u8 = 0;
const WANTED_END: u8 = 1;
const OTHER_END: u8 = 2;

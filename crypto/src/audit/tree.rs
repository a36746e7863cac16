//! The Merkle tree of RFC 6962 over SHA-256: hashes, roots, and folding of equal subtrees (`spec/body.md`, 3).
//!
//! leaf = SHA-256(00 ‖ data), node = SHA-256(01 ‖ left ‖ right), empty tree = SHA-256(""). A tree of n leaves splits at
//! the largest power of two below n.

use crate::hash;
use crate::id::Hash32;

/// How far a log had grown, and its root then (RFC 6962: tree head). Where no log was seen: size 0, root of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeHead {
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash32,
}

/// SHA-256(00 ‖ data): the hash of a leaf.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash32 {
    hash::sha256_of(&[&[0], data])
}

/// SHA-256(01 ‖ left ‖ right): the hash of a node.
#[must_use]
pub fn node_hash(left: &Hash32, right: &Hash32) -> Hash32 {
    hash::sha256_of(&[&[1], left, right])
}

/// The root of a tree of these leaf hashes.
#[must_use]
pub fn root_of_leaves(leaves: &[Hash32]) -> Hash32 {
    let mut tree = Growing::default();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}

/// The root over subtree roots of which all but the last cover the same power of two of leaves, and the last at most
/// as many. It equals the root over all the leaves: a tree splits at powers of two, so never inside a full subtree.
#[must_use]
pub fn fold(subtree_roots: &[Hash32]) -> Hash32 {
    root_of_leaves(subtree_roots)
}

/// A tree that grows leaf by leaf in logarithmic memory: the roots of its complete subtrees, largest first.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    leaves: u64,
    complete: Vec<Hash32>,
}

impl Growing {
    /// A tree of `leaves` leaves that goes on from the roots of its complete subtrees, largest first; `None` where they
    /// are not as many as such a tree has.
    #[must_use]
    pub fn resume(leaves: u64, complete: Vec<Hash32>) -> Option<Self> {
        (complete.len() == leaves.count_ones() as usize).then_some(Self { leaves, complete })
    }

    /// Size and root as they are now.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.leaves,
            root: self.root(),
        }
    }

    /// The roots of its complete subtrees, largest first: what [`Growing::resume`] takes.
    #[must_use]
    pub fn complete(&self) -> &[Hash32] {
        &self.complete
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Adds a leaf hash (or, in [`fold`], a subtree's root).
    pub fn push(&mut self, leaf: Hash32) {
        let mut node = leaf;
        // Each trailing one of the count is a complete subtree that the new leaf closes.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.complete.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.complete.push(node);
        self.leaves += 1;
    }

    /// The root of what was added so far; it may grow on.
    #[must_use]
    pub fn root(&self) -> Hash32 {
        let mut subtrees = self.complete.iter().rev();
        let Some(last) = subtrees.next() else {
            return hash::sha256(&[]);
        };
        subtrees.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, 2.1, word for word.
    fn by_definition(leaves: &[Hash32]) -> Hash32 {
        match leaves {
            [] => hash::sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn growing_and_folding_follow_the_definition() {
        let leaves: Vec<Hash32> = (0..300_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        for count in 0..=leaves.len() {
            let leaves = &leaves[..count];
            assert_eq!(root_of_leaves(leaves), by_definition(leaves));
            for width in [1, 2, 64] {
                let roots: Vec<Hash32> = leaves.chunks(width).map(root_of_leaves).collect();
                assert_eq!(fold(&roots), by_definition(leaves), "{count} leaves by {width}");
            }
        }
    }
}

//! Which hashes a proof over the log is made of: planned here without any I/O, fetched by the caller, folded here.
//!
//! Every hash of a proof is the root over a run of leaves; a run is complete subtrees, whose roots a log stores in its
//! tiles. spec/log.md section 3; RFC 6962, 2.1.1 and 2.1.2.

use super::tree::{node_hash, root_of_leaves};
use crate::id::Hash32;

/// A complete subtree: the 2^`level` leaves from `index` << `level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 is a leaf.
    pub level: u8,
    /// Which one of its level, from the left.
    pub index: u64,
}

/// A run of leaves as the complete subtrees that it falls into, from the left, each smaller than the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run(Vec<Node>);

impl Run {
    /// The leaves from `begin` to `end`, in a tree that splits at powers of two.
    fn new(mut begin: u64, end: u64) -> Self {
        let mut nodes = Vec::new();
        while begin < end {
            let level = begin.trailing_zeros().min((end - begin).ilog2());
            nodes.push(Node {
                level: level as u8,
                index: begin >> level,
            });
            begin += 1 << level;
        }
        Self(nodes)
    }

    /// Its subtrees; at least one.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.0
    }

    /// The root over the run, from the roots of its subtrees in the same order; `None` for another number of them.
    #[must_use]
    pub fn root(&self, roots: &[Hash32]) -> Option<Hash32> {
        if roots.len() != self.0.len() {
            return None;
        }
        let mut from_the_right = roots.iter().rev();
        let last = *from_the_right.next()?;
        Some(from_the_right.fold(last, |right, left| node_hash(left, &right)))
    }
}

/// The whole tree of `size` leaves as one run; `None` for the empty one.
#[must_use]
pub fn whole(size: u64) -> Option<Run> {
    (size > 0).then(|| Run::new(0, size))
}

/// The runs whose roots prove that a leaf stands at `index` in the tree of `size` leaves, from the leaf upwards.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Run>> {
    if index >= size {
        return None;
    }
    let mut runs = Vec::new();
    let (mut begin, mut end) = (0, size);
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            runs.push(Run::new(middle, end));
            end = middle;
        } else {
            runs.push(Run::new(begin, middle));
            begin = middle;
        }
    }
    runs.reverse();
    Some(runs)
}

/// The inclusion proof of a leaf among leaves that are all at hand, from the leaf upwards; `None` for an index beyond
/// them.
#[must_use]
pub fn path_of_leaves(leaves: &[Hash32], index: usize) -> Option<Vec<Hash32>> {
    let runs = inclusion(index as u64, leaves.len() as u64)?;
    let subtree = |node: &Node| {
        let begin = usize::try_from(node.index << node.level).ok()?;
        let end = begin + (1_usize << node.level);
        Some(root_of_leaves(leaves.get(begin..end)?))
    };
    let root = |run: &Run| run.root(&run.nodes().iter().map(subtree).collect::<Option<Vec<_>>>()?);
    runs.iter().map(root).collect()
}

/// The runs whose roots prove that the tree of `old` leaves is the beginning of the one of `new`; none where both are
/// the same. About an empty tree there is nothing to prove.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Vec<Run>> {
    if old == 0 || old > new {
        return None;
    }
    let mut runs = Vec::new();
    let (mut begin, mut end) = (0, new);
    while old < end {
        let middle = begin + split(end - begin);
        if old <= middle {
            runs.push(Run::new(middle, end));
            end = middle;
        } else {
            runs.push(Run::new(begin, middle));
            begin = middle;
        }
    }
    // Who verifies holds the root of the whole old tree already.
    if begin > 0 {
        runs.push(Run::new(begin, end));
    }
    runs.reverse();
    Some(runs)
}

/// The largest power of two below `leaves`, of which there are at least two.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::proof::{verify_consistency, verify_inclusion};
    use super::super::tree::{leaf_hash, root_of_leaves};
    use super::*;

    fn roots(runs: &[Run], leaves: &[Hash32]) -> Vec<Hash32> {
        let subtree = |node: &Node| {
            let begin = usize::try_from(node.index << node.level).unwrap();
            root_of_leaves(&leaves[begin..begin + (1 << node.level)])
        };
        let root = |run: &Run| run.root(&run.nodes().iter().map(subtree).collect::<Vec<_>>());
        runs.iter().map(|run| root(run).unwrap()).collect()
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_no_other_length_does() {
        let leaves: Vec<Hash32> = (0..40_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        for size in 1..=leaves.len() {
            let root = root_of_leaves(&leaves[..size]);
            let all = roots(&[whole(size as u64).unwrap()], &leaves);
            assert_eq!(all, [root]);
            for index in 0..size {
                let proof = roots(&inclusion(index as u64, size as u64).unwrap(), &leaves);
                verify_inclusion(index as u64, size as u64, &leaves[index], &proof, &root).unwrap();
            }
            for old in 1..=size {
                let proof = roots(&consistency(old as u64, size as u64).unwrap(), &leaves);
                let before = root_of_leaves(&leaves[..old]);
                verify_consistency(old as u64, size as u64, &proof, &before, &root).unwrap();
            }
        }
    }

    #[test]
    fn what_cannot_be_proven_has_no_plan() {
        assert_eq!(inclusion(3, 3), None);
        assert_eq!(inclusion(0, 0), None);
        assert_eq!(consistency(0, 5), None);
        assert_eq!(consistency(6, 5), None);
        assert_eq!(whole(0), None);
        let far = inclusion(u64::MAX - 1, u64::MAX).unwrap();
        assert_eq!(far.len(), 63);
        assert_eq!(Run::new(0, 3).root(&[[0; 32]]), None);
    }
}

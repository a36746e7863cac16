//! Proofs over the tree of RFC 6962: that a leaf is in it, and that a tree is the beginning of a larger one.
//!
//! A proof has exactly one length for its sizes; a longer or shorter one is refused (13, number 42).

use subtle::ConstantTimeEq;

use super::prove;
use super::tile::{Kind, Tile, WIDTH};
use super::tree::{node_hash, root_of_leaves};
use crate::id::Hash32;

/// The proof does not hold for these sizes, hashes and roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("proof does not hold")]
pub struct ProofError;

/// Checks that `leaf` stands at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).
///
/// # Errors
/// It does not follow from the proof.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash32,
    proof: &[Hash32],
    root: &Hash32,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError);
    }
    let mut at = index;
    let mut last = size - 1;
    let mut node = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError);
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            skip_levels_without_sibling(&mut at, &mut last);
        } else {
            node = node_hash(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 {
        equal(&node, root)
    } else {
        Err(ProofError)
    }
}

/// Checks that the tree of `old_size` leaves is the beginning of the one of `new_size` (RFC 9162, 2.1.4.2).
/// Equal sizes take an empty proof. An empty old tree is refused: about it there is nothing to prove.
///
/// # Errors
/// It does not follow from the proof.
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    proof: &[Hash32],
    old_root: &Hash32,
    new_root: &Hash32,
) -> Result<(), ProofError> {
    if old_size == 0 || old_size > new_size {
        return Err(ProofError);
    }
    if old_size == new_size {
        return if proof.is_empty() {
            equal(old_root, new_root)
        } else {
            Err(ProofError)
        };
    }
    let (given, siblings) = proof.split_first().ok_or(ProofError)?;
    // A complete old tree is its own first node; the proof leaves it out.
    let (first, siblings) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        (given, siblings)
    };
    let mut at = old_size - 1;
    let mut last = new_size - 1;
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_node, mut new_node) = (*first, *first);
    for sibling in siblings {
        if last == 0 {
            return Err(ProofError);
        }
        if at & 1 == 1 || at == last {
            old_node = node_hash(sibling, &old_node);
            new_node = node_hash(sibling, &new_node);
            skip_levels_without_sibling(&mut at, &mut last);
        } else {
            new_node = node_hash(&new_node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError);
    }
    equal(&old_node, old_root)?;
    equal(&new_node, new_root)
}

/// Checks that `leaf` stands at `index` in the subtree of the leaves `start` to `end` with this root (Merkle tree
/// certificates, section 4.3).
///
/// # Errors
/// It does not follow from the proof, or the tree has no such subtree.
pub fn verify_subtree_inclusion(
    index: u64,
    (start, end): (u64, u64),
    leaf: &Hash32,
    proof: &[Hash32],
    root: &Hash32,
) -> Result<(), ProofError> {
    if !is_subtree(start, end) {
        return Err(ProofError);
    }
    let within = index.checked_sub(start).ok_or(ProofError)?;
    verify_inclusion(within, end - start, leaf, proof, root)
}

/// Checks that the subtree of the leaves `start` to `end` with the root `node` is in the tree of `size` leaves (Merkle
/// tree certificates, section 4.4). A tree's beginning is such a subtree: that is consistency.
///
/// # Errors
/// It does not follow from the proof, or the tree has no such subtree.
pub fn verify_subtree_consistency(
    (start, end): (u64, u64),
    size: u64,
    proof: &[Hash32],
    node: &Hash32,
    root: &Hash32,
) -> Result<(), ProofError> {
    if start == end && end <= size && proof.is_empty() {
        // Nothing is in every tree.
        return equal(node, &root_of_leaves(&[]));
    }
    if !is_subtree(start, end) || end > size {
        return Err(ProofError);
    }
    let (mut first, mut last, mut end_of_tree) = (start, end - 1, size - 1);
    let shift = |first: &mut u64, last: &mut u64, end: &mut u64| {
        *first >>= 1;
        *last >>= 1;
        *end >>= 1;
    };
    // The largest complete subtree at the right border of the subtree; all of it where that is the tree's border too.
    while first != last && (end == size || last & 1 == 1) {
        shift(&mut first, &mut last, &mut end_of_tree);
    }
    let (given, siblings) = if first == last {
        (node, proof)
    } else {
        proof.split_first().ok_or(ProofError)?
    };
    let (mut own, mut whole) = (*given, *given);
    for sibling in siblings {
        if end_of_tree == 0 {
            return Err(ProofError);
        }
        if last & 1 == 1 || last == end_of_tree {
            if first < last {
                own = node_hash(sibling, &own);
            }
            whole = node_hash(sibling, &whole);
            while last & 1 == 0 && last != 0 {
                shift(&mut first, &mut last, &mut end_of_tree);
            }
        } else {
            whole = node_hash(&whole, sibling);
        }
        shift(&mut first, &mut last, &mut end_of_tree);
    }
    if end_of_tree != 0 {
        return Err(ProofError);
    }
    equal(&own, node)?;
    equal(&whole, root)
}

/// A run of leaves that is a tree of its own wherever the whole tree is cut: it begins at a multiple of the least power
/// of two that holds it.
const fn is_subtree(start: u64, end: u64) -> bool {
    if start >= end {
        return false;
    }
    match (end - start).checked_next_power_of_two() {
        Some(holds) => start.is_multiple_of(holds),
        None => start == 0,
    }
}

/// Checks that these are the leaves of the tile `index` of level 0 in the tree of `size` leaves, by the inclusion proof of
/// the first of them: what it holds besides the tile's own siblings places the tile's root among all tiles.
///
/// # Errors
/// It does not follow from the proof, or the tile has another width there.
pub fn verify_tile(
    index: u64,
    leaves: &[Hash32],
    size: u64,
    proof: &[Hash32],
    root: &Hash32,
) -> Result<(), ProofError> {
    let tile = Tile::at(Kind::Entries, index, size).ok_or(ProofError)?;
    let inside = prove::inclusion(0, tile.width.into()).ok_or(ProofError)?;
    let above = proof.get(inside.len()..).ok_or(ProofError)?;
    if leaves.len() != usize::from(tile.width) {
        return Err(ProofError);
    }
    let tiles = size.div_ceil(WIDTH.into());
    // A tree splits at powers of two, so that full tiles are leaves of the tree above them.
    verify_inclusion(index, tiles, &root_of_leaves(leaves), above, root)
}

/// Where a node at the right border has no sibling, it rises as it is.
const fn skip_levels_without_sibling(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

fn equal(one: &Hash32, other: &Hash32) -> Result<(), ProofError> {
    if bool::from(one.ct_eq(other)) {
        Ok(())
    } else {
        Err(ProofError)
    }
}

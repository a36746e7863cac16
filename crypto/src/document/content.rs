//! `content_root`: the tree of RFC 6962 over the 16 KiB pieces of a plaintext (`spec/body.md`, 4).
//!
//! Any number of workers compute it, one per part of 1 MiB, and ranges can be checked against it. An empty plaintext
//! has no pieces: its root is that of an empty tree, SHA-256("").

use crate::audit::tree::{Growing, fold, leaf_hash};
use crate::document::padding::CHUNK_BYTES;
use crate::id::Hash32;

/// Bytes of a piece: as much as a chunk holds, so that pieces and chunks have the same borders.
pub const PIECE_BYTES: usize = CHUNK_BYTES as usize;

/// The root over the pieces of one part: of plaintext bytes [p MiB, (p+1) MiB), fewer in the last part only.
#[must_use]
pub fn part_content_root(part: &[u8]) -> Hash32 {
    let mut tree = Growing::default();
    for piece in part.chunks(PIECE_BYTES) {
        tree.push(leaf_hash(piece));
    }
    tree.root()
}

/// `content_root` from the roots of all parts in order, each of [`part_content_root`]; parts without plaintext, which
/// are padding alone, are left out.
#[must_use]
pub fn fold_content_parts(part_roots: &[Hash32]) -> Hash32 {
    fold(part_roots)
}

/// `content_root` of a plaintext in one run.
#[must_use]
pub fn content_root(plaintext: &[u8]) -> Hash32 {
    part_content_root(plaintext)
}

/// Computes `content_root` over a plaintext that arrives in runs of any length.
#[derive(Clone)]
pub struct ContentHasher {
    tree: Growing,
    piece: Vec<u8>,
    total: u64,
}

impl ContentHasher {
    /// Nothing fed yet.
    #[must_use]
    pub fn new() -> Self {
        // Room for a whole piece at once: growing would leave plaintext behind, unzeroed.
        Self {
            tree: Growing::default(),
            piece: Vec::with_capacity(PIECE_BYTES),
            total: 0,
        }
    }

    /// Feeds the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if !self.piece.is_empty() {
            let (fill, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.piece.len()));
            self.piece.extend_from_slice(fill);
            bytes = rest;
            if self.piece.len() == PIECE_BYTES {
                self.tree.push(leaf_hash(&self.piece));
                self.piece.clear();
            }
        }
        // Whole pieces are hashed where they lie; only a rest is kept.
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % PIECE_BYTES);
        for piece in whole.chunks(PIECE_BYTES) {
            self.tree.push(leaf_hash(piece));
        }
        self.piece.extend_from_slice(rest);
    }

    /// How many bytes were fed.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// `content_root` of what was fed so far; feeding may go on (the journal of an upload asks for [0..X]).
    #[must_use]
    pub fn root(&self) -> Hash32 {
        if self.piece.is_empty() {
            return self.tree.root();
        }
        let mut tree = self.tree.clone();
        tree.push(leaf_hash(&self.piece));
        tree.root()
    }
}

impl Default for ContentHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ContentHasher {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn runs_of_any_length_and_parts_give_one_root() {
        let part = PIECE_BYTES * 64;
        let text: Vec<u8> = (0..2 * part + PIECE_BYTES + 7).map(|i| (i % 251) as u8).collect();
        for len in [
            0,
            1,
            PIECE_BYTES - 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            part - 1,
            part,
            part + 1,
            2 * part,
            text.len(),
        ] {
            let text = &text[..len];
            let root = content_root(text);
            let parts: Vec<Hash32> = text.chunks(part).map(part_content_root).collect();
            assert_eq!(fold_content_parts(&parts), root, "{len} by parts");
            for run in [1_000, PIECE_BYTES, 40_000] {
                let mut hasher = ContentHasher::new();
                let mut fed = 0;
                for bytes in text.chunks(run) {
                    hasher.update(bytes);
                    fed += bytes.len();
                    assert!(run == 1_000 || hasher.root() == content_root(&text[..fed]));
                }
                assert_eq!(hasher.root(), root, "{len} by runs of {run}");
            }
        }
        assert_eq!(content_root(&[]), hash::sha256(&[]));
    }
}

//! The proof of one key from a stored map, tile by tile, without reading (`spec/map.md`, 4).

use super::proof::End;
use super::tile::{Below, Prefix, Tile, TileError, Unfinished, admit, below, fold};
use super::{MapProof, bit};
use crate::id::Hash32;

/// A key on its way down a map of tiles. The caller reads what [`wanted`](Self::wanted) names and
/// [`give`](Self::give)s it, until nothing is wanted.
#[derive(Debug, Clone)]
pub struct Lookup {
    key: Hash32,
    /// The tile to read, with the hash that it must have; none for a root that was not told.
    waiting: Option<(Prefix, Option<Hash32>)>,
    siblings: Vec<Hash32>,
    end: End,
}

impl Lookup {
    /// Of `key`, in the map that the store has. The tiles are checked against each other, and the top one against
    /// nothing.
    #[must_use]
    pub const fn new(key: Hash32) -> Self {
        Self::begin(None, key)
    }

    /// The same, for a map of which the root is known: another one in the store is refused.
    #[must_use]
    pub const fn over(root: Hash32, key: Hash32) -> Self {
        Self::begin(Some(root), key)
    }

    const fn begin(root: Option<Hash32>, key: Hash32) -> Self {
        Self {
            key,
            waiting: Some((Prefix::ROOT, root)),
            siblings: Vec::new(),
            end: End::Empty,
        }
    }

    /// Which tile to read next, at most one; empty when the proof can be [`finish`](Self::finish)ed.
    #[must_use]
    pub fn wanted(&self) -> Vec<Prefix> {
        self.waiting.iter().map(|(prefix, _)| *prefix).collect()
    }

    /// Takes the tile that the store has at `prefix`, or that it has none. After an error the tile is still wanted.
    ///
    /// # Errors
    /// [`TileError`] says what is wrong with the store.
    pub fn give(&mut self, prefix: Prefix, tile: Option<Tile>) -> Result<(), TileError> {
        let (wanted, hash) = self.waiting.ok_or(TileError::Unwanted)?;
        if wanted != prefix {
            return Err(TileError::Unwanted);
        }
        let tile = admit(&prefix, hash.as_ref(), tile)?;
        self.waiting = None;
        let mut part = tile.children();
        loop {
            match below(part) {
                Below::Node(left, right) => {
                    let (near, far) = if bit(&self.key, self.siblings.len()) {
                        (right, left)
                    } else {
                        (left, right)
                    };
                    self.siblings.push(fold(far));
                    part = near;
                    continue;
                }
                Below::Tile(hash) => self.waiting = Some((prefix.towards(&self.key), Some(*hash))),
                Below::Empty => self.end = End::Empty,
                Below::Leaf { key, value } if *key == self.key => self.end = End::Wanted { value: *value },
                Below::Leaf { key, value } => {
                    self.end = End::Other {
                        key: *key,
                        value: *value,
                    };
                }
            }
            return Ok(());
        }
    }

    /// The proof, the same that [`Map::prove`](super::Map::prove) gives.
    ///
    /// # Errors
    /// [`Unfinished`]: something is still wanted.
    pub fn finish(self) -> Result<MapProof, Unfinished> {
        if self.waiting.is_some() {
            return Err(Unfinished);
        }
        Ok(MapProof::new(self.siblings, self.end))
    }
}

//! New values into a stored map, tile by tile, without reading or writing (`spec/map.md`, 4).
//!
//! The caller reads what [`wanted`](Update::wanted) names and [`give`](Update::give)s it, until nothing is wanted, and
//! then writes what [`finish`](Update::finish) returns, all of it in one transaction. A change needs the tiles on its
//! key's way, about log16(n) of them; changes that are made together share the upper ones.

use std::collections::{BTreeMap, BTreeSet};

use super::EMPTY;
use super::tile::{Child, Prefix, Tile, TileError, Unfinished, admit};
use crate::id::Hash32;

/// Changes on their way into a map of tiles.
#[derive(Debug, Clone)]
pub struct Update {
    /// Values by key.
    changes: BTreeMap<Hash32, Hash32>,
    /// Tiles to read, each with the hash that it must have; none for a root that was not told.
    waiting: BTreeMap<Prefix, Option<Hash32>>,
    /// Tiles that were read.
    tiles: BTreeMap<Prefix, Tile>,
}

impl Update {
    /// Changes, values by key (of [`Subject::key`](super::Subject::key)), to the map that the store has. The tiles are
    /// checked against each other, and the top one against nothing.
    #[must_use]
    pub fn new(changes: BTreeMap<Hash32, Hash32>) -> Self {
        Self::begin(None, changes)
    }

    /// The same, for a map of which the root is known: another one in the store is refused.
    #[must_use]
    pub fn over(root: Hash32, changes: BTreeMap<Hash32, Hash32>) -> Self {
        Self::begin(Some(root), changes)
    }

    fn begin(root: Option<Hash32>, changes: BTreeMap<Hash32, Hash32>) -> Self {
        Self {
            changes,
            waiting: BTreeMap::from([(Prefix::ROOT, root)]),
            tiles: BTreeMap::new(),
        }
    }

    /// Which tiles to read next, in any order; empty when there are enough to [`finish`](Self::finish).
    #[must_use]
    pub fn wanted(&self) -> Vec<Prefix> {
        self.waiting.keys().copied().collect()
    }

    /// Takes the tile that the store has at `prefix`, or that it has none. After an error the tile is still wanted.
    ///
    /// # Errors
    /// [`TileError`] says what is wrong with the store.
    pub fn give(&mut self, prefix: Prefix, tile: Option<Tile>) -> Result<(), TileError> {
        let wanted = self.waiting.get(&prefix).ok_or(TileError::Unwanted)?;
        let tile = admit(&prefix, wanted.as_ref(), tile)?;
        let (first, last) = prefix.keys();
        for (key, _) in self.changes.range(first..=last) {
            if let Some(Child::Tile(hash)) = tile.child(prefix.next(key)) {
                self.waiting.insert(prefix.towards(key), Some(hash));
            }
        }
        self.waiting.remove(&prefix);
        self.tiles.insert(prefix, tile);
        Ok(())
    }

    /// The new root, and every tile that is new or other than before, to be written in place of what the store has.
    /// No tile ever goes.
    ///
    /// # Errors
    /// [`Unfinished`]: something is still wanted.
    pub fn finish(mut self) -> Result<(Hash32, Vec<(Prefix, Tile)>), Unfinished> {
        let mut changed = BTreeSet::new();
        for (key, value) in core::mem::take(&mut self.changes) {
            changed.extend(self.put(&key, &value)?);
        }
        // The longest prefixes first: a tile is hashed when all below it are.
        for prefix in changed.iter().rev() {
            let hash = self.tiles.get(prefix).ok_or(Unfinished)?.hash();
            if let Some(above) = prefix.parent() {
                let tile = self.tiles.get_mut(&above).ok_or(Unfinished)?;
                tile.put(above.next(prefix.path()), Child::Tile(hash));
            }
        }
        let root = self.tiles.get(&Prefix::ROOT).ok_or(Unfinished)?.hash();
        self.tiles.retain(|prefix, _| changed.contains(prefix));
        Ok((root, self.tiles.into_iter().collect()))
    }

    /// Puts one value where it belongs, if no tile on its way is still wanted, and returns the tiles on its way, whose
    /// hashes are old now; none where the map says this already.
    fn put(&mut self, key: &Hash32, value: &Hash32) -> Result<Vec<Prefix>, Unfinished> {
        let mut way = Vec::new();
        let mut prefix = Prefix::ROOT;
        let leaf = Child::Leaf {
            key: *key,
            value: *value,
        };
        loop {
            way.push(prefix);
            let tile = self.tiles.get_mut(&prefix).ok_or(Unfinished)?;
            let at = prefix.next(key);
            let below = prefix.towards(key);
            match tile.child(at) {
                Some(there) if there == leaf => return Ok(Vec::new()),
                Some(moved @ Child::Leaf { key: other, .. }) if other != *key => {
                    // Two keys now: they go on in a tile below, hashed when all is in place.
                    tile.put(at, Child::Tile(EMPTY));
                    self.tiles
                        .entry(below)
                        .or_default()
                        .put(below.next(&other), moved);
                }
                Some(Child::Tile(_)) => {}
                Some(Child::Leaf { .. }) | None => {
                    tile.put(at, leaf);
                    return Ok(way);
                }
            }
            prefix = below;
        }
    }
}

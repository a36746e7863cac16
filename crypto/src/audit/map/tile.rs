//! The map cut into tiles of four levels, so that a store of the whole need never be in memory (`spec/map.md`, 4).
//!
//! The tile at a prefix of p nibbles has up to 16 children, which stand at depth 4(p + 1). A child is a leaf, or the
//! hash of a tile of its own; what holds one leaf alone is no tile but a leaf of the tile above. So one content has
//! one set of tiles. Nothing here reads or writes: [`Update`](super::Update) and [`Lookup`](super::Lookup) say which
//! tiles they want.

use super::{EMPTY, leaf_hash};
use crate::audit::tree::node_hash;
use crate::codec::{Malformed, Reader, Writer};
use crate::id::Hash32;

/// Bytes of a tile, at most.
pub const TILE_BYTES: usize = 4 + FAN * 64;

/// Where a tile stands: the nibbles with which all keys below it begin, 0 to 63 of them. Ordered by their number
/// first, so parents stand before children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    nibbles: u8,
    /// Zero behind them.
    path: Hash32,
}

/// Up to 16 children, at least one in a tile that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tile {
    children: [Option<Child>; FAN],
}

/// What stands below a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    /// One key alone.
    Leaf { key: Hash32, value: Hash32 },
    /// Two keys or more, in a tile with this hash.
    Tile(Hash32),
}

/// The tile that was given cannot be used. The store is not what it was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Nobody wants a tile of this prefix, or no longer.
    #[error("this tile is not wanted")]
    Unwanted,
    /// The tile above names it, or the root is not that of an empty map, and there is none.
    #[error("the tile is missing")]
    Missing,
    /// No map has this tile at this prefix.
    #[error("the tile cannot stand here")]
    Misplaced,
    /// Its hash is not what the tile above says, or not the root.
    #[error("the tile does not have the expected hash")]
    Mismatch,
}

/// Tiles are still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tiles are still wanted")]
pub struct Unfinished;

/// The bytes are no tile, or not in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile of the map")]
pub struct TileFormError;

impl Prefix {
    /// The tile at the top.
    pub const ROOT: Self = Self {
        nibbles: 0,
        path: [0; 32],
    };

    /// How many nibbles it has, 0 to 63.
    #[must_use]
    pub const fn nibbles(&self) -> u8 {
        self.nibbles
    }

    /// A name for the store: count of nibbles u8 ‖ the nibbles, two in a byte, high first, a last half byte zero. 1 to
    /// 33 bytes, in the order of the prefixes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let len = usize::from(self.nibbles).div_ceil(2);
        let mut out = Writer::with_capacity(1 + len);
        out.u8(self.nibbles)
            .bytes(self.path.get(..len).unwrap_or_default());
        out.finish()
    }

    /// Which child of the tile a key belongs to, 0 to 15.
    pub(super) fn next(&self, key: &Hash32) -> usize {
        let byte = key
            .get(usize::from(self.nibbles / 2))
            .copied()
            .unwrap_or_default();
        usize::from(if self.nibbles.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 0x0f
        })
    }

    /// The prefix below it on the way of `key`, which begins with this one.
    pub(super) fn towards(&self, key: &Hash32) -> Self {
        Self::of(key, self.nibbles + 1)
    }

    /// The prefix of its child `at`, 0 to 15.
    pub(super) fn child(&self, at: usize) -> Self {
        let mut path = self.path;
        if let (Some(byte), Ok(nibble)) = (path.get_mut(usize::from(self.nibbles / 2)), u8::try_from(at)) {
            *byte |= if self.nibbles.is_multiple_of(2) {
                nibble << 4
            } else {
                nibble
            };
        }
        Self {
            nibbles: self.nibbles + 1,
            path,
        }
    }

    /// The prefix above it; none above the top.
    pub(super) fn parent(&self) -> Option<Self> {
        Some(Self::of(&self.path, self.nibbles.checked_sub(1)?))
    }

    /// Its nibbles, with zeros behind them: the first key below it.
    pub(super) const fn path(&self) -> &Hash32 {
        &self.path
    }

    /// All keys that begin with it: the first of them and the last.
    pub(super) fn keys(&self) -> (Hash32, Hash32) {
        let mut last = self.path;
        for (at, byte) in last.iter_mut().enumerate() {
            *byte |= !mask(self.nibbles, at);
        }
        (self.path, last)
    }

    fn of(key: &Hash32, nibbles: u8) -> Self {
        let mut path = *key;
        for (at, byte) in path.iter_mut().enumerate() {
            *byte &= mask(nibbles, at);
        }
        Self { nibbles, path }
    }
}

/// The bits of byte `at` that lie within this many nibbles.
fn mask(nibbles: u8, at: usize) -> u8 {
    match usize::from(nibbles).saturating_sub(2 * at) {
        0 => 0x00,
        1 => 0xf0,
        _ => 0xff,
    }
}

impl Tile {
    /// What the tile above says of it, or the root if it stands at the top: the hash of the subtree.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        fold(&self.children)
    }

    /// Its one encoding, 36 to [`TILE_BYTES`] bytes: which children there are u16 ‖ which of them are leaves u16 ‖
    /// for each child key ‖ value, or a tile's hash. The highest bit is child 0.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut present, mut leaves) = (0_u16, 0_u16);
        for (at, child) in self.present() {
            present |= FIRST >> at;
            if matches!(child, Child::Leaf { .. }) {
                leaves |= FIRST >> at;
            }
        }
        let mut out = Writer::with_capacity(TILE_BYTES);
        out.bytes(&present.to_be_bytes()).bytes(&leaves.to_be_bytes());
        for (_, child) in self.present() {
            match child {
                Child::Leaf { key, value } => out.bytes(key).bytes(value),
                Child::Tile(hash) => out.bytes(hash),
            };
        }
        out.finish()
    }

    /// Reads a stored tile. Whether it fits its place is checked where it is given.
    ///
    /// # Errors
    /// [`TileFormError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TileFormError> {
        Self::read(Reader::new(bytes)).map_err(|Malformed| TileFormError)
    }

    fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let present = u16::from_be_bytes(reader.array()?);
        let leaves = u16::from_be_bytes(reader.array()?);
        if present == 0 || leaves & !present != 0 {
            return Err(Malformed);
        }
        let mut tile = Self::default();
        for (at, child) in tile.children.iter_mut().enumerate() {
            if present & FIRST >> at == 0 {
                continue;
            }
            *child = Some(if leaves & FIRST >> at == 0 {
                Child::Tile(reader.array().and_then(not_empty)?)
            } else {
                Child::Leaf {
                    key: reader.array()?,
                    value: reader.array()?,
                }
            });
        }
        reader.finish()?;
        Ok(tile)
    }

    pub(super) const fn children(&self) -> &[Option<Child>] {
        &self.children
    }

    pub(super) fn child(&self, at: usize) -> Option<Child> {
        self.children.get(at).copied().flatten()
    }

    /// `at` is of [`Prefix::next`], hence below 16.
    pub(super) fn put(&mut self, at: usize, child: Child) {
        if let Some(place) = self.children.get_mut(at) {
            *place = Some(child);
        }
    }

    /// Whether a map can have it at `prefix`: every leaf on its own way, and more than one leaf in all.
    fn stands_at(&self, prefix: &Prefix) -> bool {
        let placed = self.present().all(|(at, child)| match child {
            Child::Leaf { key, .. } => Prefix::of(key, prefix.nibbles) == *prefix && prefix.next(key) == at,
            // Below the last nibble there is one key.
            Child::Tile(_) => prefix.nibbles < LAST_NIBBLE,
        });
        let lone = *prefix != Prefix::ROOT && matches!(below(&self.children), Below::Leaf { .. });
        placed && !lone
    }

    fn present(&self) -> impl Iterator<Item = (usize, &Child)> {
        self.children
            .iter()
            .enumerate()
            .filter_map(|(at, child)| Some((at, child.as_ref()?)))
    }
}

/// The tile that the store has at `prefix`, if it is the one with the hash that is `wanted`; any hash will do at the
/// top, where no root was told.
pub(super) fn admit(prefix: &Prefix, wanted: Option<&Hash32>, tile: Option<Tile>) -> Result<Tile, TileError> {
    let Some(tile) = tile else {
        // Of tiles below the top one the hash is always known, and never this.
        let nothing_yet = wanted.is_none_or(|root| *root == EMPTY);
        return if nothing_yet {
            Ok(Tile::default())
        } else {
            Err(TileError::Missing)
        };
    };
    if !tile.stands_at(prefix) {
        return Err(TileError::Misplaced);
    }
    if wanted.is_some_and(|wanted| *wanted != tile.hash()) {
        return Err(TileError::Mismatch);
    }
    Ok(tile)
}

/// What a part of a tile holds: 1, 2, 4, 8 or 16 children.
pub(super) enum Below<'a> {
    /// Nothing.
    Empty,
    /// One key alone.
    Leaf { key: &'a Hash32, value: &'a Hash32 },
    /// Two keys or more, all below this one child.
    Tile(&'a Hash32),
    /// Two keys or more: the two halves.
    Node(&'a [Option<Child>], &'a [Option<Child>]),
}

pub(super) fn below(part: &[Option<Child>]) -> Below<'_> {
    let mut present = part.iter().flatten();
    match (present.next(), present.next(), part) {
        (None, ..) => Below::Empty,
        (Some(Child::Leaf { key, value }), None, _) => Below::Leaf { key, value },
        (Some(Child::Tile(hash)), _, [_]) => Below::Tile(hash),
        _ => {
            let (left, right) = part.split_at(part.len() / 2);
            Below::Node(left, right)
        }
    }
}

/// The hash of the subtree over a part of a tile.
pub(super) fn fold(part: &[Option<Child>]) -> Hash32 {
    match below(part) {
        Below::Empty => EMPTY,
        Below::Leaf { key, value } => leaf_hash(key, value),
        Below::Tile(hash) => *hash,
        Below::Node(left, right) => node_hash(&fold(left), &fold(right)),
    }
}

fn not_empty(hash: Hash32) -> Result<Hash32, Malformed> {
    if hash == EMPTY { Err(Malformed) } else { Ok(hash) }
}

/// Children of a tile: four levels.
const FAN: usize = 16;
/// The bit of child 0.
const FIRST: u16 = 0x8000;
/// Nibbles of the longest prefix of a tile.
const LAST_NIBBLE: u8 = 63;

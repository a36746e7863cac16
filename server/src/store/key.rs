//! Keys as the engine sees them. They are part of the store's format: `spec/store.md`, "Keys".

use sha2::{Digest, Sha256};

use super::{StoreError, Table};

/// The engine's trees. Records of all tables share one, so that a batch over several tables is one atomic write
/// of the engine's simplest kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    /// table u8 ‖ key.
    Records,
    /// body 16 ‖ part u32: what the part holds.
    Parts,
    /// body 16 ‖ part u32 ‖ slice u16: its bytes.
    Slices,
}

impl Tree {
    /// The tree's name in the engine.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Parts => "parts",
            Self::Slices => "slices",
        }
    }
}

impl Table {
    /// Every table, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::Account,
        Self::Login,
        Self::Upload,
        Self::Body,
        Self::Collection,
        Self::Page,
        Self::Log,
        Self::Opening,
        Self::Tile,
    ];

    /// The table's number, the first byte of its keys.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Meta => 1,
            Self::Account => 2,
            Self::Login => 3,
            Self::Upload => 4,
            Self::Body => 5,
            Self::Collection => 6,
            Self::Page => 7,
            Self::Log => 8,
            Self::Opening => 9,
            Self::Tile => 10,
        }
    }

    /// The table's name, as errors and scrub tell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Account => "account",
            Self::Login => "login",
            Self::Upload => "upload",
            Self::Body => "body",
            Self::Collection => "collection",
            Self::Page => "page",
            Self::Log => "log",
            Self::Opening => "opening",
            Self::Tile => "tile",
        }
    }
}

/// Key of a record: table ‖ key.
pub(super) fn record_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(table.number());
    full.extend_from_slice(key);
    full
}

/// Where the number of batches stands, among the records and in no table.
pub(super) const BATCHES: &[u8] = b"\0batches";

/// Key of a log entry within its table.
pub(super) const fn log_key(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

/// Key of a part: body ‖ part.
pub(super) fn part_key(body: &[u8; 16], part: u32) -> Vec<u8> {
    let mut key = body.to_vec();
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Key of a slice: body ‖ part ‖ slice.
pub(super) fn slice_key(body: &[u8; 16], part: u32, slice: u16) -> Vec<u8> {
    let mut key = part_key(body, part);
    key.extend_from_slice(&slice.to_be_bytes());
    key
}

/// The number of the part that a part's key names.
pub(super) fn part_of_key(key: &[u8]) -> Option<u32> {
    let number: [u8; 4] = key.get(16..)?.try_into().ok()?;
    Some(u32::from_be_bytes(number))
}

/// The error for a value of `tree` that may not be served.
pub(super) fn corrupt(tree: Tree, key: &[u8]) -> StoreError {
    let table = match tree {
        Tree::Records => table_of(key).map_or(tree.name(), Table::name),
        Tree::Parts | Tree::Slices => tree.name(),
    };
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(key).into();
    StoreError::Corrupt {
        table,
        key_hash: [a, b, c, d, e, f, g, h],
    }
}

fn table_of(key: &[u8]) -> Option<Table> {
    Table::ALL
        .into_iter()
        .find(|table| key.first() == Some(&table.number()))
}

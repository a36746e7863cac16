//! The map of the log as this server keeps it: the newest entry of each subject, and of what has none that it has none
//! (`spec/map.md`). Derived from the entries; its root is an entry itself.

use std::collections::BTreeMap;

use crypto::audit::entry::Entry;
use crypto::audit::map::{EMPTY, Lookup, MapProof, Prefix, Subject, Tile, TileError, Update};
use crypto::hash::sha256;
use crypto::id::Hash32;

use super::tiles;
use crate::key::{self, Place};
use crate::store::{Batch, CommitError, Indexed, IndexedWrite, MetaStore, StoreError};
use crate::transact::Writes;

/// How far the map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapState {
    /// Of the map.
    pub(crate) root: Hash32,
    /// Entries that it covers.
    pub(crate) covered: u64,
}

/// Brings the map up to what is durable, and logs its root where it has changed.
pub(crate) async fn advance(store: &dyn MetaStore) -> Result<(), StoreError> {
    let mut state = read_state(store).await?;
    loop {
        let entries = tiles::entries(store, state.covered, AT_ONCE).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let changes: BTreeMap<Hash32, Hash32> = entries.iter().filter_map(|entry| change(entry)).collect();
        state.covered += entries.len() as u64;
        // The roots themselves are no subjects: without anything else there is nothing to say.
        if !changes.is_empty() {
            write(store, &mut state, changes).await?;
        }
    }
}

/// The proof for a key under the newest root.
pub(crate) async fn prove(store: &dyn MetaStore, root: Hash32, key: Hash32) -> Result<MapProof, StoreError> {
    let mut lookup = Lookup::over(root, key);
    if root == EMPTY {
        lookup = Lookup::new(key);
    }
    while let Some(prefix) = lookup.wanted().first().copied() {
        let tile = read_tile(store, &prefix).await?;
        lookup.give(prefix, tile).map_err(broken)?;
    }
    lookup.finish().map_err(|_| StoreError::Unavailable)
}

/// How far the map is, and where its root stands in the log; nothing before the first.
pub(crate) async fn newest(store: &dyn MetaStore) -> Result<Option<(MapState, u64)>, StoreError> {
    let (table, key) = key::logged_map();
    let Some(index) = store.get(table, &key).await? else {
        return Ok(None);
    };
    let index = index.try_into().map_err(|_| StoreError::Unavailable)?;
    Ok(Some((read_state(store).await?, u64::from_be_bytes(index))))
}

async fn write(
    store: &dyn MetaStore,
    state: &mut MapState,
    changes: BTreeMap<Hash32, Hash32>,
) -> Result<(), StoreError> {
    let mut update = if state.root == EMPTY {
        Update::new(changes)
    } else {
        Update::over(state.root, changes)
    };
    loop {
        let wanted = update.wanted();
        if wanted.is_empty() {
            break;
        }
        for prefix in wanted {
            let tile = read_tile(store, &prefix).await?;
            update.give(prefix, tile).map_err(broken)?;
        }
    }
    let (root, changed) = update.finish().map_err(|_| StoreError::Unavailable)?;
    state.root = root;
    let entry = Entry::MapHead {
        root,
        covered: state.covered,
    };
    let mut batch = Batch {
        append: vec![entry.to_bytes()],
        ..Batch::default()
    };
    for (prefix, tile) in changed {
        batch.put(place_of(&prefix), tile.to_bytes());
    }
    batch.put(key::map(), state_bytes(state));
    let (table, key) = key::logged_map();
    batch.indexed.push(Indexed {
        entry: 0,
        table,
        key,
        write: IndexedWrite::Value,
    });
    match store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Unavailable(error)) => Err(error),
        Err(_) => Err(StoreError::Unavailable),
    }
}

/// What an entry changes in the map: the key of its subject, and its own hash.
fn change(entry: &[u8]) -> Option<(Hash32, Hash32)> {
    let subject = match Entry::parse(entry).ok()? {
        Entry::Identity { label, .. } => Subject::Label(label),
        Entry::Sealed { tag, .. } => Subject::Tag(tag),
        _ => return None,
    };
    Some((subject.key(), sha256(entry)))
}

async fn read_state(store: &dyn MetaStore) -> Result<MapState, StoreError> {
    let (table, key) = key::map();
    let Some(bytes) = store.get(table, &key).await? else {
        return Ok(MapState {
            root: EMPTY,
            covered: 0,
        });
    };
    parse_state(&bytes).ok_or(StoreError::Unavailable)
}

pub(crate) fn state_bytes(state: &MapState) -> Vec<u8> {
    [&state.root[..], &state.covered.to_be_bytes()].concat()
}

/// root 32 ‖ covered u64.
pub(crate) fn parse_state(bytes: &[u8]) -> Option<MapState> {
    let (root, covered) = bytes.split_first_chunk::<32>()?;
    Some(MapState {
        root: *root,
        covered: u64::from_be_bytes(covered.try_into().ok()?),
    })
}

async fn read_tile(store: &dyn MetaStore, prefix: &Prefix) -> Result<Option<Tile>, StoreError> {
    let (table, key) = place_of(prefix);
    let bytes = store.get(table, &key).await?;
    bytes
        .map(|bytes| Tile::parse(&bytes).map_err(|_| StoreError::Unavailable))
        .transpose()
}

fn place_of(prefix: &Prefix) -> Place {
    key::map_tile(&prefix.to_bytes())
}

fn broken(error: TileError) -> StoreError {
    tracing::error!(%error, "the map of the log is broken");
    StoreError::Unavailable
}

/// Entries taken into the map at once: their tiles fit one batch.
const AT_ONCE: usize = 512;

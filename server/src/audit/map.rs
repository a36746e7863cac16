//! The map of the log as this server keeps it: the newest entry of each subject, and of what has none that it has none
//! (`spec/map.md`). Derived from the entries; its root is an entry itself.
//!
//! Where witnesses are asked, a root counts only with the checkpoint that has it. Until then the map before it is served:
//! of the tiles that changed the old ones stay, and the map goes no further.

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

/// Which map is served, and where its root stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) state: MapState,
    pub(crate) index: u64,
    /// The tiles are those of before the newest root.
    is_before: bool,
}

/// Brings the map up to what is durable, and logs its root where it has changed. `counts`: how far the log is witnessed,
/// where witnesses are asked; nothing happens then while the newest root is not.
pub(crate) async fn advance(store: &dyn MetaStore, counts: Option<u64>) -> Result<(), StoreError> {
    let mut state = read_state(store).await?;
    let newest = read_index(store).await?;
    if counts.is_some_and(|counts| newest.is_some_and(|index| index >= counts)) {
        return Ok(());
    }
    forget_before(store).await?;
    // What is served until the roots of this round are witnessed.
    let before = newest.filter(|_| counts.is_some()).map(|index| (index, state));
    let at_once = if before.is_some() { AT_ONCE / 2 } else { AT_ONCE };
    loop {
        let entries = tiles::entries(store, state.covered, at_once).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let changes: BTreeMap<Hash32, Hash32> = entries.iter().filter_map(|entry| change(entry)).collect();
        state.covered += entries.len() as u64;
        // The roots themselves are no subjects: without anything else there is nothing to say.
        if !changes.is_empty() {
            write(store, &mut state, changes, before).await?;
        }
    }
}

/// The proof for a key under the root of a map that is served.
pub(crate) async fn prove(
    store: &dyn MetaStore,
    served: &Served,
    key: Hash32,
) -> Result<MapProof, StoreError> {
    let mut lookup = Lookup::over(served.state.root, key);
    if served.state.root == EMPTY {
        lookup = Lookup::new(key);
    }
    while let Some(prefix) = lookup.wanted().first().copied() {
        let before = if served.is_before {
            read_tile_before(store, &prefix).await?
        } else {
            None
        };
        let tile = match before {
            Some(tile) => tile,
            None => read_tile(store, &prefix).await?,
        };
        lookup.give(prefix, tile).map_err(broken)?;
    }
    lookup.finish().map_err(|_| StoreError::Unavailable)
}

/// The map that is served: the newest, or the newest that is witnessed; nothing before the first.
pub(crate) async fn served(store: &dyn MetaStore, counts: Option<u64>) -> Result<Option<Served>, StoreError> {
    let Some(index) = read_index(store).await? else {
        return Ok(None);
    };
    if counts.is_none_or(|counts| index < counts) {
        let state = read_state(store).await?;
        return Ok(Some(Served {
            state,
            index,
            is_before: false,
        }));
    }
    let (table, key) = key::map_before();
    // The first one of all, or of all that witnesses are asked about, has to be waited for.
    let Some(bytes) = store.get(table, &key).await? else {
        return Ok(None);
    };
    let (index, state) = bytes.split_first_chunk::<8>().ok_or(StoreError::Unavailable)?;
    Ok(Some(Served {
        state: parse_state(state).ok_or(StoreError::Unavailable)?,
        index: u64::from_be_bytes(*index),
        is_before: true,
    }))
}

/// The newest root is witnessed, or nobody is asked: what was before it is not served again. The note of it goes first.
async fn forget_before(store: &dyn MetaStore) -> Result<(), StoreError> {
    let (table, prefix) = key::tiles_before();
    loop {
        let mut batch = Batch::default();
        batch.delete.push(key::map_before());
        let tiles = store.scan(table, &prefix, None, AT_ONCE).await?;
        if tiles.is_empty() {
            return Ok(());
        }
        batch
            .delete
            .extend(tiles.into_iter().map(|(key, _)| (table, key)));
        commit(store, batch).await?;
    }
}

async fn write(
    store: &dyn MetaStore,
    state: &mut MapState,
    changes: BTreeMap<Hash32, Hash32>,
    before: Option<(u64, MapState)>,
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
    if let Some((index, before)) = before {
        let noted = [&index.to_be_bytes()[..], &state_bytes(&before)].concat();
        batch.put(key::map_before(), noted);
    }
    for (prefix, tile) in changed {
        if before.is_some() && read_tile_before(store, &prefix).await?.is_none() {
            let old = read_tile(store, &prefix).await?;
            let old = old.map_or_else(|| vec![0], |tile| tile.to_bytes());
            batch.put(key::tile_before(&prefix.to_bytes()), old);
        }
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
    commit(store, batch).await
}

async fn commit(store: &dyn MetaStore, batch: Batch) -> Result<(), StoreError> {
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

/// Where the newest root stands in the log.
async fn read_index(store: &dyn MetaStore) -> Result<Option<u64>, StoreError> {
    let (table, key) = key::logged_map();
    let Some(index) = store.get(table, &key).await? else {
        return Ok(None);
    };
    let index = index.try_into().map_err(|_| StoreError::Unavailable)?;
    Ok(Some(u64::from_be_bytes(index)))
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

/// A tile as it was before the newest root: `None` where it has not changed since, `Some(None)` where there was none.
async fn read_tile_before(
    store: &dyn MetaStore,
    prefix: &Prefix,
) -> Result<Option<Option<Tile>>, StoreError> {
    let (table, key) = key::tile_before(&prefix.to_bytes());
    match store.get(table, &key).await?.as_deref() {
        None => Ok(None),
        Some([0]) => Ok(Some(None)),
        Some(bytes) => Tile::parse(bytes)
            .map(|tile| Some(Some(tile)))
            .map_err(|_| StoreError::Unavailable),
    }
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

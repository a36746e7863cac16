//! Tiles of the log out of the store: full ones are kept once they were made, everything else is made from the entries,
//! which are what counts (`spec/log.md`, section 3).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crypto::audit::prove::{Node, Run};
use crypto::audit::tile::{Kind, Tile, WIDTH, bundled};
use crypto::audit::tree::{leaf_hash, root_of_leaves};
use crypto::id::Hash32;

use crate::key;
use crate::store::{Batch, MetaStore, StoreError, Table};
use crate::transact::Writes;

/// The hashes of a tile, made where they are not kept. The log must be as long as the tile says.
pub(crate) async fn hashes(
    store: &dyn MetaStore,
    level: u8,
    index: u64,
    width: u16,
) -> Result<Vec<Hash32>, StoreError> {
    let tile = Tile {
        kind: Kind::Hashes { level },
        index,
        width,
    };
    if tile.is_full() {
        let (table, key) = key::tile(level, index);
        let kept = store.get(table, &key).await?;
        if let Some(hashes) = kept.and_then(|bytes| tile.hashes(&bytes)) {
            return Ok(hashes);
        }
    }
    let first = index * u64::from(WIDTH);
    if level == 0 {
        let entries = entries(store, first, width.into()).await?;
        return Ok(entries.iter().map(|entry| leaf_hash(entry)).collect());
    }
    let kept = roots(store, level - 1, first, width).await?;
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let mut made = Vec::with_capacity(width.into());
    for below in first..first + u64::from(width) {
        // A level is a constant few: the log has at most eight.
        let hashes = Box::pin(hashes(store, level - 1, below, WIDTH)).await?;
        made.push(root_of_leaves(&hashes));
    }
    Ok(made)
}

/// The roots of full tiles as they were kept; `None` where one is missing.
async fn roots(
    store: &dyn MetaStore,
    level: u8,
    first: u64,
    width: u16,
) -> Result<Option<Vec<Hash32>>, StoreError> {
    let (table, prefix) = key::tile_roots(level);
    let before = first.checked_sub(1).map(|before| key::tile_root(level, before).1);
    let records = store
        .scan(table, &prefix, before.as_deref(), width.into())
        .await?;
    let numbered = (first..).zip(&records);
    let roots = numbered.map(|(index, (key, root))| {
        (*key == key::tile_root(level, index).1)
            .then(|| Hash32::try_from(root.as_slice()).ok())
            .flatten()
    });
    let roots: Option<Vec<Hash32>> = roots.collect();
    Ok(roots.filter(|roots| roots.len() == usize::from(width)))
}

/// The bytes of a tile as they are served.
pub(crate) async fn serve(store: &dyn MetaStore, tile: &Tile) -> Result<Vec<u8>, StoreError> {
    match tile.kind {
        Kind::Hashes { level } => Ok(hashes(store, level, tile.index, tile.width).await?.concat()),
        Kind::Entries => {
            let first = tile.index * u64::from(WIDTH);
            let entries = entries(store, first, tile.width.into()).await?;
            let bundled: Option<Vec<Vec<u8>>> = entries.iter().map(|entry| bundled(entry)).collect();
            Ok(bundled.ok_or(StoreError::Unavailable)?.concat())
        }
    }
}

/// Entries of the log from an index on; fewer where it ends. Waits for those that are not durable yet.
pub(crate) async fn entries(
    store: &dyn MetaStore,
    first: u64,
    count: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let before = first.checked_sub(1).map(u64::to_be_bytes);
    let after = before.as_ref().map(<[u8; 8]>::as_slice);
    let records = store.scan(Table::Log, b"", after, count).await?;
    Ok(records.into_iter().map(|(_, entry)| entry).collect())
}

/// The root of a complete subtree.
pub(crate) async fn node(store: &dyn MetaStore, node: &Node, size: u64) -> Result<Hash32, StoreError> {
    let place = node.place();
    let kind = Kind::Hashes { level: place.level };
    let tile = Tile::at(kind, place.index, size).ok_or(StoreError::Unavailable)?;
    let hashes = hashes(store, place.level, place.index, tile.width).await?;
    place.root(&hashes).ok_or(StoreError::Unavailable)
}

/// A log of one size, for the proofs of one answer: they share the tiles at its right border, which are nowhere kept. Of
/// each level there is one, made from up to 255 entries or tiles below it, and here it is made once.
pub(crate) struct Proving<'a> {
    store: &'a dyn MetaStore,
    size: u64,
    border: BTreeMap<u8, Vec<Hash32>>,
}

impl<'a> Proving<'a> {
    /// The log must be as long.
    pub(crate) const fn new(store: &'a dyn MetaStore, size: u64) -> Self {
        Self {
            store,
            size,
            border: BTreeMap::new(),
        }
    }

    /// The root over a run of entries.
    pub(crate) async fn root(&mut self, run: &Run) -> Result<Hash32, StoreError> {
        let mut roots = Vec::with_capacity(run.nodes().len());
        for each in run.nodes() {
            roots.push(self.node(each).await?);
        }
        run.root(&roots).ok_or(StoreError::Unavailable)
    }

    async fn node(&mut self, node: &Node) -> Result<Hash32, StoreError> {
        let place = node.place();
        let kind = Kind::Hashes { level: place.level };
        let tile = Tile::at(kind, place.index, self.size).ok_or(StoreError::Unavailable)?;
        if tile.is_full() {
            return self::node(self.store, node, self.size).await;
        }
        let hashes = match self.border.entry(place.level) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(hashes(self.store, place.level, place.index, tile.width).await?),
        };
        place.root(hashes).ok_or(StoreError::Unavailable)
    }
}

/// Keeps every tile that became full between two sizes.
pub(crate) async fn keep(store: &dyn MetaStore, before: u64, after: u64) -> Result<(), StoreError> {
    for level in 0..8_u8 {
        let full = |size: u64| size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
        for index in full(before)..full(after) {
            let made = hashes(store, level, index, WIDTH).await?;
            let mut batch = Batch::default();
            batch
                .put(key::tile(level, index), made.concat())
                .put(key::tile_root(level, index), root_of_leaves(&made).to_vec());
            store.commit(batch).await.map_err(|_| StoreError::Unavailable)?;
        }
    }
    Ok(())
}

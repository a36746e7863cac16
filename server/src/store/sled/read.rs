//! Reading records. Nothing that fails its checksum leaves this file.

use std::ops::Bound;

use super::engine::Engine;
use crate::store::key::{Tree, corrupt, record_key};
use crate::store::record::unframe;
use crate::store::{Record, StoreError, Table};

impl Engine {
    /// The value under a whole key of a tree.
    pub(in crate::store) fn value(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let framed = self
            .tree(tree)
            .get(key)
            .map_err(|error| read_error(tree, key, &error))?;
        let Some(framed) = framed else { return Ok(None) };
        unframe(tree, key, &framed)
            .map(|value| Some(value.to_vec()))
            .ok_or_else(|| corrupt(tree, key))
    }

    /// Records under a whole prefix, keys without the table's number.
    pub(super) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_vec()),
            _ => Bound::Included(prefix.to_vec()),
        };
        let mut found = Vec::new();
        for item in self.records.range((start, Bound::Unbounded)).take(limit) {
            let (key, framed) = item.map_err(|error| read_error(Tree::Records, prefix, &error))?;
            if !key.starts_with(prefix) {
                break;
            }
            let value = unframe(Tree::Records, &key, &framed).ok_or_else(|| corrupt(Tree::Records, &key))?;
            found.push((key.iter().skip(1).copied().collect(), value.to_vec()));
        }
        Ok(found)
    }

    /// Keys of a tree after one of them, in order.
    pub(in crate::store) fn keys_after(
        &self,
        tree: Tree,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let keys = self
            .tree(tree)
            .range((start, Bound::Unbounded))
            .keys()
            .take(limit);
        keys.map(|key| {
            key.map(|key| key.to_vec())
                .map_err(|error| read_error(tree, &[], &error))
        })
        .collect()
    }

    /// The index that the next log entry takes.
    pub(super) fn next_index(&self) -> Result<u64, StoreError> {
        let prefix = record_key(Table::Log, &[]);
        let last = self.records.scan_prefix(&prefix).next_back();
        let Some(last) = last else { return Ok(0) };
        let (key, _) = last.map_err(|error| read_error(Tree::Records, &prefix, &error))?;
        let index = key.get(1..).and_then(|index| <[u8; 8]>::try_from(index).ok());
        let index = index
            .map(u64::from_be_bytes)
            .and_then(|index| index.checked_add(1));
        index.ok_or_else(|| corrupt(Tree::Records, &key))
    }
}

/// What a failed read of the engine means: its own checksums may have seen the fault first.
pub(super) fn read_error(tree: Tree, key: &[u8], error: &::sled::Error) -> StoreError {
    tracing::error!(%error, "the store cannot read");
    match error {
        ::sled::Error::Corruption { .. } => corrupt(tree, key),
        _ => StoreError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;
    use crate::store::key::{part_key, slice_key};
    use crate::store::{Batch, BlobStore, Expect, MetaStore, Options, PutError, SledStore};

    /// Changes a stored value behind the store's back.
    fn spoil(store: &SledStore, tree: Tree, key: &[u8], change: impl Fn(&mut Vec<u8>)) {
        let tree = store.engine.tree(tree);
        let mut framed = tree.get(key).unwrap().unwrap().to_vec();
        change(&mut framed);
        tree.insert(key, framed).unwrap();
    }

    fn flip_last(bytes: &mut [u8]) {
        *bytes.last_mut().unwrap() ^= 1;
    }

    #[tokio::test]
    async fn a_spoiled_record_is_named_and_never_served() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path(), Options::new(0)).unwrap();
        let put = [b"good", b"evil"].map(|key| (Table::Page, key.to_vec(), b"value".to_vec()));
        store
            .commit(Batch {
                put: put.into(),
                ..Batch::default()
            })
            .await
            .unwrap();
        let key = record_key(Table::Page, b"evil");
        spoil(&store, Tree::Records, &key, |bytes| flip_last(bytes));
        let error = corrupt(Tree::Records, &key);
        assert!(matches!(error, StoreError::Corrupt { table: "page", .. }));
        assert_eq!(store.get(Table::Page, b"evil").await, Err(error));
        assert_eq!(store.scan(Table::Page, b"", None, 9).await, Err(error));
        assert_eq!(store.get(Table::Page, b"good").await.unwrap().unwrap(), b"value");
        let expect = vec![(Table::Page, b"evil".to_vec(), Expect::Exists)];
        assert_eq!(
            store
                .commit(Batch {
                    expect,
                    ..Batch::default()
                })
                .await,
            Err(error.into())
        );
        let scrub = store.scrub(Duration::ZERO).await.unwrap();
        assert_eq!((scrub.read, scrub.found, scrub.findings), (3, 1, vec![error]));
    }

    #[tokio::test]
    async fn a_part_that_is_spoiled_or_lacks_a_slice_is_never_served() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path(), Options::new(0)).unwrap();
        let body = [9; 16];
        for part in 0..4 {
            store.put_part(body, part, vec![1; 200_000].into()).await.unwrap();
        }
        let (flipped, missing, entry) = (slice_key(&body, 0, 1), slice_key(&body, 1, 3), part_key(&body, 2));
        spoil(&store, Tree::Slices, &flipped, |bytes| flip_last(bytes));
        store.engine.slices.remove(&missing).unwrap();
        spoil(&store, Tree::Parts, &entry, Vec::clear);
        let errors = [
            corrupt(Tree::Slices, &flipped),
            corrupt(Tree::Slices, &missing),
            corrupt(Tree::Parts, &entry),
        ];
        for (part, error) in (0..).zip(errors) {
            assert_eq!(store.part(body, part).await, Err(error));
        }
        let again = store.put_part(body, 2, vec![1; 200_000].into()).await;
        assert!(matches!(
            again,
            Err(PutError::Unavailable(StoreError::Corrupt { table: "parts", .. }))
        ));
        assert_eq!(store.part(body, 3).await.unwrap().unwrap(), vec![1; 200_000]);
        let scrub = store.scrub(Duration::ZERO).await.unwrap();
        assert_eq!(
            (scrub.read, scrub.bytes, scrub.findings),
            (4, 200_000, errors.to_vec())
        );
    }

    #[tokio::test]
    async fn a_value_moved_to_another_key_is_never_served() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path(), Options::new(0)).unwrap();
        let put = vec![(Table::Meta, b"mine".to_vec(), b"value".to_vec())];
        store
            .commit(Batch {
                put,
                ..Batch::default()
            })
            .await
            .unwrap();
        let framed = store
            .engine
            .records
            .get(record_key(Table::Meta, b"mine"))
            .unwrap()
            .unwrap();
        store
            .engine
            .records
            .insert(record_key(Table::Meta, b"yours"), framed)
            .unwrap();
        assert!(store.get(Table::Meta, b"yours").await.is_err());
    }
}

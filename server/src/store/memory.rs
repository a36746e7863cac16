//! Both stores in memory: for tests, and the shortest reading of the contract. Nothing survives the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::key::log_key;
use super::{
    Applied, Batch, BlobStore, CommitError, DELETE_PARTS, Expect, MetaStore, PART_BYTES, PutError, Record,
    StoreError, Stored, Table, value_hash,
};

/// Both stores in memory.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    parts: BTreeMap<([u8; 16], u32), Bytes>,
    next_index: u64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MetaStore for MemoryStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.inner().records.get(&(table, key.to_vec())).cloned())
    }

    async fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((table, after.to_vec())),
            _ => Bound::Included((table, prefix.to_vec())),
        };
        let inner = self.inner();
        let found = inner.records.range((start, Bound::Unbounded));
        let found = found.take_while(|((of, key), _)| *of == table && key.starts_with(prefix));
        Ok(found
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn commit(&self, batch: Batch) -> Result<Applied, CommitError> {
        if !batch.is_valid() {
            return Err(CommitError::Invalid);
        }
        let mut inner = self.inner();
        for (which, (table, key, expect)) in batch.expect.into_iter().enumerate() {
            if !holds(expect, inner.records.get(&(table, key))) {
                return Err(CommitError::Conflict { which });
            }
        }
        for (table, key) in batch.delete {
            inner.records.remove(&(table, key));
        }
        for (table, key, value) in batch.put {
            inner.records.insert((table, key), value);
        }
        let first_index = inner.next_index;
        for indexed in &batch.indexed {
            let (table, key, value) = indexed.at(first_index);
            inner.records.insert((table, key), value);
        }
        for entry in batch.append {
            let index = inner.next_index;
            inner.records.insert((Table::Log, log_key(index).to_vec()), entry);
            inner.next_index += 1;
        }
        Ok(Applied { first_index })
    }
}

#[async_trait]
impl BlobStore for MemoryStore {
    async fn put_part(&self, body: [u8; 16], part: u32, bytes: Bytes) -> Result<Stored, PutError> {
        if bytes.is_empty() || bytes.len() > PART_BYTES {
            return Err(PutError::Invalid);
        }
        let mut inner = self.inner();
        match inner.parts.get(&(body, part)) {
            Some(there) if *there == bytes => Ok(Stored::Same),
            Some(_) => Err(PutError::Different),
            None => {
                inner.parts.insert((body, part), bytes);
                Ok(Stored::New)
            }
        }
    }

    async fn part(&self, body: [u8; 16], part: u32) -> Result<Option<Bytes>, StoreError> {
        Ok(self.inner().parts.get(&(body, part)).cloned())
    }

    async fn parts(&self, body: [u8; 16]) -> Result<Vec<u32>, StoreError> {
        let inner = self.inner();
        Ok(inner
            .parts
            .range((body, 0)..=(body, u32::MAX))
            .map(|((_, part), _)| *part)
            .collect())
    }

    async fn delete_body(&self, body: [u8; 16]) -> Result<bool, StoreError> {
        let mut inner = self.inner();
        let parts = inner.parts.range((body, 0)..=(body, u32::MAX));
        let parts: Vec<_> = parts.map(|(key, _)| *key).take(DELETE_PARTS + 1).collect();
        for key in parts.iter().take(DELETE_PARTS) {
            inner.parts.remove(key);
        }
        Ok(parts.len() <= DELETE_PARTS)
    }
}

/// Whether a value is as expected.
pub(super) fn holds(expect: Expect, value: Option<&Vec<u8>>) -> bool {
    match (expect, value) {
        (Expect::Absent, value) => value.is_none(),
        (Expect::Exists, value) => value.is_some(),
        (Expect::Is(hash), Some(value)) => value_hash(value) == hash,
        (Expect::Is(_), None) => false,
    }
}

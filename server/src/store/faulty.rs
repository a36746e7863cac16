//! A store that fails on request, for tests: write number n fails either without having been persisted or after
//! it was. To the caller both look alike, and both must end well.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Applied, Batch, BlobStore, CommitError, MetaStore, PutError, Record, StoreError, Stored, Table};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written.
    NotPersisted,
    /// It was written, and the answer is lost.
    PersistedButFailed,
    /// Nothing was written: the disk is full.
    Full,
}

/// A pair of stores, one of whose writes fails.
pub struct Faulty<S> {
    inner: S,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    writes: u64,
    faults: Vec<(u64, Fault)>,
}

impl<S> Faulty<S> {
    /// Wraps a store; nothing fails yet.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            plan: Mutex::default(),
        }
    }

    /// Makes write number `n` fail, the first being 0: commits, parts put and bodies deleted all count.
    pub fn fail_write(&self, n: u64, fault: Fault) {
        self.with_plan(|plan| plan.faults.push((n, fault)));
    }

    /// Writes asked for so far.
    pub fn writes(&self) -> u64 {
        self.with_plan(|plan| plan.writes)
    }

    /// The store within, which knows no faults.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    fn next(&self) -> Option<Fault> {
        self.with_plan(|plan| {
            let n = plan.writes;
            plan.writes += 1;
            plan.faults
                .iter()
                .find(|(at, _)| *at == n)
                .map(|(_, fault)| *fault)
        })
    }

    fn with_plan<T>(&self, act: impl FnOnce(&mut Plan) -> T) -> T {
        act(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl<S: MetaStore> MetaStore for Faulty<S> {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key).await
    }

    async fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.inner.scan(table, prefix, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Applied, CommitError> {
        match self.next() {
            None => self.inner.commit(batch).await,
            Some(Fault::NotPersisted) => Err(StoreError::Unavailable.into()),
            Some(Fault::Full) => Err(CommitError::Full),
            Some(Fault::PersistedButFailed) => {
                self.inner.commit(batch).await?;
                Err(StoreError::Unavailable.into())
            }
        }
    }
}

#[async_trait]
impl<S: BlobStore> BlobStore for Faulty<S> {
    async fn put_part(&self, body: [u8; 16], part: u32, bytes: Bytes) -> Result<Stored, PutError> {
        match self.next() {
            None => self.inner.put_part(body, part, bytes).await,
            Some(Fault::NotPersisted) => Err(StoreError::Unavailable.into()),
            Some(Fault::Full) => Err(PutError::Full),
            Some(Fault::PersistedButFailed) => {
                self.inner.put_part(body, part, bytes).await?;
                Err(StoreError::Unavailable.into())
            }
        }
    }

    async fn part(&self, body: [u8; 16], part: u32) -> Result<Option<Bytes>, StoreError> {
        self.inner.part(body, part).await
    }

    async fn parts(&self, body: [u8; 16]) -> Result<Vec<u32>, StoreError> {
        self.inner.parts(body).await
    }

    async fn delete_body(&self, body: [u8; 16]) -> Result<bool, StoreError> {
        match self.next() {
            None => self.inner.delete_body(body).await,
            Some(Fault::NotPersisted | Fault::Full) => Err(StoreError::Unavailable),
            Some(Fault::PersistedButFailed) => {
                self.inner.delete_body(body).await?;
                Err(StoreError::Unavailable)
            }
        }
    }
}

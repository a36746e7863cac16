//! Both stores in one sled database. Its faults and what is done about each stand in `spec/store.md`, "Engine";
//! what the disk must hold before anybody gets an answer, in "Durability".

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::key::{Tree, record_key};
use super::sequencer::{self, Job, Sequencer};
use super::sync::{Stop, Syncer};
use super::{
    Applied, Batch, BlobStore, CommitError, MetaStore, OpenError, PART_BYTES, PutError, Record, StoreError,
    Stored, Table,
};

mod engine;
mod part;
mod read;

pub(super) use engine::Engine;

/// Called with the engine's folder after each real sync, before anybody is told of it.
#[cfg(feature = "testing")]
pub type SyncHook = Arc<dyn Fn(&Path) + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Free bytes of the file system below which parts are refused; records are refused below half of it, except
    /// those that free room. Keep it above 64 MiB: the engine grows by 8 MiB at a time.
    pub floor: u64,
    /// Whether writes are synced. Only a test says no, to show that another test sees it.
    #[cfg(feature = "testing")]
    pub sync: bool,
    /// Whether the engine's own background thread runs. A test of the order of writes does without.
    #[cfg(feature = "testing")]
    pub background: bool,
    /// See [`SyncHook`].
    #[cfg(feature = "testing")]
    pub hook: Option<SyncHook>,
}

/// Both stores in one folder. Dropping it ends its threads; what was acknowledged needs no closing.
pub struct SledStore {
    engine: Arc<Engine>,
    gate: Arc<Semaphore>,
    // In an `Option` so that dropping can close the channels before it waits for the threads.
    channels: Option<(Sequencer, Syncer)>,
    threads: Vec<JoinHandle<()>>,
}

impl Options {
    /// Options with this floor, in bytes.
    #[must_use]
    pub fn new(floor: u64) -> Self {
        Self {
            floor,
            #[cfg(feature = "testing")]
            sync: std::env::var_os("STORE_WITHOUT_SYNC").is_none(),
            #[cfg(feature = "testing")]
            background: std::env::var_os("STORE_WITHOUT_BACKGROUND").is_none(),
            #[cfg(feature = "testing")]
            hook: None,
        }
    }
}

impl SledStore {
    /// Opens the store in `path`, or makes one where there is nothing. Blocks, up to seconds.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let engine = Arc::new(Engine::open(path, options)?);
        let next_index = engine
            .next_index()
            .map_err(|error| OpenError::Engine(error.to_string()))?;
        let (syncer, sync_thread) = Syncer::start(Arc::clone(&engine))?;
        let (sequencer, thread) = sequencer::start(Arc::clone(&engine), syncer.clone(), next_index)?;
        Ok(Self {
            engine,
            gate: Arc::new(Semaphore::new(BLOCKING)),
            channels: Some((sequencer, syncer)),
            threads: vec![thread, sync_thread],
        })
    }

    fn channels(&self) -> Result<&(Sequencer, Syncer), Stop> {
        self.channels.as_ref().ok_or(Stop::Failed)
    }

    /// Runs blocking work aside. A panic in it is the engine's, and is answered as any failure of the engine.
    pub(super) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Stop> + Send + 'static,
    {
        let permit = Arc::clone(&self.gate)
            .acquire_owned()
            .await
            .map_err(|_| Stop::Failed)?;
        let engine = Arc::clone(&self.engine);
        let run = tokio::task::spawn_blocking(move || {
            let result = work(&engine);
            drop(permit);
            result
        });
        run.await.unwrap_or_else(|_| Err(Stop::Failed.into()))
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.channels = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to do either.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl MetaStore for SledStore {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = record_key(table, key);
        let (value, is_pending) = self
            .blocking(move |engine| {
                let value = engine.value(Tree::Records, &key)?;
                Ok::<_, StoreError>((value, engine.pending().contains(&key)))
            })
            .await?;
        if is_pending {
            self.channels()?.1.wait().await?;
        }
        Ok(value)
    }

    async fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let prefix = record_key(table, prefix);
        let after = after.map(|after| record_key(table, after));
        let (found, is_pending) = self
            .blocking(move |engine| {
                let found = engine.scan(&prefix, after.as_deref(), limit)?;
                Ok::<_, StoreError>((found, engine.pending().contains_prefix(&prefix)))
            })
            .await?;
        if is_pending {
            self.channels()?.1.wait().await?;
        }
        Ok(found)
    }

    async fn commit(&self, batch: Batch) -> Result<Applied, CommitError> {
        if !batch.is_valid() {
            return Err(CommitError::Invalid);
        }
        let (sender, receiver) = oneshot::channel();
        let job = Job::new(batch, sender);
        self.channels()?
            .0
            .send(job)
            .await
            .map_err(|_| self.engine.health.stop(Stop::Failed))?;
        // An answer that never comes means that a thread ended on the engine's panic.
        receiver
            .await
            .unwrap_or_else(|_| Err(self.engine.health.stop(Stop::Failed).into()))
    }
}

#[async_trait]
impl BlobStore for SledStore {
    async fn put_part(&self, body: [u8; 16], part: u32, bytes: Bytes) -> Result<Stored, PutError> {
        if bytes.is_empty() || bytes.len() > PART_BYTES {
            return Err(PutError::Invalid);
        }
        let stored = self
            .blocking(move |engine| engine.put_part(&body, part, &bytes))
            .await?;
        self.channels()?.1.wait().await?;
        Ok(stored)
    }

    async fn part(&self, body: [u8; 16], part: u32) -> Result<Option<Bytes>, StoreError> {
        self.blocking(move |engine| engine.part(&body, part)).await
    }

    async fn parts(&self, body: [u8; 16]) -> Result<Vec<u32>, StoreError> {
        self.blocking(move |engine| engine.part_numbers(&body)).await
    }

    async fn delete_body(&self, body: [u8; 16]) -> Result<bool, StoreError> {
        let is_done = self.blocking(move |engine| engine.delete_body(&body)).await?;
        self.channels()?.1.wait().await?;
        Ok(is_done)
    }
}

/// Blocking operations at a time: bounds threads, and the memory of parts on their way.
const BLOCKING: usize = 32;

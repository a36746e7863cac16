//! The engine, opened, synced and stopped. Blocking code only. Its faults and what is done about each stand in
//! `spec/store.md`, "Engine".

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Options;
use crate::store::OpenError;
use crate::store::folder::{self, Folder};
use crate::store::key::{BATCHES, Tree};
use crate::store::mark::Mark;
use crate::store::sync::{Health, Stop};

/// What the threads share.
pub(in crate::store) struct Engine {
    db: ::sled::Db,
    pub(super) records: ::sled::Tree,
    pub(super) parts: ::sled::Tree,
    pub(super) slices: ::sled::Tree,
    file: File,
    pub(super) health: Health,
    pending: Mutex<Pending>,
    counters: Counters,
    mark: Mark,
    pub(super) stripes: Vec<Mutex<()>>,
    options: Options,
    // Last, so that the lock outlives the database.
    folder: Folder,
}

/// Batches: applied, known to be on the disk, said to be there in the mark.
#[derive(Default)]
struct Counters {
    applied: AtomicU64,
    synced: AtomicU64,
    marked: AtomicU64,
}

/// Keys of records that were written and not yet synced, and how many batches wrote each.
#[derive(Default)]
pub(in crate::store) struct Pending(BTreeMap<Vec<u8>, usize>);

impl Engine {
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let folder = Folder::take(path)?;
        folder.prepare(|path| open_trees(path, &options).map(drop))?;
        let (db, [records, parts, slices]) = open_trees(&folder.engine(), &options)?;
        let (mark, known) = Mark::open(&folder.mark())?;
        let engine = Self {
            file: File::open(folder.data_file())?,
            db,
            records,
            parts,
            slices,
            health: Health::default(),
            pending: Mutex::default(),
            counters: Counters::default(),
            mark,
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            options,
            folder,
        };
        let found = engine.stored_batches()?;
        if found < known {
            return Err(OpenError::RolledBack { known, found });
        }
        engine.counters.applied.store(found, Ordering::Release);
        engine.counters.marked.store(known, Ordering::Release);
        engine.folder.seal()?;
        engine
            .sync()
            .map_err(|_| OpenError::Engine("the first sync failed".into()))?;
        engine.synced(found);
        Ok(engine)
    }

    fn stored_batches(&self) -> Result<u64, OpenError> {
        let value = self
            .value(Tree::Records, BATCHES)
            .map_err(|error| OpenError::Engine(error.to_string()))?;
        let Some(value) = value else { return Ok(0) };
        let batches = value
            .try_into()
            .map_err(|_| OpenError::Engine("the number of batches is malformed".into()))?;
        Ok(u64::from_be_bytes(batches))
    }

    /// How many batches were applied so far.
    pub(in crate::store) fn batches(&self) -> u64 {
        self.counters.applied.load(Ordering::Acquire)
    }

    /// So many batches are on the disk.
    pub(in crate::store) fn synced(&self, batches: u64) {
        self.counters.synced.store(batches, Ordering::Release);
    }

    /// Writes the mark, where there is something to say.
    pub(in crate::store) fn mark(&self) {
        let synced = self.counters.synced.load(Ordering::Acquire);
        if synced <= self.counters.marked.load(Ordering::Acquire) {
            return;
        }
        match self.mark.write(synced) {
            Ok(()) => self.counters.marked.store(synced, Ordering::Release),
            // An older mark still says something true.
            Err(error) => tracing::warn!(%error, "the store's mark was not written"),
        }
    }

    /// Puts everything written so far on the disk.
    pub(in crate::store) fn sync(&self) -> Result<(), Stop> {
        self.writable()?;
        self.db.flush().map_err(|error| self.stop(error))?;
        #[cfg(feature = "testing")]
        if !self.options.sync {
            return Ok(());
        }
        // A failed sync is never tried again: the kernel may have dropped what it could not write.
        self.file
            .sync_data()
            .map_err(|error| self.stop(::sled::Error::Io(error)))?;
        #[cfg(feature = "testing")]
        if let Some(hook) = &self.options.hook {
            hook(&self.folder.engine());
        }
        Ok(())
    }

    pub(in crate::store) fn writable(&self) -> Result<(), Stop> {
        self.health.check()
    }

    /// Applies a batch and counts it. For the sequencer alone.
    pub(in crate::store) fn apply(&self, batch: ::sled::Batch, batches: u64) -> Result<(), Stop> {
        self.records
            .apply_batch(batch)
            .map_err(|error| self.stop(error))?;
        self.counters.applied.store(batches, Ordering::Release);
        Ok(())
    }

    pub(in crate::store) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a batch of this many bytes may be written; one that frees room goes on after the others stopped.
    pub(in crate::store) fn record_room(&self, bytes: u64, frees: bool) -> Result<(), Stop> {
        let floor = self.options.floor / 2;
        self.room(bytes, if frees { floor.min(LAST_FLOOR) } else { floor })
    }

    /// Whether a part of this many bytes may be written.
    pub(super) fn part_room(&self, bytes: u64) -> Result<(), Stop> {
        self.room(bytes, self.options.floor)
    }

    /// Refusing for want of room stops nothing: room may come back.
    fn room(&self, bytes: u64, floor: u64) -> Result<(), Stop> {
        let disk = rustix::fs::statvfs(self.folder.engine()).map_err(|_| Stop::Failed)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < floor.saturating_add(bytes) {
            Err(Stop::Full)
        } else {
            Ok(())
        }
    }

    pub(super) fn tree(&self, tree: Tree) -> &::sled::Tree {
        match tree {
            Tree::Records => &self.records,
            Tree::Parts => &self.parts,
            Tree::Slices => &self.slices,
        }
    }

    /// A write or sync failed: nothing more is written until the store is opened again.
    pub(super) fn stop(&self, error: ::sled::Error) -> Stop {
        let is_full = matches!(&error, ::sled::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull);
        tracing::error!(%error, "the store stops writing");
        self.health.stop(if is_full { Stop::Full } else { Stop::Failed })
    }
}

impl Pending {
    pub(in crate::store) fn add(&mut self, keys: &[Vec<u8>]) {
        for key in keys {
            *self.0.entry(key.clone()).or_default() += 1;
        }
    }

    pub(in crate::store) fn remove(&mut self, keys: &[Vec<u8>]) {
        for key in keys {
            if let Some(count) = self.0.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    self.0.remove(key);
                }
            }
        }
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn contains_prefix(&self, prefix: &[u8]) -> bool {
        self.0
            .range(prefix.to_vec()..)
            .next()
            .is_some_and(|(key, _)| key.starts_with(prefix))
    }
}

fn open_trees(path: &Path, options: &Options) -> Result<(::sled::Db, [::sled::Tree; 3]), OpenError> {
    #[cfg(feature = "testing")]
    let pause = options.background.then_some(FLUSH_MILLISECONDS);
    #[cfg(not(feature = "testing"))]
    let (pause, _) = (Some(FLUSH_MILLISECONDS), options);
    let open = || {
        let config = ::sled::Config::new().path(path).use_compression(false);
        config
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(pause)
            .open()
    };
    let db = folder::retry(|| {
        // The engine asserts where it meets what it does not expect: a panic at opening is one of its answers.
        let opened = std::panic::catch_unwind(open);
        let opened = opened.map_err(|_| OpenError::Engine("the engine gave up on its files".into()))?;
        opened.map_err(|error| match error {
            ::sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => OpenError::Locked,
            error => OpenError::Engine(error.to_string()),
        })
    })?;
    let tree = |tree: Tree| {
        db.open_tree(tree.name())
            .map_err(|error| OpenError::Engine(error.to_string()))
    };
    let trees = [tree(Tree::Records)?, tree(Tree::Parts)?, tree(Tree::Slices)?];
    Ok((db, trees))
}

/// Fixed when a store is made. A node of the engine above a quarter of this would go to a side file that is never
/// synced; 17 records of 64 KiB, its largest leaf, stay well below.
const SEGMENT_BYTES: usize = 8 << 20;
const CACHE_BYTES: u64 = 64 << 20;
/// Free bytes that stay: room for two segments, which the engine needs to go on and to start.
const LAST_FLOOR: u64 = 16 << 20;
/// Pause of the engine's background thread, which moves live values out of segments that are mostly dead.
const FLUSH_MILLISECONDS: u64 = 500;
/// Locks over which parts are spread, so that two requests with the same part do not cross.
const STRIPES: usize = 64;

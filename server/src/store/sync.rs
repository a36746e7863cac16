//! The real fsync, shared by whoever waits for one. The engine's own `flush` hands its writes to the kernel and
//! stops there. One thread takes all who wait, flushes the engine, syncs the file, and only then answers; who
//! comes meanwhile makes the next group. `spec/store.md`, "Durability".

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::sled::Engine;
use super::{CommitError, PutError, StoreError};

/// Why nothing is written any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The disk is full.
    Full,
    /// The engine or the disk failed.
    Failed,
}

/// Whether the engine may still be written to. Once it may not, that is for good: after a failed write or sync
/// nobody knows what the disk holds before the store is opened again.
#[derive(Default)]
pub(super) struct Health(AtomicU8);

/// Called when everything written before its submission is on the disk, or never will be.
pub(super) type Done = Box<dyn FnOnce(Result<(), Stop>) + Send>;

/// A way to the syncing thread, which ends with the last of these.
#[derive(Clone)]
pub(super) struct Syncer(mpsc::Sender<Done>);

impl Health {
    pub(super) fn check(&self) -> Result<(), Stop> {
        match self.0.load(Ordering::Acquire) {
            0 => Ok(()),
            FULL => Err(Stop::Full),
            _ => Err(Stop::Failed),
        }
    }

    /// The first reason stays.
    pub(super) fn stop(&self, why: Stop) -> Stop {
        let code = if why == Stop::Full { FULL } else { FAILED };
        match self
            .0
            .compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => why,
            Err(FULL) => Stop::Full,
            Err(_) => Stop::Failed,
        }
    }
}

impl Syncer {
    pub(super) fn start(engine: Arc<Engine>) -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store-sync".into())
            .spawn(move || run(&engine, &receiver))?;
        Ok((Self(sender), thread))
    }

    pub(super) fn submit(&self, done: Done) {
        if let Err(mpsc::SendError(done)) = self.0.send(done) {
            done(Err(Stop::Failed));
        }
    }

    /// Resolves when everything written before the call is on the disk.
    pub(super) async fn wait(&self) -> Result<(), Stop> {
        let (sender, receiver) = oneshot::channel();
        self.submit(Box::new(move |result| {
            // Who stopped waiting needs no answer.
            let _ = sender.send(result);
        }));
        receiver.await.unwrap_or(Err(Stop::Failed))
    }
}

impl From<Stop> for StoreError {
    fn from(_: Stop) -> Self {
        Self::Unavailable
    }
}

impl From<Stop> for CommitError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Full => Self::Full,
            Stop::Failed => Self::Unavailable(StoreError::Unavailable),
        }
    }
}

impl From<Stop> for PutError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Full => Self::Full,
            Stop::Failed => Self::Unavailable(StoreError::Unavailable),
        }
    }
}

fn run(engine: &Engine, receiver: &mpsc::Receiver<Done>) {
    let mut marked = Instant::now();
    loop {
        match receiver.recv_timeout(MARK_PAUSE) {
            Ok(first) => {
                // Read before the sync: what is applied meanwhile may not be in it.
                let batches = engine.batches();
                let group: Vec<Done> = std::iter::once(first).chain(receiver.try_iter()).collect();
                let result = engine.sync();
                group.into_iter().for_each(|done| done(result));
                if result.is_ok() {
                    engine.synced(batches);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if marked.elapsed() >= MARK_PAUSE {
            engine.mark();
            marked = Instant::now();
        }
    }
    engine.mark();
}

/// Time between two marks, at least: who waits for a sync does not wait for them.
const MARK_PAUSE: Duration = Duration::from_secs(1);
const FULL: u8 = 1;
const FAILED: u8 = 2;

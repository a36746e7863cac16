//! The one thread that applies batches: it checks expectations, gives log indices, writes, and hands over to the
//! sync thread, which answers. Being alone, it needs no transaction: what it checked cannot change before it
//! writes. `spec/store.md`, "Batches".

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::batch::Indexed;
use super::key::{BATCHES, Tree, log_key, record_key};
use super::memory::holds;
use super::record::frame;
use super::sled::Engine;
use super::sync::{Stop, Syncer};
use super::{Applied, Batch, CommitError, Expect, Table};

/// A batch on its way, its values already framed, so that the thread hashes as little as possible.
pub(super) struct Job {
    expect: Vec<(Vec<u8>, Expect)>,
    write: ::sled::Batch,
    /// Every key the batch writes, log entries and what goes with them excepted.
    keys: Vec<Vec<u8>>,
    append: Vec<Vec<u8>>,
    indexed: Vec<Indexed>,
    bytes: u64,
    frees: bool,
    answer: oneshot::Sender<Result<Applied, CommitError>>,
}

/// A way to the thread, which ends with the last of these.
pub(super) type Sequencer = mpsc::Sender<Job>;

impl Job {
    pub(super) fn new(batch: Batch, answer: oneshot::Sender<Result<Applied, CommitError>>) -> Self {
        let mut write = ::sled::Batch::default();
        let mut keys = Vec::with_capacity(batch.put.len() + batch.delete.len());
        let mut bytes: usize = batch.append.iter().map(Vec::len).sum();
        bytes += batch
            .indexed
            .iter()
            .map(|indexed| indexed.at(0).2.len())
            .sum::<usize>();
        for (table, key, value) in &batch.put {
            let key = record_key(*table, key);
            write.insert(key.as_slice(), frame(Tree::Records, &key, value));
            bytes += value.len();
            keys.push(key);
        }
        for (table, key) in &batch.delete {
            let key = record_key(*table, key);
            write.remove(key.as_slice());
            keys.push(key);
        }
        let expect = batch
            .expect
            .iter()
            .map(|(table, key, expect)| (record_key(*table, key), *expect));
        Self {
            expect: expect.collect(),
            write,
            keys,
            append: batch.append,
            indexed: batch.indexed,
            bytes: bytes as u64,
            frees: batch.frees,
            answer,
        }
    }
}

pub(super) fn start(
    engine: Arc<Engine>,
    syncer: Syncer,
    next_index: u64,
) -> io::Result<(Sequencer, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let run = move || run(&engine, &syncer, next_index, receiver);
    Ok((
        sender,
        thread::Builder::new().name("store-sequencer".into()).spawn(run)?,
    ))
}

fn run(engine: &Arc<Engine>, syncer: &Syncer, mut next_index: u64, mut jobs: mpsc::Receiver<Job>) {
    while let Some(mut job) = jobs.blocking_recv() {
        let refused = check(engine, &job).and_then(|()| apply(engine, &mut job, next_index));
        let Job {
            keys, append, answer, ..
        } = job;
        if let Err(error) = refused {
            // Who stopped waiting needs no answer, here and below.
            let _ = answer.send(Err(error));
            continue;
        }
        let applied = Applied {
            first_index: next_index,
        };
        next_index += append.len() as u64;
        let engine = Arc::clone(engine);
        syncer.submit(Box::new(move |result: Result<(), Stop>| {
            if result.is_ok() {
                engine.pending().remove(&keys);
            }
            let _ = answer.send(result.map(|()| applied).map_err(CommitError::from));
        }));
    }
}

fn check(engine: &Engine, job: &Job) -> Result<(), CommitError> {
    engine.writable()?;
    for (which, (key, expect)) in job.expect.iter().enumerate() {
        if !holds(*expect, engine.value(Tree::Records, key)?.as_ref()) {
            return Err(CommitError::Conflict { which });
        }
    }
    Ok(engine.record_room(job.bytes, job.frees)?)
}

fn apply(engine: &Engine, job: &mut Job, first_index: u64) -> Result<(), CommitError> {
    for (index, entry) in (first_index..).zip(&job.append) {
        let key = record_key(Table::Log, &log_key(index));
        job.write
            .insert(key.as_slice(), frame(Tree::Records, &key, entry));
        job.keys.push(key);
    }
    for indexed in &job.indexed {
        let (table, key, value) = indexed.at(first_index);
        let key = record_key(table, &key);
        job.write
            .insert(key.as_slice(), frame(Tree::Records, &key, &value));
        job.keys.push(key);
    }
    let batches = engine.batches() + 1;
    job.write
        .insert(BATCHES, frame(Tree::Records, BATCHES, &batches.to_be_bytes()));
    // From here on readers of these keys wait for the sync.
    engine.pending().add(&job.keys);
    Ok(engine.apply(std::mem::take(&mut job.write), batches)?)
}

/// Batches that may wait; further callers wait to be queued.
const QUEUE: usize = 256;

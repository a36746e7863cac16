//! The product's server on threads of its own, in this process; its log has a past, and makes checkpoints when it is told.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crypto::opaque::server::Setup;
use sdk::native::SystemRandom;
use server::store::{Applied, Batch, CommitError, MetaStore, Options, Record, SledStore, StoreError, Table};
use server::{Config, Log, State};
use tests::sample;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A running server.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    state: State,
    runtime: Option<Runtime>,
}

impl Stage {
    /// Over a data folder, as the program opens it.
    pub(crate) async fn open(data: &Path) -> Self {
        let config = config(data);
        let runtime = runtime();
        let opened = runtime.spawn(async move {
            // The first start makes the log's key; the past is written before the second.
            drop(server::open(&config).await.unwrap());
            let (store, lock) = server::open_store(&config).await.unwrap();
            write_past(&store).await;
            drop((store, lock));
            server::open(&config).await.unwrap()
        });
        let state = opened.await.unwrap();
        Self::serve(runtime, state).await
    }

    /// Over a store that tells which batches it was given. The log's key and checkpoint are kept nowhere.
    pub(crate) async fn told(data: &Path) -> (Self, Arc<Mutex<Vec<Batch>>>) {
        let store = Arc::new(SledStore::open(data, Options::new(0)).unwrap());
        let batches = Arc::<Mutex<Vec<Batch>>>::default();
        let telling = Telling(Arc::clone(&store), Arc::clone(&batches));
        write_past(&telling).await;
        let deployment_id = [7; 16];
        let log = Log::unkept(&deployment_id, &Config::default()).unwrap();
        let setup = Setup::make(&mut SystemRandom).unwrap();
        let state = State::new(config(data), Arc::new(telling), store, setup, deployment_id, log);
        (Self::serve(runtime(), state).await, batches)
    }

    async fn serve(runtime: Runtime, state: State) -> Self {
        let served = state.clone();
        let bound = runtime.spawn(async { TcpListener::bind(("127.0.0.1", 0)).await.unwrap() });
        let listener = bound.await.unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { server::serve(served, listener, std::future::pending()).await });
        Self {
            address,
            state,
            runtime: Some(runtime),
        }
    }

    /// Makes the checkpoint that the clock would make.
    pub(crate) async fn publish(&self) {
        let state = self.state.clone();
        let runtime = self.runtime.as_ref().unwrap();
        runtime
            .spawn(async move { state.publish().await.unwrap() })
            .await
            .unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A store that keeps what it was given, in the order in which it was applied.
struct Telling(Arc<SledStore>, Arc<Mutex<Vec<Batch>>>);

#[async_trait]
impl MetaStore for Telling {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key).await
    }

    async fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.0.scan(table, prefix, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Applied, CommitError> {
        let told = batch.clone();
        let applied = self.0.commit(batch).await?;
        self.1.lock().unwrap().push(told);
        Ok(applied)
    }
}

/// Entries of others, from before anybody of this bench was there.
async fn write_past(store: &dyn MetaStore) {
    let noise = sample::noise(PAST * 48, 9);
    let entries: Vec<Vec<u8>> = noise
        .chunks(48)
        .map(|random| [&[0x10, 1][..], random].concat())
        .collect();
    for append in entries.chunks(1_000) {
        let batch = Batch {
            append: append.to_vec(),
            ..Batch::default()
        };
        store.commit(batch).await.unwrap();
    }
}

fn config(data: &Path) -> Config {
    Config {
        data: data.to_owned(),
        min_free_bytes: 0,
        checkpoint_seconds: 3_600,
        attempts_per_address: 0,
        attempts_per_handle: 0,
        ..Config::default()
    }
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    // A thread that ended would take its count with it.
    builder
        .worker_threads(2)
        .thread_keep_alive(Duration::from_secs(3_600));
    builder.enable_all().build().unwrap()
}

/// Entries in the log when the bench begins.
const PAST: usize = 10_000;

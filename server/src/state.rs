//! What every request can reach: stores, login setup, sessions in memory, clock. No business rule lives here.

use std::sync::Arc;

use crypto::id::Id;
use crypto::opaque::server::Setup;
use crypto::random::{Random, RandomError};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore};
use tokio::time::Instant;

use crate::assets::Assets;
use crate::audit::{Log, LogError};
use crate::auth::Sessions;
use crate::config::Config;
use crate::limiter::Limiter;
use crate::logins::Logins;
use crate::room::Rooms;
use crate::row::Row;
use crate::store::{BlobStore, MetaStore, StoreError};

/// Seconds since 1970, UTC. No decision of security rests on it: it ends sessions and uploads.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The server, cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// What a [`State`] shares. Public in name alone: no field of it is.
#[doc(hidden)]
pub struct Inner {
    pub(crate) config: Config,
    pub(crate) meta: Arc<dyn MetaStore>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) setup: Setup,
    pub(crate) deployment_id: Id,
    pub(crate) log: Log,
    pub(crate) sessions: Sessions,
    pub(crate) logins: Logins,
    pub(crate) limiter: Limiter,
    pub(crate) assets: Assets,
    pub(crate) rooms: Rooms,
    /// Requests under way, also those whose connection is gone.
    pub(crate) under_way: Arc<Semaphore>,
    /// Something is to be erased that no request waits for.
    pub(crate) to_erase: Notify,
    /// When the store was last tried, and whether it took the write.
    pub(crate) tried: Mutex<Option<(Instant, bool)>>,
    clock: Clock,
    accounts: Vec<Mutex<()>>,
    bodies: Vec<RwLock<()>>,
    /// Held until the last clone is gone: two servers never share a data folder.
    _lock: Option<std::fs::File>,
}

impl State {
    /// A server over these stores.
    #[must_use]
    pub fn new(
        config: Config,
        meta: Arc<dyn MetaStore>,
        blobs: Arc<dyn BlobStore>,
        setup: Setup,
        deployment_id: Id,
        log: Log,
    ) -> Self {
        Self(Arc::new(Inner {
            assets: Assets::load(&config),
            limiter: Limiter::new(),
            rooms: Rooms::default(),
            under_way: Arc::new(Semaphore::new(config.connections as usize)),
            to_erase: Notify::new(),
            tried: Mutex::default(),
            sessions: Sessions::default(),
            logins: Logins::default(),
            clock: Arc::new(system_clock),
            accounts: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            bodies: (0..STRIPES).map(|_| RwLock::new(())).collect(),
            config,
            meta,
            blobs,
            setup,
            deployment_id,
            log,
            _lock: None,
        }))
    }

    /// The same server under another clock. For tests, before the first request.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.clock = clock;
        }
        self
    }

    pub(crate) fn with_lock(mut self, lock: std::fs::File) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner._lock = Some(lock);
        }
        self
    }

    /// The deployment's id.
    #[must_use]
    pub fn deployment_id(&self) -> Id {
        self.0.deployment_id
    }

    /// Signs the log as far as it is durable; the size that is signed then.
    ///
    /// # Errors
    /// The store or the folder of the keys failed; what was signed before still counts.
    pub async fn publish(&self) -> Result<u64, LogError> {
        Ok(self.log.publish(self.meta.as_ref()).await?.size)
    }

    /// What this server runs with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn now(&self) -> u64 {
        (self.0.clock)()
    }

    /// One writer at a time for each account: compare-and-swap stays what is correct, this keeps it from being tried
    /// in vain by the parallel requests of one client.
    pub(crate) fn account_lock(&self, account: &Id) -> &Mutex<()> {
        stripe(&self.0.accounts, account)
    }

    /// Parts are added under the shared side; what begins, finishes or erases a body takes the other.
    pub(crate) fn body_lock(&self, body: &Id) -> &RwLock<()> {
        stripe(&self.0.bodies, body)
    }

    /// The row at a place, with the hash that a later write expects there.
    pub(crate) async fn row<R: Row>(
        &self,
        (table, key): &crate::key::Place,
    ) -> Result<Option<(R, [u8; 32])>, crate::error::Failure> {
        let Some(bytes) = self.meta.get(*table, key).await? else {
            return Ok(None);
        };
        Ok(Some((R::parse(&bytes)?, crate::store::value_hash(&bytes))))
    }

    /// Every record whose key begins with the place's, at most `limit`.
    pub(crate) async fn scan(
        &self,
        (table, prefix): &crate::key::Place,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.meta.scan(*table, prefix, None, limit).await
    }
}

impl core::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The platform's generator.
pub(crate) struct System;

impl Random for System {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

fn system_clock() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Ids are random: their first byte spreads them evenly. A creator who chooses it chooses whom he waits with.
#[expect(
    clippy::indexing_slicing,
    reason = "there are 256 stripes, one for each value of a byte"
)]
fn stripe<'a, T>(stripes: &'a [T], id: &Id) -> &'a T {
    &stripes[usize::from(id[0])]
}

const STRIPES: usize = 256;

//! The two stores: small records that change under compare-and-swap, and immutable parts of bodies.
//!
//! The docs of the traits are the contract; one suite (`conformance`) holds every implementation to it.
//! Nothing here knows what a value means, and no value is ever interpreted. Specified in `spec/store.md`.

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};

mod batch;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod error;
#[cfg(any(test, feature = "testing"))]
mod faulty;
mod folder;
mod key;
mod mark;
mod memory;
#[cfg(feature = "testing")]
pub(crate) mod parsers;
mod record;
mod scrub;
mod sequencer;
mod sled;
mod sync;

pub use batch::{Applied, Batch, Expect, Indexed, IndexedWrite};
pub use error::{CommitError, OpenError, PutError, StoreError};
#[cfg(any(test, feature = "testing"))]
pub use faulty::{Fault, Faulty};
pub use memory::MemoryStore;
pub use scrub::Scrub;
#[cfg(feature = "testing")]
pub use sled::SyncHook;
pub use sled::{Options, SledStore};

/// The fixed tables of records. There is never one per person: their numbers are part of the store's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// What the deployment knows of itself: its id, for one.
    Meta,
    /// Accounts and their encrypted records.
    Account,
    /// Credential id to OPAQUE record.
    Login,
    /// Uploads in progress.
    Upload,
    /// Bodies that were committed.
    Body,
    /// Collections: charters and heads.
    Collection,
    /// Pages of collections.
    Page,
    /// The log: written by [`Batch::append`] alone, read under the index as eight big-endian bytes.
    Log,
    /// What stands behind sealed entries of the log, and where the newest entry of a thing is.
    Opening,
    /// Full tiles of the log and of the map: derived, made again where one is missing.
    Tile,
}

/// A part stands in the store, and is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Written by this call.
    New,
    /// It stood there already, byte for byte.
    Same,
}

/// One record: its key and its value.
pub type Record = (Vec<u8>, Vec<u8>);

/// Small records: transactional, compare-and-swap, with one log.
#[async_trait]
pub trait MetaStore: Send + Sync + 'static {
    /// The value of one key, or `None`. Sees every commit that resolved before the call, and nothing that a
    /// crash could still undo.
    ///
    /// A value that fails its checksum is [`StoreError::Corrupt`], never served.
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` records whose key starts with `prefix` and is greater than `after`, by ascending key.
    ///
    /// `after` is a whole key (with its prefix), usually the last of the page before. Fewer than `limit` records
    /// mean that there are no more. One page is not a snapshot: it may show part of a batch applied meanwhile.
    async fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError>;

    /// Applies a batch atomically; durable on disk when it resolves with `Ok`.
    ///
    /// Batches take effect one after the other, in one order that every reader and the log's indices follow.
    /// Where the disk is nearly full, one with [`Batch::frees`] is applied after others are refused.
    /// Once polled, a batch may be applied even if the caller stops waiting.
    /// After [`CommitError::Conflict`] or [`CommitError::Invalid`] nothing was written. After any other error the
    /// batch is wholly there or wholly absent: callers ask again, and their writes are idempotent.
    async fn commit(&self, batch: Batch) -> Result<Applied, CommitError>;
}

/// Immutable parts of bodies.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Stores one part, of 1 to [`PART_BYTES`] bytes; durable on disk when it resolves with `Ok`.
    ///
    /// The same bytes again are [`Stored::Same`], as durable as the first time. Other bytes are
    /// [`PutError::Different`], and what stood there is untouched. Any other error leaves the part wholly there
    /// or absent; sending it again is always right. A part precedes the record that names it.
    async fn put_part(&self, body: [u8; 16], part: u32, bytes: Bytes) -> Result<Stored, PutError>;

    /// One part, or `None`. A part is never served in pieces or altered: that is [`StoreError::Corrupt`].
    async fn part(&self, body: [u8; 16], part: u32) -> Result<Option<Bytes>, StoreError>;

    /// Numbers of the parts that are there, ascending.
    async fn parts(&self, body: [u8; 16]) -> Result<Vec<u32>, StoreError>;

    /// Removes parts of a body, at most [`DELETE_PARTS`] of them; whether none is left. None at all is no error.
    /// Durable when it resolves with `Ok`; otherwise some parts may be gone, and the call is to be repeated.
    ///
    /// The caller keeps uploads to the same body away meanwhile, and removes the record that names the body
    /// only afterwards, so that no crash leaves parts that nothing names.
    async fn delete_body(&self, body: [u8; 16]) -> Result<bool, StoreError>;
}

/// SHA-256 of a value, as [`Expect::Is`] compares it.
#[must_use]
pub fn value_hash(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

/// Bytes of one key of a record, from 1.
pub const KEY_BYTES: usize = 256;
/// Bytes of one value, from 0: with the store's own header it stays below the engine's 64 KiB.
pub const VALUE_BYTES: usize = 60 << 10;
/// Expectations, puts, deletes and log entries of one batch, each.
pub const BATCH_ITEMS: usize = 8_192;
/// Bytes of all keys and values of one batch: 128 pages and what goes with them.
pub const BATCH_BYTES: usize = 4 << 20;
/// Parts that one call removes at most: a tenth of a second of work.
pub const DELETE_PARTS: usize = 64;
/// Bytes of one part: the wire's own bound with room.
pub const PART_BYTES: usize = 2 << 20;

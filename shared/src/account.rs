//! Accounts: registration, the records that only their owner can open, quota.

use serde::{Deserialize, Serialize};

use crate::audit::{LogWrite, Logged};
use crate::blob::Blob;
use crate::collection::Commit;
use crate::id::{AccountId, CollectionId, Hash, OperationId, RecoveryId};

/// First half of OPAQUE registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationStart {
    /// Normalised handle.
    pub handle: String,
    /// OPAQUE RegistrationRequest (32 B).
    pub request: Blob,
}

/// The answer. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationChallenge {
    /// OPAQUE RegistrationResponse (64 B).
    pub response: Blob,
}

/// A whole account in one request and one transaction; idempotent by `account_id` and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// Names this request.
    pub operation_id: OperationId,
    /// Random, made by the client.
    pub account_id: AccountId,
    /// Normalised handle.
    pub handle: String,
    /// OPAQUE RegistrationRecord (192 B).
    pub registration: Blob,
    /// Locates the account by its words.
    pub recovery_id: RecoveryId,
    /// Ed25519 public key that proves possession of the words, 32 B.
    pub recovery_pk: Hash,
    /// CVS1 of type 1 (password), 168 B.
    pub password_slot: Blob,
    /// CVS1 of type 3 (words), 168 B.
    pub words_slot: Blob,
    /// CAR1 of kind 1.
    pub secrets: Blob,
    /// CAR1 of kind 2, version 1.
    pub manifest: Blob,
    /// CID1, seq 0.
    pub bundle: Blob,
    /// The personal collection.
    pub collection: CreateCollection,
    /// The label of its identity in the log.
    pub label: Hash,
    /// For the manifest's entry in the log; the collection's commit has its own.
    pub log: LogWrite,
}

/// A collection at its birth: charter 0, head 0 and the pages that head 0 names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCollection {
    /// Random, made by the client.
    pub collection_id: CollectionId,
    /// CVK1, genesis.
    pub charter: Blob,
    /// Head 0 with its pages.
    pub commit: Commit,
}

/// The signed-in account as stored, for its own client to check byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose.
    pub account_id: AccountId,
    /// Normalised handle.
    pub handle: String,
    /// Every slot, 168 B each, in the order of their slot ids.
    pub slots: Vec<Blob>,
    /// CAR1 of kind 1.
    pub secrets: Blob,
    /// CAR1 of kind 2, the newest.
    pub manifest: Blob,
    /// The manifest's entry in the log.
    pub logged: Logged,
    /// CID1, the newest.
    pub bundle: Blob,
    /// Ciphertext stored and allowed.
    pub quota: Quota,
    /// Changes of the ways in that the person has not acknowledged yet, oldest first; at most [`EVENTS`](crate::limit::EVENTS).
    pub events: Vec<Event>,
}

/// A change of a way in, as the server remembers it until it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Of the request that made the change.
    pub event_id: OperationId,
    /// By the server's clock, Unix seconds.
    pub at: u64,
    /// A new sheet; a new phrase otherwise.
    pub sheet: bool,
    /// The session that asked for it was opened by the words.
    pub by_words: bool,
}

/// Ciphertext bytes of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Bodies stored.
    pub used: u64,
    /// Uploads in progress.
    pub reserved: u64,
    /// Both together may not pass this.
    pub limit: u64,
}

/// The next manifest; `If-Match` carries the manifest_hash it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutManifest {
    /// CAR1 of kind 2, version n+1.
    pub manifest: Blob,
    /// For its entry in the log.
    pub log: LogWrite,
}

/// What is stored after a successful `PUT` of a manifest. The loser of the race gets 412 and reads the account again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestStored {
    /// manifest_hash of what is stored now.
    pub manifest_hash: Hash,
    /// Index of its entry in the log.
    pub log_index: u64,
}

/// A new password record (N2, and N3 after a words login): record, slot and manifest in one request.
///
/// `If-Match` carries the manifest_hash it follows; idempotent by `operation_id`. Every other session ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPassword {
    /// Names this request.
    pub operation_id: OperationId,
    /// OPAQUE RegistrationRecord (192 B).
    pub registration: Blob,
    /// CVS1 of type 1, replaces the stored one.
    pub password_slot: Blob,
    /// CAR1 of kind 2, version n+1, listing the new slot.
    pub manifest: Blob,
    /// For its entries in the log: the change of the way in where it is one to tell, and the manifest's last.
    pub log: LogWrite,
}

/// A new sheet: recovery id and key, words slot and manifest in one request.
///
/// `If-Match` carries the manifest_hash it follows; idempotent by `operation_id`. Every other session ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutWords {
    /// Names this request.
    pub operation_id: OperationId,
    /// Of the new words.
    pub recovery_id: RecoveryId,
    /// Ed25519 public key that proves possession of the new words, 32 B.
    pub recovery_pk: Hash,
    /// CVS1 of type 3, replaces the stored one.
    pub words_slot: Blob,
    /// CAR1 of kind 2, version n+1, listing the new slot.
    pub manifest: Blob,
    /// For its entries in the log: the change of the way in where it is one to tell, and the manifest's last.
    pub log: LogWrite,
}

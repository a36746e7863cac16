//! The log: what a write says for its entries, and what the log says about itself.
//!
//! Checkpoints and tiles are text and bytes of C2SP and have no JSON form: `spec/log.md`.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::count::at_most;
use crate::id::{Hash, LogTag};
use crate::limit;

/// What a write says for its entries of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogWrite {
    /// 32 random bytes: blinds, and the tags that nobody has to find, come out of them.
    pub seed: Hash,
    /// Where the head's or manifest's own entry is found by who holds the key.
    pub tag: LogTag,
}

/// Where the entry of a served head or manifest stands, and what opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// From 0.
    pub index: u64,
    /// Of its commitment.
    pub blind: Hash,
}

/// The log of a deployment, and whom it asks to be believed with: what a client pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogCard {
    /// The log's key, as in a signed note; its name is the origin.
    pub key: String,
    /// Keys of the witnesses.
    #[serde(deserialize_with = "at_most::<{ limit::WITNESSES as usize }, _, _>")]
    pub witnesses: Vec<String>,
    /// How many of them sign a checkpoint before it counts.
    pub quorum: u8,
    /// Seconds after which their signatures are stale.
    pub max_age: u32,
    /// Whether a stale log stops writing.
    pub strict: bool,
    /// Index of the entry PREDECESSOR with which this log goes on from a backup; null where it is the first.
    #[serde(deserialize_with = "Option::deserialize")]
    pub restored_at: Option<u64>,
}

/// Asks for proofs in the log of this size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadProofs {
    /// The size of a checkpoint.
    pub size: u64,
    /// Sizes of which it is asked that they are beginnings of it.
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub sizes: Vec<u64>,
    /// Indices of entries of which it is asked that they are in it.
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub indices: Vec<u64>,
}

/// The proofs asked for, each as the hashes of RFC 6962, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// One for each size.
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub consistency: Vec<Vec<Hash>>,
    /// One for each index.
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub inclusion: Vec<Vec<Hash>>,
}

/// Asks what the map has under these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadMap {
    /// SHA-256 of a subject each (`spec/map.md`, section 1).
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub keys: Vec<Hash>,
}

/// What the map has, under the newest root that was logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapProofs {
    /// Of the map.
    pub root: Hash,
    /// Entries that it covers, from the first.
    pub covered: u64,
    /// Index of the entry MAP_HEAD that says both.
    pub index: u64,
    /// One for each key, in that order (`spec/map.md`, section 3).
    #[serde(deserialize_with = "at_most::<{ limit::PROOFS as usize }, _, _>")]
    pub proofs: Vec<Blob>,
}

//! Bodies: begin, send parts, finish, read. The parts and the content themselves travel as octets.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::id::{BodyId, Hash};

/// Begin an upload; reserves quota. Idempotent by `body_id` and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginUpload {
    /// Random, made by the client.
    pub body_id: BodyId,
    /// Bytes of the whole ciphertext; must be a length of the padding rule.
    pub ct_len: u64,
    /// CAR1 of kind 3, version 1: lets the owner's devices continue.
    pub record: Blob,
}

/// One unfinished upload as the server remembers it. What it says was received never decides whether to continue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// Which body.
    pub body_id: BodyId,
    /// Bytes of the whole ciphertext.
    pub ct_len: u64,
    /// CAR1 of kind 3, the newest.
    pub record: Blob,
    /// Part numbers that are stored, ascending.
    pub parts: Vec<u32>,
}

/// The unfinished uploads of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// At most [`crate::limit::UPLOADS`].
    pub items: Vec<Upload>,
}

/// The next version of an upload's record (it gains the digest). Version must be stored + 1, or equal with the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutUploadRecord {
    /// CAR1 of kind 3.
    pub record: Blob,
}

/// Finish: every part must be there, fold to `body_root`, and have the length that the header says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitUpload {
    /// CVB1, 120 B.
    pub header: Blob,
}

/// The answer to a finished upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyStored {
    /// body_hash of the stored header.
    pub body_hash: Hash,
}

/// What is needed before the first byte of content: header and part hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// CVB1, 120 B.
    pub header: Blob,
    /// 32 B for each part, in order.
    pub part_hashes: Blob,
}

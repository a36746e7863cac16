//! Collections: charters, heads, pages, and the commit that moves from one head to the next.

use serde::{Deserialize, Serialize};

use crate::audit::{LogWrite, Logged};
use crate::blob::Blob;
use crate::count::at_most;
use crate::id::{BodyId, Hash};
use crate::limit;

/// A collection as it stands: every charter from genesis, and the current head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// CVK1, in order of charter_no.
    pub charters: Vec<Blob>,
    /// CVH1, the newest.
    pub head: Blob,
    /// Its entry in the log.
    pub logged: Logged,
}

/// One commit: new pages, references gained and lost, and the signed head over both.
///
/// `PUT` with `If-Match: <prev_head_hash>`. Sending the head that is stored already succeeds again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Sealed pages, each named by the hash of its bytes.
    #[serde(deserialize_with = "at_most::<{ limit::PAGES as usize }, _, _>")]
    pub pages: Vec<Blob>,
    /// Sorted, without repeats; hashed into the head's `refs_hash`.
    #[serde(deserialize_with = "at_most::<{ limit::REFS as usize }, _, _>")]
    pub adds: Vec<Reference>,
    /// Sorted, without repeats; hashed into the head's `refs_hash`.
    #[serde(deserialize_with = "at_most::<{ limit::REFS as usize }, _, _>")]
    pub drops: Vec<Reference>,
    /// CVH1.
    pub head: Blob,
    /// For its entries of the log: one for each body that it adds or drops, and the head's last.
    pub log: LogWrite,
}

/// What a commit gains or loses: `{"body":"<id>"}` or `{"page":"<hash>"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reference {
    /// A stored body.
    Body(BodyId),
    /// A page of the index.
    Page(Hash),
}

/// The answer to a commit: the head that is stored now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// head_hash of the stored head.
    pub head_hash: Hash,
    /// Index of its entry in the log.
    pub log_index: u64,
}

/// Heads after one that the client knows, oldest first: `?after=<head_no>&limit=<=500`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    /// CVH1 each.
    pub items: Vec<Blob>,
    /// Pass as `after` to go on; null at the end.
    #[serde(deserialize_with = "Option::deserialize")]
    pub next: Option<u64>,
}

/// Read pages by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadPages {
    /// At most [`crate::limit::PAGES`].
    #[serde(deserialize_with = "at_most::<{ limit::PAGES as usize }, _, _>")]
    pub ids: Vec<Hash>,
}

/// The pages asked for, in that order; `None` for one that is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Sealed pages.
    pub pages: Vec<Option<Blob>>,
}

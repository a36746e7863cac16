//! The journal of an account: what the server says happened to it, and what the operator says to everybody.
//!
//! All of it is the server's word. A change of the list carries the references whose hash the head of that number signs,
//! so that whoever holds the chain of heads can tell what a device of the person signed (`spec/flows.md`, section 12).

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::collection::Reference;
use crate::count::at_most;
use crate::id::{BodyId, CollectionId, SessionId};
use crate::limit;

/// Events after one that the client knows, oldest first: `?after=<number>&limit=<=500`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Numbers ascend by one; at most [`limit::ITEMS`], and fewer where they are long.
    #[serde(deserialize_with = "at_most::<{ limit::ITEMS as usize }, _, _>")]
    pub items: Vec<JournalEvent>,
    /// Pass as `after` to go on; null at the end.
    #[serde(deserialize_with = "Option::deserialize")]
    pub next: Option<u64>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalEvent {
    /// From 1, without a gap; the oldest are forgotten first.
    pub number: u64,
    /// By the server's clock, Unix seconds.
    pub at: u64,
    /// What happened.
    pub what: Happening,
}

/// What happened, as far as the server can see it. No address, no name of a device that it could read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// A session began.
    SignedIn {
        /// Which.
        session_id: SessionId,
        /// By the twelve words; by the phrase otherwise.
        by_words: bool,
    },
    /// A session's client said what it is called.
    Named {
        /// Which.
        session_id: SessionId,
        /// Sealed for the account's own devices, [`limit::LABEL_BYTES`] bytes.
        label: Blob,
    },
    /// A session ended itself.
    SignedOut {
        /// Which.
        session_id: SessionId,
    },
    /// One session ended another.
    Ended {
        /// The one that asked for it.
        by: SessionId,
        /// The one that ended.
        session_id: SessionId,
    },
    /// One session ended all others that were open.
    EndedOthers {
        /// The one that asked for it.
        by: SessionId,
        /// How many.
        count: u32,
    },
    /// Sign-ins that were begun and came to nothing.
    Failed {
        /// By the twelve words; by the phrase otherwise.
        by_words: bool,
        /// How many in each of the hours from the event's time on: 24, which is the beginning of an hour.
        #[serde(deserialize_with = "at_most::<{ limit::ITEMS as usize }, _, _>")]
        hours: Vec<u32>,
    },
    /// A body was stored, whole.
    Uploaded {
        /// Which.
        body_id: BodyId,
        /// Its ciphertext, bytes.
        ct_len: u64,
    },
    /// A commit moved the head of a collection.
    Changed {
        /// Which.
        collection_id: CollectionId,
        /// Of the head.
        head_no: u64,
        /// As the head's refs_hash has them.
        #[serde(deserialize_with = "at_most::<{ limit::REFS as usize }, _, _>")]
        adds: Vec<Reference>,
        /// As the head's refs_hash has them.
        #[serde(deserialize_with = "at_most::<{ limit::REFS as usize }, _, _>")]
        drops: Vec<Reference>,
    },
    /// A body was erased: nothing of it is left in the store.
    Erased {
        /// Which.
        body_id: BodyId,
    },
    /// A new phrase, or a new sheet.
    NewWayIn {
        /// A new sheet; a new phrase otherwise.
        sheet: bool,
        /// The session that asked for it was opened by the words.
        by_words: bool,
    },
}

/// Every statement of the operator that is kept, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    /// At most [`limit::STATEMENTS`].
    #[serde(deserialize_with = "at_most::<{ limit::STATEMENTS as usize }, _, _>")]
    pub items: Vec<Statement>,
}

/// What the operator said to everybody, under an entry OPERATOR of the log: of a maintenance, for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Index of the entry.
    pub index: u64,
    /// When it was said, by the server's clock, Unix seconds.
    pub at: u64,
    /// One to [`limit::STATEMENT_BYTES`] bytes.
    pub text: String,
}

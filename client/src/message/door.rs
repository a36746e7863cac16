//! Calls of the public screens, and what they bring: the list of words, the sheet of a draft.

use serde::{Deserialize, Serialize};

/// What the doors may ask.
#[derive(Clone, Serialize, Deserialize)]
pub enum DoorCall {
    /// The words that sheets and proposed phrases are made of.
    WordList,
    /// Three words of the drafted account's sheet were retyped: it is created as confirmed.
    ConfirmSheet,
}

/// What a call of the doors brings.
#[derive(Clone, Serialize, Deserialize)]
pub enum DoorAnswer {
    /// 2048 words, as sheets write them.
    WordList(Vec<String>),
}

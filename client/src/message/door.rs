//! Calls of the public screens, and what they bring: the list of words, the sheet of a draft, opening by words.

use serde::{Deserialize, Serialize};

/// What the doors may ask.
#[derive(Serialize, Deserialize)]
pub enum DoorCall {
    /// The words that sheets and proposed phrases are made of.
    WordList,
    /// Three words of the drafted account's sheet were retyped: it is created as confirmed.
    ConfirmSheet,
    /// Open with the twelve words; the phrase stays as it is.
    OpenWithWords {
        /// As typed.
        words: String,
    },
    /// Replace the phrase of the open safe.
    SetPhrase {
        /// The new secret phrase.
        phrase: String,
    },
}

/// What a call of the doors brings.
#[derive(Clone, Serialize, Deserialize)]
pub enum DoorAnswer {
    /// 2048 words, as sheets write them.
    WordList(Vec<String>),
}

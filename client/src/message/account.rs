//! Calls about the account itself, and what they bring: its secrets, its devices, its end.

use sdk::flows::kit::KitState;
use serde::{Deserialize, Serialize};

/// What the page may ask about the account.
#[derive(Serialize, Deserialize)]
pub enum AccountCall {
    /// What is known of the recovery sheet.
    Kit,
    /// The person has shown the sheet: three words retyped.
    ConfirmKit,
    /// Whether these are the words of this safe. Decided on this device; nothing is sent.
    CheckWords {
        /// As typed.
        words: String,
    },
}

/// What a call about the account brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountAnswer {
    /// What is known of the recovery sheet now.
    Kit(KitState),
    /// Whether the words are those of this safe.
    Words(bool),
}

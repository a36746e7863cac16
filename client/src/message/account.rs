//! Calls about the account itself, and what they bring: its secrets, its devices, its end.

use sdk::flows::device::OpenDevice;
use sdk::flows::kit::KitState;
use sdk::flows::notice::WayChange;
use serde::{Deserialize, Serialize};

/// What the page may ask about the account.
#[derive(Clone, Serialize, Deserialize)]
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
    /// Open with the twelve words alone: the safe is open at once. Answers [`super::Answer::Opened`].
    OpenWithWords {
        /// As typed.
        words: String,
    },
    /// Nothing but the proof: what may follow it for a quarter of an hour takes [`Proof::JustOpened`].
    Prove {
        /// Who asks.
        proof: Proof,
    },
    /// Replace the secret phrase. Every other device is signed out.
    SetPhrase {
        /// The new one, as typed.
        phrase: String,
        /// Who asks.
        proof: Proof,
    },
    /// New words; the old sheet opens nothing from then on.
    NewSheet {
        /// Who asks.
        proof: Proof,
    },
    /// The open devices.
    Devices,
    /// Sign another device out. Answers with those that are left.
    CloseDevice {
        /// As [`OpenDevice`] names it.
        id: String,
    },
    /// Sign every other device out.
    CloseOtherDevices,
    /// The person has read every change of the ways in.
    AcknowledgeChanges,
    /// Close the account and erase everything.
    Close {
        /// Who asks.
        proof: Proof,
    },
}

/// That it is the owner who asks for what cannot be taken back.
#[derive(Clone, Serialize, Deserialize)]
pub enum Proof {
    /// The safe was opened less than a quarter of an hour ago, for instance by the words to set a phrase.
    JustOpened,
    /// The secret phrase, as typed.
    Phrase(String),
    /// The twelve words, as typed.
    Words(String),
}

/// What a call about the account brings.
#[derive(Clone, Serialize, Deserialize)]
pub enum AccountAnswer {
    /// What is known of the recovery sheet now.
    Kit(KitState),
    /// Whether the words are those of this safe.
    Words(bool),
    /// The new sheet: to be written down now.
    Sheet(super::Sheet),
    /// The open devices.
    Devices(Vec<OpenDevice>),
    /// Changes of the ways in that are still to be read.
    Changes(Vec<WayChange>),
    /// Done.
    Done,
}

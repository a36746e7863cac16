//! The file that a person takes away: the lines, and in two languages what each source proves.

use serde::{Deserialize, Serialize};
use shared::AccountId;

use super::{HeadSaid, History, Line};
use crate::evidence::About;

/// What each verdict proves, and does not. The words are the caller's: they stand in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proves {
    /// Of lines that a device signed.
    pub signed: About,
    /// Of lines that are the server's word.
    pub server: About,
    /// Of lines that stand in the public log.
    pub logged: About,
    /// Of lines on which server and devices do not agree.
    pub contradiction: About,
}

/// The file. Its one form is JSON, indented by two blanks, fields in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// [`FORMAT`].
    pub format: String,
    /// What is in it, for people.
    pub about: About,
    /// What each verdict proves.
    pub proves: Proves,
    /// Whose.
    pub account: AccountId,
    /// When it was put together, by the device's clock, Unix seconds.
    pub made: u64,
    /// From the creation of the account on.
    pub whole: bool,
    /// The newest signed head that the journal was held against.
    pub head: HeadSaid,
    /// The oldest first.
    pub lines: Vec<Line>,
}

impl History {
    /// A file of all lines.
    #[must_use]
    pub fn export(self, about: About, proves: Proves) -> Export {
        Export {
            format: FORMAT.to_owned(),
            about,
            proves,
            account: self.account,
            made: self.made,
            whole: self.whole,
            head: self.head,
            lines: self.lines,
        }
    }
}

impl Export {
    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

/// The format of the file.
const FORMAT: &str = "civis-journal-1";

//! The file that a person takes away: some pieces of evidence, and in two languages what is in it. spec/evidence.md.

use serde::{Deserialize, Serialize};

use super::{Evidence, NotEvidence, Subject};

/// Whether the names of documents go into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// As the person gave them.
    Included,
    /// Each is replaced by "a document".
    LeftOut,
}

/// What the file says of itself before anything else. The words are the caller's: they stand in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

/// The file. Its one form is JSON, indented by two blanks, fields in this order, without a line end after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// [`FORMAT`].
    pub format: String,
    /// What is in it, for people.
    pub about: About,
    /// Whether documents are named.
    pub names: Names,
    /// The pieces, oldest first.
    pub pieces: Vec<Evidence>,
}

impl Export {
    /// A file of these pieces. Without names, none of them can be in it.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Evidence>, names: Names, about: About) -> Self {
        let mut pieces: Vec<_> = pieces
            .into_iter()
            .map(|piece| match names {
                Names::Included => piece,
                Names::LeftOut => piece.without_name(),
            })
            .collect();
        pieces.sort_by_key(|piece| piece.when);
        Self {
            format: FORMAT.to_owned(),
            about,
            names,
            pieces,
        }
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Reads the one form.
    ///
    /// # Errors
    /// [`NotEvidence`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotEvidence> {
        if bytes.len() > FILE_BYTES {
            return Err(NotEvidence);
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|_| NotEvidence)?;
        let named = read
            .pieces
            .iter()
            .any(|piece| matches!(piece.subject, Subject::Document { .. }));
        let coherent = read.format == FORMAT
            && read.pieces.iter().all(Evidence::is_coherent)
            && !(named && read.names == Names::LeftOut);
        if coherent && read.to_bytes() == bytes {
            Ok(read)
        } else {
            Err(NotEvidence)
        }
    }
}

/// The format of the file.
const FORMAT: &str = "civis-evidence-file-1";
/// The longest file: every piece that one account can have on a device, with room to spare.
const FILE_BYTES: usize = 32 << 20;

//! Taking everything away in one archive, and bringing an archive or a folder in.

use sdk::flows::archive::import::Imported;
use sdk::flows::archive::list::Missing;
use serde::{Deserialize, Serialize};

use super::Listing;

/// What the page may ask.
#[derive(Clone, Serialize, Deserialize)]
pub enum ArchiveCall {
    /// Everything into one archive. It goes into the file whose handle travels beside this message; without one it comes
    /// back as a Blob.
    Export {
        /// What lies in the trash, too.
        trash: bool,
    },
    /// The archive that travels beside this message.
    ImportArchive,
    /// The files of a folder, which travel beside this message.
    ImportFolder {
        /// The path of each, the chosen folder's own name first.
        paths: Vec<String>,
    },
}

/// What such a call brings.
#[derive(Clone, Serialize, Deserialize)]
pub enum ArchiveAnswer {
    /// The archive is whole.
    Exported {
        /// Documents in it.
        documents: u64,
        /// Documents that should be in it and are not.
        missing: Vec<Missing>,
    },
    /// Everything was looked at.
    Imported {
        /// What came of it.
        done: Imported,
        /// The list after it.
        listing: Listing,
    },
}

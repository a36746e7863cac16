//! Calls about a session that goes on after a reload or in a second tab.

use sdk::flows::document::Item;
use serde::{Deserialize, Serialize};

use super::Opened;

/// What the page may ask about it.
#[derive(Clone, Serialize, Deserialize)]
pub enum ResumeCall {
    /// Go on with the session that this device keeps, or try again where the network was missing.
    GoOn,
}

/// What came of it.
#[derive(Clone, Serialize, Deserialize)]
pub enum ResumeAnswer {
    /// Nothing is kept, or nothing that opens: the door.
    Closed,
    /// The safe is open.
    Opened(Box<Opened>),
    /// Nobody answered: what this device knows, to be read only.
    Offline(LastList),
}

/// The list as this device knew it last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LastList {
    /// Normalised handle, where it is known.
    pub handle: String,
    /// When the server was last asked, Unix seconds; `None` where no list is kept.
    pub when: Option<u64>,
    /// Everything, the bin included.
    pub items: Vec<Item>,
}

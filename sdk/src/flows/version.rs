//! Versions: the contents that a document had before, and how one of them becomes current again.
//!
//! An entry keeps eight of them at most; what drops out is dropped by the commit, so the server erases it.
//! spec/flows.md section 5, spec/collection.md section 4.

use crypto::document::descriptor::Descriptor;
use serde::{Deserialize, Serialize};
use shared::BodyId;

use super::commit::{CommitError, Committed, Signer};
use super::document::change_entry;
use super::item::ObjectId;
use crate::session::Unlocked;

/// A content that a document had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its place among the older ones, the newest first.
    pub index: u32,
    /// Bytes of content.
    pub len: u64,
    /// Media type from the closed list.
    pub media: String,
    /// When it became the content, Unix seconds, where that is known.
    pub since: Option<u64>,
    /// The body that holds it.
    pub body: BodyId,
}

impl Unlocked {
    /// The older contents of a document, the newest first; empty for a folder and for what is not there.
    #[must_use]
    pub fn versions(&self, object: &ObjectId) -> Vec<Version> {
        let Ok(state) = self.state() else {
            return Vec::new();
        };
        let Some(entry) = object.parse().and_then(|id| state.index.entry(&id).cloned()) else {
            return Vec::new();
        };
        (0..)
            .zip(&entry.older)
            .map(|(index, content)| Version {
                index,
                len: content.plain_len(),
                media: content.media().name().to_owned(),
                since: entry.dates.get(content.body_id()).copied(),
                body: BodyId(*content.body_id()),
            })
            .collect()
    }

    /// Makes an older content current again; the one that was becomes the newest of the older.
    ///
    /// # Errors
    /// [`CommitError::NotFound`] also where there is no such version.
    pub async fn restore_version(&self, object: &ObjectId, index: u32) -> Result<Committed, CommitError> {
        let id = object.parse().ok_or(CommitError::NotFound)?;
        self.ready().await?;
        // Named by its body from here on: another device may add a version before this act has its turn.
        let wanted = self.older(object, index).ok_or(CommitError::NotFound)?;
        self.commit(Signer::Write, |index, by| {
            let entry = index.entry(&id).ok_or(CommitError::NotFound)?;
            let body = wanted.body_id();
            if !entry.contents().any(|content| content.body_id() == body) {
                return Err(CommitError::NotFound);
            }
            if entry.descriptor.as_ref().is_some_and(|now| now.body_id() == body) {
                return Ok(());
            }
            change_entry(index, by, &id, |entry| entry.replace_content(wanted.clone()))
        })
        .await
    }

    /// The descriptor of an older content.
    pub(crate) fn older(&self, object: &ObjectId, index: u32) -> Option<Descriptor> {
        let state = self.state().ok()?;
        let entry = state.index.entry(&object.parse()?)?;
        entry.older.get(usize::try_from(index).ok()?).cloned()
    }
}

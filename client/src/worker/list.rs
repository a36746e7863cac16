//! Calls that read or change the list of documents. spec/flows.md section 5.

use sdk::flows::commit::{CommitError, Committed, MergeNote};
use sdk::flows::item::ObjectId;
use sdk::session::Unlocked;

use super::{Brought, Desk, failure};
use crate::message::safe::{SafeAnswer, SafeCall};
use crate::message::{Answer, CallId, Failure, Fill, Listing};
use crate::platform::file::BlobSink;

impl Desk {
    pub(super) async fn list(&self) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        let synced = safe.sync().await.map_err(|error| failure(&error))?;
        self.keep_list(&safe, synced.changed).await;
        Ok(Answer::Listing(self.listing(&safe, Vec::new()).await))
    }

    pub(super) async fn rename(&self, object: &ObjectId, name: &str) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        self.changed(&safe, safe.rename(object, name).await).await
    }

    /// Everything else about the list.
    pub(super) async fn about_list(&self, id: CallId, call: SafeCall) -> Brought {
        let safe = self.safe()?;
        let result = match call {
            SafeCall::MakeFolder { name, parent } => {
                return self.make_folder(&safe, &name, parent.as_ref()).await;
            }
            SafeCall::Versions { object } => {
                let versions = SafeAnswer::Versions(safe.versions(&object));
                return Ok((Answer::Safe(versions), None));
            }
            SafeCall::DownloadVersion { object, index } => {
                return self.download_version(id, &object, index).await;
            }
            SafeCall::Thumbnail { object } => return thumbnail(&safe, &object).await,
            SafeCall::SetThumbnail { object, picture } => {
                let set = safe.set_thumbnail(&object, &picture).await;
                Ok(set.map_err(|error| failure(&error))?)
            }
            SafeCall::Move { objects, folder } => safe.move_many(&objects, folder.as_ref()).await,
            SafeCall::Trash { objects } => safe.trash_many(&objects).await,
            SafeCall::Restore { objects } => safe.restore_many(&objects).await,
            SafeCall::Purge { objects } => safe.purge(&objects).await,
            SafeCall::SetCategory { objects, category } => safe.set_category(&objects, category).await,
            SafeCall::SetTags { object, tags } => safe.set_tags(&object, &tags).await,
            SafeCall::SetRetention { object, end } => safe.set_retention(&object, end).await,
            SafeCall::RestoreVersion { object, index } => safe.restore_version(&object, index).await,
        };
        Ok((self.changed(&safe, result).await?, None))
    }

    async fn make_folder(&self, safe: &Unlocked, name: &str, parent: Option<&ObjectId>) -> Brought {
        let made = safe.add_folder(name, parent).await;
        let (object, committed) = made.map_err(|error| failure(&error))?;
        let listing = self.listing(safe, committed.merged).await;
        Ok((Answer::Safe(SafeAnswer::Folder { object, listing }), None))
    }

    async fn changed(
        &self,
        safe: &Unlocked,
        result: Result<Committed, CommitError>,
    ) -> Result<Answer, Failure> {
        let committed = result.map_err(|error| failure(&error))?;
        self.keep_list(safe, true).await;
        Ok(Answer::Listing(self.listing(safe, committed.merged).await))
    }

    /// The list as this client holds it now, and how full the safe is: as last known where the server does not say. What
    /// was done stays done, whatever becomes of that question.
    pub(super) async fn listing(&self, safe: &Unlocked, merged: Vec<MergeNote>) -> Listing {
        if let Ok(card) = safe.card().await {
            self.fill.set(Some(Fill {
                used: card.quota.used.saturating_add(card.quota.reserved),
                limit: card.quota.limit,
            }));
        }
        Listing {
            items: safe.list(),
            fill: self.fill.get(),
            log: safe.log_state().await.ok(),
            merged,
        }
    }
}

/// The picture as bytes without a type, like any content: an `img` element looks at the bytes, nothing else shows it.
async fn thumbnail(safe: &Unlocked, object: &ObjectId) -> Brought {
    let picture = safe.read_thumbnail(object).await;
    let picture = picture.map_err(|error| failure(&error))?;
    let mut sink = BlobSink::default();
    sdk::flows::Sink::write(&mut sink, &picture)
        .await
        .map_err(|_| Failure::code("file"))?;
    let blob = sink
        .finish("application/octet-stream")
        .map_err(|_| Failure::code("file"))?;
    Ok((Answer::Done, Some(blob)))
}

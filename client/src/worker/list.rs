//! Calls that read or change the list of documents. spec/flows.md section 5.

use sdk::flows::commit::{CommitError, Committed, MergeNote};
use sdk::flows::document::ObjectId;
use sdk::session::Unlocked;

use super::{Desk, failure};
use crate::message::{Answer, Failure, Fill, Listing};

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

    pub(super) async fn trash(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        self.changed(&safe, safe.trash(object).await).await
    }

    pub(super) async fn restore(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        self.changed(&safe, safe.restore(object).await).await
    }

    pub(super) async fn purge(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        self.changed(&safe, safe.purge(std::slice::from_ref(object)).await)
            .await
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
            merged,
        }
    }
}

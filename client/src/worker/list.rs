//! Calls that read or change the list of documents. spec/flows.md section 5.

use sdk::flows::commit::{CommitError, Committed, MergeNote};
use sdk::flows::document::ObjectId;
use sdk::session::Unlocked;

use super::{Desk, failure};
use crate::message::{Answer, Failure, Listing};

impl Desk {
    pub(super) async fn list(&self) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        safe.sync().await.map_err(|error| failure(&error))?;
        listing(&safe, Vec::new()).await.map(Answer::Listing)
    }

    pub(super) async fn rename(&self, object: &ObjectId, name: &str) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        changed(&safe, safe.rename(object, name).await).await
    }

    pub(super) async fn trash(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        changed(&safe, safe.trash(object).await).await
    }

    pub(super) async fn restore(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        changed(&safe, safe.restore(object).await).await
    }

    pub(super) async fn purge(&self, object: &ObjectId) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        changed(&safe, safe.purge(std::slice::from_ref(object)).await).await
    }
}

async fn changed(safe: &Unlocked, result: Result<Committed, CommitError>) -> Result<Answer, Failure> {
    let committed = result.map_err(|error| failure(&error))?;
    listing(safe, committed.merged).await.map(Answer::Listing)
}

/// The list as this client holds it now, and how full the safe is.
pub(super) async fn listing(safe: &Unlocked, merged: Vec<MergeNote>) -> Result<Listing, Failure> {
    let quota = safe.card().await.map_err(|error| failure(&error))?.quota;
    let used = quota.used.saturating_add(quota.reserved);
    Ok(Listing {
        items: safe.list(),
        used,
        limit: quota.limit,
        merged,
    })
}

//! Changes of the ways in, to be shown until the person has acknowledged them (checklist 47).
//!
//! Two witnesses: the server's list, and this device's own note of the slots that were in use when somebody here last
//! acknowledged. A server that hides a change is found out by every device that has such a note. spec/flows.md section 3.

use crypto::account::slot::SlotType;
use serde::{Deserialize, Serialize};
use shared::AccountId;

use super::retry;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::session::Unlocked;

/// What changed, as far as anybody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayChange {
    /// A new sheet; a new phrase otherwise.
    pub sheet: bool,
    /// Whether the words were used for it, where the server says so.
    pub by_words: Option<bool>,
    /// When, by the server's word, Unix seconds.
    pub at: Option<u64>,
    /// This device has seen by itself that another phrase or sheet is in use than when it was last acknowledged here.
    pub seen_here: bool,
}

/// Why an acknowledgement is not known to be kept.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The network or the server; it will be shown again.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// This device: local store.
    #[error("this device failed")]
    Device,
}

impl From<LocalError> for NoticeError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl Unlocked {
    /// Every change that was not acknowledged yet: by the server's list as it stood at the sign-in, and by this device's
    /// own note, whatever the server says.
    ///
    /// # Errors
    /// [`LocalError`].
    pub async fn way_changes(&self) -> Result<Vec<WayChange>, LocalError> {
        let known = self.device().local().get(&ways_key(self.account_id)).await?;
        let in_use = self.ways_in_use();
        // A note that cannot be read is a failed store, not a first visit.
        let [phrase, sheet] = match known {
            Some(known) => parse_ways(&known).ok_or(LocalError)?,
            None => in_use,
        };
        let seen = [phrase != in_use[0], sheet != in_use[1]];
        let mut changes: Vec<WayChange> = self
            .events
            .borrow()
            .iter()
            .map(|event| WayChange {
                sheet: event.sheet,
                by_words: Some(event.by_words),
                at: Some(event.at),
                seen_here: seen[usize::from(event.sheet)],
            })
            .collect();
        for sheet in [false, true] {
            if seen[usize::from(sheet)] && !changes.iter().any(|change| change.sheet == sheet) {
                changes.push(WayChange {
                    sheet,
                    by_words: None,
                    at: None,
                    seen_here: true,
                });
            }
        }
        Ok(changes)
    }

    /// The person has read every one of them. The server forgets its list; this device notes what is in use now.
    ///
    /// # Errors
    /// [`NoticeError`]: what is left is shown at the next sign-in again.
    pub async fn acknowledge_way_changes(&self) -> Result<(), NoticeError> {
        let told: Vec<_> = self.events.borrow().iter().map(|event| event.event_id).collect();
        for event in told {
            let call = || api::account::acknowledge(self.transport(), self.session(), event);
            retry(self.device(), call).await?;
            self.events.borrow_mut().retain(|known| known.event_id != event);
        }
        self.know_ways().await?;
        Ok(())
    }

    /// Notes the slots in use, where this device has no note yet.
    pub(crate) async fn know_first_ways(&self) -> Result<(), LocalError> {
        let known = self.device().local().get(&ways_key(self.account_id)).await?;
        if known.is_none() {
            self.know_ways().await?;
        }
        Ok(())
    }

    /// This device has changed a way in: no news here. What was owed before stays owed.
    pub(crate) async fn know_own_change(&self, before: Ways) -> Result<(), LocalError> {
        let key = ways_key(self.account_id);
        let known = self.device().local().get(&key).await?;
        let mut known = known.as_deref().and_then(parse_ways).ok_or(LocalError)?;
        for ((known, before), now) in known.iter_mut().zip(before).zip(self.ways_in_use()) {
            if *known == before {
                *known = now;
            }
        }
        self.device().local().put(&key, &ways_bytes(&known)).await
    }

    /// Notes the slots in use: the person has acknowledged them.
    async fn know_ways(&self) -> Result<(), LocalError> {
        let bytes = ways_bytes(&self.ways_in_use());
        self.device()
            .local()
            .put(&ways_key(self.account_id), &bytes)
            .await
    }

    pub(crate) fn ways_in_use(&self) -> Ways {
        let newest = self.manifest.borrow();
        [SlotType::Password, SlotType::Words].map(|way| {
            let mut slots = newest.manifest.slots.values();
            slots
                .find(|listed| listed.slot_type == way)
                .map_or([0; 32], |listed| listed.hash)
        })
    }
}

/// Hashes of the slots of phrase and sheet; zeros for none.
pub(crate) type Ways = [[u8; 32]; 2];

pub(crate) fn parse_ways(bytes: &[u8]) -> Option<Ways> {
    let (phrase, sheet) = bytes.split_first_chunk::<32>()?;
    Some([*phrase, sheet.try_into().ok()?])
}

pub(crate) fn ways_bytes(ways: &Ways) -> Vec<u8> {
    ways.concat()
}

fn ways_key(account: AccountId) -> String {
    format!("pin/{account}/ways")
}

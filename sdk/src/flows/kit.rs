//! The recovery sheet: whether it is confirmed, and whether words that are typed are the ones that open this safe.
//!
//! Confirmed stands in the manifest, for every device; the last test is a note of this device alone. spec/flows.md
//! section 3.

use crypto::account::slot::SlotType;
use crypto::words::{Words, WordsError};
use serde::{Deserialize, Serialize};
use shared::AccountId;

use super::manifest::ManifestError;
use crate::error::LocalError;
use crate::evidence::{Check, Refusal, Route};
use crate::session::Unlocked;

/// What is known of the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KitState {
    /// When the person confirmed it, Unix seconds; `None` until then: say "not safe yet".
    pub confirmed: Option<u64>,
    /// When its words were last tested on this device, Unix seconds. A test of an older sheet does not count.
    pub tested: Option<u64>,
}

/// Why nobody can say whether the words are those of this safe.
#[derive(Debug, thiserror::Error)]
pub enum CheckWordsError {
    /// What was typed cannot be twelve words.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The server has not shown the words slot that the manifest lists: the sheet would not open the safe.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device: local store.
    #[error("this device failed")]
    Device,
}

impl From<LocalError> for CheckWordsError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl Unlocked {
    /// What is known of the sheet, as of the newest manifest that this client has accepted.
    ///
    /// # Errors
    /// [`LocalError`].
    pub async fn kit(&self) -> Result<KitState, LocalError> {
        let kept = self.device().local().get(&tested_key(self.account_id)).await?;
        // A note of another sheet, or one that cannot be read, is no test of this one.
        let tested = kept.as_deref().and_then(parse_tested);
        let tested = tested.filter(|(slot, _)| Some(*slot) == self.words_slot_id());
        Ok(KitState {
            confirmed: self.manifest.borrow().manifest.kit_confirmed,
            tested: tested.map(|(_, at)| at),
        })
    }

    /// The person has the sheet and has shown it (three words retyped). Kept where it was confirmed before.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub async fn confirm_kit(&self) -> Result<(), ManifestError> {
        let now = self.device().clock().now();
        let confirmed = || self.manifest.borrow().manifest.kit_confirmed.is_some();
        if confirmed() {
            return Ok(());
        }
        self.change_manifest(|manifest| manifest.kit_confirmed = manifest.kit_confirmed.or(Some(now)))
            .await
    }

    /// Whether these are the twelve words of this safe. Decided on this device, against the words slot; nothing is
    /// sent. Words that fit are noted as a test of the sheet.
    ///
    /// # Errors
    /// [`CheckWordsError`].
    pub async fn check_words(&self, typed: &str) -> Result<bool, CheckWordsError> {
        let words = Words::parse(typed)?;
        let opens = {
            let slot = self.words_slot.borrow();
            slot.as_ref().map(|slot| {
                let id = slot.header().slot_id;
                let kek = words.derive_kek(self.account_id.as_bytes(), &id);
                (id, slot.unwrap(&kek).is_ok())
            })
        };
        let Some((id, opens)) = opens else {
            let refused = self
                .refuse_record(Check::SlotNotListed, Route::Account, &[])
                .await;
            return Err(match refused {
                ManifestError::Refused(refusal) => refusal.into(),
                _ => CheckWordsError::Device,
            });
        };
        if opens {
            let note = tested_bytes(&id, self.device().clock().now());
            self.device()
                .local()
                .put(&tested_key(self.account_id), &note)
                .await?;
        }
        Ok(opens)
    }

    /// Of the words slot that the manifest lists.
    pub(crate) fn words_slot_id(&self) -> Option<[u8; 16]> {
        let newest = self.manifest.borrow();
        let mut slots = newest.manifest.slots.iter();
        slots.find_map(|(id, listed)| (listed.slot_type == SlotType::Words).then_some(*id))
    }
}

/// slot_id 16 ‖ time u64.
pub(crate) fn parse_tested(bytes: &[u8]) -> Option<([u8; 16], u64)> {
    let (slot, at) = bytes.split_first_chunk::<16>()?;
    Some((*slot, u64::from_be_bytes(at.try_into().ok()?)))
}

pub(crate) fn tested_bytes(slot: &[u8; 16], at: u64) -> Vec<u8> {
    [slot.as_slice(), &at.to_be_bytes()].concat()
}

fn tested_key(account: AccountId) -> String {
    format!("kit/{account}/tested")
}

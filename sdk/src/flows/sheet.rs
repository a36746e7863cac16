//! A new sheet: new words, slot, recovery id and key in one request; the old words open nothing from then on.
//!
//! spec/flows.md section 3.

use std::rc::Rc;

use crypto::account::manifest::SlotState;
use crypto::account::slot::{Slot, SlotType};
use crypto::words::Words;
use shared::account::PutWords;
use shared::{ErrorCode, OperationId, RecoveryId};
use zeroize::Zeroizing;

use super::login::{self, OpenError};
use super::phrase::PhraseError;
use super::retry;
use crate::api;
use crate::error::ApiError;
use crate::evidence::Route;
use crate::flows::manifest::ManifestError;
use crate::session::{Newest, Unlocked};

impl Unlocked {
    /// Makes new words and stores what they open; gives them back to be written down. Demands a sign-in at most a
    /// quarter of an hour old ([`Unlocked::step_up`]). The sheet counts as unconfirmed; every other session ends.
    ///
    /// # Errors
    /// [`PhraseError`]; after [`PhraseError::Unknown`] nobody can tell which words work.
    pub async fn make_new_sheet(&self) -> Result<Vec<Zeroizing<String>>, PhraseError> {
        self.may_write().await?;
        let words = self
            .device()
            .with_random(Words::make)
            .map_err(|_| PhraseError::Device)?;
        for _ in 0..ATTEMPTS {
            let (previous, next, slot, newest) = self.next_words(&words)?;
            let put = || api::account::put_words(self.transport(), self.session(), previous.into(), &next);
            match retry(self.device(), put).await {
                Ok(_) | Err(ApiError::Hostile) => {}
                Err(error) if error.problem_code() == Some(ErrorCode::LostRace) => {
                    self.refresh_manifest().await?;
                    continue;
                }
                Err(error) if error.is_passing() => {}
                Err(error) => return Err(error.into()),
            }
            return match self.is_stored(&newest).await {
                Ok(true) => self.try_words(&words, slot, newest).await,
                _ => Err(PhraseError::Unknown),
            };
        }
        Err(PhraseError::Busy)
    }

    /// A real login by the new words, ended at once: only then is the sheet believed.
    async fn try_words(
        &self,
        words: &Words,
        slot: Slot,
        newest: Newest,
    ) -> Result<Vec<Zeroizing<String>>, PhraseError> {
        let opened = match login::sign_in_by(Rc::clone(&self.device), words).await {
            Ok(opened) => opened,
            Err(OpenError::Refused(refusal)) => return Err(refusal.into()),
            Err(_) => return Err(PhraseError::Unknown),
        };
        let same = opened.slot.to_bytes() == slot.to_bytes();
        // A session that cannot be ended runs out by itself.
        let _ = api::session::end(self.transport(), &opened.session).await;
        if !same {
            return Err(PhraseError::Unknown);
        }
        let before = self.ways_in_use();
        match self.accept_manifest(newest, Route::Account).await {
            Err(ManifestError::Refused(refusal)) => return Err(refusal.into()),
            accepted => accepted.map_err(|_| PhraseError::Unknown)?,
        }
        self.words_slot.replace(Some(slot));
        self.know_own_change(before).await?;
        Ok(words.to_words())
    }

    /// The next words slot and manifest: the old words slot leaves the list, the sheet is unconfirmed.
    fn next_words(&self, words: &Words) -> Result<([u8; 32], PutWords, Slot, Newest), PhraseError> {
        let device = self.device();
        let slot_id = device.make_bytes::<16>().map_err(|_| PhraseError::Device)?;
        let operation_id = OperationId(device.make_bytes().map_err(|_| PhraseError::Device)?);
        let kek = words.derive_kek(self.account_id.as_bytes(), &slot_id);
        let ark_gen = self.manifest.borrow().manifest.ark_gen;
        let slot = device
            .with_random(|random| Slot::wrap(&kek, ark_gen, &self.keys.ark, random))
            .map_err(|_| PhraseError::Device)?;
        let (previous, newest) = self.next_manifest(|manifest| {
            manifest
                .slots
                .retain(|_, listed| listed.slot_type != SlotType::Words);
            manifest.list_slot(&slot, SlotState::Live);
            manifest.kit_confirmed = None;
        })?;
        let next = PutWords {
            operation_id,
            recovery_id: RecoveryId(words.derive_recovery_id()),
            recovery_pk: words.derive_recovery_auth().public_key().into(),
            words_slot: slot.to_bytes().as_slice().into(),
            manifest: newest.record.to_bytes().into(),
            log: self
                .log_manifest(newest.record.header().version)
                .map_err(|_| PhraseError::Device)?,
        };
        Ok((previous, next, slot, newest))
    }
}

/// Rounds of compare-and-swap before the person is asked.
const ATTEMPTS: u32 = 4;

//! The next manifest, for whatever is no change of a way in: compare-and-swap, merge on a lost race, read back.
//!
//! A change is a function of the newest manifest, so that a lost race applies it again to what the other device wrote.
//! spec/flows.md section 3.

use crypto::account::manifest::Manifest;
use shared::ErrorCode;
use shared::account::PutManifest;

use super::barred::Barred;
use super::{login, pin, retry};
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, Refusal, Refused, Route, Subject};
use crate::session::{Newest, Unlocked};

/// Why a change of the manifest is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Another device changed the account at the same time, again and again; or no answer came and the account does
    /// not hold the change. Try once more.
    #[error("the change is not stored yet")]
    Busy,
    /// The account's log has no fresh signatures of its witnesses, and its policy stops writing until it has.
    #[error("the log's witnesses have not signed for too long")]
    Stale,
    /// The network or the server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device: randomness, memory or local store.
    #[error("this device failed")]
    Device,
}

impl From<Barred> for ManifestError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Refused(refusal) => Self::Refused(refusal),
            Barred::Stale => Self::Stale,
            Barred::Api(error) => Self::Api(error),
            Barred::Local => Self::Device,
        }
    }
}

impl From<LocalError> for ManifestError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl Unlocked {
    /// Writes the next manifest with `change` applied. Believed once the account, read back, holds what was sent: a pin
    /// on the answer's word alone would have this device refuse an account that never changed.
    pub(crate) async fn change_manifest(&self, change: impl Fn(&mut Manifest)) -> Result<(), ManifestError> {
        self.may_write().await?;
        self.write_manifest(change).await
    }

    /// [`Unlocked::change_manifest`] for who has asked whether this device may write.
    pub(crate) async fn write_manifest(&self, change: impl Fn(&mut Manifest)) -> Result<(), ManifestError> {
        for _ in 0..ATTEMPTS {
            let (previous, next) = self.next_manifest(&change)?;
            let put = PutManifest {
                manifest: next.record.to_bytes().into(),
                log: self.log_manifest(next.record.header().version)?,
            };
            let call = || api::account::put_manifest(self.transport(), self.session(), previous.into(), &put);
            match retry(self.device(), call).await {
                Err(error) if error.problem_code() == Some(ErrorCode::LostRace) => {
                    // The one before may have been ours, its answer lost: then it is read here.
                    if self.is_stored(&next).await? {
                        return self.accept_manifest(next, Route::Manifest).await;
                    }
                    self.refresh_manifest().await?;
                }
                Err(error) if !error.is_passing() && !matches!(error, ApiError::Hostile) => {
                    return Err(error.into());
                }
                _ if self.is_stored(&next).await? => {
                    return self.accept_manifest(next, Route::Manifest).await;
                }
                _ => return Err(ManifestError::Busy),
            }
        }
        Err(ManifestError::Busy)
    }

    /// Another device wrote a manifest: read it, verify it, go on from it.
    pub(crate) async fn refresh_manifest(&self) -> Result<(), ManifestError> {
        let stored = api::account::read(self.transport(), self.session()).await?;
        let verified = match login::verify_account(&self.keys, self.account_id.as_bytes(), &stored) {
            Ok(verified) => verified,
            Err((check, bytes)) => return Err(self.refuse_record(check, Route::Account, &bytes).await),
        };
        let words_slot = login::words_slot(&verified.manifest, &stored);
        let newest = Newest {
            record: verified.record,
            manifest: verified.manifest,
        };
        self.accept_manifest(newest, Route::Account).await?;
        self.told_manifest(&self.manifest.borrow(), &stored.logged);
        self.words_slot.replace(words_slot);
        Ok(())
    }

    /// Whether the account, read now, holds what was sent. That it does not yet is no proof that it never will.
    pub(crate) async fn is_stored(&self, sent: &Newest) -> Result<bool, ApiError> {
        let read = || api::account::read(self.transport(), self.session());
        let account = retry(self.device(), read).await?;
        let stored = account.manifest.as_slice() == sent.record.to_bytes();
        if stored {
            self.told_manifest(sent, &account.logged);
        }
        Ok(stored)
    }

    /// Pins a manifest that the server has shown to hold, and goes on from it.
    pub(crate) async fn accept_manifest(&self, newest: Newest, route: Route) -> Result<(), ManifestError> {
        let pinned = pin::advance_manifest(self.device(), self.account_id, &newest.record).await?;
        if pinned.is_err() {
            let bytes = newest.record.to_bytes();
            return Err(self.refuse_record(Check::ManifestRolledBack, route, bytes).await);
        }
        self.manifest.replace(newest);
        Ok(())
    }

    /// The manifest after the newest, with `change` applied and the lower bound of the collection raised to what this
    /// client has accepted: a device that was never here goes back no further.
    pub(crate) fn next_manifest(
        &self,
        change: impl FnOnce(&mut Manifest),
    ) -> Result<([u8; 32], Newest), ManifestError> {
        self.verify_agreed()?;
        let newest = self.manifest.borrow();
        let mut manifest = newest.manifest.clone();
        change(&mut manifest);
        self.replica.borrow().raise_bounds(&mut manifest);
        // Both continue what was known: the later one is the longer one.
        if self.log.get().size > manifest.log.tree.size {
            manifest.log.tree = self.log.get();
        }
        let identity = self.secrets.current().map_err(|_| ManifestError::Device)?;
        let id = self.account_id.as_bytes();
        let record = self
            .device()
            .with_random(|random| {
                manifest.seal(id, Some(&newest.record), identity, &self.keys.manifest, random)
            })
            .map_err(|_| ManifestError::Device)?;
        Ok((newest.record.manifest_hash(), Newest { record, manifest }))
    }

    pub(crate) async fn refuse_record(&self, check: Check, route: Route, bytes: &[u8]) -> ManifestError {
        let refused = Refused::new(check, Subject::Account, route, bytes)
            .knowing(pin::known_manifest(self.device(), self.account_id).await);
        self.refuse(refused).await.into()
    }
}

/// Rounds of compare-and-swap before the person is asked.
const ATTEMPTS: u32 = 4;

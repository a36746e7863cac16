//! A new phrase (N2), also after a login by words (N3): record, slot and manifest in one request, then a test login.
//!
//! No document is touched: the same ARK gets another wrapping. spec/flows.md section 3.

use std::rc::Rc;

use crypto::account::handle::Handle;
use crypto::account::keys::Kek;
use crypto::account::manifest::SlotState;
use crypto::account::slot::{Slot, SlotType};
use crypto::opaque::client::{self, ClientError, Registered};
use crypto::phrase::Password;
use shared::account::{PutPassword, RegistrationStart};
use shared::{ErrorCode, OperationId};

use super::barred::Barred;
use super::login::{self, OpenError};
use super::manifest::ManifestError;
use super::retry;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, Refusal, Refused, Route, Subject};
use crate::session::{Newest, Unlocked};

/// Why the phrase is not known to have changed. Only [`PhraseError::Unknown`] and [`PhraseError::Refused`] leave open
/// which one works.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    /// The person's: an empty or huge phrase.
    #[error("not a phrase")]
    Phrase,
    /// Another device changed the account at the same time, again and again; try once more.
    #[error("another device is changing the account")]
    Busy,
    /// The new phrase was sent and nobody could tell whether it is stored, or it was tried and does not open the account.
    /// The old one or the new one opens it, or, where the server lied while the new one was registered, neither; the
    /// words do in any case.
    #[error("nobody can tell which phrase works")]
    Unknown,
    /// The account's log has no fresh signatures of its witnesses, and its policy stops writing until it has.
    #[error("the log's witnesses have not signed for too long")]
    Stale,
    /// The network or the server; the old phrase goes on working.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device: randomness, memory or local store.
    #[error("this device failed")]
    Device,
}

impl From<Barred> for PhraseError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Refused(refusal) => Self::Refused(refusal),
            Barred::Stale => Self::Stale,
            Barred::Api(error) => Self::Api(error),
            Barred::Local => Self::Device,
        }
    }
}

impl From<LocalError> for PhraseError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl From<ManifestError> for PhraseError {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Busy => Self::Busy,
            ManifestError::Stale => Self::Stale,
            ManifestError::Api(error) => Self::Api(error),
            ManifestError::Refused(refusal) => Self::Refused(refusal),
            ManifestError::Device => Self::Device,
        }
    }
}

impl Unlocked {
    /// Replaces the phrase. Every other session of the account ends; the words keep working.
    ///
    /// # Errors
    /// [`PhraseError`].
    pub async fn set_phrase(&self, phrase: &str) -> Result<(), PhraseError> {
        let password = Password::normalise(phrase).map_err(|_| PhraseError::Phrase)?;
        self.verify_agreed()?;
        self.may_write().await?;
        let registered = self.register_again(&password).await?;
        for _ in 0..ATTEMPTS {
            let (previous, next, record) = self.next_password(&registered)?;
            let put = || api::account::put_password(self.transport(), self.session(), previous.into(), &next);
            match retry(self.device(), put).await {
                Ok(stored) if stored.manifest_hash.0 == record.record.manifest_hash() => {
                    return self.try_stored(phrase, record).await;
                }
                // An answer that says nothing is no answer.
                Ok(_) | Err(ApiError::Hostile) => {}
                Err(error) if error.problem_code() == Some(ErrorCode::LostRace) => {
                    self.refresh_manifest().await?;
                    continue;
                }
                Err(error) if error.is_passing() => {}
                Err(error) => return Err(error.into()),
            }
            if self.is_stored(&record).await.unwrap_or(false) {
                return self.try_stored(phrase, record).await;
            }
            return Err(PhraseError::Unknown);
        }
        Err(PhraseError::Busy)
    }

    /// The server says that it has the new phrase: log in with it, and only then go on from what it stored. A pin on its
    /// word alone would have this device refuse an account that never changed.
    async fn try_stored(&self, phrase: &str, stored: Newest) -> Result<(), PhraseError> {
        match self.test_login(phrase).await {
            Err(PhraseError::Api(_) | PhraseError::Device) => return Err(PhraseError::Unknown),
            settled => settled?,
        }
        let before = self.ways_in_use();
        match self.accept_manifest(stored, Route::Password).await {
            Err(ManifestError::Refused(refusal)) => return Err(refusal.into()),
            accepted => accepted.map_err(|_| PhraseError::Unknown)?,
        }
        // Changed from here: no news to this device.
        Ok(self.know_own_change(before).await?)
    }

    /// OPAQUE registration under the handle that the account has.
    async fn register_again(&self, password: &Password) -> Result<Registered, PhraseError> {
        let device = self.device();
        let handle = Handle::parse(&self.handle).map_err(|_| ApiError::Hostile)?;
        let deployment = login::deployment(device).await.map_err(opened)?;
        let (registration, request) = device
            .with_random(|random| client::registration_start(password, random))
            .map_err(failed)?;
        let start = RegistrationStart {
            handle: self.handle.clone(),
            request: request.as_slice().into(),
        };
        let call = || api::account::register_again(self.transport(), self.session(), &start);
        let challenge = retry(device, call).await?;
        let id = handle.credential_id();
        device
            .with_random(|random| {
                registration.finish(deployment.as_bytes(), &id, challenge.response.as_slice(), random)
            })
            .map_err(failed)
    }

    /// The next slot and manifest: the old password slot leaves the list, the new one enters it.
    fn next_password(&self, registered: &Registered) -> Result<([u8; 32], PutPassword, Newest), PhraseError> {
        let device = self.device();
        let id = self.account_id.as_bytes();
        let slot_id = device.make_bytes::<16>().map_err(|_| PhraseError::Device)?;
        let operation_id = OperationId(device.make_bytes().map_err(|_| PhraseError::Device)?);
        let kek = Kek::derive_from_export_key(&registered.export_key, id, &slot_id);
        let ark_gen = self.manifest.borrow().manifest.ark_gen;
        let slot = device
            .with_random(|random| Slot::wrap(&kek, ark_gen, &self.keys.ark, random))
            .map_err(|_| PhraseError::Device)?;
        let (previous, newest) = self.next_manifest(|manifest| {
            manifest
                .slots
                .retain(|_, listed| listed.slot_type != SlotType::Password);
            manifest.list_slot(&slot, SlotState::Live);
        })?;
        let next = PutPassword {
            operation_id,
            registration: registered.record.as_slice().into(),
            password_slot: slot.to_bytes().as_slice().into(),
            manifest: newest.record.to_bytes().into(),
            log: self
                .log_manifest(newest.record.header().version)
                .map_err(|_| PhraseError::Device)?,
        };
        Ok((previous, next, newest))
    }

    /// A real login with the new phrase, ended at once: only then is the change believed.
    async fn test_login(&self, phrase: &str) -> Result<(), PhraseError> {
        let signed_in = login::sign_in(Rc::clone(&self.device), &self.handle, phrase)
            .await
            .map_err(opened)?;
        if signed_in.slot.unwrap(&signed_in.kek).is_err() {
            login::ask_as_ever(self.device(), &signed_in.session).await;
            let slot = signed_in.slot.to_bytes();
            let refused = Refused::new(Check::Slot, Subject::Account, Route::SessionsFinish, slot);
            return Err(self.refuse(refused).await.into());
        }
        // A session that cannot be ended runs out by itself.
        let _ = api::session::end(self.transport(), &signed_in.session).await;
        Ok(())
    }
}

pub(super) fn opened(error: OpenError) -> PhraseError {
    match error {
        OpenError::Api(error) => error.into(),
        OpenError::Refused(refusal) => refusal.into(),
        OpenError::Wrong | OpenError::Words(_) => ApiError::Hostile.into(),
        OpenError::Device => PhraseError::Device,
    }
}

fn failed(error: ClientError) -> PhraseError {
    match error {
        ClientError::Malformed | ClientError::Refused => ApiError::Hostile.into(),
        ClientError::Memory | ClientError::Random(_) => PhraseError::Device,
    }
}

/// Rounds of compare-and-swap before the person is asked.
const ATTEMPTS: u32 = 4;

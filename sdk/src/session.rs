//! The states of a client as types: [`Locked`] -> [`SignedIn`] -> [`Unlocked`]; each transition consumes the one before.
//!
//! Keys exist in [`Unlocked`] alone. Dropping or locking it zeroes them. spec/flows.md section 1.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crypto::account::handle::Handle;
use crypto::account::keys::{Ark, KAccount, KManifest, Kek};
use crypto::account::manifest::Manifest;
use crypto::account::record::Record;
use crypto::account::secrets::Secrets;
use crypto::account::slot::Slot;
use crypto::audit::tree::TreeHead;
use serde::{Deserialize, Serialize};
use shared::account::{Event, Quota};
use shared::{AccountId, DeploymentId};

use crate::api::{self, Session};
use crate::error::{ApiError, LocalError};
use crate::evidence::{
    self, About, Evidence, EvidenceError, EvidenceId, Export, Keeper, Names, Refusal, Refused,
};
use crate::flows::collection::Replica;
use crate::flows::freshness::Owed;
use crate::flows::journal::LocalKey;
use crate::flows::restored::Pending;
use crate::flows::{Device, Transport};

/// No key, no session: what is left after a lock. The phrase or the words open it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// Whose.
    pub account_id: AccountId,
    /// The name to log in with.
    pub handle: String,
}

/// The server has opened a session and released the slot; nothing is decrypted yet.
///
/// Made by `flows::account::sign_in` and `sign_in_with_words`, consumed by [`SignedIn::unlock`].
pub struct SignedIn {
    pub(crate) device: Rc<Device>,
    pub(crate) session: Session,
    pub(crate) deployment: DeploymentId,
    pub(crate) account_id: AccountId,
    /// As typed, in normal form; `None` after a login by words.
    pub(crate) handle: Option<Handle>,
    pub(crate) slot: Slot,
    pub(crate) kek: Kek,
}

/// The account is open on this device: every act on documents is a method of this type.
///
/// Share it as `Rc<Unlocked>`: all acts take `&self` and may run at once. When the last one is gone, so are the keys.
pub struct Unlocked {
    pub(crate) device: Rc<Device>,
    pub(crate) session: Session,
    pub(crate) deployment: DeploymentId,
    /// When the session began, Unix seconds by this device's clock.
    pub(crate) began: u64,
    pub(crate) account_id: AccountId,
    pub(crate) handle: String,
    pub(crate) keys: Keys,
    pub(crate) secrets: Secrets,
    pub(crate) manifest: RefCell<Newest>,
    /// The words slot that the newest manifest lists, as the server showed it; `None` where it did not.
    pub(crate) words_slot: RefCell<Option<Slot>>,
    /// Changes of the ways in that were not acknowledged, by the server's word at the sign-in.
    pub(crate) events: RefCell<Vec<Event>>,
    pub(crate) replica: RefCell<Replica>,
    /// Whether this device did not know the collection when this session began.
    pub(crate) first_visit: bool,
    /// Whether the deployment's log was held against the account's policy in this session.
    pub(crate) policy_held: Cell<bool>,
    /// A backup that was put back, and that nobody here has said yes to.
    pub(crate) restored: RefCell<Option<Pending>>,
    /// Where the log says that it goes on from a backup, by the server's word.
    pub(crate) restored_at: Cell<Option<u64>>,
    /// The checkpoint that is looked at: the log's own, and not verified yet.
    pub(crate) looked: Cell<TreeHead>,
    /// When the quorum had signed the one that was verified last.
    pub(crate) witnessed: Cell<Option<u64>>,
    /// Why this client writes nothing, once it met a contradiction of the log.
    pub(crate) stopped: RefCell<Option<Refusal>>,
    /// Whether a contradiction could not be kept on the device.
    pub(crate) stop_unkept: Cell<bool>,
    /// How far the log was seen when it was last verified.
    pub(crate) log: Cell<TreeHead>,
    /// Where the newest manifest stands in the log, by the server's word, until the log was looked at.
    pub(crate) told: Cell<Option<Owed>>,
    /// One commit at a time from this client; others wait their turn.
    pub(crate) turn: futures::lock::Mutex<()>,
}

/// The keys under the ARK. Each zeroes itself when dropped.
pub(crate) struct Keys {
    pub(crate) ark: Ark,
    pub(crate) account: KAccount,
    pub(crate) manifest: KManifest,
    pub(crate) local: LocalKey,
}

impl Keys {
    pub(crate) fn derive(ark: Ark, account: AccountId) -> Self {
        let id = account.as_bytes();
        Self {
            account: ark.derive_account_key(id),
            manifest: ark.derive_manifest_key(id),
            local: LocalKey::new(account, ark.derive_local_key(id)),
            ark,
        }
    }
}

/// The newest manifest that was verified, as bytes and as content.
pub(crate) struct Newest {
    pub(crate) record: Record,
    pub(crate) manifest: Manifest,
}

/// What a person sees of their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Printed on the recovery sheet.
    pub account_id: AccountId,
    /// The name to log in with.
    pub handle: String,
    /// Ciphertext stored, reserved, allowed.
    pub quota: Quota,
}

impl Unlocked {
    /// Whose.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// The name to log in with.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// When the person confirmed the recovery sheet, Unix seconds; `None` until then: say "not safe yet".
    #[must_use]
    pub fn sheet_confirmed(&self) -> Option<u64> {
        self.manifest.borrow().manifest.kit_confirmed
    }

    /// Account, handle and quota, read now.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn card(&self) -> Result<Card, ApiError> {
        let quota = api::account::quota(self.transport(), &self.session).await?;
        Ok(Card {
            account_id: self.account_id,
            handle: self.handle.clone(),
            quota,
        })
    }

    /// Forgets every key; the server's session runs out by itself.
    #[must_use]
    pub fn lock(self) -> Locked {
        // They name documents; what could be kept is kept, sealed.
        self.device.forget_refusals();
        Locked {
            account_id: self.account_id,
            handle: self.handle.clone(),
        }
    }

    /// Ends the server's session, then locks. Locks even where the server cannot be reached.
    ///
    /// # Errors
    /// The state is [`Locked`] either way; the error says that the session may still be open at the server.
    pub async fn sign_out(self) -> (Locked, Result<(), ApiError>) {
        let ended = api::session::end(self.transport(), &self.session).await;
        (self.lock(), ended)
    }

    /// What was refused on this device and kept, oldest first.
    ///
    /// # Errors
    /// [`LocalError`].
    pub async fn evidence(&self) -> Result<Vec<(EvidenceId, Evidence)>, LocalError> {
        evidence::list(&self.device, &self.keys.local).await
    }

    /// A file of these pieces, to be handed to whoever the person trusts; see `spec/evidence.md`.
    ///
    /// # Errors
    /// [`EvidenceError`]; all of them or no file.
    pub async fn export_evidence(
        &self,
        ids: &[EvidenceId],
        names: Names,
        about: About,
    ) -> Result<Export, EvidenceError> {
        let mut kept = self.evidence().await.map_err(|_| EvidenceError::Local)?;
        kept.retain(|(id, _)| ids.contains(id));
        if kept.len() < ids.len() {
            return Err(EvidenceError::NotFound);
        }
        Ok(Export::new(
            kept.into_iter().map(|(_, piece)| piece),
            names,
            about,
        ))
    }

    /// Forgets one piece for good.
    ///
    /// # Errors
    /// [`EvidenceError`]; a piece that is gone already is no error.
    pub async fn delete_evidence(&self, id: &EvidenceId) -> Result<(), EvidenceError> {
        evidence::delete(&self.device, &self.keys.local, id).await
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.device.transport()
    }

    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) const fn local_key(&self) -> &LocalKey {
        &self.keys.local
    }

    pub(crate) const fn account_key(&self) -> &KAccount {
        &self.keys.account
    }

    /// Keeps evidence, sealed for this account, and makes the refusal that names it.
    pub(crate) async fn refuse(&self, refused: Refused<'_>) -> Refusal {
        evidence::refuse(&self.device, Keeper::Account(&self.keys.local), refused).await
    }
}

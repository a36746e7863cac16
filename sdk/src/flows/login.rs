//! The way in: deployment, OPAQUE or words, slot, manifest, secrets; each checked before the next is used.
//!
//! spec/flows.md section 3, checklist 1-10, 28.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::handle::{Handle, normalise_handle};
use crypto::account::keys::Kek;
use crypto::account::manifest::{Manifest, SlotState};
use crypto::account::record::Record;
use crypto::account::secrets::Secrets;
use crypto::account::slot::{Slot, SlotType};
use crypto::audit::tree::TreeHead;
use crypto::opaque::client::{self, ClientError};
use crypto::phrase::Password;
use crypto::random::RandomError;
use crypto::session::MacKey;
use crypto::words::{Words, WordsError};
use shared::account::Account;
use shared::session::{LoginFinish, LoginStart, RecoveryFinish, RecoveryStart};
use shared::{AccountId, DeploymentId, ErrorCode, Hash, RecoveryId};

use super::collection::Replica;
use super::{Device, pin};
use crate::api::{self, Session};
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, Keeper, Known, Refusal, Refused, Route, Subject, refuse};
use crate::session::{Keys, Newest, SignedIn, Unlocked};

/// Why an account did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The handle or the phrase is wrong, or no account has these words: one error, by design.
    #[error("wrong handle or phrase")]
    Wrong,
    /// What was typed cannot be twelve words; seen on this device, nothing was sent.
    #[error(transparent)]
    Words(#[from] WordsError),
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

impl From<LocalError> for OpenError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl From<RandomError> for OpenError {
    fn from(_: RandomError) -> Self {
        Self::Device
    }
}

/// Logs in by phrase and opens the account.
///
/// # Errors
/// [`OpenError`].
pub async fn open(device: Rc<Device>, handle: &str, phrase: &str) -> Result<Unlocked, OpenError> {
    sign_in(device, handle, phrase).await?.unlock().await
}

/// Logs in by the twelve words and opens the account. A new phrase is then set with `Unlocked::set_phrase`.
///
/// # Errors
/// [`OpenError`].
pub async fn open_with_words(device: Rc<Device>, words: &str) -> Result<Unlocked, OpenError> {
    sign_in_with_words(device, words).await?.unlock().await
}

/// Logs in by phrase: OPAQUE, and the slot that the server then releases. Takes about 0.3 s and 64 MiB.
///
/// # Errors
/// [`OpenError`].
pub async fn sign_in(device: Rc<Device>, handle: &str, phrase: &str) -> Result<SignedIn, OpenError> {
    let handle = normalise_handle(handle).map_err(|_| OpenError::Wrong)?;
    let password = Password::normalise(phrase).map_err(|_| OpenError::Wrong)?;
    let deployment = deployment(&device).await?;
    let transport = device.transport();
    let (login, ke1) = device
        .with_random(|random| client::login_start(&password, random))
        .map_err(failed)?;
    let start = LoginStart {
        handle: handle.as_str().to_owned(),
        ke1: ke1.as_slice().into(),
    };
    let challenge = api::session::start(transport, &start).await.map_err(wrong)?;
    let ke2 = challenge.ke2.as_slice();
    let id = handle.credential_id();
    let done = device
        .with_random(|random| login.finish(deployment.as_bytes(), &id, ke2, random))
        .map_err(failed)?;
    // OPAQUE has just bound the id to what was registered with this phrase.
    pin::keep_deployment(&device, deployment).await?;
    let finish = LoginFinish {
        login_id: challenge.login_id,
        ke3: done.ke3.as_slice().into(),
    };
    let opened = api::session::finish(transport, &finish).await.map_err(wrong)?;
    let key = MacKey::derive(done.session_key.expose(), opened.session_id.as_bytes());
    let session = Session::new(opened.session_id, key);
    let slot = verify_slot(
        &device,
        &session,
        opened.slot.as_slice(),
        SlotType::Password,
        opened.account_id,
    )
    .await?;
    let kek = Kek::derive_from_export_key(&done.export_key, &opened.account_id.0, &slot.header().slot_id);
    Ok(SignedIn {
        device,
        session,
        deployment,
        account_id: opened.account_id,
        handle: Some(handle),
        slot,
        kek,
    })
}

/// Logs in by the twelve words.
///
/// # Errors
/// [`OpenError`].
pub async fn sign_in_with_words(device: Rc<Device>, words: &str) -> Result<SignedIn, OpenError> {
    sign_in_by(device, &Words::parse(words)?).await
}

/// [`sign_in_with_words`] for words that were read already. It proves nothing about the deployment, and pins none.
pub(crate) async fn sign_in_by(device: Rc<Device>, words: &Words) -> Result<SignedIn, OpenError> {
    let deployment = deployment(&device).await?;
    let transport = device.transport();
    let start = RecoveryStart {
        recovery_id: RecoveryId(words.derive_recovery_id()),
    };
    let challenge = api::session::recovery_start(transport, &start)
        .await
        .map_err(wrong)?;
    let (login, nonce) = (challenge.login_id, challenge.challenge);
    let proof = words
        .derive_recovery_auth()
        .make_proof(deployment.as_bytes(), &nonce.0, login.as_bytes());
    let finish = RecoveryFinish {
        login_id: login,
        proof: proof.as_slice().into(),
    };
    let opened = api::session::recovery_finish(transport, &finish)
        .await
        .map_err(wrong)?;
    let key = MacKey::derive(&opened.session_secret.0, opened.session_id.as_bytes());
    let session = Session::new(opened.session_id, key);
    let slot = verify_slot(
        &device,
        &session,
        opened.slot.as_slice(),
        SlotType::Words,
        opened.account_id,
    )
    .await?;
    let kek = words.derive_kek(&opened.account_id.0, &slot.header().slot_id);
    Ok(SignedIn {
        device,
        session,
        deployment,
        account_id: opened.account_id,
        handle: None,
        slot,
        kek,
    })
}

impl SignedIn {
    /// Opens slot, manifest and secrets; every one is checked against the others and against this device's pins.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn unlock(self) -> Result<Unlocked, OpenError> {
        let device = self.device;
        let way = self.slot.header().slot_type;
        let ark = match self.slot.unwrap(&self.kek) {
            Ok(ark) => ark,
            Err(_) => {
                ask_as_ever(&device, &self.session).await;
                return Err(refuse_slot(&device, self.slot.to_bytes(), way, self.account_id).await);
            }
        };
        let keys = Keys::derive(ark, self.account_id);
        let stored = api::account::read(device.transport(), &self.session).await?;
        let began = device.clock().now();
        let way = Way::Opened {
            slot: Box::new(self.slot),
            handle: self.handle,
            began,
        };
        Unlocked::assemble(device, self.session, self.deployment, keys, stored, way).await
    }
}

/// How an account was opened here, with what there is to check of it.
pub(crate) enum Way {
    /// By the slot that the server released.
    Opened {
        slot: Box<Slot>,
        /// As typed, in normal form; `None` after a login by words.
        handle: Option<Handle>,
        began: u64,
    },
    /// By what this device kept of an opening. No slot was released: the ARK is the one that the manifest opens under.
    Resumed {
        handle: Handle,
        began: u64,
        first_visit: bool,
    },
}

impl Way {
    /// What the account must be called, where this device knows it.
    const fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Opened { handle, .. } => handle.as_ref(),
            Self::Resumed { handle, .. } => Some(handle),
        }
    }
}

impl Unlocked {
    /// Checks the account's records against each other, the keys and this device's pins.
    pub(crate) async fn assemble(
        device: Rc<Device>,
        session: Session,
        deployment: DeploymentId,
        keys: Keys,
        stored: Account,
        way: Way,
    ) -> Result<Self, OpenError> {
        let account_id = keys.local.account();
        let verified = match verify_account(&keys, account_id.as_bytes(), &stored) {
            Ok(verified) => verified,
            Err((check, bytes)) => {
                return Err(refuse_sealed(&device, &keys, check, &bytes, Vec::new()).await);
            }
        };
        // The account that opened is the one whose handle was typed, also by its name. After a login by words the name is
        // the server's word, and a name at most.
        let told = Handle::parse(&stored.handle).ok();
        if told.is_none() || way.handle().is_some_and(|typed| Some(typed) != told.as_ref()) {
            let typed = way.handle().map(|typed| typed.as_str().to_owned());
            let known = typed.into_iter().map(|handle| Known::Handle { handle }).collect();
            let told = stored.handle.as_bytes();
            return Err(refuse_sealed(&device, &keys, Check::ReadBack, told, known).await);
        }
        if let Way::Opened { slot, .. } = &way {
            verify_listed(&device, &keys, &verified, slot).await?;
        }
        let record = &verified.record;
        let rolled_back = pin::advance_manifest(&device, account_id, record).await?.is_err();
        let Some(replica) = Replica::of(&verified.manifest, verified.bundle) else {
            let known = Vec::new();
            return Err(refuse_sealed(&device, &keys, Check::Manifest, record.to_bytes(), known).await);
        };
        let unknown = pin::head(&device, account_id, replica.id).await?.is_none();
        let (began, first_visit) = match way {
            Way::Opened { began, .. } => (began, unknown),
            Way::Resumed {
                began, first_visit, ..
            } => (began, first_visit || unknown),
        };
        let words_slot = words_slot(&verified.manifest, &stored);
        let events = RefCell::new(stored.events);
        let unlocked = Self {
            device,
            session,
            deployment,
            began,
            account_id,
            handle: stored.handle,
            keys,
            secrets: verified.secrets,
            words_slot: RefCell::new(words_slot),
            events,
            manifest: RefCell::new(Newest {
                record: verified.record,
                manifest: verified.manifest,
            }),
            replica: RefCell::new(replica),
            first_visit,
            policy_held: Cell::new(false),
            restored: RefCell::default(),
            restored_at: Cell::default(),
            looked: Cell::default(),
            witnessed: Cell::default(),
            stopped: RefCell::default(),
            stop_unkept: Cell::default(),
            log: Cell::new(TreeHead::default()),
            told: Cell::default(),
            turn: futures::lock::Mutex::new(()),
        };
        // The past, unless it comes out of a backup that the log speaks of: then the person is asked first.
        if rolled_back && !Box::pin(unlocked.is_restored()).await? {
            let record = unlocked.manifest.borrow().record.to_bytes().to_vec();
            let (check, known) = (Check::ManifestRolledBack, Vec::new());
            return Err(refuse_sealed(&unlocked.device, &unlocked.keys, check, &record, known).await);
        }
        unlocked.told_manifest(&unlocked.manifest.borrow(), &stored.logged);
        unlocked.know_first_ways().await?;
        Ok(unlocked)
    }
}

/// The slot that opened is one that the manifest lists as live, as it is.
async fn verify_listed(
    device: &Device,
    keys: &Keys,
    verified: &VerifiedAccount,
    slot: &Slot,
) -> Result<(), OpenError> {
    let account = keys.local.account();
    if verified.manifest.verify_slot(account.as_bytes(), slot) == Ok(SlotState::Live) {
        return Ok(());
    }
    let pin = verified.record.manifest_pin();
    let known = Known::Manifest {
        version: pin.version,
        hash: Hash(pin.hash),
    };
    let route = route_of(slot.header().slot_type);
    let refused = Refused::new(Check::SlotNotListed, Subject::Account, route, slot.to_bytes());
    let keeper = Keeper::Account(&keys.local);
    Err(refuse(device, keeper, refused.knowing([known])).await.into())
}

/// An account's records, each checked against the others.
pub(crate) struct VerifiedAccount {
    pub(crate) bundle: VerifiedBundle,
    pub(crate) record: Record,
    pub(crate) manifest: Manifest,
    pub(crate) secrets: Secrets,
}

/// Bundle, manifest under its identity, secrets as the manifest names them, and both halves of the identity.
pub(crate) fn verify_account(
    keys: &Keys,
    id: &[u8; 16],
    stored: &Account,
) -> Result<VerifiedAccount, (Check, Vec<u8>)> {
    let (bundle, manifest, secrets) = (
        stored.bundle.as_slice(),
        stored.manifest.as_slice(),
        stored.secrets.as_slice(),
    );
    let no = |check, bytes: &[u8]| (check, bytes.to_vec());
    let verified = VerifiedBundle::parse(bundle).map_err(|_| no(Check::Bundle, bundle))?;
    if stored.account_id.as_bytes() != id || verified.account_id() != id {
        return Err(no(Check::Bundle, bundle));
    }
    let record = Record::parse(manifest).map_err(|_| no(Check::Manifest, manifest))?;
    let opened =
        Manifest::open(&record, id, &keys.manifest, &verified).map_err(|_| no(Check::Manifest, manifest))?;
    let sealed = Record::parse(secrets).map_err(|_| no(Check::Secrets, secrets))?;
    opened
        .verify_secrets(&sealed)
        .map_err(|_| no(Check::Secrets, secrets))?;
    let own = Secrets::open(&sealed, id, &keys.account).map_err(|_| no(Check::Secrets, secrets))?;
    own.verify_bundle(&verified)
        .map_err(|_| no(Check::Bundle, bundle))?;
    Ok(VerifiedAccount {
        bundle: verified,
        record,
        manifest: opened,
        secrets: own,
    })
}

/// The words slot among those that the server shows, if the manifest lists it with this very hash.
pub(crate) fn words_slot(manifest: &Manifest, stored: &Account) -> Option<Slot> {
    let slots = stored
        .slots
        .iter()
        .filter_map(|slot| Slot::parse(slot.as_slice()).ok());
    slots
        .filter(|slot| slot.header().slot_type == SlotType::Words)
        .find(|slot| manifest.verify_slot(stored.account_id.as_bytes(), slot) == Ok(SlotState::Live))
}

/// The deployment that answers: the one that this device knows, or any where it knows none. Its id is the server's
/// identity in every login; a login by phrase proves and pins it.
pub(crate) async fn deployment(device: &Device) -> Result<DeploymentId, OpenError> {
    let card = api::account::deployment(device.transport()).await?;
    let id = card.deployment_id;
    let known = pin::is_known_deployment(device, id).await?;
    if known && card.suites.contains(&crypto::id::SUITE) {
        return Ok(id);
    }
    let bytes = serde_json::to_vec(&card).unwrap_or_default();
    let refused = Refused::new(Check::Deployment, Subject::Account, Route::Deployment, &bytes);
    Err(refuse(device, Keeper::Open, refused).await.into())
}

async fn verify_slot(
    device: &Device,
    session: &Session,
    bytes: &[u8],
    expected: SlotType,
    account: AccountId,
) -> Result<Slot, OpenError> {
    match Slot::parse(bytes) {
        Ok(slot) if slot.header().slot_type == expected && slot.header().account_id == account.0 => Ok(slot),
        _ => {
            ask_as_ever(device, session).await;
            Err(refuse_slot(device, bytes, expected, account).await)
        }
    }
}

/// Of the answer that brought the slot nothing else is kept: by words it holds the session's secret.
async fn refuse_slot(device: &Device, slot: &[u8], way: SlotType, account: AccountId) -> OpenError {
    let refused = Refused::new(Check::Slot, Subject::Account, route_of(way), slot)
        .knowing(pin::known_manifest(device, account).await);
    refuse(device, Keeper::Open, refused).await.into()
}

/// The answer that brings the slot of this way in.
const fn route_of(way: SlotType) -> Route {
    match way {
        SlotType::Words => Route::RecoveriesFinish,
        _ => Route::SessionsFinish,
    }
}

/// Refuses something of the account's records, beside what `known` says and the manifest that this device has pinned.
async fn refuse_sealed(
    device: &Device,
    keys: &Keys,
    check: Check,
    bytes: &[u8],
    known: Vec<Known>,
) -> OpenError {
    let refused = Refused::new(check, Subject::Account, Route::Account, bytes)
        .knowing(known)
        .knowing(pin::known_manifest(device, keys.local.account()).await);
    refuse(device, Keeper::Account(&keys.local), refused).await.into()
}

/// A login that the server ends is a wrong phrase, whatever it knew.
fn wrong(error: ApiError) -> OpenError {
    match error.problem_code() {
        // 404 is no answer of these routes; a server that gives it does not get an account denied by name.
        Some(ErrorCode::LoginFailed | ErrorCode::NotFound) => OpenError::Wrong,
        _ => OpenError::Api(error),
    }
}

/// A login that this device ends is a wrong phrase too: whoever answers cannot tell the two apart.
fn failed(error: ClientError) -> OpenError {
    match error {
        ClientError::Malformed | ClientError::Refused => OpenError::Wrong,
        ClientError::Memory | ClientError::Random(_) => OpenError::Device,
    }
}

/// Asks for what an open slot would be followed by, and looks at none of it: a server that alters slots and records
/// sees the same requests whichever was refused, so no series of logins tells it more (checklist 7).
pub(crate) async fn ask_as_ever(device: &Device, session: &Session) {
    let _ = api::account::read(device.transport(), session).await;
}

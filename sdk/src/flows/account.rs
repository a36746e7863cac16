//! Accounts: create one whole (N1), open it by phrase or by words (N3), change the phrase (N2).
//!
//! Everything is made on this device; the server sees ciphertext, hashes and public keys. A wrong phrase and an
//! unknown account are one error. spec/flows.md sections 2 and 3.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::handle::{Handle, normalise_handle};
use crypto::account::keys::{Ark, Kek};
use crypto::account::manifest::{LogPin, Manifest, SlotState};
use crypto::account::record::Record;
use crypto::account::secrets::{Identity, Secrets};
use crypto::account::slot::Slot;
use crypto::audit::opening::identity_label;
use crypto::audit::tag::LogKey;
use crypto::id::Hash32;
use crypto::opaque::client::{self, ClientError, ExportKey};
use crypto::phrase::Password;
use crypto::random::{Random, RandomError};
use crypto::words::Words;
use shared::account::{Account, CreateAccount, RegistrationStart};
use shared::audit::LogWrite;
use shared::{AccountId, DeploymentId, ErrorCode, Hash, LogTag, OperationId, RecoveryId};
use zeroize::Zeroizing;

use super::{Device, genesis, login, pin, policy, retry};
use crate::api;
use crate::error::ApiError;
use crate::evidence::{Check, Keeper, Known, Refusal, Refused, Route, Subject, refuse};
use crate::flows::login::OpenError;
use crate::session::{Keys, Unlocked};

/// Why no account was created. Where the network broke, call `register` again with the same draft.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The person's: not 3 to 64 letters, digits, dots, hyphens, underscores.
    #[error("not a handle")]
    Handle,
    /// The person's: the handle belongs to somebody.
    #[error("the handle is taken")]
    HandleTaken,
    /// The person's: an empty or huge phrase.
    #[error("not a phrase")]
    Phrase,
    /// The network or the server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server's: what it stored is not what was sent, or it is another deployment.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device: randomness, memory or local store.
    #[error("this device failed")]
    Device,
}

impl From<RandomError> for CreateError {
    fn from(_: RandomError) -> Self {
        Self::Device
    }
}

/// An account that exists on this device alone: its words can be shown and confirmed before anything is sent.
pub struct Draft {
    device: Rc<Device>,
    account_id: AccountId,
    operation_id: OperationId,
    words: Words,
    ark: Ark,
    secrets: Secrets,
    bundle: VerifiedBundle,
    confirmed: Cell<Option<u64>>,
    /// The deployment that the sheet names, once it was asked for.
    deployment: Cell<Option<DeploymentId>>,
    /// The request as it was last sent, so that sending again sends the same bytes.
    sent: RefCell<Option<Sent>>,
}

struct Sent {
    handle: Handle,
    phrase: Zeroizing<String>,
    request: CreateAccount,
}

impl Draft {
    /// Makes account id, words and every key.
    ///
    /// # Errors
    /// [`CreateError::Device`] without randomness.
    pub fn make(device: Rc<Device>) -> Result<Self, CreateError> {
        let account_id = AccountId(device.make_bytes()?);
        let operation_id = OperationId(device.make_bytes()?);
        let now = device.clock().now();
        let (words, ark, secrets) = device.with_random(|random| {
            let identity = Identity::make(now, random)?;
            Ok::<_, RandomError>((
                Words::make(random)?,
                Ark::make(random)?,
                Secrets::make(identity, random)?,
            ))
        })?;
        let identity = secrets.current().map_err(|_| CreateError::Device)?;
        let bundle =
            VerifiedBundle::make(account_id.as_bytes(), identity).map_err(|_| CreateError::Device)?;
        let (confirmed, sent) = (Cell::new(None), RefCell::new(None));
        Ok(Self {
            device,
            account_id,
            operation_id,
            words,
            ark,
            secrets,
            bundle,
            confirmed,
            deployment: Cell::new(None),
            sent,
        })
    }

    /// The twelve words of the recovery sheet.
    #[must_use]
    pub fn words(&self) -> Vec<Zeroizing<String>> {
        self.words.to_words()
    }

    /// Printed on the recovery sheet.
    #[must_use]
    pub const fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// Printed on the recovery sheet: the deployment that answers, which is the pinned one on a device that has a pin.
    /// [`Draft::register`] goes to no other.
    ///
    /// # Errors
    /// [`CreateError::Refused`] where another deployment answers than the pinned one; [`CreateError::Api`];
    /// [`CreateError::Device`].
    pub async fn deployment(&self) -> Result<DeploymentId, CreateError> {
        let id = login::deployment(&self.device).await?;
        self.verify_deployment(id).await?;
        self.deployment.set(Some(id));
        Ok(id)
    }

    /// The person has the sheet and has shown it (three words retyped): the account begins as safe.
    pub fn confirm_sheet(&self) {
        self.confirmed.set(Some(self.device.clock().now()));
    }

    /// Creates the account (N1): one idempotent request, then a real login, a comparison of every stored byte, and a
    /// login by the words on the sheet.
    ///
    /// # Errors
    /// [`CreateError`]; "created" is said by `Ok` alone.
    pub async fn register(&self, handle: &str, phrase: &str) -> Result<Unlocked, CreateError> {
        let handle = normalise_handle(handle).map_err(|_| CreateError::Handle)?;
        let password = Password::normalise(phrase).map_err(|_| CreateError::Phrase)?;
        let deployment = login::deployment(&self.device).await.map_err(CreateError::from)?;
        self.verify_deployment(deployment).await?;
        let known =
            self.sent.borrow().as_ref().and_then(|sent| {
                (sent.handle == handle && *sent.phrase == phrase).then(|| sent.request.clone())
            });
        let request = match known {
            Some(request) => request,
            None => self.prepare(&handle, &password, deployment).await?,
        };
        *self.sent.borrow_mut() = Some(Sent {
            handle: handle.clone(),
            phrase: phrase.to_owned().into(),
            request: request.clone(),
        });
        let created = retry(&self.device, || {
            api::account::create(self.device.transport(), &request)
        })
        .await;
        created.map_err(taken)?;
        let signed_in = login::sign_in(Rc::clone(&self.device), handle.as_str(), phrase).await?;
        let stored = api::account::read(self.device.transport(), &signed_in.session).await?;
        self.verify_read_back(&request, &stored).await?;
        self.verify_words(&request).await?;
        let mut unlocked = signed_in.unlock().await?;
        // This device has seen the collection from its first head: no notice of a first visit.
        let (id, first) = {
            let replica = unlocked.replica.borrow();
            (replica.id, replica.pin)
        };
        let signed = request.collection.commit.head.as_slice();
        let pinned = pin::advance_head(&self.device, self.account_id, id, &first, signed).await;
        pinned.map_err(|_| CreateError::Device)?;
        unlocked.first_visit = false;
        Ok(unlocked)
    }

    /// Registration with the server's OPRF, then everything that one request carries.
    async fn prepare(
        &self,
        handle: &Handle,
        password: &Password,
        deployment: DeploymentId,
    ) -> Result<CreateAccount, CreateError> {
        let device = &self.device;
        let (registration, start) = device
            .with_random(|random| client::registration_start(password, random))
            .map_err(client_failed)?;
        let start = RegistrationStart {
            handle: handle.as_str().to_owned(),
            request: start.as_slice().into(),
        };
        let challenge = retry(device, || api::account::register(device.transport(), &start))
            .await
            .map_err(taken)?;
        let registered = device
            .with_random(|random| {
                let id = handle.credential_id();
                registration.finish(deployment.as_bytes(), &id, challenge.response.as_slice(), random)
            })
            .map_err(client_failed)?;
        let log = self.first_sight().await?;
        let made = device.with_random(|random| {
            self.make_records(device.clock().now(), &registered.export_key, log, random)
        })?;
        Ok(CreateAccount {
            operation_id: self.operation_id,
            account_id: self.account_id,
            handle: handle.as_str().to_owned(),
            registration: registered.record.as_slice().into(),
            recovery_id: RecoveryId(self.words.derive_recovery_id()),
            recovery_pk: self.words.derive_recovery_auth().public_key().into(),
            password_slot: made.password_slot.to_bytes().as_slice().into(),
            words_slot: made.words_slot.to_bytes().as_slice().into(),
            secrets: made.secrets.to_bytes().into(),
            manifest: made.manifest.to_bytes().into(),
            bundle: self.bundle.to_bytes().as_slice().into(),
            collection: made.collection,
            label: made.label.into(),
            log: made.log,
        })
    }

    /// Slots, records and the personal collection: everything under the ARK.
    fn make_records(
        &self,
        now: u64,
        export_key: &ExportKey,
        log: LogPin,
        random: &mut dyn Random,
    ) -> Result<Made, CreateError> {
        let id = self.account_id.as_bytes();
        let failed = |_| CreateError::Device;
        let identity = self.secrets.current().map_err(|_| CreateError::Device)?;
        let keys = Keys::derive(self.ark.clone(), self.account_id);
        let (password_slot_id, words_slot_id) = (
            crypto::random::make_bytes(random)?,
            crypto::random::make_bytes(random)?,
        );
        let kek = Kek::derive_from_export_key(export_key, id, &password_slot_id);
        let password_slot = Slot::wrap(&kek, ARK_GEN, &self.ark, random).map_err(failed)?;
        let kek = self.words.derive_kek(id, &words_slot_id);
        let words_slot = Slot::wrap(&kek, ARK_GEN, &self.ark, random).map_err(failed)?;
        let secrets = self.secrets.seal(id, 1, &keys.account, random).map_err(failed)?;
        let seen = log.tree;
        let mut manifest = Manifest::make(&secrets, ARK_GEN, log, random)?;
        manifest.list_slot(&password_slot, SlotState::Live);
        manifest.list_slot(&words_slot, SlotState::Live);
        manifest.kit_confirmed = self.confirmed.get();
        let (collection, collection_keys) =
            genesis::make_personal(self.account_id, identity, &self.bundle, (now, seen), random)
                .map_err(|_| CreateError::Device)?;
        manifest
            .collections
            .insert(collection.collection_id.0, collection_keys);
        let label = identity_label(id, &manifest.label_salt);
        let log = LogWrite {
            seed: Hash(crypto::random::make_bytes(random)?),
            tag: LogTag(LogKey::of_account(&self.ark, id).tag(1)),
        };
        let manifest = manifest
            .seal(id, None, identity, &keys.manifest, random)
            .map_err(failed)?;
        Ok(Made {
            password_slot,
            words_slot,
            secrets,
            manifest,
            collection,
            label,
            log,
        })
    }

    /// The log as this device sees it for the first time: from here on no device of the account goes back behind it.
    async fn first_sight(&self) -> Result<LogPin, CreateError> {
        match policy::first_sight(&self.device).await? {
            Ok(pin) => Ok(pin),
            Err(note) => {
                let refused = Refused::new(Check::Checkpoint, Subject::Account, Route::Checkpoint, &note);
                Err(refuse(&self.device, Keeper::Open, refused).await.into())
            }
        }
    }

    /// The sheet in the person's hands names one deployment, also where the pin has been lost since.
    async fn verify_deployment(&self, id: DeploymentId) -> Result<(), CreateError> {
        if self.deployment.get().is_none_or(|shown| shown == id) {
            return Ok(());
        }
        let bytes = id.as_bytes();
        let shown = self.deployment.get().map(|id| Known::Deployment { id });
        let refused =
            Refused::new(Check::Deployment, Subject::Account, Route::Deployment, bytes).knowing(shown);
        Err(refuse(&self.device, Keeper::Open, refused).await.into())
    }

    /// Read-back: whatever the server stored is what was sent, to the byte.
    async fn verify_read_back(&self, sent: &CreateAccount, stored: &Account) -> Result<(), CreateError> {
        let mut slots = vec![sent.password_slot.clone(), sent.words_slot.clone()];
        let mut found = stored.slots.clone();
        slots.sort_by(|a, b| a.0.cmp(&b.0));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let same = stored.account_id == sent.account_id
            && stored.handle == sent.handle
            && found == slots
            && stored.secrets == sent.secrets
            && stored.manifest == sent.manifest
            && stored.bundle == sent.bundle
            && stored.events.is_empty();
        if same {
            return Ok(());
        }
        let expected = Account {
            account_id: sent.account_id,
            handle: sent.handle.clone(),
            slots,
            secrets: sent.secrets.clone(),
            manifest: sent.manifest.clone(),
            logged: stored.logged,
            bundle: sent.bundle.clone(),
            quota: stored.quota,
            events: Vec::new(),
        };
        let json = |account: &Account| serde_json::to_vec(account).unwrap_or_default();
        let hash = Hash(crypto::hash::sha256(&json(&expected)));
        Err(self.refuse_read_back(Route::Account, &json(stored), hash).await)
    }

    /// The sheet opens the account too: recovery id and recovery key stand in no answer, so only a login by the words
    /// shows that the server stored the ones that were sent.
    async fn verify_words(&self, sent: &CreateAccount) -> Result<(), CreateError> {
        let slot = match login::sign_in_by(Rc::clone(&self.device), &self.words).await {
            Ok(opened) => {
                // A session that cannot be ended runs out by itself.
                let _ = api::session::end(self.device.transport(), &opened.session).await;
                opened.slot.to_bytes().to_vec()
            }
            Err(OpenError::Wrong) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if slot == sent.words_slot.as_slice() {
            return Ok(());
        }
        let hash = Hash(crypto::hash::sha256(sent.words_slot.as_slice()));
        Err(self.refuse_read_back(Route::RecoveriesFinish, &slot, hash).await)
    }

    /// It may hold the handle: sealed for this account, like all that names somebody.
    async fn refuse_read_back(&self, route: Route, bytes: &[u8], sent: Hash) -> CreateError {
        let refused = Refused::new(Check::ReadBack, Subject::Account, route, bytes)
            .knowing([Known::Sent { hash: sent }]);
        let keys = Keys::derive(self.ark.clone(), self.account_id);
        refuse(&self.device, Keeper::Account(&keys.local), refused)
            .await
            .into()
    }
}

/// What `make_records` made.
struct Made {
    password_slot: Slot,
    words_slot: Slot,
    secrets: Record,
    manifest: Record,
    collection: shared::account::CreateCollection,
    label: Hash32,
    log: LogWrite,
}

impl From<OpenError> for CreateError {
    /// After creating, a login that fails is the server's doing: the phrase is the one just registered.
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Api(error) => Self::Api(error),
            OpenError::Refused(refusal) => Self::Refused(refusal),
            OpenError::Wrong | OpenError::Words(_) => Self::Api(ApiError::Hostile),
            OpenError::Device => Self::Device,
        }
    }
}

fn taken(error: ApiError) -> CreateError {
    match error.problem_code() {
        Some(ErrorCode::HandleTaken) => CreateError::HandleTaken,
        _ => CreateError::Api(error),
    }
}

fn client_failed(error: ClientError) -> CreateError {
    match error {
        ClientError::Malformed | ClientError::Refused => CreateError::Api(ApiError::Hostile),
        ClientError::Memory | ClientError::Random(_) => CreateError::Device,
    }
}

/// The first account root key.
const ARK_GEN: u32 = 0;

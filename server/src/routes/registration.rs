//! New accounts: the first half of OPAQUE, then everything in one request and one transaction (protocol N1).

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use crypto::account::bundle::VerifiedBundle;
use crypto::account::handle::Handle;
use crypto::account::record::{Record, RecordKind};
use crypto::account::slot::{Slot, SlotType};
use crypto::audit::entry::Entry;
use crypto::collection::charter::{Charter, VerifiedCharter};
use crypto::id::{Hash32, Id};
use crypto::opaque::server as opaque;
use crypto::signature::VerifyingKey;
use shared::account::{CreateAccount, RegistrationChallenge, RegistrationStart};
use shared::audit::LogWrite;
use shared::{Blob, ErrorCode};

use super::account::log_manifest;
use crate::access;
use crate::audit::write::Entries;
use crate::commit::{Checked, PRESENT};
use crate::error::Failure;
use crate::extract::{MaybeSigned, Open};
use crate::journal;
use crate::key;
use crate::row::{AccountRow, LoginRow, QuotaRow, RecoveryRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::{Step, Writes};

/// First half of OPAQUE registration. Nothing is stored; a taken handle is said (protocol 5.1).
///
/// Signed by the account that holds the handle, it is the first half of a change of password.
pub(crate) async fn start(
    Extract(state): Extract<State>,
    MaybeSigned { who, json }: MaybeSigned<RegistrationStart>,
) -> Result<Json<RegistrationChallenge>, Failure> {
    let handle = Handle::parse(&json.handle).map_err(|_| ErrorCode::Malformed)?;
    let credential_id = handle.credential_id();
    let taken = state.row::<LoginRow>(&key::login(&credential_id)).await?;
    access::register(who.as_ref(), taken.as_ref().map(|(row, _)| row))?;
    let response = opaque::registration_start(&state.setup, &credential_id, json.request.as_slice())
        .map_err(|_| ErrorCode::Malformed)?;
    Ok(Json(RegistrationChallenge {
        response: Blob(response.to_vec()),
    }))
}

/// Creates an account, or recognises the request that did.
pub(crate) async fn create(
    Extract(state): Extract<State>,
    Open { json, digest, .. }: Open<CreateAccount>,
) -> Result<StatusCode, Failure> {
    let account = NewAccount::check(&state, json, digest)?;
    let _writer = state.account_lock(&account.id).lock().await;
    if state.transact(|| account.stage(&state)).await? {
        state.limiter.created(state.now());
    }
    Ok(StatusCode::CREATED)
}

/// A request whose parts fit together.
struct NewAccount {
    id: Id,
    row: AccountRow,
    login: LoginRow,
    recovery: RecoveryRow,
    slots: [Slot; 2],
    secrets: Record,
    manifest: Record,
    bundle: Vec<u8>,
    charter: VerifiedCharter,
    commit: Checked,
    identity: Entry,
    log: LogWrite,
}

impl NewAccount {
    fn check(state: &State, request: CreateAccount, digest: Hash32) -> Result<Self, Failure> {
        let id = request.account_id.0;
        let handle = Handle::parse(&request.handle).map_err(|_| ErrorCode::Malformed)?;
        let record =
            opaque::Record::accept(&state.setup, request.registration.as_slice()).map_err(refused)?;
        VerifyingKey::from_bytes(&request.recovery_pk.0).map_err(refused)?;
        let slots = [
            check_slot(&request.password_slot, SlotType::Password, &id)?,
            check_slot(&request.words_slot, SlotType::Words, &id)?,
        ];
        let [password, words] = &slots;
        if password.header().slot_id == words.header().slot_id {
            return Err(ErrorCode::Refused.into());
        }
        let bundle = VerifiedBundle::parse(request.bundle.as_slice()).map_err(refused)?;
        if *bundle.account_id() != id || bundle.seq() != 0 {
            return Err(ErrorCode::Refused.into());
        }
        let collection_id = request.collection.collection_id.0;
        let charter = Charter::parse(request.collection.charter.as_slice())
            .and_then(|charter| charter.verify_genesis(&collection_id))
            .map_err(refused)?;
        let commit = Checked::new(&charter, request.collection.commit)?;
        if !commit.is_first() {
            return Err(ErrorCode::Refused.into());
        }
        Ok(Self {
            id,
            row: AccountRow {
                credential_id: handle.credential_id(),
                recovery_id: request.recovery_id.0,
                created_by: digest,
                operation_id: [0; 16],
                operation: [0; 32],
                label: request.label.0,
                handle: handle.as_str().to_owned(),
            },
            login: LoginRow {
                account_id: id,
                record: record.to_bytes().to_vec(),
            },
            recovery: RecoveryRow {
                account_id: id,
                recovery_pk: request.recovery_pk.0,
            },
            secrets: check_record(&request.secrets, RecordKind::Secrets, &id)?,
            manifest: check_record(&request.manifest, RecordKind::Manifest, &id)?,
            slots,
            bundle: request.bundle.0,
            charter,
            commit,
            identity: Entry::Identity {
                label: request.label.0,
                seq: bundle.seq(),
                bundle_hash: bundle.hash(),
            },
            log: request.log,
        })
    }

    /// Whether the account is new; the request that made it already succeeds again.
    async fn stage(&self, state: &State) -> Result<Step<bool>, Failure> {
        if let Some((stored, _)) = state.row::<AccountRow>(&key::account(&self.id)).await? {
            let same = stored.created_by == self.row.created_by;
            return if same {
                Ok(Step::Done(false))
            } else {
                Err(ErrorCode::Conflict.into())
            };
        }
        // What is being erased under this id is not to be mixed with what would come.
        let closing = key::closing(&self.id);
        if state.meta.get(closing.0, &closing.1).await?.is_some() {
            return Err(ErrorCode::Conflict.into());
        }
        state.limiter.may_create(state.config.new_accounts, state.now())?;
        let login = key::login(&self.row.credential_id);
        if state.meta.get(login.0, &login.1).await?.is_some() {
            return Err(ErrorCode::HandleTaken.into());
        }
        let recovery = key::recovery(&self.row.recovery_id);
        let collection = key::collection(self.charter.collection_id());
        let label = key::label(&self.row.label);
        for taken in [&recovery, &collection, &label] {
            if state.meta.get(taken.0, &taken.1).await?.is_some() {
                return Err(ErrorCode::Conflict.into());
            }
        }
        let quota = QuotaRow {
            index: self.commit.bytes(),
            ..QuotaRow::default()
        };
        let mut batch = Batch::default();
        batch
            .absent(&key::account(&self.id))
            .absent(&login)
            .absent(&recovery)
            .absent(&label);
        batch
            .put_row(key::account(&self.id), &self.row)
            .put_row(key::quota(&self.id), &quota)
            .put_row(login, &self.login)
            .put_row(recovery, &self.recovery)
            .put(key::secrets(&self.id), self.secrets.to_bytes().to_vec())
            .put(key::manifest(&self.id), self.manifest.to_bytes().to_vec())
            .put(key::bundle(&self.id), self.bundle.clone())
            .put(label, PRESENT.to_vec());
        for slot in &self.slots {
            batch.put(
                key::slot(&self.id, &slot.header().slot_id),
                slot.to_bytes().to_vec(),
            );
        }
        journal::begin(&self.id, state.now(), self.commit.happening(), &mut batch);
        Entries::new(&mut batch, self.id, &self.log).open(&self.identity);
        self.commit.stage_first(self.id, &self.charter, &mut batch);
        let mut entries = Entries::new(&mut batch, self.id, &self.log);
        log_manifest(&mut entries, &self.id, &self.manifest, &self.row.label, &self.log);
        Ok(Step::Write(batch, true))
    }
}

/// A slot of this type and account.
pub(super) fn check_slot(bytes: &Blob, slot_type: SlotType, account_id: &Id) -> Result<Slot, Failure> {
    let slot = Slot::parse(bytes.as_slice()).map_err(refused)?;
    let fits = slot.header().slot_type == slot_type && slot.header().account_id == *account_id;
    if fits {
        Ok(slot)
    } else {
        Err(ErrorCode::Refused.into())
    }
}

/// The first version of a record of this kind and account.
fn check_record(bytes: &Blob, kind: RecordKind, account_id: &Id) -> Result<Record, Failure> {
    let record = Record::parse(bytes.as_slice()).map_err(refused)?;
    let header = record.header();
    let fits = header.kind == kind && header.account_id == *account_id && header.version == 1;
    if fits {
        Ok(record)
    } else {
        Err(ErrorCode::Refused.into())
    }
}

fn refused<E>(_: E) -> ErrorCode {
    ErrorCode::Refused
}

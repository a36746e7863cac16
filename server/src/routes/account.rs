//! The signed-in account's own records: read, and the two that change (manifest, way in by password).

use axum::Json;
use axum::extract::State as Extract;
use axum::response::Response;
use crypto::account::record::Record;
use crypto::account::slot::{Slot, SlotType};
use crypto::id::Id;
use crypto::opaque::server as opaque;
use shared::account::{Account, ManifestStored, PutManifest, PutPassword, Quota};
use shared::{AccountId, Blob, ErrorCode, Hash, limit};

use super::registration::check_slot;
use crate::auth::Who;
use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::key::{self, Place};
use crate::params::IfMatch;
use crate::room;
use crate::row::{AccountRow, LoginRow, QuotaRow};
use crate::state::State;
use crate::store::{Batch, value_hash};
use crate::transact::{Step, Writes};

pub(crate) async fn read(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let id = &who.account_id;
    let room = state.rooms.answers.take(id, ACCOUNT_BYTES).await?;
    // So that slots and manifest are of one moment.
    let _writer = state.account_lock(id).lock().await;
    let (account, _) = state
        .row::<AccountRow>(&key::account(id))
        .await?
        .ok_or(ErrorCode::Internal)?;
    let slots = slots(&state, id).await?;
    let account = Account {
        account_id: AccountId(*id),
        handle: account.handle,
        slots: slots
            .into_iter()
            .map(|slot| Blob(slot.to_bytes().to_vec()))
            .collect(),
        secrets: stored(&state, &key::secrets(id)).await?,
        manifest: stored(&state, &key::manifest(id)).await?,
        bundle: stored(&state, &key::bundle(id)).await?,
        quota: read_quota(&state, id).await?,
    };
    room::json(room, &account)
}

pub(crate) async fn quota(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Json<Quota>, Failure> {
    Ok(Json(read_quota(&state, &who.account_id).await?))
}

/// The next manifest: compare-and-swap on the hash of the one before. The stored one again succeeds again.
pub(crate) async fn put_manifest(
    Extract(state): Extract<State>,
    IfMatch(before): IfMatch,
    Signed { who, json, .. }: Signed<PutManifest>,
) -> Result<Json<ManifestStored>, Failure> {
    let manifest = Record::parse(json.manifest.as_slice()).map_err(|_| ErrorCode::Refused)?;
    let _writer = state.account_lock(&who.account_id).lock().await;
    let (who, manifest) = (&who, &manifest);
    let state = &state;
    let stage = || async move {
        let (stored, seen) = manifest_of(state, &who.account_id).await?;
        if stored.to_bytes() == manifest.to_bytes() {
            return Ok(Step::Done(()));
        }
        let mut batch = Batch::default();
        stage_manifest(&who.account_id, manifest, (&stored, seen), before, &mut batch)?;
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await?;
    Ok(Json(ManifestStored {
        manifest_hash: Hash(manifest.manifest_hash()),
    }))
}

/// A new password: record, slot and manifest in one request. Ends every other session and every login under way.
pub(crate) async fn put_password(
    Extract(state): Extract<State>,
    IfMatch(before): IfMatch,
    Signed {
        who, json, digest, ..
    }: Signed<PutPassword>,
) -> Result<Json<ManifestStored>, Failure> {
    who.stepped_up(state.now())?;
    let change = NewPassword {
        operation_id: json.operation_id.0,
        digest,
        record: opaque::Record::accept(&state.setup, json.registration.as_slice())
            .map_err(|_| ErrorCode::Refused)?,
        slot: check_slot(&json.password_slot, SlotType::Password, &who.account_id)?,
        manifest: Record::parse(json.manifest.as_slice()).map_err(|_| ErrorCode::Refused)?,
    };
    // A task of its own: a request that is cut off for its time still ends what the old password opened.
    let work = tokio::spawn(async move { change.run(&state, &who, before).await });
    work.await.map_err(|_| ErrorCode::Internal)?
}

struct NewPassword {
    operation_id: Id,
    digest: [u8; 32],
    record: opaque::Record,
    slot: Slot,
    manifest: Record,
}

impl NewPassword {
    async fn run(&self, state: &State, who: &Who, before: [u8; 32]) -> Result<Json<ManifestStored>, Failure> {
        let _writer = state.account_lock(&who.account_id).lock().await;
        let outcome = state.transact(|| self.stage(state, who, before)).await;
        // Whatever else the store answered, the new password may be there.
        let refused = matches!(
            outcome,
            Err(Failure {
                code: ErrorCode::Conflict | ErrorCode::Refused | ErrorCode::LostRace,
                ..
            })
        );
        if !refused {
            state.sessions.close_others(&who.account_id, &who.session_id);
            state.logins.forget(&who.account_id);
        }
        outcome?;
        Ok(Json(ManifestStored {
            manifest_hash: Hash(self.manifest.manifest_hash()),
        }))
    }

    async fn stage(&self, state: &State, who: &Who, before: [u8; 32]) -> Result<Step<()>, Failure> {
        let id = &who.account_id;
        let place = key::account(id);
        let (mut account, seen) = state
            .row::<AccountRow>(&place)
            .await?
            .ok_or(ErrorCode::Internal)?;
        if account.operation_id == self.operation_id {
            let same = account.operation == self.digest;
            return if same {
                Ok(Step::Done(()))
            } else {
                Err(ErrorCode::Conflict.into())
            };
        }
        account.operation_id = self.operation_id;
        account.operation = self.digest;
        let mut batch = Batch::default();
        let (stored, manifest_seen) = manifest_of(state, id).await?;
        stage_manifest(id, &self.manifest, (&stored, manifest_seen), before, &mut batch)?;
        let slots = slots(state, id).await?;
        if slots.len() as u64 > limit::SLOTS {
            return Err(Failure::with_limit(ErrorCode::Refused, limit::SLOTS));
        }
        for old in slots {
            let (old_type, old_id) = (old.header().slot_type, old.header().slot_id);
            match (
                old_type == SlotType::Password,
                old_id == self.slot.header().slot_id,
            ) {
                // Replaced: by the put below if the id stays, which a batch may not also delete.
                (true, false) => _ = batch.delete(key::slot(id, &old_id)),
                (false, true) => return Err(ErrorCode::Refused.into()),
                _ => {}
            }
        }
        let login = LoginRow {
            account_id: *id,
            record: self.record.to_bytes().to_vec(),
        };
        batch
            .expect(&place, seen)
            .put_row(key::login(&account.credential_id), &login)
            .put(
                key::slot(id, &self.slot.header().slot_id),
                self.slot.to_bytes().to_vec(),
            )
            .put_row(place, &account);
        Ok(Step::Write(batch, ()))
    }
}

fn stage_manifest(
    id: &Id,
    manifest: &Record,
    (stored, seen): (&Record, [u8; 32]),
    before: [u8; 32],
    batch: &mut Batch,
) -> Result<(), Failure> {
    if stored.manifest_hash() != before {
        return Err(ErrorCode::LostRace.into());
    }
    // Kind and account are those of the stored one, or it does not follow.
    manifest.verify_follows(stored).map_err(|_| ErrorCode::Refused)?;
    let place = key::manifest(id);
    batch
        .expect(&place, seen)
        .put(place, manifest.to_bytes().to_vec());
    Ok(())
}

async fn manifest_of(state: &State, id: &Id) -> Result<(Record, [u8; 32]), Failure> {
    let bytes = stored(state, &key::manifest(id)).await?;
    let record = Record::parse(bytes.as_slice()).map_err(|_| ErrorCode::Internal)?;
    Ok((record, value_hash(bytes.as_slice())))
}

async fn stored(state: &State, (table, key): &Place) -> Result<Blob, Failure> {
    Ok(Blob(
        state.meta.get(*table, key).await?.ok_or(ErrorCode::Internal)?,
    ))
}

async fn read_quota(state: &State, id: &Id) -> Result<Quota, Failure> {
    let (row, _) = state
        .row::<QuotaRow>(&key::quota(id))
        .await?
        .ok_or(ErrorCode::Internal)?;
    Ok(Quota {
        used: row.used,
        reserved: row.reserved,
        limit: state.config.account_bytes,
    })
}

/// Every slot, in the order of their ids.
pub(super) async fn slots(state: &State, id: &Id) -> Result<Vec<Slot>, Failure> {
    let records = state.scan(&key::slots(id), SLOTS_READ).await?;
    records
        .iter()
        .map(|(_, bytes)| Slot::parse(bytes).map_err(|_| ErrorCode::Internal.into()))
        .collect()
}

/// Every record of an account, as bytes and as text.
const ACCOUNT_BYTES: u64 = 8 * limit::RECORD_BYTES;
/// One more than there may be.
const SLOTS_READ: usize = limit::SLOTS as usize + 1;

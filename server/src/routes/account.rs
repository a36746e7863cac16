//! The signed-in account's own records: read, the manifest, what happened to it, and its end.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::response::Response;
use crypto::account::record::Record;
use crypto::account::slot::Slot;
use crypto::audit::opening::Opening;
use crypto::id::{Hash32, Id};
use shared::account::{Account, Event, ManifestStored, PutManifest, Quota};
use shared::audit::LogWrite;
use shared::{AccountId, Blob, ErrorCode, Hash, OperationId, limit};

use crate::audit::write::{self, Entries};
use crate::closing;
use crate::collector::freeing;
use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::key::{self, Place};
use crate::params::{IfMatch, Param};
use crate::room;
use crate::row::{AccountRow, EventsRow, QuotaRow};
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
    let (manifest, _) = manifest_of(&state, id).await?;
    let account = Account {
        account_id: AccountId(*id),
        handle: account.handle,
        slots: slots
            .into_iter()
            .map(|slot| Blob(slot.to_bytes().to_vec()))
            .collect(),
        secrets: stored(&state, &key::secrets(id)).await?,
        logged: write::logged(&state, &key::logged_manifest(id, manifest.header().version)).await?,
        manifest: Blob(manifest.to_bytes().to_vec()),
        bundle: stored(&state, &key::bundle(id)).await?,
        quota: read_quota(&state, id).await?,
        events: events(&state, id).await?,
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
    let (who, manifest, log) = (&who, &manifest, &json.log);
    let state = &state;
    let stage = || async move {
        let (stored, seen) = manifest_of(state, &who.account_id).await?;
        if stored.to_bytes() == manifest.to_bytes() {
            return Ok(Step::Done(()));
        }
        let mut batch = Batch::default();
        stage_manifest(&who.account_id, manifest, (&stored, seen), before, &mut batch)?;
        let label = label_of(state, &who.account_id).await?;
        let mut entries = Entries::new(&mut batch, who.account_id, log);
        log_manifest(&mut entries, &who.account_id, manifest, &label, log);
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await?;
    manifest_stored(state, &who.account_id, manifest).await
}

/// The answer to a write that stored a manifest.
pub(super) async fn manifest_stored(
    state: &State,
    id: &Id,
    manifest: &Record,
) -> Result<Json<ManifestStored>, Failure> {
    let place = key::logged_manifest(id, manifest.header().version);
    let log_index = write::index_at(state, &place).await?;
    Ok(Json(ManifestStored {
        manifest_hash: Hash(manifest.manifest_hash()),
        log_index: log_index.ok_or(ErrorCode::Internal)?,
    }))
}

/// The entry of a manifest, under its owner's tag.
pub(super) fn log_manifest(
    entries: &mut Entries<'_>,
    id: &Id,
    manifest: &Record,
    label: &Hash32,
    log: &LogWrite,
) {
    let version = manifest.header().version;
    let opening = Opening::Manifest {
        label: *label,
        version,
        manifest_hash: manifest.manifest_hash(),
    };
    entries.seal_under(opening, log.tag.0, key::logged_manifest(id, version));
}

/// Under which the account's identity stands in the log.
async fn label_of(state: &State, id: &Id) -> Result<Hash32, Failure> {
    let row = state.row::<AccountRow>(&key::account(id)).await?;
    Ok(row.ok_or(ErrorCode::Internal)?.0.label)
}

/// The person has been shown an event. One that is not there was acknowledged before.
pub(crate) async fn acknowledge(
    Extract(state): Extract<State>,
    Param(OperationId(event)): Param<OperationId>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    let _writer = state.account_lock(&who.account_id).lock().await;
    let (state, place, event) = (&state, &key::events(&who.account_id), &event);
    let stage = || async move {
        let Some((mut row, seen)) = state.row::<EventsRow>(place).await? else {
            return Ok(Step::Done(()));
        };
        row.events.retain(|known| known.id != *event);
        let mut batch = freeing();
        batch.expect(place, seen);
        if row.events.is_empty() {
            batch.delete(place.clone());
        } else {
            batch.put_row(place.clone(), &row);
        }
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the account. Answered when everything is erased; what is cut off is finished by the collector.
pub(crate) async fn close(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    who.stepped_up(state.now())?;
    // A task of its own: a request that is cut off for its time still erases.
    let work = tokio::spawn(async move {
        closing::close(&state, &who.account_id).await?;
        while !closing::erase_some(&state, &who.account_id).await? {}
        Ok::<_, Failure>(())
    });
    work.await.map_err(|_| ErrorCode::Internal)??;
    Ok(StatusCode::NO_CONTENT)
}

async fn events(state: &State, id: &Id) -> Result<Vec<Event>, Failure> {
    let row = state.row::<EventsRow>(&key::events(id)).await?;
    let events = row.map(|(row, _)| row.events).unwrap_or_default();
    let told = events.into_iter().map(|event| Event {
        event_id: OperationId(event.id),
        at: event.at,
        sheet: event.sheet,
        by_words: event.by_words,
    });
    Ok(told.collect())
}

pub(super) fn stage_manifest(
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

pub(super) async fn manifest_of(state: &State, id: &Id) -> Result<(Record, [u8; 32]), Failure> {
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

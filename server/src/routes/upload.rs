//! Uploads: begin, keep the record, send parts, finish, give up (protocol 6.3). Every step can be repeated.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State as Extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use crypto::account::record::{Record, RecordKind};
use crypto::audit::listing::BodyState;
use crypto::document::body::{BodyHeader, fold_parts, part_hash};
use crypto::document::padding::Shape;
use crypto::hash::sha256;
use crypto::id::{Hash32, Id};
use futures::{StreamExt, stream};
use shared::document::{BeginUpload, BodyStored, CommitUpload, PutUploadRecord, Upload};
use shared::journal::Happening;
use shared::{Blob, BodyId, ErrorCode, Hash, limit};

use crate::access;
use crate::auth::Who;
use crate::collector::{self, UNREFERENCED_BODY_SECONDS};
use crate::commit::PRESENT;
use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty, SignedPart};
use crate::journal;
use crate::key::{self, Due};
use crate::params::{Param, PartParams};
use crate::room::{self, Room};
use crate::row::{BodyRow, QuotaRow, UploadRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::{Step, Writes};

/// The unfinished ones, as [`Uploads`](shared::document::Uploads): written one by one, because together their records
/// are larger than what one answer should take of the memory.
pub(crate) async fn list(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let room = state.rooms.answers.take(&who.account_id, LISTED_BYTES).await?;
    let found = state
        .scan(&key::uploads_of(&who.account_id), limit::UPLOADS as usize)
        .await?;
    let ids = found
        .iter()
        .filter_map(|(key, _)| key.last_chunk::<16>().copied());
    let mut list = Listing {
        ids: ids.collect::<Vec<Id>>().into_iter(),
        state,
        who,
        before: Some("{\"items\":["),
        room: Arc::new(room),
    };
    // What cannot be read at all is an answer of its own; later failures can only cut the answer short.
    let start = list.next().await?;
    let rest = stream::try_unfold(list, |mut list| async move {
        match list.next().await {
            Ok(Some(bytes)) => Ok(Some((bytes, list))),
            Ok(None) => Ok(None),
            Err(_) => Err(io::Error::other("the store failed")),
        }
    });
    let start = stream::iter(start.map(Ok::<Bytes, io::Error>));
    let body = Body::from_stream(StreamExt::chain(start, rest));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Where a list stands.
struct Listing {
    state: State,
    who: Who,
    ids: std::vec::IntoIter<Id>,
    /// What stands before the next item; nothing after the end.
    before: Option<&'static str>,
    room: Arc<Room>,
}

impl Listing {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(before) = self.before else {
            return Ok(None);
        };
        let mut out = before.as_bytes().to_vec();
        self.before = None;
        for body_id in self.ids.by_ref() {
            if let Some(item) = listed(&self.state, &self.who, &body_id).await? {
                serde_json::to_writer(&mut out, &item).map_err(|_| ErrorCode::Internal)?;
                self.before = Some(",");
                break;
            }
        }
        if self.before.is_none() {
            // Where a comma was due, nothing comes any more.
            out.truncate(if before == "," { 0 } else { out.len() });
            out.extend_from_slice(b"]}");
        }
        Ok(Some(room::held(out.into(), Arc::clone(&self.room))))
    }
}

async fn listed(state: &State, who: &Who, body_id: &Id) -> Result<Option<Upload>, Failure> {
    let row = state.row::<UploadRow>(&key::upload(body_id)).await?;
    let Some((row, _)) = row.filter(|(row, _)| access::upload(who, row).is_ok()) else {
        return Ok(None);
    };
    let parts = Shape::of_ciphertext(row.ct_len).map_or(0, |shape| shape.parts);
    let parts = parts_of(state, body_id, parts).await?;
    Ok(Some(Upload {
        body_id: BodyId(*body_id),
        ct_len: row.ct_len,
        parts: parts.into_iter().map(|(part, _)| part).collect(),
        record: Blob(row.record),
    }))
}

/// Reserves quota and remembers the record, before the first part.
pub(crate) async fn begin(
    Extract(state): Extract<State>,
    Signed { who, json, .. }: Signed<BeginUpload>,
) -> Result<StatusCode, Failure> {
    Shape::of_ciphertext(json.ct_len).map_err(|_| ErrorCode::Refused)?;
    if json.ct_len > limit::BODY_BYTES {
        return Err(Failure::with_limit(ErrorCode::TooLarge, limit::BODY_BYTES));
    }
    let record = check_record(&json.record, &who, &json.body_id.0)?;
    if record.header().version != 1 {
        return Err(ErrorCode::Refused.into());
    }
    let _writer = state.account_lock(&who.account_id).lock().await;
    let _body = state.body_lock(&json.body_id.0).write().await;
    state.transact(|| stage_begin(&state, &who, &json)).await?;
    Ok(StatusCode::CREATED)
}

/// The record's next version, or the stored one again.
pub(crate) async fn put_record(
    Extract(state): Extract<State>,
    Param(BodyId(body_id)): Param<BodyId>,
    Signed { who, json, .. }: Signed<PutUploadRecord>,
) -> Result<StatusCode, Failure> {
    let record = check_record(&json.record, &who, &body_id)?;
    let (state, who, record) = (&state, &who, &record);
    let stage = || async move {
        let (mut row, seen) = find(state, who, &body_id).await?;
        if row.record == record.to_bytes() {
            return Ok(Step::Done(()));
        }
        let stored = Record::parse(&row.record).map_err(|_| ErrorCode::Internal)?;
        if stored.header().version.checked_add(1) != Some(record.header().version) {
            return Err(ErrorCode::LostRace.into());
        }
        row.record = record.to_bytes().to_vec();
        let mut batch = Batch::default();
        let place = key::upload(&body_id);
        batch.expect(&place, seen).put_row(place, &row);
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One part. Its bytes have the hash that was signed, or they are not stored; another hash never replaces a part.
pub(crate) async fn put_part(
    Extract(state): Extract<State>,
    PartParams { body_id, part }: PartParams,
    SignedPart { who, hash, bytes, .. }: SignedPart,
) -> Result<StatusCode, Failure> {
    let _body = state.body_lock(&body_id).read().await;
    let place = key::part_hash(&body_id, part);
    let known = state.meta.get(place.0, &place.1).await?;
    let Some(ct_len) = ct_len_of(&state, &who, &body_id, known.is_some()).await? else {
        // The upload was finished: its parts are what they are.
        return if known.as_deref() == Some(&hash) {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(ErrorCode::Conflict.into())
        };
    };
    let expected = Shape::of_ciphertext(ct_len)
        .ok()
        .and_then(|shape| shape.part_ct_len(part));
    if expected.ok_or(ErrorCode::NotFound)? != bytes.len() as u64 {
        return Err(ErrorCode::Refused.into());
    }
    if known.as_deref().is_some_and(|known| known != hash) {
        return Err(ErrorCode::Conflict.into());
    }
    if part_hash(&bytes) != Ok(hash) {
        return Err(ErrorCode::Refused.into());
    }
    if known.is_none() {
        state.blobs.put_part(body_id, part, bytes).await?;
        let mut batch = Batch::default();
        batch.put(place, hash.to_vec());
        state.meta.commit(batch).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Finishes: every part is there and folds to the root that the header names.
pub(crate) async fn commit(
    Extract(state): Extract<State>,
    Param(BodyId(body_id)): Param<BodyId>,
    Signed { who, json, .. }: Signed<CommitUpload>,
) -> Result<Json<BodyStored>, Failure> {
    let header = BodyHeader::parse(json.header.as_slice()).map_err(|_| ErrorCode::Refused)?;
    if *header.body_id() != body_id {
        return Err(ErrorCode::Refused.into());
    }
    let _writer = state.account_lock(&who.account_id).lock().await;
    let _body = state.body_lock(&body_id).write().await;
    let parts = parts_of(&state, &body_id, header.shape().parts).await?;
    let hashes: Vec<Hash32> = parts.into_iter().map(|(_, hash)| hash).collect();
    let whole = hashes.len() == header.shape().parts as usize && fold_parts(&hashes) == *header.body_root();
    state
        .transact(|| stage_commit(&state, &who, &header, whole))
        .await?;
    Ok(Json(BodyStored {
        body_hash: Hash(header.hash()),
    }))
}

/// Gives up. One that is not there is given up already; what one step does not erase, the collector does.
pub(crate) async fn abort(
    Extract(state): Extract<State>,
    Param(BodyId(body_id)): Param<BodyId>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    let ends = collector::end_upload(&state, &body_id, |row| access::give_up(&who, row).is_ok());
    if ends.await? && !collector::erase_upload(&state, &body_id).await? {
        state.to_erase.notify_one();
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn stage_begin(state: &State, who: &Who, request: &BeginUpload) -> Result<Step<()>, Failure> {
    let body_id = &request.body_id.0;
    let place = key::upload(body_id);
    let first_record = sha256(request.record.as_slice());
    if let Some((row, _)) = state.row::<UploadRow>(&place).await? {
        let same = row.first_record == first_record && row.ct_len == request.ct_len;
        return if same && access::upload(who, &row).is_ok() {
            Ok(Step::Done(()))
        } else {
            Err(ErrorCode::Conflict.into())
        };
    }
    let body = key::body(body_id);
    if state.meta.get(body.0, &body.1).await?.is_some() {
        return Err(ErrorCode::Conflict.into());
    }
    let quota_place = key::quota(&who.account_id);
    let (mut quota, seen) = state
        .row::<QuotaRow>(&quota_place)
        .await?
        .ok_or(ErrorCode::Internal)?;
    let left = state
        .config
        .account_bytes
        .saturating_sub(quota.used)
        .saturating_sub(quota.reserved);
    if request.ct_len > left {
        return Err(Failure::with_limit(ErrorCode::QuotaExceeded, left));
    }
    if u64::from(quota.uploads) >= limit::UPLOADS {
        return Err(Failure::with_limit(ErrorCode::Refused, limit::UPLOADS));
    }
    quota.reserved += request.ct_len;
    quota.uploads += 1;
    let now = state.now();
    let row = UploadRow {
        account_id: who.account_id,
        ct_len: request.ct_len,
        begun: now,
        ending: false,
        first_record,
        record: request.record.0.clone(),
    };
    let mut batch = Batch::default();
    batch.absent(&place).absent(&body).expect(&quota_place, seen);
    batch
        .put_row(place, &row)
        .put(key::upload_of(&who.account_id, body_id), PRESENT.to_vec())
        .put_row(quota_place, &quota)
        .put(
            key::due(now + limit::UPLOAD_SECONDS, &Due::Upload(*body_id)),
            PRESENT.to_vec(),
        );
    Ok(Step::Write(batch, ()))
}

async fn stage_commit(
    state: &State,
    who: &Who,
    header: &BodyHeader,
    whole: bool,
) -> Result<Step<()>, Failure> {
    let (body_id, body) = (header.body_id(), key::body(header.body_id()));
    if let Some((row, _)) = state.row::<BodyRow>(&body).await? {
        access::read_body(who, &row)?;
        let same = row.header == header.to_bytes();
        return if same {
            Ok(Step::Done(()))
        } else {
            Err(ErrorCode::Conflict.into())
        };
    }
    let (row, seen) = find(state, who, body_id).await?;
    if !whole || row.ct_len != header.ct_len() {
        return Err(ErrorCode::Refused.into());
    }
    let quota_place = key::quota(&who.account_id);
    let (mut quota, quota_seen) = state
        .row::<QuotaRow>(&quota_place)
        .await?
        .ok_or(ErrorCode::Internal)?;
    quota.reserved = quota.reserved.saturating_sub(row.ct_len);
    quota.used = quota.used.saturating_add(row.ct_len);
    quota.uploads = quota.uploads.saturating_sub(1);
    let now = state.now();
    let stored = BodyRow {
        account_id: who.account_id,
        state: BodyState::Live,
        since: now,
        references: 0,
        ct_len: row.ct_len,
        header: header.to_bytes(),
    };
    let mut batch = Batch::default();
    batch
        .expect(&key::upload(body_id), seen)
        .expect(&quota_place, quota_seen)
        .absent(&body);
    batch
        .put_row(body, &stored)
        .put(key::body_of(&who.account_id, body_id), PRESENT.to_vec())
        .put_row(quota_place, &quota)
        .put(
            key::due(now + UNREFERENCED_BODY_SECONDS, &Due::Body(*body_id)),
            PRESENT.to_vec(),
        )
        .delete(key::upload(body_id))
        .delete(key::upload_of(&who.account_id, body_id))
        .delete(key::due(
            row.begun + limit::UPLOAD_SECONDS,
            &Due::Upload(*body_id),
        ));
    let what = Happening::Uploaded {
        body_id: BodyId(*body_id),
        ct_len: stored.ct_len,
    };
    journal::note(state, &who.account_id, what, &mut batch).await?;
    Ok(Step::Write(batch, ()))
}

async fn find(state: &State, who: &Who, body_id: &Id) -> Result<(UploadRow, [u8; 32]), Failure> {
    let (row, seen) = state
        .row::<UploadRow>(&key::upload(body_id))
        .await?
        .ok_or(ErrorCode::NotFound)?;
    access::upload(who, &row)?;
    Ok((row, seen))
}

/// The length that the upload announced; nothing if it was finished meanwhile and the part is known.
async fn ct_len_of(state: &State, who: &Who, body_id: &Id, known: bool) -> Result<Option<u64>, Failure> {
    match find(state, who, body_id).await {
        Ok((row, _)) => Ok(Some(row.ct_len)),
        Err(failure) => {
            let body = state.row::<BodyRow>(&key::body(body_id)).await?;
            match body {
                Some((row, _)) if known && access::read_body(who, &row).is_ok() => Ok(None),
                _ => Err(failure),
            }
        }
    }
}

/// The parts that are stored, ascending, with their hashes.
async fn parts_of(state: &State, body_id: &Id, at_most: u32) -> Result<Vec<(u32, Hash32)>, Failure> {
    let records = state.scan(&key::part_hashes(body_id), at_most as usize).await?;
    records
        .iter()
        .map(|(key, hash)| {
            let part = key.last_chunk::<4>().map(|part| u32::from_be_bytes(*part));
            let hash = hash.as_slice().try_into().ok();
            part.zip(hash).ok_or_else(|| ErrorCode::Internal.into())
        })
        .collect()
}

/// An upload record of this account and body.
fn check_record(bytes: &Blob, who: &Who, body_id: &Id) -> Result<Record, Failure> {
    let record = Record::parse(bytes.as_slice()).map_err(|_| ErrorCode::Refused)?;
    let header = record.header();
    let fits = header.kind == RecordKind::Upload
        && header.account_id == who.account_id
        && header.reference.starts_with(body_id);
    if fits {
        Ok(record)
    } else {
        Err(ErrorCode::Refused.into())
    }
}

/// A few items of a list, each a record and the numbers of its parts, as they are read and as they are written.
const LISTED_BYTES: u64 = 512 << 10;

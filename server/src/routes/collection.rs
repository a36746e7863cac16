//! Collections: charters and head, the chain of heads, pages, and the commit that moves the head.

use axum::Json;
use axum::extract::State as Extract;
use axum::response::Response;
use crypto::id::Id;
use shared::collection::{Collection, Commit, Committed, Heads, Pages, ReadPages};
use shared::{Blob, CollectionId, ErrorCode, Hash, limit};

use crate::access;
use crate::audit::write;
use crate::auth::Who;
use crate::collector;
use crate::commit::{self, Checked};
use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::journal;
use crate::key;
use crate::params::{IfMatch, Page, Param};
use crate::room;
use crate::row::{CollectionRow, PageRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::Step;

pub(crate) async fn read(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let (row, _) = find(&state, &who, &id).await?;
    let charters = u64::from(row.charter_no) + 1;
    let bytes = (charters + 1) * RECORD_ROOM;
    let room = state.rooms.answers.take(&who.account_id, bytes).await?;
    let charters = state
        .scan(&key::charters(&id), row.charter_no as usize + 1)
        .await?;
    let (table, key) = key::head(&id, row.head_no);
    let head = state.meta.get(table, &key).await?.ok_or(ErrorCode::Internal)?;
    let collection = Collection {
        charters: charters.into_iter().map(|(_, bytes)| Blob(bytes)).collect(),
        head: Blob(head),
        logged: write::logged(&state, &key::logged_head(&id, row.head_no)).await?,
    };
    room::json(room, &collection)
}

/// Moves the head: compare-and-swap on the hash of the one before. The stored one again succeeds again.
pub(crate) async fn commit(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    IfMatch(before): IfMatch,
    Signed { who, json, .. }: Signed<Commit>,
) -> Result<Json<Committed>, Failure> {
    let (row, _) = find(&state, &who, &id).await?;
    let charter = commit::charter(&state, &id, row.charter_no).await?;
    let checked = Checked::new(&charter, json)?;
    let dying = {
        let _writer = state.account_lock(&who.account_id).lock().await;
        state
            .transact(|| stage(&state, &who, &id, &checked, before))
            .await?
    };
    erase(&state, dying).await;
    let place = key::logged_head(&id, checked.head.head_no());
    let log_index = write::index_at(&state, &place).await?;
    Ok(Json(Committed {
        head_hash: Hash(*checked.head.hash()),
        log_index: log_index.ok_or(ErrorCode::Internal)?,
    }))
}

/// Heads after the one that the client knows.
pub(crate) async fn heads(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    page: Page,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    find(&state, &who, &id).await?;
    let bytes = page.limit as u64 * HEAD_ROOM;
    let room = state.rooms.answers.take(&who.account_id, bytes).await?;
    let (table, prefix) = key::heads(&id);
    let after = page.after.map(|number| key::head(&id, number).1);
    let records = state
        .meta
        .scan(table, &prefix, after.as_deref(), page.limit)
        .await?;
    let full = records.len() == page.limit;
    let last = records
        .last()
        .and_then(|(key, _)| key.last_chunk::<8>())
        .map(|no| u64::from_be_bytes(*no));
    let heads = Heads {
        items: records.into_iter().map(|(_, head)| Blob(head)).collect(),
        next: last.filter(|_| full),
    };
    room::json(room, &heads)
}

/// Pages by id, in the order asked for; nothing for one that is not stored.
pub(crate) async fn pages(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    Signed { who, json, .. }: Signed<ReadPages>,
) -> Result<Response, Failure> {
    if json.ids.len() as u64 > limit::PAGES {
        return Err(Failure::with_limit(ErrorCode::TooLarge, limit::PAGES));
    }
    find(&state, &who, &id).await?;
    let bytes = json.ids.len() as u64 * PAGE_ROOM;
    let room = state.rooms.answers.take(&who.account_id, bytes).await?;
    let mut pages = Vec::with_capacity(json.ids.len());
    for Hash(page) in json.ids {
        let row = state.row::<PageRow>(&key::page(&id, &page)).await?;
        pages.push(row.map(|(row, _)| Blob(row.page)));
    }
    room::json(room, &Pages { pages })
}

async fn find(state: &State, who: &Who, id: &Id) -> Result<(CollectionRow, [u8; 32]), Failure> {
    let (row, seen) = state
        .row::<CollectionRow>(&key::collection(id))
        .await?
        .ok_or(ErrorCode::NotFound)?;
    access::collection(who, &row)?;
    Ok((row, seen))
}

async fn stage(
    state: &State,
    who: &Who,
    id: &Id,
    checked: &Checked,
    before: [u8; 32],
) -> Result<Step<Vec<Id>>, Failure> {
    let (row, seen) = find(state, who, id).await?;
    if row.head_hash == *checked.head.hash() {
        return Ok(Step::Done(Vec::new()));
    }
    if row.head_hash != before || row.charter_no != checked.head.charter_no() {
        return Err(ErrorCode::LostRace.into());
    }
    if !commit::follows(&checked.head, &row) {
        return Err(ErrorCode::Refused.into());
    }
    let mut batch = Batch::default();
    let dying = checked.stage(state, who, (&row, seen), &mut batch).await?;
    journal::note(state, &row.account_id, checked.happening(), &mut batch).await?;
    Ok(Step::Write(batch, dying))
}

/// Erases some of what an admin purged. The commit is durable and the bodies are unserved already; the rest is the
/// collector's.
async fn erase(state: &State, dying: Vec<Id>) {
    for (count, body) in dying.iter().enumerate() {
        let is_gone = collector::erase_body(state, body).await;
        if count == ERASED_AT_ONCE || !matches!(is_gone, Ok(true)) {
            state.to_erase.notify_one();
            return;
        }
    }
}

/// Bodies that a commit erases itself, each of as many parts as one step takes.
const ERASED_AT_ONCE: usize = 16;
/// What one of these takes until it is sent: as bytes, and as text in a buffer that grows.
const PAGE_ROOM: u64 = 4 * limit::PAGE_BYTES;
const RECORD_ROOM: u64 = 4 * limit::RECORD_BYTES;
const HEAD_ROOM: u64 = 4 << 10;

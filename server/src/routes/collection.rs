//! Collections: charters and head, the chain of heads, pages, and the commit that moves the head.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Extract;
use crypto::id::Id;
use shared::collection::{Collection, Commit, Committed, Heads, Pages, ReadPages};
use shared::{Blob, CollectionId, ErrorCode, Hash, limit};

use crate::access;
use crate::auth::Who;
use crate::collector;
use crate::commit::{self, Checked};
use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::key;
use crate::params::{IfMatch, Page, Param};
use crate::row::{BodyState, CollectionRow, PageRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::Step;

pub(crate) async fn read(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    SignedEmpty(who): SignedEmpty,
) -> Result<Json<Collection>, Failure> {
    let (row, _) = find(&state, &who, &id).await?;
    let charters = state
        .scan(&key::charters(&id), row.charter_no as usize + 1)
        .await?;
    let (table, key) = key::head(&id, row.head_no);
    let head = state.meta.get(table, &key).await?.ok_or(ErrorCode::Internal)?;
    Ok(Json(Collection {
        charters: charters.into_iter().map(|(_, bytes)| Blob(bytes)).collect(),
        head: Blob(head),
    }))
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
    Ok(Json(Committed {
        head_hash: Hash(*checked.head.hash()),
    }))
}

/// Heads after the one that the client knows.
pub(crate) async fn heads(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    page: Page,
    SignedEmpty(who): SignedEmpty,
) -> Result<Json<Heads>, Failure> {
    find(&state, &who, &id).await?;
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
    Ok(Json(Heads {
        items: records.into_iter().map(|(_, head)| Blob(head)).collect(),
        next: last.filter(|_| full),
    }))
}

/// Pages by id, in the order asked for; nothing for one that is not stored.
pub(crate) async fn pages(
    Extract(state): Extract<State>,
    Param(CollectionId(id)): Param<CollectionId>,
    Signed { who, json, .. }: Signed<ReadPages>,
) -> Result<Json<Pages>, Failure> {
    if json.ids.len() as u64 > limit::PAGES {
        return Err(Failure::with_limit(ErrorCode::TooLarge, limit::PAGES));
    }
    find(&state, &who, &id).await?;
    let mut pages = Vec::with_capacity(json.ids.len());
    for Hash(page) in json.ids {
        let row = state.row::<PageRow>(&key::page(&id, &page)).await?;
        pages.push(row.map(|(row, _)| Blob(row.page)));
    }
    Ok(Json(Pages { pages }))
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
    Ok(Step::Write(batch, dying))
}

/// Erases what an admin purged. The commit is durable and the bodies are unserved already; what is not erased within
/// a moment, or fails, is erased by the collector.
async fn erase(state: &State, dying: Vec<Id>) {
    if dying.is_empty() {
        return;
    }
    let state = state.clone();
    let work = tokio::spawn(async move {
        for body in dying {
            let erased = collector::erase_body(&state, &body, |row| row.state == BodyState::Ending);
            if erased.await.is_err() {
                tracing::warn!("a purged body is left to the collector");
            }
        }
    });
    let _ = tokio::time::timeout(PATIENCE, work).await;
}

/// How long an answer waits for erasing.
const PATIENCE: Duration = Duration::from_secs(5);

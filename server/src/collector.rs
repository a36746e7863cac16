//! Garbage collection: what nobody finished, refers to or wants any more (protocol, section 11 and 7.6).
//!
//! Reminders lie in the store in the order of their times and are looked at when due; the rows decide. Erasing is
//! done in an order that a crash may cut anywhere: mark, parts, hashes, and the row last.

use crypto::id::{Hash32, Id};
use shared::{ErrorCode, limit};

use crate::commit::PRESENT;
use crate::error::Failure;
use crate::key::{self, Due, Place};
use crate::row::{BodyRow, BodyState, DroppedRow, QuotaRow, Row, UploadRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::{Step, Writes};

/// What one round removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Uploads that were never finished.
    pub uploads: u64,
    /// Bodies that nothing refers to.
    pub bodies: u64,
    /// Pages that a commit dropped long ago.
    pub pages: u64,
}

/// The store failed, at one thing or at all; what was not removed is looked at next time. Details are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store failed")]
pub struct CollectError;

/// Removes everything whose time has come at `now` (seconds UTC).
///
/// # Errors
/// The store failed.
pub async fn collect(state: &State, now: u64) -> Result<Collected, CollectError> {
    let mut collected = Collected::default();
    let (table, prefix) = key::dues();
    let (mut after, mut failed) = (None, 0_u64);
    loop {
        let page = state.meta.scan(table, &prefix, after.as_deref(), AT_ONCE).await;
        let page = page.map_err(|_| CollectError)?;
        let ready: Vec<(Vec<u8>, Due)> = page
            .into_iter()
            .map_while(|(key, _)| {
                let (at, what) = key::read_due(&key)?;
                (at <= now).then_some((key, what))
            })
            .collect();
        let Some((last, _)) = ready.last() else {
            break;
        };
        after = Some(last.clone());
        for (key, what) in ready {
            // One that fails stands in nobody's way, and its reminder stays.
            failed += u64::from(settle(state, key, &what, now, &mut collected).await.is_err());
        }
    }
    if failed == 0 {
        return Ok(collected);
    }
    tracing::warn!(failed, ?collected, "some things due were not removed");
    Err(CollectError)
}

/// Looks at what is due and removes its reminder.
async fn settle(
    state: &State,
    reminder: Vec<u8>,
    what: &Due,
    now: u64,
    collected: &mut Collected,
) -> Result<(), Failure> {
    look_at(state, what, now, collected).await?;
    let mut batch = freeing();
    batch.delete((key::dues().0, reminder));
    state.meta.commit(batch).await?;
    Ok(())
}

async fn look_at(state: &State, what: &Due, now: u64, collected: &mut Collected) -> Result<(), Failure> {
    match what {
        Due::Upload(body) => {
            let over = |row: &UploadRow| row.ending || row.begun + limit::UPLOAD_SECONDS <= now;
            collected.uploads += u64::from(erase_upload(state, body, over).await?);
        }
        Due::Body(body) => {
            let over = |row: &BodyRow| match row.state {
                BodyState::Live => row.references == 0 && row.since + UNREFERENCED_BODY_SECONDS <= now,
                BodyState::Dropped => row.since + DROPPED_BODY_SECONDS <= now,
                BodyState::Ending => true,
            };
            collected.bodies += u64::from(erase_body(state, body, over).await?);
        }
        Due::Page(collection, page) => {
            collected.pages += u64::from(erase_page(state, collection, page, now).await?);
        }
    }
    Ok(())
}

/// Erases an upload in progress, if it is there and `over` says so.
pub(crate) async fn erase_upload(
    state: &State,
    body: &Id,
    over: impl Fn(&UploadRow) -> bool,
) -> Result<bool, Failure> {
    let place = key::upload(body);
    let Some((row, _)) = state.row::<UploadRow>(&place).await? else {
        return Ok(false);
    };
    let account_id = row.account_id;
    let _account = state.account_lock(&account_id).lock().await;
    let _body = state.body_lock(body).write().await;
    // Should this be cut off after the mark, the next round takes it up.
    let reminder = key::due(state.now(), &Due::Upload(*body));
    let marked = mark(state, &place, |mut row: UploadRow, batch| {
        let over = over(&row);
        if over && !row.ending {
            batch.put(reminder.clone(), PRESENT.to_vec());
        }
        row.ending = true;
        over.then_some(row)
    });
    let Some(row) = marked.await? else {
        return Ok(false);
    };
    erase_parts(state, body).await?;
    finish(state, &account_id, |quota, batch| {
        quota.reserved = quota.reserved.saturating_sub(row.ct_len);
        quota.uploads = quota.uploads.saturating_sub(1);
        batch
            .delete(place.clone())
            .delete(key::upload_of(&account_id, body))
            .delete(reminder.clone());
    })
    .await?;
    Ok(true)
}

/// Erases a body, if it is there and `over` says so.
pub(crate) async fn erase_body(
    state: &State,
    body: &Id,
    over: impl Fn(&BodyRow) -> bool,
) -> Result<bool, Failure> {
    let place = key::body(body);
    let Some((row, _)) = state.row::<BodyRow>(&place).await? else {
        return Ok(false);
    };
    let account_id = row.account_id;
    let _account = state.account_lock(&account_id).lock().await;
    let _body = state.body_lock(body).write().await;
    let marked = mark(state, &place, |mut row: BodyRow, _| {
        let over = over(&row);
        row.state = BodyState::Ending;
        over.then_some(row)
    });
    let Some(row) = marked.await? else {
        return Ok(false);
    };
    erase_parts(state, body).await?;
    finish(state, &account_id, |quota, batch| {
        quota.used = quota.used.saturating_sub(row.ct_len);
        batch.delete(place.clone());
    })
    .await?;
    Ok(true)
}

async fn erase_page(state: &State, collection: &Id, page: &Hash32, now: u64) -> Result<bool, Failure> {
    let dropped = key::dropped(collection, page);
    let dropped = &dropped;
    let stage = || async move {
        let Some((row, seen)) = state.row::<DroppedRow>(dropped).await? else {
            return Ok(Step::Done(false));
        };
        if row.at + DROPPED_PAGE_SECONDS > now {
            return Ok(Step::Done(false));
        }
        let mut batch = freeing();
        batch
            .expect(dropped, seen)
            .delete(dropped.clone())
            .delete(key::page(collection, page));
        Ok(Step::Write(batch, true))
    };
    state.transact(stage).await
}

/// Writes the row that `ending` makes of the stored one; nothing if it makes none.
async fn mark<R: Row + Clone>(
    state: &State,
    place: &Place,
    ending: impl Fn(R, &mut Batch) -> Option<R>,
) -> Result<Option<R>, Failure> {
    let ending = &ending;
    let stage = || async move {
        let Some((row, seen)) = state.row::<R>(place).await? else {
            return Ok(Step::Done(None));
        };
        let mut batch = freeing();
        let Some(row) = ending(row, &mut batch) else {
            return Ok(Step::Done(None));
        };
        batch.expect(place, seen).put_row(place.clone(), &row);
        Ok(Step::Write(batch, Some(row)))
    };
    state.transact(stage).await
}

/// Removes the parts of a body and then their hashes. Nothing is added meanwhile: the caller holds the body's lock,
/// and its row says that it ends.
async fn erase_parts(state: &State, body: &Id) -> Result<(), Failure> {
    state.blobs.delete_body(*body).await?;
    loop {
        let hashes = state.scan(&key::part_hashes(body), AT_ONCE).await?;
        if hashes.is_empty() {
            return Ok(());
        }
        let table = key::part_hashes(body).0;
        let delete = hashes.into_iter().map(|(key, _)| (table, key)).collect();
        state.meta.commit(Batch { delete, ..freeing() }).await?;
    }
}

/// Removes the row, and gives back what it held of the quota.
async fn finish(
    state: &State,
    account_id: &Id,
    change: impl Fn(&mut QuotaRow, &mut Batch),
) -> Result<(), Failure> {
    let (place, change) = (key::quota(account_id), &change);
    let place = &place;
    let stage = || async move {
        let (mut quota, seen) = state.row::<QuotaRow>(place).await?.ok_or(ErrorCode::Internal)?;
        let mut batch = freeing();
        change(&mut quota, &mut batch);
        batch.expect(place, seen).put_row(place.clone(), &quota);
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await
}

/// A batch that a full disk does not refuse.
fn freeing() -> Batch {
    Batch {
        frees: true,
        ..Batch::default()
    }
}

/// A body that no commit adds dies after a day.
pub(crate) const UNREFERENCED_BODY_SECONDS: u64 = 86_400;
/// What a writer dropped can be taken back for a week.
pub(crate) const DROPPED_BODY_SECONDS: u64 = 7 * 86_400;
/// Replaced pages serve devices that come late.
pub(crate) const DROPPED_PAGE_SECONDS: u64 = 30 * 86_400;
/// Records looked at in one go.
const AT_ONCE: usize = 500;

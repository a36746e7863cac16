//! Garbage collection: what nobody finished, refers to or wants any more (protocol, section 11 and 7.6).
//!
//! Reminders lie in the store in the order of their times and are looked at when due; the rows decide. Erasing is
//! done in an order that a crash may cut anywhere: mark, parts, hashes, and the row last.

use crypto::audit::listing::BodyState;
use crypto::id::{Hash32, Id};
use shared::journal::Happening;
use shared::{BodyId, ErrorCode, limit};

use crate::closing;
use crate::commit::PRESENT;
use crate::error::Failure;
use crate::journal;
use crate::key::{self, Due, Place};
use crate::row::{BodyRow, CollectionRow, DroppedRow, PageRow, QuotaRow, Row, UploadRow};
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
            let mut is_there = end_upload(state, body, over).await?;
            collected.uploads += u64::from(is_there);
            while is_there {
                is_there = !erase_upload(state, body).await?;
            }
        }
        Due::Body(body) => {
            let over = |row: &BodyRow| match row.state {
                BodyState::Live => row.references == 0 && row.since + UNREFERENCED_BODY_SECONDS <= now,
                BodyState::Dropped => row.since + DROPPED_BODY_SECONDS <= now,
                BodyState::Ending => true,
            };
            let mut is_there = end_body(state, body, over).await?;
            collected.bodies += u64::from(is_there);
            while is_there {
                is_there = !erase_body(state, body).await?;
            }
        }
        Due::Journal(account) => journal::forget_old(state, account, now).await?,
        Due::Account(account) => while !closing::erase_some(state, account).await? {},
        Due::Page(collection, page) => {
            collected.pages += u64::from(erase_page(state, collection, page, now).await?);
        }
    }
    Ok(())
}

/// Marks an upload in progress as ending, if it is there and `over` says so; from then on it is erased step by step
/// ([`erase_upload`]), by whoever comes. Whether it ends.
pub(crate) async fn end_upload(
    state: &State,
    body: &Id,
    over: impl Fn(&UploadRow) -> bool,
) -> Result<bool, Failure> {
    let place = key::upload(body);
    // Nobody who saw it alive is still adding a part afterwards.
    let _body = state.body_lock(body).write().await;
    // Should this be cut off after the mark, the next round takes it up.
    let reminder = key::due(state.now(), &Due::Upload(*body));
    mark(state, &place, |mut row: UploadRow, batch| {
        let over = over(&row);
        if over && !row.ending {
            batch.put(reminder.clone(), PRESENT.to_vec());
        }
        row.ending = true;
        over.then_some(row)
    })
    .await
}

/// Marks a body as ending, like [`end_upload`].
pub(crate) async fn end_body(
    state: &State,
    body: &Id,
    over: impl Fn(&BodyRow) -> bool,
) -> Result<bool, Failure> {
    let _body = state.body_lock(body).write().await;
    mark(state, &key::body(body), |mut row: BodyRow, _| {
        let over = over(&row);
        row.state = BodyState::Ending;
        over.then_some(row)
    })
    .await
}

/// One step of erasing an upload that ends; whether nothing is left of it.
pub(crate) async fn erase_upload(state: &State, body: &Id) -> Result<bool, Failure> {
    erase(
        state,
        &key::upload(body),
        body,
        |row: &UploadRow, quota, batch| {
            quota.reserved = quota.reserved.saturating_sub(row.ct_len);
            quota.uploads = quota.uploads.saturating_sub(1);
            batch.delete(key::upload_of(&row.account_id, body));
        },
    )
    .await
}

/// One step of erasing a body that ends; whether nothing is left of it.
pub(crate) async fn erase_body(state: &State, body: &Id) -> Result<bool, Failure> {
    erase(state, &key::body(body), body, |row: &BodyRow, quota, batch| {
        quota.used = quota.used.saturating_sub(row.ct_len);
        batch.delete(key::body_of(&row.account_id, body));
    })
    .await
}

async fn erase_page(state: &State, collection: &Id, page: &Hash32, now: u64) -> Result<bool, Failure> {
    let Some((owner, _)) = state.row::<CollectionRow>(&key::collection(collection)).await? else {
        return Ok(false);
    };
    let _writer = state.account_lock(&owner.account_id).lock().await;
    let dropped = key::dropped(collection, page);
    let (dropped, owner) = (&dropped, &owner.account_id);
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
        free_page(state, owner, &key::page(collection, page), &mut batch).await?;
        Ok(Step::Write(batch, true))
    };
    state.transact(stage).await
}

/// Gives the page's bytes back to its owner.
async fn free_page(state: &State, owner: &Id, page: &Place, batch: &mut Batch) -> Result<(), Failure> {
    let Some((page, _)) = state.row::<PageRow>(page).await? else {
        return Ok(());
    };
    let place = key::quota(owner);
    let (mut quota, seen) = state.row::<QuotaRow>(&place).await?.ok_or(ErrorCode::Internal)?;
    quota.index = quota.index.saturating_sub(page.page.len() as u64);
    batch.expect(&place, seen).put_row(place, &quota);
    Ok(())
}

/// Writes the row that `ending` makes of the stored one; whether it made one.
async fn mark<R: Row + Clone>(
    state: &State,
    place: &Place,
    ending: impl Fn(R, &mut Batch) -> Option<R>,
) -> Result<bool, Failure> {
    let ending = &ending;
    let stage = || async move {
        let Some((row, seen)) = state.row::<R>(place).await? else {
            return Ok(Step::Done(false));
        };
        let mut batch = freeing();
        let Some(row) = ending(row, &mut batch) else {
            return Ok(Step::Done(false));
        };
        batch.expect(place, seen).put_row(place.clone(), &row);
        Ok(Step::Write(batch, true))
    };
    state.transact(stage).await
}

/// A row whose body is erased once it ends.
trait Ends: Row {
    fn ends(&self) -> bool;
    fn account_id(&self) -> Id;
    /// What its owner's journal says when nothing of it is left.
    fn erased(&self, body: &Id) -> Option<Happening>;
}

impl Ends for UploadRow {
    fn ends(&self) -> bool {
        self.ending
    }

    fn account_id(&self) -> Id {
        self.account_id
    }

    fn erased(&self, _: &Id) -> Option<Happening> {
        None
    }
}

impl Ends for BodyRow {
    fn ends(&self) -> bool {
        self.state == BodyState::Ending
    }

    fn account_id(&self) -> Id {
        self.account_id
    }

    fn erased(&self, body: &Id) -> Option<Happening> {
        Some(Happening::Erased {
            body_id: BodyId(*body),
        })
    }
}

/// Removes some parts; after the last of them the row, and gives back what it held of the quota. Whether all is gone.
async fn erase<R: Ends>(
    state: &State,
    place: &Place,
    body: &Id,
    free: impl Fn(&R, &mut QuotaRow, &mut Batch),
) -> Result<bool, Failure> {
    let account = match erase_parts::<R>(state, place, body).await? {
        Left::Something => return Ok(false),
        Left::Nothing => return Ok(true),
        Left::Row(account) => account,
    };
    let _writer = state.account_lock(&account).lock().await;
    let (free, quota_place) = (&free, &key::quota(&account));
    let stage = || async move {
        // Once, however many come to it.
        let Some((row, seen)) = state.row::<R>(place).await?.filter(|(row, _)| row.ends()) else {
            return Ok(Step::Done(()));
        };
        let mut batch = freeing();
        batch.expect(place, seen).delete(place.clone());
        match state.row::<QuotaRow>(quota_place).await? {
            Some((mut quota, seen)) => {
                free(&row, &mut quota, &mut batch);
                batch
                    .expect(quota_place, seen)
                    .put_row(quota_place.clone(), &quota);
                if let Some(what) = row.erased(body) {
                    journal::note(state, &row.account_id(), what, &mut batch).await?;
                }
            }
            // Of an account that was closed: there is nothing to give back to.
            None => free(&row, &mut QuotaRow::default(), &mut batch),
        }
        Ok(Step::Write(batch, ()))
    };
    state.transact(stage).await?;
    Ok(true)
}

/// What is left of a body that ends.
enum Left {
    /// Parts or their hashes.
    Something,
    /// The row alone, of this account.
    Row(Id),
    /// Not even that: somebody else was faster.
    Nothing,
}

/// Removes some parts of a body that ends, and when none is left, their hashes.
///
/// The body's lock is held for that long only, and its row is looked at under it: what ended before may be erased by
/// now, and begun again.
async fn erase_parts<R: Ends>(state: &State, place: &Place, body: &Id) -> Result<Left, Failure> {
    let _body = state.body_lock(body).write().await;
    let Some((row, _)) = state.row::<R>(place).await?.filter(|(row, _)| row.ends()) else {
        return Ok(Left::Nothing);
    };
    if !state.blobs.delete_body(*body).await? {
        return Ok(Left::Something);
    }
    let hashes = state.scan(&key::part_hashes(body), AT_ONCE).await?;
    let is_last = hashes.len() < AT_ONCE;
    let table = key::part_hashes(body).0;
    let delete = hashes.into_iter().map(|(key, _)| (table, key)).collect();
    state.meta.commit(Batch { delete, ..freeing() }).await?;
    Ok(if is_last {
        Left::Row(row.account_id())
    } else {
        Left::Something
    })
}

/// A batch that a full disk does not refuse.
pub(crate) fn freeing() -> Batch {
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
pub(crate) const AT_ONCE: usize = 500;

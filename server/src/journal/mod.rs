//! The journal of an account: what happened to it, for its owner to read (`spec/wire.md`, section 6, "Journal").
//!
//! An event goes into the batch of the change that it tells of. It is only added to; the oldest leave it, by age or by
//! number. It holds no address and no name of a device that the server could read.

use shared::collection::Reference as WireReference;
use shared::journal::Happening;
use shared::{BodyId, ErrorCode, Hash, limit};

use crypto::collection::refs::Reference;
use crypto::id::Id;

use crate::collector::freeing;
use crate::commit::PRESENT;
use crate::error::Failure;
use crate::key::{self, Due};
use crate::row::Row;
use crate::state::State;
use crate::store::Batch;
use crate::transact::{Step, Writes};

pub(crate) mod row;

use row::{EventRow, HOURS, TallyRow};

/// What a new account's journal begins with.
pub(crate) fn begin(account: &Id, now: u64, what: Happening, batch: &mut Batch) {
    let mut tally = TallyRow::default();
    append(account, &mut tally, EventRow { at: now, what }, batch);
    batch
        .absent(&key::journal(account))
        .put_row(key::journal(account), &tally);
}

/// Puts one more event into `batch`. Of an account that is closed nothing is kept.
pub(crate) async fn note(
    state: &State,
    account: &Id,
    what: Happening,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let Some((mut tally, seen)) = state.row::<TallyRow>(&key::journal(account)).await? else {
        return Ok(());
    };
    batch.expect(&key::journal(account), seen);
    let event = EventRow {
        at: state.now(),
        what,
    };
    append(account, &mut tally, event, batch);
    trim(state, account, &mut tally, state.now(), batch).await?;
    batch.put_row(key::journal(account), &tally);
    Ok(())
}

/// An event that no other change goes with: durable when this resolves. On a full disk too, for whoever signs in may
/// have come to erase.
pub(crate) async fn write(state: &State, account: &Id, what: Happening) -> Result<(), Failure> {
    let what = &what;
    let stage = || async move {
        let mut batch = freeing();
        note(state, account, what.clone(), &mut batch).await?;
        Ok(if batch.put.is_empty() {
            Step::Done(())
        } else {
            Step::Write(batch, ())
        })
    };
    state.transact(stage).await
}

fn append(account: &Id, tally: &mut TallyRow, event: EventRow, batch: &mut Batch) {
    if tally.first == tally.next {
        tally.oldest = event.at;
        remind(account, event.at, batch);
    }
    let by_words = match event.what {
        Happening::Failed { by_words, .. } => Some(by_words),
        _ => None,
    };
    if let Some(newest) = by_words.and_then(|by_words| tally.failed.get_mut(usize::from(by_words))) {
        *newest = tally.next;
    }
    tally.refs += event.refs();
    batch.put_row(key::event(account, tally.next), &event);
    tally.next += 1;
}

/// Lets the oldest go, as far as there are too many or they are too old.
async fn trim(
    state: &State,
    account: &Id,
    tally: &mut TallyRow,
    now: u64,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let is_over = |tally: &TallyRow| {
        tally.next - tally.first > limit::JOURNAL_EVENTS
            || tally.refs > limit::JOURNAL_REFS
            || tally.oldest.saturating_add(limit::JOURNAL_SECONDS) <= now
    };
    if !is_over(tally) {
        return Ok(());
    }
    let before = tally.next;
    for (place, bytes) in state.scan(&key::all_events(account), TRIMMED_AT_ONCE).await? {
        let event = EventRow::parse(&bytes)?;
        tally.oldest = event.at;
        if !is_over(tally) || tally.first == before {
            return Ok(());
        }
        batch.delete((key::all_events(account).0, place));
        tally.refs = tally.refs.saturating_sub(event.refs());
        tally.first += 1;
    }
    Ok(())
}

/// Removes what is too old, and says when to look again. For the collector.
pub(crate) async fn forget_old(state: &State, account: &Id, now: u64) -> Result<(), Failure> {
    let _writer = state.account_lock(account).lock().await;
    let place = &key::journal(account);
    let stage = || async move {
        let Some((mut tally, seen)) = state.row::<TallyRow>(place).await? else {
            return Ok(Step::Done(true));
        };
        let mut batch = freeing();
        trim(state, account, &mut tally, now, &mut batch).await?;
        let is_done = batch.delete.len() < TRIMMED_AT_ONCE;
        if tally.first != tally.next {
            let soonest = now.saturating_sub(limit::JOURNAL_SECONDS) + 1;
            remind(account, tally.oldest.max(soonest), &mut batch);
        }
        batch.expect(place, seen).put_row(place.clone(), &tally);
        Ok(Step::Write(batch, is_done))
    };
    while !state.transact(stage).await? {}
    Ok(())
}

fn remind(account: &Id, oldest: u64, batch: &mut Batch) {
    let at = oldest.saturating_add(limit::JOURNAL_SECONDS);
    batch.put(key::due(at, &Due::Journal(*account)), PRESENT.to_vec());
}

/// Writes down the attempts to sign in that came to nothing, which are counted in memory until then: an attempt on an
/// account is not to take longer than one on none.
pub(crate) async fn settle(state: &State) -> Result<(), Failure> {
    let mut failed = Ok(());
    for ((account, by_words, hour), count) in state.logins.take_failed(state.now()) {
        let _writer = state.account_lock(&account).lock().await;
        let stage = || stage_failed(state, &account, (by_words, hour), count);
        if let Err(error) = state.transact(stage).await {
            state.logins.count_failed((account, by_words, hour), count);
            failed = Err(error);
        }
    }
    failed
}

async fn stage_failed(
    state: &State,
    account: &Id,
    (by_words, hour): (bool, u64),
    count: u32,
) -> Result<Step<()>, Failure> {
    let tally = state.row::<TallyRow>(&key::journal(account)).await?;
    let Some((mut tally, seen)) = tally else {
        return Ok(Step::Done(()));
    };
    let mut batch = freeing();
    let newest = tally.failed.get(usize::from(by_words)).copied().unwrap_or(0);
    if newest >= tally.first && newest > 0 {
        let place = key::event(account, newest);
        let event = state.row::<EventRow>(&place).await?;
        let (mut event, event_seen) = event.ok_or(ErrorCode::Internal)?;
        if add_attempts(&mut event, hour, count) {
            batch.expect(&place, event_seen).put_row(place, &event);
            return Ok(Step::Write(batch, ()));
        }
    }
    let mut event = EventRow {
        at: hour,
        what: Happening::Failed {
            by_words,
            hours: vec![0; HOURS],
        },
    };
    add_attempts(&mut event, hour, count);
    batch.expect(&key::journal(account), seen);
    append(account, &mut tally, event, &mut batch);
    trim(state, account, &mut tally, state.now(), &mut batch).await?;
    batch.put_row(key::journal(account), &tally);
    Ok(Step::Write(batch, ()))
}

/// Counts in the hour that it belongs to, if this event has it.
fn add_attempts(event: &mut EventRow, hour: u64, count: u32) -> bool {
    let Happening::Failed { hours, .. } = &mut event.what else {
        return false;
    };
    let place = hour.checked_sub(event.at).map(|seconds| seconds / 3_600);
    let counter = place
        .and_then(|place| usize::try_from(place).ok())
        .and_then(|place| hours.get_mut(place));
    match counter {
        Some(counter) => {
            *counter = counter.saturating_add(count);
            true
        }
        None => false,
    }
}

/// A list of references as the journal tells it.
pub(crate) fn references(list: &[Reference]) -> Vec<WireReference> {
    let wire = list.iter().map(|reference| match reference {
        Reference::Body(id) => WireReference::Body(BodyId(*id)),
        Reference::Page(id) => WireReference::Page(Hash(*id)),
    });
    wire.collect()
}

impl State {
    /// Writes down what only memory knows of failed attempts to sign in. Whoever runs the server calls it at even
    /// intervals; whether everything was written.
    pub async fn settle(&self) -> bool {
        settle(self).await.is_ok()
    }
}

/// Events looked at and removed in one go.
const TRIMMED_AT_ONCE: usize = 128;

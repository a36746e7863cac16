//! Read, decide, write: again when somebody else wrote meanwhile. The only way in which routes change records.

use std::future::Future;

use shared::ErrorCode;

use crate::error::Failure;
use crate::key::Place;
use crate::row::Row;
use crate::state::State;
use crate::store::{Batch, CommitError, Expect};

/// What a look at the records led to.
pub(crate) enum Step<T> {
    /// Write this; the answer is then `T`. Every expectation must be among what was read.
    Write(Batch, T),
    /// It was done before: a repeated request.
    Done(T),
}

impl State {
    /// Runs `stage` and commits what it decided. Durable when it resolves with `Ok`.
    pub(crate) async fn transact<T, F>(&self, stage: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Step<T>, Failure>>,
    {
        for _ in 0..TRIES {
            let (batch, answer) = match stage().await? {
                Step::Done(answer) => return Ok(answer),
                Step::Write(batch, answer) => (batch, answer),
            };
            match self.meta.commit(batch).await {
                Ok(_) => return Ok(answer),
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::retry_after(ErrorCode::Unavailable, 1))
    }
}

/// The few verbs with which batches are put together.
pub(crate) trait Writes {
    fn absent(&mut self, place: &Place) -> &mut Self;
    fn expect(&mut self, place: &Place, hash: [u8; 32]) -> &mut Self;
    fn put(&mut self, place: Place, value: Vec<u8>) -> &mut Self;
    fn put_row(&mut self, place: Place, row: &impl Row) -> &mut Self;
    fn delete(&mut self, place: Place) -> &mut Self;
}

impl Writes for Batch {
    fn absent(&mut self, (table, key): &Place) -> &mut Self {
        self.expect.push((*table, key.clone(), Expect::Absent));
        self
    }

    fn expect(&mut self, (table, key): &Place, hash: [u8; 32]) -> &mut Self {
        self.expect.push((*table, key.clone(), Expect::Is(hash)));
        self
    }

    fn put(&mut self, (table, key): Place, value: Vec<u8>) -> &mut Self {
        self.put.push((table, key, value));
        self
    }

    fn put_row(&mut self, place: Place, row: &impl Row) -> &mut Self {
        self.put(place, row.to_bytes())
    }

    fn delete(&mut self, (table, key): Place) -> &mut Self {
        self.delete.push((table, key));
        self
    }
}

/// One account's writers wait for each other, so a conflict is rare: with the garbage collector, for one.
const TRIES: usize = 8;

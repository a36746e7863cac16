//! Logins between their two halves: in memory alone, for 60 seconds, at most 10,000, for fakes too (protocol 5.1).
//!
//! Each is taken out by its first answer, right or wrong: a replayed second half finds nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crypto::id::{Hash32, Id};
use crypto::opaque::server::Login;
use shared::{ErrorCode, limit};

use crate::error::Failure;

/// A login in progress.
pub(crate) enum Pending {
    /// By password. The account is absent where there is none: its answer is refused like a wrong one.
    Password {
        login: Box<Login>,
        credential_id: Hash32,
        /// With the hash of the row that it began under: another password may take its place meanwhile.
        account: Option<(Id, Hash32)>,
    },
    /// By the twelve words.
    Words {
        recovery_id: Id,
        challenge: Hash32,
        recovery_pk: [u8; 32],
        /// Absent where no account has these words: the proof is checked all the same.
        account_id: Option<Id>,
    },
}

impl Pending {
    fn account_id(&self) -> Option<&Id> {
        match self {
            Self::Password { account, .. } => account.as_ref().map(|(id, _)| id),
            Self::Words { account_id, .. } => account_id.as_ref(),
        }
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Logins(Mutex<Table>);

#[derive(Default)]
struct Table {
    pending: HashMap<Id, (u64, Pending)>,
    /// In the order of their ends; may name some that are gone.
    order: VecDeque<(u64, Id)>,
    /// Those that came to nothing and stand in no journal yet.
    failed: HashMap<Attempts, u32>,
}

/// Whose, whether by the words, and the beginning of the hour.
pub(crate) type Attempts = (Id, bool, u64);

impl Table {
    /// A login of somebody that was begun and came to nothing. Also one that nobody answered: who guesses a phrase sees
    /// from the first half that it is wrong, and says no more.
    fn fail(&mut self, ends: u64, pending: &Pending) {
        if let Some(attempts) = Self::attempts(ends, pending) {
            self.count(attempts, 1);
        }
    }

    fn attempts(ends: u64, pending: &Pending) -> Option<Attempts> {
        let began = ends.saturating_sub(limit::LOGIN_SECONDS);
        let by_words = matches!(pending, Pending::Words { .. });
        let account = pending.account_id()?;
        Some((*account, by_words, began - began % 3_600))
    }

    fn count(&mut self, attempts: Attempts, count: u32) {
        if self.failed.len() < FAILED || self.failed.contains_key(&attempts) {
            let counted = self.failed.entry(attempts).or_default();
            *counted = counted.saturating_add(count);
        }
    }

    /// Lets those go whose time is over.
    fn expire(&mut self, now: u64) {
        while let Some((ends, id)) = self.order.front().copied() {
            if ends > now && self.pending.contains_key(&id) {
                break;
            }
            self.order.pop_front();
            if let Some((ends, pending)) = self.pending.remove(&id) {
                self.fail(ends, &pending);
            }
        }
    }
}

/// A login that was taken out.
pub(crate) struct Attempt<'a> {
    logins: &'a Logins,
    /// Absent where it is nobody's.
    attempts: Option<Attempts>,
}

impl Attempt<'_> {
    /// It was answered rightly.
    pub(crate) fn succeed(mut self) {
        self.attempts = None;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(attempts) = self.attempts {
            self.logins.count_failed(attempts, 1);
        }
    }
}

impl Logins {
    /// Remembers one under a random id.
    pub(crate) fn insert(&self, id: Id, pending: Pending, now: u64) -> Result<(), Failure> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.expire(now);
        if table.pending.len() >= LOGINS {
            return Err(Failure::retry_after(ErrorCode::Unavailable, SECONDS));
        }
        if table.order.len() >= 2 * LOGINS {
            let Table { pending, order, .. } = &mut *table;
            order.retain(|(_, id)| pending.contains_key(id));
        }
        let ends = now + limit::LOGIN_SECONDS;
        table.order.push_back((ends, id));
        table.pending.insert(id, (ends, pending));
        Ok(())
    }

    /// Whose login this is, where it is somebody's.
    pub(crate) fn account_of(&self, id: &Id) -> Option<Id> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table
            .pending
            .get(id)
            .and_then(|(_, pending)| pending.account_id().copied())
    }

    /// Takes one out, if its time has not passed. It has failed unless the attempt is said to have succeeded.
    pub(crate) fn take(&self, id: &Id, now: u64) -> Option<(Pending, Attempt<'_>)> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ends, pending) = table.pending.remove(id)?;
        if ends > now {
            let attempts = Table::attempts(ends, &pending);
            let logins = self;
            return Some((pending, Attempt { logins, attempts }));
        }
        table.fail(ends, &pending);
        None
    }

    /// What came to nothing since this was asked last, to be written down.
    pub(crate) fn take_failed(&self, now: u64) -> HashMap<Attempts, u32> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.expire(now);
        core::mem::take(&mut table.failed)
    }

    /// Counts these, to be written down.
    pub(crate) fn count_failed(&self, attempts: Attempts, count: u32) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.count(attempts, count);
    }

    /// Forgets every login of an account: they began under a password that is no more.
    pub(crate) fn forget(&self, account: &Id) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Id> = table
            .pending
            .iter()
            .filter(|(_, (_, pending))| pending.account_id() == Some(account))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            if let Some((ends, pending)) = table.pending.remove(&id) {
                table.fail(ends, &pending);
            }
        }
    }
}

/// Accounts, ways and hours with failed attempts that are counted at a time: about 1 MB. What comes beyond that until
/// they are written down is not counted.
const FAILED: usize = 10_000;
const SECONDS: u32 = limit::LOGIN_SECONDS as u32;
const LOGINS: usize = limit::LOGINS as usize;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn words(account: u8) -> Pending {
        Pending::Words {
            recovery_id: [account; 16],
            challenge: [0; 32],
            recovery_pk: [0; 32],
            account_id: Some([account; 16]),
        }
    }

    #[test]
    fn each_is_taken_once_and_dies_after_sixty_seconds() {
        let logins = Logins::default();
        logins.insert([1; 16], words(1), 100).unwrap();
        logins.insert([2; 16], words(1), 100).unwrap();
        assert!(logins.take(&[1; 16], 159).is_some());
        assert!(logins.take(&[1; 16], 159).is_none());
        assert!(logins.take(&[2; 16], 160).is_none());
    }

    #[test]
    fn memory_is_bounded_and_frees_itself() {
        let logins = Logins::default();
        for number in 0..10_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            logins.insert(id, words(1), 100).unwrap();
        }
        assert!(logins.insert([9; 16], words(1), 159).is_err());
        assert!(logins.insert([9; 16], words(1), 160).is_ok());
        assert_eq!(logins.0.lock().unwrap().pending.len(), 1);
    }

    #[test]
    fn what_comes_to_nothing_is_counted_and_what_succeeds_is_not() {
        let logins = Logins::default();
        let nobody = Pending::Words {
            recovery_id: [7; 16],
            challenge: [0; 32],
            recovery_pk: [0; 32],
            account_id: None,
        };
        logins.insert([1; 16], words(1), 7_200).unwrap();
        logins.insert([2; 16], words(1), 7_200).unwrap();
        logins.insert([3; 16], words(1), 7_200).unwrap();
        logins.insert([4; 16], nobody, 7_200).unwrap();
        logins.take(&[1; 16], 7_201).unwrap().1.succeed();
        assert!(logins.take_failed(7_201).is_empty());
        // One is answered wrongly, one never: whoever guesses has seen enough by the first half.
        drop(logins.take(&[2; 16], 7_201));
        logins
            .take_failed(7_201)
            .into_iter()
            .for_each(|(attempts, count)| {
                assert_eq!((attempts, count), (([1; 16], true, 7_200), 1));
            });
        let left: Vec<_> = logins.take_failed(7_260).into_iter().collect();
        assert_eq!(left, [(([1; 16], true, 7_200), 1)]);
        assert!(logins.take_failed(9_999).is_empty());
    }

    #[test]
    fn a_new_password_ends_the_logins_that_the_old_one_began() {
        let logins = Logins::default();
        logins.insert([1; 16], words(1), 0).unwrap();
        logins.insert([2; 16], words(2), 0).unwrap();
        logins.forget(&[1; 16]);
        assert!(logins.take(&[1; 16], 1).is_none());
        assert!(logins.take(&[2; 16], 1).is_some());
    }
}

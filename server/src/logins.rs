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
}

impl Logins {
    /// Remembers one under a random id.
    pub(crate) fn insert(&self, id: Id, pending: Pending, now: u64) -> Result<(), Failure> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((ends, id)) = table.order.front().copied() {
            if ends > now && table.pending.contains_key(&id) {
                break;
            }
            table.order.pop_front();
            table.pending.remove(&id);
        }
        if table.pending.len() >= LOGINS {
            return Err(Failure::retry_after(ErrorCode::Unavailable, SECONDS));
        }
        if table.order.len() >= 2 * LOGINS {
            let Table { pending, order } = &mut *table;
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

    /// Takes one out, if its time has not passed.
    pub(crate) fn take(&self, id: &Id, now: u64) -> Option<Pending> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ends, pending) = table.pending.remove(id)?;
        (ends > now).then_some(pending)
    }

    /// Forgets every login of an account: they began under a password that is no more.
    pub(crate) fn forget(&self, account: &Id) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table
            .pending
            .retain(|_, (_, pending)| pending.account_id() != Some(account));
    }
}

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
    fn a_new_password_ends_the_logins_that_the_old_one_began() {
        let logins = Logins::default();
        logins.insert([1; 16], words(1), 0).unwrap();
        logins.insert([2; 16], words(2), 0).unwrap();
        logins.forget(&[1; 16]);
        assert!(logins.take(&[1; 16], 1).is_none());
        assert!(logins.take(&[2; 16], 1).is_some());
    }
}

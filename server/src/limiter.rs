//! How often one address may try to register, sign in or recover, how often one way in may be tried, and how many
//! accounts may be made.
//!
//! Counts live in memory, in windows of ten minutes, under a keyed hash: no address and no handle is kept. The table
//! of counts has a fixed size and no entries (a count-min sketch): nobody fills it up, so nobody is locked out by
//! somebody who has many addresses. Counts that share all their cells count together: that errs on the strict side,
//! and begins to show at about a million attempts in a window.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crypto::id::{Hash32, Id};
use shared::ErrorCode;

use crate::error::Failure;
use crate::network::Network;

/// Counters of attempts.
pub(crate) struct Limiter {
    hasher: RandomState,
    windows: Mutex<Windows>,
    /// Tags of ways in and the networks from which they were used with success.
    friends: Mutex<Vec<u64>>,
}

/// What is tried: each counts apart, so that a whole login is one attempt of the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A registration's first half, or the first half of a way in.
    Start,
    /// The second half.
    End,
    /// A whole new account.
    Creation,
}

/// Whose secret is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// The password of a handle, by its credential id.
    Password(Hash32),
    /// The twelve words, by their recovery id.
    Words(Id),
}

#[derive(Default)]
struct Windows {
    window: u64,
    rows: Vec<Vec<u32>>,
    accounts: u32,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            windows: Mutex::default(),
            friends: Mutex::new(vec![0; FRIENDS]),
        }
    }

    /// Counts one attempt from this network.
    pub(crate) fn address(&self, network: Network, step: Step, limit: u32, now: u64) -> Result<(), Failure> {
        // A new account costs the disk something, and a family needs few.
        let limit = match step {
            Step::Creation if limit != 0 => limit.div_ceil(CREATIONS),
            _ => limit,
        };
        self.count((0, step, network), limit, now)
    }

    /// Counts one attempt at this way in from this network, whether or not there is such an account.
    ///
    /// In all a way in may be tried [`NETWORKS`] times as often as from one network. A network from which it was used
    /// with success is not held to that: trying from elsewhere keeps nobody out of his own house.
    pub(crate) fn way_in(&self, way: &Way, network: Network, limit: u32, now: u64) -> Result<(), Failure> {
        self.count((1, way, network), limit, now)?;
        if self.is_friend(way, network) {
            return Ok(());
        }
        self.count((2, way), limit.saturating_mul(NETWORKS), now)
    }

    /// Remembers that this way in was used with success from this network.
    pub(crate) fn befriend(&self, way: &Way, network: Network) {
        let tag = self.hasher.hash_one((3, way, network));
        let mut friends = self.friends.lock().unwrap_or_else(PoisonError::into_inner);
        let place = place(tag, friends.len());
        if let Some(friend) = friends.get_mut(place) {
            *friend = tag;
        }
    }

    fn is_friend(&self, way: &Way, network: Network) -> bool {
        let tag = self.hasher.hash_one((3, way, network));
        let friends = self.friends.lock().unwrap_or_else(PoisonError::into_inner);
        friends.get(place(tag, friends.len())) == Some(&tag)
    }

    /// Whether one more account may be made in this window.
    pub(crate) fn may_create(&self, limit: u32, now: u64) -> Result<(), Failure> {
        if limit != 0 && self.windows(now).accounts >= limit {
            return Err(too_many(now));
        }
        Ok(())
    }

    /// Counts an account that was made. Of those that are under way together, all are made.
    pub(crate) fn created(&self, now: u64) {
        let mut windows = self.windows(now);
        windows.accounts = windows.accounts.saturating_add(1);
    }

    fn count(&self, key: impl std::hash::Hash, limit: u32, now: u64) -> Result<(), Failure> {
        if limit == 0 {
            return Ok(());
        }
        let places: [usize; ROWS] =
            std::array::from_fn(|row| place(self.hasher.hash_one((row, &key)), WIDTH));
        let mut windows = self.windows(now);
        let cells = windows.rows.iter_mut().zip(places);
        let mut cells: Vec<&mut u32> = cells.filter_map(|(row, place)| row.get_mut(place)).collect();
        let least = cells.iter().map(|cell| **cell).min().unwrap_or_default();
        if least >= limit {
            return Err(too_many(now));
        }
        // The others hold somebody else's attempts as well.
        for cell in cells.iter_mut().filter(|cell| ***cell == least) {
            **cell += 1;
        }
        Ok(())
    }

    fn windows(&self, now: u64) -> MutexGuard<'_, Windows> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = now / WINDOW_SECONDS;
        if windows.window != window || windows.rows.is_empty() {
            *windows = Windows {
                window,
                rows: vec![vec![0; WIDTH]; ROWS],
                accounts: 0,
            };
        }
        windows
    }
}

fn too_many(now: u64) -> Failure {
    let wait = u32::try_from(WINDOW_SECONDS - now % WINDOW_SECONDS).unwrap_or(u32::MAX);
    Failure::retry_after(ErrorCode::TooMany, wait)
}

fn place(hash: u64, len: usize) -> usize {
    // Lengths are powers of two: the low bits.
    hash as usize & len.saturating_sub(1)
}

const WINDOW_SECONDS: u64 = 600;
/// Four rows of 2^18 cells: 4 MiB.
const ROWS: usize = 4;
const WIDTH: usize = 1 << 18;
/// Pairs of a way in and a network that are remembered: 1 MiB. A newer one may take an older one's place.
const FRIENDS: usize = 1 << 17;
/// Networks that may together try one way in as often as each may.
const NETWORKS: u32 = 10;
/// Attempts that one new account counts for.
const CREATIONS: u32 = 6;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HERE: Network = Network::V4(1);
    const THERE: Network = Network::V4(2);

    #[test]
    fn the_limit_holds_for_each_address_until_the_window_ends() {
        let limiter = Limiter::new();
        assert!(limiter.address(HERE, Step::Start, 2, 1_000).is_ok());
        assert!(limiter.address(HERE, Step::Start, 2, 1_000).is_ok());
        let refused = limiter.address(HERE, Step::Start, 2, 1_000).unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (ErrorCode::TooMany, Some(200))
        );
        assert!(limiter.address(THERE, Step::Start, 2, 1_000).is_ok());
        assert!(limiter.address(HERE, Step::End, 2, 1_000).is_ok());
        assert!(limiter.address(HERE, Step::Start, 2, 1_200).is_ok());
        assert!(limiter.address(HERE, Step::Start, 0, 1_200).is_ok());
    }

    #[test]
    fn new_accounts_count_more_and_also_all_together() {
        let limiter = Limiter::new();
        for _ in 0..10 {
            assert!(limiter.address(HERE, Step::Creation, 60, 0).is_ok());
        }
        assert!(limiter.address(HERE, Step::Creation, 60, 0).is_err());
        assert!(limiter.address(THERE, Step::Creation, 1, 0).is_ok());
        for _ in 0..3 {
            limiter.may_create(3, 0).unwrap();
            limiter.created(0);
        }
        assert!(limiter.may_create(3, 0).is_err());
        assert!(limiter.may_create(0, 0).is_ok());
        assert!(limiter.may_create(3, WINDOW_SECONDS).is_ok());
    }

    #[test]
    fn trying_from_elsewhere_keeps_nobody_out_of_his_own_house() {
        let limiter = Limiter::new();
        let way = Way::Password([7; 32]);
        limiter.befriend(&way, HERE);
        let mut tried = 0;
        for number in 100..200 {
            while limiter.way_in(&way, Network::V4(number), 3, 0).is_ok() {
                tried += 1;
            }
        }
        assert_eq!(tried, 3 * NETWORKS, "in all");
        assert!(limiter.way_in(&way, THERE, 3, 0).is_err());
        for _ in 0..3 {
            assert!(limiter.way_in(&way, HERE, 3, 0).is_ok());
        }
        assert!(
            limiter.way_in(&way, HERE, 3, 0).is_err(),
            "even at home three times are three"
        );
        assert!(limiter.way_in(&Way::Words([7; 16]), THERE, 3, 0).is_ok());
    }

    #[test]
    fn half_a_million_addresses_lock_nobody_out() {
        let limiter = Limiter::new();
        for number in 0..500_000 {
            // Those that meet others in every cell are refused early, never late.
            let _ = limiter.address(Network::V4(number), Step::Start, 60, 0);
        }
        let open = (1..=1_000_u64)
            .filter(|number| limiter.address(Network::V6(*number), Step::Start, 60, 0).is_ok())
            .count();
        assert_eq!(open, 1_000);
    }
}

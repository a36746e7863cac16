//! How often one address may try to register, sign in or recover, and how often one handle may be tried.
//!
//! Counts live in memory, under a keyed hash: no address and no handle is kept. Both limits are settings.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use shared::ErrorCode;

use crate::error::Failure;

/// Counters of attempts in windows of ten minutes.
pub(crate) struct Limiter {
    hasher: RandomState,
    windows: Mutex<Windows>,
}

/// What is tried: the two count apart, so that a whole login is one attempt of each.
#[derive(Debug, Clone, Copy, Hash)]
pub(crate) enum Step {
    /// A registration, or the first half of a way in.
    Start,
    /// The second half.
    End,
}

#[derive(Default)]
struct Windows {
    window: u64,
    counts: HashMap<u64, u32>,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            windows: Mutex::default(),
        }
    }

    /// Counts one attempt from this address; none is known where no socket is (tests): they share one count.
    pub(crate) fn address(
        &self,
        address: Option<IpAddr>,
        step: Step,
        limit: u32,
        now: u64,
    ) -> Result<(), Failure> {
        // A socket for both families gives addresses of IPv4 in the form of IPv6.
        let address = address.map(|address| address.to_canonical());
        // One household or one attacker holds a whole /64 of IPv6.
        let network = address.map(|address| match address {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
        });
        self.count(
            self.hasher
                .hash_one((0, step, address.map(|address| address.is_ipv4()), network)),
            limit,
            now,
        )
    }

    /// Counts one attempt under this handle, whether or not it exists.
    pub(crate) fn handle(&self, credential: &[u8; 32], limit: u32, now: u64) -> Result<(), Failure> {
        self.count(self.hasher.hash_one((1, credential)), limit, now)
    }

    fn count(&self, key: u64, limit: u32, now: u64) -> Result<(), Failure> {
        if limit == 0 {
            return Ok(());
        }
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = now / WINDOW_SECONDS;
        if windows.window != window {
            *windows = Windows {
                window,
                counts: HashMap::new(),
            };
        }
        let wait = u32::try_from(WINDOW_SECONDS - now % WINDOW_SECONDS).unwrap_or(u32::MAX);
        // Full means that somebody has many addresses: known ones go on, new ones wait for the next window.
        if windows.counts.len() >= KEYS && !windows.counts.contains_key(&key) {
            return Err(Failure::retry_after(ErrorCode::TooMany, wait));
        }
        let count = windows.counts.entry(key).or_default();
        if *count >= limit {
            return Err(Failure::retry_after(ErrorCode::TooMany, wait));
        }
        *count += 1;
        Ok(())
    }
}

const WINDOW_SECONDS: u64 = 600;
/// Counters kept at once: a few megabytes.
const KEYS: usize = 200_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_limit_holds_for_each_address_until_the_window_ends() {
        let limiter = Limiter::new();
        let here = Some("192.0.2.1".parse().unwrap());
        assert!(limiter.address(here, Step::Start, 2, 1_000).is_ok());
        assert!(limiter.address(here, Step::Start, 2, 1_000).is_ok());
        let refused = limiter.address(here, Step::Start, 2, 1_000).unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (ErrorCode::TooMany, Some(200))
        );
        assert!(
            limiter
                .address(Some("192.0.2.2".parse().unwrap()), Step::Start, 2, 1_000)
                .is_ok()
        );
        assert!(limiter.address(here, Step::End, 2, 1_000).is_ok());
        assert!(limiter.handle(&[0; 32], 2, 1_000).is_ok());
        assert!(limiter.address(here, Step::Start, 2, 1_200).is_ok());
        assert!(limiter.address(here, Step::Start, 0, 1_200).is_ok());
    }

    #[test]
    fn an_ipv4_address_counts_for_itself_in_either_form() {
        let limiter = Limiter::new();
        let address = |text: &str| limiter.address(Some(text.parse().unwrap()), Step::Start, 1, 0);
        assert!(address("::ffff:192.0.2.1").is_ok());
        assert!(address("::ffff:192.0.2.2").is_ok());
        assert!(address("192.0.2.1").is_err());
    }

    #[test]
    fn a_whole_network_of_ipv6_counts_as_one() {
        let limiter = Limiter::new();
        assert!(
            limiter
                .address(Some("2001:db8::1".parse().unwrap()), Step::Start, 1, 0)
                .is_ok()
        );
        assert!(
            limiter
                .address(Some("2001:db8::2".parse().unwrap()), Step::Start, 1, 0)
                .is_err()
        );
        assert!(
            limiter
                .address(Some("2001:db8:0:1::2".parse().unwrap()), Step::Start, 1, 0)
                .is_ok()
        );
    }
}

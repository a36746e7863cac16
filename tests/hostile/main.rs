//! The hostile level: the evil server of `tests/src/evil.rs` against the sdk, a test for each number of the checklist.
//!
//! A test is named `n07_what_is_refused` after its number; `spec/hostile.md` ties number, check, test and mutation
//! together, and `cargo xtask mutate` proves that each of these tests can fail.

#![allow(clippy::unwrap_used, reason = "tests")]

mod behind;
mod body;
mod bounds;
mod content;
mod contract;
mod forged;
mod frame;
mod headers;
mod history;
mod journal;
mod kit;
mod list;
mod log;
mod login;
mod map;
mod phrase;
mod planted;
mod policy;
mod race;
mod random;
mod restored;
mod resume;
mod slot;
mod time;
mod tried;
mod upload;
mod verdict;
mod way_in;
mod windows;
mod wire;
mod witness;

use tests::world::World;

/// A server of the product's own making, with its ordinary settings.
async fn world() -> World {
    World::start(|_| {}).await.unwrap()
}

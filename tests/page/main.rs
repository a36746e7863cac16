//! The parts of the page that are pure, compiled here a second time so that their own tests run natively and in seconds:
//! the client as a whole is built for the browser alone.
//!
//! A file of `client/src` with tests stands in this list; `tests/tidy/files.rs` holds it against the source.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "of each file only its tests are used"
)]

#[path = "../../client/src"]
mod page {
    pub mod format;
    pub mod strength;
    pub mod text;
}

// The names under which these files know each other.
use page::text;

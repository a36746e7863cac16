//! The parts of the page that are pure, compiled here a second time so that their own tests run natively and in seconds:
//! the client as a whole is built for the browser alone.
//!
//! A file of `client/src` with tests stands in this list; `tests/tidy/files.rs` holds it against the source.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "of each file only its tests are used"
)]

#[path = "../../client/src"]
mod page {
    pub mod format;
    pub mod message;
    pub mod pages {
        pub mod safe {
            pub mod model;
            pub mod window;
        }
    }
    pub mod preview;
    pub mod qr;
    pub mod scan;
    pub mod strength;
    pub mod text;
    pub mod words;
}

// The names under which these files know each other.
use page::{message, text};

//! The Civis server: stores and orders ciphertext. It parses headers, checks hashes and signatures, and holds no type
//! for a person's key: `crypto` is built without its feature `keys`.
//!
//! [`open`] opens a data folder, [`app`] is the HTTP service over it, [`serve`] runs it until it is told to stop.
//! Who you are is decided in `auth`, what you may touch in `access`, and nowhere else. Specified in `spec/wire.md`.

// The feature `testing` brings a suite of assertions into the library.
#![cfg_attr(
    not(any(test, feature = "testing")),
    deny(clippy::indexing_slicing, clippy::panic)
)]

use axum::Router;

mod access;
mod assets;
mod audit;
mod auditor;
mod auth;
mod closing;
mod collector;
mod commit;
pub mod config;
mod error;
mod extract;
mod headers;
mod journal;
mod key;
mod limiter;
mod line;
mod log;
mod logins;
mod network;
mod open;
mod outer;
mod params;
#[cfg(feature = "testing")]
pub mod parsers;
mod room;
mod routes;
mod row;
mod serve;
mod state;
mod statement;
pub mod store;
mod transact;
mod visit;

pub use audit::{Log, LogError, Restoration};
pub use collector::{CollectError, Collected, collect};
pub use config::Config;
pub use log::start as start_log;
pub use open::{OpenError, open, open_store, restore};
pub use serve::serve;
pub use state::{Clock, State};
pub use statement::{StatementError, state_to_all};

/// Every route, with everything that goes around each.
pub fn app(state: State) -> Router {
    routes::api()
        .fallback(assets::serve)
        .layer(axum::middleware::from_fn_with_state(state.clone(), outer::around))
        .with_state(state)
}

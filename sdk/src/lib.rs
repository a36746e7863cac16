//! The headless Civis client: everything a client does except showing it.
//!
//! Runs natively and in the browser, names neither a user interface nor a browser API. Whoever embeds it gives it
//! a [`Device`](flows::Device): a way to send requests, a clock, randomness and a small local store.
//!
//! - [`session`]: the states of a client as types: [`Locked`](session::Locked), [`SignedIn`](session::SignedIn),
//!   [`Unlocked`](session::Unlocked); every act on documents is a method of the last.
//! - [`flows`]: the sequences of `spec/flows.md`: accounts, the collection, documents.
//! - [`api`]: one typed call for each route, strict about every answer.
//! - [`search`]: what a person types against what the list holds.
//! - [`fault`]: one stable name for every error.
//! - [`evidence`]: what is kept when an answer is refused.
//! - `native` (feature): a device for programs that are not a web page.
//!
//! Futures here are not `Send`: one client lives on one thread, in a worker or in a `LocalSet`.

pub mod api;
pub mod error;
pub mod evidence;
pub mod fault;
pub mod flows;
#[cfg(feature = "native")]
pub mod native;
#[cfg(feature = "parsers")]
pub mod parsers;
pub mod search;
pub mod session;
#[cfg(feature = "testing")]
mod testing;

pub use error::ApiError;
pub use evidence::{Check, Evidence, Refusal, Subject};
pub use fault::Fault;
pub use flows::{Clock, Device, LocalStore, Transport};
pub use session::{Locked, SignedIn, Unlocked};

/// A proposed phrase: eight words, 88 bits.
pub use crypto::phrase::make_phrase;
/// The one source of randomness: what a device is given.
pub use crypto::random::{Random, RandomError};
/// The 2048 words of sheets and proposed phrases, as sheets write them.
pub use crypto::words::word_list;

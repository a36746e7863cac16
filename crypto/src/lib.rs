//! The Civis protocol core: pure functions over bytes. No I/O, no clock, no global randomness, no platform.
//!
//! Formats are restated in `spec/`. Everything that touches a person's secrets stands behind the feature `keys`,
//! which the server is built without: it parses headers, checks hashes, signatures and proofs, and holds no key.
//! Unknown magic, suite, kind, flag, non-zero reserved byte, trailing byte: refused everywhere, with no older decoder.

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::panic))]

pub mod account;
pub mod audit;
#[cfg(feature = "keys")]
pub mod ce;
mod codec;
pub mod collection;
pub mod document;
pub mod id;
pub mod label;
pub mod opaque;
#[cfg(feature = "parsers")]
pub mod parsers;
#[cfg(feature = "keys")]
pub mod phrase;
mod primitives;
pub mod random;
#[cfg(feature = "keys")]
pub mod secret;
pub mod session;
#[cfg(feature = "vectors")]
pub mod vectors;
pub mod words;

pub use primitives::{hash, signature};
#[cfg(feature = "keys")]
pub use primitives::{hpke, password};

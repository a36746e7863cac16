//! One test binary: official and own vectors, properties, and the rules of each noun.

#![allow(clippy::unwrap_used, reason = "tests")]

mod account;
mod audit;
mod collection;
mod opaque;
mod properties;
mod support;
mod vectors;

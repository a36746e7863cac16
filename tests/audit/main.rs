//! `civis audit` against the product's server: green where nothing is wrong, and the named finding for each thing that is.

#![allow(clippy::unwrap_used, reason = "tests")]

mod canary;
mod green;
mod ground;
mod store;
mod table;
mod tls;
mod wire;

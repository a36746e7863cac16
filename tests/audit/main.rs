//! `civis audit` against the product's server: green where nothing is wrong, and the named finding for each thing that is.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests; they print what they counted"
)]

mod canary;
mod green;
mod ground;
mod readme;
mod restored;
mod store;
mod table;
mod tls;
mod wire;

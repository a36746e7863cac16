//! The server over HTTP, without a socket but in `house.rs`: every route, every refusal, every header. The client's half is played here
//! with the real protocol core; only the boxes that the server cannot open hold noise.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "tests, and they play the client"
)]

mod account;
mod auditor;
mod bodies;
mod bounds;
mod collections;
mod delivery;
mod garbage;
mod house;
mod journal;
mod log;
mod login;
mod person;
mod refusals;
mod start;
mod witness;
mod world;

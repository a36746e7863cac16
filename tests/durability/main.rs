//! What was acknowledged is on the disk: kills, syncs in order, images of a power cut, a full disk.
//! `cargo xtask test durable` runs this level. Specified in `spec/store.md`, "Durability".
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod closing;
mod dice;
mod disk_full;
mod image;
mod kill;
mod order;
mod process;

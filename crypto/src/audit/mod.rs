//! What can be checked without any key of a person: the log's tree, entries, openings, checkpoints, proofs, and its map.
//!
//! Specified in `spec/log.md` and `spec/map.md`.

pub mod admission;
pub mod checkpoint;
pub mod entry;
pub mod listing;
pub mod map;
pub mod note;
pub mod opening;
pub mod origin;
pub mod policy;
pub mod proof;
pub mod prove;
#[cfg(feature = "keys")]
pub mod tag;
pub mod tile;
pub mod tree;

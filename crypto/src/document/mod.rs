//! One version of one document: its padded, sealed body, and the descriptor that opens it (`spec/body.md`).

pub mod body;
pub mod content;
#[cfg(feature = "keys")]
pub mod descriptor;
#[cfg(feature = "keys")]
pub mod media;
pub mod padding;

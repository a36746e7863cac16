//! Lies about bytes: altered, reordered, exchanged.

use super::Attack;

/// One bit of anything flipped.
pub(super) fn n24() -> Vec<Attack> {
    Vec::new()
}

/// Chunks and parts reordered, repeated, dropped, cut or extended.
pub(super) fn n25() -> Vec<Attack> {
    Vec::new()
}

/// Bodies, pages and records exchanged for others that are genuine.
pub(super) fn n26() -> Vec<Attack> {
    Vec::new()
}

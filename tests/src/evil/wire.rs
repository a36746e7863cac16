//! Lies in the form of answers: uploads, contract, times.

use super::Attack;

/// Answers to uploads replayed, parts denied or claimed, records rolled back.
pub(super) fn n33() -> Vec<Attack> {
    Vec::new()
}

/// Names and types that a viewer or file system would misread.
pub(super) fn n36() -> Vec<Attack> {
    Vec::new()
}

/// Answers outside the contract: types, fields, numbers, HTML, redirects.
pub(super) fn n50() -> Vec<Attack> {
    Vec::new()
}

/// Questions that would make a client tell which check failed.
pub(super) fn n52() -> Vec<Attack> {
    Vec::new()
}

/// Times years off.
pub(super) fn n53() -> Vec<Attack> {
    Vec::new()
}

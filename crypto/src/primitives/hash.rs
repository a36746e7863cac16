//! SHA-256: of plain bytes, and under a label (`spec/encodings.md`, 1).

use sha2::{Digest, Sha256};

use crate::id::Hash32;
use crate::label::Label;

/// SHA-256 of one run of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash32 {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the parts, one after another, without copying them together.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> Hash32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256(L(label) ‖ bytes).
#[must_use]
pub fn labelled(label: Label, bytes: &[u8]) -> Hash32 {
    sha256_of(&[label.bytes(), bytes])
}

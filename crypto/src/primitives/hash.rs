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

/// SHA-256 of bytes that arrive in runs.
#[derive(Clone, Default)]
pub struct Sha256Runs(Sha256);

impl Sha256Runs {
    /// Feeds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything fed.
    #[must_use]
    pub fn finish(self) -> Hash32 {
        self.0.finalize().into()
    }
}

/// SHA-256(L(label) ‖ bytes).
#[must_use]
pub fn labelled(label: Label, bytes: &[u8]) -> Hash32 {
    sha256_of(&[label.bytes(), bytes])
}

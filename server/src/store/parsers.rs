//! The store's own parsers behind one signature, for fuzzing and properties alone (feature `testing`).

use super::key::Tree;
use super::record::{self, PartEntry};

/// A framed value under one key. As a value it is framed and read back, too.
#[must_use]
pub fn frame(bytes: &[u8]) -> Option<Vec<u8>> {
    let framed = record::frame(Tree::Records, KEY, bytes);
    if record::unframe(Tree::Records, KEY, &framed) != Some(bytes) {
        return Some(b"a framed value does not read back".to_vec());
    }
    let value = record::unframe(Tree::Records, KEY, bytes)?;
    Some(record::frame(Tree::Records, KEY, value))
}

/// The entry of a part.
#[must_use]
pub fn part_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    let entry = PartEntry::parse(bytes)?;
    // However long it says to be, it costs nothing to count its slices.
    let _ = entry.slices();
    Some(entry.to_bytes())
}

/// The frame of `value`, as the store would write it.
#[must_use]
pub fn framed(value: &[u8]) -> Vec<u8> {
    record::frame(Tree::Records, KEY, value)
}

const KEY: &[u8] = b"key";

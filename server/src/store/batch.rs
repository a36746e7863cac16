//! One atomic write, and the bounds every store holds it to before anything else looks at it.
//!
//! Specified in `spec/store.md`, "Batches".

use std::collections::HashSet;

use super::{BATCH_BYTES, BATCH_ITEMS, KEY_BYTES, Table, VALUE_BYTES};

/// What must hold for a key at the moment a batch is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// No value.
    Absent,
    /// A value whose SHA-256 is this one: see [`value_hash`](super::value_hash).
    Is([u8; 32]),
    /// Any value.
    Exists,
}

/// One atomic write: all of it, if every expectation holds, or nothing.
///
/// A key may be put or deleted once only, and never in [`Table::Log`].
/// Bounds: [`KEY_BYTES`], [`VALUE_BYTES`], [`BATCH_ITEMS`], [`BATCH_BYTES`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Checked in this order, before anything is written.
    pub expect: Vec<(Table, Vec<u8>, Expect)>,
    /// Values written, whether or not the key had one.
    pub put: Vec<(Table, Vec<u8>, Vec<u8>)>,
    /// Keys removed; one without a value is no error.
    pub delete: Vec<(Table, Vec<u8>)>,
    /// Log entries, which take the next indices in this order.
    pub append: Vec<Vec<u8>>,
    /// The batch serves to free room (it deletes, or marks what is to be deleted): it is applied below the floor too,
    /// down to a last one that keeps the engine alive.
    pub frees: bool,
}

/// A batch was applied, and is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Index of the batch's first log entry, or of the next entry to come where it appended none.
    pub first_index: u64,
}

impl Batch {
    /// Whether the batch keeps to the contract's bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.counts_fit() && self.sizes_fit() && self.writes_are_distinct()
    }

    fn counts_fit(&self) -> bool {
        [
            self.expect.len(),
            self.put.len(),
            self.delete.len(),
            self.append.len(),
        ]
        .into_iter()
        .all(|count| count <= BATCH_ITEMS)
    }

    fn sizes_fit(&self) -> bool {
        let keys = self.expect.iter().map(|(_, key, _)| key);
        let keys = keys.chain(self.put.iter().map(|(_, key, _)| key));
        let keys = keys.chain(self.delete.iter().map(|(_, key)| key));
        let values = self.put.iter().map(|(_, _, value)| value).chain(&self.append);
        keys.clone().all(|key| (1..=KEY_BYTES).contains(&key.len()))
            && values.clone().all(|value| value.len() <= VALUE_BYTES)
            && keys.chain(values).map(Vec::len).sum::<usize>() <= BATCH_BYTES
    }

    fn writes_are_distinct(&self) -> bool {
        let puts = self.put.iter().map(|(table, key, _)| (*table, key));
        let deletes = self.delete.iter().map(|(table, key)| (*table, key));
        let mut seen = HashSet::with_capacity(self.put.len() + self.delete.len());
        puts.chain(deletes)
            .all(|(table, key)| table != Table::Log && seen.insert((table, key)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn put(table: Table, key: &[u8], value: usize) -> Batch {
        Batch {
            put: vec![(table, key.to_vec(), vec![0; value])],
            ..Batch::default()
        }
    }

    #[test]
    fn bounds_are_kept_to_the_byte() {
        assert!(Batch::default().is_valid());
        assert!(put(Table::Meta, &[0; KEY_BYTES], VALUE_BYTES).is_valid());
        assert!(!put(Table::Meta, &[0; KEY_BYTES + 1], 0).is_valid());
        assert!(!put(Table::Meta, &[], 0).is_valid());
        assert!(!put(Table::Meta, &[0], VALUE_BYTES + 1).is_valid());
        let append = |count| Batch {
            append: vec![vec![]; count],
            ..Batch::default()
        };
        assert!(append(BATCH_ITEMS).is_valid());
        assert!(!append(BATCH_ITEMS + 1).is_valid());
        let full = BATCH_BYTES / VALUE_BYTES;
        assert!(
            !Batch {
                append: vec![vec![0; VALUE_BYTES]; full + 1],
                ..Batch::default()
            }
            .is_valid()
        );
    }

    #[test]
    fn a_key_is_written_once_and_the_log_only_by_append() {
        let mut twice = put(Table::Page, b"key", 1);
        twice.delete.push((Table::Page, b"key".to_vec()));
        assert!(!twice.is_valid());
        let mut other = put(Table::Page, b"key", 1);
        other.delete.push((Table::Body, b"key".to_vec()));
        assert!(other.is_valid());
        assert!(!put(Table::Log, b"key", 1).is_valid());
    }
}

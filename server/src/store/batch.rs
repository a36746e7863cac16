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
    /// Values written beside log entries, with the indices that these take.
    pub indexed: Vec<Indexed>,
    /// The batch serves to free room (it deletes, or marks what is to be deleted): it is applied below the floor too,
    /// down to a last one that keeps the engine alive.
    pub frees: bool,
}

/// A value that goes with a log entry of its batch, and with the index that the entry takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Which entry of [`Batch::append`].
    pub entry: usize,
    /// Where it stands.
    pub table: Table,
    /// The key, or what comes before the index in it.
    pub key: Vec<u8>,
    /// What is written.
    pub write: IndexedWrite,
}

/// Where the index goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexedWrite {
    /// Behind the key, as eight big-endian bytes, over this value.
    Behind(Vec<u8>),
    /// It is the value, as eight big-endian bytes.
    Value,
}

impl Indexed {
    /// Table, key and value once the batch's first entry has its index.
    pub(super) fn at(&self, first_index: u64) -> (Table, Vec<u8>, Vec<u8>) {
        let index = (first_index + self.entry as u64).to_be_bytes();
        match &self.write {
            IndexedWrite::Behind(value) => (self.table, [&self.key[..], &index].concat(), value.clone()),
            IndexedWrite::Value => (self.table, self.key.clone(), index.to_vec()),
        }
    }

    /// Table, key and value as long as they will be, with an index that no entry has: what the batch writes or removes of
    /// older entries is not taken for it.
    fn any(&self) -> (Table, Vec<u8>, Vec<u8>) {
        self.at(NO_INDEX)
    }
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
            self.indexed.len(),
        ]
        .into_iter()
        .all(|count| count <= BATCH_ITEMS)
            && self
                .indexed
                .iter()
                .all(|indexed| indexed.entry < self.append.len())
    }

    fn sizes_fit(&self) -> bool {
        let keys = self.expect.iter().map(|(_, key, _)| key);
        let keys = keys.chain(self.put.iter().map(|(_, key, _)| key));
        let keys = keys.chain(self.delete.iter().map(|(_, key)| key));
        let values = self.put.iter().map(|(_, _, value)| value).chain(&self.append);
        let indexed: Vec<_> = self.indexed.iter().map(Indexed::any).collect();
        let keys = keys.chain(indexed.iter().map(|(_, key, _)| key));
        let values = values.chain(indexed.iter().map(|(_, _, value)| value));
        keys.clone().all(|key| (1..=KEY_BYTES).contains(&key.len()))
            && values.clone().all(|value| value.len() <= VALUE_BYTES)
            && keys.chain(values).map(Vec::len).sum::<usize>() <= BATCH_BYTES
    }

    fn writes_are_distinct(&self) -> bool {
        let puts = self.put.iter().map(|(table, key, _)| (*table, key));
        let deletes = self.delete.iter().map(|(table, key)| (*table, key));
        let mut seen = HashSet::with_capacity(self.put.len() + self.delete.len() + self.indexed.len());
        let indexed: Vec<_> = self.indexed.iter().map(Indexed::any).collect();
        let indexed = indexed.iter().map(|(table, key, _)| (*table, key));
        puts.chain(deletes)
            .chain(indexed)
            .all(|(table, key)| table != Table::Log && seen.insert((table, key)))
    }
}

/// Beyond every log, with room for the entries of one batch.
const NO_INDEX: u64 = u64::MAX - BATCH_ITEMS as u64;

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
    fn what_goes_with_an_entry_names_one_of_its_batch() {
        let indexed = |entry| Batch {
            append: vec![vec![1], vec![2]],
            indexed: vec![Indexed {
                entry,
                table: Table::Opening,
                key: b"k".to_vec(),
                write: IndexedWrite::Value,
            }],
            ..Batch::default()
        };
        assert!(indexed(1).is_valid());
        assert!(!indexed(2).is_valid());
        let mut twice = indexed(1);
        twice.put.push((Table::Opening, b"k".to_vec(), vec![]));
        assert!(!twice.is_valid());
    }

    #[test]
    fn what_goes_with_an_old_entry_is_not_what_goes_with_a_new_one() {
        let behind = |entry| Indexed {
            entry,
            table: Table::Opening,
            key: b"o".to_vec(),
            write: IndexedWrite::Behind(vec![1]),
        };
        let mut batch = Batch {
            append: vec![vec![1], vec![2]],
            indexed: vec![behind(0), behind(1)],
            ..Batch::default()
        };
        // Of a young log: its entries have numbers as low as those within the batch.
        for index in 0..4_u64 {
            batch
                .delete
                .push((Table::Opening, [&b"o"[..], &index.to_be_bytes()].concat()));
        }
        assert!(batch.is_valid());
        batch.indexed.push(behind(1));
        assert!(!batch.is_valid());
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

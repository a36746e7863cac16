//! What an auditor remembers between two audits: how far the log was, the map over it, what each entry was about, the
//! last of each chain. In a folder of his own, so that an audit costs what is new.
//!
//! Written whole at the end of an audit without findings, or not at all.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crypto::audit::map::{Prefix, Tile};
use crypto::id::{Hash32, Id};
use serde::{Deserialize, Serialize};

/// The state is not usable, or this machine failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Not what an audit wrote.
    #[error("the state of earlier audits is damaged")]
    Damaged,
    /// Disk or folder.
    #[error("the folder of the state cannot be read or written")]
    Unusable,
}

/// Where an audit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The log's key.
    pub key: String,
    /// What the deployment promised of witnesses: keys, how many, how old, whether it stops.
    pub witnesses: Vec<String>,
    /// See there.
    pub quorum: u8,
    /// See there.
    pub max_age: u32,
    /// See there.
    pub strict: bool,
    /// Entries that were replayed.
    pub size: u64,
    /// The roots of their complete subtrees.
    pub complete: Vec<[u8; 32]>,
    /// The last checkpoint, as it came.
    pub checkpoint: Vec<u8>,
    /// The time that its witnesses signed; 0 without any.
    pub witnessed: u64,
    /// Of the map.
    pub map_root: [u8; 32],
    /// Entries that the map covers.
    pub covered: u64,
    /// Those behind: index, key, value.
    pub uncovered: Vec<(u64, [u8; 32], [u8; 32])>,
}

/// What an entry of the log was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Public, or sealed with an opening that stays for good (DROP).
    Open,
    /// Sealed, no opening came, and nothing has said yet that it was erased.
    Owed,
    /// Erased, as a later entry says.
    Closed,
    /// A body that lives.
    Body {
        /// Of the body.
        body_id: Id,
        /// Hash of its header.
        body_hash: Hash32,
        /// Bytes of its ciphertext.
        ct_len: u64,
    },
    /// A head, charter, manifest or recovery: closed with its account alone.
    Account,
}

/// The state, and what this audit has changed in it.
pub struct Book {
    db: sled::Db,
    changed: HashMap<Vec<u8>, Vec<u8>>,
    is_first: bool,
}

impl Book {
    /// Opens the state in a folder, or begins one.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn open(folder: &Path) -> Result<Self, BookError> {
        std::fs::create_dir_all(folder).map_err(|_| BookError::Unusable)?;
        let path = folder.join("state");
        let is_new = !path.exists();
        // The engine stops the program where its files are cut in some places.
        let opened = std::panic::catch_unwind(|| {
            sled::Config::new()
                .path(&path)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(None)
                .open()
        });
        let db = opened
            .map_err(|_| BookError::Damaged)?
            .map_err(|error| match error {
                sled::Error::Io(_) => BookError::Unusable,
                _ => BookError::Damaged,
            })?;
        let book = Self {
            db,
            changed: HashMap::new(),
            is_first: is_new,
        };
        if book.read(BUILDING)?.is_some() {
            // A first audit that was cut: nothing of it counts.
            book.db.clear().map_err(|_| BookError::Unusable)?;
            book.flush()?;
        }
        let mark = book.mark()?;
        if let (Some(mark), Ok(last)) = (&mark, std::fs::read(folder.join(UNFINISHED)))
            && mark.checkpoint == last
        {
            // Cut between the two writes of an audit's end.
            std::fs::rename(folder.join(UNFINISHED), folder.join(BESIDE)).map_err(|_| BookError::Unusable)?;
        }
        // Beside the state, so that a state that lost its end is noticed.
        let beside = std::fs::read(folder.join(BESIDE)).ok();
        let as_marked = match (&mark, &beside) {
            (None, None) => true,
            (Some(mark), Some(beside)) => *beside == mark.checkpoint,
            _ => false,
        };
        if !as_marked {
            return Err(BookError::Damaged);
        }
        Ok(Self {
            is_first: mark.is_none(),
            ..book
        })
    }

    /// Whether no audit has ended here yet.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.is_first
    }

    /// Where the last audit ended.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn mark(&self) -> Result<Option<Mark>, BookError> {
        let Some(bytes) = self.read(MARK)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| BookError::Damaged)
    }

    /// A first audit writes as it goes, under a sign that it is unfinished.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn begin(&mut self) -> Result<(), BookError> {
        if self.is_first {
            self.db.insert(BUILDING, b"1").map_err(|_| BookError::Unusable)?;
            self.flush()?;
        }
        Ok(())
    }

    /// Ends an audit: everything that changed, in one step, and then the checkpoint beside it.
    ///
    /// # Errors
    /// [`BookError`]: the state is as it was before.
    pub fn finish(&mut self, folder: &Path, mark: &Mark) -> Result<(), BookError> {
        let bytes = serde_json::to_vec(mark).map_err(|_| BookError::Unusable)?;
        let beside = folder.join(BESIDE);
        let unfinished = folder.join(UNFINISHED);
        std::fs::write(&unfinished, &mark.checkpoint).map_err(|_| BookError::Unusable)?;
        let mut batch = sled::Batch::default();
        for (key, value) in self.changed.drain() {
            batch.insert(key, value);
        }
        batch.insert(MARK, bytes);
        batch.remove(BUILDING);
        self.db.apply_batch(batch).map_err(|_| BookError::Unusable)?;
        self.flush()?;
        std::fs::rename(&unfinished, &beside).map_err(|_| BookError::Unusable)?;
        self.is_first = false;
        Ok(())
    }

    /// What entry `index` was about.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn fate(&self, index: u64) -> Result<Option<Fate>, BookError> {
        let Some(row) = self.get(&row_key(index / ROW))? else {
            return Ok(None);
        };
        let at = (index % ROW) as usize * FATE_BYTES;
        match row.get(at..at + FATE_BYTES) {
            None => Ok(None),
            Some(bytes) => read_fate(bytes).map(Some),
        }
    }

    /// Notes what entry `index` is about: the one behind the last, or one before.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn set_fate(&mut self, index: u64, fate: &Fate) -> Result<(), BookError> {
        let key = row_key(index / ROW);
        let at = (index % ROW) as usize * FATE_BYTES;
        let mut row = self.get(&key)?.unwrap_or_default();
        if row.len() < at {
            return Err(BookError::Damaged);
        }
        row.resize(row.len().max(at + FATE_BYTES), 0);
        row[at..at + FATE_BYTES].copy_from_slice(&fate_bytes(fate));
        self.put(key, row)
    }

    /// Every body that lives, with the index of its entry.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn bodies(&self, size: u64, mut take: impl FnMut(u64, Fate)) -> Result<(), BookError> {
        for row in 0..size.div_ceil(ROW) {
            let Some(bytes) = self.get(&row_key(row))? else {
                return Err(BookError::Damaged);
            };
            for (at, fate) in bytes.chunks_exact(FATE_BYTES).enumerate() {
                let fate = read_fate(fate)?;
                if matches!(fate, Fate::Body { .. }) {
                    take(row * ROW + at as u64, fate);
                }
            }
        }
        Ok(())
    }

    /// The tile of the map at a prefix.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn tile(&self, prefix: &Prefix) -> Result<Option<Tile>, BookError> {
        let bytes = self.get(&tile_key(prefix))?;
        bytes
            .map(|bytes| Tile::parse(&bytes).map_err(|_| BookError::Damaged))
            .transpose()
    }

    /// Keeps a tile.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn set_tile(&mut self, prefix: &Prefix, tile: &Tile) -> Result<(), BookError> {
        self.put(tile_key(prefix), tile.to_bytes())
    }

    /// A small record under a kind and an id.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn record(&self, kind: u8, id: &[u8]) -> Result<Option<Vec<u8>>, BookError> {
        self.get(&[&[kind], id].concat())
    }

    /// Every small record of a kind, by id.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn records(&self, kind: u8) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, BookError> {
        let mut records = BTreeMap::new();
        for record in self.db.scan_prefix([kind]) {
            let (key, value) = record.map_err(|_| BookError::Damaged)?;
            records.insert(key[1..].to_vec(), value.to_vec());
        }
        let changed = self.changed.iter().filter(|(key, _)| key.first() == Some(&kind));
        records.extend(changed.map(|(key, value)| (key[1..].to_vec(), value.clone())));
        Ok(records)
    }

    /// Keeps a small record.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn set_record(&mut self, kind: u8, id: &[u8], value: Vec<u8>) -> Result<(), BookError> {
        self.put([&[kind], id].concat(), value)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, BookError> {
        match self.changed.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None => self.read(key),
        }
    }

    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, BookError> {
        let read = self.db.get(key).map_err(|_| BookError::Damaged)?;
        Ok(read.map(|value| value.to_vec()))
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), BookError> {
        self.changed.insert(key, value);
        if self.is_first && self.changed.len() >= AT_ONCE {
            for (key, value) in self.changed.drain() {
                self.db.insert(key, value).map_err(|_| BookError::Unusable)?;
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), BookError> {
        self.db.flush().map(|_| ()).map_err(|_| BookError::Unusable)
    }
}

fn row_key(row: u64) -> Vec<u8> {
    [&b"e"[..], &row.to_be_bytes()].concat()
}

fn tile_key(prefix: &Prefix) -> Vec<u8> {
    [&b"t"[..], &prefix.to_bytes()].concat()
}

fn fate_bytes(fate: &Fate) -> [u8; FATE_BYTES] {
    let mut bytes = [0; FATE_BYTES];
    bytes[0] = match fate {
        Fate::Open => 1,
        Fate::Owed => 2,
        Fate::Closed => 3,
        Fate::Account => 4,
        Fate::Body { .. } => 5,
    };
    if let Fate::Body {
        body_id,
        body_hash,
        ct_len,
    } = fate
    {
        bytes[1..17].copy_from_slice(body_id);
        bytes[17..49].copy_from_slice(body_hash);
        bytes[49..].copy_from_slice(&ct_len.to_be_bytes());
    }
    bytes
}

fn read_fate(bytes: &[u8]) -> Result<Fate, BookError> {
    let (kind, rest) = bytes.split_first().ok_or(BookError::Damaged)?;
    Ok(match kind {
        1 => Fate::Open,
        2 => Fate::Owed,
        3 => Fate::Closed,
        4 => Fate::Account,
        5 => {
            let (body_id, rest) = rest.split_first_chunk().ok_or(BookError::Damaged)?;
            let (body_hash, rest) = rest.split_first_chunk().ok_or(BookError::Damaged)?;
            let ct_len = rest.first_chunk().ok_or(BookError::Damaged)?;
            Fate::Body {
                body_id: *body_id,
                body_hash: *body_hash,
                ct_len: u64::from_be_bytes(*ct_len),
            }
        }
        _ => return Err(BookError::Damaged),
    })
}

const MARK: &[u8] = b"mark";
const BUILDING: &[u8] = b"building";
/// The file with the last checkpoint.
const BESIDE: &str = "checkpoint";
const UNFINISHED: &str = "checkpoint.unfinished";
/// Entries whose fates share a record.
const ROW: u64 = 256;
/// kind u8 ‖ body_id 16 ‖ body_hash 32 ‖ ct_len u64.
const FATE_BYTES: usize = 57;
/// Changes that a first audit keeps in memory.
const AT_ONCE: usize = 2_048;
/// Of the engine.
const CACHE_BYTES: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn mark(size: u64) -> Mark {
        Mark {
            key: "key".into(),
            witnesses: vec![],
            quorum: 0,
            max_age: 1,
            strict: false,
            size,
            complete: vec![[1; 32]],
            checkpoint: size.to_be_bytes().to_vec(),
            witnessed: 0,
            map_root: [0; 32],
            covered: size,
            uncovered: vec![],
        }
    }

    #[test]
    fn what_an_audit_ended_with_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let body = Fate::Body {
            body_id: [1; 16],
            body_hash: [2; 32],
            ct_len: 3,
        };
        {
            let mut book = Book::open(folder.path()).unwrap();
            assert!(book.is_first());
            book.begin().unwrap();
            for index in 0..300 {
                book.set_fate(index, if index == 299 { &body } else { &Fate::Open })
                    .unwrap();
            }
            assert_eq!(book.set_fate(700, &body), Err(BookError::Damaged));
            book.finish(folder.path(), &mark(300)).unwrap();
            book.set_fate(299, &Fate::Closed).unwrap();
        }
        let book = Book::open(folder.path()).unwrap();
        assert_eq!(book.mark().unwrap(), Some(mark(300)));
        assert_eq!((book.fate(299), book.fate(300)), (Ok(Some(body)), Ok(None)));
        let mut bodies = Vec::new();
        book.bodies(300, |index, fate| bodies.push((index, fate)))
            .unwrap();
        assert_eq!(bodies, [(299, body)]);
    }

    #[test]
    fn a_first_audit_that_was_cut_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        {
            let mut book = Book::open(folder.path()).unwrap();
            book.begin().unwrap();
            (0..5_000_u64).for_each(|id| book.set_record(b'c', &id.to_be_bytes(), vec![1]).unwrap());
        }
        let book = Book::open(folder.path()).unwrap();
        assert!(book.is_first());
        assert_eq!(book.record(b'c', &1_u64.to_be_bytes()), Ok(None));
    }

    #[test]
    fn a_state_that_lost_its_end_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        Book::open(folder.path())
            .unwrap()
            .finish(folder.path(), &mark(1))
            .unwrap();
        for content in [None, Some("other")] {
            let beside = folder.path().join(BESIDE);
            match content {
                None => std::fs::remove_file(&beside).unwrap(),
                Some(text) => std::fs::write(&beside, text).unwrap(),
            }
            assert!(matches!(Book::open(folder.path()), Err(BookError::Damaged)));
        }
    }
}

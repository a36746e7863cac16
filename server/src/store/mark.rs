//! The mark: how many batches were on the disk at some past moment, kept beside the engine. The engine takes a
//! fault in the newest part of its file for the end of it, and would start as of an earlier day without a word;
//! the mark tells. `spec/store.md`, "Mark".

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::key::Tree;
use super::record::{frame, unframe};

/// The open mark file.
pub(super) struct Mark(File);

impl Mark {
    /// Opens the file, and says what it holds: 0 where it is new or was torn while it was written.
    pub(super) fn open(path: &Path) -> io::Result<(Self, u64)> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let mut framed = [0; BYTES];
        let batches = match file.read_exact_at(&mut framed, 0) {
            Ok(()) => unframe(Tree::Records, KEY, &framed).and_then(|value| value.try_into().ok()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(error),
        };
        Ok((Self(file), batches.map_or(0, u64::from_be_bytes)))
    }

    /// Says durably that so many batches are on the disk.
    pub(super) fn write(&self, batches: u64) -> io::Result<()> {
        self.0
            .write_all_at(&frame(Tree::Records, KEY, &batches.to_be_bytes()), 0)?;
        self.0.sync_data()
    }
}

const KEY: &[u8] = b"\0mark";
const BYTES: usize = super::record::HEADER_BYTES + 8;

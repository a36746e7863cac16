//! What the log keeps outside the store: its key, and the last checkpoint that it signed, in the folder of the keys.
//!
//! Whoever puts an older store in place meets the checkpoint: the log does not start over less than it signed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::{Kind, NoteKey, NoteSigner};
use crypto::random::RandomError;
use zeroize::Zeroizing;

use crate::state::System;
use crate::store::StoreError;

/// Why the log does not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store holds less than the log has signed, or something else.
    #[error(
        "the store does not hold what its log has signed: it is older than `keys/log.checkpoint`, or was changed. Put the \
         newest copy of the store back"
    )]
    Shrunk,
    /// The log's key, or what it was kept with, does not read.
    #[error("the log's key or last checkpoint does not read: the folder `keys` has its own backup")]
    Key,
    /// One of the witnesses in the settings is the log itself.
    #[error(
        "setting witnesses: the log cannot be a witness of itself, neither under its key nor under its name"
    )]
    Witness,
    /// The key is gone, and the store has a log.
    #[error("{} is missing, and the log was signed with it: put it back from its own backup", .0.display())]
    Missing(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot use {}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No randomness for a new key.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the last checkpoint is kept: a file, or nowhere in tests that keep nothing.
pub(crate) struct Memory(Option<PathBuf>);

impl Memory {
    /// In the folder of the keys.
    pub(crate) fn file(keys: &Path) -> Self {
        Self(Some(keys.join("log.checkpoint")))
    }

    /// Nowhere.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(super) fn last(&self, key: &NoteKey) -> Result<Option<SignedCheckpoint>, LogError> {
        let Some(path) = &self.0 else { return Ok(None) };
        match read(path)? {
            None => Ok(None),
            Some(bytes) => SignedCheckpoint::verify(&bytes, key)
                .map(Some)
                .map_err(|_| LogError::Key),
        }
    }

    /// Whatever an unused key has signed, and others with it.
    fn forget(&self) -> Result<(), LogError> {
        let Some(path) = &self.0 else { return Ok(()) };
        for path in [Some(path.clone()), self.beside(WITNESSED), self.beside(ASKED)] {
            path.as_deref().map_or(Ok(()), remove)?;
        }
        Ok(())
    }

    /// Another file of the log's in the same folder.
    pub(super) fn beside(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|path| path.with_file_name(name))
    }

    pub(super) fn keep(&self, checkpoint: &SignedCheckpoint) -> Result<(), LogError> {
        match &self.0 {
            Some(path) => write(path, &checkpoint.note().to_bytes()),
            None => Ok(()),
        }
    }
}

/// The log's key in the folder of the keys; made where the store has no log yet. Its name is the log's origin.
pub(crate) fn signer(
    keys: &Path,
    origin: &str,
    is_new: bool,
    memory: &Memory,
) -> Result<NoteSigner, LogError> {
    let path = keys.join("log.key");
    let kept = read(&path)?.map(Zeroizing::new);
    let kept = kept.map(|bytes| parse(&bytes).ok_or(LogError::Key)).transpose()?;
    // A first start that was cut leaves a key that has signed nothing, under the name of a deployment that never was.
    let is_unused = |signer: &NoteSigner| {
        let last = memory.last(signer.public());
        is_new && last.is_ok_and(|last| last.is_none_or(|last| last.tree().size == 0))
    };
    match kept.filter(|signer| signer.public().name() == origin || !is_unused(signer)) {
        Some(signer) if signer.public().name() == origin => Ok(signer),
        Some(_) => Err(LogError::Key),
        None if is_new => {
            let signer = NoteSigner::make(origin, Kind::Text, &mut System)?.map_err(|_| LogError::Key)?;
            memory.forget()?;
            write(&path, &to_bytes(&signer))?;
            Ok(signer)
        }
        None => Err(LogError::Missing(path)),
    }
}

/// "CVLK" ‖ 01 ‖ seed 32 ‖ name: the key's file.
pub(crate) fn to_bytes(signer: &NoteSigner) -> Zeroizing<Vec<u8>> {
    let name = signer.public().name().as_bytes();
    Zeroizing::new([MAGIC, signer.expose_seed(), name].concat())
}

pub(crate) fn parse(bytes: &[u8]) -> Option<NoteSigner> {
    let (seed, name) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    NoteSigner::from_seed(core::str::from_utf8(name).ok()?, Kind::Text, seed).ok()
}

pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::File {
            path: path.to_owned(),
            error,
        }),
    }
}

/// No file, and none left.
pub(super) fn remove(path: &Path) -> Result<(), LogError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::File {
            path: path.to_owned(),
            error,
        }),
        _ => Ok(()),
    }
}

/// Whole and durable under its name, or as it was before.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Beside the whole name: two files of the log are written at once.
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    write_whole(path, bytes).map_err(|error| LogError::File {
        path: path.to_owned(),
        error,
    })
}

const MAGIC: &[u8] = b"CVLK\x01";
/// The checkpoint that counts, as a note with its witnesses' signatures.
pub(super) const WITNESSED: &str = "log.witnessed";
/// The one that the witnesses are asked to sign, with the signatures that it has.
pub(super) const ASKED: &str = "log.asked";

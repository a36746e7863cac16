//! What the log keeps outside the store: its key, and the last checkpoint that it signed, in the folder of the keys.
//!
//! Whoever puts an older store in place meets the checkpoint: the log does not start over less than it signed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::{Kind, NoteKey, NoteSigner};
use crypto::audit::origin::Origin;
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
         newest copy of the store back; where this backup is all there is, `civis-server restored` goes on from it and says so"
    )]
    Shrunk,
    /// The store goes on from a backup, and the key that it goes on with was not made.
    #[error("a restoration was begun and is not finished: run `civis-server restored` again")]
    Unfinished,
    /// There is nothing to restore.
    #[error(
        "the store holds all that its log is known to have signed: nothing was lost as far as this machine can tell. \
         Where `keys` came out of the backup too, `--last-checkpoint` names a later checkpoint of the log, from an auditor or out \
         of the evidence of a client"
    )]
    NotOlder,
    /// The store is no beginning of what was signed.
    #[error(
        "the store holds another history than the log has signed: it went on after it was put back, or was changed. Put the \
         backup back as it was, and restore it before the server runs"
    )]
    Other,
    /// The checkpoint that was given is not one of this log.
    #[error("the checkpoint that was given is not one that this log has signed")]
    Given,
    /// The reason cannot be logged.
    #[error("a reason is a text on one line, of 1 to 1,024 bytes")]
    Reason,
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
        Self(Some(keys.join(CHECKPOINT)))
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
    let path = keys.join(KEY);
    let kept = read(&path)?.map(Zeroizing::new);
    let kept = kept.map(|bytes| parse(&bytes).ok_or(LogError::Key)).transpose()?;
    // A first start that was cut leaves a key that has signed nothing, under the name of a deployment that never was.
    let is_unused = |signer: &NoteSigner| {
        let last = memory.last(signer.public());
        is_new && last.is_ok_and(|last| last.is_none_or(|last| last.tree().size == 0))
    };
    match kept.filter(|signer| signer.public().name() == origin || !is_unused(signer)) {
        Some(signer) if signer.public().name() == origin => Ok(signer),
        Some(signer) => Err(other_generation(keys, signer.public().name(), origin)),
        None if is_new => {
            let signer = NoteSigner::make(origin, Kind::Text, &mut System)?.map_err(|_| LogError::Key)?;
            memory.forget()?;
            write(&path, &to_bytes(&signer))?;
            Ok(signer)
        }
        None => Err(LogError::Missing(path)),
    }
}

/// Why the key of one generation is no key of the store's.
fn other_generation(keys: &Path, key: &str, store: &str) -> LogError {
    let (Some(key), Some(store)) = (Origin::parse(key), Origin::parse(store)) else {
        return LogError::Key;
    };
    if store.steps_to(&key).is_some() {
        // An older copy than the one with which this key began.
        LogError::Shrunk
    } else if key.steps_to(&store) == Some(1) && archived_key(keys, key.generation).exists() {
        LogError::Unfinished
    } else {
        LogError::Key
    }
}

/// The key in the folder of the keys, whatever it is of.
pub(super) fn key(keys: &Path) -> Result<NoteSigner, LogError> {
    let path = keys.join(KEY);
    let bytes = read(&path)?.map(Zeroizing::new).ok_or(LogError::Missing(path))?;
    parse(&bytes).ok_or(LogError::Key)
}

/// The new key takes its place.
pub(super) fn keep_key(keys: &Path, signer: &NoteSigner) -> Result<(), LogError> {
    write(&keys.join(KEY), &to_bytes(signer))
}

/// Key and last checkpoint of a generation stay, for the record.
pub(super) fn archive(
    keys: &Path,
    signer: &NoteSigner,
    generation: u32,
    note: &[u8],
) -> Result<(), LogError> {
    write(&archived_checkpoint(keys, generation), note)?;
    write(&archived_key(keys, generation), &to_bytes(signer))
}

/// The last checkpoint of an earlier generation; empty where it was not kept.
pub(super) fn archived(keys: &Path, generation: u32) -> Result<Vec<u8>, LogError> {
    Ok(read(&archived_checkpoint(keys, generation))?.unwrap_or_default())
}

/// Whatever is kept as the last checkpoint of a generation, of this one or of one that ended.
pub(super) fn checkpoints(keys: &Path, generation: u32) -> Result<Vec<Vec<u8>>, LogError> {
    let kept = [
        read(&keys.join(CHECKPOINT))?,
        read(&archived_checkpoint(keys, generation))?,
    ];
    Ok(kept.into_iter().flatten().collect())
}

fn archived_key(keys: &Path, generation: u32) -> PathBuf {
    keys.join(format!("{KEY}.g{generation}"))
}

fn archived_checkpoint(keys: &Path, generation: u32) -> PathBuf {
    keys.join(format!("{CHECKPOINT}.g{generation}"))
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
const KEY: &str = "log.key";
const CHECKPOINT: &str = "log.checkpoint";

//! The store's folder: whose it is, which format it has, who holds it. Nothing in it is touched before these
//! questions are answered. Specified in `spec/store.md`, "Folder".

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::OpenError;

/// A folder that is ours alone while this value lives.
pub(super) struct Folder {
    path: PathBuf,
    is_new: bool,
    _lock: File,
}

impl Folder {
    /// Takes a folder that is absent, empty or a store of a known format.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let format = read_format(path)?;
        survey(path)?;
        let engine_exists = path.join(ENGINE).try_exists()?;
        match format {
            Some(found) if found > FORMAT => return Err(OpenError::Newer { found, known: FORMAT }),
            Some(_) if !engine_exists => return Err(OpenError::Missing),
            _ => fs::create_dir_all(path)?,
        }
        let lock = take_lock(&path.join(LOCK))?;
        Ok(Self {
            path: path.to_owned(),
            is_new: format.is_none(),
            _lock: lock,
        })
    }

    /// Where the engine's files stand.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join(ENGINE)
    }

    /// The engine's one file of data.
    pub(super) fn data_file(&self) -> PathBuf {
        self.engine().join(DATA)
    }

    /// Where the mark stands.
    pub(super) fn mark(&self) -> PathBuf {
        self.path.join(MARK)
    }

    /// Makes a new store's engine files under another name first: what stands under the final name is whole.
    pub(super) fn prepare(
        &self,
        create: impl FnOnce(&Path) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        if !self.is_new || self.engine().try_exists()? {
            return Ok(());
        }
        let unfinished = self.path.join(UNFINISHED);
        if unfinished.try_exists()? {
            fs::remove_dir_all(&unfinished)?;
        }
        create(&unfinished)?;
        sync_all(&unfinished)?;
        fs::rename(&unfinished, self.engine())?;
        Ok(sync_folder(&self.path)?)
    }

    /// Makes what opening changed durable, and says last of all that this is a store.
    pub(super) fn seal(&self) -> Result<(), OpenError> {
        sync_all(&self.engine())?;
        if self.is_new {
            let unfinished = self.path.join(FORMAT_UNFINISHED);
            let mut file = File::create(&unfinished)?;
            writeln!(file, "{MAGIC}{FORMAT}")?;
            file.sync_all()?;
            fs::rename(&unfinished, self.path.join(FORMAT_FILE))?;
            if let Some(above) = self.path.parent().filter(|above| above.is_dir()) {
                sync_folder(above)?;
            }
        }
        Ok(sync_folder(&self.path)?)
    }
}

/// Tries again for a few seconds: a process that just ended, or a store just dropped, may still hold the lock.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells when another process lets go of a lock"
)]
pub(super) fn retry<T>(mut attempt: impl FnMut() -> Result<T, OpenError>) -> Result<T, OpenError> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match attempt() {
            Err(OpenError::Locked) if Instant::now() < until => thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
}

fn read_format(path: &Path) -> Result<Option<u32>, OpenError> {
    let file = path.join(FORMAT_FILE);
    if !file.try_exists()? {
        return Ok(None);
    }
    if fs::metadata(&file)?.len() > 64 {
        return Err(OpenError::NotAStore);
    }
    let bytes = fs::read(&file)?;
    let number = bytes
        .strip_prefix(MAGIC.as_bytes())
        .and_then(|rest| rest.strip_suffix(b"\n"));
    let number = number
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|text| text.parse().ok());
    number.map(Some).ok_or(OpenError::NotAStore)
}

/// Refuses a folder that holds anything a store of this format does not.
fn survey(path: &Path) -> Result<(), OpenError> {
    let ours = |name: &str| [FORMAT_FILE, FORMAT_UNFINISHED, LOCK, MARK, ENGINE, UNFINISHED].contains(&name);
    let engines = |name: &str| ["conf", DATA, "blobs"].contains(&name) || name.starts_with("snap.");
    refuse_others(path, ours)?;
    refuse_others(&path.join(ENGINE), engines)
}

fn refuse_others(folder: &Path, known: impl Fn(&str) -> bool) -> Result<(), OpenError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(&known) {
            return Err(OpenError::Foreign(entry.path()));
        }
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, OpenError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    retry(|| match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    })?;
    Ok(file)
}

/// Syncs every file of a folder, then the folder.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The number of the format that this version writes.
pub(super) const FORMAT: u32 = 1;
const MAGIC: &str = "civis store format ";
const FORMAT_FILE: &str = "format";
const FORMAT_UNFINISHED: &str = "format.new";
const LOCK: &str = "lock";
const MARK: &str = "mark";
const ENGINE: &str = "sled";
const UNFINISHED: &str = "sled.new";
const DATA: &str = "db";
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

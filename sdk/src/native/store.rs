//! The local store as a folder: one file for each key, written beside and renamed, synced before it counts.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::error::LocalError;
use crate::flows::LocalStore;

/// A folder of this device, for one person. Keys are paths of ASCII letters, digits, `-`, `_` and `/`.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Uses `root`, making it where it is missing.
    ///
    /// # Errors
    /// [`LocalError`] where it cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, LocalError> {
        let root = root.into();
        std::fs::create_dir_all(&root).map_err(|_| LocalError)?;
        Ok(Self { root })
    }

    fn path(&self, key: &str) -> Result<PathBuf, LocalError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if key
            .split('/')
            .any(|step| step.is_empty() || !step.chars().all(plain))
        {
            return Err(LocalError);
        }
        Ok(self.root.join(key))
    }
}

#[async_trait(?Send)]
impl LocalStore for Folder {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError> {
        match std::fs::read(self.path(key)?) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(LocalError),
        }
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError> {
        replace(&self.path(key)?, value).map_err(|_| LocalError)
    }

    async fn delete(&self, key: &str) -> Result<(), LocalError> {
        match std::fs::remove_file(self.path(key)?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LocalError),
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        let mut keys = Vec::new();
        walk(&self.root, "", &mut keys).map_err(|_| LocalError)?;
        keys.retain(|key| key.starts_with(prefix) && !key.ends_with(BESIDE));
        keys.sort();
        Ok(keys)
    }
}

/// The old or the new value, whole, whatever happens in between.
fn replace(path: &Path, value: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(BESIDE);
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(value)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    std::fs::File::open(folder)?.sync_all()
}

fn walk(folder: &Path, at: &str, keys: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // Not one of our keys: somebody else's file stays unseen.
        let Some(name) = name.to_str() else { continue };
        let key = if at.is_empty() {
            name.to_owned()
        } else {
            format!("{at}/{name}")
        };
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &key, keys)?
        } else {
            keys.push(key)
        }
    }
    Ok(())
}

/// Ends the name of a value being written; no key can have it.
const BESIDE: &str = ".new";

//! One hash over the content of files, to see whether something has to be built again. Reads, never writes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use base64::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::error::{At, Error};

/// SHA-256, as hex, over names and contents of these files and of everything below these folders.
pub(crate) fn of_files(root: &Path, parts: &[&str]) -> Result<String, Error> {
    let mut files = BTreeSet::new();
    for part in parts {
        collect(&root.join(part), &mut files)?;
    }
    let mut hash = Sha256::new();
    for file in &files {
        let content = fs::read(file).at(file)?;
        let name = file
            .strip_prefix(root)
            .unwrap_or(file)
            .as_os_str()
            .as_encoded_bytes();
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(&content);
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

/// Every file below a folder, or the file itself; what is missing counts as empty.
pub(crate) fn collect(path: &Path, into: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    if path.is_file() {
        into.insert(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).at(path)? {
            collect(&entry.at(path)?.path(), into)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn changes_with_name_content_and_new_files() {
        let folder = std::env::temp_dir().join(format!("civis-fingerprint-{}", std::process::id()));
        fs::create_dir_all(folder.join("a")).unwrap();
        fs::write(folder.join("a/x"), "1").unwrap();
        let first = of_files(&folder, &["a"]).unwrap();
        assert_eq!(first, of_files(&folder, &["a", "missing"]).unwrap());
        fs::write(folder.join("a/x"), "2").unwrap();
        let second = of_files(&folder, &["a"]).unwrap();
        fs::write(folder.join("a/y"), "").unwrap();
        let third = of_files(&folder, &["a"]).unwrap();
        assert!(first != second && second != third);
        fs::remove_dir_all(folder).unwrap();
    }
}

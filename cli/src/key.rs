//! An auditor's or witness's own key: made here, kept in one file, shown as text to be listed by operators.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crypto::audit::note::{Kind, NoteSigner};
use sdk::native::SystemRandom;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written; a key that is there is never overwritten.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The file is no key.
    #[error("this file is no key of an auditor or witness")]
    Malformed,
    /// The name has a blank or a plus, or is empty or too long.
    #[error("a name is at most 255 bytes, without blanks and without +")]
    Name,
    /// No randomness.
    #[error("this machine gives no randomness")]
    Random,
}

/// Makes a key and writes it to a file that did not exist, readable for its owner alone.
///
/// # Errors
/// See [`KeyError`].
pub fn make(path: &Path, name: &str, kind: Kind) -> Result<NoteSigner, KeyError> {
    let signer = NoteSigner::make(name, kind, &mut SystemRandom).map_err(|_| KeyError::Random)?;
    let signer = signer.map_err(|_| KeyError::Name)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&[MAGIC, &[number(kind)], signer.expose_seed(), name.as_bytes()].concat())?;
    file.sync_all()?;
    Ok(signer)
}

/// Reads a key.
///
/// # Errors
/// See [`KeyError`].
pub fn read(path: &Path) -> Result<NoteSigner, KeyError> {
    let bytes = std::fs::read(path)?;
    parse(&bytes).ok_or(KeyError::Malformed)
}

/// "CVNK" ‖ 01 ‖ kind u8 ‖ seed 32 ‖ name.
fn parse(bytes: &[u8]) -> Option<NoteSigner> {
    let (kind, rest) = bytes.strip_prefix(MAGIC)?.split_first()?;
    let (seed, name) = rest.split_first_chunk::<32>()?;
    let kind = [Kind::Text, Kind::Cosignature]
        .into_iter()
        .find(|known| number(*known) == *kind)?;
    NoteSigner::from_seed(core::str::from_utf8(name).ok()?, kind, seed).ok()
}

const fn number(kind: Kind) -> u8 {
    match kind {
        Kind::Text => 1,
        Kind::Cosignature => 4,
    }
}

const MAGIC: &[u8] = b"CVNK\x01";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_reads_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for kind in [Kind::Text, Kind::Cosignature] {
            let made = make(&path, "audit.example", kind).unwrap();
            assert_eq!(read(&path).unwrap().public(), made.public());
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            assert!(matches!(
                make(&path, "audit.example", kind),
                Err(KeyError::File(_))
            ));
            std::fs::remove_file(&path).unwrap();
        }
        assert!(matches!(
            make(&path, "two words", Kind::Text),
            Err(KeyError::Name)
        ));
        std::fs::write(&path, "CVNK").unwrap();
        assert!(matches!(read(&path), Err(KeyError::Malformed)));
    }
}

//! Checkpoints: size and root of a log as its key signed them (C2SP tlog-checkpoint). spec/log.md section 4.
//!
//! ```text
//! origin newline | size in decimal newline | base64(root 32) newline        signed as a note by the log's key
//! ```

use base64::BASE64;

use super::note::{Note, NoteError, NoteKey, NoteSigner, is_name, unbase64};
use super::tree::TreeHead;

/// What a checkpoint says: unsigned, or not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Size and root.
    pub tree: TreeHead,
}

/// A checkpoint whose log signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// Why a checkpoint was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it, or its signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is no checkpoint.
    #[error("the note is no checkpoint")]
    Malformed,
    /// Of another log than the key's.
    #[error("the checkpoint is of another log")]
    Origin,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.tree.size,
            BASE64.encode(&self.tree.root)
        )
    }

    /// Reads the text: three lines in their one form. Lines behind them are refused, for nobody of ours writes any.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let (Some(origin), Some(size), Some(root)) = (origin, size, root) else {
            return Err(CheckpointError::Malformed);
        };
        let root = unbase64(root).and_then(|root| root.try_into().ok());
        let checkpoint = Self {
            origin: origin.to_owned(),
            tree: TreeHead {
                size: size.parse().map_err(|_| CheckpointError::Malformed)?,
                root: root.ok_or(CheckpointError::Malformed)?,
            },
        };
        // One form: no leading zero, no sign, nothing behind.
        if is_name(origin) && checkpoint.to_text() == text {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed)
        }
    }

    /// Signs it with the log's key.
    ///
    /// # Errors
    /// The key is another log's.
    pub fn sign(self, key: &NoteSigner) -> Result<SignedCheckpoint, CheckpointError> {
        if key.public().name() != self.origin {
            return Err(CheckpointError::Origin);
        }
        let note = key.sign(&self.to_text(), 0)?;
        Ok(SignedCheckpoint {
            checkpoint: self,
            note,
        })
    }
}

impl SignedCheckpoint {
    /// Reads a checkpoint that this log signed.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify(bytes: &[u8], log: &NoteKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(CheckpointError::Origin);
        }
        note.verify(log)?;
        Ok(Self { checkpoint, note })
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn tree(&self) -> &TreeHead {
        &self.checkpoint.tree
    }

    /// The note with every signature on it.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The same with the signatures of another note of the same checkpoint.
    ///
    /// # Errors
    /// The note is of another one.
    pub fn join(self, other: &Note) -> Result<Self, CheckpointError> {
        Ok(Self {
            note: self.note.join(other)?,
            ..self
        })
    }

    /// The same with the newest signature that this witness has made, of the two notes, and no other one of it.
    ///
    /// # Errors
    /// The note is of another checkpoint, or not truly signed by the witness.
    pub fn cosigned(self, other: &Note, witness: &NoteKey) -> Result<Self, CheckpointError> {
        Ok(Self {
            note: self.note.join_newest(other, witness)?,
            ..self
        })
    }

    /// The same with no signature but those of the log and of these witnesses.
    #[must_use]
    pub fn only(self, log: &NoteKey, witnesses: &[&NoteKey]) -> Self {
        let keys: Vec<&NoteKey> = [log].into_iter().chain(witnesses.iter().copied()).collect();
        Self {
            note: self.note.only(&keys),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::note::Kind;
    use super::*;

    fn checkpoint(size: u64) -> Checkpoint {
        let tree = TreeHead { size, root: [7; 32] };
        Checkpoint {
            origin: "a.fr/log".to_owned(),
            tree,
        }
    }

    #[test]
    fn a_checkpoint_is_accepted_from_its_own_log_alone() {
        let log = NoteSigner::from_seed("a.fr/log", Kind::Text, &[1; 32]).unwrap();
        let signed = checkpoint(20).sign(&log).unwrap();
        let bytes = signed.note().to_bytes();
        assert_eq!(SignedCheckpoint::verify(&bytes, log.public()).unwrap(), signed);
        let other = NoteSigner::from_seed("b.fr/log", Kind::Text, &[1; 32]).unwrap();
        assert_eq!(
            SignedCheckpoint::verify(&bytes, other.public()),
            Err(CheckpointError::Origin)
        );
        let same_name = NoteSigner::from_seed("a.fr/log", Kind::Text, &[2; 32]).unwrap();
        let unsigned = Err(CheckpointError::Note(NoteError::Unsigned));
        assert_eq!(SignedCheckpoint::verify(&bytes, same_name.public()), unsigned);
        assert_eq!(checkpoint(20).sign(&other), Err(CheckpointError::Origin));
    }

    #[test]
    fn a_text_has_one_form() {
        let text = checkpoint(20).to_text();
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint(20)));
        for other in [
            text.replace("20", "020"),
            text.replace("20", "+20"),
            text.replace("20", "-1"),
            text.replace("20", "99999999999999999999"),
            text.replace("a.fr", "a fr"),
            text.replace("=\n", "\n"),
            format!("{text}more\n"),
            text.trim_end().to_owned(),
            "a.fr/log\n20\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(
                Checkpoint::parse(&other),
                Err(CheckpointError::Malformed),
                "{other:?}"
            );
        }
    }
}

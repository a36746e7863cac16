//! Who asks as an auditor: a moment and a log's name under the auditor's own key. spec/audit.md section 2.
//!
//! ```text
//! "civis-audit/v1" newline | origin of the log newline | seconds UTC in decimal newline      signed as a note, kind 1
//! ```
//!
//! The operator lists the auditor's public key; nobody keeps a secret of anybody else's.

use super::note::{Note, NoteError, NoteKey, NoteSigner, is_name};

/// What an auditor says with each question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Name of the log that it is asked about: what is said to one deployment opens no other.
    pub origin: String,
    /// When, seconds UTC.
    pub time: u64,
}

/// Why nobody is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// Not an admission in its one form.
    #[error("not an auditor's admission")]
    Malformed,
    /// None of the keys has signed it.
    #[error("not signed by a known auditor")]
    Unknown,
}

impl Admission {
    /// Signs it with an auditor's key.
    ///
    /// # Errors
    /// [`NoteError`]: the origin is no name.
    pub fn sign(&self, key: &NoteSigner) -> Result<Note, NoteError> {
        if !is_name(&self.origin) {
            return Err(NoteError::Malformed);
        }
        key.sign(&self.to_text(), 0)
    }

    /// Reads a note and says which of the keys has signed it.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn verify<'a>(bytes: &[u8], keys: &'a [NoteKey]) -> Result<(Self, &'a NoteKey), AdmissionError> {
        let note = Note::parse(bytes).map_err(|_| AdmissionError::Malformed)?;
        let admission = Self::parse(note.text()).ok_or(AdmissionError::Malformed)?;
        let signer = keys.iter().find(|key| note.verify(key).is_ok());
        Ok((admission, signer.ok_or(AdmissionError::Unknown)?))
    }

    pub(crate) fn to_text(&self) -> String {
        format!("{HEADER}\n{}\n{}\n", self.origin, self.time)
    }

    /// Reads the text of the note.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(HEADER)?.strip_prefix('\n')?.split('\n');
        let admission = Self {
            origin: lines.next()?.to_owned(),
            time: lines.next()?.parse().ok()?,
        };
        // One form: no sign, no leading zero, nothing behind.
        (is_name(&admission.origin) && admission.to_text() == text).then_some(admission)
    }
}

const HEADER: &str = "civis-audit/v1";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::note::Kind;
    use super::*;

    fn signer(seed: u8) -> NoteSigner {
        NoteSigner::from_seed("auditor.example", Kind::Text, &[seed; 32]).unwrap()
    }

    #[test]
    fn only_a_known_key_admits_and_every_other_form_is_refused() {
        let said = Admission {
            origin: "civis/AAA".into(),
            time: 77,
        };
        let (one, other) = (signer(1), signer(2));
        let keys = [one.public().clone()];
        let bytes = said.sign(&one).unwrap().to_bytes();
        assert_eq!(Admission::verify(&bytes, &keys), Ok((said.clone(), &keys[0])));
        let foreign = said.sign(&other).unwrap().to_bytes();
        assert_eq!(Admission::verify(&foreign, &keys), Err(AdmissionError::Unknown));
        let altered = String::from_utf8(bytes).unwrap().replace("\n77\n", "\n78\n");
        assert_eq!(
            Admission::verify(altered.as_bytes(), &keys),
            Err(AdmissionError::Unknown)
        );
        for text in [
            "civis-audit/v1\ncivis/AAA\n077\n",
            "civis-audit/v1\ncivis/AAA\n77\n\n",
            "civis/AAA\n77\nroot\n",
        ] {
            let note = one.sign(text, 0).unwrap().to_bytes();
            assert_eq!(
                Admission::verify(&note, &keys),
                Err(AdmissionError::Malformed),
                "{text:?}"
            );
        }
        let nameless = Admission {
            origin: "a b".into(),
            time: 1,
        };
        assert!(nameless.sign(&one).is_err());
    }
}

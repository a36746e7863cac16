//! Signed notes (C2SP signed-note): a text and who signed it. Keys of logs and witnesses, never of a person.
//!
//! ```text
//! text, ends with a newline | newline | "— " name " " base64(key id 4 ‖ signature) newline, once for each signature
//! key id = the first 4 bytes of SHA-256(name ‖ 0A ‖ kind u8 ‖ public key 32)
//! ```
//!
//! Kind 1 signs the text (Ed25519), kind 4 a time and the text (C2SP tlog-cosignature). spec/log.md section 4.

use base64::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use zeroize::Zeroizing;

use crate::hash;
use crate::primitives::signature::{Signature, VerifyingKey};
use crate::random::{Random, RandomError, make_bytes};

/// What a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The text: what a log signs.
    Text,
    /// The text at a time: what a witness signs.
    Cosignature,
}

/// No name, key or note of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It cannot be read.
    #[error("the note is malformed")]
    Malformed,
    /// Nobody who is known signed it.
    #[error("the note is not signed by the key that it needs")]
    Unsigned,
    /// A signature in the name and under the id of a known key does not hold.
    #[error("a signature of the note does not hold")]
    Signature,
}

/// The public key of a log or witness, with its name: `name+id+base64(kind ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: Kind,
    id: [u8; 4],
    key: VerifyingKey,
}

/// The secret key of a log or witness.
pub struct NoteSigner {
    public: NoteKey,
    key: SigningKey,
}

/// A text with signatures, none of them checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Line>,
}

/// One signature as it stands in a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl NoteKey {
    /// A key under a name.
    ///
    /// # Errors
    /// The name has no form of a name.
    pub fn new(name: &str, kind: Kind, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Malformed);
        }
        let id = key_id(name, kind, &key);
        Ok(Self {
            name: name.to_owned(),
            kind,
            id,
            key,
        })
    }

    /// Reads `name+id+base64(kind ‖ key)`.
    ///
    /// # Errors
    /// [`NoteError::Malformed`], also where the id is not the key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        // Base64 may hold a plus; a name and an id do not.
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let bytes = unbase64(key.ok_or(NoteError::Malformed)?).ok_or(NoteError::Malformed)?;
        let (kind, key) = bytes.split_first().ok_or(NoteError::Malformed)?;
        let kind = Kind::from_number(*kind).ok_or(NoteError::Malformed)?;
        let key = key.try_into().map_err(|_| NoteError::Malformed)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Malformed)?;
        let parsed = Self::new(name.ok_or(NoteError::Malformed)?, kind, key)?;
        if id == Some(hex(parsed.id).as_str()) {
            Ok(parsed)
        } else {
            Err(NoteError::Malformed)
        }
    }

    /// Whose it is: of a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the same key, under whatever name.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

impl core::fmt::Display for NoteKey {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let key = [&[self.kind.number()][..], &self.key.to_bytes()].concat();
        write!(out, "{}+{}+{}", self.name, hex(self.id), BASE64.encode(&key))
    }
}

impl NoteSigner {
    /// Makes a fresh key under a name.
    ///
    /// # Errors
    /// No randomness; a name of another form is refused as malformed.
    pub fn make(
        name: &str,
        kind: Kind,
        random: &mut dyn Random,
    ) -> Result<Result<Self, NoteError>, RandomError> {
        let seed = Zeroizing::new(make_bytes::<32>(random)?);
        Ok(Self::from_seed(name, kind, &seed))
    }

    /// The key of a seed.
    ///
    /// # Errors
    /// The name has no form of a name.
    pub fn from_seed(name: &str, kind: Kind, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let public =
            VerifyingKey::from_bytes(&key.verifying_key().to_bytes()).map_err(|_| NoteError::Malformed)?;
        Ok(Self {
            public: NoteKey::new(name, kind, public)?,
            key,
        })
    }

    /// Its public half.
    #[must_use]
    pub const fn public(&self) -> &NoteKey {
        &self.public
    }

    /// The seed, for the key's own file alone.
    #[must_use]
    pub fn expose_seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Signs a text, or a text at a time in seconds UTC: the time is not used by a key that signs texts.
    ///
    /// # Errors
    /// The text has no form of a note's text.
    pub fn sign(&self, text: &str, time: u64) -> Result<Note, NoteError> {
        if !is_text(text) {
            return Err(NoteError::Malformed);
        }
        let line = match self.public.kind {
            Kind::Text => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
            Kind::Cosignature => {
                let signature = self.key.sign(cosigned(text, time).as_bytes()).to_bytes();
                [&time.to_be_bytes()[..], &signature].concat()
            }
        };
        Ok(Note {
            text: text.to_owned(),
            signatures: vec![Line {
                name: self.public.name.clone(),
                id: self.public.id,
                bytes: line,
            }],
        })
    }
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES {
            return Err(NoteError::Malformed);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = note.split_at(at + 1);
        let lines = lines
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'));
        let signatures: Option<Vec<Line>> = lines
            .ok_or(NoteError::Malformed)?
            .split('\n')
            .map(Line::of)
            .collect();
        let signatures = signatures
            .filter(|lines| lines.len() <= SIGNATURES)
            .ok_or(NoteError::Malformed)?;
        if is_text(text) {
            Ok(Self {
                text: text.to_owned(),
                signatures,
            })
        } else {
            Err(NoteError::Malformed)
        }
    }

    /// The bytes of the note.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{}\n", self.text);
        for line in &self.signatures {
            let signature = BASE64.encode(&[&line.id[..], &line.bytes].concat());
            out.push_str(&format!("{DASH}{} {signature}\n", line.name));
        }
        out.into_bytes()
    }

    /// What was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks the signature of this key; for a cosignature the time at which it was made, seconds UTC, else 0.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`], [`NoteError::Signature`].
    pub fn verify(&self, key: &NoteKey) -> Result<u64, NoteError> {
        let mut found = None;
        for line in &self.signatures {
            if !line.is_of(key) {
                continue;
            }
            let time = self.verify_line(key, &line.bytes)?;
            // A key counts once: of its times the newest.
            found = found.max(Some(time));
        }
        found.ok_or(NoteError::Unsigned)
    }

    fn verify_line(&self, key: &NoteKey, bytes: &[u8]) -> Result<u64, NoteError> {
        let (time, signature) = match key.kind {
            Kind::Text => (0, bytes),
            Kind::Cosignature => {
                let (time, rest) = bytes.split_first_chunk::<8>().ok_or(NoteError::Signature)?;
                (u64::from_be_bytes(*time), rest)
            }
        };
        let signature: &Signature = signature.try_into().map_err(|_| NoteError::Signature)?;
        let held = match key.kind {
            Kind::Text => key.key.verify_raw(self.text.as_bytes(), signature),
            Kind::Cosignature => key
                .key
                .verify_raw(cosigned(&self.text, time).as_bytes(), signature),
        };
        held.map_err(|_| NoteError::Signature)?;
        Ok(time)
    }

    /// The same note with the signatures of another one of the same text besides its own, each once.
    ///
    /// # Errors
    /// The text is another, or there would be too many.
    pub fn join(mut self, other: &Self) -> Result<Self, NoteError> {
        if self.text != other.text {
            return Err(NoteError::Malformed);
        }
        for line in &other.signatures {
            if !self.signatures.contains(line) {
                self.signatures.push(line.clone());
            }
        }
        if self.signatures.len() > SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(self)
    }

    /// The same note with the newest signature of this key that either of the two has, and no other one of it.
    ///
    /// # Errors
    /// The text is another; `other` is not signed by the key, or not truly; there would be too many.
    pub fn join_newest(mut self, other: &Self, key: &NoteKey) -> Result<Self, NoteError> {
        if self.text != other.text {
            return Err(NoteError::Malformed);
        }
        let time = other.verify(key)?;
        let own = self.verify(key).ok();
        let (newest, from) = match own {
            Some(own) if own >= time => (own, &self),
            _ => (time, other),
        };
        let is_it = |line: &&Line| line.is_of(key) && from.verify_line(key, &line.bytes) == Ok(newest);
        let line = from.signatures.iter().find(is_it).cloned();
        self.signatures.retain(|line| !line.is_of(key));
        self.signatures.extend(line);
        if self.signatures.len() > SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(self)
    }

    /// The same note with no signature but those of these keys.
    #[must_use]
    pub fn only(mut self, keys: &[&NoteKey]) -> Self {
        self.signatures
            .retain(|line| keys.iter().any(|key| line.is_of(key)));
        self
    }
}

impl Line {
    fn of(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = unbase64(signature)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }

    /// Whether it stands in the key's name and under its id: not yet whether it holds.
    fn is_of(&self, key: &NoteKey) -> bool {
        self.name == key.name && self.id == key.id
    }
}

impl Kind {
    const fn number(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Cosignature => 4,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Text),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn key_id(name: &str, kind: Kind, key: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = hash::sha256_of(&[name.as_bytes(), b"\n", &[kind.number()], &key.to_bytes()]);
    [a, b, c, d]
}

/// Not empty, no blank of any kind, no plus, at most 255 bytes.
pub(crate) fn is_name(name: &str) -> bool {
    let is_out = |c: char| c.is_whitespace() || c == '+' || c.is_control();
    !name.is_empty() && name.len() <= NAME_BYTES && !name.contains(is_out)
}

/// Ends with a newline, and has no other control character.
fn is_text(text: &str) -> bool {
    let is_out = |c: char| c < ' ' && c != '\n';
    text.ends_with('\n') && text.len() <= NOTE_BYTES && !text.contains(is_out)
}

/// Base64 in its one form: the library also takes padding in the middle, as of pieces that somebody joined.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (BASE64.encode(&bytes) == text).then_some(bytes)
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

const DASH: &str = "— ";
/// Bytes of a name.
const NAME_BYTES: usize = 255;
/// Bytes of a public key as text.
pub const NOTE_KEY_BYTES: usize = 320;
/// Bytes of a note: a checkpoint has some hundred.
pub const NOTE_BYTES: usize = 16 << 10;
/// Signatures of one note.
pub const SIGNATURES: usize = 32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn signer(name: &str, kind: Kind, seed: u8) -> NoteSigner {
        NoteSigner::from_seed(name, kind, &[seed; 32]).unwrap()
    }

    #[test]
    fn a_note_reads_back_and_its_signature_holds_for_its_key_alone() {
        let (log, other) = (
            signer("a.fr/log", Kind::Text, 1),
            signer("a.fr/log", Kind::Text, 2),
        );
        let note = log.sign("a.fr/log\n1\nroot\n", 0).unwrap();
        let read = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(read, note);
        assert_eq!(read.verify(log.public()), Ok(0));
        assert_eq!(read.verify(other.public()), Err(NoteError::Unsigned));
        let altered = String::from_utf8(note.to_bytes())
            .unwrap()
            .replace("\n1\n", "\n2\n");
        let altered = Note::parse(altered.as_bytes()).unwrap();
        assert_eq!(altered.verify(log.public()), Err(NoteError::Signature));
    }

    #[test]
    fn a_cosignature_binds_its_time() {
        let witness = signer("w.fr", Kind::Cosignature, 3);
        let note = witness.sign("text\n", 1_700_000_000).unwrap();
        assert_eq!(note.verify(witness.public()), Ok(1_700_000_000));
        let mut other = note.clone();
        other.signatures[0].bytes[7] ^= 1;
        assert_eq!(other.verify(witness.public()), Err(NoteError::Signature));
        // The same key that signs texts is another key.
        let log = signer("w.fr", Kind::Text, 3);
        assert_eq!(note.verify(log.public()), Err(NoteError::Unsigned));
    }

    #[test]
    fn notes_of_one_text_join_and_one_key_counts_once() {
        let (log, witness) = (
            signer("a.fr", Kind::Text, 1),
            signer("w.fr", Kind::Cosignature, 3),
        );
        let note = log.sign("text\n", 0).unwrap();
        let all = note.clone().join(&witness.sign("text\n", 5).unwrap()).unwrap();
        let all = all.join(&witness.sign("text\n", 9).unwrap()).unwrap();
        let all = Note::parse(&all.to_bytes()).unwrap();
        assert_eq!(
            (all.verify(log.public()), all.verify(witness.public())),
            (Ok(0), Ok(9))
        );
        assert_eq!(
            note.clone().join(&witness.sign("other\n", 5).unwrap()),
            Err(NoteError::Malformed)
        );
        assert_eq!(all.only(&[log.public()]), note);
    }

    #[test]
    fn of_one_key_the_newest_signature_is_kept() {
        let (log, witness) = (
            signer("a.fr", Kind::Text, 1),
            signer("w.fr", Kind::Cosignature, 3),
        );
        let note = log.sign("text\n", 0).unwrap();
        let at = |time| witness.sign("text\n", time).unwrap();
        let join = |note: Note, other: &Note| note.join_newest(other, witness.public());
        let first = join(note.clone(), &at(5)).unwrap();
        let second = join(first.clone(), &at(9)).unwrap();
        assert_eq!(second.verify(witness.public()), Ok(9));
        assert_eq!(second.verify(log.public()), Ok(0));
        assert_eq!(second.to_bytes().len(), first.to_bytes().len());
        // An older one, the same one, and both at once change nothing.
        let both = at(5).join(&at(9)).unwrap();
        for other in [at(5), at(9), both] {
            assert_eq!(join(second.clone(), &other), Ok(second.clone()));
        }
        let text = witness.sign("other\n", 9).unwrap();
        assert_eq!(join(note.clone(), &text), Err(NoteError::Malformed));
        let stranger = signer("v.fr", Kind::Cosignature, 4).sign("text\n", 9).unwrap();
        assert_eq!(join(note.clone(), &stranger), Err(NoteError::Unsigned));
        let mut forged = at(9);
        forged.signatures[0].bytes[20] ^= 1;
        assert_eq!(join(note, &forged), Err(NoteError::Signature));
    }

    #[test]
    fn keys_read_back_and_every_other_form_is_refused() {
        let key = signer("a.fr/log", Kind::Text, 1).public().clone();
        let text = key.to_string();
        assert_eq!(NoteKey::parse(&text).unwrap(), key);
        let id = text.split('+').nth(1).unwrap();
        for other in [
            text.replace(id, "00000000"),
            text.replace("a.fr", "b.fr"),
            text.replacen("a.fr", "a fr", 1),
            text[..text.len() - 4].to_owned(),
            String::new(),
            "+".repeat(3),
        ] {
            assert_eq!(NoteKey::parse(&other), Err(NoteError::Malformed), "{other}");
        }
    }

    #[test]
    fn malformed_notes_are_refused() {
        let note = signer("a.fr", Kind::Text, 1).sign("text\n", 0).unwrap();
        let text = String::from_utf8(note.to_bytes()).unwrap();
        for other in [
            String::new(),
            "text\n".to_owned(),
            "text\n\n".to_owned(),
            text.replace("\n\n", "\n"),
            text.replace('—', "-"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            text.replace("text", "te\txt"),
            text.replace("text", "te\rxt"),
            text.replace("a.fr", "a+fr"),
            text.replace("a.fr ", "a.fr  "),
            // A signature in two pieces, each with a padding of its own.
            format!("{text}— a.fr AAAA/wAAAA=AAAAAAAA\n"),
            format!("{text}— a.fr AAAAAA==AAAAAAAA\n"),
            format!("{text}{}", "— a.fr AAAAAAA=\n".repeat(40)),
        ] {
            assert_eq!(
                Note::parse(other.as_bytes()),
                Err(NoteError::Malformed),
                "{other:?}"
            );
        }
        assert!(Note::parse(&[0xff, b'\n', b'\n', b'\n']).is_err());
        assert!(signer("a.fr", Kind::Text, 1).sign("no newline", 0).is_err());
    }
}

//! Account records, CAR1: header of 68 bytes and a sealed box (`spec/account.md`, 4).
//!
//! Parsing, hashing and the rules of succession need no key. What is inside stands in `secrets`, `manifest`, `upload`.

use crate::codec::{Malformed, Reader};
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;

/// Bytes before the box.
pub const RECORD_HEADER_BYTES: usize = 68;
/// Longest record, header included: it fits one record of the store.
pub const RECORD_MAX_BYTES: usize = 48 << 10;

/// Why a record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a record of this suite: length, magic, suite, kind, reserved bytes, version or reference.
    #[error("not an account record")]
    Malformed,
    /// Of another kind, account or body than asked for.
    #[error("a record of something else")]
    OtherRecord,
    /// The box does not open under the key: wrong key, or altered in any bit.
    #[error("the record does not open")]
    Refused,
    /// The box opens, and its content breaks the schema.
    #[error("the record's content is not what it should be")]
    Content,
}

/// Why a manifest does not follow another, or a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// Not a manifest of the same account.
    #[error("a record of something else")]
    OtherRecord,
    /// The version is below the pinned one, or not the next.
    #[error("an older or a later version")]
    Version,
    /// The hash of the version before, or of the pinned one, is another.
    #[error("another history")]
    Forked,
}

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Private keys.
    Secrets,
    /// Collections, pins, slots.
    Manifest,
    /// Key of one body in progress.
    Upload,
}

impl RecordKind {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Secrets),
            2 => Some(Self::Manifest),
            3 => Some(Self::Upload),
            _ => None,
        }
    }

    /// To what its CBOR is padded.
    const fn padding(self) -> usize {
        match self {
            Self::Manifest => 1024,
            Self::Secrets | Self::Upload => 256,
        }
    }
}

/// What stands in a record before its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// What it holds.
    pub kind: RecordKind,
    /// Whose.
    pub account_id: Id,
    /// From 1.
    pub version: u64,
    /// Secrets: zeros. Manifest: manifest_hash of the version before, zeros at version 1. Upload: body_id ‖ 16 zeros.
    pub reference: Hash32,
}

/// A well-formed record. Whether it opens is known to its owner alone.
#[derive(Clone)]
pub struct Record {
    header: RecordHeader,
    bytes: Vec<u8>,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_MAX_BYTES {
            return Err(RecordError::Malformed);
        }
        let header = parse_header(bytes).map_err(|Malformed| RecordError::Malformed)?;
        Ok(Self {
            header,
            bytes: bytes.to_vec(),
        })
    }

    /// What stands before the box.
    #[must_use]
    pub const fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// The bytes, header and box.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the whole record: the secrets hash of a manifest.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::sha256(&self.bytes)
    }

    /// manifest_hash = SHA-256(L(manifest-hash) ‖ the whole record). Of a manifest.
    #[must_use]
    pub fn manifest_hash(&self) -> Hash32 {
        hash::labelled(Label::ManifestHash, &self.bytes)
    }

    /// Checks that this manifest is the next one after `previous`: same account, version + 1, its hash.
    ///
    /// # Errors
    /// [`SuccessionError`].
    pub fn verify_follows(&self, previous: &Self) -> Result<(), SuccessionError> {
        let (mine, theirs) = (&self.header, &previous.header);
        let manifests = mine.kind == RecordKind::Manifest && theirs.kind == RecordKind::Manifest;
        if !manifests || mine.account_id != theirs.account_id {
            return Err(SuccessionError::OtherRecord);
        }
        if theirs.version.checked_add(1) != Some(mine.version) {
            return Err(SuccessionError::Version);
        }
        if mine.reference != previous.manifest_hash() {
            return Err(SuccessionError::Forked);
        }
        Ok(())
    }

    /// The pin of this manifest, for the device to keep.
    #[must_use]
    pub fn manifest_pin(&self) -> ManifestPin {
        ManifestPin {
            version: self.header.version,
            hash: self.manifest_hash(),
        }
    }

    /// Checks this manifest against what the device saw last: never lower, and equal means the same.
    ///
    /// # Errors
    /// [`SuccessionError`]; the caller keeps the record as evidence.
    pub fn verify_pin(&self, pin: &ManifestPin) -> Result<(), SuccessionError> {
        if self.header.kind != RecordKind::Manifest {
            return Err(SuccessionError::OtherRecord);
        }
        if self.header.version < pin.version {
            return Err(SuccessionError::Version);
        }
        if self.header.version == pin.version && self.manifest_hash() != pin.hash {
            return Err(SuccessionError::Forked);
        }
        // The version right after names the pinned one; later ones are the log's to prove.
        if pin.version.checked_add(1) == Some(self.header.version) && self.header.reference != pin.hash {
            return Err(SuccessionError::Forked);
        }
        Ok(())
    }
}

/// The newest manifest that a device has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestPin {
    /// Its version.
    pub version: u64,
    /// Its manifest_hash.
    pub hash: Hash32,
}

fn parse_header(bytes: &[u8]) -> Result<RecordHeader, Malformed> {
    let mut reader = Reader::new(bytes);
    reader.expect(MAGIC)?;
    reader.expect(&[SUITE])?;
    let kind = RecordKind::from_number(reader.u8()?).ok_or(Malformed)?;
    reader.zeros(2)?;
    let account_id = reader.array()?;
    let version = reader.u64()?;
    let reference = reader.array::<32>()?;
    let box_len = usize::try_from(reader.u32()?).map_err(|_| Malformed)?;
    if box_len != reader.left() || !is_box_len(kind, box_len) {
        return Err(Malformed);
    }
    let header = RecordHeader {
        kind,
        account_id,
        version,
        reference,
    };
    if is_reference(&header) {
        Ok(header)
    } else {
        Err(Malformed)
    }
}

/// A box is salt 24, commitment 32, then padded CBOR with a tag per chunk of 16384 bytes.
fn is_box_len(kind: RecordKind, box_len: usize) -> bool {
    let Some(sealed) = box_len.checked_sub(BOX_PREFIX_BYTES) else {
        return false;
    };
    let tags = sealed / SEALED_CHUNK_BYTES + 1;
    let Some(plain) = sealed.checked_sub(tags * TAG_BYTES) else {
        return false;
    };
    plain > 0 && plain.is_multiple_of(kind.padding()) && tags == plain / CHUNK_BYTES + 1
}

fn is_reference(header: &RecordHeader) -> bool {
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let (_, after_body_id) = header.reference.split_at(16);
    header.version > 0
        && match header.kind {
            RecordKind::Secrets => zero(&header.reference),
            RecordKind::Manifest => (header.version == 1) == zero(&header.reference),
            RecordKind::Upload => zero(after_body_id),
        }
}

#[cfg(feature = "keys")]
mod with_keys {
    use super::{
        MAGIC, RECORD_HEADER_BYTES, RECORD_MAX_BYTES, Record, RecordError, RecordHeader, RecordKind, SUITE,
    };
    use crate::ce;
    use crate::codec::{Schema, Writer, from_cbor, pad, to_cbor, unpad};
    use crate::label::Label;
    use crate::random::Random;
    use crate::secret::Key32;

    impl Record {
        /// Seals `content` as the box: CE(key, L(kind) ‖ [0..64], PAD(CBOR, 256 or 1024)).
        pub(crate) fn seal<T: Schema>(
            header: RecordHeader,
            key: &Key32,
            content: &T,
            random: &mut dyn Random,
        ) -> Result<Self, ce::SealError> {
            let mut bytes = bound_bytes(&header);
            let plain = pad(&to_cbor(content), header.kind.padding());
            let sealed = ce::seal(key, &context(header.kind, &bytes), &plain, random)?;
            bytes.extend_from_slice(
                &u32::try_from(sealed.len())
                    .map_err(|_| ce::SealError::TooLong)?
                    .to_be_bytes(),
            );
            bytes.extend_from_slice(&sealed);
            if bytes.len() > RECORD_MAX_BYTES {
                return Err(ce::SealError::TooLong);
            }
            Ok(Self { header, bytes })
        }

        /// Opens the box and reads it by its schema.
        pub(crate) fn open<T: Schema>(&self, key: &Key32) -> Result<T, RecordError> {
            let (header, sealed) = self
                .bytes
                .split_at_checked(RECORD_HEADER_BYTES)
                .ok_or(RecordError::Malformed)?;
            let (bound, _) = header.split_at(BOUND_BYTES);
            let plain =
                ce::open(key, &context(self.header.kind, bound), sealed).map_err(|_| RecordError::Refused)?;
            let cbor = unpad(&plain, self.header.kind.padding()).map_err(|_| RecordError::Content)?;
            from_cbor(cbor).map_err(|_| RecordError::Content)
        }
    }

    const fn number(kind: RecordKind) -> u8 {
        match kind {
            RecordKind::Secrets => 1,
            RecordKind::Manifest => 2,
            RecordKind::Upload => 3,
        }
    }

    /// [0..64]: what the box is bound to and the manifest's signature begins with.
    pub(in crate::account) fn bound_bytes(header: &RecordHeader) -> Vec<u8> {
        let mut out = Writer::with_capacity(RECORD_HEADER_BYTES);
        out.bytes(MAGIC).u8(SUITE).u8(number(header.kind)).zeros(2);
        out.bytes(&header.account_id)
            .u64(header.version)
            .bytes(&header.reference);
        out.finish()
    }

    fn context(kind: RecordKind, bound: &[u8]) -> ce::Context {
        let label = match kind {
            RecordKind::Secrets => Label::Secrets,
            RecordKind::Manifest => Label::Manifest,
            RecordKind::Upload => Label::Upload,
        };
        ce::Context::new(label, &[bound])
    }

    const BOUND_BYTES: usize = 64;
}
#[cfg(feature = "keys")]
pub(in crate::account) use with_keys::bound_bytes;

const MAGIC: &[u8; 4] = b"CAR1";
const CHUNK_BYTES: usize = 16_384;
const TAG_BYTES: usize = 16;
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
const BOX_PREFIX_BYTES: usize = 56;

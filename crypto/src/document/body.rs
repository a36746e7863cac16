//! The body of one version of one document, CVB1: its header, part hashes and root (`spec/body.md`, 1 and 3).
//!
//! Without keys: what the server and an auditor check. With keys: sealing ([`BodySealer`]) and opening
//! ([`BodyOpener`]). The stored ciphertext is chunks only; salt and commitment stand in the header.

#[cfg(feature = "keys")]
mod open;
#[cfg(feature = "keys")]
mod seal;

#[cfg(feature = "keys")]
pub use open::{BodyError, BodyOpener};
#[cfg(feature = "keys")]
pub use seal::{BodySealer, SealBodyError, SealedPart};

use crate::audit::tree::{fold, leaf_hash, root_of_leaves};
use crate::codec::{Malformed, Reader, Writer};
use crate::document::padding::{LengthError, SEALED_CHUNK_BYTES, SEALED_PART_BYTES, Shape};
use crate::hash;
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 120;

/// The bytes are no CVB1 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a body header")]
pub struct HeaderError;

/// The bytes are no part of a body: empty, or longer than 64 chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a part")]
pub struct PartError;

/// What a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// A document, byte 1.
    Document,
    /// A thumbnail, byte 2.
    Thumbnail,
}

impl BodyKind {
    /// Its byte in the header.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Document => 1,
            Self::Thumbnail => 2,
        }
    }

    const fn from_byte(byte: u8) -> Result<Self, Malformed> {
        match byte {
            1 => Ok(Self::Document),
            2 => Ok(Self::Thumbnail),
            _ => Err(Malformed),
        }
    }
}

/// The header CVB1, 120 bytes, sent at commit:
///
/// ```text
/// 0 "CVB1" 4 | 4 suite 1 | 5 kind 1 | 6 zero 2 | 8 body_id 16 | 24 ct_len u64 | 32 salt 24 | 56 commitment 32 | 88 body_root 32
/// ```
///
/// A value of this type has a length that the length rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyHeader {
    kind: BodyKind,
    body_id: Id,
    shape: Shape,
    salt: [u8; 24],
    commitment: Hash32,
    body_root: Hash32,
}

impl BodyHeader {
    /// Reads a header. The length rule is checked here.
    ///
    /// # Errors
    /// Unknown magic, suite or kind, non-zero reserved bytes, another size, a length that no body has.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        Self::read(bytes).map_err(|_| HeaderError)
    }

    /// The 120 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(HEADER_BYTES);
        out.bytes(&binding(self.kind, &self.body_id))
            .u64(self.shape.ct_len);
        out.bytes(&self.salt)
            .bytes(&self.commitment)
            .bytes(&self.body_root)
            .finish()
    }

    /// body_hash = SHA-256(L(body-hash) ‖ header).
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::labelled(Label::BodyHash, &self.to_bytes())
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> BodyKind {
        self.kind
    }

    /// The body's id.
    #[must_use]
    pub const fn body_id(&self) -> &Id {
        &self.body_id
    }

    /// Bytes of ciphertext.
    #[must_use]
    pub const fn ct_len(&self) -> u64 {
        self.shape.ct_len
    }

    /// How the body is cut.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// CE's salt.
    #[must_use]
    pub const fn salt(&self) -> &[u8; 24] {
        &self.salt
    }

    /// CE's commitment to key, salt and context.
    #[must_use]
    pub const fn commitment(&self) -> &Hash32 {
        &self.commitment
    }

    /// The root over all chunks.
    #[must_use]
    pub const fn body_root(&self) -> &Hash32 {
        &self.body_root
    }

    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Reader::new(bytes);
        input.expect(MAGIC)?;
        input.expect(&[SUITE])?;
        let kind = BodyKind::from_byte(input.u8()?)?;
        input.zeros(2)?;
        let body_id = input.array()?;
        let shape = Shape::of_ciphertext(input.u64()?).map_err(|LengthError| Malformed)?;
        let header = Self {
            kind,
            body_id,
            shape,
            salt: input.array()?,
            commitment: input.array()?,
            body_root: input.array()?,
        };
        input.finish()?;
        Ok(header)
    }
}

/// The hash of one part's ciphertext: the root of RFC 6962 over its chunks of 16400 bytes.
///
/// # Errors
/// Empty, or longer than 64 chunks.
pub fn part_hash(part: &[u8]) -> Result<Hash32, PartError> {
    if part.is_empty() || part.len() as u64 > SEALED_PART_BYTES {
        return Err(PartError);
    }
    let leaves: Vec<Hash32> = part.chunks(SEALED_CHUNK_BYTES as usize).map(leaf_hash).collect();
    Ok(root_of_leaves(&leaves))
}

/// body_root from the part hashes in order: the root over all chunks, since 64 is a power of two.
#[must_use]
pub fn fold_parts(part_hashes: &[Hash32]) -> Hash32 {
    fold(part_hashes)
}

/// The header's first 24 bytes: what CE's context binds, after L(body).
fn binding(kind: BodyKind, body_id: &Id) -> [u8; 24] {
    let [m0, m1, m2, m3] = *MAGIC;
    let mut out = [0; 24];
    let (head, id) = out.split_at_mut(8);
    head.copy_from_slice(&[m0, m1, m2, m3, SUITE, kind.byte(), 0, 0]);
    id.copy_from_slice(body_id);
    out
}

#[cfg(feature = "keys")]
fn ce_context(kind: BodyKind, body_id: &Id) -> Vec<u8> {
    [Label::Body.bytes(), &binding(kind, body_id)].concat()
}

const MAGIC: &[u8; 4] = b"CVB1";

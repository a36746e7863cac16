//! Sealing a body, part by part (`spec/body.md`, 5).
//!
//! **Rule R**: one body_id, one K_body, one salt, for one plaintext, ever. Sealing is deterministic: the same key, salt,
//! id and plaintext give the same bytes, so a part may be sent again. Another plaintext under the same key would cover
//! one nonce twice, which gives both plaintexts away. Two guards stand here, the rest is the caller's duty:
//! a sealer remembers the hash of each part it made or was told of, and refuses a part that comes out otherwise;
//! and the number of parts and bytes is fixed at the start. The caller continues an upload only if the authenticated
//! record of it matches the whole local file, or its own journal does; otherwise it takes a new id, key and salt.

use std::collections::BTreeMap;

use super::{BodyHeader, BodyKind, ce_context, fold_parts};
use crate::audit::tree::{leaf_hash, root_of_leaves};
use crate::ce::{AeadError, ChaCha20Poly1305, ChunkKeys};
use crate::document::padding::{CHUNK_BYTES, LengthError, PART_BYTES, PART_CHUNKS, Shape};
use crate::id::{Hash32, Id};
use crate::secret::BodyKey;

/// Why nothing was sealed. All of these are the caller's own doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealBodyError {
    /// The plaintext is longer than a body may be.
    #[error("too long")]
    TooLong,
    /// The body has no such part, or another number of parts.
    #[error("no such part")]
    NoSuchPart,
    /// The plaintext given is not as long as this part's.
    #[error("wrong length of plaintext")]
    WrongLength,
    /// The part comes out otherwise than before: the file changed. The body must be abandoned (Rule R).
    #[error("the plaintext changed")]
    Changed,
}

/// One part, sealed.
pub struct SealedPart {
    /// Its ciphertext, up to 1,049,600 bytes.
    pub bytes: Vec<u8>,
    /// Its part hash.
    pub hash: Hash32,
}

/// Seals one body. Parts may be sealed in any order, and by several sealers of the same arguments.
pub struct BodySealer {
    keys: ChunkKeys<ChaCha20Poly1305>,
    kind: BodyKind,
    body_id: Id,
    salt: [u8; 24],
    plain_len: u64,
    shape: Shape,
    known: BTreeMap<u32, Hash32>,
}

impl BodySealer {
    /// Begins, or continues under Rule R, the body `body_id` of `plain_len` bytes. Key, salt and id are random and made
    /// for this one plaintext.
    ///
    /// # Errors
    /// [`SealBodyError::TooLong`].
    pub fn new(
        key: &BodyKey,
        salt: [u8; 24],
        body_id: Id,
        kind: BodyKind,
        plain_len: u64,
    ) -> Result<Self, SealBodyError> {
        let shape = Shape::of_plain(plain_len).map_err(|LengthError| SealBodyError::TooLong)?;
        let context = ce_context(kind, &body_id);
        let keys =
            ChunkKeys::derive(key.key().expose(), &salt, &context).ok_or(SealBodyError::WrongLength)?;
        Ok(Self {
            keys,
            kind,
            body_id,
            salt,
            plain_len,
            shape,
            known: BTreeMap::new(),
        })
    }

    /// How the body is cut.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Bytes of plaintext, without padding, that part `part` takes: 0 for a part of padding alone, `None` if there is
    /// no such part.
    #[must_use]
    pub fn part_plain_len(&self, part: u32) -> Option<u64> {
        let padded = self.shape.part_padded_len(part)?;
        Some(
            self.plain_len
                .saturating_sub(u64::from(part) * PART_BYTES)
                .min(padded),
        )
    }

    /// Tells the hash with which a part was sent before, so that it can only be sealed to the same again.
    ///
    /// # Errors
    /// [`SealBodyError::NoSuchPart`]; [`SealBodyError::Changed`] if another hash is known.
    pub fn remember(&mut self, part: u32, hash: Hash32) -> Result<(), SealBodyError> {
        if part >= self.shape.parts {
            return Err(SealBodyError::NoSuchPart);
        }
        if *self.known.entry(part).or_insert(hash) == hash {
            Ok(())
        } else {
            Err(SealBodyError::Changed)
        }
    }

    /// Seals part `part` of the plaintext bytes [part MiB, (part+1) MiB) that the file has; zeros are added here.
    /// One copy of the plaintext, encryption in place, one pass of SHA-256.
    ///
    /// # Errors
    /// No such part, another length, or the part comes out otherwise than before.
    pub fn seal_part(&mut self, part: u32, plaintext: &[u8]) -> Result<SealedPart, SealBodyError> {
        let sealed = self.seal(part, plaintext)?;
        self.remember(part, sealed.hash)?;
        Ok(sealed)
    }

    /// The header, once every part has its hash. Hashes known here must be the ones given.
    ///
    /// # Errors
    /// Another number of parts, or another hash than a part was sealed to.
    pub fn header(&self, part_hashes: &[Hash32]) -> Result<BodyHeader, SealBodyError> {
        if part_hashes.len() as u64 != u64::from(self.shape.parts) {
            return Err(SealBodyError::NoSuchPart);
        }
        for (part, hash) in (0..).zip(part_hashes) {
            if self.known.get(&part).is_some_and(|known| known != hash) {
                return Err(SealBodyError::Changed);
            }
        }
        Ok(BodyHeader {
            kind: self.kind,
            body_id: self.body_id,
            shape: self.shape,
            salt: self.salt,
            commitment: *self.keys.commitment(),
            body_root: fold_parts(part_hashes),
        })
    }

    fn seal(&self, part: u32, plaintext: &[u8]) -> Result<SealedPart, SealBodyError> {
        let wanted = self.part_plain_len(part).ok_or(SealBodyError::NoSuchPart)?;
        let padded = self
            .shape
            .part_padded_len(part)
            .ok_or(SealBodyError::NoSuchPart)?;
        let ct_len = self.shape.part_ct_len(part).ok_or(SealBodyError::NoSuchPart)?;
        if plaintext.len() as u64 != wanted {
            return Err(SealBodyError::WrongLength);
        }
        // At most one part: these lengths are below 2^21.
        let mut bytes = Vec::with_capacity(ct_len as usize);
        let mut leaves = Vec::with_capacity(PART_CHUNKS as usize);
        let first = u64::from(part) * PART_CHUNKS;
        for (index, at) in (first..).zip((0..padded).step_by(CHUNK_BYTES as usize)) {
            let len = (padded - at).min(CHUNK_BYTES) as usize;
            let text = plaintext.get(at as usize..).unwrap_or_default();
            let text = text.get(..len).unwrap_or(text);
            let start = bytes.len();
            self.keys
                .seal_padded_chunk(index, text, len, &mut bytes)
                .map_err(|AeadError| SealBodyError::TooLong)?;
            leaves.push(leaf_hash(bytes.get(start..).unwrap_or_default()));
        }
        Ok(SealedPart {
            bytes,
            hash: root_of_leaves(&leaves),
        })
    }
}

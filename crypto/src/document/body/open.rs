//! Opening a body: header against descriptor, part hashes against the root, then chunks (`spec/body.md`, 6).
//!
//! Nothing unverified is released: a part is compared with its hash before a byte of it is decrypted, every chunk is
//! authentic, padding is zero. Memory is that of one part.

use zeroize::Zeroizing;

use super::{BodyHeader, ce_context, fold_parts, part_hash};
use crate::ce::{ChaCha20Poly1305, ChunkKeys, OpenError};
use crate::document::descriptor::Descriptor;
use crate::document::padding::{
    CHUNK_BYTES, LengthError, PART_BYTES, PART_CHUNKS, SEALED_CHUNK_BYTES, Shape,
};
use crate::id::Hash32;

/// Why a body, or a part of it, is not shown. For the person and the local evidence; the server is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The header is not the one that the descriptor names.
    #[error("another header")]
    Header,
    /// The part hashes do not give the body's root.
    #[error("other part hashes")]
    Hashes,
    /// The length does not fit the plaintext's.
    #[error("wrong length")]
    Length,
    /// Key, salt and context are not the ones committed to.
    #[error("another key")]
    Commitment,
    /// The body has no such part.
    #[error("no such part")]
    NoSuchPart,
    /// A part is not the one that its hash names.
    #[error("another part")]
    Part,
    /// A chunk is not authentic.
    #[error("another chunk")]
    Chunk,
    /// Bytes beyond the plaintext's end are not zero.
    #[error("dirty padding")]
    Padding,
    /// The last chunk has not been verified yet.
    #[error("the last chunk comes first")]
    LastChunkFirst,
}

/// Opens one body whose header, hashes and commitment have been verified.
pub struct BodyOpener {
    keys: ChunkKeys<ChaCha20Poly1305>,
    shape: Shape,
    plain_len: u64,
    part_hashes: Vec<Hash32>,
    end_verified: bool,
}

impl BodyOpener {
    /// Verifies, in this order: header and ids against the descriptor, the length rule, the part hashes against the
    /// root, the commitment.
    ///
    /// # Errors
    /// The first of them that fails.
    pub fn new(
        descriptor: &Descriptor,
        header: &BodyHeader,
        part_hashes: &[Hash32],
    ) -> Result<Self, BodyError> {
        if header.hash() != *descriptor.body_hash()
            || header.body_root() != descriptor.body_root()
            || header.body_id() != descriptor.body_id()
        {
            return Err(BodyError::Header);
        }
        let shape = Shape::of_plain(descriptor.plain_len()).map_err(|LengthError| BodyError::Length)?;
        if shape != *header.shape() {
            return Err(BodyError::Length);
        }
        if part_hashes.len() as u64 != u64::from(shape.parts)
            || fold_parts(part_hashes) != *header.body_root()
        {
            return Err(BodyError::Hashes);
        }
        let context = ce_context(header.kind(), header.body_id());
        let keys = ChunkKeys::derive(descriptor.body_key().key().expose(), header.salt(), &context)
            .ok_or(BodyError::Commitment)?;
        keys.verify_commitment(header.commitment())
            .map_err(|OpenError| BodyError::Commitment)?;
        Ok(Self {
            keys,
            shape,
            plain_len: descriptor.plain_len(),
            part_hashes: part_hashes.to_vec(),
            end_verified: false,
        })
    }

    /// How the body is cut; [`Shape::last_chunk_at`] says which bytes to ask for first.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Verifies the last chunk, the ciphertext's bytes from [`Shape::last_chunk_at`] on, and so the body's end.
    /// Nothing of it is released.
    ///
    /// # Errors
    /// Another length, not authentic, dirty padding.
    pub fn open_last_chunk(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        let at = self.shape.last_chunk_at();
        if chunk.len() as u64 != self.shape.ct_len - at {
            return Err(BodyError::Length);
        }
        let index = self.shape.chunks - 1;
        let mut plain = Zeroizing::new(Vec::with_capacity(chunk.len()));
        self.keys
            .open_chunk(index, chunk, &mut plain)
            .map_err(|OpenError| BodyError::Chunk)?;
        self.remove_padding(index * CHUNK_BYTES, &mut plain)?;
        self.end_verified = true;
        Ok(())
    }

    /// Opens part `part`, its ciphertext whole, and gives its plaintext without padding (empty if all is padding).
    /// The last part may come first, others after it or after [`open_last_chunk`](Self::open_last_chunk).
    ///
    /// # Errors
    /// Another part, not authentic, dirty padding, the end not verified.
    pub fn open_part(&mut self, part: u32, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, BodyError> {
        let expected = usize::try_from(part)
            .ok()
            .and_then(|part| self.part_hashes.get(part));
        let expected = expected.ok_or(BodyError::NoSuchPart)?;
        let is_last = part + 1 == self.shape.parts;
        if !is_last && !self.end_verified {
            return Err(BodyError::LastChunkFirst);
        }
        if self.shape.part_ct_len(part) != Some(bytes.len() as u64) || part_hash(bytes) != Ok(*expected) {
            return Err(BodyError::Part);
        }
        let first = u64::from(part) * PART_CHUNKS;
        let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
        for (index, chunk) in (first..).zip(bytes.chunks(SEALED_CHUNK_BYTES as usize)) {
            self.keys
                .open_chunk(index, chunk, &mut plain)
                .map_err(|OpenError| BodyError::Chunk)?;
        }
        self.remove_padding(u64::from(part) * PART_BYTES, &mut plain)?;
        self.end_verified |= is_last;
        Ok(plain)
    }

    /// Cuts plaintext that starts at byte `at` of the padded text down to the file's; what goes must be zero.
    fn remove_padding(&self, at: u64, plain: &mut Vec<u8>) -> Result<(), BodyError> {
        let keep = self.plain_len.saturating_sub(at).min(plain.len() as u64) as usize;
        let padding = plain.get(keep..).unwrap_or_default();
        if padding.iter().any(|byte| *byte != 0) {
            return Err(BodyError::Padding);
        }
        plain.truncate(keep);
        Ok(())
    }
}

//! The lengths a body may have: PADMÉ, chunks and parts, and the rule that anyone checks (`spec/body.md`, 2).
//!
//! ```text
//! PADMÉ(x): E = floor(log2 x), S = floor(log2 E) + 1, z = E - S, mask = 2^z - 1; (x + mask) & ~mask
//! P = PADMÉ(max(L+1, 4096)) - 1;  n = P div 16384 + 1;  ct_len = P + 16n      L plaintext, P padded plaintext
//! ```

/// Bytes of plaintext in a full chunk.
pub const CHUNK_BYTES: u64 = 16_384;
/// Bytes of a full chunk, sealed.
pub const SEALED_CHUNK_BYTES: u64 = CHUNK_BYTES + TAG_BYTES;
/// Chunks in a full part.
pub const PART_CHUNKS: u64 = 64;
/// Bytes of plaintext in a full part: one MiB.
pub const PART_BYTES: u64 = CHUNK_BYTES * PART_CHUNKS;
/// Bytes of a full part, sealed.
pub const SEALED_PART_BYTES: u64 = SEALED_CHUNK_BYTES * PART_CHUNKS;
/// Bytes of plaintext in the longest body: one TiB, far above every quota; keeps all arithmetic exact.
pub const MAX_PLAIN_BYTES: u64 = 1 << 40;

/// No body has this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no body has this length")]
pub struct LengthError;

/// How a body of one length is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Padded plaintext, bytes: P.
    pub padded: u64,
    /// Ciphertext, bytes: P + 16 per chunk.
    pub ct_len: u64,
    /// Chunks, at least 1; the last is never full and never empty.
    pub chunks: u64,
    /// Parts of up to 64 chunks, at least 1.
    pub parts: u32,
}

impl Shape {
    /// The shape of a body that holds `plain_len` bytes.
    ///
    /// # Errors
    /// Above [`MAX_PLAIN_BYTES`].
    pub fn of_plain(plain_len: u64) -> Result<Self, LengthError> {
        if plain_len > MAX_PLAIN_BYTES {
            return Err(LengthError);
        }
        Self::of_padded(padme((plain_len + 1).max(MIN_PADDED)) - 1)
    }

    /// The length rule: n = ceil(ct_len / 16400), last chunk 16..16399 bytes, P = ct_len - 16n, P + 1 >= 4096,
    /// PADMÉ(P + 1) = P + 1.
    ///
    /// # Errors
    /// No body has this ciphertext length.
    pub fn of_ciphertext(ct_len: u64) -> Result<Self, LengthError> {
        if ct_len > SEALED_CHUNK_BYTES * (2 * MAX_PLAIN_BYTES / CHUNK_BYTES) {
            return Err(LengthError);
        }
        let chunks = ct_len.div_ceil(SEALED_CHUNK_BYTES);
        let padded = ct_len.checked_sub(TAG_BYTES * chunks).ok_or(LengthError)?;
        let shape = Self::of_padded(padded)?;
        let regular = padded + 1 >= MIN_PADDED && padme(padded + 1) == padded + 1;
        // A last chunk that is full or shorter than a tag gives another number of chunks, and so another length.
        if regular && shape.ct_len == ct_len {
            Ok(shape)
        } else {
            Err(LengthError)
        }
    }

    /// Bytes of plaintext, padding included, in part `part`; `None` if the body has no such part.
    #[must_use]
    pub fn part_padded_len(&self, part: u32) -> Option<u64> {
        if part >= self.parts {
            return None;
        }
        Some((self.padded - u64::from(part) * PART_BYTES).min(PART_BYTES))
    }

    /// Chunks in part `part`, 1..=64; `None` if the body has no such part.
    #[must_use]
    pub fn part_chunks(&self, part: u32) -> Option<u64> {
        if part >= self.parts {
            return None;
        }
        Some((self.chunks - u64::from(part) * PART_CHUNKS).min(PART_CHUNKS))
    }

    /// Bytes of ciphertext in part `part`, which starts at byte 1,049,600 · part; `None` if there is no such part.
    #[must_use]
    pub fn part_ct_len(&self, part: u32) -> Option<u64> {
        Some(self.part_padded_len(part)? + TAG_BYTES * self.part_chunks(part)?)
    }

    /// Where the last chunk starts in the ciphertext; it ends with the body.
    #[must_use]
    pub const fn last_chunk_at(&self) -> u64 {
        (self.chunks - 1) * SEALED_CHUNK_BYTES
    }

    fn of_padded(padded: u64) -> Result<Self, LengthError> {
        let chunks = padded / CHUNK_BYTES + 1;
        let parts = u32::try_from(chunks.div_ceil(PART_CHUNKS)).map_err(|_| LengthError)?;
        Ok(Self {
            padded,
            ct_len: padded + TAG_BYTES * chunks,
            chunks,
            parts,
        })
    }
}

/// P: bytes of the padded plaintext of `plain_len` bytes.
///
/// # Errors
/// Above [`MAX_PLAIN_BYTES`].
pub fn padded_len(plain_len: u64) -> Result<u64, LengthError> {
    Shape::of_plain(plain_len).map(|shape| shape.padded)
}

/// Bytes of the ciphertext of a body that holds `plain_len` bytes.
///
/// # Errors
/// Above [`MAX_PLAIN_BYTES`].
pub fn ct_len(plain_len: u64) -> Result<u64, LengthError> {
    Shape::of_plain(plain_len).map(|shape| shape.ct_len)
}

/// The length rule, as [`Shape::of_ciphertext`].
///
/// # Errors
/// No body has this ciphertext length.
pub fn verify_ct_len(ct_len: u64) -> Result<Shape, LengthError> {
    Shape::of_ciphertext(ct_len)
}

/// PADMÉ(x) for x >= 2: keeps the top bits of the length and rounds the rest up; at most 12 % more, and from
/// 4 KiB on at most 6.25 %.
#[must_use]
pub const fn padme(x: u64) -> u64 {
    if x < 2 {
        return x;
    }
    let exponent = x.ilog2();
    // exponent >= 1 here, so its logarithm exists.
    let kept = exponent.ilog2() + 1;
    let mask = (1_u64 << (exponent - kept)) - 1;
    (x + mask) & !mask
}

const TAG_BYTES: u64 = 16;
const MIN_PADDED: u64 = 4_096;

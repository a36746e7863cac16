//! CE, the one symmetric construction: chunked, committing, bound to a context (`spec/encodings.md`, 3).
//!
//! ```text
//! key ‖ base_nonce 12 ‖ commitment 32 = HKDF-Expand-SHA512(K, "c2sp.org/chunked-encryption@v1+" ‖ AEAD ‖ 00 ‖ salt ‖ context)
//! out = salt 24 ‖ commitment 32 ‖ AEAD(chunk_0) ‖ ...     nonce_i = base_nonce XOR be96(i)
//! ```
//!
//! A chunk is 16384 bytes of plaintext, the last one always less (it may be empty here). A ciphertext opens under
//! exactly one pair of key and context. Every box gets a fresh salt, so one (key, nonce) never covers two boxes.

use hmac::Hmac;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::id::Hash32;
use crate::label::Label;
use crate::primitives::kdf;
use crate::random::{Random, RandomError, make_bytes};
use crate::secret::Key32;

pub use crate::primitives::aead::{Aead, AeadError, ChaCha20Poly1305};

/// Bytes of plaintext in a full chunk.
pub const CHUNK_BYTES: usize = 16_384;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;
/// Bytes of a full chunk, sealed.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Bytes before the first chunk: salt and commitment.
pub const PREFIX_BYTES: usize = 56;

/// What a ciphertext is bound to: L(label) ‖ bytes of fixed size. It enters key, nonce and commitment.
pub struct Context(Vec<u8>);

impl Context {
    /// L(label) ‖ the parts. For one label the parts have one total size, always.
    #[must_use]
    pub fn new(label: Label, binding: &[&[u8]]) -> Self {
        let mut bytes = Vec::from(label.bytes());
        for part in binding {
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Too long for the cipher.
    #[error("too long")]
    TooLong,
}

/// The ciphertext does not open under this key and context. Which check failed is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("does not open")]
pub struct OpenError;

/// Bytes of the ciphertext of `plain_len` bytes; a 32-byte key gives 104.
#[must_use]
pub const fn sealed_len(plain_len: usize) -> usize {
    PREFIX_BYTES + plain_len + TAG_BYTES * (plain_len / CHUNK_BYTES + 1)
}

/// CE(key, context, plaintext) under a fresh salt.
///
/// # Errors
/// No randomness.
pub fn seal(
    key: &Key32,
    context: &Context,
    plaintext: &[u8],
    random: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    let salt = make_bytes::<24>(random)?;
    seal_with::<ChaCha20Poly1305>(key.expose(), &salt, &context.0, plaintext).ok_or(SealError::TooLong)
}

/// Opens what [`seal`] made under the same key and context.
///
/// # Errors
/// It does not open: wrong key, wrong context, or any changed, missing or added byte.
pub fn open(key: &Key32, context: &Context, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_with::<ChaCha20Poly1305>(key.expose(), &context.0, ciphertext)
}

/// Opens under any AEAD and any context bytes: the form that the official vectors exist for.
///
/// # Errors
/// As [`open`]; also if the key is not of the AEAD's size.
pub fn open_with<A: Aead>(
    key: &[u8],
    context: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (salt, rest) = ciphertext.split_first_chunk::<24>().ok_or(OpenError)?;
    let (commitment, sealed) = rest.split_first_chunk::<32>().ok_or(OpenError)?;
    let keys = ChunkKeys::<A>::derive(key, salt, context).ok_or(OpenError)?;
    keys.verify_commitment(commitment)?;
    // The last chunk is what is left after the full ones: a tag at least, and never itself a full chunk.
    let last = sealed.len() % SEALED_CHUNK_BYTES;
    if last < TAG_BYTES {
        return Err(OpenError);
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    for (index, chunk) in sealed.chunks(SEALED_CHUNK_BYTES).enumerate() {
        keys.open_chunk(index as u64, chunk, &mut plain)?;
    }
    Ok(plain)
}

/// Seals under any AEAD, a given salt and any context bytes; `None` if the key is not of the AEAD's size.
pub(crate) fn seal_with<A: Aead>(
    key: &[u8],
    salt: &[u8; 24],
    context: &[u8],
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    let keys = ChunkKeys::<A>::derive(key, salt, context)?;
    let mut out = Vec::with_capacity(sealed_len(plaintext.len()));
    out.extend_from_slice(salt);
    out.extend_from_slice(keys.commitment());
    let (full, last) = plaintext.split_at(plaintext.len() - plaintext.len() % CHUNK_BYTES);
    // A plaintext that ends at a border is closed by an empty chunk, so that cutting one off is seen.
    for (index, chunk) in full.chunks(CHUNK_BYTES).chain([last]).enumerate() {
        keys.seal_chunk(index as u64, chunk, &mut out).ok()?;
    }
    Some(out)
}

/// What one (key, salt, context) gives: the AEAD's key, the base nonce, the commitment.
pub(crate) struct ChunkKeys<A> {
    aead: A,
    base_nonce: [u8; 12],
    commitment: Hash32,
}

impl<A: Aead> ChunkKeys<A> {
    /// `None` if the key is not of the AEAD's size.
    pub(crate) fn derive(key: &[u8], salt: &[u8; 24], context: &[u8]) -> Option<Self> {
        if key.len() != A::KEY_BYTES {
            return None;
        }
        let mut out = Zeroizing::new(vec![0; A::KEY_BYTES + 12 + 32]);
        let info: [&[u8]; 5] = [CE_INFO, A::NAME.as_bytes(), &[0], salt, context];
        kdf::expand::<Hmac<Sha512>>(key, &info, &mut out);
        let (aead_key, rest) = out.split_at_checked(A::KEY_BYTES)?;
        let (base_nonce, commitment) = rest.split_first_chunk::<12>()?;
        Some(Self {
            aead: A::new(aead_key)?,
            base_nonce: *base_nonce,
            commitment: commitment.try_into().ok()?,
        })
    }

    pub(crate) const fn commitment(&self) -> &Hash32 {
        &self.commitment
    }

    /// In constant time, before any chunk is looked at.
    pub(crate) fn verify_commitment(&self, claimed: &Hash32) -> Result<(), OpenError> {
        if bool::from(self.commitment.ct_eq(claimed)) {
            Ok(())
        } else {
            Err(OpenError)
        }
    }

    /// Appends AEAD(chunk). One copy, then encryption in place.
    pub(crate) fn seal_chunk(&self, index: u64, plain: &[u8], out: &mut Vec<u8>) -> Result<(), AeadError> {
        self.seal_padded_chunk(index, plain, plain.len(), out)
    }

    /// Appends AEAD(plain ‖ zeros up to `len` bytes).
    pub(crate) fn seal_padded_chunk(
        &self,
        index: u64,
        plain: &[u8],
        len: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), AeadError> {
        let start = out.len();
        out.extend_from_slice(plain);
        out.resize(start + len, 0);
        let text = out.get_mut(start..).ok_or(AeadError)?;
        let tag = self.aead.seal_in_place(&self.nonce(index), text)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Appends the plaintext of one sealed chunk. On an error nothing of it stays in `out`.
    pub(crate) fn open_chunk(
        &self,
        index: u64,
        sealed: &[u8],
        out: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), OpenError> {
        let (text, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(OpenError)?;
        let start = out.len();
        out.extend_from_slice(text);
        let opened = match out.get_mut(start..) {
            Some(text) => self.aead.open_in_place(&self.nonce(index), text, tag),
            None => Err(AeadError),
        };
        opened.map_err(|_| {
            out.truncate(start);
            OpenError
        })
    }

    /// nonce_i = base_nonce XOR be96(i).
    fn nonce(&self, index: u64) -> [u8; 12] {
        let mut nonce = self.base_nonce;
        for (byte, with) in nonce.iter_mut().skip(4).zip(index.to_be_bytes()) {
            *byte ^= with;
        }
        nonce
    }
}

const CE_INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+";

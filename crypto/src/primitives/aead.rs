//! AEADs as CE uses them: 12-byte nonce, 16-byte tag, no associated data, in place.
//!
//! A trait, so that the official vectors of CE, which exist for AES-GCM only, run through our own code.

use chacha20poly1305::aead::{AeadInOut, KeyInit};

/// The tag does not hold, or the text is too long for the cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not authentic")]
pub struct AeadError;

/// A cipher that CE can stand on. Suite 0x01 has one: [`ChaCha20Poly1305`].
pub trait Aead: Sized {
    /// Its name in CE's key schedule, for example "AEAD_CHACHA20_POLY1305".
    const NAME: &'static str;

    /// Bytes of its key.
    const KEY_BYTES: usize;

    /// Takes a key; `None` unless it has [`KEY_BYTES`](Self::KEY_BYTES) bytes.
    fn new(key: &[u8]) -> Option<Self>;

    /// Encrypts in place and gives the tag.
    ///
    /// # Errors
    /// Too long for the cipher.
    fn seal_in_place(&self, nonce: &[u8; 12], text: &mut [u8]) -> Result<[u8; 16], AeadError>;

    /// Checks the tag, then decrypts in place. On an error the text must be thrown away.
    ///
    /// # Errors
    /// Not authentic.
    fn open_in_place(&self, nonce: &[u8; 12], text: &mut [u8], tag: &[u8; 16]) -> Result<(), AeadError>;
}

/// ChaCha20-Poly1305 (RFC 8439).
pub struct ChaCha20Poly1305(chacha20poly1305::ChaCha20Poly1305);

impl Aead for ChaCha20Poly1305 {
    const NAME: &'static str = "AEAD_CHACHA20_POLY1305";
    const KEY_BYTES: usize = 32;

    fn new(key: &[u8]) -> Option<Self> {
        chacha20poly1305::ChaCha20Poly1305::new_from_slice(key)
            .ok()
            .map(Self)
    }

    fn seal_in_place(&self, nonce: &[u8; 12], text: &mut [u8]) -> Result<[u8; 16], AeadError> {
        let tag = self.0.encrypt_inout_detached(nonce.into(), &[], text.into());
        tag.map(Into::into).map_err(|_| AeadError)
    }

    fn open_in_place(&self, nonce: &[u8; 12], text: &mut [u8], tag: &[u8; 16]) -> Result<(), AeadError> {
        self.0
            .decrypt_inout_detached(nonce.into(), &[], text.into(), tag.into())
            .map_err(|_| AeadError)
    }
}

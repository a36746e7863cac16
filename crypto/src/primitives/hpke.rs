//! X-Wing (ML-KEM-768 with X25519), the KEM of HPKE in suite 0x01: key pairs and the check of public keys.
//!
//! A secret is a 32-byte decapsulation key, read by `PrivateKey::from_bytes`; `derive_keypair` makes another key
//! out of the same bytes and is not used. Sealing and opening come with what needs them.

use hpke::kem::{Kem, XWing};
use hpke::{Deserializable, Serializable};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{Random, RandomError};

/// Bytes of a public key: ML-KEM-768's 1184, then X25519's 32.
pub const PUBLIC_KEY_BYTES: usize = 1216;

/// The bytes are no X-Wing public key, or its X25519 half is a point of low order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key")]
pub struct PublicKeyError;

/// An X-Wing public key whose both halves were checked.
#[derive(Clone, PartialEq, Eq)]
pub struct XWingPublicKey([u8; PUBLIC_KEY_BYTES]);

impl XWingPublicKey {
    /// Reads a public key: ML-KEM's coefficients are reduced, and the X25519 half is not of low order.
    ///
    /// # Errors
    /// It is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let bytes: [u8; PUBLIC_KEY_BYTES] = bytes.try_into().map_err(|_| PublicKeyError)?;
        <XWing as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| PublicKeyError)?;
        let (_, x25519) = bytes.split_last_chunk::<32>().ok_or(PublicKeyError)?;
        verify_contributory(x25519)?;
        Ok(Self(bytes))
    }

    /// The 1216 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.0
    }
}

/// An X-Wing secret: the 32-byte decapsulation key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct XWingSecret([u8; 32]);

impl XWingSecret {
    /// Takes 32 bytes as a decapsulation key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a fresh random secret.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut secret = Self([0; 32]);
        random.fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The bytes, for a sealed record alone.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key of this secret.
    ///
    /// # Errors
    /// Never for 32 bytes; kept typed, for the library's reading is fallible.
    pub fn public_key(&self) -> Result<XWingPublicKey, PublicKeyError> {
        let secret = <XWing as Kem>::PrivateKey::from_bytes(&self.0).map_err(|_| PublicKeyError)?;
        XWingPublicKey::from_bytes(&XWing::sk_to_pk(&secret).to_bytes())
    }
}

/// Refuses a point of low order: multiplied by any secret it gives zero, so it would add no secrecy.
/// Every X25519 secret is a multiple of 8, hence one multiplication shows it.
fn verify_contributory(point: &[u8; 32]) -> Result<(), PublicKeyError> {
    let probe = x25519_dalek::StaticSecret::from([0x77; 32]);
    let shared = probe.diffie_hellman(&x25519_dalek::PublicKey::from(*point));
    if shared.was_contributory() {
        Ok(())
    } else {
        Err(PublicKeyError)
    }
}

//! Ed25519, strict: `Sig(sk, name, m)` = Ed25519(sk, L(name) ‖ m) (`spec/encodings.md`, 1).
//!
//! Refused: a public key or R of small order, non-canonical encodings, s not below the group order.

use ed25519_dalek::Signature as Dalek;

use crate::label::Label;

/// A signature, 64 bytes.
pub type Signature = [u8; 64];

/// The public key is no strict Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key")]
pub struct PublicKeyError;

/// The signature does not hold under this key, label and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad signature")]
pub struct SignatureError;

/// An Ed25519 public key that passed the strict checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// Reads 32 bytes as a public key: a point, canonically written, not of small order.
    ///
    /// # Errors
    /// It is none.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PublicKeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeyError)?;
        // Decompression takes y reduced modulo p; writing the point again shows whether it was.
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        if canonical && !key.is_weak() {
            Ok(Self(key))
        } else {
            Err(PublicKeyError)
        }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks Sig(label, message), the message given in parts.
    ///
    /// # Errors
    /// The signature does not hold.
    pub fn verify(
        &self,
        label: Label,
        message: &[&[u8]],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_raw(&labelled(label, message), signature)
    }

    /// Checks a signature over bytes without a label: for official vectors alone.
    pub(crate) fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.0
            .verify_strict(message, &Dalek::from_bytes(signature))
            .map_err(|_| SignatureError)
    }
}

#[cfg(feature = "keys")]
pub use with_keys::SigningKey;

#[cfg(feature = "keys")]
mod with_keys {
    use ed25519_dalek::Signer;
    use zeroize::Zeroizing;

    use super::{Label, Signature, VerifyingKey, labelled};
    use crate::random::{Random, RandomError};

    /// An Ed25519 secret key, made from its 32-byte seed.
    #[derive(Clone)]
    pub struct SigningKey(ed25519_dalek::SigningKey);

    impl SigningKey {
        /// The key of a seed.
        #[must_use]
        pub fn from_seed(seed: &[u8; 32]) -> Self {
            Self(ed25519_dalek::SigningKey::from_bytes(seed))
        }

        /// Makes a fresh random key.
        ///
        /// # Errors
        /// No randomness.
        pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
            let mut seed = Zeroizing::new([0; 32]);
            random.fill(seed.as_mut_slice())?;
            Ok(Self::from_seed(&seed))
        }

        /// The seed, for a sealed record alone.
        #[must_use]
        pub fn expose_seed(&self) -> &[u8; 32] {
            self.0.as_bytes()
        }

        /// Its public half.
        #[must_use]
        pub fn verifying_key(&self) -> VerifyingKey {
            VerifyingKey(self.0.verifying_key())
        }

        /// Sig(label, message), the message given in parts.
        #[must_use]
        pub fn sign(&self, label: Label, message: &[&[u8]]) -> Signature {
            self.0.sign(&labelled(label, message)).to_bytes()
        }
    }
}

fn labelled(label: Label, message: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::from(label.bytes());
    for part in message {
        all.extend_from_slice(part);
    }
    all
}

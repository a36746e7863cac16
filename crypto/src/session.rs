//! What a signed-in client proves with each request: a MAC under a key of the session (`spec/encodings.md`, 5).
//!
//! ```text
//! mac_key = KDF(HKDF-Extract-SHA512(salt = "", ikm = session secret), session, session_id, 32)
//! mac     = HMAC-SHA256(mac_key, L(session) ‖ LP(method) ‖ LP(path and query as sent) ‖ digest 32)
//! ```
//!
//! The secret is what OPAQUE agreed on, or what a login by words agreed on. The key never travels. `digest` is the
//! SHA-256 of the request's body, except for a part of a body: there it is the part hash that the request claims,
//! which the server checks against the bytes.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::primitives::kdf;

/// How long a session lives at most, in seconds, however busy: a working day. A stolen laptop's session does not outlive
/// it, and nobody signs in twice in one morning.
pub const LIFE_SECONDS: u64 = 12 * 3_600;

/// The MAC does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad request MAC")]
pub struct MacError;

/// The MAC key of one session. It authenticates requests and opens nothing.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MacKey([u8; 32]);

impl MacKey {
    /// Derives the key from the secret that the login agreed on (64 bytes from OPAQUE).
    #[must_use]
    pub fn derive(session_secret: &[u8], session_id: &Id) -> Self {
        let prk = kdf::extract(&[], session_secret);
        Self(*kdf::derive::<32>(prk.as_slice(), Label::Session, &[session_id]))
    }

    /// Takes a key that the holder kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the holder's own memory of the session; never for the wire.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The MAC of one request. `target` is path and query as sent, `digest` as the module says.
    #[must_use]
    pub fn authenticate(&self, method: &str, target: &str, digest: &Hash32) -> Hash32 {
        let len = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
        let parts: [&[u8]; 6] = [
            Label::Session.bytes(),
            &len(method),
            method.as_bytes(),
            &len(target),
            target.as_bytes(),
            digest,
        ];
        kdf::hmac_sha256(&self.0, &parts)
    }

    /// Checks the MAC of a request, in constant time.
    ///
    /// # Errors
    /// It does not hold.
    pub fn verify(&self, method: &str, target: &str, digest: &Hash32, mac: &Hash32) -> Result<(), MacError> {
        let expected = self.authenticate(method, target, digest);
        if bool::from(expected.ct_eq(mac)) {
            Ok(())
        } else {
            Err(MacError)
        }
    }
}

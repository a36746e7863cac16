//! Bare primitives, for official vectors and benchmarks alone (feature `vectors`). Nothing else may call these.

use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

use crate::ce::{Aead, ChunkKeys};
use crate::primitives::kdf;
use crate::primitives::signature::{Signature, VerifyingKey};

/// HKDF-SHA256: extract, then our expand, into `out`.
pub fn hkdf_sha256(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) {
    let prk = hmac_sha256(salt, ikm);
    kdf::expand::<Hmac<Sha256>>(&prk, &[info], out);
}

/// HKDF-SHA512: our extract and expand, into `out`.
pub fn hkdf_sha512(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) {
    kdf::expand::<Hmac<Sha512>>(kdf::extract(salt, ikm).as_slice(), &[info], out);
}

/// HMAC-SHA256.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    kdf::hmac_sha256(key, &[message])
}

/// HMAC-SHA512.
#[must_use]
pub fn hmac_sha512(key: &[u8], message: &[u8]) -> [u8; 64] {
    kdf::mac::<Hmac<Sha512>>(key)
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

/// Strict Ed25519 over a message without a label.
#[must_use]
pub fn ed25519_verifies(key: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_raw(message, signature).is_ok())
}

/// CE with a given salt; `None` if the key is not of the AEAD's size.
#[must_use]
pub fn ce_seal<A: Aead>(key: &[u8], salt: &[u8; 24], context: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    crate::ce::seal_with::<A>(key, salt, context, plaintext)
}

/// CE's commitment for a key, salt and context; `None` if the key is not of the AEAD's size.
#[must_use]
pub fn ce_commitment<A: Aead>(key: &[u8], salt: &[u8; 24], context: &[u8]) -> Option<[u8; 32]> {
    ChunkKeys::<A>::derive(key, salt, context).map(|keys| *keys.commitment())
}

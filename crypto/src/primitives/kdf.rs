//! HKDF (RFC 5869) over HMAC, written out: the expand of the usual crate refuses a 32-byte key with SHA-512,
//! which is what `KDF(k, name, ctx, n)` takes (`spec/encodings.md`, 1). And HMAC itself.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::id::Hash32;
use crate::label::Label;

/// HKDF-Extract-SHA512: one 64-byte key out of a salt and input of any length.
pub(crate) fn extract(salt: &[u8], input: &[u8]) -> Zeroizing<[u8; 64]> {
    Zeroizing::new(
        mac::<Hmac<Sha512>>(salt)
            .chain_update(input)
            .finalize()
            .into_bytes()
            .into(),
    )
}

/// KDF(k, name, ctx, N) = HKDF-Expand-SHA512(k, L(name) ‖ ctx, N), for N up to 255 · 64.
pub(crate) fn derive<const N: usize>(key: &[u8], label: Label, context: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    let mut info = Vec::with_capacity(1 + context.len());
    info.push(label.bytes());
    info.extend_from_slice(context);
    expand::<Hmac<Sha512>>(key, &info, out.as_mut_slice());
    out
}

/// HKDF-Expand under the MAC `M`, `info` given in parts. Fills `out`, which holds at most 255 blocks.
pub(crate) fn expand<M: Mac + KeyInit>(key: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let mut block = hmac::digest::Output::<M>::default();
    let block_len = block.len();
    debug_assert!(
        out.len() <= 255 * block_len,
        "HKDF-Expand gives at most 255 blocks"
    );
    for (index, piece) in out.chunks_mut(block_len).enumerate() {
        let mut mac = mac::<M>(key);
        if index > 0 {
            mac.update(&block);
        }
        for part in info {
            mac.update(part);
        }
        mac.update(&[(index as u8).wrapping_add(1)]);
        block = mac.finalize().into_bytes();
        for (to, from) in piece.iter_mut().zip(&block) {
            *to = *from;
        }
    }
    block.zeroize();
}

/// HMAC-SHA256 over the parts, one after another.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Hash32 {
    let mut mac = mac::<Hmac<Sha256>>(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A MAC over a key of any length.
pub(crate) fn mac<M: Mac + KeyInit>(key: &[u8]) -> M {
    <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

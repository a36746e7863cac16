//! Identity bundles, CID1: the public keys of an account under its own signature (`spec/account.md`, 5).
//!
//! What exists now: seq 0 of a citizen, 1448 bytes, no name, no previous bundle. Everything else is refused. Checked
//! without keys: the signature, and that every coefficient of the ML-KEM half is reduced. With `keys` also: the whole
//! X-Wing key, with no X25519 point of low order.

use crate::codec::{Malformed, Reader};
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::{Signature, VerifyingKey};

/// Bytes of a bundle without a name.
pub const BUNDLE_BYTES: usize = 1448;
/// Bytes of an X-Wing public key.
pub const XWING_PK_BYTES: usize = 1216;

/// Why a bundle was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not a bundle of this suite: length, magic, suite, role, name, seq, or a byte that must be zero.
    #[error("not an identity bundle")]
    Malformed,
    /// The identity key is no key, or a half of the X-Wing key is none.
    #[error("a key in the bundle is not valid")]
    Key,
    /// The bundle's own signature does not hold.
    #[error("the bundle's signature does not hold")]
    Signature,
}

/// A bundle whose own signature holds. Whose account it really is, pins and the log say.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedBundle {
    account_id: Id,
    seq: u32,
    identity_key: VerifyingKey,
    xwing_pk: [u8; XWING_PK_BYTES],
    created: u64,
    bytes: [u8; BUNDLE_BYTES],
}

impl VerifiedBundle {
    /// Reads a bundle and checks its keys and its own signature.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let bytes: [u8; BUNDLE_BYTES] = bytes.try_into().map_err(|_| BundleError::Malformed)?;
        let fields = parse_fields(&bytes).map_err(|Malformed| BundleError::Malformed)?;
        let identity_key = VerifyingKey::from_bytes(&fields.ed25519_pk).map_err(|_| BundleError::Key)?;
        let (signed, _) = bytes.split_at(SIGNED_BYTES);
        identity_key
            .verify(Label::SigIdentity, &[signed], &fields.sig_self)
            .map_err(|_| BundleError::Signature)?;
        verify_xwing(&fields.xwing_pk)?;
        Ok(Self {
            account_id: fields.account_id,
            seq: 0,
            identity_key,
            xwing_pk: fields.xwing_pk,
            created: fields.created,
            bytes,
        })
    }

    /// Whose.
    #[must_use]
    pub const fn account_id(&self) -> &Id {
        &self.account_id
    }

    /// Which bundle of the account, from 0.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        self.seq
    }

    /// Checks what the account signs.
    #[must_use]
    pub const fn identity_key(&self) -> &VerifyingKey {
        &self.identity_key
    }

    /// What is sealed to the account is sealed to this key.
    #[must_use]
    pub const fn xwing_pk(&self) -> &[u8; XWING_PK_BYTES] {
        &self.xwing_pk
    }

    /// Seconds UTC, as its maker says.
    #[must_use]
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// bundle_hash = SHA-256(L(bundle) ‖ the whole record).
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::labelled(Label::Bundle, &self.bytes)
    }

    /// The 1448 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> &[u8; BUNDLE_BYTES] {
        &self.bytes
    }
}

struct Fields {
    account_id: Id,
    ed25519_pk: [u8; 32],
    xwing_pk: [u8; XWING_PK_BYTES],
    created: u64,
    sig_self: Signature,
}

fn parse_fields(bytes: &[u8; BUNDLE_BYTES]) -> Result<Fields, Malformed> {
    let mut reader = Reader::new(bytes);
    reader.expect(MAGIC)?;
    reader.expect(&[SUITE])?;
    // A citizen, no reset bit, no name.
    reader.expect(&[ROLE_CITIZEN])?;
    reader.zeros(2)?;
    let account_id = reader.array()?;
    // seq 0, four reserved bytes, no previous bundle.
    reader.zeros(4 + 4 + 32)?;
    let ed25519_pk = reader.array()?;
    let xwing_pk = reader.array()?;
    let created = reader.u64()?;
    let sig_self = reader.array()?;
    // No previous key, no signature by it.
    reader.zeros(64)?;
    reader.finish()?;
    Ok(Fields {
        account_id,
        ed25519_pk,
        xwing_pk,
        created,
        sig_self,
    })
}

/// Both halves of the X-Wing key, as far as this build can: without keys only [`is_reduced`]; with keys also the
/// library's reading of the whole key and the refusal of low-order points.
fn verify_xwing(xwing_pk: &[u8; XWING_PK_BYTES]) -> Result<(), BundleError> {
    if !is_reduced(xwing_pk) {
        return Err(BundleError::Key);
    }
    #[cfg(feature = "keys")]
    crate::primitives::hpke::XWingPublicKey::from_bytes(xwing_pk).map_err(|_| BundleError::Key)?;
    Ok(())
}

/// ML-KEM's own check of a public key (FIPS 203, 7.2): each 12-bit coefficient is below 3329.
fn is_reduced(xwing_pk: &[u8; XWING_PK_BYTES]) -> bool {
    let (coefficients, _) = xwing_pk.split_at(MLKEM_COEFFICIENT_BYTES);
    let (triples, _) = coefficients.as_chunks::<3>();
    triples.iter().all(|[a, b, c]| {
        let low = u16::from(*a) | (u16::from(*b & 0x0f) << 8);
        let high = u16::from(*b >> 4) | (u16::from(*c) << 4);
        low < MLKEM_Q && high < MLKEM_Q
    })
}

#[cfg(feature = "keys")]
mod with_keys {
    use super::{BUNDLE_BYTES, BundleError, MAGIC, ROLE_CITIZEN, SUITE, VerifiedBundle};
    use crate::account::secrets::Identity;
    use crate::codec::Writer;
    use crate::id::Id;
    use crate::label::Label;

    impl VerifiedBundle {
        /// Makes bundle 0 of an account and signs it with its own key.
        ///
        /// # Errors
        /// [`BundleError::Malformed`] for an identity of another seq than 0.
        pub fn make(account_id: &Id, identity: &Identity) -> Result<Self, BundleError> {
            if identity.seq() != 0 {
                return Err(BundleError::Malformed);
            }
            let xwing_pk = identity.xwing().public_key().map_err(|_| BundleError::Key)?;
            let mut out = Writer::with_capacity(BUNDLE_BYTES);
            out.bytes(MAGIC)
                .u8(SUITE)
                .u8(ROLE_CITIZEN)
                .u16(0)
                .bytes(account_id)
                .u32(0)
                .zeros(4)
                .zeros(32);
            out.bytes(&identity.signing().verifying_key().to_bytes());
            out.bytes(xwing_pk.as_bytes()).u64(identity.created());
            let mut bytes = out.finish();
            let sig_self = identity.signing().sign(Label::SigIdentity, &[&bytes]);
            bytes.extend_from_slice(&sig_self);
            bytes.extend_from_slice(&[0; 64]);
            Self::parse(&bytes)
        }
    }
}

const MAGIC: &[u8; 4] = b"CID1";
const ROLE_CITIZEN: u8 = 1;
const SIGNED_BYTES: usize = 1320;
/// Three vectors of 256 coefficients of 12 bits.
const MLKEM_COEFFICIENT_BYTES: usize = 1152;
const MLKEM_Q: u16 = 3329;

#[cfg(test)]
mod tests {
    use super::*;

    /// The check that builds without keys make alone; with keys the library would refuse as well.
    #[test]
    fn every_coefficient_is_looked_at() {
        for place in 0..MLKEM_COEFFICIENT_BYTES / 3 {
            let with = |triple: [u8; 3]| {
                let mut key = [0; XWING_PK_BYTES];
                key[3 * place..3 * place + 3].copy_from_slice(&triple);
                is_reduced(&key)
            };
            assert!(with([0x00, 0x0d, 0xd0]), "3328 and 3328");
            assert!(!with([0x01, 0x0d, 0x00]), "3329 in the low half");
            assert!(!with([0x00, 0x10, 0xd0]), "3329 in the high half");
        }
        let mut rest = [0; XWING_PK_BYTES];
        rest[MLKEM_COEFFICIENT_BYTES..].fill(0xff);
        assert!(is_reduced(&rest), "seed and X25519 half are no coefficients");
    }
}

//! Charters, CVK1, 228 bytes and a box: who belongs to a collection and which keys sign for it.
//!
//! Read, hashed and chained here without any key; what the box says is `open`'s, behind the feature `keys`.
//! spec/collection.md section 2, checklist 15 and 20.

use crate::codec::{Malformed, Reader};
use crate::collection::BOX_UNIT;
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::{Signature, VerifyingKey};

#[cfg(feature = "keys")]
pub use super::charter_box::{
    CharterBoxError, MakeCharterError, Member, NewCollection, OpenedCharter, Role, make_genesis,
};

/// Bytes of a charter before its box.
pub const CHARTER_HEADER_BYTES: usize = 228;
/// Bytes of a whole charter, at most: it stays one small record of the store.
pub const CHARTER_BYTES: usize = 48 * 1024;

/// Why a charter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not a charter of this suite: length, magic, suite, reserved bytes, keys, box length or box hash.
    #[error("not a charter")]
    Malformed,
    /// A charter of another collection.
    #[error("a charter of another collection")]
    OtherCollection,
    /// Number, epoch or previous hash do not continue the charter before, or are not those of a first one.
    #[error("the charter does not continue the one before")]
    Chain,
    /// The keys changed inside an epoch, or stayed across one.
    #[error("the keys of the charter do not fit its epoch")]
    Keys,
    /// admin_sig does not hold under the key that must have signed.
    #[error("the admin signature of the charter does not hold")]
    Signature,
}

/// A well-formed charter. Nothing about it is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    bytes: Vec<u8>,
    collection_id: Id,
    epoch: u32,
    charter_no: u32,
    prev_hash: Hash32,
    write_pk: VerifyingKey,
    admin_pk: VerifyingKey,
    admin_sig: Signature,
}

impl Charter {
    /// Reads a charter, header and box.
    ///
    /// # Errors
    /// [`CharterError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CharterError> {
        parse(bytes).map_err(|Malformed| CharterError::Malformed)
    }

    /// Which collection.
    #[must_use]
    pub const fn collection_id(&self) -> &Id {
        &self.collection_id
    }

    /// The period that its keys belong to, from 0.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Its number in the chain of charters, from 0.
    #[must_use]
    pub const fn charter_no(&self) -> u32 {
        self.charter_no
    }

    /// charter_hash = SHA-256(L(charter-hash) ‖ header of 228 bytes).
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::labelled(Label::CharterHash, self.header())
    }

    /// The bytes as received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Accepts the first charter of `collection_id`: number 0, epoch 0, signed by its own admin key.
    ///
    /// That this is the collection that was meant is a matter of its hash, which members pin.
    ///
    /// # Errors
    /// [`CharterError`] says which rule it breaks.
    pub fn verify_genesis(self, collection_id: &Id) -> Result<VerifiedCharter, CharterError> {
        if self.collection_id != *collection_id {
            return Err(CharterError::OtherCollection);
        }
        if self.charter_no != 0 || self.epoch != 0 || self.prev_hash != [0; 32] {
            return Err(CharterError::Chain);
        }
        let key = self.admin_pk;
        self.verify_signature(&key)
    }

    /// Accepts the charter that follows `before`: number +1, its hash, epoch +0 with the same keys or +1 with other
    /// keys, signed by the admin key of `before`.
    ///
    /// # Errors
    /// [`CharterError`] says which rule it breaks.
    pub fn verify_next(self, before: &VerifiedCharter) -> Result<VerifiedCharter, CharterError> {
        let before = &before.charter;
        if self.collection_id != before.collection_id {
            return Err(CharterError::OtherCollection);
        }
        if before.charter_no.checked_add(1) != Some(self.charter_no) || self.prev_hash != before.hash() {
            return Err(CharterError::Chain);
        }
        let same = (self.write_pk == before.write_pk, self.admin_pk == before.admin_pk);
        if self.epoch == before.epoch {
            if same != (true, true) {
                return Err(CharterError::Keys);
            }
        } else if before.epoch.checked_add(1) != Some(self.epoch) {
            return Err(CharterError::Chain);
        } else if same != (false, false) {
            return Err(CharterError::Keys);
        }
        self.verify_signature(&before.admin_pk)
    }

    fn verify_signature(self, key: &VerifyingKey) -> Result<VerifiedCharter, CharterError> {
        key.verify(Label::SigCharter, &[self.signed_part()], &self.admin_sig)
            .map_err(|_| CharterError::Signature)?;
        Ok(VerifiedCharter {
            hash: self.hash(),
            charter: self,
        })
    }

    fn header(&self) -> &[u8] {
        self.bytes.get(..CHARTER_HEADER_BYTES).unwrap_or_default()
    }

    /// [0..164], what admin_sig covers.
    fn signed_part(&self) -> &[u8] {
        self.bytes.get(..SIGNED_BYTES).unwrap_or_default()
    }

    /// [0..128], what the box is bound to.
    #[cfg(feature = "keys")]
    pub(super) fn bound_part(&self) -> &[u8] {
        self.bytes.get(..BOUND_BYTES).unwrap_or_default()
    }

    /// Its bytes from its fields; the box and its length and hash from the box.
    #[cfg(feature = "parsers")]
    pub(crate) fn rewrite(&self) -> Option<Vec<u8>> {
        let sealed = self.sealed_box();
        let mut out = crate::codec::Writer::with_capacity(self.bytes.len());
        out.bytes(b"CVK1\x01\0\0\0").bytes(&self.collection_id);
        out.u32(self.epoch).u32(self.charter_no).bytes(&self.prev_hash);
        out.bytes(&self.write_pk.to_bytes())
            .bytes(&self.admin_pk.to_bytes());
        out.u32(u32::try_from(sealed.len()).ok()?)
            .bytes(&hash::sha256(sealed));
        Some(out.bytes(&self.admin_sig).bytes(sealed).finish())
    }

    #[cfg(feature = "keys")]
    pub(super) const fn prev_hash(&self) -> &Hash32 {
        &self.prev_hash
    }

    #[cfg(feature = "keys")]
    pub(super) fn sealed_box(&self) -> &[u8] {
        self.bytes.get(CHARTER_HEADER_BYTES..).unwrap_or_default()
    }
}

/// A charter whose place in the chain and whose admin signature were checked, without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCharter {
    charter: Charter,
    hash: Hash32,
}

impl VerifiedCharter {
    /// Which collection.
    #[must_use]
    pub const fn collection_id(&self) -> &Id {
        &self.charter.collection_id
    }

    /// Its epoch.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.charter.epoch
    }

    /// Its number.
    #[must_use]
    pub const fn charter_no(&self) -> u32 {
        self.charter.charter_no
    }

    /// charter_hash.
    #[must_use]
    pub const fn hash(&self) -> &Hash32 {
        &self.hash
    }

    /// The key that signs heads for the role write.
    #[must_use]
    pub const fn write_pk(&self) -> &VerifyingKey {
        &self.charter.write_pk
    }

    /// The key that signs the next charter, and heads for the role admin.
    #[must_use]
    pub const fn admin_pk(&self) -> &VerifyingKey {
        &self.charter.admin_pk
    }

    /// The bytes as received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        self.charter.to_bytes()
    }

    #[cfg(feature = "keys")]
    pub(super) const fn charter(&self) -> &Charter {
        &self.charter
    }
}

fn parse(bytes: &[u8]) -> Result<Charter, Malformed> {
    if bytes.len() > CHARTER_BYTES {
        return Err(Malformed);
    }
    let mut reader = Reader::new(bytes);
    reader.expect(MAGIC)?;
    reader.expect(&[SUITE])?;
    reader.zeros(3)?;
    let collection_id = reader.array()?;
    let epoch = reader.u32()?;
    let charter_no = reader.u32()?;
    let prev_hash = reader.array()?;
    let write_pk = VerifyingKey::from_bytes(&reader.array()?).map_err(|_| Malformed)?;
    let admin_pk = VerifyingKey::from_bytes(&reader.array()?).map_err(|_| Malformed)?;
    let box_len = usize::try_from(reader.u32()?).map_err(|_| Malformed)?;
    let box_hash: Hash32 = reader.array()?;
    let admin_sig = reader.array()?;
    let sealed = reader.rest();
    let fits = sealed.len() == box_len && super::fits_sealed(box_len, BOX_UNIT);
    // A write key that is the admin key too would make every writer an admin.
    if !fits || hash::sha256(sealed) != box_hash || write_pk == admin_pk {
        return Err(Malformed);
    }
    let bytes = bytes.to_vec();
    Ok(Charter {
        bytes,
        collection_id,
        epoch,
        charter_no,
        prev_hash,
        write_pk,
        admin_pk,
        admin_sig,
    })
}

pub(super) const MAGIC: &[u8; 4] = b"CVK1";
/// [0..128].
#[cfg(feature = "keys")]
const BOUND_BYTES: usize = 128;
/// [0..164].
pub(super) const SIGNED_BYTES: usize = 164;

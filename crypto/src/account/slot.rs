//! Slots, CVS1, 168 bytes: one way into an account, holding the ARK under its key (`spec/account.md`, 3).
//!
//! Parsing needs no key. Types 1 (password) and 3 (words) exist; anything else is refused.

use crate::codec::{Malformed, Reader};
use crate::id::{Hash32, Id, SUITE};
use crate::primitives::hash;

/// Bytes of a slot.
pub const SLOT_BYTES: usize = 168;

/// Why a slot was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Not a slot of this suite: length, magic, suite, type, flags, profile or reserved bytes.
    #[error("not a slot")]
    Malformed,
    /// The key is of another type, account or slot.
    #[error("a slot of something else")]
    OtherSlot,
    /// The box does not open under the key: wrong key, or altered in any bit.
    #[error("the slot does not open")]
    Refused,
}

/// A way into an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotType {
    /// The password, through OPAQUE and profile 1.
    Password,
    /// The twelve words.
    Words,
}

impl SlotType {
    /// Its number in slot and manifest.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::Words => 3,
        }
    }

    /// The type of a number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Password),
            3 => Some(Self::Words),
            _ => None,
        }
    }

    /// The stretching profile that belongs to it: there is no choice.
    #[must_use]
    pub const fn profile(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::Words => 0,
        }
    }
}

/// What stands in a slot before its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotHeader {
    /// Which way in.
    pub slot_type: SlotType,
    /// Whose.
    pub account_id: Id,
    /// Random; names this slot.
    pub slot_id: Id,
    /// Which ARK: 0 for the first, one more at each new one.
    pub ark_gen: u32,
}

/// A well-formed slot. Whether it opens is known to its owner alone.
#[derive(Clone)]
pub struct Slot {
    header: SlotHeader,
    bytes: [u8; SLOT_BYTES],
}

impl Slot {
    /// Reads a slot.
    ///
    /// # Errors
    /// [`SlotError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SlotError> {
        let bytes: [u8; SLOT_BYTES] = bytes.try_into().map_err(|_| SlotError::Malformed)?;
        let header = parse_header(&bytes).map_err(|Malformed| SlotError::Malformed)?;
        Ok(Self { header, bytes })
    }

    /// What stands before the box.
    #[must_use]
    pub const fn header(&self) -> &SlotHeader {
        &self.header
    }

    /// The 168 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> &[u8; SLOT_BYTES] {
        &self.bytes
    }

    /// Slot hash: SHA-256 of the 168 bytes, as the manifest lists it.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::sha256(&self.bytes)
    }
}

fn parse_header(bytes: &[u8; SLOT_BYTES]) -> Result<SlotHeader, Malformed> {
    let mut reader = Reader::new(bytes);
    reader.expect(MAGIC)?;
    reader.expect(&[SUITE])?;
    let slot_type = SlotType::from_number(reader.u8()?).ok_or(Malformed)?;
    // No flag exists yet: the secret key is of a later stage.
    reader.zeros(2)?;
    let account_id = reader.array()?;
    let slot_id = reader.array()?;
    let ark_gen = reader.u32()?;
    reader.expect(&[slot_type.profile()])?;
    reader.zeros(3)?;
    // The salt serves passkeys only.
    reader.zeros(16)?;
    Ok(SlotHeader {
        slot_type,
        account_id,
        slot_id,
        ark_gen,
    })
}

#[cfg(feature = "keys")]
mod with_keys {
    use super::{HEADER_BYTES, MAGIC, SLOT_BYTES, SUITE, Slot, SlotError, SlotHeader};
    use crate::account::keys::{Ark, Kek};
    use crate::ce;
    use crate::codec::Writer;
    use crate::label::Label;
    use crate::random::Random;
    use crate::secret::Key32;

    impl Slot {
        /// Wraps the ARK: box = CE(KEK, L(slot) ‖ [0..64], ARK).
        ///
        /// # Errors
        /// No randomness.
        pub fn wrap(
            kek: &Kek,
            ark_gen: u32,
            ark: &Ark,
            random: &mut dyn Random,
        ) -> Result<Self, ce::SealError> {
            let header = SlotHeader {
                slot_type: kek.slot_type(),
                account_id: *kek.account_id(),
                slot_id: *kek.slot_id(),
                ark_gen,
            };
            let mut bytes = write_header(&header);
            let context = ce::Context::new(Label::Slot, &[&bytes]);
            bytes.extend_from_slice(&ce::seal(kek.key(), &context, ark.key().expose(), random)?);
            let bytes: [u8; SLOT_BYTES] = bytes.try_into().map_err(|_| ce::SealError::TooLong)?;
            Ok(Self { header, bytes })
        }

        /// Opens the box. That the slot is listed is the manifest's to say: `Manifest::verify_slot`.
        ///
        /// # Errors
        /// Another slot's key, or the box does not open.
        pub fn unwrap(&self, kek: &Kek) -> Result<Ark, SlotError> {
            let header = &self.header;
            if header.slot_type != kek.slot_type()
                || header.account_id != *kek.account_id()
                || header.slot_id != *kek.slot_id()
            {
                return Err(SlotError::OtherSlot);
            }
            let (header, sealed) = self.bytes.split_at(HEADER_BYTES);
            let ark = ce::open(kek.key(), &ce::Context::new(Label::Slot, &[header]), sealed)
                .map_err(|_| SlotError::Refused)?;
            Key32::from_slice(&ark).map(Ark::new).ok_or(SlotError::Refused)
        }
    }

    fn write_header(header: &SlotHeader) -> Vec<u8> {
        let mut out = Writer::with_capacity(SLOT_BYTES);
        out.bytes(MAGIC).u8(SUITE).u8(header.slot_type.number()).zeros(2);
        out.bytes(&header.account_id)
            .bytes(&header.slot_id)
            .u32(header.ark_gen);
        out.u8(header.slot_type.profile()).zeros(3).zeros(16);
        out.finish()
    }
}

const MAGIC: &[u8; 4] = b"CVS1";
#[cfg(feature = "keys")]
const HEADER_BYTES: usize = 64;

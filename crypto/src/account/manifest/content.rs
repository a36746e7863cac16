//! The CBOR of a manifest (`spec/account.md`, 4.2): one form, closed schema, every list bounded and in order.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{
    COLLECTIONS_MAX, CollectionKeys, ListedSlot, LogPin, Manifest, PINS_MAX, Pin, PinHow, SLOTS_MAX,
    SlotState,
};
use crate::account::slot::SlotType;
use crate::audit::note::{NOTE_KEY_BYTES, NoteKey};
use crate::audit::policy::{Policy, WITNESSES};
use crate::audit::tree::TreeHead;
use crate::codec::{CborReader, CborWriter, Malformed, Schema};
use crate::collection::keys::{AdminKey, EpochKey, WriteKey};
use crate::id::Id;
use crate::primitives::signature::Signature;
use crate::secret::Key32;

/// The manifest with its signature; without one it is "CBOR of 1..13", what the signature covers.
pub(super) struct Signed {
    pub(super) manifest: Manifest,
    pub(super) signer_seq: u32,
    pub(super) signature: Option<Signature>,
}

impl Schema for Signed {
    fn encode(&self, out: &mut CborWriter) {
        let manifest = &self.manifest;
        let optional = usize::from(manifest.kit_confirmed.is_some()) + usize::from(self.signature.is_some());
        out.map(8 + optional);
        out.key(1).array(manifest.collections.len());
        for (id, collection) in &manifest.collections {
            encode_collection(out, id, collection);
        }
        out.key(2).array(manifest.pins.len());
        for (id, pin) in &manifest.pins {
            out.array(4)
                .bytes(id)
                .uint(pin.seq.into())
                .bytes(&pin.bundle_hash)
                .uint(pin.how.number().into());
        }
        out.key(3).array(manifest.slots.len());
        for (id, slot) in &manifest.slots {
            out.array(4).bytes(id).uint(slot.slot_type.number().into());
            out.bytes(&slot.hash).uint(slot.state.number().into());
        }
        out.key(4).bytes(&manifest.secrets_hash);
        out.key(5).uint(manifest.ark_gen.into());
        out.key(6).bytes(&manifest.label_salt);
        out.key(7);
        encode_log(out, &manifest.log);
        if let Some(time) = manifest.kit_confirmed {
            out.key(9).uint(time);
        }
        out.key(13).uint(self.signer_seq.into());
        if let Some(signature) = &self.signature {
            out.key(14).bytes(signature);
        }
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let collections = ordered(input.list(COLLECTIONS_MAX, decode_collection)?)?;
        input.key(&mut keys, 2)?;
        let pins = ordered(input.list(PINS_MAX, decode_pin)?)?;
        input.key(&mut keys, 3)?;
        let slots = ordered(input.list(SLOTS_MAX, decode_slot)?)?;
        input.key(&mut keys, 4)?;
        let secrets_hash = input.fixed()?;
        input.key(&mut keys, 5)?;
        let ark_gen = input.u32()?;
        input.key(&mut keys, 6)?;
        let label_salt = input.fixed()?;
        input.key(&mut keys, 7)?;
        let log = decode_log(input)?;
        let kit_confirmed = if input.has_key(&mut keys, 9)? {
            Some(input.uint()?)
        } else {
            None
        };
        input.key(&mut keys, 13)?;
        let signer_seq = input.u32()?;
        input.key(&mut keys, 14)?;
        let signature = Some(input.fixed()?);
        keys.end()?;
        let manifest = Manifest {
            collections,
            pins,
            slots,
            secrets_hash,
            ark_gen,
            label_salt,
            log,
            kit_confirmed,
        };
        Ok(Self {
            manifest,
            signer_seq,
            signature,
        })
    }
}

/// The content with its signature, from bytes to bytes.
#[cfg(feature = "parsers")]
pub(crate) fn rewrite(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::parsers::cbor::<Signed>(bytes)
}

fn encode_collection(out: &mut CborWriter, id: &Id, collection: &CollectionKeys) {
    out.array(10).bytes(id).uint(collection.epoch.into());
    out.bytes(collection.epoch_key.key().expose());
    let write_seed = collection.write_key.as_ref().map(WriteKey::expose_seed);
    let admin_seed = collection.admin_key.as_ref().map(AdminKey::expose_seed);
    for seed in [write_seed, admin_seed] {
        match seed {
            Some(seed) => out.bytes(seed),
            None => out.null(),
        };
    }
    out.bytes(&collection.genesis_charter_hash);
    out.uint(collection.charter_no.into())
        .bytes(&collection.charter_hash);
    out.uint(collection.head_no).bytes(&collection.head_hash);
}

fn decode_collection(input: &mut CborReader<'_>) -> Result<(Id, CollectionKeys), Malformed> {
    input.tuple(10)?;
    let id = input.fixed()?;
    let collection = CollectionKeys {
        epoch: input.u32()?,
        epoch_key: EpochKey::new(Key32::new(input.fixed()?)),
        write_key: decode_seed(input)?.map(|seed| WriteKey::from_seed(&seed)),
        admin_key: decode_seed(input)?.map(|seed| AdminKey::from_seed(&seed)),
        genesis_charter_hash: input.fixed()?,
        charter_no: input.u32()?,
        charter_hash: input.fixed()?,
        head_no: input.uint()?,
        head_hash: input.fixed()?,
    };
    Ok((id, collection))
}

/// [log key, [witness key...], quorum, max_age, strict 0 or 1, size, root].
fn encode_log(out: &mut CborWriter, log: &LogPin) {
    let policy = &log.policy;
    out.array(7).text(&policy.log.to_string());
    out.array(policy.witnesses.len());
    for witness in &policy.witnesses {
        out.text(&witness.to_string());
    }
    out.uint(policy.quorum.into())
        .uint(policy.max_age.into())
        .uint(policy.strict.into());
    out.uint(log.tree.size).bytes(&log.tree.root);
}

fn decode_log(input: &mut CborReader<'_>) -> Result<LogPin, Malformed> {
    let key = |input: &mut CborReader<'_>| NoteKey::parse(input.text(NOTE_KEY_BYTES)?).map_err(|_| Malformed);
    input.tuple(7)?;
    let log = key(input)?;
    let witnesses = input.list(WITNESSES, key)?;
    let (quorum, max_age) = (input.u8()?, input.u32()?);
    let strict = match input.u8()? {
        0 => false,
        1 => true,
        _ => return Err(Malformed),
    };
    let policy = Policy::new(log, witnesses, quorum, max_age, strict).map_err(|_| Malformed)?;
    let tree = TreeHead {
        size: input.uint()?,
        root: input.fixed()?,
    };
    Ok(LogPin { policy, tree })
}

fn decode_seed(input: &mut CborReader<'_>) -> Result<Option<Zeroizing<[u8; 32]>>, Malformed> {
    if input.is_null()? {
        Ok(None)
    } else {
        Ok(Some(Zeroizing::new(input.fixed()?)))
    }
}

fn decode_pin(input: &mut CborReader<'_>) -> Result<(Id, Pin), Malformed> {
    input.tuple(4)?;
    let id = input.fixed()?;
    let (seq, bundle_hash) = (input.u32()?, input.fixed()?);
    let how = PinHow::from_number(input.u8()?).ok_or(Malformed)?;
    Ok((
        id,
        Pin {
            seq,
            bundle_hash,
            how,
        },
    ))
}

fn decode_slot(input: &mut CborReader<'_>) -> Result<(Id, ListedSlot), Malformed> {
    input.tuple(4)?;
    let id = input.fixed()?;
    let slot_type = SlotType::from_number(input.u8()?).ok_or(Malformed)?;
    let hash = input.fixed()?;
    let state = SlotState::from_number(input.u8()?).ok_or(Malformed)?;
    Ok((
        id,
        ListedSlot {
            slot_type,
            hash,
            state,
        },
    ))
}

/// Lists stand in ascending order of their ids, each once: the re-encoding then shows any other order.
fn ordered<T>(items: Vec<(Id, T)>) -> Result<BTreeMap<Id, T>, Malformed> {
    let count = items.len();
    let map: BTreeMap<_, _> = items.into_iter().collect();
    if map.len() == count {
        Ok(map)
    } else {
        Err(Malformed)
    }
}

impl PinHow {
    const fn number(self) -> u8 {
        match self {
            Self::FirstSeen => 1,
            Self::Compared => 2,
            Self::Invited => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::FirstSeen),
            2 => Some(Self::Compared),
            3 => Some(Self::Invited),
            _ => None,
        }
    }
}

impl SlotState {
    const fn number(self) -> u8 {
        match self {
            Self::Live => 1,
            Self::Pending => 2,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Live),
            2 => Some(Self::Pending),
            _ => None,
        }
    }
}

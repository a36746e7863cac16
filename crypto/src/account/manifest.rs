//! Manifest, CAR1 kind 2: what an account holds and accepts, signed by its identity (`spec/account.md`, 4.2).
//!
//! Written at key events, never per document. Lists every live and pending slot, the accepted collections with their
//! keys and lower bounds, and the pinned contacts. May not be used before its signature held: opening checks it.

mod content;
#[cfg(feature = "parsers")]
pub(crate) use self::content::rewrite;

use std::collections::BTreeMap;

use self::content::Signed;
use crate::account::bundle::VerifiedBundle;
use crate::account::keys::KManifest;
use crate::account::record::{Record, RecordError, RecordHeader, RecordKind, bound_bytes};
use crate::account::secrets::Identity;
use crate::account::slot::{Slot, SlotType};
use crate::audit::policy::Policy;
use crate::audit::tree::TreeHead;
use crate::ce::SealError;
use crate::codec::to_cbor;
use crate::collection::keys::{AdminKey, EpochKey, WriteKey};
use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::random::{Random, RandomError, make_bytes};

/// Most collections that one account accepts.
pub const COLLECTIONS_MAX: usize = 96;
/// Most contacts pinned in one manifest.
pub const PINS_MAX: usize = 256;
/// Most slots of one account.
pub const SLOTS_MAX: usize = 16;

/// Why a manifest was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The record around it.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Signed by another bundle, or the signature does not hold.
    #[error("the manifest's signature does not hold")]
    Signature,
}

/// Why a slot that opens may not be used: an alarm, and no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotListError {
    /// No slot of this id and type is listed.
    #[error("the slot is not listed")]
    NotListed,
    /// Listed with another content: from before a change.
    #[error("the slot is not the listed one")]
    OtherContent,
    /// Of another account or ARK than the manifest's.
    #[error("the slot is of another account key")]
    OtherArk,
}

/// The secrets are not those that the manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secrets are not the listed ones")]
pub struct OtherSecrets;

/// One accepted collection: its keys, its genesis, and how far it was known when this was written.
#[derive(Clone)]
pub struct CollectionKeys {
    /// Current epoch.
    pub epoch: u32,
    /// K_epoch.
    pub epoch_key: EpochKey,
    /// Stored as its seed; absent for a reader.
    pub write_key: Option<WriteKey>,
    /// Stored as its seed; absent for all but admins.
    pub admin_key: Option<AdminKey>,
    /// Pinned when the collection was accepted.
    pub genesis_charter_hash: Hash32,
    /// Lower bound.
    pub charter_no: u32,
    /// Of that charter.
    pub charter_hash: Hash32,
    /// Lower bound.
    pub head_no: u64,
    /// Of that head.
    pub head_hash: Hash32,
}

/// How a contact's bundle came to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinHow {
    /// Taken at first sight: not verified.
    FirstSeen,
    /// Compared by QR code or safety number.
    Compared,
    /// Came by an invite link.
    Invited,
}

/// A contact as pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Of the pinned bundle.
    pub seq: u32,
    /// Of the pinned bundle.
    pub bundle_hash: Hash32,
    /// Where the trust comes from.
    pub how: PinHow,
}

/// What the account believes of its deployment's log, and how far it had seen it: no device goes back behind that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPin {
    /// Whom it believes.
    pub policy: Policy,
    /// Lower bound.
    pub tree: TreeHead,
}

/// Whether a slot may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// In use.
    Live,
    /// Waits for a hold to end.
    Pending,
}

/// A slot as listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedSlot {
    /// Which way in.
    pub slot_type: SlotType,
    /// Slot hash.
    pub hash: Hash32,
    /// Live or pending.
    pub state: SlotState,
}

/// The content of a manifest.
#[derive(Clone)]
pub struct Manifest {
    /// By collection id.
    pub collections: BTreeMap<Id, CollectionKeys>,
    /// By account id.
    pub pins: BTreeMap<Id, Pin>,
    /// By slot id.
    pub slots: BTreeMap<Id, ListedSlot>,
    /// SHA-256 of the newest secrets record.
    pub secrets_hash: Hash32,
    /// Which ARK.
    pub ark_gen: u32,
    /// Hides this account's entries in a public log from all but contacts.
    pub label_salt: [u8; 16],
    /// The log.
    pub log: LogPin,
    /// When the person confirmed the recovery sheet, seconds UTC; absent until then.
    pub kit_confirmed: Option<u64>,
}

impl Manifest {
    /// An empty manifest of a new account, with a fresh label salt.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(
        secrets: &Record,
        ark_gen: u32,
        log: LogPin,
        random: &mut dyn Random,
    ) -> Result<Self, RandomError> {
        Ok(Self {
            collections: BTreeMap::new(),
            pins: BTreeMap::new(),
            slots: BTreeMap::new(),
            secrets_hash: secrets.hash(),
            ark_gen,
            label_salt: make_bytes(random)?,
            log,
            kit_confirmed: None,
        })
    }

    /// Lists a slot, in the place of one with the same id.
    pub fn list_slot(&mut self, slot: &Slot, state: SlotState) {
        let header = slot.header();
        self.slots.insert(
            header.slot_id,
            ListedSlot {
                slot_type: header.slot_type,
                hash: slot.hash(),
                state,
            },
        );
    }

    /// Checks that a slot which opened is listed as it is.
    ///
    /// # Errors
    /// [`SlotListError`]: alarm, writes blocked.
    pub fn verify_slot(&self, account_id: &Id, slot: &Slot) -> Result<SlotState, SlotListError> {
        let header = slot.header();
        if header.account_id != *account_id || header.ark_gen != self.ark_gen {
            return Err(SlotListError::OtherArk);
        }
        let listed = self.slots.get(&header.slot_id).ok_or(SlotListError::NotListed)?;
        if listed.slot_type != header.slot_type {
            return Err(SlotListError::NotListed);
        }
        if listed.hash == slot.hash() {
            Ok(listed.state)
        } else {
            Err(SlotListError::OtherContent)
        }
    }

    /// Checks that a secrets record is the one listed.
    ///
    /// # Errors
    /// It is another.
    pub fn verify_secrets(&self, secrets: &Record) -> Result<(), OtherSecrets> {
        if secrets.header().kind == RecordKind::Secrets && secrets.hash() == self.secrets_hash {
            Ok(())
        } else {
            Err(OtherSecrets)
        }
    }

    /// Signs and seals it as the successor of `previous`; version 1 without one.
    ///
    /// # Errors
    /// No randomness, or larger than a record may be.
    pub fn seal(
        &self,
        account_id: &Id,
        previous: Option<&Record>,
        identity: &Identity,
        key: &KManifest,
        random: &mut dyn Random,
    ) -> Result<Record, SealError> {
        let (version, reference) = match previous {
            None => (1, [0; 32]),
            Some(record) => (
                record.header().version.checked_add(1).ok_or(SealError::TooLong)?,
                record.manifest_hash(),
            ),
        };
        if self.collections.len() > COLLECTIONS_MAX
            || self.pins.len() > PINS_MAX
            || self.slots.len() > SLOTS_MAX
        {
            return Err(SealError::TooLong);
        }
        let header = RecordHeader {
            kind: RecordKind::Manifest,
            account_id: *account_id,
            version,
            reference,
        };
        let mut signed = Signed {
            manifest: self.clone(),
            signer_seq: identity.seq(),
            signature: None,
        };
        let content = to_cbor(&signed);
        signed.signature = Some(
            identity
                .signing()
                .sign(Label::SigManifest, &[&bound_bytes(&header), content.as_slice()]),
        );
        Record::seal(header, key.key(), &signed, random)
    }

    /// Opens the manifest of this account and checks its signature by the account's newest bundle.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn open(
        record: &Record,
        account_id: &Id,
        key: &KManifest,
        signer: &VerifiedBundle,
    ) -> Result<Self, ManifestError> {
        let header = record.header();
        if header.kind != RecordKind::Manifest || header.account_id != *account_id {
            return Err(RecordError::OtherRecord.into());
        }
        let mut signed: Signed = record.open(key.key())?;
        let signature = signed.signature.take().ok_or(RecordError::Content)?;
        if signer.account_id() != account_id || signer.seq() != signed.signer_seq {
            return Err(ManifestError::Signature);
        }
        let content = to_cbor(&signed);
        signer
            .identity_key()
            .verify(
                Label::SigManifest,
                &[&bound_bytes(header), content.as_slice()],
                &signature,
            )
            .map_err(|_| ManifestError::Signature)?;
        Ok(signed.manifest)
    }
}

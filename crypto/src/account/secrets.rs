//! Secrets, CAR1 kind 1: the private keys of an account, random, sealed under K_account (`spec/account.md`, 4.1).
//!
//! Old keys stay, so that what was sealed to them opens. The newest key is the identity's.

use zeroize::Zeroizing;

use crate::account::bundle::VerifiedBundle;
use crate::account::keys::{DepositRoot, KAccount};
use crate::account::record::{Record, RecordError, RecordHeader, RecordKind};
use crate::ce::SealError;
use crate::codec::{CborReader, CborWriter, Malformed, Schema};
use crate::id::Id;
use crate::primitives::hpke::XWingSecret;
use crate::primitives::signature::SigningKey;
use crate::random::{Random, RandomError};
use crate::secret::Key32;

/// Most key pairs that one account keeps.
pub const IDENTITIES_MAX: usize = 64;

/// These secrets are not those of the public identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secrets and the public identity do not belong together")]
pub struct IdentityMismatch;

/// The private halves of one bundle.
#[derive(Clone)]
pub struct Identity {
    seq: u32,
    signing: SigningKey,
    xwing: XWingSecret,
    created: u64,
}

impl Identity {
    /// Makes the first identity, seq 0. `created` in seconds UTC.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(created: u64, random: &mut dyn Random) -> Result<Self, RandomError> {
        let signing = SigningKey::make(random)?;
        Ok(Self {
            seq: 0,
            signing,
            xwing: XWingSecret::make(random)?,
            created,
        })
    }

    /// Which bundle it is the private half of.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        self.seq
    }

    /// Signs in the name of the account.
    #[must_use]
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Opens what is sealed to the account.
    #[must_use]
    pub const fn xwing(&self) -> &XWingSecret {
        &self.xwing
    }

    /// Seconds UTC.
    #[must_use]
    pub const fn created(&self) -> u64 {
        self.created
    }
}

/// The private keys of one account.
pub struct Secrets {
    /// Never empty; seq counts from 0 without a gap.
    identities: Vec<Identity>,
    deposit_root: DepositRoot,
}

impl Secrets {
    /// The secrets of a new account: this identity and a fresh deposit root.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(identity: Identity, random: &mut dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            identities: vec![identity],
            deposit_root: DepositRoot::make(random)?,
        })
    }

    /// The newest identity.
    ///
    /// # Errors
    /// Never for secrets that were made or opened here; kept typed instead of a panic.
    pub fn current(&self) -> Result<&Identity, RecordError> {
        self.identities.last().ok_or(RecordError::Content)
    }

    /// Every identity, oldest first.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Root of the keys of deposit tokens.
    #[must_use]
    pub const fn deposit_root(&self) -> &DepositRoot {
        &self.deposit_root
    }

    /// The private half of a verified bundle: both public keys must come out of it.
    ///
    /// # Errors
    /// The server gave a bundle that is not ours.
    pub fn verify_bundle(&self, bundle: &VerifiedBundle) -> Result<&Identity, IdentityMismatch> {
        let identity = self.current().map_err(|_| IdentityMismatch)?;
        let xwing = identity.xwing.public_key().map_err(|_| IdentityMismatch)?;
        let same = identity.seq == bundle.seq()
            && identity.signing.verifying_key() == *bundle.identity_key()
            && xwing.as_bytes() == bundle.xwing_pk();
        if same { Ok(identity) } else { Err(IdentityMismatch) }
    }

    /// Seals them as version `version`, from 1.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(
        &self,
        account_id: &Id,
        version: u64,
        key: &KAccount,
        random: &mut dyn Random,
    ) -> Result<Record, SealError> {
        let header = RecordHeader {
            kind: RecordKind::Secrets,
            account_id: *account_id,
            version,
            reference: [0; 32],
        };
        Record::seal(header, key.key(), self, random)
    }

    /// Opens the secrets of this account. That they are the newest is the manifest's to say.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(record: &Record, account_id: &Id, key: &KAccount) -> Result<Self, RecordError> {
        let header = record.header();
        if header.kind != RecordKind::Secrets || header.account_id != *account_id {
            return Err(RecordError::OtherRecord);
        }
        record.open(key.key())
    }
}

impl Schema for Secrets {
    fn encode(&self, out: &mut CborWriter) {
        out.map(2);
        out.key(1).array(self.identities.len());
        for identity in &self.identities {
            out.array(4).uint(identity.seq.into());
            out.bytes(identity.signing.expose_seed())
                .bytes(identity.xwing.expose())
                .uint(identity.created);
        }
        out.key(2).bytes(self.deposit_root.key().expose());
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let identities = input.list(IDENTITIES_MAX, decode_identity)?;
        input.key(&mut keys, 2)?;
        let deposit_root = DepositRoot::new(Key32::new(input.fixed()?));
        keys.end()?;
        let counted = identities
            .iter()
            .zip(0_u32..)
            .all(|(identity, seq)| identity.seq == seq);
        if identities.is_empty() || !counted {
            return Err(Malformed);
        }
        Ok(Self {
            identities,
            deposit_root,
        })
    }
}

fn decode_identity(input: &mut CborReader<'_>) -> Result<Identity, Malformed> {
    input.tuple(4)?;
    let seq = input.u32()?;
    let seed = Zeroizing::new(input.fixed::<32>()?);
    let xwing = XWingSecret::from_bytes(input.fixed()?);
    let created = input.uint()?;
    Ok(Identity {
        seq,
        signing: SigningKey::from_seed(&seed),
        xwing,
        created,
    })
}

//! The box of a charter: members, what ties its epoch to the one before, and the person who signs it.
//!
//! ```text
//! box = CE(K_epoch, L(charter) ‖ [0..128], PAD(CBOR{1 members [[account, seq, bundle_hash, role, until]...], 2 prev_key,
//!       3 final head of the previous epoch [no, hash], 4 signer account, 5 seq,
//!       6 Sig(identity, sig/charter-id, [0..128] ‖ CBOR of 1..5)}, 256))
//! ```
//!
//! Keys 2 and 3 are absent in epoch 0. spec/collection.md section 2, checklist 15.

use super::BOX_UNIT;
use super::charter::{Charter, CharterError, MAGIC, SIGNED_BYTES, VerifiedCharter};
use super::keys::{AdminKey, EpochKey, WriteKey};
use crate::account::bundle::VerifiedBundle;
use crate::ce::{self, Context, SealError, sealed_len};
use crate::codec::{CborReader, CborWriter, Malformed, Schema, Writer, from_cbor, pad, to_cbor, unpad};
use crate::document::descriptor::Author;
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::Signature;
use crate::random::Random;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Holds K_epoch.
    Read,
    /// Holds the write key too.
    Write,
    /// Holds the admin key too.
    Admin,
}

/// One member of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: Id,
    /// Number of the identity bundle that the charter means.
    pub seq: u32,
    /// Hash of that bundle.
    pub bundle_hash: Hash32,
    /// What they may do.
    pub role: Role,
    /// Seconds UTC after which the server stops serving them; 0 for no end.
    pub until: u64,
}

impl Member {
    /// Whether `bundle` is the identity that the charter means by this member.
    fn is(&self, bundle: &VerifiedBundle) -> bool {
        self.account == *bundle.account_id() && self.seq == bundle.seq() && self.bundle_hash == bundle.hash()
    }
}

/// A charter whose box was opened and whose signer was checked: the members are proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedCharter {
    charter: VerifiedCharter,
    inside: Inside,
}

/// Why the box of a charter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CharterBoxError {
    /// It does not open under this K_epoch and header.
    #[error("the box of the charter does not open")]
    Refused,
    /// It opens, and does not hold what it must.
    #[error("the box of the charter is malformed")]
    Malformed,
    /// The members are not one admin who signs (genesis), or none of them is an admin.
    #[error("the members of the charter break a rule")]
    Members,
    /// Against the charter before: somebody removed or lowered inside an epoch, or its keys 2 and 3.
    #[error("the charter does not fit the one before")]
    Before,
    /// The person who signed is not an admin of the charter before, is another than the bundle given, or did not sign.
    #[error("the signer of the charter is not proven")]
    Signer,
}

/// Why no charter was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeCharterError {
    /// No randomness.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The signer's account, seq and key are not those of the bundle.
    #[error("the signer is not the one of the bundle")]
    Signer,
    /// Write and admin key are the same, or the result would not be read back.
    #[error(transparent)]
    Charter(#[from] CharterError),
}

/// What a new collection is made of.
pub struct NewCollection<'a> {
    /// Random.
    pub collection_id: Id,
    /// K_epoch of epoch 0.
    pub epoch_key: &'a EpochKey,
    /// Its write key.
    pub write_key: &'a WriteKey,
    /// Its admin key.
    pub admin_key: &'a AdminKey,
}

/// Makes charter 0: one member, who signs it and is admin.
///
/// # Errors
/// [`MakeCharterError`].
pub fn make_genesis(
    new: &NewCollection<'_>,
    signer: &Author<'_>,
    bundle: &VerifiedBundle,
    random: &mut dyn Random,
) -> Result<VerifiedCharter, MakeCharterError> {
    let member = Member {
        account: signer.account,
        seq: signer.seq,
        bundle_hash: bundle.hash(),
        role: Role::Admin,
        until: 0,
    };
    if !member.is(bundle) || signer.identity.verifying_key() != *bundle.identity_key() {
        return Err(MakeCharterError::Signer);
    }
    let draft = Draft {
        epoch: 0,
        charter_no: 0,
        prev_hash: [0; 32],
        admin_key: new.admin_key,
    };
    let inside = Inside::new(vec![member], None, None, signer);
    let bytes = build(new, &draft, inside, signer, random)?;
    Ok(Charter::parse(&bytes)?.verify_genesis(&new.collection_id)?)
}

impl VerifiedCharter {
    /// Who says to have signed: the account and identity number whose bundle is needed to open the charter.
    ///
    /// # Errors
    /// The box does not open, or is malformed.
    pub fn signer(&self, key: &EpochKey) -> Result<(Id, u32), CharterBoxError> {
        self.inside(key).map(|inside| (inside.signer, inside.seq))
    }

    /// Opens charter 0: one member, admin, who is `bundle` and signed.
    ///
    /// # Errors
    /// [`CharterBoxError`].
    pub fn open_genesis(
        &self,
        key: &EpochKey,
        bundle: &VerifiedBundle,
    ) -> Result<OpenedCharter, CharterBoxError> {
        let inside = self.inside(key)?;
        if self.charter_no() != 0 || inside.prev_key.is_some() || inside.final_head.is_some() {
            return Err(CharterBoxError::Before);
        }
        let &[only] = inside.members.as_slice() else {
            return Err(CharterBoxError::Members);
        };
        if only.role != Role::Admin || only.account != inside.signer || only.seq != inside.seq {
            return Err(CharterBoxError::Members);
        }
        self.verify_signer(inside, &only, bundle)
    }

    /// Opens the charter that follows `before`, signed by `bundle`, an admin there.
    ///
    /// # Errors
    /// [`CharterBoxError`].
    pub fn open_next(
        &self,
        key: &EpochKey,
        before: &OpenedCharter,
        bundle: &VerifiedBundle,
    ) -> Result<OpenedCharter, CharterBoxError> {
        if self.charter().prev_hash() != before.charter.hash() {
            return Err(CharterBoxError::Before);
        }
        let inside = self.inside(key)?;
        if !inside.members.iter().any(|member| member.role == Role::Admin) {
            return Err(CharterBoxError::Members);
        }
        if !inside.fits(before, self.epoch() == before.charter.epoch()) {
            return Err(CharterBoxError::Before);
        }
        match before.member(&inside.signer) {
            Some(signer) if signer.role == Role::Admin && signer.seq == inside.seq => {
                self.verify_signer(inside, signer, bundle)
            }
            _ => Err(CharterBoxError::Signer),
        }
    }

    fn inside(&self, key: &EpochKey) -> Result<Inside, CharterBoxError> {
        let context = Context::new(Label::Charter, &[self.charter().bound_part()]);
        let padded = ce::open(key.key(), &context, self.charter().sealed_box())
            .map_err(|_| CharterBoxError::Refused)?;
        let cbor = unpad(&padded, BOX_UNIT).map_err(|Malformed| CharterBoxError::Malformed)?;
        from_cbor(cbor).map_err(|Malformed| CharterBoxError::Malformed)
    }

    fn verify_signer(
        &self,
        inside: Inside,
        signer: &Member,
        bundle: &VerifiedBundle,
    ) -> Result<OpenedCharter, CharterBoxError> {
        let said = inside.to_unsigned();
        let signed = bundle
            .identity_key()
            .verify(
                Label::SigCharterId,
                &[self.charter().bound_part(), &said],
                &inside.signature,
            )
            .is_ok();
        if signer.is(bundle) && signed {
            Ok(OpenedCharter {
                charter: self.clone(),
                inside,
            })
        } else {
            Err(CharterBoxError::Signer)
        }
    }
}

impl OpenedCharter {
    /// The charter.
    #[must_use]
    pub const fn charter(&self) -> &VerifiedCharter {
        &self.charter
    }

    /// Every member, by account id.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.inside.members
    }

    /// The member with this account id.
    #[must_use]
    pub fn member(&self, account: &Id) -> Option<&Member> {
        self.inside
            .members
            .iter()
            .find(|member| member.account == *account)
    }

    /// The member whose identity is `bundle`, exactly as the charter names it.
    #[must_use]
    pub fn member_of(&self, bundle: &VerifiedBundle) -> Option<&Member> {
        self.member(bundle.account_id())
            .filter(|member| member.is(bundle))
    }

    /// The last head of the epoch before (number, hash): older-epoch heads are refused after it.
    #[must_use]
    pub const fn final_head(&self) -> Option<(u64, Hash32)> {
        self.inside.final_head
    }
}

/// What the box holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Inside {
    members: Vec<Member>,
    prev_key: Option<[u8; PREV_KEY_BYTES]>,
    final_head: Option<(u64, Hash32)>,
    signer: Id,
    seq: u32,
    signature: Signature,
}

impl Inside {
    fn new(
        members: Vec<Member>,
        prev_key: Option<[u8; PREV_KEY_BYTES]>,
        final_head: Option<(u64, Hash32)>,
        signer: &Author<'_>,
    ) -> Self {
        Self {
            members,
            prev_key,
            final_head,
            signer: signer.account,
            seq: signer.seq,
            signature: [0; 64],
        }
    }

    /// Inside an epoch nobody is removed or lowered and keys 2 and 3 stay; across one both are there.
    fn fits(&self, before: &OpenedCharter, same_epoch: bool) -> bool {
        if !same_epoch {
            return self.prev_key.is_some() && self.final_head.is_some();
        }
        let kept = before.inside.members.iter().all(|old| {
            self.members
                .iter()
                .any(|new| new.account == old.account && new.role >= old.role)
        });
        kept && self.prev_key == before.inside.prev_key && self.final_head == before.inside.final_head
    }

    /// CBOR of 1..5, what the identity signs.
    fn to_unsigned(&self) -> Vec<u8> {
        let mut out = CborWriter::new();
        self.encode_unsigned(&mut out, 0);
        out.finish().to_vec()
    }

    fn encode_unsigned(&self, out: &mut CborWriter, more: usize) {
        let optional = usize::from(self.prev_key.is_some()) + usize::from(self.final_head.is_some());
        out.map(3 + optional + more);
        out.key(1).array(self.members.len());
        for member in &self.members {
            out.array(5)
                .bytes(&member.account)
                .uint(u64::from(member.seq))
                .bytes(&member.bundle_hash);
            out.uint(role_number(member.role)).uint(member.until);
        }
        if let Some(prev_key) = &self.prev_key {
            out.key(2).bytes(prev_key);
        }
        if let Some((no, hash)) = &self.final_head {
            out.key(3).array(2).uint(*no).bytes(hash);
        }
        out.key(4).bytes(&self.signer);
        out.key(5).uint(u64::from(self.seq));
    }
}

/// What the box holds, from bytes to bytes.
#[cfg(feature = "parsers")]
pub(crate) fn rewrite(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::parsers::cbor::<Inside>(bytes)
}

impl Schema for Inside {
    fn encode(&self, out: &mut CborWriter) {
        self.encode_unsigned(out, 1);
        out.key(6).bytes(&self.signature);
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let members = input.list(MEMBERS_MAX, decode_member)?;
        if !members.is_sorted_by(|a, b| a.account < b.account) {
            return Err(Malformed);
        }
        let prev_key = if input.has_key(&mut keys, 2)? {
            Some(input.fixed()?)
        } else {
            None
        };
        let mut final_head = None;
        if input.has_key(&mut keys, 3)? {
            input.tuple(2)?;
            final_head = Some((input.uint()?, input.fixed()?));
        }
        input.key(&mut keys, 4)?;
        let signer = input.fixed()?;
        input.key(&mut keys, 5)?;
        let seq = input.u32()?;
        input.key(&mut keys, 6)?;
        let signature = input.fixed()?;
        keys.end()?;
        Ok(Self {
            members,
            prev_key,
            final_head,
            signer,
            seq,
            signature,
        })
    }
}

fn decode_member(input: &mut CborReader<'_>) -> Result<Member, Malformed> {
    input.tuple(5)?;
    let (account, seq, bundle_hash) = (input.fixed()?, input.u32()?, input.fixed()?);
    let role = match input.uint()? {
        1 => Role::Read,
        2 => Role::Write,
        3 => Role::Admin,
        _ => return Err(Malformed),
    };
    Ok(Member {
        account,
        seq,
        bundle_hash,
        role,
        until: input.uint()?,
    })
}

const fn role_number(role: Role) -> u64 {
    match role {
        Role::Read => 1,
        Role::Write => 2,
        Role::Admin => 3,
    }
}

/// The header's fields that a caller of [`build`] decides; `admin_key` signs.
struct Draft<'a> {
    epoch: u32,
    charter_no: u32,
    prev_hash: Hash32,
    admin_key: &'a AdminKey,
}

fn build(
    new: &NewCollection<'_>,
    draft: &Draft<'_>,
    mut inside: Inside,
    signer: &Author<'_>,
    random: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    let mut out = Writer::with_capacity(SIGNED_BYTES);
    out.bytes(MAGIC)
        .u8(SUITE)
        .zeros(3)
        .bytes(&new.collection_id)
        .u32(draft.epoch)
        .u32(draft.charter_no);
    out.bytes(&draft.prev_hash)
        .bytes(&new.write_key.public().to_bytes());
    let mut bytes = out.bytes(&new.admin_key.public().to_bytes()).finish();
    inside.signature = signer
        .identity
        .sign(Label::SigCharterId, &[&bytes, &inside.to_unsigned()]);
    let padded = pad(&to_cbor(&inside), BOX_UNIT);
    let sealed = ce::seal(
        new.epoch_key.key(),
        &Context::new(Label::Charter, &[&bytes]),
        &padded,
        random,
    )?;
    let box_len = u32::try_from(sealed_len(padded.len())).map_err(|_| SealError::TooLong)?;
    bytes.extend_from_slice(&box_len.to_be_bytes());
    bytes.extend_from_slice(&hash::sha256(&sealed));
    let admin_sig = draft.admin_key.signing_key().sign(Label::SigCharter, &[&bytes]);
    bytes.extend_from_slice(&admin_sig);
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// Members of one collection, at most: their records fit one charter.
const MEMBERS_MAX: usize = 512;
/// prev_key: 32 bytes under CE.
const PREV_KEY_BYTES: usize = 104;

#[cfg(test)]
mod tests;

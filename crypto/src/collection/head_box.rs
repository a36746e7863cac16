//! The box of a head: who committed, how many entries there are, the last checkpoint they saw.
//!
//! ```text
//! box = CE(K_epoch, L(head) ‖ [0..28] ‖ [32..176], PAD(CBOR{1 author account, 2 seq, 3 Sig(identity, sig/head-id,
//!       [0..28] ‖ [32..176] ‖ CBOR of 1, 2, 4, 5), 4 entry count, 5 last checkpoint seen [size, root]}, 256))
//! ```
//!
//! spec/collection.md section 3, checklist 20, 32.

use super::BOX_UNIT;
use super::charter::{OpenedCharter, Role, VerifiedCharter};
use super::head::{FLAG_ADMIN, HEAD_BOX_BYTES, HEAD_HEADER_BYTES, Head, HeadError, MAGIC, Pin, SignedHead};
use super::keys::{AdminKey, EpochKey, WriteKey};
use crate::account::bundle::VerifiedBundle;
use crate::audit::tree::TreeHead;
use crate::ce::{self, Context, SealError};
use crate::codec::{CborReader, CborWriter, Malformed, Schema, Writer, from_cbor, pad, to_cbor, unpad};
use crate::document::descriptor::Author;
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::{Signature, SigningKey};
use crate::random::Random;

/// Which of the collection's keys signs a head.
pub enum HeadSigner<'a> {
    /// The write key: what is dropped is erased after 7 days.
    Write(&'a WriteKey),
    /// The admin key: what is dropped is erased at once.
    Admin(&'a AdminKey),
}

impl HeadSigner<'_> {
    const fn key(&self) -> &SigningKey {
        match self {
            Self::Write(key) => key.signing_key(),
            Self::Admin(key) => key.signing_key(),
        }
    }
}

/// What a new head says.
pub struct NewHead<'a> {
    /// The charter it is signed under; gives collection and epoch.
    pub charter: &'a VerifiedCharter,
    /// The head that it follows; `None` for head 0.
    pub before: Option<&'a Pin>,
    /// The root of the trie, sealed under the charter's epoch.
    pub root_page_id: Hash32,
    /// Hash of the commit's references.
    pub refs_hash: Hash32,
    /// Seconds UTC.
    pub time: u64,
    /// Entries in the trie.
    pub entries: u64,
    /// Last checkpoint seen.
    pub checkpoint: TreeHead,
}

/// Why no head was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeHeadError {
    /// No randomness.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no number after the head before.
    #[error("the chain of heads is at its end")]
    Number,
    /// The key is not the charter's.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// Why the box of a head was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadBoxError {
    /// It does not open under this K_epoch and header.
    #[error("the box of the head does not open")]
    Refused,
    /// It opens, and does not hold what it must.
    #[error("the box of the head is malformed")]
    Malformed,
    /// The charter given is not the one that the head names.
    #[error("the head names another charter")]
    Charter,
    /// The author is no member with the role that the head's flag needs.
    #[error("the author of the head may not write")]
    Role,
    /// The bundle given is not the author's, or its identity did not sign.
    #[error("the author of the head is not proven")]
    Author,
}

/// Makes the next head, signed by the collection's key and by the person who commits.
///
/// # Errors
/// [`MakeHeadError`].
pub fn make_head(
    new: &NewHead<'_>,
    signer: &HeadSigner<'_>,
    author: &Author<'_>,
    key: &EpochKey,
    random: &mut dyn Random,
) -> Result<SignedHead, MakeHeadError> {
    let (head_no, prev_hash) = match new.before {
        None => (0, [0; 32]),
        Some(pin) => (number_after(pin).ok_or(MakeHeadError::Number)?, pin.head_hash),
    };
    let flag = if matches!(signer, HeadSigner::Admin(_)) {
        FLAG_ADMIN
    } else {
        0
    };
    let mut front = Writer::with_capacity(FRONT_BYTES);
    front.bytes(MAGIC).u8(SUITE).u8(flag).zeros(2);
    let front = front
        .bytes(new.charter.collection_id())
        .u32(new.charter.epoch())
        .finish();
    let mut back = Writer::with_capacity(BACK_TO - BACK_FROM);
    back.u64(head_no).bytes(&prev_hash).bytes(new.charter.hash());
    let back = back
        .bytes(&new.root_page_id)
        .bytes(&new.refs_hash)
        .u64(new.time)
        .finish();

    let mut inside = Inside {
        author: author.account,
        seq: author.seq,
        signature: [0; 64],
        entries: new.entries,
        checkpoint: new.checkpoint,
    };
    inside.signature = author
        .identity
        .sign(Label::SigHeadId, &[&front, &back, &inside.to_unsigned()]);
    let context = Context::new(Label::Head, &[&front, &back]);
    let sealed = ce::seal(key.key(), &context, &pad(&to_cbor(&inside), BOX_UNIT), random)?;

    let box_len = u32::try_from(sealed.len()).map_err(|_| SealError::TooLong)?;
    let mut out = Writer::with_capacity(HEAD_HEADER_BYTES + HEAD_BOX_BYTES);
    out.bytes(&front)
        .u32(box_len)
        .bytes(&back)
        .bytes(&hash::sha256(&sealed));
    let mut bytes = out.bytes(&signer.key().verifying_key().to_bytes()).finish();
    let sig = signer.key().sign(Label::SigHead, &[&bytes]);
    bytes.extend_from_slice(&sig);
    bytes.extend_from_slice(&sealed);
    Ok(Head::parse(&bytes)?.verify(new.charter)?)
}

/// A head whose box was opened. Its author is only said so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedHead {
    head: SignedHead,
    inside: Inside,
}

/// A head whose author is proven: a member with the right role, who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHead(OpenedHead);

impl SignedHead {
    /// Opens the box.
    ///
    /// # Errors
    /// [`HeadBoxError::Refused`], [`HeadBoxError::Malformed`].
    pub fn open(self, key: &EpochKey) -> Result<OpenedHead, HeadBoxError> {
        let (front, back) = bound_parts(self.head());
        let sealed = self
            .head()
            .part(HEAD_HEADER_BYTES, HEAD_HEADER_BYTES + HEAD_BOX_BYTES);
        let padded = ce::open(key.key(), &Context::new(Label::Head, &[front, back]), sealed)
            .map_err(|_| HeadBoxError::Refused)?;
        let cbor = unpad(&padded, BOX_UNIT).map_err(|Malformed| HeadBoxError::Malformed)?;
        let inside = from_cbor(cbor).map_err(|Malformed| HeadBoxError::Malformed)?;
        Ok(OpenedHead { head: self, inside })
    }
}

impl OpenedHead {
    /// Who says to have committed: the account and identity number whose bundle is needed.
    #[must_use]
    pub const fn author(&self) -> (Id, u32) {
        (self.inside.author, self.inside.seq)
    }

    /// Accepts the author: a member of the head's charter with the role that its flag needs, who signed.
    ///
    /// # Errors
    /// [`HeadBoxError`].
    pub fn verify_author(
        self,
        charter: &OpenedCharter,
        bundle: &VerifiedBundle,
    ) -> Result<VerifiedHead, HeadBoxError> {
        if self.head.head().charter_hash() != charter.charter().hash() {
            return Err(HeadBoxError::Charter);
        }
        if (*bundle.account_id(), bundle.seq()) != self.author() {
            return Err(HeadBoxError::Author);
        }
        let needed = if self.head.by_admin() {
            Role::Admin
        } else {
            Role::Write
        };
        if charter
            .member_of(bundle)
            .is_none_or(|member| member.role < needed)
        {
            return Err(HeadBoxError::Role);
        }
        let (front, back) = bound_parts(self.head.head());
        let message: [&[u8]; 3] = [front, back, &self.inside.to_unsigned()];
        bundle
            .identity_key()
            .verify(Label::SigHeadId, &message, &self.inside.signature)
            .map_err(|_| HeadBoxError::Author)?;
        Ok(VerifiedHead(self))
    }
}

impl VerifiedHead {
    /// The head.
    #[must_use]
    pub const fn head(&self) -> &SignedHead {
        &self.0.head
    }

    /// The account that committed.
    #[must_use]
    pub const fn author(&self) -> &Id {
        &self.0.inside.author
    }

    /// Entries in the trie.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.0.inside.entries
    }

    /// Last checkpoint that the author saw.
    #[must_use]
    pub const fn checkpoint(&self) -> &TreeHead {
        &self.0.inside.checkpoint
    }
}

/// What the box holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Inside {
    author: Id,
    seq: u32,
    signature: Signature,
    entries: u64,
    checkpoint: TreeHead,
}

impl Inside {
    /// CBOR of 1, 2, 4, 5, what the identity signs.
    fn to_unsigned(&self) -> Vec<u8> {
        let mut out = CborWriter::new();
        out.map(4)
            .key(1)
            .bytes(&self.author)
            .key(2)
            .uint(u64::from(self.seq));
        self.encode_rest(&mut out);
        out.finish().to_vec()
    }

    fn encode_rest(&self, out: &mut CborWriter) {
        out.key(4).uint(self.entries);
        out.key(5)
            .array(2)
            .uint(self.checkpoint.size)
            .bytes(&self.checkpoint.root);
    }
}

/// What the box holds, from bytes to bytes.
#[cfg(feature = "parsers")]
pub(crate) fn rewrite(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::parsers::cbor::<Inside>(bytes)
}

impl Schema for Inside {
    fn encode(&self, out: &mut CborWriter) {
        out.map(5)
            .key(1)
            .bytes(&self.author)
            .key(2)
            .uint(u64::from(self.seq));
        out.key(3).bytes(&self.signature);
        self.encode_rest(out);
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let author = input.fixed()?;
        input.key(&mut keys, 2)?;
        let seq = input.u32()?;
        input.key(&mut keys, 3)?;
        let signature = input.fixed()?;
        input.key(&mut keys, 4)?;
        let entries = input.uint()?;
        input.key(&mut keys, 5)?;
        input.tuple(2)?;
        let checkpoint = TreeHead {
            size: input.uint()?,
            root: input.fixed()?,
        };
        keys.end()?;
        Ok(Self {
            author,
            seq,
            signature,
            entries,
            checkpoint,
        })
    }
}

/// The number after a pin; 2^64-1 is never a head's.
fn number_after(pin: &Pin) -> Option<u64> {
    pin.head_no.checked_add(1).filter(|head_no| *head_no != u64::MAX)
}

/// [0..28] and [32..176]: everything that the head says, without the box's own length and hash.
fn bound_parts(head: &Head) -> (&[u8], &[u8]) {
    (head.part(0, FRONT_BYTES), head.part(BACK_FROM, BACK_TO))
}

const FRONT_BYTES: usize = 28;
const BACK_FROM: usize = 32;
const BACK_TO: usize = 176;

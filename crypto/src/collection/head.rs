//! Heads, CVH1, 304 bytes and a box: the signed record of one commit, each naming the one before.
//!
//! Read, checked against a charter and placed in the chain here without any key: this is the server's
//! compare-and-swap. Who committed is in the box: `open`, behind the feature `keys`.
//! spec/collection.md section 3, checklist 20, 24, 28, 30, 38.

use crate::codec::{Malformed, Reader};
use crate::collection::charter::VerifiedCharter;
use crate::id::{Hash32, Id, SUITE};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::{Signature, VerifyingKey};

#[cfg(feature = "keys")]
pub use super::head_box::{
    HeadBoxError, HeadSigner, MakeHeadError, NewHead, OpenedHead, VerifiedHead, make_head,
};

/// Bytes of a head before its box.
pub const HEAD_HEADER_BYTES: usize = 304;
/// Bytes of a head's box: its contents always fit one unit of 256.
pub const HEAD_BOX_BYTES: usize = 328;
/// Bytes of a head.
pub const HEAD_BYTES: usize = HEAD_HEADER_BYTES + HEAD_BOX_BYTES;

/// Why a head was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not a head of this suite: length, magic, suite, flags, reserved bytes, number, box length or box hash.
    #[error("not a head")]
    Malformed,
    /// A head of another collection.
    #[error("a head of another collection")]
    OtherCollection,
    /// It names another charter or epoch than the one given.
    #[error("the head names another charter")]
    Charter,
    /// It was not signed by the charter's key for its flag.
    #[error("the signature of the head does not hold")]
    Signature,
}

/// A well-formed head. Nothing about it is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    bytes: Box<[u8; HEAD_BYTES]>,
    by_admin: bool,
    collection_id: Id,
    epoch: u32,
    head_no: u64,
    prev_hash: Hash32,
    charter_hash: Hash32,
    root_page_id: Hash32,
    refs_hash: Hash32,
    time: u64,
    signer_pk: VerifyingKey,
    sig: Signature,
}

impl Head {
    /// Reads a head, header and box.
    ///
    /// # Errors
    /// [`HeadError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, HeadError> {
        parse(bytes).map_err(|Malformed| HeadError::Malformed)
    }

    /// charter_hash: which charter it was signed under.
    #[must_use]
    pub const fn charter_hash(&self) -> &Hash32 {
        &self.charter_hash
    }

    /// The bytes as received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Accepts a head of this charter: same collection, epoch and charter, signed by its key for the head's flag.
    ///
    /// # Errors
    /// [`HeadError`] says which rule it breaks.
    pub fn verify(self, charter: &VerifiedCharter) -> Result<SignedHead, HeadError> {
        if self.collection_id != *charter.collection_id() {
            return Err(HeadError::OtherCollection);
        }
        if self.epoch != charter.epoch() || self.charter_hash != *charter.hash() {
            return Err(HeadError::Charter);
        }
        let key = if self.by_admin {
            charter.admin_pk()
        } else {
            charter.write_pk()
        };
        if self.signer_pk != *key {
            return Err(HeadError::Signature);
        }
        key.verify(Label::SigHead, &[self.part(0, SIGNED_BYTES)], &self.sig)
            .map_err(|_| HeadError::Signature)?;
        let hash = hash::labelled(Label::HeadHash, self.part(0, HEAD_HEADER_BYTES));
        Ok(SignedHead {
            hash,
            charter_no: charter.charter_no(),
            head: self,
        })
    }

    /// Its bytes from its fields; the box and its length and hash from the box.
    #[cfg(feature = "parsers")]
    pub(crate) fn rewrite(&self) -> Option<Vec<u8>> {
        let sealed = self.bytes.get(HEAD_HEADER_BYTES..)?;
        let mut out = crate::codec::Writer::with_capacity(HEAD_BYTES);
        out.bytes(b"CVH1\x01").u8(u8::from(self.by_admin)).zeros(2);
        out.bytes(&self.collection_id).u32(self.epoch);
        out.u32(u32::try_from(sealed.len()).ok()?).u64(self.head_no);
        out.bytes(&self.prev_hash).bytes(&self.charter_hash);
        out.bytes(&self.root_page_id).bytes(&self.refs_hash);
        out.u64(self.time).bytes(&hash::sha256(sealed));
        out.bytes(&self.signer_pk.to_bytes()).bytes(&self.sig);
        Some(out.bytes(sealed).finish())
    }

    /// [from..to] of the header.
    pub(super) fn part(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }
}

/// A head that the key of its charter signed. Its place in the chain is another question: [`Pin::place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    head: Head,
    hash: Hash32,
    charter_no: u32,
}

impl SignedHead {
    /// Which collection.
    #[must_use]
    pub const fn collection_id(&self) -> &Id {
        &self.head.collection_id
    }

    /// The epoch of its charter; its root page is sealed under it.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.head.epoch
    }

    /// Its number in the chain, from 0.
    #[must_use]
    pub const fn head_no(&self) -> u64 {
        self.head.head_no
    }

    /// The number of the charter that it was signed under.
    #[must_use]
    pub const fn charter_no(&self) -> u32 {
        self.charter_no
    }

    /// head_hash = SHA-256(L(head-hash) ‖ header of 304 bytes).
    #[must_use]
    pub const fn hash(&self) -> &Hash32 {
        &self.hash
    }

    /// head_hash of the head before; zeros in head 0.
    #[must_use]
    pub const fn prev_hash(&self) -> &Hash32 {
        &self.head.prev_hash
    }

    /// The root of the trie of pages.
    #[must_use]
    pub const fn root_page_id(&self) -> &Hash32 {
        &self.head.root_page_id
    }

    /// What [`Refs::hash`](crate::collection::refs::Refs::hash) of the commit's lists must be.
    #[must_use]
    pub const fn refs_hash(&self) -> &Hash32 {
        &self.head.refs_hash
    }

    /// Seconds UTC as its author said them. Nothing is decided by it.
    #[must_use]
    pub const fn time(&self) -> u64 {
        self.head.time
    }

    /// Whether the admin key signed: what it drops is erased at once.
    #[must_use]
    pub const fn by_admin(&self) -> bool {
        self.head.by_admin
    }

    /// The bytes as received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        self.head.to_bytes()
    }

    /// Its place in the chain, to remember.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        Pin {
            head_no: self.head.head_no,
            head_hash: self.hash,
            charter_no: self.charter_no,
        }
    }

    #[cfg(feature = "keys")]
    pub(super) const fn head(&self) -> &Head {
        &self.head
    }
}

/// The newest head that somebody has accepted: nothing older is accepted again, nothing else of that number ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Its number.
    pub head_no: u64,
    /// Its head_hash.
    pub head_hash: Hash32,
    /// The number of its charter; charter numbers never fall along the chain.
    pub charter_no: u32,
}

/// Where a head stands beside a [`Pin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that follows: number +1, naming the pinned head.
    Next,
    /// The pinned head itself.
    Same,
    /// Further on; the heads in between are needed to say more. Accept them one by one.
    Ahead,
    /// An older one: the past served as the present.
    Rollback,
    /// Another chain: the pinned number with another hash, or a follower of another head.
    Fork,
    /// It follows, but under an older charter than the pinned head.
    CharterFell,
}

impl Pin {
    /// Where `head` stands beside this pin. Only [`Place::Next`] and [`Place::Same`] are fit to be accepted.
    #[must_use]
    pub fn place(&self, head: &SignedHead) -> Place {
        let head_no = head.head_no();
        if head_no < self.head_no {
            return Place::Rollback;
        }
        if head_no == self.head_no {
            return if head.hash == self.head_hash {
                Place::Same
            } else {
                Place::Fork
            };
        }
        if head.charter_no < self.charter_no {
            return Place::CharterFell;
        }
        // head_no > self.head_no, so this cannot overflow.
        if head_no - 1 > self.head_no {
            return Place::Ahead;
        }
        if *head.prev_hash() == self.head_hash {
            Place::Next
        } else {
            Place::Fork
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Head, Malformed> {
    let bytes: Box<[u8; HEAD_BYTES]> = Box::new(bytes.try_into().map_err(|_| Malformed)?);
    let mut reader = Reader::new(bytes.as_slice());
    reader.expect(MAGIC)?;
    reader.expect(&[SUITE])?;
    let by_admin = match reader.u8()? {
        0 => false,
        FLAG_ADMIN => true,
        _ => return Err(Malformed),
    };
    reader.zeros(2)?;
    let collection_id = reader.array()?;
    let epoch = reader.u32()?;
    let box_len = reader.u32()?;
    let head_no = reader.u64()?;
    let prev_hash: Hash32 = reader.array()?;
    let charter_hash = reader.array()?;
    let root_page_id = reader.array()?;
    let refs_hash = reader.array()?;
    let time = reader.u64()?;
    let box_hash: Hash32 = reader.array()?;
    let signer_pk = VerifyingKey::from_bytes(&reader.array()?).map_err(|_| Malformed)?;
    let sig = reader.array()?;
    let sealed = reader.rest();
    // 2^64-1 stands for the end of an epoch elsewhere; head 0 alone follows nothing.
    let numbered = head_no != u64::MAX && (head_no == 0) == (prev_hash == [0; 32]);
    let boxed = usize::try_from(box_len) == Ok(HEAD_BOX_BYTES) && hash::sha256(sealed) == box_hash;
    if !numbered || !boxed {
        return Err(Malformed);
    }
    Ok(Head {
        bytes,
        by_admin,
        collection_id,
        epoch,
        head_no,
        prev_hash,
        charter_hash,
        root_page_id,
        refs_hash,
        time,
        signer_pk,
        sig,
    })
}

pub(super) const MAGIC: &[u8; 4] = b"CVH1";
/// Flag bit 0: signed by the admin key.
pub(super) const FLAG_ADMIN: u8 = 1;
/// [0..240].
pub(super) const SIGNED_BYTES: usize = 240;

//! The descriptor: what lets its holder find, open and check one body (`spec/body.md`, 7). It holds K_body.
//!
//! CBOR of 1 body_id, 2 K_body, 3 body_hash, 4 body_root, 5 plain_len, 6 content_root, 7 media type, 8 author account,
//! 9 author seq, 10 author_sig. Key 11 (origin) comes with deposits; until then it is refused.

use crate::codec::{CborReader, CborWriter, Malformed, Schema, from_cbor, to_cbor};
use crate::document::body::BodyHeader;
use crate::document::padding::Shape;
use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::secret::{BodyKey, Key32};
use crate::signature::{Signature, SignatureError, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

pub use crate::document::media::MediaType;

/// The bytes are no descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a descriptor")]
pub struct DescriptorError;

/// The author is another than said, or did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not signed by its author")]
pub struct AuthorError;

/// Finds, opens and checks one body. It holds K_body: whoever reads it reads the document.
#[derive(Clone)]
pub struct Descriptor {
    body_id: Id,
    body_key: BodyKey,
    body_hash: Hash32,
    body_root: Hash32,
    plain_len: u64,
    content_root: Hash32,
    media: MediaType,
    author: Id,
    author_seq: u32,
    author_sig: Signature,
}

/// Who writes a descriptor: the account, the number of its identity, and the identity's key.
pub struct Author<'a> {
    /// Account id.
    pub account: Id,
    /// Number of the identity bundle that holds the key.
    pub seq: u32,
    /// The identity's secret key.
    pub identity: &'a SigningKey,
}

/// What the descriptor says of the plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Bytes, without padding.
    pub plain_len: u64,
    /// Root over its pieces (see [`content`](crate::document::content)).
    pub content_root: Hash32,
    /// Its type.
    pub media: MediaType,
}

/// An author's signature with all that it covers; no key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorship {
    /// Account id of the author.
    pub account: Id,
    /// Number of the identity bundle that holds his key.
    pub seq: u32,
    /// Hash of the header of the body that held the plaintext.
    pub body_hash: Hash32,
    /// Bytes of plaintext.
    pub plain_len: u64,
    /// Root over the pieces of the plaintext (see [`content`](crate::document::content)).
    pub content_root: Hash32,
    /// Sig(identity, sig/author, body_hash ‖ plain_len u64 ‖ content_root).
    pub signature: Signature,
}

impl Authorship {
    /// Checks the signature: the account and identity number that it names, and that identity's key. The caller takes
    /// all three from a verified bundle, and compares length and root with the plaintext itself.
    ///
    /// # Errors
    /// Another author, or no signature of his.
    pub fn verify(&self, account: &Id, seq: u32, key: &VerifyingKey) -> Result<(), AuthorError> {
        if *account != self.account || seq != self.seq {
            return Err(AuthorError);
        }
        let length = self.plain_len.to_be_bytes();
        key.verify(
            Label::SigAuthor,
            &[&self.body_hash, &length, &self.content_root],
            &self.signature,
        )
        .map_err(|SignatureError| AuthorError)
    }
}

impl Descriptor {
    /// Describes a sealed body, signed by its author:
    /// Sig(identity, sig/author, body_hash ‖ plain_len u64 ‖ content_root).
    #[must_use]
    pub fn new(header: &BodyHeader, key: &BodyKey, content: &Content, author: &Author<'_>) -> Self {
        let body_hash = header.hash();
        let length = content.plain_len.to_be_bytes();
        let message: [&[u8]; 3] = [&body_hash, &length, &content.content_root];
        Self {
            body_id: *header.body_id(),
            body_key: key.clone(),
            body_hash,
            body_root: *header.body_root(),
            plain_len: content.plain_len,
            content_root: content.content_root,
            media: content.media,
            author: author.account,
            author_seq: author.seq,
            author_sig: author.identity.sign(Label::SigAuthor, &message),
        }
    }

    /// Reads a descriptor: deterministic CBOR, the closed schema.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, DescriptorError> {
        if bytes.len() > MAX_DESCRIPTOR_BYTES {
            return Err(DescriptorError);
        }
        from_cbor(bytes).map_err(|Malformed| DescriptorError)
    }

    /// Its one form, about 350 bytes, with K_body inside.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        to_cbor(self)
    }

    /// Checks the author: the account and identity number that the descriptor names, and its signature under that
    /// identity's key. The caller takes all three from a verified bundle.
    ///
    /// # Errors
    /// Another author, or no signature of his.
    pub fn verify_author(&self, account: &Id, seq: u32, key: &VerifyingKey) -> Result<(), AuthorError> {
        self.authorship().verify(account, seq, key)
    }

    /// Key 10, and what it covers: for someone who reads the plaintext without the body.
    #[must_use]
    pub const fn authorship(&self) -> Authorship {
        Authorship {
            account: self.author,
            seq: self.author_seq,
            body_hash: self.body_hash,
            plain_len: self.plain_len,
            content_root: self.content_root,
            signature: self.author_sig,
        }
    }

    /// Key 1.
    #[must_use]
    pub const fn body_id(&self) -> &Id {
        &self.body_id
    }

    /// Key 2: opens the body.
    #[must_use]
    pub const fn body_key(&self) -> &BodyKey {
        &self.body_key
    }

    /// Key 3: the hash of the header.
    #[must_use]
    pub const fn body_hash(&self) -> &Hash32 {
        &self.body_hash
    }

    /// Key 4: the root over the chunks.
    #[must_use]
    pub const fn body_root(&self) -> &Hash32 {
        &self.body_root
    }

    /// Key 5: bytes of plaintext.
    #[must_use]
    pub const fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// Key 6: the root over the plaintext's pieces; to be compared after a full read.
    #[must_use]
    pub const fn content_root(&self) -> &Hash32 {
        &self.content_root
    }

    /// Key 7.
    #[must_use]
    pub const fn media(&self) -> MediaType {
        self.media
    }

    /// Key 8: who made these bytes. Believed after [`verify_author`](Self::verify_author) alone.
    #[must_use]
    pub const fn author(&self) -> &Id {
        &self.author
    }

    /// Key 9: the number of the author's identity bundle.
    #[must_use]
    pub const fn author_seq(&self) -> u32 {
        self.author_seq
    }
}

impl Schema for Descriptor {
    fn encode(&self, out: &mut CborWriter) {
        out.map(10);
        out.key(1).bytes(&self.body_id);
        out.key(2).bytes(self.body_key.key().expose());
        out.key(3).bytes(&self.body_hash);
        out.key(4).bytes(&self.body_root);
        out.key(5).uint(self.plain_len);
        out.key(6).bytes(&self.content_root);
        out.key(7).uint(self.media as u64);
        out.key(8).bytes(&self.author);
        out.key(9).uint(u64::from(self.author_seq));
        out.key(10).bytes(&self.author_sig);
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        let mut at = |input: &mut CborReader<'_>, key| input.key(&mut keys, key);
        at(input, 1)?;
        let body_id = input.fixed()?;
        at(input, 2)?;
        let body_key = BodyKey::new(Key32::new(input.fixed()?));
        at(input, 3)?;
        let body_hash = input.fixed()?;
        at(input, 4)?;
        let body_root = input.fixed()?;
        at(input, 5)?;
        let plain_len = input.uint()?;
        at(input, 6)?;
        let content_root = input.fixed()?;
        at(input, 7)?;
        let media = MediaType::from_number(input.uint()?)?;
        at(input, 8)?;
        let author = input.fixed()?;
        at(input, 9)?;
        let author_seq = input.u32()?;
        at(input, 10)?;
        let author_sig = input.fixed()?;
        keys.end()?;
        Shape::of_plain(plain_len).map_err(|_| Malformed)?;
        Ok(Self {
            body_id,
            body_key,
            body_hash,
            body_root,
            plain_len,
            content_root,
            media,
            author,
            author_seq,
            author_sig,
        })
    }
}

/// Above any descriptor of this version, so that a huge input costs nothing.
const MAX_DESCRIPTOR_BYTES: usize = 4_096;

//! Thumbnails: small pictures of documents, each a body of its own, made by a screen that could draw the document.
//!
//! Never required: a document without one is whole, and one that cannot be stored is left out. A picture that is not
//! ours to believe is refused like a document. spec/flows.md section 6.

use crypto::account::upload::UploadRecord;
use crypto::document::body::{BodyKind, BodySealer};
use crypto::document::content;
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};
use crypto::document::padding::Shape;
use crypto::random::Random;
use crypto::secret::BodyKey;
use shared::document::{BeginUpload, CommitUpload};
use shared::{BodyId, Hash};
use zeroize::Zeroizing;

use super::commit::{CommitError, Committed, Signer};
use super::document::change_entry;
use super::item::ObjectId;
use super::read::{ReadError, Which};
use super::retry;
use super::upload::UploadError;
use super::watch::Watch;
use crate::api;
use crate::evidence::{Check, Known, Refused, Route, Subject};
use crate::session::Unlocked;

/// Bytes of a thumbnail, at most.
pub const THUMBNAIL_BYTES: usize = 64 * 1024;

/// One part of ciphertext, and what stands around it.
struct Sealed {
    record: UploadRecord,
    ct_len: u64,
    part: Vec<u8>,
    part_hash: [u8; 32],
    header: Vec<u8>,
    header_hash: [u8; 32],
    descriptor: Descriptor,
}

impl Unlocked {
    /// The small picture of a document: JPEG, PNG or WebP, at most [`THUMBNAIL_BYTES`].
    ///
    /// # Errors
    /// [`ReadError::NotFound`] where it has none.
    pub async fn read_thumbnail(&self, object: &ObjectId) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let mut picture = Zeroizing::new(Vec::new());
        self.read_into(object, Which::Thumbnail, &mut *picture, &Watch::none())
            .await?;
        Ok(picture)
    }

    /// Gives a document a picture, instead of the one it has. Where its content is replaced meanwhile, the picture shows
    /// what is no longer there and is left out.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`], [`UploadError::File`] for what is no picture; the others as for an upload.
    pub async fn set_thumbnail(&self, object: &ObjectId, picture: &[u8]) -> Result<Committed, UploadError> {
        let id = object.parse().ok_or(CommitError::NotFound)?;
        self.ready().await?;
        Box::pin(self.may_write()).await?;
        let (_, content) = self.described(object).ok_or(CommitError::NotFound)?;
        let thumbnail = self.store_thumbnail(picture).await?;
        let committed = self.commit(Signer::Write, |index, by| {
            let entry = index.entry(&id).ok_or(CommitError::NotFound)?;
            let shown = entry.descriptor.as_ref().map(Descriptor::body_id);
            if shown != Some(content.body_id()) {
                return Ok(());
            }
            change_entry(index, by, &id, |entry| entry.thumbnail = Some(thumbnail))
        });
        Ok(committed.await?)
    }

    /// The descriptor of its picture; one that is larger than any client makes it is none.
    pub(crate) fn picture(&self, object: &ObjectId) -> Option<Descriptor> {
        let state = self.state().ok()?;
        let thumbnail = state.index.entry(&object.parse()?)?.thumbnail.clone()?;
        let small = thumbnail.plain_len() <= THUMBNAIL_BYTES as u64;
        small.then_some(thumbnail)
    }

    /// A picture beside a document that is being saved: what stands in its way must not stand in the document's.
    pub(crate) async fn store_beside(
        &self,
        picture: Option<&[u8]>,
    ) -> Result<Option<Descriptor>, UploadError> {
        let Some(picture) = picture else {
            return Ok(None);
        };
        match self.store_thumbnail(picture).await {
            Ok(thumbnail) => Ok(Some(thumbnail)),
            Err(UploadError::Refused(refusal)) => Err(refusal.into()),
            Err(_) => Ok(None),
        }
    }

    /// Stores a picture as a body of its own: a new key each time, never continued, so its record holds no digest.
    async fn store_thumbnail(&self, picture: &[u8]) -> Result<Descriptor, UploadError> {
        if picture.len() > THUMBNAIL_BYTES {
            return Err(UploadError::TooLarge);
        }
        let media = picture_type(picture).ok_or(UploadError::File(crate::error::FileError))?;
        let body = BodyId(self.device().make_bytes().map_err(|_| UploadError::Device)?);
        let sealed = self
            .device()
            .with_random(|random| self.seal_thumbnail(body, picture, media, random))
            .ok_or(UploadError::Device)?;
        let id = self.account_id();
        let record = self
            .device()
            .with_random(|random| {
                let (account, key) = (id.as_bytes(), self.account_key());
                sealed.record.seal(account, &body.0, 1, key, random)
            })
            .map_err(|_| UploadError::Device)?;
        let begin = BeginUpload {
            body_id: body,
            ct_len: sealed.ct_len,
            record: record.to_bytes().into(),
        };
        let (transport, session) = (self.transport(), self.session());
        retry(self.device(), || api::document::begin(transport, session, &begin)).await?;
        let (part, hash) = (bytes::Bytes::from(sealed.part), Hash(sealed.part_hash));
        retry(self.device(), || {
            api::document::put_part(transport, session, body, 0, part.clone(), hash)
        })
        .await?;
        let commit = CommitUpload {
            header: sealed.header.into(),
        };
        let stored = retry(self.device(), || {
            api::document::commit(transport, session, body, &commit)
        })
        .await?;
        if stored.body_hash.0 != sealed.header_hash {
            let own = Known::Body {
                id: body,
                hash: Some(Hash(sealed.header_hash)),
            };
            let told = &stored.body_hash.0;
            let refused = Refused::new(Check::Header, Subject::Upload, Route::UploadCommit, told);
            return Err(self.refuse(refused.knowing([own])).await.into());
        }
        Ok(sealed.descriptor)
    }

    fn seal_thumbnail(
        &self,
        body: BodyId,
        picture: &[u8],
        media: MediaType,
        random: &mut dyn Random,
    ) -> Option<Sealed> {
        let plain_len = picture.len() as u64;
        let mut salt = [0; 24];
        random.fill(&mut salt).ok()?;
        let record = UploadRecord {
            body_key: BodyKey::make(random).ok()?,
            salt,
            plain_len,
            digest: None,
        };
        let key = &record.body_key;
        let mut sealer = BodySealer::new(key, salt, body.0, BodyKind::Thumbnail, plain_len).ok()?;
        let part = sealer.seal_part(0, picture).ok()?;
        let header = sealer.header(&[part.hash]).ok()?;
        let identity = self.secrets.current().ok()?;
        let author = Author {
            account: self.account_id.0,
            seq: identity.seq(),
            identity: identity.signing(),
        };
        let content = Content {
            plain_len,
            content_root: content::fold_content_parts(&[content::part_content_root(picture)]),
            media,
        };
        let descriptor = Descriptor::new(&header, key, &content, &author);
        Some(Sealed {
            ct_len: Shape::of_plain(plain_len).ok()?.ct_len,
            part: part.bytes,
            part_hash: part.hash,
            header: header.to_bytes().to_vec(),
            header_hash: header.hash(),
            descriptor,
            record,
        })
    }
}

/// JPEG, PNG or WebP by their first bytes; nothing else is a thumbnail.
fn picture_type(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        _ => None,
    }
}

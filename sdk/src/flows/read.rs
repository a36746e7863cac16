//! Reading a document: entry, author, header, part hashes, last chunk, then parts; constant memory.
//!
//! Nothing unverified leaves this module: every byte given to a sink lies under the root that the signed list names.
//! spec/flows.md section 7, checklist 24-26, 29.

use crypto::document::body::{BodyError, BodyHeader, BodyOpener};
use crypto::document::content::ContentHasher;
use crypto::document::descriptor::Descriptor;
use crypto::document::padding::{PART_BYTES, Shape};
use futures::{StreamExt, stream};
use shared::{BodyId, ErrorCode, Hash};
use zeroize::Zeroizing;

use super::item::ObjectId;
use super::watch::{Counter, Step, Watch};
use super::{Sink, retry};
use crate::api;
use crate::error::{ApiError, FileError};
use crate::evidence::{Check, Known, Refusal, Refused, Route, Subject};
use crate::session::Unlocked;

/// Why a document was not (wholly) read. What a sink got before an error is to be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No document of this id is in the list.
    #[error("no such document")]
    NotFound,
    /// The range begins or ends past the document's end.
    #[error("outside the document")]
    Range,
    /// The person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The sink could not take it.
    #[error(transparent)]
    File(#[from] FileError),
    /// The network or the server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What the server gave is not the document: nothing of the refused part was handed out.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Which of a document's bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// What it is now.
    Current,
    /// What it was: its place among the older contents.
    Older(u32),
    /// Its small picture.
    Thumbnail,
}

/// Which body of which document is read: what a refusal names.
struct Named {
    name: String,
    body: BodyId,
    /// As the signed list has it.
    hash: Hash,
}

/// A document whose header and end were verified.
struct Opened {
    named: Named,
    opener: BodyOpener,
    /// As the header's root covers them.
    part_hashes: Vec<[u8; 32]>,
    plain_len: u64,
    content_root: [u8; 32],
}

impl Opened {
    /// Part `part` as it should have come.
    fn known_part(&self, part: u32) -> Option<Known> {
        let hash = self.part_hashes.get(usize::try_from(part).ok()?)?;
        Some(Known::Part {
            number: part,
            len: self.opener.shape().part_ct_len(part)?,
            hash: Hash(*hash),
        })
    }
}

impl Unlocked {
    /// Writes the whole document into `sink`, in order. Only `Ok` says that it is whole and the one that was saved.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn download(
        &self,
        object: &ObjectId,
        sink: &mut dyn Sink,
        watch: &Watch<'_>,
    ) -> Result<(), ReadError> {
        self.read_into(object, Which::Current, sink, watch).await
    }

    /// [`Unlocked::download`] of an older content: see [`Unlocked::versions`].
    ///
    /// # Errors
    /// [`ReadError`]; `NotFound` also where there is no such version.
    pub async fn download_version(
        &self,
        object: &ObjectId,
        index: u32,
        sink: &mut dyn Sink,
        watch: &Watch<'_>,
    ) -> Result<(), ReadError> {
        self.read_into(object, Which::Older(index), sink, watch).await
    }

    pub(crate) async fn read_into(
        &self,
        object: &ObjectId,
        which: Which,
        sink: &mut dyn Sink,
        watch: &Watch<'_>,
    ) -> Result<(), ReadError> {
        let mut opened = self.open_body(object, which).await?;
        let shape = *opened.opener.shape();
        let counter = Counter::new(watch, Step::Receiving, opened.plain_len);
        let mut content = ContentHasher::new();
        // Parts of padding too: who sees the ranges learns the padded length, which is no secret, and no more.
        let wanted = 0..shape.parts;
        let body = opened.named.body;
        let mut parts = stream::iter(wanted)
            .map(|part| self.fetch_part(body, shape, part))
            .buffered(AHEAD);
        let mut part = 0;
        while let Some(fetched) = parts.next().await {
            if watch.cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let bytes = match fetched {
                Ok(bytes) => bytes,
                Err(error) => return Err(self.withheld(error, Route::Content, &opened.named).await),
            };
            let plain = match opened.opener.open_part(part, &bytes) {
                Ok(plain) => plain,
                Err(_) => return Err(self.refuse_part(&opened, part, &bytes).await),
            };
            part += 1;
            if plain.is_empty() {
                continue;
            }
            content.update(&plain);
            sink.write(&plain).await?;
            counter.add(plain.len() as u64);
        }
        if content.total() != opened.plain_len || content.root() != opened.content_root {
            // Neither the content nor its root, which would tell it: the body that held it.
            let (named, route) = (&opened.named, Route::Content);
            return Err(self
                .refuse_document(Check::Content, named, route, named.hash.as_bytes(), None)
                .await);
        }
        Ok(())
    }

    /// The bytes `[start, start + len)` of the document; fetches only the parts that hold them.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_range(
        &self,
        object: &ObjectId,
        start: u64,
        len: u64,
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let mut opened = self.open_body(object, Which::Current).await?;
        let end = start
            .checked_add(len)
            .filter(|end| *end <= opened.plain_len)
            .ok_or(ReadError::Range)?;
        let mut out = Zeroizing::new(Vec::new());
        if len == 0 {
            return Ok(out);
        }
        let shape = *opened.opener.shape();
        for part in part_of(start)..=part_of(end - 1) {
            let bytes = match self.fetch_part(opened.named.body, shape, part).await {
                Ok(bytes) => bytes,
                Err(error) => return Err(self.withheld(error, Route::Content, &opened.named).await),
            };
            let plain = match opened.opener.open_part(part, &bytes) {
                Ok(plain) => plain,
                Err(_) => return Err(self.refuse_part(&opened, part, &bytes).await),
            };
            let at = u64::from(part) * PART_BYTES;
            let from = usize::try_from(start.saturating_sub(at)).unwrap_or(usize::MAX);
            let to = usize::try_from(end - at).unwrap_or(usize::MAX).min(plain.len());
            out.extend_from_slice(plain.get(from..to).unwrap_or_default());
        }
        Ok(out)
    }

    /// Header, part hashes and last chunk, each verified before the next is asked for.
    async fn open_body(&self, object: &ObjectId, which: Which) -> Result<Opened, ReadError> {
        let (name, current) = self.described(object).ok_or(ReadError::NotFound)?;
        let descriptor = match which {
            Which::Current => Some(current),
            Which::Older(index) => self.older(object, index),
            Which::Thumbnail => self.picture(object),
        };
        let descriptor = descriptor.ok_or(ReadError::NotFound)?;
        let body = BodyId(*descriptor.body_id());
        let hash = Hash(*descriptor.body_hash());
        let named = Named { name, body, hash };
        if !self.is_own_author(&descriptor) {
            let bytes = named.hash.as_bytes();
            return Err(self
                .refuse_document(Check::Author, &named, Route::Pages, bytes, None)
                .await);
        }
        // The descriptor's length was checked when it was read.
        let shape = Shape::of_plain(descriptor.plain_len()).map_err(|_| ReadError::NotFound)?;
        let call = || api::document::body(self.transport(), self.session(), body, shape.parts.into());
        let stored = match retry(self.device(), call).await {
            Ok(stored) => stored,
            Err(error) => return Err(self.withheld(error, Route::Body, &named).await),
        };
        let (header, hashes) = (stored.header.as_slice(), stored.part_hashes.as_slice());
        let Ok(parsed) = BodyHeader::parse(header) else {
            return Err(self.refuse_body(Check::Header, &named, header).await);
        };
        let (hashes_array, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(self.refuse_body(Check::PartHashes, &named, hashes).await);
        }
        let mut opener = match BodyOpener::new(&descriptor, &parsed, hashes_array) {
            Ok(opener) => opener,
            Err(BodyError::Hashes) => {
                return Err(self.refuse_body(Check::PartHashes, &named, hashes).await);
            }
            Err(_) => return Err(self.refuse_body(Check::Header, &named, header).await),
        };
        self.verify_end(&mut opener, &named).await?;
        Ok(Opened {
            named,
            opener,
            part_hashes: hashes_array.to_vec(),
            plain_len: descriptor.plain_len(),
            content_root: *descriptor.content_root(),
        })
    }

    /// The last chunk first: the body ends where the header says.
    async fn verify_end(&self, opener: &mut BodyOpener, named: &Named) -> Result<(), ReadError> {
        let (at, end) = (opener.shape().last_chunk_at(), opener.shape().ct_len);
        let call = || api::document::content(self.transport(), self.session(), named.body, at, end - at);
        let chunk = match retry(self.device(), call).await {
            Ok(chunk) => chunk,
            Err(error) => return Err(self.withheld(error, Route::Content, named).await),
        };
        if opener.open_last_chunk(&chunk).is_err() {
            return Err(self
                .refuse_document(Check::Part, named, Route::Content, &chunk, None)
                .await);
        }
        Ok(())
    }

    async fn fetch_part(&self, body: BodyId, shape: Shape, part: u32) -> Result<bytes::Bytes, ApiError> {
        let at = u64::from(part) * crypto::document::padding::SEALED_PART_BYTES;
        let len = shape.part_ct_len(part).unwrap_or(0);
        retry(self.device(), || {
            api::document::content(self.transport(), self.session(), body, at, len)
        })
        .await
    }

    /// A body that the newest list names and the server does not give is missing: evidence. But another device may
    /// have purged it meanwhile; so the list is read again first.
    async fn withheld(&self, error: ApiError, route: Route, named: &Named) -> ReadError {
        match error.problem_code() {
            Some(ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::RangeNotSatisfiable) => {
                if self.sync().await.is_ok() && !self.names_body(named.body) {
                    return ReadError::NotFound;
                }
                self.refuse_document(Check::BodyMissing, named, route, &[], None)
                    .await
            }
            _ if error == ApiError::Hostile => {
                self.refuse_document(Check::Part, named, route, &[], None).await
            }
            _ => error.into(),
        }
    }

    /// Whether the list, as far as it was read, names this body: as content now or before, or as a picture.
    pub(crate) fn names_body(&self, body: BodyId) -> bool {
        self.state().is_ok_and(|state| {
            state
                .index
                .entries()
                .any(|entry| entry.bodies().any(|named| *named == body.0))
        })
    }

    async fn refuse_part(&self, opened: &Opened, part: u32, bytes: &[u8]) -> ReadError {
        let known = opened.known_part(part);
        self.refuse_document(Check::Part, &opened.named, Route::Content, bytes, known)
            .await
    }

    async fn refuse_body(&self, check: Check, named: &Named, bytes: &[u8]) -> ReadError {
        self.refuse_document(check, named, Route::Body, bytes, None).await
    }

    /// Refuses, beside the body that the signed list names.
    async fn refuse_document(
        &self,
        check: Check,
        named: &Named,
        route: Route,
        bytes: &[u8],
        part: Option<Known>,
    ) -> ReadError {
        let subject = Subject::Document {
            name: named.name.clone(),
        };
        let body = Known::Body {
            id: named.body,
            hash: Some(named.hash),
        };
        let refused = Refused::new(check, subject, route, bytes)
            .knowing([body])
            .knowing(part);
        self.refuse(refused).await.into()
    }

    /// Own = own author_sig (checklist 31).
    fn is_own_author(&self, descriptor: &Descriptor) -> bool {
        let replica = self.replica.borrow();
        let bundle = replica.bundle();
        descriptor
            .verify_author(bundle.account_id(), bundle.seq(), bundle.identity_key())
            .is_ok()
    }
}

fn part_of(at: u64) -> u32 {
    u32::try_from(at / PART_BYTES).unwrap_or(u32::MAX)
}

/// Parts fetched before the one in hand is used: about 1 MiB of memory each.
const AHEAD: usize = 3;

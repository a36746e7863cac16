//! A file on its way: read twice, sealed part by part, sent several parts at once; then header, entry, journal.
//!
//! No part leaves unless its plaintext is the one whose digest stands in the authenticated record: so no (key, nonce)
//! covers two different chunks out there, whatever the server says it has. spec/flows.md section 6.

use std::cell::Cell;
use std::collections::BTreeSet;

use crypto::document::content;
use crypto::document::padding::{PART_BYTES, Shape};
use futures::{StreamExt, TryStreamExt, stream};
use shared::document::{CommitUpload, Upload};
use shared::{ErrorCode, Hash};

use super::journal::{self, UploadNote};
use super::seal::SealJob;
use super::upload::{UploadError, Uploaded};
use super::watch::{Counter, Progress, Step, Watch};
use super::{Source, retry};
use crate::api;
use crate::error::FileError;
use crate::evidence::{Check, Known, Refused, Route, Subject};
use crate::session::Unlocked;

/// One file on its way: what is read, where it goes.
pub(crate) struct Passage<'a> {
    pub(crate) file: &'a dyn Source,
    pub(crate) watch: &'a Watch<'a>,
    pub(crate) job: SealJob,
    pub(crate) note: UploadNote,
    /// Content hash of every part, from the first reading: what may be sealed.
    pub(crate) content: Vec<[u8; 32]>,
    /// A small picture to store beside it.
    pub(crate) thumbnail: Option<&'a [u8]>,
}

impl Unlocked {
    /// Sends what is missing. What the server says it has saves sending, and is proven by its own fold at the end.
    pub(crate) async fn continue_passage(
        &self,
        passage: &Passage<'_>,
        stored: Option<Upload>,
    ) -> Result<Uploaded, UploadError> {
        let all = (0..part_count(passage.file.len())).collect::<BTreeSet<_>>();
        let has = stored.map_or(all, |upload| upload.parts.into_iter().collect());
        let hashes = self.send_parts(passage, &has).await?;
        match self.finish(passage, &hashes, true).await {
            Err(UploadError::Api(error)) if error.problem_code() == Some(ErrorCode::Refused) => {
                // Parts that it claimed to have are missing: everything again, with the same hashes.
                let hashes = self.send_parts(passage, &BTreeSet::new()).await?;
                self.finish(passage, &hashes, true).await
            }
            settled => settled,
        }
    }

    /// First reading: the content hash of every part.
    pub(crate) async fn read_through(
        &self,
        file: &dyn Source,
        watch: &Watch<'_>,
    ) -> Result<Vec<[u8; 32]>, UploadError> {
        let mut roots = Vec::new();
        for part in 0..content_parts(file.len()) {
            if watch.cancel.is_cancelled() {
                return Err(UploadError::Cancelled);
            }
            let plain = read_part(file, part).await?;
            roots.push(self.device().sealer().hash(plain).await?);
        }
        Ok(roots)
    }

    /// Seals every part and sends those not in `has`, several at once; the hashes in order.
    pub(crate) async fn send_parts(
        &self,
        passage: &Passage<'_>,
        has: &BTreeSet<u32>,
    ) -> Result<Vec<[u8; 32]>, UploadError> {
        let len = passage.file.len();
        let sealing = Counter::new(passage.watch, Step::Encrypting, len);
        let sending = Counter::new(passage.watch, Step::Sending, len);
        let stop = Cell::new(false);
        let (sealing, sending, stop) = (&sealing, &sending, &stop);
        stream::iter(0..part_count(len))
            .map(|part| async move {
                if passage.watch.cancel.is_cancelled() || stop.get() {
                    return Err(UploadError::Cancelled);
                }
                let sent = self
                    .send_part(passage, part, has.contains(&part), sealing, sending)
                    .await;
                // One failure is enough: what is behind it does not begin.
                stop.set(stop.get() || sent.is_err());
                sent
            })
            .buffered(self.device().sealer().width().max(1))
            .try_collect()
            .await
    }

    async fn send_part(
        &self,
        passage: &Passage<'_>,
        part: u32,
        has: bool,
        sealing: &Counter<'_>,
        sending: &Counter<'_>,
    ) -> Result<[u8; 32], UploadError> {
        let plain = read_part(passage.file, part).await?;
        let len = plain.len() as u64;
        let sealed = self.device().sealer().seal(&passage.job, part, plain).await?;
        // What was sealed is what the record's digest covers, or it never leaves: the file changed under our hands.
        let expected = usize::try_from(part)
            .ok()
            .and_then(|part| passage.content.get(part));
        if expected.map_or(len != 0, |root| *root != sealed.content) {
            return Err(UploadError::File(FileError));
        }
        sealing.add(len);
        if !has {
            // Another act of this client may have met a contradiction meanwhile.
            self.stop_now()?;
            let put = || {
                let (session, body) = (self.session(), passage.note.body);
                let (bytes, hash) = (sealed.bytes.clone(), Hash(sealed.part_hash));
                api::document::put_part(self.transport(), session, body, part, bytes, hash)
            };
            retry(self.device(), put).await?;
        }
        sending.add(len);
        Ok(sealed.part_hash)
    }

    /// Header, then the entry, then the journal: each step can be repeated.
    pub(crate) async fn finish(
        &self,
        passage: &Passage<'_>,
        hashes: &[[u8; 32]],
        continued: bool,
    ) -> Result<Uploaded, UploadError> {
        if passage.watch.cancel.is_cancelled() {
            return Err(UploadError::Cancelled);
        }
        let body = passage.note.body;
        let header = passage
            .job
            .sealer()?
            .header(hashes)
            .map_err(|_| UploadError::Device)?;
        let commit = CommitUpload {
            header: header.to_bytes().as_slice().into(),
        };
        let commit = || api::document::commit(self.transport(), self.session(), body, &commit);
        let stored = retry(self.device(), commit).await?;
        if stored.body_hash.0 != header.hash() {
            let own = Known::Body {
                id: body,
                hash: Some(Hash(header.hash())),
            };
            let told = &stored.body_hash.0;
            let refused = Refused::new(Check::Header, Subject::Upload, Route::UploadCommit, told);
            return Err(self.refuse(refused.knowing([own])).await.into());
        }
        let digest = content::fold_content_parts(&passage.content);
        let descriptor = self.make_descriptor(&passage.job, &header, digest, &passage.note.media)?;
        let thumbnail = self.store_beside(passage.thumbnail).await?;
        let (object, committed) = self.file_document(&passage.note, descriptor, thumbnail).await?;
        journal::remove(
            self.device(),
            self.local_key(),
            journal::UPLOADS,
            &body.to_string(),
        )
        .await?;
        let total = passage.file.len();
        (passage.watch.progress)(Progress {
            step: Step::Saved,
            done: total,
            total,
        });
        Ok(Uploaded {
            object,
            body,
            continued,
            merged: committed.merged,
        })
    }
}

/// Parts of the ciphertext.
pub(crate) fn part_count(plain_len: u64) -> u32 {
    Shape::of_plain(plain_len).map_or(0, |shape| shape.parts)
}

/// Parts that hold content: the last ones may be padding alone.
const fn content_parts(plain_len: u64) -> u32 {
    (plain_len.div_ceil(PART_BYTES)) as u32
}

/// The plaintext of part `part`: empty where it is padding alone.
async fn read_part(file: &dyn Source, part: u32) -> Result<Vec<u8>, FileError> {
    let start = u64::from(part).saturating_mul(PART_BYTES);
    let len = file.len().saturating_sub(start).min(PART_BYTES);
    if len == 0 {
        Ok(Vec::new())
    } else {
        file.read(start, len as usize).await
    }
}

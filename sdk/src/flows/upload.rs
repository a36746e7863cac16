//! Upload of one document: what begins, what may be continued (rule R), what is given up. spec/flows.md section 6.
//!
//! The record with K_body, salt and digest precedes the first part; `passage` sends.

use std::collections::BTreeSet;

use crypto::account::record::Record;
use crypto::account::upload::UploadRecord;
use crypto::collection::name::Name;
use crypto::document::content;
use crypto::document::padding::Shape;
use crypto::secret::BodyKey;
use serde::{Deserialize, Serialize};
use shared::document::{BeginUpload, Upload};
use shared::{BodyId, ErrorCode};

use super::barred::Barred;
use super::commit::{CommitError, MergeNote};
use super::item::{Category, ObjectId};
use super::journal::{self, UploadNote};
use super::many::to_tags;
use super::passage::{Passage, part_count};
use super::seal::{SealJob, SealerError};
use super::watch::Watch;
use super::{Source, retry};
use crate::api;
use crate::error::{ApiError, FileError, LocalError};
use crate::evidence::{Check, Known, Refusal, Refused, Route, Subject};
use crate::session::Unlocked;

/// What the person wants to keep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NewDocument {
    /// Its name; brought to normal form C, refused where it holds what a name may not hold.
    pub name: String,
    /// The folder to put it in; `None` for the root.
    pub parent: Option<ObjectId>,
    /// Media type of the closed list; anything else is kept as `application/octet-stream`.
    pub media: String,
    /// What it is about.
    pub category: Option<Category>,
    /// The person's own tags; see [`Unlocked::set_tags`].
    pub tags: Vec<String>,
    /// Until when to keep it, Unix seconds; `None` for good, or as it was where it replaces.
    pub retention_end: Option<u64>,
    /// The document whose new content this is; what it had becomes its newest older version. One that is gone by then
    /// does not lose the content: it becomes a document of its own.
    pub replace: Option<ObjectId>,
    /// A small picture of it, at most [`THUMBNAIL_BYTES`](super::thumbnail::THUMBNAIL_BYTES); one that cannot be stored
    /// is left out. Not kept in the journal.
    pub thumbnail: Option<Vec<u8>>,
}

impl NewDocument {
    /// As its journal has it; the picture is the caller's.
    fn of_note(note: &UploadNote, thumbnail: Option<Vec<u8>>) -> Self {
        let object = |id: &Option<shared::Blob>| {
            let id = id.as_ref()?.as_slice().try_into().ok()?;
            Some(ObjectId::of(&id))
        };
        Self {
            name: note.name.clone(),
            parent: object(&note.parent),
            media: note.media.clone(),
            category: note.category,
            tags: note.tags.clone(),
            retention_end: note.retention_end,
            replace: object(&note.replace),
            thumbnail,
        }
    }
}

/// A document is saved: the server has acknowledged body and list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Its entry.
    pub object: ObjectId,
    /// The body that holds it; another than the one resumed where the file had changed.
    pub body: BodyId,
    /// Whether an upload that had begun was continued.
    pub continued: bool,
    /// What a merge with another device decided on the way; to be shown.
    pub merged: Vec<MergeNote>,
}

/// An upload that began and is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Which.
    pub body: BodyId,
    /// What the person called it; known on the device where it began.
    pub name: Option<String>,
    /// Bytes of content.
    pub len: u64,
    /// Parts that the server says it has, for a bar on a screen; never a ground to continue.
    pub parts: u32,
    /// Parts in all.
    pub parts_total: u32,
}

/// Why a document was not saved. Nothing appears in the list unless the upload succeeded.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The name holds what a name may not hold, or is too long.
    #[error("not a name")]
    Name,
    /// Larger than any body may be.
    #[error("too large")]
    TooLarge,
    /// It would pass the account's quota; nothing was sent.
    #[error("the quota would be passed by {missing} bytes")]
    Quota {
        /// Bytes of ciphertext that do not fit.
        missing: u64,
    },
    /// The person stopped it. It can be continued, or given up with `abandon`.
    #[error("cancelled")]
    Cancelled,
    /// The file cannot be read, or changed while it was read; nothing of the changed bytes was sent.
    #[error("the file cannot be read")]
    File(#[from] FileError),
    /// The account's log has no fresh signatures of its witnesses, and its policy stops writing until it has.
    #[error("the log's witnesses have not signed for too long")]
    Stale,
    /// The network or the server; it can be continued.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The body is stored, the list could not be changed; `resume` tries the list again.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// This device cannot keep its journal, or has no randomness, or a worker died.
    #[error("this device failed")]
    Device,
}

impl From<Barred> for UploadError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Refused(refusal) => Self::Refused(refusal),
            Barred::Stale => Self::Stale,
            Barred::Api(error) => Self::Api(error),
            Barred::Local => Self::Device,
        }
    }
}

impl From<LocalError> for UploadError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl From<SealerError> for UploadError {
    fn from(_: SealerError) -> Self {
        Self::Device
    }
}

impl Unlocked {
    /// Saves `file` as a new document.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn upload(
        &self,
        file: &dyn Source,
        new: &NewDocument,
        watch: &Watch<'_>,
    ) -> Result<Uploaded, UploadError> {
        self.verify_agreed()?;
        // Before a large file is read for nothing.
        Name::normalised(&new.name).map_err(|_| UploadError::Name)?;
        to_tags(&new.tags)?;
        Box::pin(self.may_write()).await?;
        let content = self.read_through(file, watch).await?;
        self.upload_fresh(file, new, watch, content).await
    }

    /// Continues the upload of `body` from `file`, if rule R allows it; else saves `file` as a new body.
    ///
    /// `new` says name and place where this device did not begin the upload; where it did, its journal does.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn resume(
        &self,
        body: BodyId,
        file: &dyn Source,
        new: &NewDocument,
        watch: &Watch<'_>,
    ) -> Result<Uploaded, UploadError> {
        self.verify_agreed()?;
        Box::pin(self.may_write()).await?;
        let stored = api::document::uploads(self.transport(), self.session()).await?;
        let stored = stored.items.into_iter().find(|upload| upload.body_id == body);
        let note = self
            .upload_notes()
            .await?
            .into_iter()
            .find(|note| note.body == body);
        let content = self.read_through(file, watch).await?;
        let new = match &note {
            Some(note) => NewDocument::of_note(note, new.thumbnail.clone()),
            None => new.clone(),
        };
        let record = match (&stored, &note) {
            (Some(upload), _) => Some(self.open_record(upload).await?),
            (None, Some(note)) => self.open_record_bytes(body, note.record.as_slice()),
            (None, None) => None,
        };
        // Rule R (a): only the very file whose digest the authenticated record names.
        let digest = content::fold_content_parts(&content);
        let same = record.filter(|record| record.plain_len == file.len() && record.digest == Some(digest));
        if let Some(record) = same {
            let note = match note {
                Some(note) => note,
                None => {
                    let bytes = stored
                        .as_ref()
                        .map(|upload| upload.record.clone())
                        .unwrap_or_default();
                    self.make_note(body, &new, bytes)?
                }
            };
            let job = SealJob::new(record.body_key.clone(), record.salt, body.0, record.plain_len);
            let passage = Passage {
                file,
                watch,
                job,
                note,
                content: content.clone(),
                thumbnail: new.thumbnail.as_deref(),
            };
            match self.continue_passage(&passage, stored).await {
                // The server knows neither upload nor body: it never began, or it died of age.
                Err(UploadError::Api(error)) if error.problem_code() == Some(ErrorCode::NotFound) => {}
                settled => return settled,
            }
        }
        self.abandon(body).await?;
        self.upload_fresh(file, &new, watch, content).await
    }

    /// Gives an upload up: the server forgets it, the reserved quota is free again.
    ///
    /// # Errors
    /// [`UploadError::Api`], [`UploadError::Device`].
    pub async fn abandon(&self, body: BodyId) -> Result<(), UploadError> {
        match api::document::abandon(self.transport(), self.session(), body).await {
            Err(error) if error.problem_code() != Some(ErrorCode::NotFound) => return Err(error.into()),
            _ => {}
        }
        journal::remove(
            self.device(),
            self.local_key(),
            journal::UPLOADS,
            &body.to_string(),
        )
        .await?;
        Ok(())
    }

    /// The uploads that began on any device and are not finished. Those whose records do not open are left out, with
    /// the first of them as evidence: a list full of them must not push other evidence out. One whose body the list
    /// names is finished, whatever the server says.
    ///
    /// # Errors
    /// [`UploadError::Api`], [`UploadError::Device`].
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, UploadError> {
        let stored = api::document::uploads(self.transport(), self.session()).await?;
        let notes = self.upload_notes().await?;
        let (mut found, mut refused) = (Vec::new(), None);
        for upload in stored
            .items
            .iter()
            .filter(|upload| !self.names_body(upload.body_id))
        {
            // A bad record must not stand in the way of the others, nor of a new upload.
            let Some(record) = self.open_record_bytes(upload.body_id, upload.record.as_slice()) else {
                refused = refused.or(Some(upload));
                continue;
            };
            // Of a thumbnail: never continued, it dies of age.
            if record.digest.is_none() {
                continue;
            }
            let note = notes.iter().find(|note| note.body == upload.body_id);
            let parts_total = part_count(record.plain_len);
            found.push(Unfinished {
                body: upload.body_id,
                name: note.map(|note| note.name.clone()),
                len: record.plain_len,
                parts: told_parts(&upload.parts, parts_total),
                parts_total,
            });
        }
        if let Some(upload) = refused {
            self.refuse_upload_record(upload).await;
        }
        // It never reached the server, or all of it did and only the list is missing: `resume` finds out.
        for note in notes
            .iter()
            .filter(|note| !stored.items.iter().any(|upload| upload.body_id == note.body))
        {
            let Some(record) = self.open_record_bytes(note.body, note.record.as_slice()) else {
                continue;
            };
            found.push(Unfinished {
                body: note.body,
                name: Some(note.name.clone()),
                len: record.plain_len,
                parts: 0,
                parts_total: part_count(record.plain_len),
            });
        }
        Ok(found)
    }

    /// A body of its own for `file`: new id, key and salt, its record before its first part.
    async fn upload_fresh(
        &self,
        file: &dyn Source,
        new: &NewDocument,
        watch: &Watch<'_>,
        content: Vec<[u8; 32]>,
    ) -> Result<Uploaded, UploadError> {
        let shape = Shape::of_plain(file.len()).map_err(|_| UploadError::TooLarge)?;
        self.verify_room(shape.ct_len).await?;
        let body = BodyId(self.device().make_bytes().map_err(|_| UploadError::Device)?);
        let record = UploadRecord {
            body_key: self
                .device()
                .with_random(BodyKey::make)
                .map_err(|_| UploadError::Device)?,
            salt: self.device().make_bytes().map_err(|_| UploadError::Device)?,
            plain_len: file.len(),
            digest: Some(content::fold_content_parts(&content)),
        };
        let id = self.account_id();
        let sealed = self
            .device()
            .with_random(|random| record.seal(id.as_bytes(), &body.0, 1, self.account_key(), random))
            .map_err(|_| UploadError::Device)?;
        let sealed = shared::Blob::from(sealed.to_bytes());
        let note = self.make_note(body, new, sealed.clone())?;
        journal::write(
            self.device(),
            self.local_key(),
            journal::UPLOADS,
            &body.to_string(),
            &note,
        )
        .await?;
        let begin = BeginUpload {
            body_id: body,
            ct_len: shape.ct_len,
            record: sealed,
        };
        retry(self.device(), || {
            api::document::begin(self.transport(), self.session(), &begin)
        })
        .await
        .map_err(full)?;
        let job = SealJob::new(record.body_key.clone(), record.salt, body.0, file.len());
        let passage = Passage {
            file,
            watch,
            job,
            note,
            content,
            thumbnail: new.thumbnail.as_deref(),
        };
        let hashes = self.send_parts(&passage, &BTreeSet::new()).await?;
        self.finish(&passage, &hashes, false).await
    }

    /// Before the start: whether the whole ciphertext fits.
    async fn verify_room(&self, ct_len: u64) -> Result<(), UploadError> {
        let quota = api::account::quota(self.transport(), self.session()).await?;
        let wanted = quota.used.saturating_add(quota.reserved).saturating_add(ct_len);
        match wanted.saturating_sub(quota.limit) {
            0 => Ok(()),
            missing => Err(UploadError::Quota { missing }),
        }
    }

    fn make_note(
        &self,
        body: BodyId,
        new: &NewDocument,
        record: shared::Blob,
    ) -> Result<UploadNote, UploadError> {
        let name = Name::normalised(&new.name).map_err(|_| UploadError::Name)?;
        to_tags(&new.tags)?;
        let object = self
            .device()
            .make_bytes::<16>()
            .map_err(|_| UploadError::Device)?;
        let blob = |id: &Option<ObjectId>| match id {
            Some(id) => match id.parse() {
                Some(id) => Ok(Some(shared::Blob::from(id.as_slice()))),
                None => Err(UploadError::Commit(CommitError::NotFound)),
            },
            None => Ok(None),
        };
        Ok(UploadNote {
            body,
            object: object.as_slice().into(),
            name: name.as_str().to_owned(),
            parent: blob(&new.parent)?,
            media: new.media.clone(),
            category: new.category,
            tags: new.tags.clone(),
            retention_end: new.retention_end,
            replace: blob(&new.replace)?,
            record,
        })
    }

    async fn upload_notes(&self) -> Result<Vec<UploadNote>, UploadError> {
        Ok(journal::read_all(self.device(), self.local_key(), journal::UPLOADS).await?)
    }

    async fn open_record(&self, upload: &Upload) -> Result<UploadRecord, UploadError> {
        match self.open_record_bytes(upload.body_id, upload.record.as_slice()) {
            Some(record) => Ok(record),
            None => Err(self.refuse_upload_record(upload).await.into()),
        }
    }

    async fn refuse_upload_record(&self, upload: &Upload) -> Refusal {
        let bytes = upload.record.as_slice();
        let begun = Known::Body {
            id: upload.body_id,
            hash: None,
        };
        let refused = Refused::new(Check::UploadRecord, Subject::Upload, Route::Uploads, bytes);
        self.refuse(refused.knowing([begun])).await
    }

    fn open_record_bytes(&self, body: BodyId, bytes: &[u8]) -> Option<UploadRecord> {
        let record = Record::parse(bytes).ok()?;
        UploadRecord::open(&record, self.account_id().as_bytes(), &body.0, self.account_key()).ok()
    }
}

/// How many different parts of the body the server names: never more than there are.
fn told_parts(named: &[u32], total: u32) -> u32 {
    let inside = named
        .iter()
        .filter(|part| **part < total)
        .collect::<BTreeSet<_>>();
    u32::try_from(inside.len()).unwrap_or(total)
}

/// The server's word for a quota that is full counts like our own reckoning.
fn full(error: ApiError) -> UploadError {
    match error {
        ApiError::Problem(problem) if problem.code == ErrorCode::QuotaExceeded => {
            UploadError::Quota { missing: 0 }
        }
        other => other.into(),
    }
}

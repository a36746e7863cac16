//! Uploads and downloads: one at a time, with progress and cancel. spec/flows.md section 6.

use std::cell::Cell;

use sdk::flows::commit::MergeNote;
use sdk::flows::document::ObjectId;
use sdk::flows::upload::{NewDocument, Unfinished, UploadError};
use sdk::flows::{Cancel, Source, Step as Done, Watch, watch};
use sdk::session::Unlocked;
use web_sys::File;

use super::{Brought, Desk, failure};
use crate::message::{Answer, CallId, Failure, Progress, Step, UploadOptions};
use crate::platform::file::{BlobSink, FileSource};
use crate::platform::port;

impl Desk {
    /// Encrypts and sends a file; continues where an upload of the same file stopped.
    pub(super) async fn upload(
        &self,
        id: CallId,
        file: Option<File>,
        options: UploadOptions,
    ) -> Result<Answer, Failure> {
        let (safe, file) = (self.safe()?, file.ok_or_else(|| Failure::code("file"))?);
        let new = new_document(&file, options);
        let source = FileSource(file);
        let running = Running::begin(self, id);
        let _turn = self.turn.lock().await;
        if running.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let tell = teller(id, source.len());
        let watch = Watch {
            cancel: running.cancel.clone(),
            progress: &tell,
        };
        match send(&safe, &source, &new, &watch).await {
            Ok(merged) => {
                self.keep_list(&safe, true).await;
                Ok(Answer::Listing(self.listing(&safe, merged).await))
            }
            Err(UploadError::Cancelled) => {
                // A person's cancel gives the upload up. Where that fails the server forgets it by itself, in days.
                let _ = abandon(&safe, &new, source.len()).await;
                Err(Failure::Cancelled)
            }
            Err(error) => Err(failure(&error)),
        }
    }

    /// Fetches, checks and decrypts a document into a Blob; nothing is handed out unless all of it is right.
    pub(super) async fn download(&self, id: CallId, object: &ObjectId) -> Brought {
        self.fetch(id, object, None).await
    }

    /// The same for an older content.
    pub(super) async fn download_version(&self, id: CallId, object: &ObjectId, index: u32) -> Brought {
        self.fetch(id, object, Some(index)).await
    }

    async fn fetch(&self, id: CallId, object: &ObjectId, version: Option<u32>) -> Brought {
        let safe = self.safe()?;
        let running = Running::begin(self, id);
        let _turn = self.turn.lock().await;
        if running.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let len = match version {
            None => {
                let items = safe.list();
                let item = items.iter().find(|item| item.id == *object);
                item.map_or(0, |item| item.len)
            }
            Some(index) => {
                let versions = safe.versions(object);
                let version = versions.iter().find(|version| version.index == index);
                version.map_or(0, |version| version.len)
            }
        };
        let tell = teller(id, len);
        let watch = Watch {
            cancel: running.cancel.clone(),
            progress: &tell,
        };
        let mut sink = BlobSink::default();
        let read = match version {
            None => safe.download(object, &mut sink, &watch).await,
            Some(index) => safe.download_version(object, index, &mut sink, &watch).await,
        };
        read.map_err(|error| failure(&error))?;
        // Never the document's own type: no browser may show decrypted content inside this origin.
        let blob = sink
            .finish("application/octet-stream")
            .map_err(|_| Failure::code("file"))?;
        Ok((Answer::Done, Some(blob)))
    }
}

async fn send(
    safe: &Unlocked,
    source: &FileSource,
    new: &NewDocument,
    watch: &Watch<'_>,
) -> Result<Vec<MergeNote>, UploadError> {
    let begun = unfinished(safe, new, source.len()).await?;
    let uploaded = match begun.first() {
        Some(begun) => safe.resume(begun.body, source, new, watch).await?,
        None => safe.upload(source, new, watch).await?,
    };
    Ok(uploaded.merged)
}

async fn abandon(safe: &Unlocked, new: &NewDocument, len: u64) -> Result<(), UploadError> {
    for begun in unfinished(safe, new, len).await? {
        safe.abandon(begun.body).await?;
    }
    Ok(())
}

/// Uploads of a file of this name and length that began on this device. The sdk looks at the content (rule R).
async fn unfinished(safe: &Unlocked, new: &NewDocument, len: u64) -> Result<Vec<Unfinished>, UploadError> {
    let mut begun = safe.unfinished().await?;
    begun.retain(|begun| begun.len == len && begun.name.as_deref() == Some(new.name.as_str()));
    Ok(begun)
}

fn new_document(file: &File, options: UploadOptions) -> NewDocument {
    NewDocument {
        name: options.name.unwrap_or_else(|| file.name()),
        parent: options.parent,
        media: file.type_(),
        category: options.category,
        tags: options.tags,
        retention_end: options.retention_end,
        replace: options.replace,
        thumbnail: options.thumbnail,
    }
}

/// Joins what the sdk says of each step into one state of the whole.
pub(super) fn teller(id: CallId, total: u64) -> impl Fn(watch::Progress) {
    let now = Cell::new(Progress {
        step: Step::Encrypting,
        sealed: 0,
        moved: 0,
        total,
    });
    port::say_progress(id, now.get());
    move |said: watch::Progress| {
        let mut next = now.get();
        match said.step {
            Done::Encrypting => next.sealed = said.done,
            Done::Sending | Done::Receiving => next.moved = said.done,
            Done::Saved => next.step = Step::Saved,
        }
        if next.moved > 0 && next.step == Step::Encrypting {
            next.step = Step::Sending;
        }
        now.set(next);
        port::say_progress(id, next);
    }
}

/// A transfer that can be cancelled for as long as this lives.
pub(super) struct Running<'a> {
    desk: &'a Desk,
    id: CallId,
    pub(super) cancel: Cancel,
}

impl<'a> Running<'a> {
    pub(super) fn begin(desk: &'a Desk, id: CallId) -> Self {
        let cancel = Cancel::new();
        desk.running.borrow_mut().insert(id, cancel.clone());
        Self { desk, id, cancel }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.desk.running.borrow_mut().remove(&self.id);
    }
}

//! Calls that take everything away or bring much in: one archive out, an archive or a folder in. spec/archive.md.

use sdk::error::FileError;
use sdk::fault::Fault;
use sdk::flows::Watch;
use sdk::flows::archive::parcel::{Loose, Parcel};
use sdk::flows::archive::read::Archive;
use sdk::flows::archive::write::{Choice, ExportError, Exported, Target};
use sdk::session::Unlocked;
use web_sys::Blob;

use super::transfer::{Running, teller};
use super::{Brought, Desk, failure};
use crate::message::archive::{ArchiveAnswer, ArchiveCall};
use crate::message::{Answer, CallId, Failure};
use crate::platform::archive::{Beside, FileTarget, PieceTarget};
use crate::platform::file::FileSource;

impl Desk {
    pub(super) async fn archive(&self, id: CallId, call: ArchiveCall, beside: Beside) -> Brought {
        match call {
            ArchiveCall::Export { trash } => self.export(id, Choice { trash }, &beside).await,
            ArchiveCall::ImportArchive => {
                let file = beside.file().ok_or_else(|| Failure::code("file"))?;
                let source = FileSource(file);
                let archive = Archive::open(&source).await.map_err(|error| failure(&error))?;
                self.import(id, &Parcel::of_archive(archive)).await
            }
            ArchiveCall::ImportFolder { paths } => {
                let files = beside.files();
                let media: Vec<_> = files.iter().map(|file| file.type_()).collect();
                let sources: Vec<_> = files.into_iter().map(FileSource).collect();
                if sources.len() != paths.len() {
                    return Err(Failure::code("internal"));
                }
                let loose = paths.into_iter().zip(media).zip(&sources);
                let loose = loose.map(|((path, media), source)| Loose { path, media, source });
                let parcel = Parcel::of_folder(loose.collect()).await;
                self.import(id, &parcel.map_err(|error| failure(&error))?).await
            }
        }
    }

    /// The newest list first: an archive of yesterday's would leave something out.
    async fn export(&self, id: CallId, choice: Choice, beside: &Beside) -> Brought {
        let safe = self.safe()?;
        let running = Running::begin(self, id);
        let _turn = self.turn.lock().await;
        safe.sync().await.map_err(|error| failure(&error))?;
        let sizes = safe
            .list()
            .into_iter()
            .filter(|item| choice.trash || !item.in_trash);
        let tell = teller(id, sizes.map(|item| item.len).sum());
        let watch = Watch {
            cancel: running.cancel.clone(),
            progress: &tell,
        };
        let (done, blob) = match beside.chosen() {
            Some(chosen) => {
                let target = FileTarget::begin(&chosen).await.map_err(no_file)?;
                (into_file(&safe, target, choice, &watch).await?, None)
            }
            None => {
                let mut target = PieceTarget::default();
                let done = write(&safe, &mut target, choice, &watch).await?;
                (done, Some(target.finish().map_err(no_file)?))
            }
        };
        let answer = ArchiveAnswer::Exported {
            documents: done.documents,
            missing: done.missing,
        };
        Ok((Answer::Archive(answer), blob))
    }

    async fn import(&self, id: CallId, parcel: &Parcel<'_>) -> Result<(Answer, Option<Blob>), Failure> {
        let safe = self.safe()?;
        let running = Running::begin(self, id);
        let _turn = self.turn.lock().await;
        let tell = teller(id, parcel.size());
        let watch = Watch {
            cancel: running.cancel.clone(),
            progress: &tell,
        };
        let done = safe
            .import(parcel, &watch)
            .await
            .map_err(|error| failure(&error))?;
        let listing = self.listing(&safe, Vec::new()).await;
        Ok((Answer::Archive(ArchiveAnswer::Imported { done, listing }), None))
    }
}

/// A file that did not become whole does not take its place.
async fn into_file(
    safe: &Unlocked,
    mut target: FileTarget,
    choice: Choice,
    watch: &Watch<'_>,
) -> Result<Exported, Failure> {
    match write(safe, &mut target, choice, watch).await {
        Ok(done) => {
            target.finish().await.map_err(no_file)?;
            Ok(done)
        }
        Err(error) => {
            target.give_up().await;
            Err(error)
        }
    }
}

async fn write(
    safe: &Unlocked,
    target: &mut dyn Target,
    choice: Choice,
    watch: &Watch<'_>,
) -> Result<Exported, Failure> {
    safe.export(target, choice, watch)
        .await
        .map_err(|error: ExportError| failure(&error))
}

/// Not the file that is read: the one that is written.
fn no_file(_: FileError) -> Failure {
    Failure::code(ExportError::File(FileError).code())
}

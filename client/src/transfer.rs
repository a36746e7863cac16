//! Uploads and downloads: the lines of the tray, from their beginning to their end. May hold no key, and no screen.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::archive::import::Imported;
use sdk::flows::archive::list::Missing;
use sdk::flows::document::ObjectId;
use web_sys::{Blob, File};

use crate::message::archive::{ArchiveAnswer, ArchiveCall};
use crate::message::{Answer, Call, CallId, Failure, Progress, Step, UploadOptions};
use crate::pages::settings::carry::carried_text;
use crate::platform::archive::{Beside, Chosen};
use crate::platform::{page, thumbnail};
use crate::state::App;

/// One upload or download.
#[derive(Clone)]
pub struct Transfer {
    /// Its call; another one after a retry.
    pub id: CallId,
    /// Name of the file.
    pub name: String,
    /// Which way.
    pub way: Way,
    /// How far. Counted, for it outlives the button that began it.
    pub progress: ArcRwSignal<Progress>,
    /// How it ended, if it did.
    pub end: ArcRwSignal<Option<Result<(), Failure>>>,
}

/// Which way a transfer goes, with what a retry needs.
#[derive(Clone)]
pub enum Way {
    /// Into the safe.
    Up(File, UploadOptions),
    /// Out of it.
    Down(ObjectId),
    /// All of it into one archive.
    Export {
        /// What lies in the trash, too.
        trash: bool,
        /// The file that the person chose.
        to: Option<Chosen>,
    },
    /// An archive, or the files of a folder with their paths, into the safe.
    Import(Vec<File>, Option<Vec<String>>),
}

/// What came of taking everything away, or of bringing much in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// An archive was made.
    Out {
        /// Documents in it.
        documents: u64,
        /// Documents that should be in it and are not.
        missing: Vec<Missing>,
    },
    /// Documents were brought in.
    In(Imported),
}

impl App {
    /// Adds files: each becomes a line of the tray, in the order given.
    pub fn upload(self, files: Vec<File>) {
        self.upload_with(
            files
                .into_iter()
                .map(|file| (file, UploadOptions::default()))
                .collect(),
        );
    }

    /// Adds files, each with what is said of it.
    pub fn upload_with(self, files: Vec<(File, UploadOptions)>) {
        let fill = self.listing.with_untracked(|listing| listing.fill);
        let needed: u64 = files.iter().map(|(file, _)| file.size() as u64).sum();
        // Where the server never said how full the safe is, it says so to the upload.
        if fill.is_some_and(|fill| needed > fill.limit.saturating_sub(fill.used)) {
            self.say_failure(&Failure::code("quota_exceeded"));
            return;
        }
        for (file, options) in files {
            let name = options.name.clone().unwrap_or_else(|| file.name());
            self.begin(name, file.size() as u64, Way::Up(file, options));
        }
    }

    /// Fetches one document and saves it on this device.
    pub fn download(self, object: ObjectId, name: String, len: u64) {
        self.begin(name, len, Way::Down(object));
    }

    /// Takes everything away in one archive of this name: into the chosen file, or saved like any document.
    pub fn carry_out(self, name: String, bytes: u64, trash: bool, to: Option<Chosen>) {
        self.carried.set(None);
        self.begin(name, bytes, Way::Export { trash, to });
    }

    /// Brings the documents of an archive in.
    pub fn carry_in_archive(self, files: Vec<File>) {
        if let Some(file) = files.first() {
            self.carried.set(None);
            let (name, size) = (file.name(), file.size() as u64);
            self.begin(name, size, Way::Import(files, None));
        }
    }

    /// Brings the files of a folder in, each with its path.
    pub fn carry_in_folder(self, files: Vec<File>, paths: Vec<String>) {
        let Some(name) = paths.first().and_then(|path| path.split('/').next()) else {
            return;
        };
        self.carried.set(None);
        let (name, size) = (name.to_owned(), files.iter().map(|file| file.size() as u64).sum());
        self.begin(name, size, Way::Import(files, Some(paths)));
    }

    fn carried(self, answer: ArchiveAnswer) {
        let carried = match answer {
            ArchiveAnswer::Exported { documents, missing } => Carried::Out { documents, missing },
            ArchiveAnswer::Imported { done, listing } => {
                self.show(listing);
                Carried::In(done)
            }
        };
        // The settings say it in full, and to readers too.
        if !page::is_at("/reglages") {
            self.say(carried_text(&carried, self.lang.get_untracked()), None);
        }
        self.carried.set(Some(carried));
    }

    /// Fetches a content by a call that brings one, to show it; the number is for [`App::cancel`]. A refusal raises the
    /// alert.
    pub fn fetch(
        self,
        call: Call,
        progress: impl Fn(Progress) + Clone + 'static,
    ) -> (CallId, impl Future<Output = Result<Blob, Failure>>) {
        let remote = self.line();
        let id = remote.next_id();
        let came = async move {
            let result = self.ask_through(&remote, id, call, None, progress).await;
            if remote.is_ended() {
                return Err(Failure::Cancelled);
            }
            if let Err(failure) = &result {
                self.meet(failure);
            }
            let (_, blob) = result?;
            blob.ok_or_else(|| Failure::code("internal"))
        };
        (id, came)
    }

    /// Asks a transfer to stop.
    pub fn cancel(self, id: CallId) {
        let remote = self.line();
        spawn_local(async move {
            // Its own call answers that it stopped.
            let _ = remote.ask(Call::Cancel { call: id }).await;
        });
    }

    /// Begins a stopped or failed transfer again, as a new line.
    pub fn retry(self, transfer: Transfer) {
        self.dismiss(transfer.id);
        self.begin(
            transfer.name.clone(),
            transfer.progress.get_untracked().total,
            transfer.way,
        );
    }

    /// Takes a finished line off the tray.
    pub fn dismiss(self, id: CallId) {
        self.transfers.update(|lines| lines.retain(|line| line.id != id));
    }

    /// Takes every finished line off the tray.
    pub fn dismiss_finished(self) {
        self.transfers
            .update(|lines| lines.retain(|line| line.end.get_untracked().is_none()));
    }

    fn begin(self, name: String, total: u64, way: Way) {
        let remote = self.line();
        let id = remote.next_id();
        let waiting = Progress {
            step: Step::Waiting,
            sealed: 0,
            moved: 0,
            total,
        };
        let line = Transfer {
            id,
            name,
            way,
            progress: ArcRwSignal::new(waiting),
            end: ArcRwSignal::new(None),
        };
        self.transfers.update(|lines| lines.push(line.clone()));
        spawn_local(async move {
            let (mut call, beside) = asked(&line.way);
            if let (Call::Upload(options), Way::Up(file, _)) = (&mut call, &line.way)
                && options.thumbnail.is_none()
            {
                options.thumbnail = thumbnail::of(file).await;
            }
            let progress = line.progress.clone();
            let tell = move |now| progress.set(now);
            let result = self.ask_through(&remote, id, call, beside, tell).await;
            // What a locked safe still brings is nobody's.
            if !remote.is_ended() {
                self.finish(&line, result);
            }
        });
    }

    fn finish(self, line: &Transfer, result: Result<(Answer, Option<Blob>), Failure>) {
        match result {
            Ok((answer, blob)) => {
                match answer {
                    Answer::Listing(listing) => drop(self.show(listing)),
                    Answer::Archive(answer) => self.carried(answer),
                    _ => {}
                }
                if let Some(blob) = blob {
                    page::save(&blob, &line.name);
                }
                line.progress.update(|progress| progress.step = Step::Saved);
                line.end.set(Some(Ok(())));
            }
            Err(failure) => {
                self.meet(&failure);
                line.end.set(Some(Err(failure)));
            }
        }
    }
}

/// The call of a transfer, and what travels beside it.
fn asked(way: &Way) -> (Call, Option<Beside>) {
    match way {
        Way::Up(file, options) => (Call::Upload(options.clone()), Some(Beside::of_file(file))),
        Way::Down(object) => {
            let object = object.clone();
            (Call::Download { object }, None)
        }
        Way::Export { trash, to } => {
            let call = ArchiveCall::Export { trash: *trash };
            (Call::Archive(call), to.as_ref().map(Beside::of_chosen))
        }
        Way::Import(files, Some(paths)) => {
            let paths = paths.clone();
            let call = ArchiveCall::ImportFolder { paths };
            (Call::Archive(call), Some(Beside::of_files(files)))
        }
        Way::Import(files, None) => (
            Call::Archive(ArchiveCall::ImportArchive),
            files.first().map(Beside::of_file),
        ),
    }
}

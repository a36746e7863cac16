//! What the page knows and every screen shares: the open safe, uploads, the alert, language and theme; and the acts
//! that change it. May hold no key: those live in the worker.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::evidence::Names;
use sdk::flows::archive::import::Imported;
use sdk::flows::archive::list::Missing;
use sdk::flows::document::ObjectId;
use sdk::flows::kit::KitState;
use sdk::flows::notice::WayChange;
use web_sys::{Blob, File};

use crate::door::Doors;
use crate::message::archive::{ArchiveAnswer, ArchiveCall};
use crate::message::{
    Answer, Call, CallId, Failure, Listing, Notice, Opened, Pieces, Progress, Refused, SafeCall, Step,
    UploadOptions,
};
use crate::pages::settings::carry::carried_text;
use crate::platform::archive::{Beside, Chosen};
use crate::platform::page::{self, Theme};
use crate::platform::remote::Remote;
use crate::platform::thumbnail;
use crate::presence::Presence;
use crate::text::{self, Locale};
use crate::wording::{failure_text, merges_text};

/// The language signal; see [`t!`](crate::t).
#[must_use]
pub fn lang() -> RwSignal<Locale> {
    expect_context::<App>().lang
}

/// The shared state.
#[must_use]
pub fn app() -> App {
    expect_context::<App>()
}

/// The shared state; copies share it.
#[derive(Clone, Copy)]
pub struct App {
    /// Language of every text.
    pub lang: RwSignal<Locale>,
    /// Theme.
    pub theme: RwSignal<Theme>,
    /// Whose safe is open; `None` while it is locked.
    pub handle: RwSignal<Option<String>>,
    /// The list of the open safe.
    pub listing: RwSignal<Listing>,
    /// Changes of the ways in that the person has not read yet.
    pub changes: RwSignal<Vec<WayChange>>,
    /// What is known of the recovery sheet of the open safe.
    pub kit: RwSignal<KitState>,
    /// What a first opening on this device found, until the person has read it.
    pub notice: RwSignal<Option<Notice>>,
    /// Uploads and downloads, oldest first.
    pub transfers: RwSignal<Vec<Transfer>, LocalStorage>,
    /// What came of the last archive, until the person has read it.
    pub carried: RwSignal<Option<Carried>>,
    /// One short message, with a way back where there is one.
    pub toast: RwSignal<Option<Toast>>,
    /// Whether it waits: the pointer or the focus is on it.
    pub toast_paused: RwSignal<bool>,
    /// What the button that floats on a phone does: the screen below adds something.
    pub add: RwSignal<Option<Adder>>,
    /// A refusal: while it is there, no other screen is.
    pub alert: RwSignal<Option<Refused>>,
    /// What the public screens share.
    pub doors: Doors,
    /// What the other doors say when the safe locked itself.
    pub locked_by: RwSignal<Option<Failure>>,
    /// Whether somebody is there, and the server.
    pub presence: Presence,
    remote: StoredValue<Remote, LocalStorage>,
    toasts: StoredValue<u32>,
}

/// A short message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What happened.
    pub text: String,
    /// What "Annuler" takes back.
    pub undo: Option<Vec<SafeCall>>,
    number: u32,
}

/// The two ways of adding a document.
#[derive(Clone, Copy)]
pub struct Adder {
    /// Files of this device.
    pub choose: Callback<()>,
    /// A photograph.
    pub photograph: Callback<()>,
}

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
    /// A locked page in the language and theme chosen before.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lang: RwSignal::new(page::stored_locale()),
            theme: RwSignal::new(page::stored_theme()),
            handle: RwSignal::new(None),
            listing: RwSignal::new(Listing::default()),
            changes: RwSignal::new(Vec::new()),
            kit: RwSignal::new(KitState::default()),
            notice: RwSignal::new(None),
            transfers: RwSignal::new_local(Vec::new()),
            carried: RwSignal::new(None),
            toast: RwSignal::new(None),
            toast_paused: RwSignal::new(false),
            add: RwSignal::new(None),
            alert: RwSignal::new(None),
            doors: Doors::new(),
            locked_by: RwSignal::new(None),
            presence: Presence::new(),
            remote: StoredValue::new_local(Remote::default()),
            toasts: StoredValue::new(0),
        }
    }

    /// Asks the worker. A refusal raises the alert, an ended session locks the page; the caller still hears of it.
    /// `Cancelled` where the page was locked meanwhile: nothing of a locked safe is shown.
    pub async fn ask(self, call: Call) -> Result<Answer, Failure> {
        let remote = self.remote.get_value();
        let result = remote.ask(call).await;
        if remote.is_ended() {
            return Err(Failure::Cancelled);
        }
        if let Err(failure) = &result {
            self.meet(failure);
        }
        result
    }

    /// The safe is open: everything that was on screen before belongs to nobody.
    pub fn opened(self, opened: Opened) {
        self.locked_by.set(None);
        self.mark_open();
        self.show(opened.listing);
        self.changes.set(opened.changes);
        self.kit.set(opened.kit);
        self.notice.set(opened.first_time_here);
        self.handle.set(Some(opened.handle));
    }

    /// Locks in every tab of this browser: what was kept goes first, then the worker's keys, and everything that was shown.
    pub fn lock(self) {
        self.close_kept();
        self.forget();
        // The next call starts a worker of its own: it does not wait for this one to go.
        let remote = self.remote.get_value();
        self.remote.set_value(Remote::default());
        remote.end();
    }

    /// Locks this tab alone, because another one did: its worker and its keys end at once. `why` is worded at the door.
    pub(crate) fn lock_here(self, why: &'static str) {
        self.forget();
        self.presence.forget();
        let remote = self.remote.get_value();
        self.remote.set_value(Remote::default());
        remote.cut();
        // What its worker may have been keeping at that moment.
        self.presence.forget_kept();
        self.locked_by.set(Some(Failure::code(why)));
    }

    /// Changes the list by one call, and says it where `done` words it.
    pub fn change(
        self,
        call: Call,
        done: impl FnOnce(Locale) -> Option<(String, Option<Vec<SafeCall>>)> + 'static,
    ) {
        spawn_local(async move {
            match self.ask(call).await {
                Ok(Answer::Listing(listing)) => {
                    // What another device did at the same time comes first: it is never silent.
                    if !self.show(listing)
                        && let Some((text, undo)) = done(self.lang.get_untracked())
                    {
                        self.say(text, undo);
                    }
                }
                Ok(_) => {}
                Err(failure) => self.say_failure(&failure),
            }
        });
    }

    /// Takes back what a short message told of.
    pub fn undo(self, calls: Vec<SafeCall>) {
        spawn_local(async move {
            for call in calls {
                match self.ask(Call::Safe(call)).await {
                    Ok(Answer::Listing(listing)) => {
                        self.show(listing);
                    }
                    Ok(_) => {}
                    Err(failure) => return self.say_failure(&failure),
                }
            }
        });
    }

    /// Shows a short message for ten seconds.
    pub fn say(self, text: String, undo: Option<Vec<SafeCall>>) {
        self.say_for(TOAST_MILLISECONDS, text, undo);
    }

    fn say_for(self, milliseconds: i32, text: String, undo: Option<Vec<SafeCall>>) {
        let number = self.toasts.get_value().wrapping_add(1);
        self.toasts.set_value(number);
        self.toast.set(Some(Toast { text, undo, number }));
        self.fade(milliseconds, number);
    }

    /// Takes a short message away after a while, unless it waits.
    fn fade(self, milliseconds: i32, number: u32) {
        page::later(milliseconds, move || {
            let toast = self.toast.get_untracked();
            if toast.is_none_or(|toast| toast.number != number) {
                return;
            }
            if self.toast_paused.get_untracked() {
                self.fade(TOAST_AGAIN, number);
            } else {
                self.toast.set(None);
            }
        });
    }

    /// Shows why a call brought nothing, unless the alert or the locked door already says it.
    pub fn say_failure(self, failure: &Failure) {
        if let Some(text) = failure_text(failure, self.lang.get_untracked()) {
            self.say(text, None);
        }
    }

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
        self.say(carried_text(&carried, self.lang.get_untracked()), None);
        self.carried.set(Some(carried));
    }

    /// Fetches a content by a call that brings one, to show it; the number is for [`App::cancel`]. A refusal raises the
    /// alert.
    pub fn fetch(
        self,
        call: Call,
        progress: impl Fn(Progress) + 'static,
    ) -> (CallId, impl Future<Output = Result<Blob, Failure>>) {
        let remote = self.remote.get_value();
        let id = remote.next_id();
        let came = async move {
            let result = remote.ask_with(id, call, None, progress).await;
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
        let remote = self.remote.get_value();
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

    /// Saves evidence as one file. Returns why there is none; a screen under which nothing else speaks says it itself.
    pub async fn save_evidence(self, pieces: Pieces, names: Names) -> Result<(), Failure> {
        let remote = self.remote.get_value();
        let call = Call::SaveEvidence { pieces, names };
        let (_, blob) = remote.ask_with(remote.next_id(), call, None, |_| ()).await?;
        let blob = blob.ok_or_else(|| Failure::code("internal"))?;
        page::save(&blob, text::evidence::file_name(self.lang.get_untracked()));
        Ok(())
    }

    fn begin(self, name: String, total: u64, way: Way) {
        let remote = self.remote.get_value();
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
            let result = remote
                .ask_with(id, call, beside, move |now| progress.set(now))
                .await;
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

    fn meet(self, failure: &Failure) {
        match failure {
            Failure::Refused(refused) => self.alert.set(Some(refused.clone())),
            Failure::Code { code } if ends_session(code) && self.handle.get_untracked().is_some() => {
                // The keys end with the session.
                self.lock();
                self.locked_by.set(Some(failure.clone()));
            }
            _ => {}
        }
    }

    /// Shows a list, and says what a merge decided on the way to it. Returns whether there was any to say.
    pub fn show(self, listing: Listing) -> bool {
        let said = merges_text(&listing, self.lang.get_untracked());
        let lines = i32::try_from(listing.merged.len()).unwrap_or(i32::MAX);
        self.listing.set(listing);
        let Some(text) = said else { return false };
        self.say_for(
            TOAST_MILLISECONDS.saturating_mul(lines.min(TOAST_LINES)),
            text,
            None,
        );
        true
    }

    fn forget(self) {
        self.handle.set(None);
        self.listing.set(Listing::default());
        self.changes.set(Vec::new());
        self.kit.set(KitState::default());
        self.notice.set(None);
        self.toast.set(None);
        self.carried.set(None);
        self.doors.forget();
        self.transfers.set(Vec::new());
        thumbnail::forget();
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
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

/// Codes after which nothing more can be asked without opening the safe again. `worker`: it fell over with its keys.
fn ends_session(code: &str) -> bool {
    matches!(
        code,
        "signed_out" | "phrase_changed" | "sheet_changed" | "closed_elsewhere" | "account_closed" | "worker"
    )
}

/// How long a short message stays.
const TOAST_MILLISECONDS: i32 = 10_000;
/// How soon after it waited it is looked at again.
const TOAST_AGAIN: i32 = 3_000;
/// A message of several lines stays longer, up to this many times.
const TOAST_LINES: i32 = 6;

//! What the page knows and every screen shares: the open safe, uploads, the alert, language and theme; and the acts
//! that change it. May hold no key: those live in the worker.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::evidence::Names;
use sdk::flows::item::{Item, ObjectId};
use sdk::flows::kit::KitState;
use sdk::flows::notice::WayChange;

use crate::door::Doors;
use crate::entry::Program;
use crate::message::{
    Answer, Call, CallId, Failure, Listing, Notice, Opened, Pieces, Progress, Refused, SafeCall, Sheet,
};
use crate::platform::archive::Beside;
use crate::platform::format;
use crate::platform::page::{self, Theme};
use crate::platform::remote::{Delivered, Remote};
use crate::platform::thumbnail;
use crate::presence::Presence;
use crate::text::{self, Locale};
use crate::transfer::{Carried, Transfer};
use crate::wording::{failure_text, merges_text};

/// The language signal; see [`t!`](crate::t).
#[must_use]
pub fn lang() -> RwSignal<Locale> {
    expect_context::<App>().lang
}

/// A text in the language chosen, now and after each change of it; what [`t!`](crate::t) makes.
pub fn follows(text: fn(Locale) -> &'static str) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let lang = lang();
    move || text(lang.get())
}

/// The shared state.
#[must_use]
pub fn app() -> App {
    expect_context::<App>()
}

/// The shared state; copies share it.
#[derive(Clone, Copy)]
pub struct App {
    /// Which screens there are.
    pub program: Program,
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
    /// A recovery sheet that was just made, until its screen takes it.
    pub fresh_sheet: RwSignal<Option<Sheet>>,
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

impl App {
    /// A locked page in the language and theme chosen before.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self {
            program,
            lang: RwSignal::new(page::stored_locale()),
            theme: RwSignal::new(page::stored_theme()),
            handle: RwSignal::new(None),
            listing: RwSignal::new(Listing::default()),
            changes: RwSignal::new(Vec::new()),
            kit: RwSignal::new(KitState::default()),
            fresh_sheet: RwSignal::new(None),
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

    /// The item of this id, wherever it lies.
    #[must_use]
    pub fn item(self, id: &ObjectId) -> Option<Item> {
        self.listing
            .with(|listing| listing.items.iter().find(|item| item.id == *id).cloned())
    }

    /// The line to the worker.
    pub(crate) fn line(self) -> Remote {
        self.remote.get_value()
    }

    /// Goes on over this line, which the door's program began.
    pub(crate) fn take_line(self, remote: Remote) {
        self.remote.set_value(remote);
    }

    /// Asks the worker. A refusal raises the alert, an ended session locks the page unless another tab goes on under a
    /// newer one; the caller still hears of it. `Cancelled` where the page was locked meanwhile: nothing of a locked safe
    /// is shown.
    pub async fn ask(self, call: Call) -> Result<Answer, Failure> {
        let remote = self.line();
        let result = self
            .ask_through(&remote, remote.next_id(), call, None, |_| ())
            .await;
        if remote.is_ended() {
            return Err(Failure::Cancelled);
        }
        if let Err(failure) = &result {
            self.meet(failure);
        }
        result.map(|(answer, _)| answer)
    }

    /// Asks, and once more where the session was over and another tab goes on under a newer one. Nothing was done the first
    /// time then: whoever has no session is refused first of all.
    pub(crate) async fn ask_through(
        self,
        remote: &Remote,
        id: CallId,
        call: Call,
        beside: Option<Beside>,
        progress: impl Fn(Progress) + Clone + 'static,
    ) -> Delivered {
        let first = remote.ask_with(id, call.clone(), beside.clone(), progress.clone());
        let result = first.await;
        if matches!(&result, Err(failure) if self.is_over(failure)) && self.renew().await {
            return remote.ask_with(id, call, beside, progress).await;
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
        let remote = self.line();
        self.remote.set_value(Remote::default());
        remote.end();
    }

    /// Locks this tab alone, because another one did: its worker and its keys end at once. `why` is worded at the door.
    pub(crate) fn lock_here(self, why: &'static str) {
        self.forget();
        self.presence.forget();
        let remote = self.line();
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

    /// Saves evidence as one file. Returns why there is none; a screen under which nothing else speaks says it itself.
    pub async fn save_evidence(self, pieces: Pieces, names: Names) -> Result<(), Failure> {
        let remote = self.line();
        let call = Call::SaveEvidence { pieces, names };
        let (_, blob) = remote.ask_with(remote.next_id(), call, None, |_| ()).await?;
        let blob = blob.ok_or_else(|| Failure::code("internal"))?;
        page::save(&blob, text::evidence::file_name(self.lang.get_untracked()));
        Ok(())
    }

    /// Saves the journal as it was read last, as one file.
    pub async fn save_history(self) -> Result<(), Failure> {
        let remote = self.line();
        let (_, blob) = remote
            .ask_with(remote.next_id(), Call::SaveHistory, None, |_| ())
            .await?;
        let blob = blob.ok_or_else(|| Failure::code("internal"))?;
        let day = format::iso_day(format::now());
        page::save(&blob, &text::journal::file_name(self.lang.get_untracked(), &day));
        Ok(())
    }

    /// Whether the open safe's session is over, and perhaps no more than that.
    fn is_over(self, failure: &Failure) -> bool {
        let open = self.handle.with_untracked(Option::is_some);
        open && matches!(failure, Failure::Code { code } if session_is_over(code))
    }

    pub(crate) fn meet(self, failure: &Failure) {
        match failure {
            Failure::Refused(refused) => self.alert.set(Some(refused.clone())),
            Failure::Code { code } if ends_safe(code) && self.handle.get_untracked().is_some() => {
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
        self.fresh_sheet.set(None);
        self.notice.set(None);
        self.toast.set(None);
        self.carried.set(None);
        self.doors.forget();
        self.transfers.set(Vec::new());
        thumbnail::forget();
    }
}

/// Codes after which nothing more can be asked without opening the safe again. `worker`: it fell over with its keys.
fn ends_safe(code: &str) -> bool {
    session_is_over(code) || matches!(code, "account_closed" | "worker")
}

/// Codes of a session that the server does not know any more.
fn session_is_over(code: &str) -> bool {
    matches!(
        code,
        "signed_out" | "phrase_changed" | "sheet_changed" | "closed_elsewhere"
    )
}

/// How long a short message stays.
const TOAST_MILLISECONDS: i32 = 10_000;
/// How soon after it waited it is looked at again.
const TOAST_AGAIN: i32 = 3_000;
/// A message of several lines stays longer, up to this many times.
const TOAST_LINES: i32 = 6;

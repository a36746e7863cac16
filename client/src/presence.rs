//! Going on with an open safe after a reload, locking it in every tab at once and by itself, and the list without a
//! network: what the page does about it. spec/flows.md sections 3 and 4. May hold no key.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::entry;
use crate::message::{Answer, Call, Failure, LastList, Listing, ResumeAnswer, ResumeCall};
use crate::platform::{format, page, presence, tabs, vault};
use crate::state::App;

/// Whether somebody is there, whether the server is, and what is being waited for. Copies share it.
#[derive(Clone, Copy)]
pub struct Presence {
    /// A session that is kept is being gone on with: neither the door nor the safe is shown yet.
    pub resuming: RwSignal<bool>,
    /// Nobody answers: the list is the one of that time.
    pub offline: RwSignal<Option<Offline>>,
    /// Nobody did anything for so long that the safe is about to lock.
    pub leaving: RwSignal<bool>,
    /// Minutes without a gesture after which it locks.
    pub minutes: RwSignal<u32>,
    /// When the list was last read, Unix seconds.
    read_at: StoredValue<u64>,
    /// A reading is under way.
    reading: StoredValue<bool>,
    /// How often in a row nobody answered.
    misses: StoredValue<u32>,
}

/// What is shown while nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offline {
    /// When the list was read, Unix seconds; `None` where this device keeps none.
    pub when: Option<u64>,
    /// The session could not go on yet: there is the list, and nothing can be opened or changed.
    pub resting: bool,
}

impl Presence {
    /// As chosen on this device.
    #[must_use]
    pub fn new() -> Self {
        Self {
            resuming: RwSignal::new(false),
            offline: RwSignal::new(None),
            leaving: RwSignal::new(false),
            minutes: RwSignal::new(chosen_minutes().unwrap_or(IDLE_MINUTES)),
            read_at: StoredValue::new(0),
            reading: StoredValue::new(false),
            misses: StoredValue::new(0),
        }
    }

    /// Nothing of an open safe is left.
    pub(crate) fn forget(self) {
        self.resuming.set(false);
        self.leaving.set(false);
        self.offline.set(None);
    }

    /// Removes key and bytes that a reload would go on with.
    pub(crate) fn forget_kept(self) {
        spawn_local(vault::forget());
    }

    /// In milliseconds; as chosen last, in whichever tab.
    fn limit(self) -> f64 {
        let chosen = chosen_minutes().unwrap_or_else(|| self.minutes.get_untracked());
        if self.minutes.get_untracked() != chosen {
            self.minutes.set(chosen);
        }
        f64::from(chosen) * 60_000.0
    }
}

impl Default for Presence {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// Begins to watch, and goes on with a safe that is open in this page or in this browser. Called once.
    pub fn attend(self) {
        let handed = entry::handed_over();
        presence::on_gesture(move || self.note_gesture());
        presence::every(TICK, move || self.look_at_the_clock());
        presence::on_return(move || self.come_back());
        presence::on_online(move || self.refresh());
        presence::every(REFRESH, move || {
            if presence::is_visible() {
                self.refresh();
            }
        });
        tabs::on_lock(move || {
            if self.is_open() || self.presence.resuming.get_untracked() {
                self.lock_here("elsewhere");
            }
        });
        if let Some((line, entry)) = handed {
            self.take_line(line);
            self.entered(entry);
            return;
        }
        if !tabs::is_marked_open() {
            return;
        }
        if tabs::idle_milliseconds().is_none_or(|idle| idle >= self.presence.limit()) {
            // It would have locked by itself, had a page been there.
            self.close_kept();
            self.locked_by.set(Some(Failure::code("idle")));
            return;
        }
        self.presence.resuming.set(true);
        spawn_local(async move {
            self.go_on().await;
            self.presence.resuming.set(false);
        });
    }

    /// The safe opened, by whatever way: other pages of this browser may go on with it.
    pub(crate) fn mark_open(self) {
        tabs::mark_open();
        tabs::mark_active();
        self.presence.offline.set(None);
        self.presence.misses.set_value(0);
        self.note_read();
    }

    /// What a lock forgets outside the worker, first of all: key and bytes; then every other tab is told.
    pub(crate) fn close_kept(self) {
        self.presence.forget_kept();
        tabs::unmark_open();
        tabs::say_lock();
        self.presence.forget();
    }

    /// Reads the list again, without a word where nothing changed: what other devices did appears. Where the session could
    /// not go on for want of a network, tries that again.
    pub fn refresh(self) {
        let here = self.presence;
        if !self.is_open() || here.reading.get_value() {
            return;
        }
        here.reading.set_value(true);
        let resting = here.offline.get_untracked().is_some_and(|now| now.resting);
        spawn_local(async move {
            if resting {
                self.go_on().await;
            } else {
                let result = self.ask(Call::List).await;
                self.take_reading(result);
            }
            here.reading.set_value(false);
        });
    }

    /// Chooses after how many minutes without a gesture the safe locks; remembered on this device, for every tab.
    pub fn choose_idle(self, minutes: u32) {
        self.presence.minutes.set(minutes);
        tabs::set_idle_minutes(minutes);
        tabs::mark_active();
    }

    /// Somebody is there.
    pub fn stay(self) {
        tabs::mark_active();
        self.presence.leaving.set(false);
    }

    /// Whether another tab of this browser goes on under a newer session, and this one with it: whoever gives the phrase
    /// once more gets a fresh one, and the one before ends.
    pub(crate) async fn renew(self) -> bool {
        // Not through `ask`: whatever comes of it, it is not tried a second time.
        let answer = self.line().ask(Call::Resume(ResumeCall::GoOn)).await;
        let Ok(Answer::Resume(ResumeAnswer::Opened(opened))) = answer else {
            return false;
        };
        // Locked meanwhile.
        if !self.is_open() {
            return false;
        }
        self.mark_open();
        self.take_listing(opened.listing);
        true
    }

    async fn go_on(self) {
        let answer = self.ask(Call::Resume(ResumeCall::GoOn)).await;
        match answer {
            Ok(Answer::Resume(ResumeAnswer::Opened(opened))) => {
                if self.is_open() {
                    // The list was there already: only what changed is drawn again.
                    self.mark_open();
                    self.take_listing(opened.listing);
                    self.handle.set(Some(opened.handle));
                } else {
                    self.opened(*opened);
                }
            }
            Ok(Answer::Resume(ResumeAnswer::Offline(known))) => self.rest_on(known),
            // Locked meanwhile.
            Err(Failure::Cancelled) => {}
            Ok(_) => self.stay_closed(Failure::code("signed_out")),
            Err(failure) => self.stay_closed(failure),
        }
    }

    /// The session does not go on. What was shown is nobody's now; where nothing was, another tab may still have its own.
    fn stay_closed(self, why: Failure) {
        if self.is_open() {
            self.lock();
            self.locked_by.set(Some(why));
        } else {
            tabs::unmark_open();
            if !matches!(&why, Failure::Code { code } if code == "signed_out") {
                self.locked_by.set(Some(why));
            }
        }
    }

    /// Shows what this device knows, until somebody answers.
    fn rest_on(self, known: LastList) {
        if !self.is_open() {
            self.listing.set(Listing {
                items: known.items,
                ..Listing::default()
            });
            self.handle.set(Some(known.handle));
        }
        self.miss(known.when, true);
    }

    fn take_reading(self, result: Result<Answer, Failure>) {
        match result {
            Ok(Answer::Listing(listing)) => {
                self.presence.offline.set(None);
                self.presence.misses.set_value(0);
                self.note_read();
                self.take_listing(listing);
            }
            Err(Failure::Code { code }) if code == "offline" => {
                let read_at = self.presence.read_at.get_value();
                self.miss(Some(read_at), false);
            }
            // An answer that is no answer is not the network: it is said, and the list stays what it was.
            Err(failure) if self.is_open() => self.say_failure(&failure),
            _ => {}
        }
    }

    fn take_listing(self, listing: Listing) {
        if self.listing.with_untracked(|shown| *shown != listing) {
            self.show(listing);
        }
    }

    /// Nobody answered: says so, and tries again later, each time a little later.
    fn miss(self, when: Option<u64>, resting: bool) {
        let here = self.presence;
        here.offline.set(Some(Offline { when, resting }));
        let misses = here.misses.get_value();
        let this = misses.saturating_add(1);
        here.misses.set_value(this);
        let wait = RETRY.saturating_mul(1 << misses.min(RETRY_STEPS));
        page::later(wait, move || {
            // Of several that wait, the last one speaks.
            if here.offline.get_untracked().is_some() && here.misses.get_value() == this {
                self.refresh();
            }
        });
    }

    fn come_back(self) {
        self.look_at_the_clock();
        if self.is_open() && tabs::was_locked() {
            // Another tab locked while this one could not hear it.
            self.lock_here("elsewhere");
            return;
        }
        let age = format::now().saturating_sub(self.presence.read_at.get_value());
        if self.presence.offline.get_untracked().is_some() || age >= STALE {
            self.refresh();
        }
    }

    fn note_gesture(self) {
        if !self.is_open() {
            return;
        }
        let idle = tabs::idle_milliseconds().unwrap_or(f64::MAX);
        if idle >= self.presence.limit() {
            // The machine slept: the first gesture after it does not keep the safe open.
            self.look_at_the_clock();
        } else if !(0.0..GESTURE).contains(&idle) {
            self.stay();
        }
    }

    /// Locks where nobody did anything for long enough, in any tab, by the wall clock; warns a minute before.
    fn look_at_the_clock(self) {
        if !self.is_open() {
            return;
        }
        if self.is_moving() {
            // What is on its way is waited for, whichever tab it is in.
            self.stay();
            return;
        }
        let (limit, here) = (self.presence.limit(), self.presence);
        match tabs::idle_milliseconds() {
            Some(idle) if idle >= limit => {
                self.lock();
                self.locked_by.set(Some(Failure::code("idle")));
            }
            Some(idle) if idle < 0.0 => self.stay(),
            Some(idle) => {
                let leaving = idle >= limit - WARNING;
                if here.leaving.get_untracked() != leaving {
                    here.leaving.set(leaving);
                }
            }
            // A browser that keeps nothing: the time begins now, and is noted in vain. The server's own limit holds.
            None => tabs::mark_active(),
        }
    }

    fn is_open(self) -> bool {
        self.handle.with_untracked(Option::is_some)
    }

    fn is_moving(self) -> bool {
        self.transfers
            .with_untracked(|lines| lines.iter().any(|line| line.end.with_untracked(Option::is_none)))
    }

    fn note_read(self) {
        self.presence.read_at.set_value(format::now());
    }
}

fn chosen_minutes() -> Option<u32> {
    tabs::idle_minutes().filter(|minutes| IDLE_CHOICES.contains(minutes))
}

/// Minutes that a person may choose.
pub const IDLE_CHOICES: [u32; 3] = [5, 15, 60];
/// Until somebody chooses.
const IDLE_MINUTES: u32 = 15;
/// Milliseconds of warning before the safe locks by itself.
const WARNING: f64 = 60_000.0;
/// Gestures are noted this often, in milliseconds.
const GESTURE: f64 = 5_000.0;
/// The clock is looked at this often, in milliseconds.
const TICK: i32 = 2_000;
/// The list is read again this often while the tab is in sight, in milliseconds.
const REFRESH: i32 = 180_000;
/// Seconds after which coming back to the tab reads the list again.
const STALE: u64 = 10;
/// Milliseconds before the first new attempt where nobody answered; doubled each time, up to about two minutes.
const RETRY: i32 = 4_000;
const RETRY_STEPS: u32 = 5;

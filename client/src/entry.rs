//! From the door into the safe: inside one program, or from the door's program to the safe's, which takes over the page and
//! the worker that holds the keys. May hold no key.

use std::cell::RefCell;

use leptos::prelude::Set as _;
use leptos_router::NavigateOptions;
use serde::{Deserialize, Serialize};

use crate::message::{Answer, Asked, Failure, Opened};
use crate::platform::remote::Remote;
use crate::platform::tabs;
use crate::state::App;

/// Which screens this program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Those before a safe is open: small, for the first visit.
    Door,
    /// All of them.
    Safe,
}

/// A safe that was just opened at a door.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    /// What the worker said.
    pub opened: Opened,
    /// Whether the twelve words opened it, and a new phrase is still to be chosen.
    pub by_sheet: bool,
}

/// What a door's call came to.
pub enum Knock {
    /// The safe is open.
    Open(Entry),
    /// It came out of a backup: the person is asked first.
    Ask(Box<Asked>),
}

impl Knock {
    /// What a door's call brought.
    ///
    /// # Errors
    /// What it brought instead; `internal` for another answer.
    pub fn of(answer: Result<Answer, Failure>, by_sheet: bool) -> Result<Self, Failure> {
        match answer? {
            Answer::Opened(opened) => Ok(Self::Open(Entry { opened, by_sheet })),
            Answer::Restored(asked) => Ok(Self::Ask(asked)),
            _ => Err(Failure::code("internal")),
        }
    }
}

thread_local! {
    /// Takes this program's screens away.
    static LEAVE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Keeps what takes this program's screens away, for the day that another takes over.
pub fn on_leave(leave: impl FnOnce() + 'static) {
    LEAVE.set(Some(Box::new(leave)));
}

/// What the door's program left to this one: the line to its worker, and the safe that is open there.
#[must_use]
pub fn handed_over() -> Option<(Remote, Entry)> {
    let (remote, text) = Remote::handed_over()?;
    Some((remote, serde_json::from_str(&text).ok()?))
}

impl App {
    /// Into the safe that was just opened, at this address. In the door's program nothing of it is left where this
    /// succeeds: whoever called may touch no signal then.
    ///
    /// # Errors
    /// `offline` where the safe's program could not be fetched; the safe is locked again.
    pub async fn enter(
        self,
        entry: Entry,
        path: &'static str,
        navigate: impl Fn(&str, NavigateOptions),
    ) -> Result<(), Failure> {
        match self.program {
            Program::Safe => {
                self.entered(entry);
                let options = NavigateOptions {
                    replace: true,
                    ..NavigateOptions::default()
                };
                navigate(path, options);
                Ok(())
            }
            Program::Door => {
                let handed = self.hand_over(&entry, path).await;
                if handed.is_err() {
                    self.lock();
                }
                handed
            }
        }
    }

    /// The safe is open in this program.
    pub(crate) fn entered(self, entry: Entry) {
        self.opened(entry.opened);
        self.doors.by_sheet.set(entry.by_sheet);
    }

    async fn hand_over(self, entry: &Entry, path: &str) -> Result<(), Failure> {
        let text = serde_json::to_string(entry).map_err(|_| Failure::code("worker"))?;
        // A page that begins meanwhile, or this one where it is loaded again, goes on with the safe too.
        tabs::mark_open();
        tabs::mark_active();
        let leave = || {
            if let Some(leave) = LEAVE.take() {
                leave();
            }
        };
        self.line().hand_over(&text, path, leave).await
    }
}

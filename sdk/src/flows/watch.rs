//! How a long act tells where it is, and how it is stopped. No plaintext, no name passes here.

use std::cell::Cell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// A flag that stops a long act at its next step. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Rc<Cell<bool>>);

impl Cancel {
    /// Not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the act to stop; what is sent already stays resumable.
    pub fn cancel(&self) {
        self.0.set(true);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.get()
    }
}

/// The steps of an upload or a download, as a person sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The file is read and sealed on this device.
    Encrypting,
    /// Sealed parts travel to the server.
    Sending,
    /// The server has acknowledged everything, the list too.
    Saved,
    /// Verified content was handed out (downloads).
    Receiving,
}

/// Where a long act is: bytes of content done, of all. `done` never falls within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which step moved.
    pub step: Step,
    /// Bytes of content that passed it.
    pub done: u64,
    /// Bytes of content in all.
    pub total: u64,
}

/// What a caller gives to a long act.
pub struct Watch<'a> {
    /// Looked at between parts.
    pub cancel: Cancel,
    /// Called at every part, in the act's own thread; must return quickly.
    pub progress: &'a dyn Fn(Progress),
}

impl Watch<'static> {
    /// Tells nobody and cannot be stopped.
    #[must_use]
    pub fn none() -> Self {
        Self {
            cancel: Cancel::new(),
            progress: &|_| {},
        }
    }
}

/// Counts one step's bytes, whatever the order in which parts finish.
pub(crate) struct Counter<'a> {
    watch: &'a Watch<'a>,
    step: Step,
    done: Cell<u64>,
    total: u64,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(watch: &'a Watch<'a>, step: Step, total: u64) -> Self {
        let counter = Self {
            watch,
            step,
            done: Cell::new(0),
            total,
        };
        counter.add(0);
        counter
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.done.set(self.done.get().saturating_add(bytes));
        (self.watch.progress)(Progress {
            step: self.step,
            done: self.done.get(),
            total: self.total,
        });
    }
}

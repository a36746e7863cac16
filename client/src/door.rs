//! What the public screens share: the words carried from one door to the next, and the list that words are completed
//! from. May hold no key; what is carried is taken once and gone.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use zeroize::Zeroizing;

use crate::message::door::{DoorAnswer, DoorCall};
use crate::message::{Answer, Call};
use crate::state::App;
use crate::words::Word;

/// The doors' part of the shared state.
#[derive(Clone, Copy)]
pub struct Doors {
    /// Words of the French list; empty until somebody types where they help.
    pub list: RwSignal<Arc<Vec<Word>>>,
    /// Whether the safe was opened by its sheet, and a new phrase is still to be chosen.
    pub by_sheet: RwSignal<bool>,
    carried: StoredValue<Zeroizing<String>>,
}

impl Doors {
    /// Nothing carried, nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            list: RwSignal::new(Arc::default()),
            by_sheet: RwSignal::new(false),
            carried: StoredValue::new(Zeroizing::default()),
        }
    }

    /// Keeps words for the next door, in memory alone.
    pub fn carry(self, words: String) {
        self.carried.set_value(Zeroizing::new(words));
    }

    /// What was carried; nothing the second time.
    #[must_use]
    pub fn take(self) -> String {
        self.carried
            .try_update_value(|carried| std::mem::take(&mut **carried))
            .unwrap_or_default()
    }

    /// What a lock leaves.
    pub fn forget(self) {
        self.carry(String::new());
        self.by_sheet.set(false);
    }
}

impl Default for Doors {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// Asks for the list of words, once. Without it nothing is completed, and everything else works.
    pub fn learn_words(self) {
        if !self.doors.list.with_untracked(|list| list.is_empty()) {
            return;
        }
        spawn_local(async move {
            if let Ok(Answer::Door(DoorAnswer::WordList(words))) =
                self.ask(Call::Door(DoorCall::WordList)).await
            {
                self.doors
                    .list
                    .set(Arc::new(words.into_iter().map(Word::of).collect()));
            }
        });
    }
}

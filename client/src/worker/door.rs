//! Calls of the public screens. spec/flows.md sections 2 and 3.

use std::rc::Rc;

use sdk::flows::login;
use zeroize::Zeroizing;

use super::{Desk, failure};
use crate::message::door::{DoorAnswer, DoorCall};
use crate::message::{Answer, Failure};

impl Desk {
    /// One call of the doors.
    pub(super) async fn door(&self, call: DoorCall) -> Result<Answer, Failure> {
        match call {
            DoorCall::WordList => Ok(Answer::Door(DoorAnswer::WordList(sdk::word_list().collect()))),
            DoorCall::ConfirmSheet => self.confirm_sheet(),
            DoorCall::OpenWithWords { words } => self.open_with_words(Zeroizing::new(words)).await,
            DoorCall::SetPhrase { phrase } => self.set_phrase(Zeroizing::new(phrase)).await,
        }
    }

    fn confirm_sheet(&self) -> Result<Answer, Failure> {
        let draft = self.draft.borrow();
        draft
            .as_ref()
            .ok_or_else(|| Failure::code("worker"))?
            .confirm_sheet();
        Ok(Answer::Done)
    }

    /// The words alone: everything can be read at once.
    async fn open_with_words(&self, words: Zeroizing<String>) -> Result<Answer, Failure> {
        let opened = login::open_with_words(Rc::clone(&self.device), &words).await;
        self.opened(opened.map_err(|error| failure(&error))?).await
    }

    /// Another phrase for the same safe: no document is touched, every other session ends.
    async fn set_phrase(&self, phrase: Zeroizing<String>) -> Result<Answer, Failure> {
        let set = self.safe()?.set_phrase(&phrase).await;
        set.map(|()| Answer::Done).map_err(|error| failure(&error))
    }
}

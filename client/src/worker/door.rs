//! Calls of the public screens. spec/flows.md sections 2 and 3.

use super::Desk;
use crate::message::door::{DoorAnswer, DoorCall};
use crate::message::{Answer, Failure};

impl Desk {
    /// One call of the doors.
    pub(super) fn door(&self, call: DoorCall) -> Result<Answer, Failure> {
        match call {
            DoorCall::WordList => Ok(Answer::Door(DoorAnswer::WordList(sdk::word_list().collect()))),
            DoorCall::ConfirmSheet => self.confirm_sheet(),
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
}

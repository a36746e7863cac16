//! Calls about the open account's secrets. spec/flows.md section 3.

use zeroize::Zeroizing;

use super::{Desk, failure};
use crate::message::account::{AccountAnswer, AccountCall};
use crate::message::{Answer, Failure};

impl Desk {
    /// One call about the account.
    pub(super) async fn account(&self, call: AccountCall) -> Result<Answer, Failure> {
        let answer = match call {
            AccountCall::Kit => self.kit().await,
            AccountCall::ConfirmKit => self.confirm_kit().await,
            AccountCall::CheckWords { words } => self.check_words(Zeroizing::new(words)).await,
        };
        answer.map(Answer::Account)
    }

    async fn kit(&self) -> Result<AccountAnswer, Failure> {
        let kit = self.safe()?.kit().await;
        kit.map(AccountAnswer::Kit).map_err(|_| Failure::code("device"))
    }

    async fn confirm_kit(&self) -> Result<AccountAnswer, Failure> {
        let confirmed = self.safe()?.confirm_kit().await;
        confirmed.map_err(|error| failure(&error))?;
        self.kit().await
    }

    async fn check_words(&self, words: Zeroizing<String>) -> Result<AccountAnswer, Failure> {
        let checked = self.safe()?.check_words(&words).await;
        checked.map(AccountAnswer::Words).map_err(|error| failure(&error))
    }
}

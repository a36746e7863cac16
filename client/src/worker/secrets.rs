//! Calls about the open account's secrets, devices and end. spec/flows.md section 3.

use std::rc::Rc;

use sdk::flows::login;
use sdk::session::Unlocked;
use zeroize::Zeroizing;

use super::{Desk, failure};
use crate::message::account::{AccountAnswer, AccountCall, Proof};
use crate::message::{Answer, Failure, Sheet};

impl Desk {
    /// One call about the account.
    pub(super) async fn account(&self, call: AccountCall) -> Result<Answer, Failure> {
        let answer = match call {
            AccountCall::OpenWithWords { words } => {
                return self.open_with_words(Zeroizing::new(words)).await;
            }
            AccountCall::Kit => self.kit().await,
            AccountCall::ConfirmKit => self.confirm_kit().await,
            AccountCall::CheckWords { words } => self.check_words(Zeroizing::new(words)).await,
            AccountCall::Prove { proof } => self.proved(proof).await.map(|_| AccountAnswer::Done),
            AccountCall::SetPhrase { phrase, proof } => self.set_phrase(Zeroizing::new(phrase), proof).await,
            AccountCall::NewSheet { proof } => self.new_sheet(proof).await,
            AccountCall::Devices => self.devices().await,
            AccountCall::CloseDevice { id } => self.close_device(&id).await,
            AccountCall::CloseOtherDevices => {
                let closed = self.safe()?.close_other_devices().await;
                closed.map_err(|error| failure(&error))?;
                self.devices().await
            }
            AccountCall::AcknowledgeChanges => self.acknowledge().await,
            AccountCall::Close { proof } => self.close_account(proof).await,
        };
        answer.map(Answer::Account)
    }

    /// The words open at once; a phrase is set afterwards, or not.
    async fn open_with_words(&self, words: Zeroizing<String>) -> Result<Answer, Failure> {
        let opened = login::open_with_words(Rc::clone(&self.device), &words).await;
        self.opened(opened.map_err(|error| failure(&error))?).await
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

    async fn set_phrase(&self, phrase: Zeroizing<String>, proof: Proof) -> Result<AccountAnswer, Failure> {
        let safe = self.proved(proof).await?;
        safe.set_phrase(&phrase).await.map_err(|error| failure(&error))?;
        Ok(AccountAnswer::Done)
    }

    async fn new_sheet(&self, proof: Proof) -> Result<AccountAnswer, Failure> {
        let safe = self.proved(proof).await?;
        let deployment = safe.deployment();
        let words = safe.make_new_sheet().await.map_err(|error| failure(&error))?;
        Ok(AccountAnswer::Sheet(Sheet {
            handle: safe.handle().to_owned(),
            words: words.iter().map(|word| word.as_str().to_owned()).collect(),
            account: safe.account_id().to_string(),
            deployment: deployment.to_string(),
        }))
    }

    async fn devices(&self) -> Result<AccountAnswer, Failure> {
        let devices = self.safe()?.devices().await;
        devices
            .map(AccountAnswer::Devices)
            .map_err(|error| failure(&error))
    }

    async fn close_device(&self, id: &str) -> Result<AccountAnswer, Failure> {
        let id = id.parse().map_err(|_| Failure::code("not_found"))?;
        let closed = self.safe()?.close_device(id).await;
        closed.map_err(|error| failure(&error))?;
        self.devices().await
    }

    async fn acknowledge(&self) -> Result<AccountAnswer, Failure> {
        let safe = self.safe()?;
        let read = safe.acknowledge_way_changes().await;
        read.map_err(|error| failure(&error))?;
        let left = safe.way_changes().await;
        left.map(AccountAnswer::Changes)
            .map_err(|_| Failure::code("device"))
    }

    async fn close_account(&self, proof: Proof) -> Result<AccountAnswer, Failure> {
        let safe = self.proved(proof).await?;
        safe.close_account().await.map_err(|error| failure(&error))?;
        Ok(AccountAnswer::Done)
    }

    /// The open safe, after the owner has shown once more that they are.
    async fn proved(&self, proof: Proof) -> Result<Rc<Unlocked>, Failure> {
        let safe = self.safe()?;
        let shown = match proof {
            Proof::JustOpened => Ok(()),
            Proof::Phrase(phrase) => safe.step_up(&Zeroizing::new(phrase)).await,
            Proof::Words(words) => safe.step_up_with_words(&Zeroizing::new(words)).await,
        };
        shown.map_err(|error| failure(&error))?;
        // The session is another one now: a reload and the other tabs go on with that.
        self.keep_open(&safe).await;
        Ok(safe)
    }
}

//! Calls about a session that goes on: what is kept for it, and when it is forgotten. spec/flows.md sections 3 and 4.

use std::rc::Rc;

use sdk::error::ApiError;
use sdk::flows::resume::{self, ResumeError};
use sdk::session::Unlocked;

use super::{Brought, Desk, failure};
use crate::message::{Answer, Failure, LastList, ResumeAnswer, ResumeCall};
use crate::platform::vault::{self, Kept, Owner};

impl Desk {
    pub(super) async fn resume(&self, call: ResumeCall) -> Brought {
        let answer = match call {
            ResumeCall::GoOn => self.go_on().await,
        };
        answer.map(|answer| (Answer::Resume(answer), None))
    }

    /// Nothing stays kept behind the door: whatever does not go on is forgotten, unless only the network is missing.
    async fn go_on(&self) -> Result<ResumeAnswer, Failure> {
        let Some(kept) = vault::read().await else {
            vault::forget().await;
            return Ok(ResumeAnswer::Closed);
        };
        // It is kept already; writing it again could outrun a lock in another tab.
        self.going_on.set(true);
        let result = match resume::resume(Rc::clone(&self.device), &kept.bytes).await {
            Ok(safe) if owner_of(&safe) == kept.owner => self.open_again(safe).await,
            Ok(_) => Ok(ResumeAnswer::Closed),
            Err(ResumeError::Api(ApiError::Offline)) => self.last_known(&kept).await,
            Err(error) => Err(failure(&error)),
        };
        self.going_on.set(false);
        match result {
            Ok(ResumeAnswer::Closed) => {
                vault::forget().await;
                Ok(ResumeAnswer::Closed)
            }
            Err(Failure::Code { code }) if code == "signed_out" => {
                vault::forget().await;
                Ok(ResumeAnswer::Closed)
            }
            Err(error) => {
                vault::forget().await;
                Err(error)
            }
            settled => settled,
        }
    }

    async fn open_again(&self, safe: Unlocked) -> Result<ResumeAnswer, Failure> {
        match self.opened(safe).await {
            Ok(Answer::Opened(opened)) => {
                self.resting.set(false);
                Ok(ResumeAnswer::Opened(Box::new(opened)))
            }
            Ok(Answer::Restored(_)) => {
                // Asked about at the door, by whoever opens it there.
                self.asked.borrow_mut().take();
                Ok(ResumeAnswer::Closed)
            }
            Ok(_) => Err(Failure::code("internal")),
            Err(error) => Err(error),
        }
    }

    async fn last_known(&self, kept: &Kept) -> Result<ResumeAnswer, Failure> {
        let known = resume::last_known(&self.device, &kept.bytes)
            .await
            .map_err(|error| failure(&error))?;
        self.resting.set(true);
        Ok(ResumeAnswer::Offline(known.map_or_else(
            LastList::default,
            |known| LastList {
                handle: known.handle,
                when: Some(known.when),
                items: known.items,
            },
        )))
    }

    /// Keeps what a reload or a second tab needs. A browser that keeps nothing asks again there, and nothing else.
    pub(super) async fn keep_open(&self, safe: &Unlocked) {
        let _turn = self.keeping.lock().await;
        // A lock that came meanwhile has the last word.
        if self.closed.get() || self.going_on.get() {
            return;
        }
        if let Some(bytes) = safe.to_resume() {
            let _ = vault::keep(&owner_of(safe), &bytes).await;
        }
    }

    /// Keeps the list for the next time without a network, once for each state of it and again after a while.
    pub(super) async fn keep_list(&self, safe: &Unlocked, changed: bool) {
        let now = sdk::Clock::now(&crate::platform::device::BrowserClock);
        if !changed && now.saturating_sub(self.list_kept.get()) < KEEP_SECONDS {
            return;
        }
        let _turn = self.keeping.lock().await;
        // Without it a reload without a network shows an older list, or none.
        if !self.closed.get() && safe.keep_list().await.is_ok() {
            self.list_kept.set(now);
        }
    }

    /// First of all at a lock: key and bytes go, then the list that they opened.
    pub(super) async fn forget_open(&self) {
        let _turn = self.keeping.lock().await;
        vault::forget().await;
        let account = self.safe.borrow().as_ref().map(|safe| safe.account_id());
        if let Some(account) = account {
            // Ciphertext that nothing opens any more, where it stays.
            let _ = resume::forget_list(&self.device, account).await;
        }
    }
}

fn owner_of(safe: &Unlocked) -> Owner {
    Owner {
        account: safe.account_id().to_string(),
        deployment: safe.deployment().to_string(),
    }
}

/// An unchanged list is kept again after this long, for the time that it names.
const KEEP_SECONDS: u64 = 120;

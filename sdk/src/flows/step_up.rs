//! The phrase or the words once more, for what changes the ways in: a fresh session takes the place of the one at hand.
//!
//! spec/flows.md section 3.

use std::rc::Rc;

use crate::api;
use crate::evidence::{Check, Refused, Route, Subject};
use crate::flows::login::{self, OpenError};
use crate::session::{SignedIn, Unlocked};

impl Unlocked {
    /// Asks the server with the phrase: whoever sits at an open safe and does not know it changes nothing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn step_up(&self, phrase: &str) -> Result<(), OpenError> {
        let signed_in = login::sign_in(Rc::clone(&self.device), &self.handle, phrase).await?;
        self.go_on_as(signed_in, Route::SessionsFinish).await
    }

    /// The same with the twelve words.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn step_up_with_words(&self, words: &str) -> Result<(), OpenError> {
        let signed_in = login::sign_in_with_words(Rc::clone(&self.device), words).await?;
        self.go_on_as(signed_in, Route::RecoveriesFinish).await
    }

    /// The fresh session is of this account, and its slot the one that the manifest lists. The one before ends.
    async fn go_on_as(&self, fresh: SignedIn, route: Route) -> Result<(), OpenError> {
        let opens = fresh.account_id == self.account_id && fresh.slot.unwrap(&fresh.kek).is_ok();
        if !opens {
            login::ask_as_ever(self.device(), &fresh.session).await;
            let slot = fresh.slot.to_bytes();
            let refused = Refused::new(Check::Slot, Subject::Account, route, slot);
            return Err(self.refuse(refused).await.into());
        }
        let before = self.session.replace(fresh.session);
        // A session that cannot be ended runs out by itself.
        let _ = api::session::end(self.transport(), &before).await;
        Ok(())
    }
}

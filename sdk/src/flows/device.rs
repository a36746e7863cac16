//! The account's open sessions: what they are called, ending them from here, and the end of the account itself.
//!
//! spec/flows.md section 3.

use crypto::account::device;
use serde::{Deserialize, Serialize};
use shared::session::PutLabel;
use shared::{ErrorCode, SessionId};

use super::retry;
use crate::api;
use crate::error::ApiError;
use crate::session::Unlocked;

/// An open session, as this account's devices show it. Times are the server's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDevice {
    /// Names it for [`Unlocked::close_device`].
    pub id: SessionId,
    /// What its client called itself; `None` where it did not, or where the server shows something else.
    pub name: Option<String>,
    /// Unix seconds.
    pub opened: u64,
    /// Last request, Unix seconds.
    pub used: u64,
    /// This one.
    pub current: bool,
}

impl Unlocked {
    /// Calls this session by a name that only the account's own devices can read.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn name_device(&self, name: &str) -> Result<(), ApiError> {
        let (account, session) = (self.account_id.as_bytes(), self.session().id());
        let sealed = self.device().with_random(|random| {
            device::seal(self.account_key(), account, session.as_bytes(), name, random)
        });
        // Without randomness nothing can be sealed, and the session has no name.
        let Ok(label) = sealed else { return Ok(()) };
        let label = PutLabel { label: label.into() };
        let call = || api::session::put_label(self.transport(), self.session(), &label);
        retry(self.device(), call).await
    }

    /// The open sessions, the oldest first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn devices(&self) -> Result<Vec<OpenDevice>, ApiError> {
        let read = || api::session::list(self.transport(), self.session());
        let sessions = retry(self.device(), read).await?;
        let (account, own) = (self.account_id.as_bytes(), self.session().id());
        let shown = sessions.items.into_iter().map(|session| {
            let id = session.session_id;
            let label = session.label.as_ref();
            let name = label.and_then(|label| {
                device::open(self.account_key(), account, id.as_bytes(), label.as_slice()).ok()
            });
            OpenDevice {
                id,
                name,
                opened: session.opened,
                used: session.used,
                // This device knows its own session; the server's word on it is not needed.
                current: id == own,
            }
        });
        Ok(shown.collect())
    }

    /// Ends another session: that device is told, and has to open the safe again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn close_device(&self, id: SessionId) -> Result<(), ApiError> {
        let call = || api::session::end_other(self.transport(), self.session(), id);
        retry(self.device(), call).await
    }

    /// Ends every session but this one.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn close_other_devices(&self) -> Result<(), ApiError> {
        let call = || api::session::end_others(self.transport(), self.session());
        retry(self.device(), call).await
    }

    /// Closes the account: everything that the server stores of it is erased before it says so. Demands a sign-in at most
    /// a quarter of an hour old ([`Unlocked::step_up`]). What this device kept of the account goes as well.
    ///
    /// # Errors
    /// [`ApiError`]. After one that passes the account may be closed: asking again settles it.
    pub async fn close_account(&self) -> Result<(), ApiError> {
        let call = || api::account::close(self.transport(), self.session());
        match retry(self.device(), call).await {
            Err(error) if error.problem_code() != Some(ErrorCode::AccountClosed) => return Err(error),
            _ => {}
        }
        let account = self.account_id;
        for kind in KEPT {
            let local = self.device().local();
            let keys = local
                .list(&format!("{kind}/{account}/"))
                .await
                .unwrap_or_default();
            for key in keys {
                // What cannot be removed holds no key and opens nothing.
                let _ = local.delete(&key).await;
            }
        }
        Ok(())
    }
}

/// Where a device keeps what is of one account (spec/flows.md section 8).
const KEPT: [&str; 7] = ["pin", "notice", "journal", "evidence", "kit", "log", "stop"];

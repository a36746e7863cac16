//! Heads of the past, for who looks back: as strict as a reading of the list.

use crypto::collection::head::VerifiedHead;

use super::{State, SyncError};
use crate::error::ApiError;
use crate::evidence::{Check, Route};
use crate::session::Unlocked;

impl Unlocked {
    /// Signature, box and author of one head before the newest.
    pub(crate) fn verify_past_head(&self, state: &State, bytes: &[u8]) -> Option<VerifiedHead> {
        let charters = std::slice::from_ref(&state.charter);
        self.replica.borrow().verify_head(charters, bytes)
    }

    /// Refuses a head that is not the one at its place before the newest.
    pub(crate) async fn refuse_past_head(&self, state: &State, bytes: &[u8]) -> SyncError {
        let charters = std::slice::from_ref(&state.charter);
        self.refuse_chain(bytes, charters, &state.head).await
    }

    /// Heads before the newest were asked for and are not there.
    pub(crate) async fn withheld_heads(&self, state: &State, error: ApiError) -> SyncError {
        let newest = state.head.head().to_bytes();
        self.withheld_list(error, Check::HeadChain, Route::Heads, newest)
            .await
    }
}

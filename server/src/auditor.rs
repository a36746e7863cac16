//! Which auditor asks, and how often he may: who is admitted reads what stands behind the log (`spec/audit.md`, 2).
//!
//! Beside `auth`, which knows people: an auditor has no account, and no person's request can pass for his.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use base64::BASE64URL_NOPAD;
use crypto::audit::admission::Admission;
use crypto::hash::sha256;
use crypto::id::Id;
use shared::{ErrorCode, limit, path};

use crate::error::Failure;
use crate::extract::one_header;
use crate::room::Room;
use crate::state::State;

/// An admitted auditor: the key is one of the settings, the signature holds and is of now.
pub(crate) struct Auditor {
    /// Whose answers these are, among all who are answered.
    pub(crate) id: Id,
    _turn: Room,
}

impl FromRequestParts<State> for Auditor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        let refused = || Failure::from(ErrorCode::SignedOut);
        let said = one_header(&parts.headers, header::AUTHORIZATION).ok_or_else(refused)?;
        let note = said
            .strip_prefix(path::AUDITOR_SCHEME)
            .and_then(|rest| rest.strip_prefix(' '))
            .and_then(|note| BASE64URL_NOPAD.decode(note.as_bytes()).ok())
            .ok_or_else(refused)?;
        let verified = Admission::verify(&note, &state.config().auditors);
        let (admission, key) = verified.map_err(|_| refused())?;
        let is_now = admission.time.abs_diff(state.now()) <= limit::AUDITOR_SECONDS;
        if !is_now || admission.origin != state.log.policy.log.name() {
            return Err(refused());
        }
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = sha256(key.to_string().as_bytes());
        let turn = state.rooms.turns.take(&id, 1).await?;
        Ok(Self { id, _turn: turn })
    }
}

//! Calls that open and end sessions. `spec/wire.md`.

use shared::session::{
    LoginChallenge, LoginFinish, LoginStart, RecoveryChallenge, RecoveryFinish, RecoveryOpened,
    RecoveryStart, SessionOpened,
};
use shared::{limit, path};

use super::{Call, Session};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// POST [`path::SESSIONS_START`]: KE1 for KE2. Unknown handles get an answer of the same form.
///
/// # Errors
/// [`ApiError`].
pub async fn start(transport: &dyn Transport, start: &LoginStart) -> Result<LoginChallenge, ApiError> {
    Call::new(Method::Post, path::SESSIONS_START, None)
        .json(start, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// POST [`path::SESSIONS_FINISH`]: KE3 for a session and its slot.
///
/// # Errors
/// [`ApiError`]; `login_failed` alike for every reason.
pub async fn finish(transport: &dyn Transport, finish: &LoginFinish) -> Result<SessionOpened, ApiError> {
    Call::new(Method::Post, path::SESSIONS_FINISH, None)
        .json(finish, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// DELETE [`path::SESSION`]: sign out.
///
/// # Errors
/// [`ApiError`].
pub async fn end(transport: &dyn Transport, session: &Session) -> Result<(), ApiError> {
    Call::new(Method::Delete, path::SESSION, Some(session))
        .done(transport, &[204])
        .await
}

/// POST [`path::RECOVERIES_START`]: a challenge for the twelve words. Words of no account get one as well.
///
/// # Errors
/// [`ApiError`].
pub async fn recovery_start(
    transport: &dyn Transport,
    start: &RecoveryStart,
) -> Result<RecoveryChallenge, ApiError> {
    Call::new(Method::Post, path::RECOVERIES_START, None)
        .json(start, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// POST [`path::RECOVERIES_FINISH`]: the proof for a session and its slot.
///
/// # Errors
/// [`ApiError`]; `login_failed` alike for every reason.
pub async fn recovery_finish(
    transport: &dyn Transport,
    finish: &RecoveryFinish,
) -> Result<RecoveryOpened, ApiError> {
    Call::new(Method::Post, path::RECOVERIES_FINISH, None)
        .json(finish, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

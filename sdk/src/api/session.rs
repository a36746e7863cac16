//! Calls that open and end sessions. `spec/wire.md`.

use shared::session::{
    LoginChallenge, LoginFinish, LoginStart, PutLabel, RecoveryChallenge, RecoveryFinish, RecoveryOpened,
    RecoveryStart, SessionOpened, Sessions,
};
use shared::{SessionId, limit, path};

use super::{Call, Session, fill};
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

/// GET [`path::SESSIONS`]: the account's open sessions.
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also for more than [`limit::SESSIONS`].
pub async fn list(transport: &dyn Transport, session: &Session) -> Result<Sessions, ApiError> {
    let sessions: Sessions = Call::new(Method::Get, path::SESSIONS, Some(session))
        .read(transport, &[200])
        .await?;
    if sessions.items.len() as u64 > limit::SESSIONS {
        Err(ApiError::Hostile)
    } else {
        Ok(sessions)
    }
}

/// PUT [`path::LABEL`]: what this session is to be known by, sealed.
///
/// # Errors
/// [`ApiError`].
pub async fn put_label(
    transport: &dyn Transport,
    session: &Session,
    label: &PutLabel,
) -> Result<(), ApiError> {
    Call::new(Method::Put, path::LABEL, Some(session))
        .json(label, limit::JSON_BYTES)?
        .done(transport, &[204])
        .await
}

/// DELETE [`path::OTHER_SESSION`]: end another session of the account.
///
/// # Errors
/// [`ApiError`].
pub async fn end_other(
    transport: &dyn Transport,
    session: &Session,
    other: SessionId,
) -> Result<(), ApiError> {
    let path = fill(path::OTHER_SESSION, "session_id", other);
    Call::new(Method::Delete, path, Some(session))
        .done(transport, &[204])
        .await
}

/// DELETE [`path::SESSIONS`]: end every other session of the account.
///
/// # Errors
/// [`ApiError`].
pub async fn end_others(transport: &dyn Transport, session: &Session) -> Result<(), ApiError> {
    Call::new(Method::Delete, path::SESSIONS, Some(session))
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

//! Calls on accounts: register, create, read, replace the manifest and the password record. `spec/wire.md`.

use shared::account::{
    Account, CreateAccount, ManifestStored, PutManifest, PutPassword, PutWords, Quota, RegistrationChallenge,
    RegistrationStart,
};
use shared::session::Deployment;
use shared::{Hash, OperationId, limit, path};

use super::{Call, Session, fill};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// GET [`path::DEPLOYMENT`]. Every field is a claim of the server.
///
/// # Errors
/// [`ApiError`].
pub async fn deployment(transport: &dyn Transport) -> Result<Deployment, ApiError> {
    Call::new(Method::Get, path::DEPLOYMENT, None)
        .read(transport, &[200])
        .await
}

/// POST [`path::REGISTRATIONS`]: first half of OPAQUE registration.
///
/// # Errors
/// [`ApiError`]; `handle_taken` where the handle belongs to somebody.
pub async fn register(
    transport: &dyn Transport,
    start: &RegistrationStart,
) -> Result<RegistrationChallenge, ApiError> {
    Call::new(Method::Post, path::REGISTRATIONS, None)
        .json(start, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// POST [`path::REGISTRATIONS`] for the handle that the session's own account has: a new phrase.
///
/// # Errors
/// [`ApiError`].
pub async fn register_again(
    transport: &dyn Transport,
    session: &Session,
    start: &RegistrationStart,
) -> Result<RegistrationChallenge, ApiError> {
    Call::new(Method::Post, path::REGISTRATIONS, Some(session))
        .json(start, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// POST [`path::ACCOUNTS`]: the whole account; sending the same again succeeds again.
///
/// # Errors
/// [`ApiError`]; `handle_taken` where somebody was faster.
pub async fn create(transport: &dyn Transport, account: &CreateAccount) -> Result<(), ApiError> {
    Call::new(Method::Post, path::ACCOUNTS, None)
        .json(account, limit::COMMIT_BYTES)?
        .done(transport, &[201])
        .await
}

/// GET [`path::ACCOUNT`].
///
/// # Errors
/// [`ApiError`].
pub async fn read(transport: &dyn Transport, session: &Session) -> Result<Account, ApiError> {
    Call::new(Method::Get, path::ACCOUNT, Some(session))
        .max_answer(ACCOUNT_BYTES)
        .read(transport, &[200])
        .await
}

/// GET [`path::QUOTA`].
///
/// # Errors
/// [`ApiError`].
pub async fn quota(transport: &dyn Transport, session: &Session) -> Result<Quota, ApiError> {
    Call::new(Method::Get, path::QUOTA, Some(session))
        .read(transport, &[200])
        .await
}

/// PUT [`path::MANIFEST`], if the stored manifest is still `previous` (its manifest_hash).
///
/// # Errors
/// [`ApiError`]; `lost_race` where another device wrote first.
pub async fn put_manifest(
    transport: &dyn Transport,
    session: &Session,
    previous: Hash,
    next: &PutManifest,
) -> Result<ManifestStored, ApiError> {
    Call::new(Method::Put, path::MANIFEST, Some(session))
        .json(next, limit::JSON_BYTES)?
        .if_match(previous)
        .read(transport, &[200])
        .await
}

/// PUT [`path::PASSWORD`]: a new password record, slot and manifest, if the stored manifest is still `previous`.
///
/// # Errors
/// [`ApiError`]; `lost_race` where another device wrote first.
pub async fn put_password(
    transport: &dyn Transport,
    session: &Session,
    previous: Hash,
    next: &PutPassword,
) -> Result<ManifestStored, ApiError> {
    Call::new(Method::Put, path::PASSWORD, Some(session))
        .json(next, limit::JSON_BYTES)?
        .if_match(previous)
        .read(transport, &[200])
        .await
}

/// PUT [`path::WORDS`]: a new sheet, if the stored manifest is still `previous`.
///
/// # Errors
/// [`ApiError`]; `lost_race` where another device wrote first.
pub async fn put_words(
    transport: &dyn Transport,
    session: &Session,
    previous: Hash,
    next: &PutWords,
) -> Result<ManifestStored, ApiError> {
    Call::new(Method::Put, path::WORDS, Some(session))
        .json(next, limit::JSON_BYTES)?
        .if_match(previous)
        .read(transport, &[200])
        .await
}

/// DELETE [`path::EVENT`]: the person has been shown it.
///
/// # Errors
/// [`ApiError`].
pub async fn acknowledge(
    transport: &dyn Transport,
    session: &Session,
    event: OperationId,
) -> Result<(), ApiError> {
    Call::new(
        Method::Delete,
        fill(path::EVENT, "event_id", event),
        Some(session),
    )
    .done(transport, &[204])
    .await
}

/// DELETE [`path::ACCOUNT`]: close the account; answered when everything is erased.
///
/// # Errors
/// [`ApiError`]; `account_closed` where it was closed before.
pub async fn close(transport: &dyn Transport, session: &Session) -> Result<(), ApiError> {
    Call::new(Method::Delete, path::ACCOUNT, Some(session))
        .done(transport, &[204])
        .await
}

/// Two records, a bundle and the slots, in base64, with room.
const ACCOUNT_BYTES: u64 = 4 * limit::RECORD_BYTES;

//! Ways in and the way out: login by password (OPAQUE), login by the twelve words, sign-out.
//!
//! A login for an unknown handle goes the same way as any other, with a fake record, and fails at its end like a wrong
//! password; so does one for words that no account has. The slot leaves the server after the second half alone.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use crypto::account::handle::Handle;
use crypto::account::slot::SlotType;
use crypto::id::Id;
use crypto::opaque::server::{self as opaque, ServerError};
use crypto::random::make_bytes;
use crypto::session::MacKey;
use crypto::words::verify_recovery_proof;
use shared::journal::Happening;
use shared::session::{
    LoginChallenge, LoginFinish, LoginStart, RecoveryChallenge, RecoveryFinish, RecoveryOpened,
    RecoveryStart, SessionOpened,
};
use shared::{AccountId, Blob, ErrorCode, Hash, LoginId, SessionId};
use tokio::sync::MutexGuard;
use zeroize::Zeroizing;

use super::account::slots;
use crate::error::Failure;
use crate::extract::{Open, SignedEmpty};
use crate::journal;
use crate::key;
use crate::limiter::Way;
use crate::logins::Pending;
use crate::row::{LoginRow, RecoveryRow};
use crate::state::{State, System};

/// KE1 in, KE2 out.
pub(crate) async fn start(
    Extract(state): Extract<State>,
    Open { json, network, .. }: Open<LoginStart>,
) -> Result<Json<LoginChallenge>, Failure> {
    let now = state.now();
    let credential_id = Handle::parse(&json.handle)
        .map_err(|_| ErrorCode::Malformed)?
        .credential_id();
    let limit = state.config.attempts_per_handle;
    state
        .limiter
        .way_in(&Way::Password(credential_id), network, limit, now)?;
    let row = state.row::<LoginRow>(&key::login(&credential_id)).await?;
    let record = row
        .as_ref()
        .and_then(|(row, _)| opaque::Record::parse(&row.record).ok());
    let (login, ke2) = opaque::login_start(
        &state.setup,
        &state.deployment_id,
        &credential_id,
        record.as_ref(),
        json.ke1.as_slice(),
        &mut System,
    )
    .map_err(|error| match error {
        ServerError::Random(error) => Failure::from(error),
        ServerError::Malformed | ServerError::Refused => ErrorCode::Malformed.into(),
    })?;
    let login_id = make_bytes::<16>(&mut System)?;
    let pending = Pending::Password {
        login: Box::new(login),
        credential_id,
        account: row.map(|(row, seen)| (row.account_id, seen)),
    };
    state.logins.insert(login_id, pending, now)?;
    Ok(Json(LoginChallenge {
        login_id: LoginId(login_id),
        ke2: Blob(ke2.to_vec()),
    }))
}

/// KE3 in; a session, and now the slot.
pub(crate) async fn finish(
    Extract(state): Extract<State>,
    Open { json, network, .. }: Open<LoginFinish>,
) -> Result<Json<SessionOpened>, Failure> {
    // A change of password waits, or has forgotten this login: no session outlives the password that opened it.
    let account = state.logins.account_of(&json.login_id.0);
    let _writer = writer(&state, account.as_ref()).await;
    let pending = state.logins.take(&json.login_id.0, state.now());
    let (pending, attempt) = pending.ok_or(ErrorCode::LoginFailed)?;
    let Pending::Password {
        login,
        credential_id,
        account,
    } = pending
    else {
        return Err(ErrorCode::LoginFailed.into());
    };
    let key = login
        .finish(&state.deployment_id, &credential_id, json.ke3.as_slice())
        .map_err(|_| ErrorCode::LoginFailed)?;
    let (account_id, seen) = account.ok_or(ErrorCode::LoginFailed)?;
    // A login may begin while the password changes, and be remembered after the old ones were forgotten.
    let current = state.row::<LoginRow>(&key::login(&credential_id)).await?;
    if current.is_none_or(|(_, current)| current != seen) {
        return Err(ErrorCode::LoginFailed.into());
    }
    attempt.succeed();
    let slot = slot_of(&state, &account_id, SlotType::Password).await?;
    let session_id = open(&state, account_id, key.expose(), false).await?;
    state.limiter.befriend(&Way::Password(credential_id), network);
    Ok(Json(SessionOpened {
        session_id,
        account_id: AccountId(account_id),
        slot,
    }))
}

/// A challenge for whoever holds the twelve words, or any other words.
pub(crate) async fn start_recovery(
    Extract(state): Extract<State>,
    Open { json, network, .. }: Open<RecoveryStart>,
) -> Result<Json<RecoveryChallenge>, Failure> {
    let now = state.now();
    let recovery_id = json.recovery_id.0;
    let limit = state.config.attempts_per_handle;
    state
        .limiter
        .way_in(&Way::Words(recovery_id), network, limit, now)?;
    let row = state.row::<RecoveryRow>(&key::recovery(&recovery_id)).await?;
    let row = row.map(|(row, _)| row);
    let login_id = make_bytes::<16>(&mut System)?;
    let challenge = make_bytes::<32>(&mut System)?;
    let pending = Pending::Words {
        recovery_id,
        challenge,
        recovery_pk: row.map_or(NOBODY, |row| row.recovery_pk),
        account_id: row.map(|row| row.account_id),
    };
    state.logins.insert(login_id, pending, now)?;
    Ok(Json(RecoveryChallenge {
        login_id: LoginId(login_id),
        challenge: Hash(challenge),
    }))
}

/// The proof in; a session under a secret that the server draws.
pub(crate) async fn finish_recovery(
    Extract(state): Extract<State>,
    Open { json, network, .. }: Open<RecoveryFinish>,
) -> Result<Json<RecoveryOpened>, Failure> {
    let login_id = json.login_id.0;
    let account = state.logins.account_of(&login_id);
    let _writer = writer(&state, account.as_ref()).await;
    let pending = state.logins.take(&login_id, state.now());
    let (pending, attempt) = pending.ok_or(ErrorCode::LoginFailed)?;
    let Pending::Words {
        recovery_id,
        challenge,
        recovery_pk,
        account_id,
    } = pending
    else {
        return Err(ErrorCode::LoginFailed.into());
    };
    verify_recovery_proof(
        &recovery_pk,
        &state.deployment_id,
        &challenge,
        &login_id,
        json.proof.as_slice(),
    )
    .map_err(|_| ErrorCode::LoginFailed)?;
    let account_id = account_id.ok_or(ErrorCode::LoginFailed)?;
    attempt.succeed();
    let slot = slot_of(&state, &account_id, SlotType::Words).await?;
    let secret = Zeroizing::new(make_bytes::<32>(&mut System)?);
    let session_id = open(&state, account_id, &*secret, true).await?;
    state.limiter.befriend(&Way::Words(recovery_id), network);
    Ok(Json(RecoveryOpened {
        session_id,
        session_secret: Hash(*secret),
        account_id: AccountId(account_id),
        slot,
    }))
}

/// Sign out.
pub(crate) async fn close(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    let what = Happening::SignedOut {
        session_id: SessionId(who.session_id),
    };
    // Whether or not that can be written down, the session is over.
    state.sessions.close(&who.session_id);
    let _writer = state.account_lock(&who.account_id).lock().await;
    journal::write(&state, &who.account_id, what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change of the account's ways in waits for this, or this for it.
async fn writer<'a>(state: &'a State, account: Option<&Id>) -> Option<MutexGuard<'a, ()>> {
    match account {
        Some(account) => Some(state.account_lock(account).lock().await),
        None => None,
    }
}

/// Begins a session; its account's journal says so before anybody is told of it. The account's lock is held.
async fn open(state: &State, account_id: Id, secret: &[u8], by_words: bool) -> Result<SessionId, Failure> {
    let session_id = make_bytes::<16>(&mut System)?;
    let key = MacKey::derive(secret, &session_id);
    let now = state.now();
    state
        .sessions
        .open(session_id, account_id, (key, by_words), now)?;
    let what = Happening::SignedIn {
        session_id: SessionId(session_id),
        by_words,
    };
    let written = journal::write(state, &account_id, what).await;
    if written.is_err() {
        state.sessions.close(&session_id);
    }
    written.map(|()| SessionId(session_id))
}

async fn slot_of(state: &State, account_id: &Id, slot_type: SlotType) -> Result<Blob, Failure> {
    let slots = slots(state, account_id).await?;
    let slot = slots
        .iter()
        .find(|slot| slot.header().slot_type == slot_type)
        .ok_or(ErrorCode::Internal)?;
    Ok(Blob(slot.to_bytes().to_vec()))
}

/// A well-formed public key (RFC 8032, section 7.1, the first test), under which the proof of words that nobody has is
/// checked. Who makes one that holds has still no account.
const NOBODY: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

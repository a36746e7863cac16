//! The open sessions of the signed-in account: listed, named by their own clients, ended from another device.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use shared::session::{OpenSession, PutLabel, Sessions};
use shared::{Blob, ErrorCode, SessionId, limit};

use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::params::Param;
use crate::state::State;

pub(crate) async fn list(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Json<Sessions>, Failure> {
    let open = state.sessions.list(&who.account_id, state.now());
    let items = open.into_iter().map(|session| OpenSession {
        current: session.id == who.session_id,
        session_id: SessionId(session.id),
        opened: session.opened,
        used: session.used,
        label: session.label.map(Blob),
    });
    Ok(Json(Sessions {
        items: items.collect(),
    }))
}

pub(crate) async fn label(
    Extract(state): Extract<State>,
    Signed { who, json, .. }: Signed<PutLabel>,
) -> Result<StatusCode, Failure> {
    if json.label.0.len() as u64 != limit::LABEL_BYTES {
        return Err(ErrorCode::Refused.into());
    }
    state.sessions.label(&who.session_id, json.label.0);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of the account; its own as well.
pub(crate) async fn close(
    Extract(state): Extract<State>,
    Param(SessionId(session)): Param<SessionId>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    state.sessions.close_other(&who.account_id, &session, state.now());
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the account but the one that asks.
pub(crate) async fn close_others(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    let (id, why) = (&who.account_id, ErrorCode::ClosedElsewhere);
    state.sessions.close_others(id, &who.session_id, why, state.now());
    Ok(StatusCode::NO_CONTENT)
}

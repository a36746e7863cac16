//! The open sessions of the signed-in account: listed, named by their own clients, ended from another device.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use shared::journal::Happening;
use shared::session::{OpenSession, PutLabel, Sessions};
use shared::{Blob, ErrorCode, SessionId, limit};

use crate::error::Failure;
use crate::extract::{Signed, SignedEmpty};
use crate::journal;
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
    // Once: who calls itself something else all the time does not fill the journal.
    if !state.sessions.is_labelled(&who.session_id) {
        let what = Happening::Named {
            session_id: SessionId(who.session_id),
            label: json.label.clone(),
        };
        let _writer = state.account_lock(&who.account_id).lock().await;
        journal::write(&state, &who.account_id, what).await?;
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
    let ended = state.sessions.close_other(&who.account_id, &session, state.now());
    if ended > 0 {
        let what = Happening::Ended {
            by: SessionId(who.session_id),
            session_id: SessionId(session),
        };
        let _writer = state.account_lock(&who.account_id).lock().await;
        journal::write(&state, &who.account_id, what).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the account but the one that asks.
pub(crate) async fn close_others(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<StatusCode, Failure> {
    let (id, why) = (&who.account_id, ErrorCode::ClosedElsewhere);
    let count = state.sessions.close_others(id, &who.session_id, why, state.now());
    if count > 0 {
        let what = Happening::EndedOthers {
            by: SessionId(who.session_id),
            count,
        };
        let _writer = state.account_lock(id).lock().await;
        journal::write(&state, id, what).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

//! What this deployment is, and whether it is up. Open to everybody, and says nothing about anybody.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Extract;
use shared::limit::{self, Limits};
use shared::session::Deployment;
use shared::{DeploymentId, ErrorCode};
use tokio::time::Instant;

use crate::error::Failure;
use crate::key;
use crate::state::State;
use crate::store::{Batch, Expect};

pub(crate) async fn read(Extract(state): Extract<State>) -> Json<Deployment> {
    Json(Deployment {
        deployment_id: DeploymentId(state.deployment_id),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        suites: vec![crypto::id::SUITE],
        limits: Limits {
            part_bytes: limit::PART_BYTES,
            body_bytes: limit::BODY_BYTES,
            commit_bytes: limit::COMMIT_BYTES,
            pages: limit::PAGES,
            refs: limit::REFS,
            uploads: limit::UPLOADS,
            upload_seconds: limit::UPLOAD_SECONDS,
            account_bytes: state.config.account_bytes,
        },
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        source: state.config.source.clone(),
    })
}

/// The process answers.
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// The store takes writes: an empty one goes the whole way to the disk. The answer holds for a second, so that who
/// asks often does not write often.
pub(crate) async fn ready(Extract(state): Extract<State>) -> Result<&'static str, Failure> {
    let mut tried = state.tried.lock().await;
    let is_ready = match *tried {
        Some((at, is_ready)) if at.elapsed() < READY_FOR => is_ready,
        _ => {
            let is_ready = try_write(&state).await;
            *tried = Some((Instant::now(), is_ready));
            is_ready
        }
    };
    if is_ready {
        Ok("ok\n")
    } else {
        Err(Failure::retry_after(ErrorCode::Unavailable, 1))
    }
}

async fn try_write(state: &State) -> bool {
    let (table, key) = key::deployment();
    let batch = Batch {
        expect: vec![(table, key, Expect::Exists)],
        ..Batch::default()
    };
    state.meta.commit(batch).await.is_ok()
}

/// How long an answer about the store is repeated.
const READY_FOR: Duration = Duration::from_secs(1);

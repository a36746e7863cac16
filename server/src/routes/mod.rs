//! Every route of `shared::path`, and nothing that is not there. One file for each noun.

use axum::Router;
use axum::routing::{delete, get, post, put};
use shared::{ErrorCode, path};

use crate::error::Failure;
use crate::state::State;

mod account;
mod audit;
mod auditor;
mod collection;
mod deployment;
mod device;
mod document;
mod journal;
mod registration;
mod secrets;
mod session;
mod upload;

/// The API; what it does not know is the page's business, or 404.
pub(crate) fn api() -> Router<State> {
    Router::new()
        .route(path::DEPLOYMENT, get(deployment::read))
        .route(path::HEALTH, get(deployment::health))
        .route(path::READY, get(deployment::ready))
        .route(path::REGISTRATIONS, post(registration::start))
        .route(path::ACCOUNTS, post(registration::create))
        .route(path::ACCOUNT, get(account::read).delete(account::close))
        .route(path::QUOTA, get(account::quota))
        .route(path::MANIFEST, put(account::put_manifest))
        .route(path::PASSWORD, put(secrets::put_password))
        .route(path::WORDS, put(secrets::put_words))
        .route(path::EVENT, delete(account::acknowledge))
        .route(path::JOURNAL, get(journal::read))
        .route(path::STATEMENTS, get(journal::statements))
        .route(path::SESSIONS, get(device::list).delete(device::close_others))
        .route(path::OTHER_SESSION, delete(device::close))
        .route(path::LABEL, put(device::label))
        .route(path::SESSIONS_START, post(session::start))
        .route(path::SESSIONS_FINISH, post(session::finish))
        .route(path::SESSION, delete(session::close))
        .route(path::RECOVERIES_START, post(session::start_recovery))
        .route(path::RECOVERIES_FINISH, post(session::finish_recovery))
        .route(path::COLLECTION, get(collection::read))
        .route(path::HEAD, put(collection::commit))
        .route(path::HEADS, get(collection::heads))
        .route(path::PAGES, post(collection::pages))
        .route(path::UPLOADS, get(upload::list).post(upload::begin))
        .route(path::UPLOAD, delete(upload::abort))
        .route(path::UPLOAD_RECORD, put(upload::put_record))
        .route(path::UPLOAD_PART, put(upload::put_part))
        .route(path::UPLOAD_COMMIT, post(upload::commit))
        .route(path::BODY, get(document::read))
        .route(path::BODY_CONTENT, get(document::content))
        .route(path::LOG, get(audit::card))
        .route(path::PROOFS, post(audit::proofs))
        .route(path::MAP, post(audit::map))
        .route(path::COSIGNATURES, post(audit::cosign))
        .route(path::CHECKPOINT, get(audit::checkpoint))
        .route(path::NEWEST, get(audit::newest))
        .route(path::TILES, get(audit::tile))
        .route(path::AUDIT_LIST, get(auditor::list))
        .route(path::AUDIT_CHUNK, get(auditor::chunk))
        .method_not_allowed_fallback(method_not_allowed)
}

async fn method_not_allowed() -> Failure {
    ErrorCode::MethodNotAllowed.into()
}

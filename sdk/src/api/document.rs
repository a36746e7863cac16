//! Calls on bodies: begin, send parts, finish, read. `spec/wire.md`.

use bytes::Bytes;
use shared::document::{BeginUpload, Body, BodyStored, CommitUpload, PutUploadRecord, Uploads};
use shared::{BodyId, Hash, limit, path};

use super::{Call, Session, fill};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// GET [`path::UPLOADS`]: what the server remembers of unfinished uploads.
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also for more than [`limit::UPLOADS`].
pub async fn uploads(transport: &dyn Transport, session: &Session) -> Result<Uploads, ApiError> {
    let uploads: Uploads = Call::new(Method::Get, path::UPLOADS, Some(session))
        .max_answer(UPLOADS_BYTES)
        .read(transport, &[200])
        .await?;
    if uploads.items.len() as u64 > limit::UPLOADS {
        Err(ApiError::Hostile)
    } else {
        Ok(uploads)
    }
}

/// POST [`path::UPLOADS`]: begin; reserves quota.
///
/// # Errors
/// [`ApiError`]; `quota_exceeded` where it does not fit.
pub async fn begin(
    transport: &dyn Transport,
    session: &Session,
    begin: &BeginUpload,
) -> Result<(), ApiError> {
    Call::new(Method::Post, path::UPLOADS, Some(session))
        .json(begin, limit::JSON_BYTES)?
        .done(transport, &[201])
        .await
}

/// PUT [`path::UPLOAD_RECORD`]: the next version of an upload's record.
///
/// # Errors
/// [`ApiError`].
pub async fn put_record(
    transport: &dyn Transport,
    session: &Session,
    body: BodyId,
    next: &PutUploadRecord,
) -> Result<(), ApiError> {
    Call::new(Method::Put, route(path::UPLOAD_RECORD, body), Some(session))
        .json(next, limit::JSON_BYTES)?
        .done(transport, &[204])
        .await
}

/// PUT [`path::UPLOAD_PART`]: one part; the same bytes again succeed again.
///
/// # Errors
/// [`ApiError`]; `conflict` where other bytes are stored under this number.
pub async fn put_part(
    transport: &dyn Transport,
    session: &Session,
    body: BodyId,
    part: u32,
    bytes: Bytes,
    part_hash: Hash,
) -> Result<(), ApiError> {
    let path = fill(&route(path::UPLOAD_PART, body), "part", part);
    Call::new(Method::Put, path, Some(session))
        .part(bytes, part_hash)
        .done(transport, &[204])
        .await
}

/// POST [`path::UPLOAD_COMMIT`]: finish.
///
/// # Errors
/// [`ApiError`].
pub async fn commit(
    transport: &dyn Transport,
    session: &Session,
    body: BodyId,
    commit: &CommitUpload,
) -> Result<BodyStored, ApiError> {
    Call::new(Method::Post, route(path::UPLOAD_COMMIT, body), Some(session))
        .json(commit, limit::JSON_BYTES)?
        .read(transport, &[200])
        .await
}

/// DELETE [`path::UPLOAD`]: give up; frees the reserved quota.
///
/// # Errors
/// [`ApiError`].
pub async fn abandon(transport: &dyn Transport, session: &Session, body: BodyId) -> Result<(), ApiError> {
    Call::new(Method::Delete, route(path::UPLOAD, body), Some(session))
        .done(transport, &[204])
        .await
}

/// GET [`path::BODY`]: header and part hashes of a body of `parts` parts.
///
/// # Errors
/// [`ApiError`].
pub async fn body(
    transport: &dyn Transport,
    session: &Session,
    body: BodyId,
    parts: u64,
) -> Result<Body, ApiError> {
    // 32 bytes a part, 4/3 in base64, and the header.
    let room = parts.saturating_mul(44).saturating_add(4_096);
    Call::new(Method::Get, route(path::BODY, body), Some(session))
        .max_answer(room)
        .read(transport, &[200])
        .await
}

/// GET [`path::BODY_CONTENT`] with `Range`: exactly the bytes `[start, start + len)` of the ciphertext; `len > 0`.
///
/// # Errors
/// [`ApiError`].
pub async fn content(
    transport: &dyn Transport,
    session: &Session,
    body: BodyId,
    start: u64,
    len: u64,
) -> Result<Bytes, ApiError> {
    let last = start.saturating_add(len).saturating_sub(1);
    Call::new(Method::Get, route(path::BODY_CONTENT, body), Some(session))
        .header("range", format!("bytes={start}-{last}"))
        .octets(transport, &[206], len)
        .await
}

fn route(route: &str, body: BodyId) -> String {
    fill(route, "body_id", body)
}

/// Every upload with its record and its list of parts: a bound, not an expectation.
const UPLOADS_BYTES: u64 = 16 << 20;

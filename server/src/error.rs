//! What a refused request becomes: a code of `shared::ErrorCode`, never a text (`spec/wire.md`, section 3).
//!
//! Two audiences: the caller gets the code, the log gets what failed inside. Nothing of a request is echoed to either.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::{ErrorCode, Problem, RequestId};

use crate::store::{CommitError, PutError, StoreError};

/// A request that is not answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) retry_after: Option<u32>,
    pub(crate) limit: Option<u64>,
}

impl Failure {
    pub(crate) const fn with_limit(code: ErrorCode, limit: u64) -> Self {
        Self {
            code,
            retry_after: None,
            limit: Some(limit),
        }
    }

    pub(crate) const fn retry_after(code: ErrorCode, seconds: u32) -> Self {
        Self {
            code,
            retry_after: Some(seconds),
            limit: None,
        }
    }

    /// The problem document of this failure, for this request.
    pub(crate) fn into_problem(self, request: RequestId) -> Response {
        let mut problem = Problem::new(self.code, request);
        problem.retry_after = self.retry_after;
        problem.limit = self.limit;
        // Every field is a number or a word of ours: this cannot fail, and an empty body is still a refusal.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(shared::error::PROBLEM_JSON),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn status(self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            retry_after: None,
            limit: None,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %error, "store failed");
        match error {
            StoreError::Unavailable => Self::retry_after(ErrorCode::Unavailable, RETRY_SECONDS),
            StoreError::Corrupt { .. } => ErrorCode::Internal.into(),
        }
    }
}

/// For batches whose every conflict means that somebody else wrote meanwhile.
impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => ErrorCode::Conflict.into(),
            CommitError::Full => ErrorCode::StorageFull.into(),
            CommitError::Invalid => {
                tracing::error!("a batch broke a bound of the store");
                ErrorCode::Internal.into()
            }
            CommitError::Unavailable(error) => error.into(),
        }
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Different => ErrorCode::Conflict.into(),
            PutError::Full => ErrorCode::StorageFull.into(),
            PutError::Invalid => ErrorCode::Refused.into(),
            PutError::Unavailable(error) => error.into(),
        }
    }
}

impl From<crypto::random::RandomError> for Failure {
    fn from(_: crypto::random::RandomError) -> Self {
        tracing::error!("no randomness");
        ErrorCode::Internal.into()
    }
}

/// A row of ours that does not read: the store's checksums hold, so this is a fault of the program.
impl From<crate::row::RowError> for Failure {
    fn from(_: crate::row::RowError) -> Self {
        tracing::error!("a stored row does not read");
        ErrorCode::Internal.into()
    }
}

/// The body is written by the outermost layer, which knows the request's id.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Seconds until another attempt makes sense after the store failed.
const RETRY_SECONDS: u32 = 5;

//! Errors that several operations share, sorted by who is at fault. No text of a peer is ever carried.

use shared::{ErrorCode, RequestId};

/// A request did not bring an answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nobody's fault: the network gave no answer. The request may or may not have been carried out.
    #[error("no answer")]
    Offline,
    /// The server answered with a problem; see [`Problem`].
    #[error("the server refused the request")]
    Problem(Problem),
    /// The server's fault: an answer outside the contract of `spec/wire.md` (type, field, status, size).
    #[error("the server's answer is not of the agreed form")]
    Hostile,
    /// The caller's fault: the request does not fit the limits of the wire.
    #[error("the request is larger than the wire allows")]
    TooLarge,
}

impl ApiError {
    /// The code of a problem, if that is what came back.
    #[must_use]
    pub const fn problem_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// Whether asking again later, unchanged, may help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Offline)
            || matches!(
                self.problem_code(),
                Some(ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::TooMany)
            )
    }
}

/// What is kept of problem details: the code and its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// Why; what a client words.
    pub code: ErrorCode,
    /// Seconds to wait, where waiting helps.
    pub retry_after: Option<u32>,
    /// The limit that was passed.
    pub limit: Option<u64>,
    /// The request's id in the server's log, for a report.
    pub request: RequestId,
}

/// The transport brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke before the whole answer was there.
    #[error("no answer")]
    Offline,
    /// The answer is longer than the request allowed; reading stopped there.
    #[error("the answer is longer than allowed")]
    TooLong,
}

/// The local store could not read or write (disk full, private window, damaged file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the local store failed")]
pub struct LocalError;

/// The file being uploaded could not be read, or the place to write to could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file could not be read or written")]
pub struct FileError;

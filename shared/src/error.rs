//! What a refused request answers: RFC 9457 problem details with one closed code.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::RequestId;

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused. The only thing that clients branch on; they word it from `error.<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// 400: not of the form that the route reads.
    Malformed,
    /// 401: no session, an ended one, or a request that its session key did not sign.
    SignedOut,
    /// 401: the session was ended by a change of the phrase.
    PhraseChanged,
    /// 401: the session was ended by a new sheet.
    SheetChanged,
    /// 401: the session was ended from another device.
    ClosedElsewhere,
    /// 401: the account was closed.
    AccountClosed,
    /// 401: the login did not succeed; alike for an unknown account, a wrong phrase and wrong words.
    LoginFailed,
    /// 403: the account may not do this.
    Forbidden,
    /// 404: not there, or not for this account to know.
    NotFound,
    /// 405: the route exists, not this method.
    MethodNotAllowed,
    /// 409: something else is stored under this id.
    Conflict,
    /// 409: the handle belongs to another account.
    HandleTaken,
    /// 412: somebody else wrote first; read, merge, try again.
    LostRace,
    /// 413: larger than the named limit.
    TooLarge,
    /// 415: another content type than the route reads.
    UnsupportedMediaType,
    /// 416: the range is not inside the body.
    RangeNotSatisfiable,
    /// 422: well formed, and against a rule of the protocol.
    Refused,
    /// 429: too many attempts; `retry_after` says when to come back.
    TooMany,
    /// 507: the account's quota would be exceeded; `limit` says by how much it may grow.
    QuotaExceeded,
    /// 507: the disk is (nearly) full.
    StorageFull,
    /// 503: try again later; nothing was changed that was not answered.
    Unavailable,
    /// 500: the server failed; nothing was acknowledged.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 22] = [
        Self::Malformed,
        Self::SignedOut,
        Self::PhraseChanged,
        Self::SheetChanged,
        Self::ClosedElsewhere,
        Self::AccountClosed,
        Self::LoginFailed,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::HandleTaken,
        Self::LostRace,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::Refused,
        Self::TooMany,
        Self::QuotaExceeded,
        Self::StorageFull,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::SignedOut
            | Self::PhraseChanged
            | Self::SheetChanged
            | Self::ClosedElsewhere
            | Self::AccountClosed
            | Self::LoginFailed => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::HandleTaken => 409,
            Self::LostRace => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::Refused => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::QuotaExceeded | Self::StorageFull => 507,
        }
    }

    /// The code as it stands on the wire and in locale keys (`error.<code>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::SignedOut => "signed_out",
            Self::PhraseChanged => "phrase_changed",
            Self::SheetChanged => "sheet_changed",
            Self::ClosedElsewhere => "closed_elsewhere",
            Self::AccountClosed => "account_closed",
            Self::LoginFailed => "login_failed",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::HandleTaken => "handle_taken",
            Self::LostRace => "lost_race",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::Refused => "refused",
            Self::TooMany => "too_many",
            Self::QuotaExceeded => "quota_exceeded",
            Self::StorageFull => "storage_full",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// From its word alone: the derived form would also take `{"malformed":null}`.
impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ErrorCode;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an error code")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ErrorCode, E> {
                let mut all = ErrorCode::ALL.into_iter();
                all.find(|code| code.as_str() == text)
                    .ok_or_else(|| E::custom("not an error code"))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// The body of every answer that is not a success. No free text; nothing of the request is echoed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Always `about:blank` (RFC 9457, section 4.2.1).
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status, again.
    pub status: u16,
    /// Why.
    pub code: ErrorCode,
    /// Seconds to wait before another attempt, where waiting helps.
    #[serde(deserialize_with = "Option::deserialize")]
    pub retry_after: Option<u32>,
    /// The limit that was passed, in the unit of `limit.rs`, where one was.
    #[serde(deserialize_with = "Option::deserialize")]
    pub limit: Option<u64>,
    /// The request's id in the server's log.
    pub request: RequestId,
}

impl Problem {
    /// A problem of this code, for this request.
    #[must_use]
    pub fn new(code: ErrorCode, request: RequestId) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            status: code.status(),
            code,
            retry_after: None,
            limit: None,
            request,
        }
    }
}

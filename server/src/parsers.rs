//! Every parser of this crate behind one signature, for fuzzing and properties alone (feature `testing`).
//!
//! Each reads bytes and writes what it read again; `None` where the bytes are refused.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use shared::{Hash, SessionId, path};

use crate::config::{self, ConfigError, Invocation};
use crate::journal::row::{EventRow, StatementRow, TallyRow};
use crate::row::{
    AccountRow, BodyRow, ClosingRow, CollectionRow, DeploymentRow, DroppedRow, EventsRow, LoginRow, PageRow,
    QuotaRow, RecoveryRow, Row, UploadRow,
};
use crate::{audit, auth, extract, key, params};

pub use crate::store::parsers::{frame, framed, part_entry};

/// One row of the store.
fn row<T: Row>(bytes: &[u8]) -> Option<Vec<u8>> {
    T::parse(bytes).ok().map(|row| row.to_bytes())
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident: $row:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(bytes: &[u8]) -> Option<Vec<u8>> {
            row::<$row>(bytes)
        }
    )*};
}

rows! {
    /// The deployment.
    deployment_row: DeploymentRow;
    /// An account.
    account_row: AccountRow;
    /// What an account stores.
    quota_row: QuotaRow;
    /// A password.
    login_row: LoginRow;
    /// Twelve words.
    recovery_row: RecoveryRow;
    /// An upload.
    upload_row: UploadRow;
    /// A body.
    body_row: BodyRow;
    /// A collection.
    collection_row: CollectionRow;
    /// A page.
    page_row: PageRow;
    /// A dropped page.
    dropped_row: DroppedRow;
    /// What happened to an account.
    events_row: EventsRow;
    /// An account that was closed.
    closing_row: ClosingRow;
    /// How much a journal holds.
    tally_row: TallyRow;
    /// An event of a journal.
    event_row: EventRow;
    /// A statement of the operator.
    statement_row: StatementRow;
}

/// The key of a reminder.
#[must_use]
pub fn due(bytes: &[u8]) -> Option<Vec<u8>> {
    let (at, due) = key::read_due(bytes)?;
    Some(key::due(at, &due).1)
}

/// The settings file, written again as a settings file. What it says stands in [`Invocation`].
#[must_use]
pub fn settings(bytes: &[u8]) -> Option<Vec<u8>> {
    let read = Invocation::of_file(str::from_utf8(bytes).ok()?).ok()?;
    let lines = read.to_string();
    // Where a value comes from is told behind it, and changes when it is written.
    let bare: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once("  # "))
        .map(|(setting, _)| setting)
        .collect();
    Some(bare.join("\n").into())
}

/// `Authorization`.
#[must_use]
pub fn authorization(bytes: &[u8]) -> Option<Vec<u8>> {
    let (id, mac) = auth::credentials(&one(header::AUTHORIZATION, bytes)?)?;
    Some(format!("{} {}.{}", path::AUTH_SCHEME, SessionId(id), Hash(mac)).into())
}

/// `If-Match`.
#[must_use]
pub fn if_match(bytes: &[u8]) -> Option<Vec<u8>> {
    let hash = params::if_match(&one(header::IF_MATCH, bytes)?)?;
    Some(format!("\"{}\"", Hash(hash)).into())
}

/// `Range`.
#[must_use]
pub fn range(bytes: &[u8]) -> Option<Vec<u8>> {
    let headers = one(header::RANGE, bytes)?;
    let form = params::range(extract::one_header(&headers, header::RANGE)?)?;
    // Whatever it asks for, it stays inside.
    for len in [0, 1, 16_400, u64::MAX] {
        if let Some((first, last)) = form.within(len)
            && (first > last || last >= len)
        {
            return Some(b"a range outside".to_vec());
        }
    }
    Some(
        match form {
            params::RangeForm::From(first) => format!("bytes={first}-"),
            params::RangeForm::FromTo(first, last) => format!("bytes={first}-{last}"),
            params::RangeForm::Last(count) => format!("bytes=-{count}"),
        }
        .into(),
    )
}

/// The file of the log's key.
#[must_use]
pub fn log_key(bytes: &[u8]) -> Option<Vec<u8>> {
    audit::keep::parse(bytes).map(|signer| audit::keep::to_bytes(&signer).to_vec())
}

/// How far the map of the log is.
#[must_use]
pub fn map_state(bytes: &[u8]) -> Option<Vec<u8>> {
    audit::map::parse_state(bytes).map(|state| audit::map::state_bytes(&state))
}

/// The query of a list.
#[must_use]
pub fn query(bytes: &[u8]) -> Option<Vec<u8>> {
    let page = params::page(str::from_utf8(bytes).ok()?).ok()?;
    let after = page
        .after
        .map_or_else(String::new, |after| format!("after={after}&"));
    Some(format!("{after}limit={}", page.limit).into())
}

/// `X-Forwarded-For`.
#[must_use]
pub fn forwarded(bytes: &[u8]) -> Option<Vec<u8>> {
    let headers = one(HeaderName::from_static(params::FORWARDED_FOR), bytes)?;
    params::forwarded(&headers).map(|address| address.to_string().into())
}

/// `Content-Type` of JSON.
#[must_use]
pub fn content_type(bytes: &[u8]) -> Option<Vec<u8>> {
    let headers = one(header::CONTENT_TYPE, bytes)?;
    extract::content_type(&headers, "application/json").ok()?;
    Some(b"application/json".to_vec())
}

/// A number in a path, of 32 bits.
#[must_use]
pub fn decimal_u32(bytes: &[u8]) -> Option<Vec<u8>> {
    decimal::<u32>(bytes)
}

/// A number in a query or a header, of 64 bits.
#[must_use]
pub fn decimal_u64(bytes: &[u8]) -> Option<Vec<u8>> {
    decimal::<u64>(bytes)
}

fn decimal<T: FromStr + ToString>(bytes: &[u8]) -> Option<Vec<u8>> {
    let number = extract::decimal::<T>(str::from_utf8(bytes).ok()?)?;
    Some(number.to_string().into())
}

fn one(name: HeaderName, value: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    Some(headers)
}

impl Invocation {
    /// The settings of a file alone.
    fn of_file(text: &str) -> Result<Self, ConfigError> {
        let settings = config::read_settings(text)?;
        let no_flags = config::command()
            .try_get_matches_from(["civis-server"])
            .map_err(ConfigError::Flags)?;
        Self::assemble(&no_flags, &BTreeMap::new(), &settings)
    }
}

//! Reads the head of requests strictly: ids in the path, entity tags, ranges, queries, the address of the other end.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::{BodyId, ErrorCode, Hash, limit};

use crate::error::Failure;
use crate::extract::{decimal, one_header};
use crate::network::Network;
use crate::state::State;

/// The parameters of the route, each an id or a number. What does not read is not there: 404.
pub(crate) struct Param<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<State> for Param<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ErrorCode::NotFound)?;
        let mut values = params.iter().map(|(_, value)| value);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(ErrorCode::NotFound.into());
        };
        Ok(Self(value.parse().map_err(|_| ErrorCode::NotFound)?))
    }
}

/// Body id and part number, the only route with two parameters.
pub(crate) struct PartParams {
    pub(crate) body_id: [u8; 16],
    pub(crate) part: u32,
}

impl FromRequestParts<State> for PartParams {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ErrorCode::NotFound)?;
        let mut values = params.iter().map(|(_, value)| value);
        let (Some(body), Some(part)) = (values.next(), values.next()) else {
            return Err(ErrorCode::NotFound.into());
        };
        let body_id = body.parse::<BodyId>().map_err(|_| ErrorCode::NotFound)?.0;
        Ok(Self {
            body_id,
            part: decimal(part).ok_or(ErrorCode::NotFound)?,
        })
    }
}

/// `If-Match: "<hash>"`.
pub(crate) struct IfMatch(pub(crate) [u8; 32]);

impl FromRequestParts<State> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Failure> {
        if_match(&parts.headers)
            .map(Self)
            .ok_or_else(|| ErrorCode::Malformed.into())
    }
}

pub(crate) fn if_match(headers: &HeaderMap) -> Option<[u8; 32]> {
    let text = one_header(headers, header::IF_MATCH)?;
    let hash: Hash = text.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    Some(hash.0)
}

/// `?after=<number>&limit=<number up to 500>`, both optional, nothing else.
pub(crate) struct Page {
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

impl FromRequestParts<State> for Page {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Failure> {
        page(parts.uri.query().unwrap_or_default())
    }
}

pub(crate) fn page(query: &str) -> Result<Page, Failure> {
    let (mut after, mut limit) = (None, None);
    // An empty query asks for nothing; between its pairs nothing may be empty.
    let pairs = (!query.is_empty()).then(|| query.split('&'));
    for pair in pairs.into_iter().flatten() {
        let (name, value) = pair.split_once('=').ok_or(ErrorCode::Malformed)?;
        let slot = match name {
            "after" => &mut after,
            "limit" => &mut limit,
            _ => return Err(ErrorCode::Malformed.into()),
        };
        let value = decimal::<u64>(value).ok_or(ErrorCode::Malformed)?;
        if slot.replace(value).is_some() {
            return Err(ErrorCode::Malformed.into());
        }
    }
    let limit = limit.unwrap_or(limit::ITEMS);
    if limit == 0 || limit > limit::ITEMS {
        return Err(Failure::with_limit(ErrorCode::Malformed, limit::ITEMS));
    }
    Ok(Page {
        after,
        limit: usize::try_from(limit).map_err(|_| ErrorCode::Malformed)?,
    })
}

/// One range of bytes, `None` for the whole: `Range: bytes=a-b`, `a-`, `-n`.
pub(crate) struct Range(pub(crate) Option<RangeForm>);

/// As written; what it means depends on the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeForm {
    From(u64),
    FromTo(u64, u64),
    Last(u64),
}

impl RangeForm {
    /// First and last byte, both inside, or nothing.
    pub(crate) fn within(self, len: u64) -> Option<(u64, u64)> {
        let last = len.checked_sub(1)?;
        let (first, until) = match self {
            Self::From(first) => (first, last),
            Self::FromTo(first, until) => (first, until.min(last)),
            Self::Last(0) => return None,
            Self::Last(count) => (len.saturating_sub(count), last),
        };
        (first <= until).then_some((first, until))
    }
}

impl FromRequestParts<State> for Range {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Failure> {
        if !parts.headers.contains_key(header::RANGE) {
            return Ok(Self(None));
        }
        one_header(&parts.headers, header::RANGE)
            .and_then(range)
            .map(|form| Self(Some(form)))
            .ok_or_else(|| ErrorCode::Malformed.into())
    }
}

/// The address of the other end, where there is a socket. Behind the proxy that `https` stands for, the one that the
/// proxy saw: the last of `X-Forwarded-For`, since those before it are the client's own words.
pub(crate) struct Address(pub(crate) Network);

impl FromRequestParts<State> for Address {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        if state.config.https {
            return Ok(Self(Network::from(forwarded(&parts.headers))));
        }
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(Network::from(info.map(|info| info.0.ip()))))
    }
}

pub(crate) fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

pub(crate) fn range(text: &str) -> Option<RangeForm> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (first.is_empty(), last.is_empty()) {
        (true, false) => decimal(last).map(RangeForm::Last),
        (false, true) => decimal(first).map(RangeForm::From),
        (false, false) => {
            let (first, last) = (decimal(first)?, decimal(last)?);
            (first <= last).then_some(RangeForm::FromTo(first, last))
        }
        (true, true) => None,
    }
}

pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_in_their_three_forms_and_no_other() {
        assert_eq!(range("bytes=0-0"), Some(RangeForm::FromTo(0, 0)));
        assert_eq!(range("bytes=5-"), Some(RangeForm::From(5)));
        assert_eq!(range("bytes=-5"), Some(RangeForm::Last(5)));
        for wrong in [
            "bytes=-",
            "bytes=2-1",
            "bytes=0-1,3-4",
            "bytes= 0-1",
            "items=0-1",
            "bytes=+1-2",
            "bytes=01-2",
            "",
        ] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_query_holds_its_two_numbers_and_nothing_else() {
        let read = |query| page(query).map(|page| (page.after, page.limit));
        assert_eq!(read(""), Ok((None, 500)));
        assert_eq!(read("limit=7&after=3"), Ok((Some(3), 7)));
        for wrong in [
            "&",
            "after=1&",
            "after=1&&limit=2",
            "after",
            "after=",
            "after=01",
            "after=1&after=1",
            "limit=0",
            "limit=501",
            "from=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_range_is_cut_at_the_end_and_refused_beyond_it() {
        assert_eq!(RangeForm::FromTo(2, 99).within(10), Some((2, 9)));
        assert_eq!(RangeForm::From(10).within(10), None);
        assert_eq!(RangeForm::Last(99).within(10), Some((0, 9)));
        assert_eq!(RangeForm::Last(3).within(10), Some((7, 9)));
        assert_eq!(RangeForm::Last(0).within(10), None);
        assert_eq!(RangeForm::From(u64::MAX).within(u64::MAX), None);
    }
}

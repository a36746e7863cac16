//! Reads the bodies of requests strictly: signature, content type, size, JSON without unknown fields. What stands in
//! the head of a request is read in `params.rs`.
//!
//! [`Signed`] and its kin are the only ways in for a signed-in client: they hand out [`Who`] together with what was
//! signed. Every refusal is a [`Failure`].

use std::hash::Hash as KeyHash;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use crypto::hash::sha256;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use shared::{ErrorCode, Hash, limit, path};
use tokio::time::{Instant, timeout_at};

use crate::auth::{Claim, Who};
use crate::error::Failure;
use crate::limiter::Step;
use crate::network::Network;
use crate::params::Address;
use crate::room::{Room, Space};
use crate::state::State;
use crate::visit::Visit;

/// JSON of anybody, up to [`limit::OPEN_BYTES`]. The address is counted first: who may not try is not read. Keeps the
/// SHA-256 of the request, which recognises a repeated one.
pub(crate) struct Open<T> {
    pub(crate) json: T,
    pub(crate) digest: [u8; 32],
    pub(crate) network: Network,
    _room: Room,
}

impl<T: DeserializeOwned> FromRequest<State> for Open<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let network = count(&mut parts, state).await?;
        Self::read(&parts, body, network, state).await
    }
}

impl<T: DeserializeOwned> Open<T> {
    async fn read(parts: &Parts, body: Body, network: Network, state: &State) -> Result<Self, Failure> {
        let limit = json_limit(parts);
        let space = if limit == limit::OPEN_BYTES {
            &state.rooms.open
        } else {
            &state.rooms.creation
        };
        // Who sends slowly would keep the room from others.
        let read = tokio::time::timeout(OPEN_TIME, read_json(parts, body, space, &network)).await;
        let (bytes, room) = read.map_err(|_| ErrorCode::Malformed)??;
        Ok(Self {
            json: parse(&bytes)?,
            digest: sha256(&bytes),
            network,
            _room: room,
        })
    }
}

/// A signed note of anybody, unread.
pub(crate) struct OpenNote {
    pub(crate) bytes: Bytes,
    _room: Room,
}

impl FromRequest<State> for OpenNote {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let network = count(&mut parts, state).await?;
        content_type(&parts.headers, "text/plain")?;
        let limit = limit::NOTE_BYTES;
        let reading = async {
            let expected = expected(&parts, limit)?;
            let room = state.rooms.open.take(&network, expected).await?;
            Ok::<_, Failure>((read(&parts, body, limit).await?, room))
        };
        let read = tokio::time::timeout(OPEN_TIME, reading).await;
        let (bytes, _room) = read.map_err(|_| ErrorCode::Malformed)??;
        Ok(Self { bytes, _room })
    }
}

/// JSON that a session signed.
pub(crate) struct Signed<T> {
    pub(crate) who: Who,
    pub(crate) json: T,
    pub(crate) digest: [u8; 32],
    _turn: Room,
    _room: Room,
}

impl<T: DeserializeOwned> FromRequest<State> for Signed<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        // A request that names no session is not worth reading.
        let claim = state.sessions.claim(&parts.headers, state.now())?;
        let account = *claim.account_id();
        let turn = state.rooms.turns.take(&account, 1).await?;
        let (bytes, room) = read_json(&parts, body, &state.rooms.signed, &account).await?;
        let digest = sha256(&bytes);
        let who = prove(state, claim, &parts, &digest)?;
        Ok(Self {
            who,
            json: parse(&bytes)?,
            digest,
            _turn: turn,
            _room: room,
        })
    }
}

/// JSON of anybody, or of a session where the request says that it is signed.
pub(crate) struct MaybeSigned<T> {
    pub(crate) who: Option<Who>,
    pub(crate) json: T,
}

impl<T: DeserializeOwned> FromRequest<State> for MaybeSigned<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let network = count(&mut parts, state).await?;
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let request = Request::from_parts(parts, body);
            let Signed { who, json, .. } = Signed::from_request(request, state).await?;
            return Ok(Self { who: Some(who), json });
        }
        let Open { json, .. } = Open::read(&parts, body, network, state).await?;
        Ok(Self { who: None, json })
    }
}

/// A signed request without a body.
pub(crate) struct SignedEmpty {
    pub(crate) who: Who,
    _turn: Room,
}

impl FromRequest<State> for SignedEmpty {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let claim = state.sessions.claim(&parts.headers, state.now())?;
        if read(&parts, body, 0).await.is_err() {
            return Err(ErrorCode::Malformed.into());
        }
        let who = prove(state, claim, &parts, &sha256(b""))?;
        Ok(Self {
            who,
            _turn: state.rooms.turns.take(&who.account_id, 1).await?,
        })
    }
}

/// One part of a body: the session signed the hash that it claims; whether the bytes have it is checked later.
pub(crate) struct SignedPart {
    pub(crate) who: Who,
    pub(crate) hash: [u8; 32],
    pub(crate) bytes: Bytes,
    _turn: Room,
    _room: Room,
}

impl FromRequest<State> for SignedPart {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let claim = state.sessions.claim(&parts.headers, state.now())?;
        let hash = one_header(&parts.headers, HeaderName::from_static(path::PART_HASH))
            .and_then(|text| text.parse::<Hash>().ok())
            .ok_or(ErrorCode::Malformed)?;
        let who = prove(state, claim, &parts, &hash.0)?;
        content_type(&parts.headers, "application/octet-stream")?;
        let expected = expected(&parts, limit::PART_BYTES)?;
        let turn = state.rooms.turns.take(&who.account_id, 1).await?;
        let room = state.rooms.signed.take(&who.account_id, expected).await?;
        let bytes = read(&parts, body, limit::PART_BYTES).await?;
        Ok(Self {
            who,
            hash: hash.0,
            bytes,
            _turn: turn,
            _room: room,
        })
    }
}

/// Digits alone: no sign, no space, no leading zero.
pub(crate) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    if canonical { text.parse().ok() } else { None }
}

/// Counts one attempt of the request's address. The end of a login counts apart from its beginning.
async fn count(parts: &mut Parts, state: &State) -> Result<Network, Failure> {
    let Address(network) = Address::from_request_parts(parts, state).await?;
    let step = match parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path::SESSIONS_FINISH | path::RECOVERIES_FINISH) => Step::End,
        Some(path::ACCOUNTS) => Step::Creation,
        _ => Step::Start,
    };
    let limit = state.config.attempts_per_address;
    state.limiter.address(network, step, limit, state.now())?;
    Ok(network)
}

fn prove(state: &State, claim: Claim, parts: &Parts, digest: &[u8; 32]) -> Result<Who, Failure> {
    let who = state
        .sessions
        .prove(claim, (&parts.method, &parts.uri), digest, state.now())?;
    if let Some(visit) = parts.extensions.get::<Arc<Visit>>() {
        visit.is_known();
    }
    Ok(who)
}

/// Reads the body of a JSON request; what it is parsed into takes room as well.
async fn read_json<K: KeyHash + Eq + Clone>(
    parts: &Parts,
    body: Body,
    space: &Space<K>,
    whose: &K,
) -> Result<(Bytes, Room), Failure> {
    content_type(&parts.headers, "application/json")?;
    let limit = json_limit(parts);
    let room = space.take(whose, 2 * expected(parts, limit)?).await?;
    Ok((read(parts, body, limit).await?, room))
}

/// The bytes that the request announces, or the most that it may have.
fn expected(parts: &Parts, limit: u64) -> Result<u64, Failure> {
    let bytes = announced(parts).unwrap_or(limit);
    if bytes <= limit {
        Ok(bytes)
    } else {
        Err(Failure::with_limit(ErrorCode::TooLarge, limit))
    }
}

fn announced(parts: &Parts) -> Option<u64> {
    one_header(&parts.headers, header::CONTENT_LENGTH).and_then(decimal)
}

/// Requests that carry pages may be larger than the others; those of strangers are small.
fn json_limit(parts: &Parts) -> u64 {
    match parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path::HEAD) => limit::COMMIT_BYTES,
        Some(path::ACCOUNTS) => limit::CREATION_BYTES,
        Some(
            path::REGISTRATIONS
            | path::SESSIONS_START
            | path::SESSIONS_FINISH
            | path::RECOVERIES_START
            | path::RECOVERIES_FINISH,
        ) => limit::OPEN_BYTES,
        _ => limit::JSON_BYTES,
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    shared::json::from_slice(bytes).map_err(|_| ErrorCode::Malformed.into())
}

/// The type that the route reads, as it is: nothing is ever decompressed.
pub(crate) fn content_type(headers: &HeaderMap, expected: &str) -> Result<(), Failure> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ErrorCode::UnsupportedMediaType.into());
    }
    let essence = one_header(headers, header::CONTENT_TYPE).unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(ErrorCode::UnsupportedMediaType.into())
    }
}

/// Reads at most `limit` bytes; what is announced as longer is refused before it is read, and who falls behind
/// [`PACE_BYTES`] is not waited for.
async fn read(parts: &Parts, body: Body, limit: u64) -> Result<Bytes, Failure> {
    let too_large = || Failure::with_limit(ErrorCode::TooLarge, limit);
    let announced = announced(parts);
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let begun = Instant::now();
    let mut out = Vec::with_capacity(usize::try_from(announced.unwrap_or_default()).unwrap_or_default());
    let mut stream = body.into_data_stream();
    loop {
        let pace = GRACE + Duration::from_secs(out.len() as u64 / PACE_BYTES);
        let patience = (begun + pace).min(Instant::now() + IDLE);
        let next = timeout_at(patience, stream.next()).await;
        let Some(bytes) = next.map_err(|_| Failure::retry_after(ErrorCode::Unavailable, 1))? else {
            return Ok(out.into());
        };
        let bytes = bytes.map_err(|_| ErrorCode::Malformed)?;
        if (out.len() + bytes.len()) as u64 > limit {
            return Err(too_large());
        }
        out.extend_from_slice(&bytes);
    }
}

pub(crate) fn one_header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    value.to_str().ok()
}

/// For the body of a request that nobody signed.
const OPEN_TIME: Duration = Duration::from_secs(10);
/// Between two pieces of a body: a train's tunnel is longer, and its client tries again.
const IDLE: Duration = Duration::from_secs(15);
/// Bytes a second that a body must keep up with, after its grace: less than a request's own time asks of a whole part.
const PACE_BYTES: u64 = 8 << 10;
const GRACE: Duration = Duration::from_secs(20);

//! Reads the bodies of requests strictly: signature, content type, size, JSON without unknown fields. What stands in
//! the head of a request is read in `params.rs`.
//!
//! [`Signed`] and its kin are the only ways in for a signed-in client: they hand out [`Who`] together with what was
//! signed. Every refusal is a [`Failure`].

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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::{Claim, Who};
use crate::error::Failure;
use crate::limiter::Step;
use crate::params::Address;
use crate::state::State;

/// Memory for the bodies of requests, in KiB. Whoever is not signed in cannot fill what signed requests need, and
/// large requests of strangers cannot fill what logins need.
pub(crate) struct Rooms {
    open: Arc<Semaphore>,
    creation: Arc<Semaphore>,
    signed: Arc<Semaphore>,
}

impl Default for Rooms {
    fn default() -> Self {
        let of = |mib: usize| Arc::new(Semaphore::new(mib << 10));
        Self {
            open: of(32),
            creation: of(96),
            signed: of(256),
        }
    }
}

/// The room that one request's body takes, given back when the request was answered.
struct Room(#[expect(dead_code, reason = "held, and given back by dropping it")] OwnedSemaphorePermit);

/// JSON of anybody, up to [`limit::JSON_BYTES`]. The address is counted first: who may not try is not read. Keeps the SHA-256 of the request, which recognises a repeated one.
pub(crate) struct Open<T> {
    pub(crate) json: T,
    pub(crate) digest: [u8; 32],
    _room: Room,
}

impl<T: DeserializeOwned> FromRequest<State> for Open<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        count(&mut parts, state).await?;
        Self::read(&parts, body, state).await
    }
}

impl<T: DeserializeOwned> Open<T> {
    async fn read(parts: &Parts, body: Body, state: &State) -> Result<Self, Failure> {
        let limit = json_limit(parts);
        let rooms = if limit == limit::JSON_BYTES {
            &state.rooms.open
        } else {
            &state.rooms.creation
        };
        content_type(&parts.headers, "application/json")?;
        let room = room(parts, limit, rooms).await?;
        // Who sends slowly would keep the room from others.
        let bytes = tokio::time::timeout(OPEN_TIME, read(parts, body, limit)).await;
        let bytes = bytes.map_err(|_| ErrorCode::Malformed)??;
        Ok(Self {
            json: parse(&bytes)?,
            digest: sha256(&bytes),
            _room: room,
        })
    }
}

/// JSON that a session signed.
pub(crate) struct Signed<T> {
    pub(crate) who: Who,
    pub(crate) json: T,
    pub(crate) digest: [u8; 32],
    _room: Room,
}

impl<T: DeserializeOwned> FromRequest<State> for Signed<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        // A request that names no session is not worth reading.
        let claim = state.sessions.claim(&parts.headers, state.now())?;
        let (bytes, room) = read_json_bytes(&parts, body, json_limit(&parts), &state.rooms.signed).await?;
        let digest = sha256(&bytes);
        let who = prove(state, claim, &parts, &digest)?;
        Ok(Self {
            who,
            json: parse(&bytes)?,
            digest,
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
        count(&mut parts, state).await?;
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let request = Request::from_parts(parts, body);
            let Signed { who, json, .. } = Signed::from_request(request, state).await?;
            return Ok(Self { who: Some(who), json });
        }
        let Open { json, .. } = Open::read(&parts, body, state).await?;
        Ok(Self { who: None, json })
    }
}

/// A signed request without a body.
pub(crate) struct SignedEmpty(pub(crate) Who);

impl FromRequest<State> for SignedEmpty {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let claim = state.sessions.claim(&parts.headers, state.now())?;
        if read(&parts, body, 0).await.is_err() {
            return Err(ErrorCode::Malformed.into());
        }
        prove(state, claim, &parts, &sha256(b"")).map(Self)
    }
}

/// One part of a body: the session signed the hash that it claims; whether the bytes have it is checked later.
pub(crate) struct SignedPart {
    pub(crate) who: Who,
    pub(crate) hash: [u8; 32],
    pub(crate) bytes: Bytes,
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
        let room = room(&parts, limit::PART_BYTES, &state.rooms.signed).await?;
        let bytes = read(&parts, body, limit::PART_BYTES).await?;
        Ok(Self {
            who,
            hash: hash.0,
            bytes,
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
async fn count(parts: &mut Parts, state: &State) -> Result<(), Failure> {
    let Address(address) = Address::from_request_parts(parts, state).await?;
    let step = match parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path::SESSIONS_FINISH | path::RECOVERIES_FINISH) => Step::End,
        _ => Step::Start,
    };
    let limit = state.config.attempts_per_address;
    state.limiter.address(address, step, limit, state.now())
}

fn prove(state: &State, claim: Claim, parts: &Parts, digest: &[u8; 32]) -> Result<Who, Failure> {
    state
        .sessions
        .prove(claim, (&parts.method, &parts.uri), digest, state.now())
}

async fn read_json_bytes(
    parts: &Parts,
    body: Body,
    limit: u64,
    rooms: &Arc<Semaphore>,
) -> Result<(Bytes, Room), Failure> {
    content_type(&parts.headers, "application/json")?;
    let room = room(parts, limit, rooms).await?;
    Ok((read(parts, body, limit).await?, room))
}

/// Waits until there is room for what the request announces, or for the most it may be.
async fn room(parts: &Parts, limit: u64, rooms: &Arc<Semaphore>) -> Result<Room, Failure> {
    let bytes = announced(parts).unwrap_or(limit);
    if bytes > limit {
        return Err(Failure::with_limit(ErrorCode::TooLarge, limit));
    }
    let kib = bytes.div_ceil(1_024);
    let kib = u32::try_from(kib).map_err(|_| ErrorCode::TooLarge)?;
    Arc::clone(rooms)
        .acquire_many_owned(kib)
        .await
        .map(Room)
        .map_err(|_| ErrorCode::Unavailable.into())
}

fn announced(parts: &Parts) -> Option<u64> {
    one_header(&parts.headers, header::CONTENT_LENGTH).and_then(decimal)
}

/// Requests that carry pages may be larger than the others.
fn json_limit(parts: &Parts) -> u64 {
    let carries_pages = match parts.extensions.get::<MatchedPath>() {
        Some(route) => matches!(route.as_str(), path::ACCOUNTS | path::HEAD),
        None => false,
    };
    if carries_pages {
        limit::COMMIT_BYTES
    } else {
        limit::JSON_BYTES
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    shared::json::from_slice(bytes).map_err(|_| ErrorCode::Malformed.into())
}

pub(crate) fn content_type(headers: &HeaderMap, expected: &str) -> Result<(), Failure> {
    let essence = one_header(headers, header::CONTENT_TYPE).unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(ErrorCode::UnsupportedMediaType.into())
    }
}

/// Reads at most `limit` bytes; what is announced as longer is refused before it is read.
async fn read(parts: &Parts, body: Body, limit: u64) -> Result<Bytes, Failure> {
    let too_large = || Failure::with_limit(ErrorCode::TooLarge, limit);
    let announced = announced(parts);
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut out = Vec::with_capacity(usize::try_from(announced.unwrap_or_default()).unwrap_or_default());
    let mut stream = body.into_data_stream();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|_| ErrorCode::Malformed)?;
        if (out.len() + bytes.len()) as u64 > limit {
            return Err(too_large());
        }
        out.extend_from_slice(&bytes);
    }
    Ok(out.into())
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

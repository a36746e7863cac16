//! Bodies: what is needed before the first byte, and the bytes, whole or one range of them.

use std::io;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::State as Extract;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use crypto::id::Id;
use futures::stream;
use shared::document::Body;
use shared::{Blob, BodyId, ErrorCode, limit};

use crate::access;
use crate::auth::Who;
use crate::error::Failure;
use crate::extract::SignedEmpty;
use crate::key;
use crate::params::{Param, Range};
use crate::room::{self, Room};
use crate::row::BodyRow;
use crate::state::State;

pub(crate) async fn read(
    Extract(state): Extract<State>,
    Param(BodyId(body_id)): Param<BodyId>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let row = find(&state, &who, &body_id).await?;
    let parts = row.ct_len.div_ceil(limit::PART_BYTES);
    let room = state
        .rooms
        .answers
        .take(&who.account_id, parts * HASH_BYTES)
        .await?;
    let hashes = state.scan(&key::part_hashes(&body_id), parts as usize).await?;
    let part_hashes = hashes.into_iter().flat_map(|(_, hash)| hash).collect::<Vec<u8>>();
    let body = Body {
        header: Blob(row.header),
        part_hashes: Blob(part_hashes),
    };
    room::json(room, &body)
}

/// The chunks. One range, or everything; streamed part by part, so that memory is that of one part.
pub(crate) async fn content(
    Extract(state): Extract<State>,
    Param(BodyId(body_id)): Param<BodyId>,
    Range(range): Range,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let len = find(&state, &who, &body_id).await?.ct_len;
    let (status, first, last) = match range {
        None => (StatusCode::OK, 0, len.saturating_sub(1)),
        Some(range) => {
            let within = range.within(len);
            let (first, last) = within.ok_or(Failure::with_limit(ErrorCode::RangeNotSatisfiable, len))?;
            (StatusCode::PARTIAL_CONTENT, first, last)
        }
    };
    // The part that is being sent and the one that is being read.
    let bytes = (last + 1 - first).min(2 * limit::PART_BYTES);
    let room = state.rooms.answers.take(&who.account_id, bytes).await?;
    let mut read = Reading {
        room: Arc::new(room),
        state,
        body_id,
        at: first,
        end: last + 1,
    };
    // What cannot be read at all is an answer of its own; later failures can only cut the body short.
    let start = read.next().await?;
    let rest = stream::try_unfold(read, |mut read| async move {
        match read.next().await {
            Ok(Some(bytes)) => Ok(Some((bytes, read))),
            Ok(None) => Ok(None),
            Err(_) => Err(io::Error::other("the store failed")),
        }
    });
    let start = stream::iter(start.map(Ok::<Bytes, io::Error>));
    let body = HttpBody::from_stream(futures::StreamExt::chain(start, rest));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(last + 1 - first));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = HeaderValue::try_from(format!("bytes {first}-{last}/{len}"));
        headers.insert(header::CONTENT_RANGE, range.map_err(|_| ErrorCode::Internal)?);
    }
    Ok(response)
}

async fn find(state: &State, who: &Who, body_id: &Id) -> Result<BodyRow, Failure> {
    let (row, _) = state
        .row::<BodyRow>(&key::body(body_id))
        .await?
        .ok_or(ErrorCode::NotFound)?;
    access::read_body(who, &row)?;
    Ok(row)
}

/// Where a download stands.
struct Reading {
    room: Arc<Room>,
    state: State,
    body_id: Id,
    at: u64,
    end: u64,
}

impl Reading {
    /// What the part at this place holds of the range.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.at >= self.end {
            return Ok(None);
        }
        let part = u32::try_from(self.at / limit::PART_BYTES).map_err(|_| ErrorCode::Internal)?;
        let bytes = self.state.blobs.part(self.body_id, part).await?.ok_or_else(|| {
            tracing::error!("a part of a stored body is missing");
            ErrorCode::Internal
        })?;
        let start = self.at - u64::from(part) * limit::PART_BYTES;
        let end = (start + self.end - self.at).min(bytes.len() as u64);
        if start >= end {
            return Err(ErrorCode::Internal.into());
        }
        self.at += end - start;
        let bytes = bytes.slice(start as usize..end as usize);
        Ok(Some(room::held(bytes, Arc::clone(&self.room))))
    }
}

/// What one part hash takes until it is sent: as a record, as bytes, as text.
const HASH_BYTES: u64 = 256;

//! What admitted auditors read: the openings behind the log, heads and charters, pages, headers of bodies, and single
//! chunks of ciphertext. No name, no handle, no way in, no address (`spec/audit.md`, section 3).

use axum::extract::{Path, RawQuery, State as Extract};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::BASE64URL_NOPAD;
use crypto::audit::listing::{ListedBody, ListedChunk, Record};
use crypto::audit::prove::path_of_leaves;
use crypto::audit::tree::leaf_hash;
use crypto::id::Hash32;
use shared::{BodyId, ErrorCode, limit};

use crate::auditor::Auditor;
use crate::error::Failure;
use crate::extract::decimal;
use crate::key::{self, Place};
use crate::room;
use crate::row::{BodyRow, PageRow, Row, UploadRow};
use crate::state::State;
use crate::store::Table;

/// One of the lists of [`List`], from a key on.
pub(crate) async fn list(
    auditor: Auditor,
    Extract(state): Extract<State>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let list = List::named(&name).ok_or(ErrorCode::NotFound)?;
    let Asked { after, most } = Asked::read(query.as_deref().unwrap_or_default())?;
    let room = state
        .rooms
        .answers
        .take(&auditor.id, 2 * limit::AUDIT_BYTES)
        .await?;
    let (table, prefix) = list.prefix();
    let mut after = [prefix.as_slice(), &after].concat();
    let (mut bytes, mut left, mut is_last) = (Vec::new(), most, false);
    while !is_last && left > 0 && (bytes.len() as u64) < limit::AUDIT_BYTES {
        let at_once = list.at_once().min(left);
        let records = state.meta.scan(table, &prefix, Some(&after), at_once).await?;
        is_last = records.len() < at_once;
        for (key, value) in records {
            after.clone_from(&key);
            let key = key.strip_prefix(prefix.as_slice()).ok_or(ErrorCode::Internal)?;
            if let Some(record) = list.show(&state, key, value).await? {
                bytes.extend(record.to_bytes().ok_or(ErrorCode::Internal)?);
            }
            left -= 1;
            if bytes.len() as u64 >= limit::AUDIT_BYTES {
                break;
            }
        }
    }
    Ok(octets(room::held(bytes.into(), std::sync::Arc::new(room))))
}

/// A chunk of a body, as it is stored, and its place in the body's tree.
pub(crate) async fn chunk(
    auditor: Auditor,
    Extract(state): Extract<State>,
    Path((body_id, chunk)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let BodyId(body_id) = body_id.parse().map_err(|_| ErrorCode::NotFound)?;
    let chunk: u64 = decimal(&chunk).ok_or(ErrorCode::NotFound)?;
    let row = state.row::<BodyRow>(&key::body(&body_id)).await?;
    let (row, _) = row.ok_or(ErrorCode::NotFound)?;
    let parts = row.ct_len.div_ceil(limit::PART_BYTES);
    let part = u32::try_from(chunk / limit::PART_CHUNKS).map_err(|_| ErrorCode::NotFound)?;
    let room = limit::PART_BYTES + parts * HASH_BYTES;
    let room = state.rooms.answers.take(&auditor.id, room).await?;
    let stored = state
        .blobs
        .part(body_id, part)
        .await?
        .ok_or(ErrorCode::NotFound)?;
    let size = usize::try_from(limit::CHUNK_BYTES).map_err(|_| ErrorCode::Internal)?;
    let chunks: Vec<&[u8]> = stored.chunks(size).collect();
    let at = usize::try_from(chunk % limit::PART_CHUNKS).map_err(|_| ErrorCode::Internal)?;
    let bytes = (*chunks.get(at).ok_or(ErrorCode::NotFound)?).to_vec();
    let leaves: Vec<Hash32> = chunks.into_iter().map(leaf_hash).collect();
    let hashes = state.scan(&key::part_hashes(&body_id), parts as usize).await?;
    let parts = hashes.into_iter().map(|(_, hash)| Hash32::try_from(hash).ok());
    let parts: Vec<Hash32> = parts.collect::<Option<_>>().ok_or(ErrorCode::Internal)?;
    let within = path_of_leaves(&leaves, at).ok_or(ErrorCode::Internal)?;
    let above = path_of_leaves(&parts, part as usize).ok_or(ErrorCode::Internal)?;
    let answer = ListedChunk {
        path: [within, above].concat(),
        chunk: bytes,
    };
    let answer = answer.to_bytes().ok_or(ErrorCode::Internal)?;
    Ok(octets(room::held(answer.into(), std::sync::Arc::new(room))))
}

/// What can be listed. Keys are those of the store without their kind, so in its order.
#[derive(Clone, Copy)]
enum List {
    /// index u64: blind 32 ‖ opening.
    Openings,
    /// collection_id 16 ‖ number u32: CVK1.
    Charters,
    /// collection_id 16 ‖ number u64: CVH1 ‖ references of the commit.
    Heads,
    /// collection_id 16 ‖ page_id 32: the sealed page.
    Pages,
    /// body_id 16: [`ListedBody`].
    Bodies,
    /// body_id 16: begun u64 ‖ ct_len u64.
    Uploads,
}

impl List {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "openings" => Self::Openings,
            "charters" => Self::Charters,
            "heads" => Self::Heads,
            "pages" => Self::Pages,
            "bodies" => Self::Bodies,
            "uploads" => Self::Uploads,
            _ => return None,
        })
    }

    fn prefix(self) -> Place {
        match self {
            Self::Openings => key::openings(),
            Self::Charters => (Table::Collection, vec![b'k']),
            Self::Heads => (Table::Collection, vec![b'h']),
            Self::Pages => (Table::Page, vec![b'p']),
            Self::Bodies => (Table::Body, vec![b'b']),
            Self::Uploads => (Table::Upload, vec![b'u']),
        }
    }

    /// Records read at once: about as many as one answer holds, and no more memory than that.
    const fn at_once(self) -> usize {
        match self {
            Self::Openings | Self::Bodies | Self::Uploads => 4_096,
            Self::Charters | Self::Heads | Self::Pages => 64,
        }
    }

    /// A record as it is listed; `None` for one that is not to be seen yet.
    async fn show(self, state: &State, key: &[u8], value: Vec<u8>) -> Result<Option<Record>, Failure> {
        let value = match self {
            Self::Openings => {
                let index = key.try_into().map_err(|_| ErrorCode::Internal)?;
                // Nothing behind the checkpoint is served: of what is not signed, nobody can tell whether it stays.
                if u64::from_be_bytes(index) >= state.log.size() {
                    return Ok(None);
                }
                value
            }
            Self::Charters => value,
            Self::Heads => {
                let (collection, number) = key.split_first_chunk().ok_or(ErrorCode::Internal)?;
                let number = u64::from_be_bytes(number.try_into().map_err(|_| ErrorCode::Internal)?);
                let (table, place) = key::refs(collection, number);
                let refs = state.meta.get(table, &place).await?.unwrap_or_default();
                [value, refs].concat()
            }
            Self::Pages => PageRow::parse(&value)?.page,
            Self::Bodies => {
                let row = BodyRow::parse(&value)?;
                let listed = ListedBody {
                    state: row.state,
                    since: row.since,
                    references: row.references,
                    ct_len: row.ct_len,
                    header: row.header,
                };
                listed.to_bytes()
            }
            Self::Uploads => {
                let row = UploadRow::parse(&value)?;
                [row.begun.to_be_bytes(), row.ct_len.to_be_bytes()].concat()
            }
        };
        Ok(Some(Record {
            key: key.to_vec(),
            value,
        }))
    }
}

/// `?after=<key in base64url>&most=<records>`, both optional, nothing else.
struct Asked {
    after: Vec<u8>,
    most: usize,
}

impl Asked {
    fn read(query: &str) -> Result<Self, Failure> {
        let mut asked = Self {
            after: Vec::new(),
            most: usize::MAX,
        };
        for pair in query.split('&').filter(|_| !query.is_empty()) {
            match pair.split_once('=') {
                Some(("after", key)) if asked.after.is_empty() => {
                    let key = BASE64URL_NOPAD.decode(key.as_bytes()).ok();
                    let key = key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES);
                    asked.after = key.ok_or(ErrorCode::Malformed)?;
                }
                Some(("most", most)) if asked.most == usize::MAX => {
                    let most = decimal::<u32>(most).filter(|most| *most > 0);
                    asked.most = most.ok_or(ErrorCode::Malformed)? as usize;
                }
                _ => return Err(ErrorCode::Malformed.into()),
            }
        }
        Ok(asked)
    }
}

fn octets(body: axum::body::Bytes) -> Response {
    ([(header::CONTENT_TYPE, OCTETS)], body).into_response()
}

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// Bytes of the longest key that is listed.
const KEY_BYTES: usize = 48;
/// What one part hash takes until it is used.
const HASH_BYTES: u64 = 128;

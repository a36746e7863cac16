//! Calls of an admitted auditor: lists of the store, single chunks, tiles of hashes. `spec/audit.md`.
//!
//! He has no account: each request carries a note that his own key signed.

use base64::BASE64URL_NOPAD;
use bytes::Bytes;
use crypto::audit::admission::Admission;
use crypto::audit::listing::{ListedChunk, Record};
use crypto::audit::note::{NOTE_BYTES, NoteSigner};
use crypto::audit::tile::Tile;
use shared::{BodyId, limit, path};

use super::Call;
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// An auditor before one deployment.
pub struct Auditor {
    signer: NoteSigner,
    origin: String,
}

/// A list of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// index u64: blind 32 ‖ opening.
    Openings,
    /// collection_id 16 ‖ number u32: CVK1.
    Charters,
    /// collection_id 16 ‖ number u64: CVH1 ‖ references.
    Heads,
    /// collection_id 16 ‖ page_id 32: the page.
    Pages,
    /// body_id 16: [`crypto::audit::listing::ListedBody`].
    Bodies,
    /// body_id 16: begun u64 ‖ ct_len u64.
    Uploads,
}

impl List {
    /// Its name in the path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openings => "openings",
            Self::Charters => "charters",
            Self::Heads => "heads",
            Self::Pages => "pages",
            Self::Bodies => "bodies",
            Self::Uploads => "uploads",
        }
    }

    /// Bytes of its keys.
    const fn key_bytes(self) -> usize {
        match self {
            Self::Openings => 8,
            Self::Charters => 20,
            Self::Heads => 24,
            Self::Pages => 48,
            Self::Bodies | Self::Uploads => 16,
        }
    }
}

impl Auditor {
    /// With this key, before the deployment whose log has this name.
    #[must_use]
    pub fn new(signer: NoteSigner, origin: impl Into<String>) -> Self {
        Self {
            signer,
            origin: origin.into(),
        }
    }

    /// A key as the operator has to list it.
    #[must_use]
    pub fn public(&self) -> String {
        self.signer.public().to_string()
    }

    /// `Authorization` of a request at this second.
    fn authorization(&self, now: u64) -> Result<String, ApiError> {
        let said = Admission {
            origin: self.origin.clone(),
            time: now,
        };
        let note = said.sign(&self.signer).map_err(|_| ApiError::Hostile)?;
        let note = BASE64URL_NOPAD.encode(&note.to_bytes());
        Ok(format!("{} {note}", path::AUDITOR_SCHEME))
    }
}

/// GET [`path::AUDIT_LIST`]: at most so many records behind a key (from the first for an empty one), ascending.
/// None where the list ends; an answer with any says nothing about the end.
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also for records out of order, or not behind the key.
pub async fn list(
    transport: &dyn Transport,
    auditor: &Auditor,
    now: u64,
    list: List,
    after: &[u8],
    most: u32,
) -> Result<Vec<Record>, ApiError> {
    let mut path = path::AUDIT_LIST.replace("{list}", list.name());
    path = format!("{path}?most={most}");
    if !after.is_empty() {
        path = format!("{path}&after={}", BASE64URL_NOPAD.encode(after));
    }
    let bytes = Call::new(Method::Get, path, None)
        .header("authorization", auditor.authorization(now)?)
        .max_answer(limit::AUDIT_BYTES + RECORD_BYTES)
        .any_octets(transport, &[200])
        .await?;
    let records = Record::parse_all(&bytes).map_err(|_| ApiError::Hostile)?;
    let is_behind = records.first().is_none_or(|first| first.key.as_slice() > after);
    let fits = records.iter().all(|record| record.key.len() == list.key_bytes());
    if is_behind && fits {
        Ok(records)
    } else {
        Err(ApiError::Hostile)
    }
}

/// GET [`path::AUDIT_CHUNK`]: a sealed chunk with its path in the body's tree.
///
/// # Errors
/// [`ApiError`].
pub async fn chunk(
    transport: &dyn Transport,
    auditor: &Auditor,
    now: u64,
    body_id: BodyId,
    chunk: u64,
) -> Result<ListedChunk, ApiError> {
    let path = path::AUDIT_CHUNK.replace("{body_id}", &body_id.to_string());
    let path = path.replace("{chunk}", &chunk.to_string());
    let bytes = Call::new(Method::Get, path, None)
        .header("authorization", auditor.authorization(now)?)
        .max_answer(limit::CHUNK_BYTES + CHUNK_PATH_BYTES)
        .any_octets(transport, &[200])
        .await?;
    ListedChunk::parse(&bytes).map_err(|_| ApiError::Hostile)
}

/// GET a tile of hashes, unread.
///
/// # Errors
/// [`ApiError`].
pub async fn hashes(transport: &dyn Transport, tile: &Tile) -> Result<Bytes, ApiError> {
    Call::new(Method::Get, format!("/log/{}", tile.path()), None)
        .max_answer(HASHES_BYTES)
        .any_octets(transport, &[200])
        .await
}

/// GET [`path::NEWEST`]: the note that witnesses are asked to sign, unread.
///
/// # Errors
/// [`ApiError`].
pub async fn newest(transport: &dyn Transport) -> Result<Bytes, ApiError> {
    Call::new(Method::Get, path::NEWEST, None)
        .max_answer(NOTE_BYTES as u64)
        .text(transport, &[200])
        .await
}

/// POST [`path::COSIGNATURES`]: the same text under a witness's signature.
///
/// # Errors
/// [`ApiError`].
pub async fn cosign(transport: &dyn Transport, note: Vec<u8>) -> Result<(), ApiError> {
    Call::new(Method::Post, path::COSIGNATURES, None)
        .note(note)
        .done(transport, &[204])
        .await
}

/// One record more than a full answer has: a commit with all the references that it may name.
const RECORD_BYTES: u64 = 128 << 10;
/// A path of 64 steps, and its length.
const CHUNK_PATH_BYTES: u64 = 1 + 64 * 32;
/// 256 hashes.
const HASHES_BYTES: u64 = 256 * 32;

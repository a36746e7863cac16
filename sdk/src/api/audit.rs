//! Calls on the log: its card, checkpoint, proofs, bundles of entries. `spec/log.md`, `spec/wire.md`.

use bytes::Bytes;
use crypto::audit::note::NOTE_BYTES;
use crypto::audit::tile::Tile;
use shared::audit::{LogCard, MapProofs, Proofs, ReadMap, ReadProofs};
use shared::{Hash, limit, path};

use super::{Call, Session};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// GET [`path::LOG`]. Every field is a claim of the server.
///
/// # Errors
/// [`ApiError`].
pub async fn card(transport: &dyn Transport) -> Result<LogCard, ApiError> {
    Call::new(Method::Get, path::LOG, None)
        .read(transport, &[200])
        .await
}

/// GET [`path::CHECKPOINT`]: the note, unread.
///
/// # Errors
/// [`ApiError`].
pub async fn checkpoint(transport: &dyn Transport) -> Result<Bytes, ApiError> {
    Call::new(Method::Get, path::CHECKPOINT, None)
        .max_answer(NOTE_BYTES as u64)
        .text(transport, &[200])
        .await
}

/// POST [`path::PROOFS`]: one for each size and index, in that order; at most [`limit::PROOFS`] of each.
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also where another number of proofs comes back.
pub async fn proofs(
    transport: &dyn Transport,
    session: &Session,
    asked: &ReadProofs,
) -> Result<Proofs, ApiError> {
    let proofs: Proofs = Call::new(Method::Post, path::PROOFS, Some(session))
        .json(asked, limit::JSON_BYTES)?
        .max_answer(PROOFS_BYTES)
        .read(transport, &[200])
        .await?;
    let as_asked =
        proofs.consistency.len() == asked.sizes.len() && proofs.inclusion.len() == asked.indices.len();
    if as_asked {
        Ok(proofs)
    } else {
        Err(ApiError::Hostile)
    }
}

/// POST [`path::MAP`]: what the map has under these keys; at most [`limit::PROOFS`].
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also where another number of proofs comes back.
pub async fn map(
    transport: &dyn Transport,
    session: &Session,
    keys: Vec<Hash>,
) -> Result<MapProofs, ApiError> {
    let asked = keys.len();
    let told: MapProofs = Call::new(Method::Post, path::MAP, Some(session))
        .json(&ReadMap { keys }, limit::JSON_BYTES)?
        .max_answer(PROOFS_BYTES)
        .read(transport, &[200])
        .await?;
    if told.proofs.len() == asked {
        Ok(told)
    } else {
        Err(ApiError::Hostile)
    }
}

/// GET a bundle of entries, unread.
///
/// # Errors
/// [`ApiError`].
pub async fn bundle(transport: &dyn Transport, tile: &Tile) -> Result<Bytes, ApiError> {
    Call::new(Method::Get, format!("/log/{}", tile.path()), None)
        .max_answer(BUNDLE_BYTES)
        .any_octets(transport, &[200])
        .await
}

/// Twice 64 proofs of 64 hashes in base64, with room.
const PROOFS_BYTES: u64 = 1 << 20;
/// 256 entries of any kind.
const BUNDLE_BYTES: u64 = 256 * (2 + 65_535);

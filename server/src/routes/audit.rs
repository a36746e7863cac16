//! The log: its card, its checkpoint and tiles for everybody, and proofs for clients that do not read tiles.

use axum::Json;
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::prove::{self, Run};
use crypto::audit::tile::Tile;
use shared::audit::{LogCard, MapProofs, Proofs, ReadMap, ReadProofs};
use shared::{Blob, ErrorCode, Hash, limit};

use crate::audit::tiles::{self, Proving};
use crate::audit::witness::Refused;
use crate::error::Failure;
use crate::extract::{OpenNote, Signed};
use crate::state::State;

pub(crate) async fn card(Extract(state): Extract<State>) -> Json<LogCard> {
    let policy = &state.log.policy;
    Json(LogCard {
        key: policy.log.to_string(),
        witnesses: policy.witnesses.iter().map(ToString::to_string).collect(),
        quorum: policy.quorum,
        max_age: policy.max_age,
        strict: policy.strict,
        restored_at: state.log.restored_at,
    })
}

/// The newest checkpoint that counts. Before its first quorum there is none yet.
pub(crate) async fn checkpoint(Extract(state): Extract<State>) -> Result<Response, Failure> {
    let unsigned = || Failure::retry_after(ErrorCode::Unavailable, UNSIGNED_SECONDS);
    Ok(note(&state.log.checkpoint().ok_or_else(unsigned)?))
}

/// The checkpoint that witnesses are asked to sign.
pub(crate) async fn newest(Extract(state): Extract<State>) -> Response {
    note(&state.log.asked())
}

/// A witness has signed it.
pub(crate) async fn cosign(
    Extract(state): Extract<State>,
    OpenNote { bytes, .. }: OpenNote,
) -> Result<StatusCode, Failure> {
    let signed = state.log.witnessed.cosign(&bytes);
    signed.map_err(|refused| match refused {
        Refused::Malformed => ErrorCode::Malformed.into(),
        Refused::Other => ErrorCode::Conflict.into(),
        Refused::Unknown => ErrorCode::Forbidden.into(),
        Refused::False => ErrorCode::Refused.into(),
        Refused::Kept => Failure::retry_after(ErrorCode::Unavailable, UNSIGNED_SECONDS),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

fn note(checkpoint: &SignedCheckpoint) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], checkpoint.note().to_bytes()).into_response()
}

/// A tile below the newest checkpoint. What is there never changes.
pub(crate) async fn tile(
    Extract(state): Extract<State>,
    Path(path): Path<String>,
) -> Result<Response, Failure> {
    let tile = Tile::parse(&format!("tile/{path}")).ok_or(ErrorCode::NotFound)?;
    let now = Tile::at(tile.kind, tile.index, state.log.size());
    if now.is_none_or(|now| now.width < tile.width) {
        return Err(ErrorCode::NotFound.into());
    }
    let bytes = tiles::serve(state.meta.as_ref(), &tile).await?;
    Ok((
        [(header::CONTENT_TYPE, OCTETS), (header::CACHE_CONTROL, FOR_EVER)],
        bytes,
    )
        .into_response())
}

/// Proofs in the log as it was at a size that was signed.
pub(crate) async fn proofs(
    Extract(state): Extract<State>,
    Signed { json, .. }: Signed<ReadProofs>,
) -> Result<Json<Proofs>, Failure> {
    if json.size > state.log.size() {
        return Err(ErrorCode::NotFound.into());
    }
    let mut proofs = Proofs {
        consistency: Vec::with_capacity(json.sizes.len()),
        inclusion: Vec::with_capacity(json.indices.len()),
    };
    for list in [&json.sizes, &json.indices] {
        if list.len() as u64 > limit::PROOFS {
            return Err(Failure::with_limit(ErrorCode::TooLarge, limit::PROOFS));
        }
    }
    let mut log = Proving::new(state.meta.as_ref(), json.size);
    for size in json.sizes {
        let runs = prove::consistency(size, json.size).ok_or(ErrorCode::Malformed)?;
        proofs.consistency.push(roots(&mut log, &runs).await?);
    }
    for index in json.indices {
        let runs = prove::inclusion(index, json.size).ok_or(ErrorCode::Malformed)?;
        proofs.inclusion.push(roots(&mut log, &runs).await?);
    }
    Ok(Json(proofs))
}

/// What the map has under these keys, and proof of it.
pub(crate) async fn map(
    Extract(state): Extract<State>,
    Signed { json, .. }: Signed<ReadMap>,
) -> Result<Json<MapProofs>, Failure> {
    if json.keys.len() as u64 > limit::PROOFS {
        return Err(Failure::with_limit(ErrorCode::TooLarge, limit::PROOFS));
    }
    let keys: Vec<[u8; 32]> = json.keys.iter().map(|key| key.0).collect();
    let proven = state.log.prove(state.meta.as_ref(), &keys).await?;
    let (map, index, proofs) = proven.ok_or_else(|| match state.log.policy.quorum {
        0 => ErrorCode::NotFound.into(),
        // There may be one that the witnesses have not signed yet.
        _ => Failure::retry_after(ErrorCode::Unavailable, UNSIGNED_SECONDS),
    })?;
    Ok(Json(MapProofs {
        root: Hash(map.root),
        covered: map.covered,
        index,
        proofs: proofs.iter().map(|proof| Blob(proof.to_bytes())).collect(),
    }))
}

async fn roots(log: &mut Proving<'_>, runs: &[Run]) -> Result<Vec<Hash>, Failure> {
    let mut roots = Vec::with_capacity(runs.len());
    for run in runs {
        roots.push(Hash(log.root(run).await?));
    }
    Ok(roots)
}

/// Until another attempt makes sense.
const UNSIGNED_SECONDS: u32 = 5;
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

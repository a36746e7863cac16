//! Calls on collections: read, commit, heads in between, pages in batches. `spec/wire.md`.

use shared::collection::{Collection, Commit, Committed, Heads, Pages, ReadPages};
use shared::{CollectionId, Hash, limit, path};

use super::{Call, Session, fill};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// GET [`path::COLLECTION`]: every charter and the newest head.
///
/// # Errors
/// [`ApiError`].
pub async fn read(
    transport: &dyn Transport,
    session: &Session,
    collection: CollectionId,
) -> Result<Collection, ApiError> {
    Call::new(Method::Get, route(path::COLLECTION, collection), Some(session))
        .max_answer(limit::COMMIT_BYTES)
        .read(transport, &[200])
        .await
}

/// PUT [`path::HEAD`], if the stored head is still `previous`.
///
/// # Errors
/// [`ApiError`]; `lost_race` where another device wrote first.
pub async fn commit(
    transport: &dyn Transport,
    session: &Session,
    collection: CollectionId,
    previous: Hash,
    commit: &Commit,
) -> Result<Committed, ApiError> {
    Call::new(Method::Put, route(path::HEAD, collection), Some(session))
        .json(commit, limit::COMMIT_BYTES)?
        .if_match(previous)
        .read(transport, &[200])
        .await
}

/// GET [`path::HEADS`]: at most `count` heads after number `after`.
///
/// # Errors
/// [`ApiError`].
pub async fn heads(
    transport: &dyn Transport,
    session: &Session,
    collection: CollectionId,
    after: u64,
    count: u64,
) -> Result<Heads, ApiError> {
    heads_after(transport, session, collection, Some(after), count).await
}

/// The same; from head 0 on where `after` is `None`.
///
/// # Errors
/// [`ApiError`].
pub async fn heads_after(
    transport: &dyn Transport,
    session: &Session,
    collection: CollectionId,
    after: Option<u64>,
    count: u64,
) -> Result<Heads, ApiError> {
    let after = after.map_or_else(String::new, |after| format!("after={after}&"));
    let path = format!(
        "{}?{after}limit={}",
        route(path::HEADS, collection),
        count.min(limit::ITEMS)
    );
    let heads: Heads = Call::new(Method::Get, path, Some(session))
        .max_answer(HEADS_BYTES)
        .read(transport, &[200])
        .await?;
    if heads.items.len() as u64 > count {
        Err(ApiError::Hostile)
    } else {
        Ok(heads)
    }
}

/// POST [`path::PAGES`]: the pages of these ids, in that order; at most [`limit::PAGES`].
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also where another number of pages comes back.
pub async fn pages(
    transport: &dyn Transport,
    session: &Session,
    collection: CollectionId,
    ids: Vec<Hash>,
) -> Result<Pages, ApiError> {
    let asked = ids.len();
    let pages: Pages = Call::new(Method::Post, route(path::PAGES, collection), Some(session))
        .json(&ReadPages { ids }, limit::JSON_BYTES)?
        .max_answer(limit::COMMIT_BYTES)
        .read(transport, &[200])
        .await?;
    if pages.pages.len() == asked {
        Ok(pages)
    } else {
        Err(ApiError::Hostile)
    }
}

fn route(route: &str, collection: CollectionId) -> String {
    fill(route, "collection_id", collection)
}

/// A full list of heads in base64, with room.
const HEADS_BYTES: u64 = limit::ITEMS * 2 * 1_024;

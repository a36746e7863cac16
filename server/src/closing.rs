//! The end of an account: closed in one batch, then erased step by step, by whoever comes (`spec/wire.md`, section 6).
//!
//! The first batch takes every way in, every record and the quota, so that nothing is added any more, and leaves a note
//! of what is still to be erased. A crash leaves the note, and the collector takes it up.

use crypto::audit::opening::{Opened, Opening};
use crypto::id::Id;
use crypto::random::make_bytes;
use shared::ErrorCode;

use crate::audit::write;
use crate::collector::{AT_ONCE, end_body, end_upload, erase_body, erase_upload, freeing};
use crate::commit::PRESENT;
use crate::error::Failure;
use crate::key::{self, Due, Place};
use crate::row::{AccountRow, ClosingRow, Row};
use crate::state::{State, System};
use crate::transact::{Step, Writes};

/// Closes an account, durably: from now on nobody signs in, and nothing is added. An account that is not there is closed.
pub(crate) async fn close(state: &State, id: &Id) -> Result<(), Failure> {
    let _writer = state.account_lock(id).lock().await;
    let outcome = state.transact(|| stage(state, id)).await;
    // Whatever else the store answered, the account may be closed.
    state
        .sessions
        .close_all(id, ErrorCode::AccountClosed, state.now());
    state.logins.forget(id);
    outcome
}

async fn stage(state: &State, id: &Id) -> Result<Step<()>, Failure> {
    let place = key::account(id);
    let Some((account, seen)) = state.row::<AccountRow>(&place).await? else {
        return Ok(Step::Done(()));
    };
    let mut batch = freeing();
    batch.expect(&place, seen).delete(place);
    batch
        .delete(key::login(&account.credential_id))
        .delete(key::recovery(&account.recovery_id));
    for gone in [
        key::quota(id),
        key::secrets(id),
        key::manifest(id),
        key::bundle(id),
        key::events(id),
        key::journal(id),
    ] {
        batch.delete(gone);
    }
    for (slot, _) in state.scan(&key::slots(id), AT_ONCE).await? {
        batch.delete((key::slots(id).0, slot));
    }
    let mut collections = Vec::new();
    for (place, _) in state.scan(&key::collections_of(id), AT_ONCE).await? {
        let collection = place.last_chunk::<16>().ok_or(ErrorCode::Internal)?;
        batch
            .delete(key::collection(collection))
            .delete(key::collection_of(id, collection));
        collections.push(*collection);
    }
    batch
        .put_row(key::closing(id), &ClosingRow { collections })
        .put(key::due(state.now(), &Due::Account(*id)), PRESENT.to_vec());
    Ok(Step::Write(batch, ()))
}

/// Erases a bounded part of what a closed account left; whether nothing is left. Cut off anywhere, it is begun again.
pub(crate) async fn erase_some(state: &State, id: &Id) -> Result<bool, Failure> {
    let note = key::closing(id);
    let Some(bytes) = state.meta.get(note.0, &note.1).await? else {
        return Ok(true);
    };
    let left = ClosingRow::parse(&bytes)?;
    // First, so that the log never names what is not there without saying that it is gone.
    if !close_openings(state, id).await? {
        return Ok(false);
    }
    for body in ids(state, &key::uploads_of(id)).await? {
        if end_upload(state, &body, |_| true).await? {
            while !erase_upload(state, &body).await? {}
        } else {
            delete(state, vec![key::upload_of(id, &body)]).await?;
        }
    }
    let bodies = ids(state, &key::bodies_of(id)).await?;
    for body in &bodies {
        delete_all(state, &key::references(body)).await?;
        if end_body(state, body, |_| true).await? {
            while !erase_body(state, body).await? {}
        } else {
            delete(state, vec![key::body_of(id, body)]).await?;
        }
    }
    if !bodies.is_empty() {
        return Ok(false);
    }
    for collection in &left.collections {
        let rest = [
            key::pages(collection),
            key::all_dropped(collection),
            key::heads(collection),
            key::all_refs(collection),
            key::charters(collection),
            key::logged_heads(collection),
        ];
        for prefix in &rest {
            delete_all(state, prefix).await?;
        }
    }
    delete_all(state, &key::logged_manifests(id)).await?;
    delete_all(state, &key::all_events(id)).await?;
    delete(state, vec![note]).await?;
    Ok(true)
}

/// Erases some of the openings of an account, under an entry of the log that says which; whether none was left. What
/// was closed before stays as it was said then.
async fn close_openings(state: &State, id: &Id) -> Result<bool, Failure> {
    let (table, prefix) = key::openings_of(id);
    let own = state.meta.scan(table, &prefix, None, OPENINGS_AT_ONCE).await?;
    if own.is_empty() {
        return Ok(true);
    }
    let mut batch = freeing();
    let mut closed = Vec::new();
    for (place, _) in own {
        let index = place.last_chunk::<8>().ok_or(ErrorCode::Internal)?;
        let index = u64::from_be_bytes(*index);
        let opening = key::opening(index);
        let bytes = state.meta.get(opening.0, &opening.1).await?;
        let opened = Opened::parse(&bytes.ok_or(ErrorCode::Internal)?).map_err(|_| ErrorCode::Internal)?;
        batch.delete((table, place));
        match opened.opening {
            Opening::Drop { .. } => continue,
            Opening::Body { body_id, .. } => _ = batch.delete(key::logged_body(&body_id)),
            _ => {}
        }
        batch.delete(opening);
        closed.push(index);
    }
    if !closed.is_empty() {
        let random = |_| ErrorCode::Internal;
        let opened = Opened {
            blind: make_bytes(&mut System).map_err(random)?,
            opening: Opening::Drop { id: *id, closed },
        };
        let tag = make_bytes(&mut System).map_err(random)?;
        write::append_kept(&mut batch, &opened, tag);
    }
    state.meta.commit(batch).await?;
    Ok(false)
}

/// The ids that end the keys under a prefix, some at a time.
async fn ids(state: &State, prefix: &Place) -> Result<Vec<Id>, Failure> {
    let records = state.scan(prefix, AT_ONCE).await?;
    let ids = records.iter().map(|(key, _)| key.last_chunk::<16>().copied());
    ids.collect::<Option<_>>()
        .ok_or_else(|| ErrorCode::Internal.into())
}

async fn delete_all(state: &State, prefix: &Place) -> Result<(), Failure> {
    loop {
        let records = state.scan(prefix, AT_ONCE).await?;
        let is_last = records.len() < AT_ONCE;
        delete(
            state,
            records.into_iter().map(|(key, _)| (prefix.0, key)).collect(),
        )
        .await?;
        if is_last {
            return Ok(());
        }
    }
}

async fn delete(state: &State, places: Vec<Place>) -> Result<(), Failure> {
    if places.is_empty() {
        return Ok(());
    }
    let mut batch = freeing();
    for place in places {
        batch.delete(place);
    }
    state.meta.commit(batch).await?;
    Ok(())
}

/// Openings that one entry closes: with what goes besides, far below what one batch may hold.
const OPENINGS_AT_ONCE: usize = 1_024;

//! The end of an account: closed in one batch, then erased step by step, by whoever comes (`spec/wire.md`, section 6).
//!
//! The first batch takes every way in, every record and the quota, so that nothing is added any more, and leaves a note
//! of what is still to be erased. A crash leaves the note, and the collector takes it up.

use crypto::id::Id;
use shared::ErrorCode;

use crate::collector::{AT_ONCE, end_body, end_upload, erase_body, erase_upload, freeing};
use crate::commit::PRESENT;
use crate::error::Failure;
use crate::key::{self, Due, Place};
use crate::row::{AccountRow, ClosingRow, Row};
use crate::state::State;
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
            key::charters(collection),
        ];
        for prefix in &rest {
            delete_all(state, prefix).await?;
        }
    }
    delete(state, vec![note]).await?;
    Ok(true)
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

//! What happened to the signed-in account, and what the operator said to everybody: read, never written.

use axum::extract::State as Extract;
use axum::response::Response;
use shared::journal::{Journal, JournalEvent, Statements};
use shared::{ErrorCode, limit};

use crate::error::Failure;
use crate::extract::SignedEmpty;
use crate::journal::row::{EventRow, StatementRow};
use crate::key;
use crate::params::Page;
use crate::room;
use crate::row::Row;
use crate::state::State;

/// Events after one that the client knows: as many as were asked for, or fewer where they are long.
pub(crate) async fn read(
    Extract(state): Extract<State>,
    page: Page,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let id = &who.account_id;
    let room = state.rooms.answers.take(id, JOURNAL_ROOM).await?;
    let (table, prefix) = key::all_events(id);
    let mut after = page.after.map(|number| key::event(id, number).1);
    let (mut items, mut refs) = (Vec::new(), 0);
    let mut is_more = true;
    while is_more && items.len() < page.limit && refs < REFS_AT_ONCE {
        let count = READ_AT_ONCE.min(page.limit - items.len());
        let records = state.meta.scan(table, &prefix, after.as_deref(), count).await?;
        is_more = records.len() == count;
        for (place, bytes) in records {
            if refs >= REFS_AT_ONCE {
                is_more = true;
                break;
            }
            let number = place.last_chunk::<8>().ok_or(ErrorCode::Internal)?;
            let event = EventRow::parse(&bytes)?;
            refs += event.refs();
            items.push(JournalEvent {
                number: u64::from_be_bytes(*number),
                at: event.at,
                what: event.what,
            });
            after = Some(place);
        }
    }
    let next = items.last().map(|event| event.number).filter(|_| is_more);
    room::json(room, &Journal { items, next })
}

/// Every statement of the operator whose text is kept.
pub(crate) async fn statements(
    Extract(state): Extract<State>,
    SignedEmpty { who, .. }: SignedEmpty,
) -> Result<Response, Failure> {
    let room = state.rooms.answers.take(&who.account_id, STATEMENTS_ROOM).await?;
    let kept = state.scan(&key::statements(), limit::STATEMENTS as usize).await?;
    let mut items = Vec::with_capacity(kept.len());
    for (place, bytes) in kept {
        let index = place.last_chunk::<8>().ok_or(ErrorCode::Internal)?;
        items.push(StatementRow::parse(&bytes)?.told(u64::from_be_bytes(*index)));
    }
    room::json(room, &Statements { items })
}

/// References after which an answer ends: with the last event's, 9,216 at most, of 60 bytes of text each.
const REFS_AT_ONCE: u64 = 7_168;
/// Events read in one go.
const READ_AT_ONCE: usize = 32;
/// What an answer takes until it is sent, as bytes and as text.
const JOURNAL_ROOM: u64 = 2 << 20;
const STATEMENTS_ROOM: u64 = 4 * limit::STATEMENTS * limit::STATEMENT_BYTES;

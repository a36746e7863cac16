//! Calls on the journal and on what the operator says to everybody. `spec/wire.md`.

use shared::journal::{Journal, Statements};
use shared::{limit, path};

use super::{Call, Session};
use crate::error::ApiError;
use crate::flows::{Method, Transport};

/// GET [`path::JOURNAL`]: events after number `after`, oldest first.
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also where the numbers are not those that follow, or an event is longer than it
/// may be.
pub async fn read(transport: &dyn Transport, session: &Session, after: u64) -> Result<Journal, ApiError> {
    let path = format!("{}?after={after}", path::JOURNAL);
    let journal: Journal = Call::new(Method::Get, path, Some(session))
        .max_answer(JOURNAL_BYTES)
        .read(transport, &[200])
        .await?;
    let last = journal.items.last().map(|event| event.number);
    let follows = journal
        .items
        .is_sorted_by(|a, b| a.number.checked_add(1) == Some(b.number));
    let begins = journal.items.first().is_none_or(|event| {
        // The oldest may be gone, but between two answers nothing is missing.
        event.number > after && (after == 0 || event.number - 1 == after)
    });
    let goes_on = journal.next.is_none() || journal.next == last;
    let fits =
        journal.items.len() as u64 <= limit::ITEMS && journal.items.iter().all(|event| fits(&event.what));
    if follows && begins && goes_on && fits {
        Ok(journal)
    } else {
        Err(ApiError::Hostile)
    }
}

/// GET [`path::STATEMENTS`].
///
/// # Errors
/// [`ApiError`]; [`ApiError::Hostile`] also where they are too many, too long, out of order, or hold what is no text.
pub async fn statements(transport: &dyn Transport, session: &Session) -> Result<Statements, ApiError> {
    let told: Statements = Call::new(Method::Get, path::STATEMENTS, Some(session))
        .max_answer(STATEMENTS_BYTES)
        .read(transport, &[200])
        .await?;
    let fits = told.items.len() as u64 <= limit::STATEMENTS
        && told.items.is_sorted_by(|a, b| a.index < b.index)
        && told.items.iter().all(|statement| is_text(&statement.text));
    if fits { Ok(told) } else { Err(ApiError::Hostile) }
}

fn fits(what: &shared::journal::Happening) -> bool {
    use shared::journal::Happening::{Changed, Failed, Named};
    match what {
        Named { label, .. } => label.as_slice().len() as u64 == limit::LABEL_BYTES,
        Failed { hours, .. } => hours.len() == HOURS,
        Changed { adds, drops, .. } => [adds, drops].iter().all(|list| list.len() as u64 <= limit::REFS),
        _ => true,
    }
}

/// Lines of characters that stand where they are written.
fn is_text(text: &str) -> bool {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let len = text.len() as u64;
    (1..=limit::STATEMENT_BYTES).contains(&len)
        && text.chars().all(|c| c == '\n' || !(c.is_control() || turns(c)))
}

/// Hours that one event of attempts counts.
const HOURS: usize = 24;
/// A full answer: references in text, with room.
const JOURNAL_BYTES: u64 = 1 << 20;
/// Every text in its longest form in JSON, with room.
const STATEMENTS_BYTES: u64 = 4 * limit::STATEMENTS * limit::STATEMENT_BYTES;

//! What the server of the walk lies about, where a state needs it.

use shared::journal::{Happening, Journal};
use shared::session::SessionOpened;
use shared::{BodyId, ErrorCode};
use tests::adversary::flip;
use tests::evil;
use tests::world::Answer;

/// One bit of the first part.
pub(super) fn alter_content(asked: &str, answer: &mut Answer) {
    if asked.contains("/content") {
        flip(&mut answer.body, 8 * 40);
    }
}

/// One bit of the sealed account.
pub(super) fn alter_slot(asked: &str, answer: &mut Answer) {
    if asked.ends_with("/sessions/finish")
        && let Ok(mut opened) = serde_json::from_slice::<SessionOpened>(&answer.body)
    {
        flip(&mut opened.slot.0, 8 * 120);
        answer.body = serde_json::to_vec(&opened).unwrap();
    }
}

/// A deletion that nobody asked for, at the end of the journal.
pub(super) fn invented_deletion(asked: &str, answer: &mut Answer) {
    if asked.contains("/account/journal")
        && let Ok(mut journal) = serde_json::from_slice::<Journal>(&answer.body)
        && let Some(mut event) = journal.items.last().cloned()
    {
        event.number += 1;
        event.what = Happening::Erased {
            body_id: BodyId([7; 16]),
        };
        journal.items.push(event);
        answer.body = serde_json::to_vec(&journal).unwrap();
    }
}

/// A journal that is none.
pub(super) fn no_journal(asked: &str, answer: &mut Answer) {
    if asked.contains("/account/journal") {
        answer.body = b"{}".to_vec();
    }
}

/// No answer of HTTP: the browser has it as a failed request.
pub(super) fn no_answer(asked: &str, answer: &mut Answer) {
    if asked.contains("/api/") {
        let away = ("location".to_owned(), "https://ailleurs.invalid".to_owned());
        answer.headers.push(away);
        answer.status = 302;
    }
}

/// The session is no longer known.
pub(super) fn sign_out(asked: &str, answer: &mut Answer) {
    if asked.contains("/api/") {
        let told = evil::problem(ErrorCode::SignedOut);
        (answer.status, answer.headers, answer.body) = (told.status, told.headers, told.body.to_vec());
    }
}

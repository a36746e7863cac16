//! What the shared state says, in words: failures, and what a merge decided. Holds no text of its own.

use sdk::flows::commit::{MergeKind, MergeNote};

use crate::message::{Failure, Listing};
use crate::text::{self, Locale};

/// The sentence for a failure: what happened, what is safe, what to do. `None` where another screen says it.
#[must_use]
pub fn failure_text(failure: &Failure, locale: Locale) -> Option<String> {
    match failure {
        Failure::Refused(_) | Failure::Cancelled => None,
        Failure::Code { code } => Some(
            text::error::by_key(locale, code)
                .unwrap_or(text::error::internal(locale))
                .to_owned(),
        ),
    }
}

/// Everything that a merge decided: one sentence, or their count and one line each, with the document's name.
pub fn merges_text(listing: &Listing, locale: Locale) -> Option<String> {
    if let [] | [_] = listing.merged.as_slice() {
        return listing.merged.first().map(|note| merge_text(note, locale));
    }
    let mut lines = vec![text::merge::many(locale, &listing.merged.len().to_string())];
    for note in &listing.merged {
        let said = merge_text(note, locale);
        let item = listing.items.iter().find(|item| item.id == note.object);
        lines.push(match item {
            Some(item) => text::merge::line(locale, &item.name, &said),
            None => said,
        });
    }
    Some(lines.join("\n"))
}

/// One thing that a merge decided, in words.
fn merge_text(note: &MergeNote, locale: Locale) -> String {
    let lost = note.lost.as_deref().unwrap_or_default();
    match note.what {
        MergeKind::NameOverwritten => text::merge::name(locale, lost),
        MergeKind::PlaceOverwritten | MergeKind::MoveDropped => text::merge::place(locale).to_owned(),
        MergeKind::FieldOverwritten => text::merge::field(locale).to_owned(),
        MergeKind::ConflictCopy => text::merge::copy(locale).to_owned(),
        MergeKind::Purged => text::merge::purged(locale, lost),
        MergeKind::Restored => text::merge::restored(locale).to_owned(),
    }
}

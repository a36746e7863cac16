//! Lies about the list: charters, heads, pages, histories.

use super::Attack;

/// A head signed by another key than the charter names.
pub(super) fn n20() -> Vec<Attack> {
    Vec::new()
}

/// Low-order points, malformed keys, wrong lengths in a bundle.
pub(super) fn n21() -> Vec<Attack> {
    Vec::new()
}

/// Entries renamed, moved, dated or typed by the server.
pub(super) fn n27() -> Vec<Attack> {
    Vec::new()
}

/// An older head, charter, manifest, secrets or whole account.
pub(super) fn n28() -> Vec<Attack> {
    Vec::new()
}

/// A body or page withheld, a purged entry brought back.
pub(super) fn n29() -> Vec<Attack> {
    Vec::new()
}

/// Two histories.
pub(super) fn n30() -> Vec<Attack> {
    Vec::new()
}

/// A body or entry that nobody here wrote.
pub(super) fn n31() -> Vec<Attack> {
    Vec::new()
}

/// A genuine author signature in another place.
pub(super) fn n32() -> Vec<Attack> {
    Vec::new()
}

/// Counts, lengths, depths and numbers beyond every bound.
pub(super) fn n38() -> Vec<Attack> {
    Vec::new()
}

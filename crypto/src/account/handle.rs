//! Handles: the names under which people log in, and the credential id of OPAQUE (`spec/account.md`, 1).
//!
//! Only ASCII letters, digits, `.`, `-` and `_` exist here, so that every handle is its own NFC and no two look alike
//! through another script. A handle is public: the server sees it.

use core::fmt;

use crate::id::Hash32;
use crate::label::Label;
use crate::primitives::hash;

/// Shortest handle, in bytes.
pub const HANDLE_MIN_BYTES: usize = 3;
/// Longest handle, in bytes.
pub const HANDLE_MAX_BYTES: usize = 64;

/// Why a text is no handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// Under 3 or over 64 bytes.
    #[error("a handle has 3 to 64 characters")]
    Length,
    /// A character outside `a-z`, `0-9`, `.`, `-`, `_` (and `A-Z` where a person types it).
    #[error("a handle has letters, digits, dots, hyphens and underscores")]
    Character,
}

/// A normalised handle.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle that must be normalised already: what travels and what is stored.
    ///
    /// # Errors
    /// Length or character; a capital letter is one.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        if !(HANDLE_MIN_BYTES..=HANDLE_MAX_BYTES).contains(&text.len()) {
            return Err(HandleError::Length);
        }
        if text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(HandleError::Character)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// credential id = SHA-256(L(handle) ‖ handle): OPAQUE's client identity and the key of the login record.
    #[must_use]
    pub fn credential_id(&self) -> Hash32 {
        hash::labelled(Label::Handle, self.0.as_bytes())
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Normalises what a person typed: ASCII capitals become small, everything else is as [`Handle::parse`] says.
///
/// # Errors
/// Length or character.
pub fn normalise_handle(text: &str) -> Result<Handle, HandleError> {
    // Looked at first, so that a huge text costs nothing.
    if text.len() > HANDLE_MAX_BYTES {
        return Err(HandleError::Length);
    }
    Handle::parse(&text.to_ascii_lowercase())
}

/// [`Handle::credential_id`] as a function.
#[must_use]
pub fn credential_id(handle: &Handle) -> Hash32 {
    handle.credential_id()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn typed_capitals_become_small_and_travelling_ones_are_refused() {
        assert_eq!(
            normalise_handle("Marie.Dupont_7-a").unwrap().as_str(),
            "marie.dupont_7-a"
        );
        assert_eq!(Handle::parse("Marie"), Err(HandleError::Character));
        assert_eq!(
            normalise_handle("marie").unwrap(),
            Handle::parse("marie").unwrap()
        );
    }

    #[test]
    fn lengths_scripts_and_spaces_are_refused() {
        assert_eq!(normalise_handle("ab"), Err(HandleError::Length));
        assert!(normalise_handle(&"a".repeat(64)).is_ok());
        assert_eq!(normalise_handle(&"a".repeat(65)), Err(HandleError::Length));
        // The Kelvin sign becomes a plain k under NFC; a Cyrillic letter only looks like a Latin one.
        for wrong in [
            "mar ie",
            " marie",
            "marié",
            "\u{212a}arl",
            "m\u{0430}rie",
            "a@b.fr",
            "abc\0",
            "abc\n",
        ] {
            assert_eq!(normalise_handle(wrong), Err(HandleError::Character), "{wrong:?}");
        }
    }
}

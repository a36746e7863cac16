//! Names of documents, folders and tags: what may be in one, on writing and on reading alike.
//!
//! Pure checks over text; nothing is repaired silently. spec/collection.md section 4, checklist 36.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A name as it stands in an entry: Unicode NFC, 1..=255 bytes of UTF-8, no path separator, no control
/// character, nothing that reorders the text around it, not `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No character at all.
    #[error("the name is empty")]
    Empty,
    /// More than [`NAME_BYTES`] bytes of UTF-8.
    #[error("the name is longer than 255 bytes")]
    TooLong,
    /// Not in Unicode normal form C; [`Name::normalised`] makes it so.
    #[error("the name is not in normal form C")]
    NotNormal,
    /// `/`, `\`, a control character, a line separator or a bidirectional override; or a path such as `..`.
    #[error("the name holds a character that is not allowed")]
    Forbidden,
}

impl Name {
    /// The text itself, if it is a name as it stands.
    ///
    /// # Errors
    /// [`NameError`] says which rule it breaks.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The text in normal form C: for what a person types and what a file system names its files.
    ///
    /// # Errors
    /// [`NameError`] says which rule it breaks; never [`NameError::NotNormal`].
    pub fn normalised(text: &str) -> Result<Self, NameError> {
        // Normal form C is at most three times as long; a huge text costs nothing.
        if text.len() > NAME_BYTES.saturating_mul(4) {
            return Err(NameError::TooLong);
        }
        let text: String = text.nfc().collect();
        check(&text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name with `suffix` before its extension, the stem shortened where 255 bytes would be passed.
    ///
    /// # Errors
    /// [`NameError`] if the suffix holds what a name may not hold, or leaves no room for a stem.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self, NameError> {
        let (stem, extension) = self.split_extension();
        let room = NAME_BYTES
            .checked_sub(suffix.len().saturating_add(extension.len()))
            .filter(|room| *room > 0)
            .ok_or(NameError::TooLong)?;
        let mut end = room.min(stem.len());
        while !stem.is_char_boundary(end) {
            end -= 1;
        }
        let stem = stem.get(..end).unwrap_or_default();
        Self::normalised(&format!("{stem}{suffix}{extension}"))
    }

    /// Stem and extension (with its dot); a leading dot or a long tail is part of the stem.
    fn split_extension(&self) -> (&str, &str) {
        match self.0.rfind('.') {
            Some(at) if at > 0 && self.0.len() - at <= EXTENSION_BYTES => self.0.split_at(at),
            _ => (&self.0, ""),
        }
    }
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_BYTES {
        return Err(NameError::TooLong);
    }
    if matches!(text, "." | "..") || text.chars().any(is_forbidden) {
        return Err(NameError::Forbidden);
    }
    if !is_nfc(text) {
        return Err(NameError::NotNormal);
    }
    Ok(())
}

/// Separators, controls (Cc), line and paragraph separators, bidirectional embeddings, overrides and isolates.
fn is_forbidden(c: char) -> bool {
    matches!(c, '/' | '\\' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c.is_control()
}

/// Bytes of a name, at most.
pub const NAME_BYTES: usize = 255;
/// Bytes of what counts as an extension, dot included, at most.
const EXTENSION_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_may_not_be_in_a_name_is_refused() {
        for text in [
            "a/b",
            "a\\b",
            "a\0",
            "a\n",
            "a\u{7f}",
            "\u{202e}fdp",
            "a\u{2067}",
            "a\u{85}",
            ".",
            "..",
        ] {
            assert_eq!(Name::new(text), Err(NameError::Forbidden), "{text:?}");
            assert_eq!(Name::normalised(text), Err(NameError::Forbidden), "{text:?}");
        }
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new(&"a".repeat(256)), Err(NameError::TooLong));
        assert_eq!(Name::normalised(&"a".repeat(1 << 20)), Err(NameError::TooLong));
        assert!(Name::new(&"a".repeat(255)).is_ok());
        for text in ["Reçu n° 3.pdf", "שלום.txt", "...", ".profile", "été"] {
            assert_eq!(Name::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_decomposed_name_is_refused_as_it_stands_and_composed_on_request() {
        let decomposed = "e\u{301}te\u{301}.pdf";
        assert_eq!(Name::new(decomposed), Err(NameError::NotNormal));
        assert_eq!(Name::normalised(decomposed).unwrap().as_str(), "été.pdf");
    }

    #[test]
    fn a_suffix_stands_before_the_extension_and_never_passes_the_cap() {
        let name = |text: &str| Name::new(text).unwrap();
        assert_eq!(
            name("bail.pdf").with_suffix(" (2)").unwrap().as_str(),
            "bail (2).pdf"
        );
        assert_eq!(name("notes").with_suffix(" (2)").unwrap().as_str(), "notes (2)");
        assert_eq!(
            name(".profile").with_suffix(" (2)").unwrap().as_str(),
            ".profile (2)"
        );
        let long = name(&format!("a{}.pdf", "é".repeat(125)));
        let suffixed = long.with_suffix(" (2)").unwrap();
        assert!(suffixed.as_str().ends_with(" (2).pdf") && suffixed.as_str().len() <= NAME_BYTES);
        assert_eq!(name("a").with_suffix("/"), Err(NameError::Forbidden));
        assert_eq!(name("a").with_suffix(&"x".repeat(255)), Err(NameError::TooLong));
    }
}

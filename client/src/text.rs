//! The texts of the page, one function each, made by `build.rs` from `locales/*.json`. Holds no text of its own.
//!
//! `text::home::hero::title(locale)` gives a sentence; [`t!`](crate::t) gives one that follows the language chosen.

/// The languages of the page. French is the first, and the one for whoever chose nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// Français.
    #[default]
    Fr,
    /// English.
    En,
}

impl Locale {
    /// The BCP 47 tag, for the page's `lang` and for dates.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `en-GB`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.get(..2) {
            Some("fr") => Some(Self::Fr),
            Some("en") => Some(Self::En),
            _ => None,
        }
    }

    /// The other language.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Fr => Self::En,
            Self::En => Self::Fr,
        }
    }

    /// Whether `count` takes the singular: in French nought does too.
    #[must_use]
    pub const fn is_one(self, count: u64) -> bool {
        match self {
            Self::Fr => count < 2,
            Self::En => count == 1,
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/text.rs"));

/// A text that follows the language: `t!(home.hero.title)`.
///
/// Made where the component is built; it may be read at any time. Every text is of one type ([`follows`](crate::state::follows)):
/// a closure for each would cost a copy of Leptos' drawing code for each.
#[macro_export]
macro_rules! t {
    ($($part:ident).+) => {
        $crate::state::follows($crate::text::$($part)::+)
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_code_of_the_wire_and_of_the_sdk_is_worded() {
        let own = [
            "offline",
            "hostile",
            "device",
            "wrong_phrase",
            "phrase_unknown",
            "words_count",
            "words_unknown",
            "words_checksum",
            "handle",
            "phrase",
            "name",
            "file",
            "circle",
            "full",
            "busy",
            "range",
            "worker",
        ];
        for code in shared::ErrorCode::ALL
            .map(shared::ErrorCode::as_str)
            .into_iter()
            .chain(own)
        {
            for locale in [Locale::Fr, Locale::En] {
                assert!(
                    error::by_key(locale, code).is_some_and(|text| text.ends_with('.')),
                    "error.{code}"
                );
            }
        }
    }

    #[test]
    fn nought_is_singular_in_french_alone() {
        assert!(Locale::Fr.is_one(0) && Locale::Fr.is_one(1) && !Locale::Fr.is_one(2));
        assert!(!Locale::En.is_one(0) && Locale::En.is_one(1) && !Locale::En.is_one(2));
    }
}

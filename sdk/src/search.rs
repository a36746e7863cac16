//! Search in the list as a person expects it: accents, case, kinds of blanks and of apostrophes do not count, `oe` finds
//! `œ`, several words stand in any order. Pure; it sees names that are decrypted already and asks no server.
//!
//! A screen folds each item once, with [`fold_item`], and asks a [`Query`] at every key: 10,000 items cost the reading of
//! some hundred kilobytes. spec/flows.md section 5.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::flows::item::Item;

/// What a person looks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    words: Vec<String>,
}

impl Query {
    /// The words of `text`, folded.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let words = fold(text).split(' ').map(str::to_owned).collect::<Vec<_>>();
        Self {
            words: words.into_iter().filter(|word| !word.is_empty()).collect(),
        }
    }

    /// Whether nothing is looked for: then everything is found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether each word stands somewhere in `folded`, which [`fold`] or [`fold_item`] made.
    #[must_use]
    pub fn finds(&self, folded: &str) -> bool {
        self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// Everything of an item that is searched: name, tags, and the category as the screen words it (empty for none).
#[must_use]
pub fn fold_item(item: &Item, category: &str) -> String {
    let mut text = item.name.clone();
    for more in item.tags.iter().map(String::as_str).chain([category]) {
        text.push('\n');
        text.push_str(more);
    }
    fold(&text)
}

/// `text` without what a search does not see: compatibility forms and accents taken apart and left out, small letters,
/// ligatures as their letters, every kind of blank as one space, typographic apostrophes and hyphens as the typed ones.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    for letter in letters.flat_map(char::to_lowercase) {
        match letter {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            '‘' | '’' | 'ʼ' => folded.push('\''),
            '‐'..='―' => folded.push('-'),
            // Soft hyphen, joiners, marks of direction: nothing that a person sees.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            blank if blank.is_whitespace() => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            // Taking a letter small may bring a mark of its own.
            mark if is_combining_mark(mark) => {}
            other => folded.push(other),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Query::of(query).finds(&fold(text))
    }

    #[test]
    fn accents_and_case_do_not_count() {
        assert!(finds("releve", "Relevé de compte.pdf"));
        assert!(finds("RELEVÉ", "releve de compte.pdf"));
        // The same letter in its two forms.
        assert!(finds("e\u{301}te\u{301}", "Été 2024"));
        assert!(finds("İstanbul", "istanbul") && finds("istanbul", "İSTANBUL"));
        assert!(!finds("relever", "Relevé"));
    }

    #[test]
    fn ligatures_are_their_letters() {
        assert!(finds("oeuvre", "Main d’œuvre") && finds("ŒUVRE", "main d'oeuvre"));
        assert!(finds("curriculum vitae", "Curriculum vitæ.pdf"));
        assert!(finds("strasse", "Straße") && finds("ﬁche", "Fiche de paie") && finds("fiche", "ﬁche"));
    }

    #[test]
    fn blanks_apostrophes_and_hyphens_are_of_one_kind() {
        assert!(finds("n° 3", "Avis n°\u{a0}3") && finds("avis\u{202f}n°", "Avis n° 3"));
        assert!(finds("avis d'impôt", "Avis d’impôt") && finds("porte-fort", "porte‑fort"));
        assert!(finds("  avis   2024 ", "Avis\t2024"));
        assert!(finds("bail", "ba\u{ad}il"));
    }

    #[test]
    fn words_stand_in_any_order_and_all_of_them_must() {
        let text = "Quittance de loyer mars 2024";
        assert!(finds("mars quittance", text) && finds("2024 loy", text));
        assert!(!finds("mars avril", text));
        assert!(Query::of(" \u{a0} ").is_empty() && finds("", text));
    }

    #[test]
    fn names_tags_and_category_are_searched_together() {
        let item = Item {
            name: "scan001.pdf".to_owned(),
            tags: vec!["Mémé".to_owned(), "à classer".to_owned()],
            ..crate::flows::item::sample()
        };
        let folded = fold_item(&item, "Santé");
        for query in ["scan", "meme sante", "CLASSER scan001"] {
            assert!(Query::of(query).finds(&folded), "{query}");
        }
        assert!(!Query::of("pdfmeme").finds(&folded), "nothing runs together");
        assert!(!Query::of("logement").finds(&folded));
    }
}

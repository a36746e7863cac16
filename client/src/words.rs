//! Words of the French list as people type them on the page: compared, counted, recognised, completed. Pure; holds no
//! list and no key. What counts in the end is decided by `crypto` (spec/account.md, 6 and 7).

/// One word of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As the sheet writes it.
    pub shown: String,
    /// Small letters without accents.
    pub folded: String,
}

impl Word {
    /// A word as the list writes it.
    #[must_use]
    pub fn of(shown: String) -> Self {
        let folded = fold(&shown);
        Self { shown, folded }
    }

    /// Whether this word is meant: the whole word, or its beginning of at least four letters.
    fn is_meant_by(&self, folded: &str) -> bool {
        self.folded == folded || (folded.len() >= PREFIX_LETTERS && self.folded.starts_with(folded))
    }
}

/// Small letters without the accents of French.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| !COMBINING.contains(letter))
        .map(plain)
        .collect()
}

/// The words in a text, as the sheet counts them: whatever is no letter separates.
pub fn words_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_alphabetic() || COMBINING.contains(&letter);
    text.split(move |letter: char| !is_part(letter))
        .filter(|word| !word.is_empty())
}

/// Whether `typed` is the word of the sheet: accents and capitals do not matter, four letters suffice.
#[must_use]
pub fn is_same(typed: &str, word: &str) -> bool {
    Word::of(word.to_owned()).is_meant_by(&fold(typed.trim()))
}

/// Whether a text is what stands on a recovery sheet: twelve words, all of the list. Without a list, twelve words.
#[must_use]
pub fn looks_like_sheet(text: &str, list: &[Word]) -> bool {
    words_in(text).count() == SHEET_WORDS && (list.is_empty() || first_unknown(text, list).is_none())
}

/// The first word that is not in the list, and its number from 1.
#[must_use]
pub fn first_unknown(text: &str, list: &[Word]) -> Option<(usize, String)> {
    if list.is_empty() {
        return None;
    }
    let known = |typed: &str| {
        let folded = fold(typed);
        list.iter().any(|word| word.is_meant_by(&folded))
    };
    let found = words_in(text).enumerate().find(|(_, word)| !known(word));
    found.map(|(index, word)| (index + 1, word.to_owned()))
}

/// What the word at the end of a text may become, `MOST_OFFERED` at most. Nothing after a blank, for one letter alone,
/// or for a word that is whole.
#[must_use]
pub fn completions(text: &str, list: &[Word]) -> Vec<Word> {
    let begun = fold(last_word(text));
    if begun.chars().count() < LEAST_LETTERS {
        return Vec::new();
    }
    let fits = |word: &&Word| word.folded.starts_with(&begun);
    let found: Vec<Word> = list.iter().filter(fits).take(MOST_OFFERED).cloned().collect();
    match found.as_slice() {
        [only] if only.folded == begun => Vec::new(),
        _ => found,
    }
}

/// The text with the word at its end replaced by a whole one, and room for the next.
#[must_use]
pub fn complete(text: &str, word: &str) -> String {
    format!("{}{word} ", settled(text))
}

/// Three different positions from 1 to 12 in their order, drawn with three random bytes.
#[must_use]
pub fn positions(random: [u8; 3]) -> [usize; 3] {
    let mut left: Vec<usize> = (1..=SHEET_WORDS).collect();
    let mut drawn = random.map(|byte| left.remove(usize::from(byte) % left.len()));
    drawn.sort_unstable();
    drawn
}

/// A text without the word that is still being typed at its end.
#[must_use]
pub fn settled(text: &str) -> &str {
    text.get(..text.len() - last_word(text).len()).unwrap_or_default()
}

/// What is being typed at the end; empty after a blank.
fn last_word(text: &str) -> &str {
    let is_part = |letter: char| letter.is_alphabetic() || COMBINING.contains(&letter);
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, letter)| is_part(*letter))
        .last()
        .map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}

/// One small letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        '\u{e0}' | '\u{e2}' | '\u{e4}' => 'a',
        '\u{e7}' => 'c',
        '\u{e8}'..='\u{eb}' => 'e',
        '\u{ee}' | '\u{ef}' => 'i',
        '\u{f4}' | '\u{f6}' => 'o',
        '\u{f9}' | '\u{fb}' | '\u{fc}' => 'u',
        other => other,
    }
}

/// Words of a recovery sheet.
pub const SHEET_WORDS: usize = 12;
/// Letters that name a word of the list.
const PREFIX_LETTERS: usize = 4;
/// Letters before anything is offered.
const LEAST_LETTERS: usize = 2;
/// Words that are offered at once.
const MOST_OFFERED: usize = 4;
/// Accents that follow their letter.
const COMBINING: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Word> {
        sdk::word_list().map(Word::of).collect()
    }

    #[test]
    fn every_word_of_the_list_folds_to_plain_letters_and_is_found_by_four() {
        let list = list();
        assert_eq!(list.len(), 2048);
        for word in &list {
            assert!(
                word.folded.bytes().all(|byte| byte.is_ascii_lowercase()),
                "{word:?}"
            );
            let four: String = word.folded.chars().take(4).collect();
            assert_eq!(
                list.iter().filter(|other| other.is_meant_by(&four)).count(),
                1,
                "{word:?}"
            );
        }
    }

    #[test]
    fn a_retyped_word_forgives_accents_capitals_and_all_but_four_letters() {
        for typed in [
            "académie",
            "ACADÉMIE",
            " academie ",
            "acade\u{301}mie",
            "acad",
            "Acadé",
        ] {
            assert!(is_same(typed, "académie"), "{typed}");
        }
        for typed in ["", "aca", "académique", "acadx", "abaisser"] {
            assert!(!is_same(typed, "académie"), "{typed}");
        }
        // A word of the list that has no more than four letters.
        assert!(is_same("acte", "acte"));
    }

    #[test]
    fn twelve_words_of_the_list_are_a_sheet_and_nothing_else_is() {
        let list = list();
        let twelve = "1. abaisser 2. abandon abdiquer, abeille abolir aborder aboutir aboyer abrasif abreuver abri abro";
        assert!(looks_like_sheet(twelve, &list));
        assert!(looks_like_sheet(&twelve.to_uppercase(), &list));
        assert!(!looks_like_sheet(
            "verger cuivre lundi harpe colline brume tabouret renard",
            &list
        ));
        let own = "le vélo bleu de ma tante dort sous un vieux pommier tordu";
        assert_eq!(words_in(own).count(), 12);
        assert!(!looks_like_sheet(own, &list));
        assert!(
            looks_like_sheet(own, &[]),
            "without a list the number alone speaks"
        );
    }

    #[test]
    fn the_first_unknown_word_is_named_by_its_number() {
        let list = list();
        assert_eq!(
            first_unknown("abaisser xylophage abandon", &list),
            Some((2, "xylophage".to_owned()))
        );
        assert_eq!(first_unknown("abaisser abandon", &list), None);
    }

    #[test]
    fn a_word_is_completed_at_the_end_alone() {
        let list = list();
        let offered: Vec<String> = completions("abeille ab", &list)
            .into_iter()
            .map(|word| word.shown)
            .collect();
        assert_eq!(offered, ["abaisser", "abandon", "abdiquer", "abeille"]);
        assert!(completions("abeille ", &list).is_empty());
        assert!(completions("abeille a", &list).is_empty());
        assert!(completions("abeille", &list).is_empty(), "it is whole");
        assert_eq!(complete("abeille ab", "abandon"), "abeille abandon ");
        assert_eq!(complete("acadé", "académie"), "académie ");
    }

    #[test]
    fn three_positions_differ_whatever_is_drawn() {
        for first in 0..=255_u8 {
            for second in [0, 1, 11, 128, 255] {
                let [a, b, c] = positions([first, second, first ^ second]);
                assert!(1 <= a && a < b && b < c && c <= 12);
            }
        }
        let drawn: std::collections::BTreeSet<usize> = (0..=255_u8)
            .flat_map(|byte| positions([byte, byte, byte]))
            .collect();
        assert_eq!(drawn.len(), 12, "every position is asked for");
    }
}

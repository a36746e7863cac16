//! How hard a phrase of one's own is to guess, in bits, on the careful side (protocol.md 5.1: at least 80).
//! Pure. Knows no dictionary: it counts different words, or characters that do not follow from the one before.

use std::collections::BTreeSet;

/// Bits below which a phrase is not accepted.
pub const ENOUGH: u32 = 80;

/// An estimate that people's habits do not easily fool: repeats, runs and short words count for nothing.
#[must_use]
pub fn bits(phrase: &str) -> u32 {
    let lower = phrase.to_lowercase();
    let words: BTreeSet<&str> = lower
        .split_whitespace()
        .filter(|word| word.chars().count() >= 3)
        .collect();
    let by_words = words.len() as u32 * WORD;
    let mut surprising = 0;
    let mut before = None;
    for c in lower.chars().filter(|c| !c.is_whitespace()) {
        let step = before.map(|b| c as i64 - b as i64);
        if !matches!(step, Some(-1..=1)) {
            surprising += 1;
        }
        before = Some(c);
    }
    // A phrase is no stronger than its different words or, written without blanks, its letters allow.
    if lower.split_whitespace().count() > 1 {
        by_words.min(surprising * CHARACTER)
    } else {
        surprising * SOLID
    }
}

/// Bits of one word of a list of 1024: people do not choose at random.
const WORD: u32 = 10;
/// Bits of one letter inside words, an upper bound that only very short words meet.
const CHARACTER: u32 = 4;
/// Bits of one character of a solid string.
const SOLID: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_runs_do_not_count() {
        assert!(bits("azerty") < ENOUGH);
        assert!(bits("chat chat chat chat chat chat chat chat chat") < ENOUGH);
        assert!(bits("abcdefghijklmnopqrstuvwxyzabcdefgh") < ENOUGH);
        assert!(bits("le velo bleu de tante") < ENOUGH);
        assert_eq!(bits(""), 0);
    }

    #[test]
    fn eight_different_words_or_a_long_random_string_do() {
        assert!(bits("verger cuivre lundi harpe colline brume tabouret renard") >= ENOUGH);
        assert!(bits("k7Qz!pW2mX9vB4nR8tJ6yL3sD5fG") >= ENOUGH);
    }
}

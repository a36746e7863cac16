//! Passwords as people type them, and the generator of the phrase that is proposed (`spec/account.md`, 6).
//!
//! A password is normalised to NFC and nothing else, no trimming, no case folding; but eight words of the list are a
//! proposed phrase however they are typed. May not judge its strength.

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::random::{Random, RandomError};
use crate::words::{find, fold, list};

/// Longest password, in bytes of NFC.
pub const PASSWORD_MAX_BYTES: usize = 1024;
/// Words of a proposed phrase: 88 bits.
pub const PHRASE_WORDS: usize = 8;

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing was typed.
    #[error("an empty password")]
    Empty,
    /// Over 1024 bytes.
    #[error("the password is too long")]
    TooLong,
}

/// A normalised password.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Normalises what was typed to NFC. Eight words of the list, apart by white space, become the phrase as it was
    /// proposed: capitals, accents and more spaces do not matter, and four letters of a word suffice.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn normalise(typed: &str) -> Result<Self, PasswordError> {
        if typed.is_empty() {
            return Err(PasswordError::Empty);
        }
        // NFC makes a text at most three times as long, and can make it shorter: both lengths are looked at.
        if typed.len() > 3 * PASSWORD_MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        // Room from the start, so that no copy is left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(3 * typed.len()));
        text.extend(typed.nfc());
        if text.len() > PASSWORD_MAX_BYTES {
            Err(PasswordError::TooLong)
        } else {
            Ok(Self(proposed(&text).unwrap_or(text)))
        }
    }

    /// Names the moment at which the bytes leave the type: OPAQUE's input.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The proposed phrase that was meant, where eight words of the list were typed.
fn proposed(typed: &str) -> Option<Zeroizing<String>> {
    let words = || typed.split_whitespace();
    if words().take(PHRASE_WORDS + 1).count() != PHRASE_WORDS {
        return None;
    }
    let mut phrase = Zeroizing::new(String::with_capacity(PHRASE_WORDS * 9));
    for word in words() {
        let index = find(&fold(word))?;
        if !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.push_str(&fold(list().get(usize::from(index))?));
    }
    Some(phrase)
}

/// Proposes a phrase: eight words of the 2048, 11 random bits each, without accents, with single spaces.
///
/// # Errors
/// No randomness.
pub fn make_phrase(random: &mut dyn Random) -> Result<Zeroizing<String>, RandomError> {
    let mut bytes = Zeroizing::new([0; 11]);
    random.fill(bytes.as_mut_slice())?;
    let mut bits = bytes
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut phrase = Zeroizing::new(String::with_capacity(PHRASE_WORDS * 9));
    for at in (0..PHRASE_WORDS).rev() {
        let index = (bits >> (11 * at)) as usize & 0x7ff;
        if !phrase.is_empty() {
            phrase.push(' ');
        }
        // 11 bits always name a word: the list has 2048.
        phrase.push_str(&list().get(index).map(|word| fold(word)).ok_or(RandomError)?);
    }
    bits.zeroize();
    Ok(phrase)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    struct Fixed([u8; 11]);

    impl Random for Fixed {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
            out.copy_from_slice(&self.0);
            Ok(())
        }
    }

    #[test]
    fn a_password_is_composed_and_nothing_else() {
        let composed = Password::normalise(" Clé  de voûte ").unwrap();
        let decomposed = Password::normalise(" Cle\u{301}  de vou\u{302}te ").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        assert_eq!(composed.expose(), " Clé  de voûte ".as_bytes());
        // Compatibility forms are other characters: NFC, not NFKC.
        assert_eq!(Password::normalise("ﬁ").unwrap().expose(), "ﬁ".as_bytes());
    }

    #[test]
    fn a_proposed_phrase_is_known_however_it_is_typed_and_an_own_one_stays_as_it_is() {
        let proposed = make_phrase(&mut Fixed([0x5a, 3, 9, 200, 17, 4, 77, 128, 33, 1, 250])).unwrap();
        let shouted = format!("  {}\u{a0}", proposed.to_uppercase().replace(' ', "  "));
        let short: Vec<&str> = proposed.split(' ').map(|word| &word[..4]).collect();
        let accented: Vec<String> = proposed
            .split(' ')
            .map(|word| list()[usize::from(find(word).unwrap())].to_owned())
            .collect();
        for typed in [
            shouted,
            short.join("\n"),
            accented.join(" "),
            proposed.to_string(),
        ] {
            let password = Password::normalise(&typed).unwrap();
            assert_eq!(password.expose(), proposed.as_bytes(), "{typed}");
        }
        let seven: Vec<&str> = proposed.split(' ').take(7).collect();
        for own in [
            seven.join("  "),
            format!("{} ", seven.join(" ")),
            format!("{} Encore", proposed.as_str()),
            proposed.replacen(' ', "Xyz ", 1),
            "Un Deux trois quatre cinq six sept huit".to_owned(),
        ] {
            assert_eq!(Password::normalise(&own).unwrap().expose(), own.as_bytes());
        }
    }

    #[test]
    fn empty_and_huge_passwords_are_refused() {
        assert!(matches!(Password::normalise(""), Err(PasswordError::Empty)));
        assert!(Password::normalise(&"a".repeat(PASSWORD_MAX_BYTES)).is_ok());
        assert!(matches!(
            Password::normalise(&"a".repeat(PASSWORD_MAX_BYTES + 1)),
            Err(PasswordError::TooLong)
        ));
        assert!(matches!(
            Password::normalise(&"a".repeat(1 << 20)),
            Err(PasswordError::TooLong)
        ));
        assert!(Password::normalise(" ").is_ok());
    }

    #[test]
    fn a_phrase_uses_every_bit_of_its_eleven_bytes() {
        let first = list()[0];
        let last = fold(list()[2047]);
        assert_eq!(*make_phrase(&mut Fixed([0; 11])).unwrap(), [first; 8].join(" "));
        assert_eq!(
            *make_phrase(&mut Fixed([0xff; 11])).unwrap(),
            [last.as_str(); 8].join(" ")
        );
        let base = make_phrase(&mut Fixed([0; 11])).unwrap();
        for bit in 0..88 {
            let mut bytes = [0; 11];
            bytes[bit / 8] |= 1 << (bit % 8);
            let phrase = make_phrase(&mut Fixed(bytes)).unwrap();
            let changed = phrase
                .split(' ')
                .zip(base.split(' '))
                .filter(|(a, b)| a != b)
                .count();
            assert_eq!(changed, 1);
            assert_eq!(phrase.split(' ').count(), PHRASE_WORDS);
        }
    }
}

//! The twelve words of the recovery sheet, and the proof of holding them (`spec/account.md`, 7).
//!
//! Words of the French BIP-39 list, 128 random bits and a checksum of 4. The server keeps the public half of a key
//! derived from them and checks proofs; the words themselves are on paper.

use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::signature::VerifyingKey;

/// The proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof of the words does not hold")]
pub struct ProofError;

/// Checks Sig(recovery-auth, sig/recovery-auth, deployment_id ‖ challenge ‖ SHA-256(login_id)), 64 B.
///
/// # Errors
/// No key, wrong length, or the signature does not hold.
pub fn verify_recovery_proof(
    recovery_pk: &[u8; 32],
    deployment_id: &Id,
    challenge: &Hash32,
    login_id: &Id,
    proof: &[u8],
) -> Result<(), ProofError> {
    let key = VerifyingKey::from_bytes(recovery_pk).map_err(|_| ProofError)?;
    let proof = proof.try_into().map_err(|_| ProofError)?;
    key.verify(
        Label::SigRecoveryAuth,
        &[deployment_id, challenge, &hash::sha256(login_id)],
        proof,
    )
    .map_err(|_| ProofError)
}

#[cfg(feature = "keys")]
pub use with_keys::{RecoveryAuth, WORDS, Words, WordsError, word_list};

#[cfg(feature = "keys")]
pub(crate) use with_keys::{find, fold, list};

#[cfg(feature = "keys")]
mod with_keys {
    use bip39::Language;
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

    use super::{Hash32, Id, Label, hash};
    use crate::account::keys::Kek;
    use crate::label::WORDS_SALT;
    use crate::primitives::kdf;
    use crate::primitives::signature::{Signature, SigningKey};
    use crate::random::{Random, RandomError};

    /// How many words.
    pub const WORDS: usize = 12;

    /// Why a text is no twelve words. Numbers count from 1, as on the sheet.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
    pub enum WordsError {
        /// Not twelve words; how many there are (13 stands for more).
        #[error("{found} words instead of twelve")]
        Count {
            /// Words found.
            found: usize,
        },
        /// This word is not in the list.
        #[error("word {number} is not in the list")]
        Unknown {
            /// 1 to 12.
            number: usize,
        },
        /// Every word is in the list, and together they are no sheet: two are swapped, or one is another.
        #[error("the words do not fit together")]
        Checksum,
    }

    /// The 128 bits behind the words.
    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub struct Words([u8; 16]);

    impl Words {
        /// Makes fresh words.
        ///
        /// # Errors
        /// No randomness.
        pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
            let mut words = Self([0; 16]);
            random.fill(&mut words.0)?;
            Ok(words)
        }

        /// Reads what a person typed: accents, capitals, numbering and separators do not matter, and the first four
        /// letters of a word suffice.
        ///
        /// # Errors
        /// [`WordsError`] says which word to look at.
        pub fn parse(text: &str) -> Result<Self, WordsError> {
            if text.len() > TEXT_MAX_BYTES {
                return Err(WordsError::Count { found: WORDS + 1 });
            }
            let folded = fold(text);
            // Whatever is no letter separates: spaces, commas, the numbers of the sheet.
            let typed = || {
                folded
                    .split(|letter: char| !letter.is_alphabetic())
                    .filter(|word| !word.is_empty())
            };
            let found = typed().take(WORDS + 1).count();
            if found != WORDS {
                return Err(WordsError::Count { found });
            }
            let mut bits = 0_u128;
            let mut last = 0;
            for (number, word) in (1..).zip(typed()) {
                last = find(word).ok_or(WordsError::Unknown { number })?;
                // Eleven words give 121 bits; of the twelfth, 7 are entropy and 4 the checksum.
                let (value, width) = if number < WORDS {
                    (last, 11)
                } else {
                    (last >> 4, 7)
                };
                bits = (bits << width) | u128::from(value);
            }
            let words = Self(bits.to_be_bytes());
            bits.zeroize();
            if words.checksum() == last & 0x0f {
                Ok(words)
            } else {
                Err(WordsError::Checksum)
            }
        }

        /// The words as the list writes them, in NFC, with their accents.
        #[must_use]
        pub fn to_words(&self) -> Vec<Zeroizing<String>> {
            let mut bits = u128::from_be_bytes(self.0);
            let tail = ((bits & 0x7f) as u16) << 4 | self.checksum();
            bits >>= 7;
            let mut indices: Vec<u16> = (0..WORDS - 1)
                .map(|i| (bits >> (11 * i)) as u16 & 0x7ff)
                .collect();
            bits.zeroize();
            indices.reverse();
            indices.push(tail);
            let words = indices.iter().filter_map(|index| list().get(usize::from(*index)));
            let words = words.map(|word| Zeroizing::new(word.nfc().collect())).collect();
            indices.zeroize();
            words
        }

        /// recovery_id = KDF(prk, recovery-id, "", 16): locates the account.
        #[must_use]
        pub fn derive_recovery_id(&self) -> Id {
            *kdf::derive(self.prk().as_slice(), Label::RecoveryId, &[])
        }

        /// The key pair that proves the words: its seed = KDF(prk, k/recovery-auth, "", 32).
        #[must_use]
        pub fn derive_recovery_auth(&self) -> RecoveryAuth {
            let seed = kdf::derive::<32>(self.prk().as_slice(), Label::KRecoveryAuth, &[]);
            RecoveryAuth(SigningKey::from_seed(&seed))
        }

        /// The key of the words slot: KDF(prk, kek/recovery, account_id ‖ slot_id, 32).
        #[must_use]
        pub fn derive_kek(&self, account_id: &Id, slot_id: &Id) -> Kek {
            Kek::derive_from_words(&self.prk(), account_id, slot_id)
        }

        /// The first four bits of SHA-256 over the entropy (BIP-39).
        fn checksum(&self) -> u16 {
            let [first, ..] = hash::sha256(&self.0);
            u16::from(first >> 4)
        }

        /// prk = HKDF-Extract-SHA512(salt = "civis/v1/words", ikm = entropy).
        fn prk(&self) -> Zeroizing<[u8; 64]> {
            kdf::extract(WORDS_SALT, &self.0)
        }
    }

    /// Proves possession of the words. It opens nothing.
    pub struct RecoveryAuth(SigningKey);

    impl RecoveryAuth {
        /// The half that the server keeps, 32 B.
        #[must_use]
        pub fn public_key(&self) -> [u8; 32] {
            self.0.verifying_key().to_bytes()
        }

        /// The proof for one challenge: see [`verify_recovery_proof`](super::verify_recovery_proof).
        #[must_use]
        pub fn make_proof(&self, deployment_id: &Id, challenge: &Hash32, login_id: &Id) -> Signature {
            self.0.sign(
                Label::SigRecoveryAuth,
                &[deployment_id, challenge, &hash::sha256(login_id)],
            )
        }
    }

    /// The 2048 words as a sheet writes them, in NFC, in the order of the list. Public knowledge.
    pub fn word_list() -> impl Iterator<Item = String> {
        list().iter().map(|word| word.nfc().collect())
    }

    /// The 2048 words, decomposed, in the order of the list.
    pub(crate) fn list() -> &'static [&'static str; 2048] {
        Language::French.word_list()
    }

    /// Small letters without accents. A character whose decomposition holds no ASCII letter stays as it is.
    pub(crate) fn fold(text: &str) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        for letter in text
            .nfkd()
            .filter(|letter| !is_combining_mark(*letter))
            .flat_map(char::to_lowercase)
        {
            out.push(letter);
        }
        out
    }

    /// The index of a typed word: the whole word, or a beginning of at least four letters. No two words of the list
    /// begin with the same four.
    pub(crate) fn find(typed: &str) -> Option<u16> {
        let fits = |word: &&str| {
            let word = fold(word);
            *word == *typed || (typed.len() >= PREFIX_LETTERS && word.starts_with(typed))
        };
        list()
            .iter()
            .position(fits)
            .and_then(|index| u16::try_from(index).ok())
    }

    const PREFIX_LETTERS: usize = 4;
    const TEXT_MAX_BYTES: usize = 2048;

    #[cfg(test)]
    mod tests {
        #![allow(clippy::unwrap_used, reason = "tests")]
        use super::*;

        #[test]
        fn no_two_words_begin_with_the_same_four_letters() {
            let beginnings: std::collections::BTreeSet<String> = list()
                .iter()
                .map(|word| fold(word)[..PREFIX_LETTERS].to_owned())
                .collect();
            assert_eq!(beginnings.len(), 2048);
            assert!(
                list()
                    .iter()
                    .all(|word| fold(word).bytes().all(|byte| byte.is_ascii_lowercase()))
            );
        }

        #[test]
        fn the_list_is_the_published_one() {
            let text: String = list().iter().map(|word| format!("{word}\n")).collect();
            let hash: String = hash::sha256(text.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hash, LIST_SHA256);
        }

        /// SHA-256 of bip-0039/french.txt, one word a line.
        const LIST_SHA256: &str = "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59";

        #[test]
        fn the_words_are_those_of_bip_39() {
            for seed in 0..=255_u8 {
                let mut entropy = [seed; 16];
                entropy[usize::from(seed) % 16] ^= 0x5a;
                let theirs = bip39::Mnemonic::from_entropy_in(Language::French, &entropy).unwrap();
                let theirs: Vec<String> = theirs.words().map(|word| word.nfc().collect()).collect();
                let ours: Vec<String> = Words(entropy)
                    .to_words()
                    .iter()
                    .map(|word| word.to_string())
                    .collect();
                assert_eq!(ours, theirs);
                assert_eq!(Words::parse(&ours.join(" ")).unwrap().0, entropy);
            }
        }
    }
}

//! The twelve words: forgiving to type, exact in what they open.

use crypto::words::{Words, WordsError, verify_recovery_proof};

use super::{Failing, flips};
use crate::support::FixedRandom;

fn sheet(words: &Words) -> Vec<String> {
    words.to_words().iter().map(|word| word.to_string()).collect()
}

fn same(a: &Words, b: &Words) -> bool {
    a.derive_recovery_id() == b.derive_recovery_id()
}

/// All zero bits and all one bits, whose words and checksums are easily checked by hand, and random ones.
#[test]
fn words_read_back_however_they_are_typed() {
    let mut rng = FixedRandom::new("words");
    for _ in 0..32 {
        let words = Words::make(&mut rng).unwrap();
        let list = sheet(&words);
        assert_eq!(list.len(), 12);
        let plain = |word: &String| -> String {
            word.chars()
                .map(|c| match c {
                    'é' | 'è' | 'ê' | 'ë' => 'e',
                    'â' | 'à' => 'a',
                    'ô' => 'o',
                    'û' | 'ù' => 'u',
                    'î' | 'ï' => 'i',
                    'ç' => 'c',
                    c => c,
                })
                .collect()
        };
        let bare: Vec<String> = list.iter().map(plain).collect();
        let short: Vec<String> = bare.iter().map(|word| word[..4].to_owned()).collect();
        let numbered: Vec<String> = list
            .iter()
            .zip(1..)
            .map(|(word, n)| format!("{n}. {word}"))
            .collect();
        for text in [
            list.join(" "),
            bare.join("  "),
            short.join("\n"),
            format!("  {}\t", list.join(", ").to_uppercase()),
            numbered.join("\r\n"),
            list.join("-"),
        ] {
            assert!(same(&Words::parse(&text).unwrap(), &words), "{text}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_by_its_number() {
    let words = Words::make(&mut FixedRandom::new("wrong")).unwrap();
    let list = sheet(&words);
    let parse = |list: &[String]| Words::parse(&list.join(" ")).err();
    for number in 1..=12 {
        for bad in ["xylophage", "abc", "été1été", "мама", "abaisserx"] {
            let mut typed = list.clone();
            typed[number - 1] = bad.to_owned();
            let expected = if bad.contains('1') {
                WordsError::Count { found: 13 }
            } else {
                WordsError::Unknown { number }
            };
            assert_eq!(parse(&typed), Some(expected), "{bad}");
        }
    }
    assert_eq!(parse(&list[..11]), Some(WordsError::Count { found: 11 }));
    assert_eq!(parse(&[]), Some(WordsError::Count { found: 0 }));
    assert_eq!(
        parse(&[&list[..], &list[..1]].concat()),
        Some(WordsError::Count { found: 13 })
    );
    assert_eq!(
        Words::parse(&"abaisser ".repeat(1 << 16)).err(),
        Some(WordsError::Count { found: 13 })
    );
}

/// Four bits of checksum: of all single replacements of a word, 15 in 16 are seen, none opens the same account.
#[test]
fn another_word_is_mostly_seen_and_never_opens_the_same() {
    let words = Words::make(&mut FixedRandom::new("checksum")).unwrap();
    let list = sheet(&words);
    let others = [
        "abaisser", "abandon", "abdiquer", "abeille", "abolir", "aborder", "aboutir", "aboyer",
    ];
    let (mut seen, mut unseen) = (0, 0);
    for place in 0..12 {
        for other in others.iter().filter(|other| **other != list[place]) {
            let mut typed = list.clone();
            typed[place] = (*other).to_owned();
            match Words::parse(&typed.join(" ")) {
                Err(WordsError::Checksum) => seen += 1,
                Err(error) => panic!("{error}"),
                Ok(read) => {
                    assert!(!same(&read, &words));
                    unseen += 1;
                }
            }
        }
    }
    assert!(seen > 70 && unseen < 25, "{seen} seen, {unseen} not");
}

#[test]
fn a_proof_holds_for_its_place_challenge_and_login_alone() {
    let words = Words::make(&mut FixedRandom::new("proof")).unwrap();
    let auth = words.derive_recovery_auth();
    let (deployment, challenge, login) = ([1; 16], [2; 32], [3; 16]);
    let proof = auth.make_proof(&deployment, &challenge, &login);
    let verify =
        |key: &[u8; 32], deployment: &[u8; 16], challenge: &[u8; 32], login: &[u8; 16], proof: &[u8]| {
            verify_recovery_proof(key, deployment, challenge, login, proof).is_ok()
        };
    let key = auth.public_key();
    assert!(verify(&key, &deployment, &challenge, &login, &proof));
    assert!(!verify(&key, &[9; 16], &challenge, &login, &proof));
    assert!(!verify(&key, &deployment, &[9; 32], &login, &proof));
    assert!(!verify(&key, &deployment, &challenge, &[9; 16], &proof));
    for flipped in flips(&proof) {
        assert!(!verify(&key, &deployment, &challenge, &login, &flipped));
    }
    for len in [0, 63, 65] {
        assert!(!verify(&key, &deployment, &challenge, &login, &vec![0; len]));
    }
    let other = Words::make(&mut FixedRandom::new("other"))
        .unwrap()
        .derive_recovery_auth()
        .public_key();
    assert!(!verify(&other, &deployment, &challenge, &login, &proof));
    // Keys of small order, under which some signatures hold for any message.
    let mut one = [0; 32];
    one[0] = 1;
    assert!(!verify(&[0; 32], &deployment, &challenge, &login, &[0; 64]));
    assert!(!verify(
        &one,
        &deployment,
        &challenge,
        &login,
        &[&one[..], &[0; 32]].concat()
    ));
}

#[test]
fn n54_without_randomness_there_are_no_words() {
    assert!(Words::make(&mut Failing { good: 0 }).is_err());
    assert!(crypto::phrase::make_phrase(&mut Failing { good: 0 }).is_err());
}

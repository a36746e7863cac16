//! Words stand in the locale files: both languages complete, none in code.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::ErrorCode;

use crate::tree::{files_ending, none, product_text, text};

#[test]
fn both_languages_have_the_same_keys() {
    let (french, english) = (keys("fr"), keys("en"));
    assert!(french.len() > 20, "French is the first language");
    let differing: Vec<_> = french.symmetric_difference(&english).cloned().collect();
    none("only one language has these", &differing);
}

#[test]
fn every_refusal_has_its_words() {
    for language in ["fr", "en"] {
        let keys = keys(language);
        let missing: Vec<_> = ErrorCode::ALL
            .iter()
            .map(|code| format!("error.{}", code.as_str()))
            .filter(|key| !keys.contains(key))
            .collect();
        none(language, &missing);
    }
}

#[test]
fn no_text_for_people_in_code() {
    let mut found = Vec::new();
    for file in files_ending(".rs")
        .into_iter()
        .filter(|file| file.starts_with("client/src/"))
    {
        for (number, line) in product_text(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) || holds_a_sentence(code) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("move these into client/locales", &found);
}

/// Whether a string literal begins like a sentence: a capital, small letters, a space. Messages of `expect` are not
/// for people.
fn holds_a_sentence(code: &str) -> bool {
    if [".expect(", "panic!(", "assert", "reason ="]
        .iter()
        .any(|call| code.contains(call))
    {
        return false;
    }
    code.split('"').skip(1).step_by(2).any(|literal| {
        let mut characters = literal.chars();
        let capital = characters.next().is_some_and(|c| c.is_ascii_uppercase());
        let rest: Vec<char> = characters.take_while(|c| c.is_ascii_lowercase()).collect();
        capital && !rest.is_empty() && literal.chars().nth(1 + rest.len()) == Some(' ')
    })
}

fn keys(language: &str) -> BTreeSet<String> {
    let value: Value = serde_json::from_str(&text(&format!("client/locales/{language}.json"))).unwrap();
    let mut keys = BTreeSet::new();
    flatten("", &value, &mut keys);
    keys
}

/// Nested keys joined by points; the forms of one plural count as one key, because languages differ in them.
fn flatten(prefix: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let plural = PLURALS.iter().find_map(|form| key.strip_suffix(form));
                let key = plural
                    .filter(|stem| map.contains_key(&format!("{stem}_other")))
                    .unwrap_or(key);
                let whole = if prefix.is_empty() {
                    key.to_owned()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&whole, value, into);
            }
        }
        Value::String(text) => {
            assert!(!text.trim().is_empty(), "{prefix} is empty");
            into.insert(prefix.to_owned());
        }
        _ => {
            into.insert(prefix.to_owned());
        }
    }
}

const PLURALS: [&str; 6] = ["_zero", "_one", "_two", "_few", "_many", "_other"];

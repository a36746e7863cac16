//! Words stand in the locale files: both languages complete and all used, none in code, set as design asks.

use std::collections::{BTreeMap, BTreeSet};

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
            if code.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
                || holds_a_sentence(code)
                || stands_in_a_view(code)
            {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("move these into client/locales", &found);
}

/// Whether a word stands where a view shows it: between two tags, quoted or not.
fn stands_in_a_view(code: &str) -> bool {
    code.match_indices('>').any(|(at, _)| {
        let before = &code[..at];
        let tag = !before.ends_with(['=', '-', '>', ' ']) && !before.trim_start().starts_with("impl<");
        let inside = code[at + 1..].trim_start().trim_start_matches('"');
        let word: String = inside.chars().take_while(|c| c.is_alphabetic()).collect();
        let after = inside[word.len()..].trim_start_matches(['"', ' ']);
        let shown = word.len() > 1 && (after.starts_with('<') || after.starts_with(char::is_alphabetic));
        tag && shown && word.chars().skip(1).all(char::is_lowercase)
    })
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

#[test]
fn every_text_is_used() {
    let code: String = files_ending(".rs")
        .iter()
        .filter(|file| file.starts_with("client/src/"))
        .map(|file| on_one_line(&product_text(file)))
        .collect();
    let unused: Vec<_> = keys("fr")
        .into_iter()
        .filter(|key| !is_used(key, &code))
        .collect();
    none("no screen shows these texts", &unused);
    assert!(!is_used("home.hero.tit", &code) && !is_used("nothing.at_all", &code));
}

/// Code on one line, a path never broken.
fn on_one_line(code: &str) -> String {
    let mut line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for joint in ["::", "."] {
        for broken in [format!(" {joint}"), format!("{joint} ")] {
            line = line.replace(&broken, joint);
        }
    }
    line
}

/// Whether the code (on one line) names a text, or chooses among its group by a code.
fn is_used(key: &str, code: &str) -> bool {
    // Of a plural the code names the whole.
    let key = [".one", ".other"]
        .iter()
        .find_map(|form| key.strip_suffix(form))
        .unwrap_or(key);
    let path = key.replace('.', "::");
    let group = path.rsplit_once("::").map_or("", |(group, _)| group);
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    [key, path.as_str()]
        .iter()
        .any(|name| code.split(name).skip(1).any(ends))
        || (!group.is_empty() && code.contains(&format!("{group}::by_key")))
}

#[test]
fn every_text_is_set_as_its_language_asks() {
    for language in ["fr", "en"] {
        let wrong: Vec<_> = texts(language)
            .into_iter()
            .filter_map(|(key, text)| {
                fault_of(language, &text).map(|fault| format!("{key}: {fault}: {text}"))
            })
            .collect();
        none(language, &wrong);
    }
}

#[test]
fn a_text_that_is_set_otherwise_is_found() {
    for (language, text) in [
        ("fr", "Ouvrir l'enveloppe"),
        ("fr", "Vraiment ?"),
        ("fr", "Attention: lisez"),
        ("fr", "Perdu; retrouvé"),
        ("fr", "Le mot « clé\u{a0}»"),
        ("fr", "Le mot «\u{a0}clé »"),
        ("fr", "Le mot \"clé\""),
        ("fr", "Un instant..."),
        ("fr", "Bravo\u{a0}!"),
        ("fr", "Votre coffre-fort numérique"),
        ("fr", "Envoyé en recommandé"),
        ("fr", "Une lettre Recommandée"),
        ("fr", "Le hash du fichier"),
        ("fr", "L’upload est fini."),
        ("en", "Don't"),
        ("en", "The word \"key\""),
        ("en", "One moment..."),
        ("en", "Sent by registered mail"),
    ] {
        assert!(fault_of(language, text).is_some(), "{text}");
    }
    for (language, text) in [
        (
            "fr",
            "Vraiment\u{a0}? Oui\u{a0}: «\u{a0}l’enveloppe\u{a0}», à 14\u{a0}h\u{a0}05…",
        ),
        ("fr", "Nous recommandons l’impression."),
        ("fr", "{count} documents, {name}"),
        ("en", "Don’t: “key”… at 2:05?"),
    ] {
        assert_eq!(fault_of(language, text), None, "{text}");
    }
    for code in [
        "<p>\"Bonjour\"</p>",
        "<p>Bonjour</p>",
        "<h1>Mes papiers</h1>",
        "view! { <b>\"Fin\"</b> }",
    ] {
        assert!(stands_in_a_view(code), "{code}");
    }
    for code in [
        "Some(x) => \"Escape\"",
        "-> Vec<Item> {",
        "<p>{t!(home.title)}</p>",
        "event.key() == \"Escape\"",
    ] {
        assert!(!stands_in_a_view(code), "{code}");
    }
    assert!(holds_a_sentence("let a = \"Fermer la page\";"));
}

/// What is wrong with a text (design: "Words").
fn fault_of(language: &str, text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if let Some(word) = RESERVED.iter().find(|word| lower.contains(**word)) {
        return Some(format!("\u{201c}{word}\u{201d} is reserved by law"));
    }
    if text.contains(['\'', '"']) {
        return Some("a straight apostrophe or quotation mark".to_owned());
    }
    if text.contains("...") {
        return Some("three points in place of one ellipsis".to_owned());
    }
    if language == "en" {
        return None;
    }
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    if let Some(word) = JARGON.iter().find(|word| words.contains(*word)) {
        return Some(format!("\u{201c}{word}\u{201d} is no word for people"));
    }
    if text.contains('!') {
        return Some("an exclamation mark".to_owned());
    }
    let characters: Vec<char> = text.chars().collect();
    let breaks = characters.windows(2).any(|pair| {
        (matches!(pair[1], ';' | ':' | '?' | '»') && pair[0] != '\u{a0}')
            || (pair[0] == '«' && pair[1] != '\u{a0}')
    });
    breaks.then(|| "no no-break space at ; : ? « »".to_owned())
}

/// Every text by its key, a plural's forms each for itself.
fn texts(language: &str) -> BTreeMap<String, String> {
    fn gather(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| gather(&format!("{prefix}.{key}"), value, into)),
            other => drop(into.insert(prefix.to_owned(), other.as_str().unwrap_or_default().to_owned())),
        }
    }
    let mut into = BTreeMap::new();
    let value = serde_json::from_str(&text(&format!("client/locales/{language}.json"))).unwrap();
    gather("", &value, &mut into);
    into
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

/// Names of certified services alone (articles L. 100 and L. 103 of the French code of posts).
const RESERVED: [&str; 7] = [
    "coffre-fort numérique",
    "coffre fort numérique",
    "coffre-fort électronique",
    "recommandé",
    "registered mail",
    "registered letter",
    "registered delivery",
];
const JARGON: [&str; 6] = ["token", "hash", "blob", "upload", "session", "sessions"];
const PLURALS: [&str; 6] = ["_zero", "_one", "_two", "_few", "_many", "_other"];

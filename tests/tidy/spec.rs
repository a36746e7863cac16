//! `spec/` and code say the same: labels, limits, settings.

use std::collections::BTreeSet;

use crypto::label::Label;
use server::config::Invocation;
use shared::limit;

use crate::tree::{none, text};

#[test]
fn the_label_register_is_the_specified_one() {
    let code: BTreeSet<String> = Label::ALL.iter().map(|label| name_of(label.bytes())).collect();
    assert_eq!(code.len(), Label::ALL.len());
    let specified: BTreeSet<String> = section_with("spec/encodings.md", "label")
        .iter()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let differing: Vec<_> = code.symmetric_difference(&specified).cloned().collect();
    none(
        "only one of crypto/src/label.rs and spec/encodings.md has these labels",
        &differing,
    );
}

#[test]
fn the_limits_are_the_specified_ones() {
    let source = text("shared/src/limit.rs");
    let named: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next())
        .collect();
    let compared: Vec<&str> = LIMITS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        named, compared,
        "this test compares every limit, in the order of the file"
    );
    let spec = text("spec/wire.md");
    let wrong: Vec<_> = LIMITS
        .iter()
        .filter(|(name, value)| specified(&spec, name) != Some(*value))
        .map(|(name, value)| {
            format!(
                "{name}: {value} in code, {:?} in spec/wire.md",
                specified(&spec, name)
            )
        })
        .collect();
    none("limits", &wrong);
}

#[test]
fn the_settings_are_the_specified_ones() {
    let words = ["civis-server", "config"].map(Into::into);
    let printed = Invocation::read(words, []).unwrap().to_string();
    let code: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split(" = ").next())
        .collect();
    let lines = section_with("spec/wire.md", "settings");
    let specified: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(
        code, specified,
        "in the order of the table in server/src/config.rs"
    );
}

/// "civis/v1/body\0" as "body".
fn name_of(label: &[u8]) -> String {
    let text = std::str::from_utf8(label).unwrap();
    text.strip_prefix("civis/v1/")
        .unwrap()
        .strip_suffix('\0')
        .unwrap()
        .to_owned()
}

/// The lines below every heading that holds this word, each to the next heading.
fn section_with(file: &str, word: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text(file).lines() {
        if line.starts_with('#') {
            inside = line.to_lowercase().contains(word);
        } else if inside {
            lines.push(line.to_owned());
        }
    }
    assert!(!lines.is_empty(), "{file} has no section on {word}");
    lines
}

/// The second cell of the row that this name begins.
fn specified(spec: &str, name: &str) -> Option<u64> {
    let row = spec
        .lines()
        .find(|line| line.starts_with(&format!("| `{name}` |")))?;
    let digits: String = row
        .split('|')
        .nth(2)?
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | ',' | '`'))
        .collect();
    digits.parse().ok()
}

macro_rules! limits {
    ($($name:ident),* $(,)?) => { [$((stringify!($name), limit::$name)),*] };
}

const LIMITS: [(&str, u64); 33] = limits![
    CHUNK_BYTES,
    PART_CHUNKS,
    PART_BYTES,
    BODY_BYTES,
    JSON_BYTES,
    OPEN_BYTES,
    CREATION_BYTES,
    COMMIT_BYTES,
    PAGES,
    REFS,
    PAGE_BYTES,
    RECORD_BYTES,
    HANDLE_BYTES,
    SLOTS,
    EVENTS,
    JOURNAL_EVENTS,
    JOURNAL_REFS,
    JOURNAL_SECONDS,
    STATEMENTS,
    STATEMENT_BYTES,
    SESSIONS,
    LABEL_BYTES,
    UPLOADS,
    WITNESSES,
    NOTE_BYTES,
    PROOFS,
    AUDITORS,
    AUDIT_BYTES,
    AUDITOR_SECONDS,
    ITEMS,
    LOGIN_SECONDS,
    LOGINS,
    UPLOAD_SECONDS,
];

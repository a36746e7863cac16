//! Every parser of the product stands in the table that is fuzzed, and every fuzz target in its folder.

use std::collections::BTreeSet;

use tests::parsers::FAMILIES;

use crate::tree::{files, none, product_text};

#[test]
fn every_parser_is_fuzzed() {
    let mut found = 0;
    let mut missing = Vec::new();
    for file in files().iter().filter(|file| is_product(file)) {
        for parser in parsers_of(&product_text(file)) {
            found += 1;
            let excepted = EXCEPTED
                .iter()
                .any(|(name, _)| *name == format!("{file}: {}", parser.name));
            if !is_listed(file, &parser) && !excepted {
                missing.push(format!("{file}: {}", parser.name));
            }
        }
    }
    none("these parsers are not in tests/src/parsers", &missing);
    assert!(found > 40, "this test no longer finds the parsers: {found}");
}

#[test]
fn every_exception_is_there() {
    let gone: Vec<_> = EXCEPTED
        .iter()
        .filter(|(name, _)| {
            let (file, parser) = name.split_once(": ").unwrap();
            !files().iter().any(|known| known == file)
                || !parsers_of(&product_text(file))
                    .iter()
                    .any(|known| known.name == parser)
        })
        .map(|(name, _)| (*name).to_owned())
        .collect();
    none("these exceptions name nothing", &gone);
    let files: BTreeSet<_> = files().into_iter().collect();
    let wrong: Vec<_> = FAMILIES
        .iter()
        .flat_map(|family| family.parsers)
        .filter(|parser| !files.contains(parser.file))
        .map(|parser| format!("{}: {}", parser.name, parser.file))
        .collect();
    none("the table names files that are not there", &wrong);
}

#[test]
fn every_family_is_a_target() {
    let targets: BTreeSet<String> = files()
        .iter()
        .filter_map(|file| {
            Some(
                file.strip_prefix("fuzz/targets/")?
                    .strip_suffix(".rs")?
                    .to_owned(),
            )
        })
        .collect();
    let families: BTreeSet<String> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
    assert_eq!(targets, families);
    let manifest = crate::tree::text("fuzz/Cargo.toml");
    let built = manifest.matches("[[bin]]").count();
    assert_eq!(
        built,
        families.len(),
        "fuzz/Cargo.toml builds another number of targets"
    );
}

fn is_product(file: &str) -> bool {
    file.ends_with(".rs")
        && ["crypto/src/", "shared/src/", "server/src/", "sdk/src/"]
            .iter()
            .any(|folder| file.starts_with(folder))
        && !file.ends_with("/parsers.rs")
        && !file.ends_with("/tests.rs")
}

/// A function that reads bytes or text of somebody else.
struct Reader {
    /// With the type that it belongs to, if any.
    name: String,
    /// Nobody outside its file calls it.
    inner: bool,
}

/// In the table under its name; or a helper of a file whose parser is; or the inner half of a type's parser.
fn is_listed(file: &str, reader: &Reader) -> bool {
    let mut listed = FAMILIES
        .iter()
        .flat_map(|family| family.parsers)
        .filter(|listed| listed.file == file)
        .map(|listed| listed.name.split(',').next().unwrap_or_default());
    if reader.inner && !reader.name.contains("::") {
        return listed.next().is_some();
    }
    let (owner, function) = reader.name.rsplit_once("::").unwrap_or(("", &reader.name));
    listed.any(|name| {
        let inner_half = reader.inner && function == "decode" && name == format!("{owner}::parse");
        name == reader.name || name == function || inner_half
    })
}

fn parsers_of(text: &str) -> Vec<Reader> {
    let mut found = Vec::new();
    let mut owner = (0, String::new());
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        let code = line.trim_start();
        if code.starts_with("impl") {
            owner = (depth, subject(code));
        } else if code == "}" && depth <= owner.0 {
            owner = (0, String::new());
        }
        let Some((before, rest)) = code.split_once("fn ") else {
            continue;
        };
        let name = rest.split(['(', '<']).next().unwrap_or_default();
        let reads = READING.contains(&name) || name.starts_with("parse_") || name.starts_with("decode_");
        // A line that ends here declares a function of a trait, and reads nothing.
        if reads && !code.ends_with(';') {
            found.push(Reader {
                name: if owner.1.is_empty() {
                    name.to_owned()
                } else {
                    format!("{}::{name}", owner.1)
                },
                inner: !before.contains("pub"),
            });
        }
    }
    found
}

/// The type that an `impl` is for, without its parameters.
fn subject(code: &str) -> String {
    let named = match code.split_once(" for ") {
        Some((_, named)) => named,
        None => code.split_once(' ').map_or("", |(_, named)| named),
    };
    let end = named.find(|c: char| !(c.is_alphanumeric() || "_$".contains(c)));
    named[..end.unwrap_or(named.len())].to_owned()
}

/// Names of functions that read.
const READING: [&str; 7] = [
    "parse",
    "decode",
    "deserialize",
    "from_bytes",
    "from_cbor",
    "from_slice",
    "from_str",
];

/// Readers without a line of their own in the table, each with where it is reached.
const EXCEPTED: [(&str, &str); 7] = [
    (
        "crypto/src/codec/cbor.rs: from_cbor",
        "under every structure that is sealed",
    ),
    (
        "crypto/src/primitives/hpke.rs: XWingSecret::from_bytes",
        "takes any 32 bytes",
    ),
    ("crypto/src/secret.rs: Key32::from_slice", "takes any 32 bytes"),
    ("crypto/src/session.rs: MacKey::from_bytes", "takes any 32 bytes"),
    (
        "shared/src/json.rs: from_slice",
        "under every type of the family wire",
    ),
    (
        "shared/src/json.rs: Part::deserialize",
        "under every type of the family wire",
    ),
    (
        "server/src/row.rs: parse",
        "under every row, each listed by its own `read`",
    ),
];

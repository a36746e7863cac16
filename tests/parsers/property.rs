//! Properties of every parser of the table.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tests::parsers::draw::Draw;
use tests::parsers::{FAMILIES, Parser, Rule};

/// One change of a valid encoding.
#[derive(Debug, Clone)]
enum Change {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Add(Vec<u8>),
    Insert(prop::sample::Index, u8),
    Swap(prop::sample::Index, prop::sample::Index),
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            4 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Byte(at, byte)),
            1 => any::<prop::sample::Index>().prop_map(Self::Cut),
            1 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Self::Add),
            1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Insert(at, byte)),
            1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>())
                .prop_map(|(one, other)| Self::Swap(one, other)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Add(more) => bytes.extend(more),
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Self::Swap(one, other) => {
                let (one, other) = (one.index(bytes.len()), other.index(bytes.len()));
                bytes.swap(one, other);
            }
        }
    }
}

/// Runs `test` over every parser; each that breaks its rule is named.
fn each<S: Strategy>(cases: u32, strategy: impl Fn() -> S, test: impl Fn(&Parser, S::Value)) {
    let mut broken = Vec::new();
    for family in &FAMILIES {
        for parser in family.parsers {
            let config = Config {
                cases,
                failure_persistence: None,
                ..Config::default()
            };
            let result = TestRunner::new(config).run(&strategy(), |value| {
                test(parser, value);
                Ok::<(), TestCaseError>(())
            });
            if let Err(error) = result {
                broken.push(format!("{} of {}: {error}", parser.name, family.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn what_is_valid_is_taken_and_written_as_it_was() {
    each(128, any::<u64>, |parser, seed| {
        let valid = (parser.valid)(&mut Draw::new(seed));
        assert!(!valid.is_empty(), "nothing was made");
        assert_eq!(parser.hold(&valid), parser.rule != Rule::Never, "{valid:02x?}");
    });
}

#[test]
fn one_thing_changed_is_refused_or_means_something_else() {
    each(
        256,
        || (any::<u64>(), Change::any()),
        |parser, (seed, change)| {
            let mut bytes = (parser.valid)(&mut Draw::new(seed));
            change.apply(&mut bytes);
            parser.hold(&bytes);
        },
    );
}

/// Bytes that begin a second form of something: CBOR's longer heads, a leading zero, white space, padding.
const TELLING: [u8; 6] = [0x18, 0x58, b'0', b' ', b'=', 0];

#[test]
fn a_byte_more_or_less_is_seen_at_every_place() {
    let mut broken = Vec::new();
    for parser in FAMILIES.iter().flat_map(|family| family.parsers) {
        let Some(valid) = (0..100)
            .map(|seed| (parser.valid)(&mut Draw::new(seed)))
            .find(|valid| valid.len() < 2_000)
        else {
            panic!("{} has no small encoding", parser.name);
        };
        let holds = std::panic::catch_unwind(|| {
            for place in 0..=valid.len() {
                for byte in TELLING {
                    let mut longer = valid.clone();
                    longer.insert(place, byte);
                    parser.hold(&longer);
                }
                let mut shorter = valid.clone();
                if place < valid.len() {
                    shorter.remove(place);
                }
                parser.hold(&shorter);
            }
        });
        if holds.is_err() {
            broken.push(parser.name);
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn any_bytes_are_survived() {
    each(
        128,
        || prop::collection::vec(any::<u8>(), 0..400),
        |parser, bytes| {
            parser.hold(&bytes);
        },
    );
}

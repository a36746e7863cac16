//! Every parser of the product, once: by family, with the file it stands in, what must hold of it, and how a valid
//! encoding of it is made. The fuzz targets of `fuzz/`, the replay of their corpora and the properties all run
//! this table, and `tests/tidy/parsers.rs` holds it against the source.
//!
//! The first byte of an input of a family chooses its parser, the rest is what the parser reads. New parsers go to
//! the end of their table: a corpus is kept by these numbers.

pub mod account;
pub mod archive;
pub mod codec;
pub mod collection;
pub mod device;
pub mod document;
pub mod draw;
pub mod head;
pub mod http;
pub mod log;
pub mod map;
pub mod opaque;
pub mod row;
pub mod wire;

use draw::Draw;

/// What must hold of a parser, whatever it reads. None panics, ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// One encoding: what is taken is written as the same bytes.
    Exact,
    /// One normal form: what is taken is written as something that is written as itself.
    Normal,
    /// Nothing is taken: a check against a key or a login that nobody has.
    Never,
}

/// One parser.
#[derive(Clone, Copy)]
pub struct Parser {
    /// Type and function, as the source has them; more words where one function is reached in two ways.
    pub name: &'static str,
    /// The file it stands in.
    pub file: &'static str,
    /// What must hold.
    pub rule: Rule,
    /// Reads bytes and writes what it read; nothing where they are refused.
    pub run: fn(&[u8]) -> Option<Vec<u8>>,
    /// Makes a valid encoding; for [`Rule::Never`] one that is well formed.
    pub valid: fn(&mut Draw) -> Vec<u8>,
}

/// Parsers that are fuzzed together.
pub struct Family {
    /// The name of the target.
    pub name: &'static str,
    /// In the order of their numbers.
    pub parsers: &'static [Parser],
    /// Bytes of input, at most.
    pub max_len: usize,
    /// Bytes of memory that one input may take at a time: this, and as many again for each of its bytes.
    pub memory: Memory,
}

/// A bound on memory: `fixed + per_byte * length`.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Whatever the input.
    pub fixed: usize,
    /// For each byte of it.
    pub per_byte: usize,
}

impl Parser {
    /// Runs it over `bytes` and says whether they were taken.
    ///
    /// # Panics
    /// Where its rule does not hold.
    pub fn hold(&self, bytes: &[u8]) -> bool {
        let Some(written) = (self.run)(bytes) else {
            return false;
        };
        match self.rule {
            Rule::Exact => assert!(
                written == bytes,
                "{}: a second encoding\n  read  {}\n  wrote {}",
                self.name,
                shown(bytes),
                shown(&written)
            ),
            Rule::Normal => assert!(
                (self.run)(&written).as_deref() == Some(written.as_slice()),
                "{}: not a normal form\n  read  {}\n  wrote {}",
                self.name,
                shown(bytes),
                shown(&written)
            ),
            Rule::Never => panic!("{}: accepted {}: {}", self.name, shown(bytes), shown(&written)),
        }
        true
    }
}

impl Family {
    /// The family of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// Runs the parser that the first byte names over the rest.
    ///
    /// # Panics
    /// Where its rule does not hold.
    pub fn feed(&self, input: &[u8]) -> bool {
        let Some((number, bytes)) = input.split_first() else {
            return false;
        };
        self.parsers
            .get(usize::from(*number) % self.parsers.len())
            .is_some_and(|parser| parser.hold(bytes))
    }
}

/// Bytes as hexadecimal, or as text where they are plain text.
fn shown(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => format!("{text:?}"),
        _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// What a parser may take: a few copies of its input.
const SMALL: Memory = Memory {
    fixed: 64 << 10,
    per_byte: 64,
};

/// Every family, which is every fuzz target.
pub const FAMILIES: [Family; 13] = [
    Family {
        name: "log",
        parsers: log::PARSERS,
        max_len: 20_480,
        memory: SMALL,
    },
    Family {
        name: "codec",
        parsers: codec::PARSERS,
        max_len: 4_096,
        memory: SMALL,
    },
    Family {
        name: "account",
        parsers: account::PARSERS,
        max_len: 20_480,
        memory: SMALL,
    },
    Family {
        name: "collection",
        parsers: collection::PARSERS,
        max_len: 16_384,
        memory: SMALL,
    },
    Family {
        name: "document",
        parsers: document::PARSERS,
        max_len: 4_096,
        memory: SMALL,
    },
    Family {
        name: "opaque",
        parsers: opaque::PARSERS,
        max_len: 512,
        memory: SMALL,
    },
    Family {
        name: "wire",
        parsers: wire::PARSERS,
        max_len: 8_192,
        memory: SMALL,
    },
    Family {
        name: "row",
        parsers: row::PARSERS,
        max_len: 4_096,
        // TOML makes a table of every step of a key such as `a.b.c`. No peer writes the settings.
        memory: Memory {
            // Reading no settings at all makes the list of all settings: 66 KB.
            fixed: 96 << 10,
            per_byte: 1_024,
        },
    },
    Family {
        name: "head",
        parsers: head::PARSERS,
        max_len: 256,
        memory: SMALL,
    },
    Family {
        name: "device",
        parsers: device::PARSERS,
        max_len: 4_096,
        memory: Memory {
            fixed: 4 << 20,
            per_byte: 64,
        },
    },
    Family {
        name: "archive",
        parsers: archive::PARSERS,
        max_len: 8_192,
        memory: SMALL,
    },
    Family {
        name: "http",
        parsers: http::PARSERS,
        max_len: 4_096,
        memory: Memory {
            fixed: 32 << 20,
            per_byte: 64,
        },
    },
    Family {
        name: "map",
        parsers: map::PARSERS,
        max_len: 8_260,
        memory: SMALL,
    },
];

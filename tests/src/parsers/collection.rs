//! Collections: charters, heads, what is inside them, pages, entries, names (`spec/collection.md`).

use crypto::hash::sha256;
use crypto::parsers as core;

use super::account::LETTERS;
use super::codec::public_key;
use super::document::descriptor;
use super::draw::{Cbor, Draw};
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "Charter::parse",
        file: "crypto/src/collection/charter.rs",
        rule: Rule::Exact,
        run: core::charter,
        valid: charter,
    },
    Parser {
        name: "Inside::decode, of a charter",
        file: "crypto/src/collection/charter_box.rs",
        rule: Rule::Exact,
        run: core::charter_box,
        valid: charter_box,
    },
    Parser {
        name: "Head::parse",
        file: "crypto/src/collection/head.rs",
        rule: Rule::Exact,
        run: core::head,
        valid: head,
    },
    Parser {
        name: "Inside::decode, of a head",
        file: "crypto/src/collection/head_box.rs",
        rule: Rule::Exact,
        run: core::head_box,
        valid: head_box,
    },
    Parser {
        name: "Node::decode",
        file: "crypto/src/collection/page.rs",
        rule: Rule::Exact,
        run: core::page,
        valid: page,
    },
    Parser {
        name: "Entry::parse",
        file: "crypto/src/collection/entry.rs",
        rule: Rule::Exact,
        run: core::entry,
        valid: |draw| {
            let id = draw.array();
            entry(draw, &id)
        },
    },
    Parser {
        name: "Name::new",
        file: "crypto/src/collection/name.rs",
        rule: Rule::Exact,
        run: core::name,
        valid: |draw| name(draw).into(),
    },
    Parser {
        name: "Name::normalised",
        file: "crypto/src/collection/name.rs",
        rule: Rule::Normal,
        run: core::typed_name,
        valid: |draw| {
            let len = 1 + draw.below(30);
            (0..len).map(|_| *draw.pick(LETTERS)).collect::<String>().into()
        },
    },
];

/// "CVK1" | suite | 0 0 0 | collection 16 | epoch u32 | charter_no u32 | previous 32 | write 32 | admin 32 |
/// length u32 | box hash 32 | signature 64 | box.
fn charter(draw: &mut Draw) -> Vec<u8> {
    let plain = 256 * (1 + draw.below(5));
    let sealed = draw.bytes(56 + plain + 16);
    let mut out = b"CVK1\x01\0\0\0".to_vec();
    out.extend(draw.bytes(16));
    out.extend(draw.number32().to_be_bytes());
    out.extend(draw.number32().to_be_bytes());
    out.extend(draw.bytes(32));
    out.extend(public_key(draw));
    out.extend(public_key(draw));
    out.extend((sealed.len() as u32).to_be_bytes());
    out.extend(sha256(&sealed));
    out.extend(draw.bytes(64));
    out.extend(sealed);
    out
}

/// "CVH1" | suite | flags | 0 0 | collection 16 | epoch u32 | length u32 | head_no u64 | previous 32 | charter 32 |
/// root 32 | references 32 | time u64 | box hash 32 | signer 32 | signature 64 | box 328.
fn head(draw: &mut Draw) -> Vec<u8> {
    let sealed = draw.bytes(328);
    let number = draw.number() >> 1;
    let mut previous: [u8; 32] = draw.array();
    previous[0] |= 1;
    if number == 0 {
        previous = [0; 32];
    }
    let mut out = b"CVH1\x01".to_vec();
    out.extend([u8::from(draw.coin()), 0, 0]);
    out.extend(draw.bytes(16));
    out.extend(draw.number32().to_be_bytes());
    out.extend(328_u32.to_be_bytes());
    out.extend(number.to_be_bytes());
    out.extend(previous);
    out.extend(draw.bytes(96));
    out.extend(draw.number().to_be_bytes());
    out.extend(sha256(&sealed));
    out.extend(public_key(draw));
    out.extend(draw.bytes(64));
    out.extend(sealed);
    out
}

fn charter_box(draw: &mut Draw) -> Vec<u8> {
    let count = 1 + draw.below(4);
    let members = draw.ids(count);
    let (key, last) = (draw.coin(), draw.coin());
    let mut out = Cbor::default().map(4 + usize::from(key) + usize::from(last));
    out = out.uint(1).array(members.len());
    for id in members {
        out = out.array(5).bytes(&id).uint(draw.number32().into());
        out = out.bytes(&draw.bytes(32)).uint(1 + draw.below(3) as u64);
        out = out.uint(draw.number());
    }
    if key {
        out = out.uint(2).bytes(&draw.bytes(104));
    }
    if last {
        out = out.uint(3).array(2).uint(draw.number()).bytes(&draw.bytes(32));
    }
    out = out.uint(4).bytes(&draw.bytes(16));
    out = out.uint(5).uint(draw.number32().into());
    out.uint(6).bytes(&draw.bytes(64)).done()
}

fn head_box(draw: &mut Draw) -> Vec<u8> {
    let mut out = Cbor::default().map(5);
    out = out.uint(1).bytes(&draw.bytes(16));
    out = out.uint(2).uint(draw.number32().into());
    out = out.uint(3).bytes(&draw.bytes(64));
    out = out.uint(4).uint(draw.number()).uint(5).array(2);
    out.uint(draw.number()).bytes(&draw.bytes(32)).done()
}

fn page(draw: &mut Draw) -> Vec<u8> {
    let leaf = draw.coin();
    let mut out = Cbor::default().array(2).uint(u64::from(leaf));
    if leaf {
        let count = draw.below(12);
        let ids = draw.ids(count);
        let mut entries: Vec<_> = ids.iter().map(|id| entry(draw, id)).collect();
        // A page has room for 12 KiB.
        while entries.iter().map(Vec::len).sum::<usize>() > 12_000 {
            entries.pop();
        }
        out = out.array(entries.len());
        for entry in &entries {
            out = out.items(entry);
        }
    } else {
        let first = draw.below(16);
        out = out.array(16 - first);
        for nibble in first..16 {
            out = out.array(3).uint(nibble as u64);
            out = out.bytes(&draw.bytes(32)).uint(draw.number32().into());
        }
    }
    out.done()
}

fn entry(draw: &mut Draw, id: &[u8; 16]) -> Vec<u8> {
    let document = draw.coin();
    let tags: std::collections::BTreeSet<String> = (0..draw.below(3)).map(|_| draw.letters(5)).collect();
    let [parent, retention, trashed] = [(); 3].map(|()| draw.coin());
    let older = if document { draw.below(3) } else { 0 };
    let [added, dated] = [(); 2].map(|()| draw.coin());
    let (thumbnail, dated) = (document && draw.coin(), document && dated);
    let optional = [
        parent,
        !tags.is_empty(),
        retention,
        trashed,
        document,
        older > 0,
        thumbnail,
        added,
        dated,
    ];
    let optional = optional.into_iter().filter(|there| *there).count();
    let mut out = Cbor::default().map(7 + optional).uint(1).bytes(id);
    out = out.uint(2).uint(draw.number());
    out = out.uint(3).uint(if document { 1 } else { 2 });
    if parent {
        out = out.uint(4).bytes(&draw.bytes(16));
    }
    out = out.uint(5).text(&name(draw));
    if !tags.is_empty() {
        out = out.uint(6).array(tags.len());
        for tag in &tags {
            out = out.text(tag);
        }
    }
    for (key, there) in [(7, retention), (8, trashed)] {
        if there {
            out = out.uint(key).uint(draw.number());
        }
    }
    out = out.uint(9).uint(draw.number());
    out = out.uint(10).bytes(&draw.bytes(16));
    out = out.uint(11).uint(draw.number());
    if document {
        out = out.uint(12).items(&descriptor(draw));
    }
    if older > 0 {
        out = out.uint(13).array(older);
        for _ in 0..older {
            out = out.items(&descriptor(draw));
        }
    }
    if thumbnail {
        out = out.uint(15).items(&descriptor(draw));
    }
    if added {
        out = out.uint(16).uint(draw.number());
    }
    if dated {
        out = out.uint(17).array(1 + older).uint(1 | draw.number());
        for _ in 0..older {
            out = out.uint(draw.number());
        }
    }
    out.done()
}

fn name(draw: &mut Draw) -> String {
    let stem = 1 + draw.below(20);
    let word = draw.letters(stem);
    let ending = *draw.pick(&["", ".pdf", " n° 3.jpeg", ".été", " 한글", " שלום"]);
    format!("{word}{ending}")
}

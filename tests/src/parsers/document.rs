//! Documents: the header of a body, its lengths, the descriptor (`spec/body.md`).

use crypto::document::padding::Shape;
use crypto::parsers as core;

use super::draw::{Cbor, Draw};
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "BodyHeader::parse",
        file: "crypto/src/document/body.rs",
        rule: Rule::Exact,
        run: core::body_header,
        valid: |draw| {
            let len = ct_len(draw);
            let (id, rest) = (draw.array(), draw.array());
            header(&id, len, &rest)
        },
    },
    Parser {
        name: "Descriptor::parse",
        file: "crypto/src/document/descriptor.rs",
        rule: Rule::Exact,
        run: core::descriptor,
        valid: descriptor,
    },
    Parser {
        name: "Shape::of_ciphertext",
        file: "crypto/src/document/padding.rs",
        rule: Rule::Exact,
        run: core::ciphertext_len,
        valid: |draw| ct_len(draw).to_be_bytes().to_vec(),
    },
];

/// "CVB1" | suite | kind 1 | 0 0 | body 16 | length u64 | salt 24, commitment 32, root 32.
pub(super) fn header(id: &[u8; 16], ct_len: u64, rest: &[u8; 88]) -> Vec<u8> {
    let mut out = b"CVB1\x01\x01\0\0".to_vec();
    out.extend(id);
    out.extend(ct_len.to_be_bytes());
    out.extend(rest);
    out
}

pub(super) fn descriptor(draw: &mut Draw) -> Vec<u8> {
    let mut out = Cbor::default().map(10);
    for (key, len) in [(1, 16), (2, 32), (3, 32), (4, 32)] {
        out = out.uint(key).bytes(&draw.bytes(len));
    }
    out = out.uint(5).uint(draw.number() >> 24);
    out = out.uint(6).bytes(&draw.bytes(32));
    out = out.uint(7).uint(draw.below(21) as u64);
    out = out.uint(8).bytes(&draw.bytes(16));
    out = out.uint(9).uint(draw.number32().into());
    out.uint(10).bytes(&draw.bytes(64)).done()
}

fn ct_len(draw: &mut Draw) -> u64 {
    Shape::of_plain(draw.number() >> 24).map_or(0, |shape| shape.ct_len)
}

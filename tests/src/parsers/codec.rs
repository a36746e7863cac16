//! What everything else is written with: PAD, CE, keys, signatures.

use crypto::ce::{self, Context};
use crypto::hpke::XWingSecret;
use crypto::label::Label;
use crypto::parsers as core;
use crypto::secret::Key32;
use crypto::signature::SigningKey;

use super::draw::Draw;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "unpad, of boxes",
        file: "crypto/src/codec/bytes.rs",
        rule: Rule::Exact,
        run: core::padded_256,
        valid: |draw| padded(draw, 256),
    },
    Parser {
        name: "unpad, of pages",
        file: "crypto/src/codec/bytes.rs",
        rule: Rule::Exact,
        run: core::padded_1024,
        valid: |draw| padded(draw, 1_024),
    },
    Parser {
        name: "open, of a box of nobody",
        file: "crypto/src/ce.rs",
        rule: Rule::Never,
        run: core::sealed,
        valid: |draw| {
            let plain = draw.bytes(40);
            let context = Context::new(Label::Local, &[&[5; 16]]);
            ce::seal(&Key32::new([8; 32]), &context, &plain, draw).unwrap_or_default()
        },
    },
    Parser {
        name: "open, of an altered box",
        file: "crypto/src/ce.rs",
        rule: Rule::Exact,
        run: core::altered_box,
        valid: |draw| {
            let len = draw.below(300);
            [&[0], draw.bytes(2 + len).as_slice()].concat()
        },
    },
    Parser {
        name: "VerifyingKey::from_bytes",
        file: "crypto/src/primitives/signature.rs",
        rule: Rule::Exact,
        run: core::verifying_key,
        valid: |draw| public_key(draw).to_vec(),
    },
    Parser {
        name: "VerifyingKey::verify, of a key of nobody",
        file: "crypto/src/primitives/signature.rs",
        rule: Rule::Never,
        run: core::signature,
        valid: |draw| {
            let key = SigningKey::from_seed(&draw.array());
            let message = draw.bytes(40);
            [&key.sign(Label::SigAuthor, &[&message])[..], &message].concat()
        },
    },
    Parser {
        name: "XWingPublicKey::from_bytes",
        file: "crypto/src/primitives/hpke.rs",
        rule: Rule::Exact,
        run: core::xwing_public_key,
        valid: |draw| {
            let key = XWingSecret::from_bytes(draw.array()).public_key();
            key.map_or_else(|_| Vec::new(), |key| key.as_bytes().to_vec())
        },
    },
];

/// An Ed25519 public key of somebody.
pub(super) fn public_key(draw: &mut Draw) -> [u8; 32] {
    SigningKey::from_seed(&draw.array()).verifying_key().to_bytes()
}

/// PAD(noise, multiple).
fn padded(draw: &mut Draw, multiple: usize) -> Vec<u8> {
    let len = draw.below(2 * multiple);
    let mut out = (len as u32).to_be_bytes().to_vec();
    out.extend(draw.bytes(len));
    out.resize((len + 4).next_multiple_of(multiple), 0);
    out
}

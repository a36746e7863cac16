//! Accounts: slots, records and what is inside them, bundles, handles, words (`spec/account.md`).

use crypto::account::bundle::VerifiedBundle;
use crypto::account::secrets::Identity;
use crypto::audit::note::{Kind, NoteSigner};
use crypto::parsers as core;
use crypto::words::Words;

use super::draw::{Cbor, Draw};
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "Slot::parse",
        file: "crypto/src/account/slot.rs",
        rule: Rule::Exact,
        run: core::slot,
        valid: slot,
    },
    Parser {
        name: "Record::parse",
        file: "crypto/src/account/record.rs",
        rule: Rule::Exact,
        run: core::record,
        valid: record,
    },
    Parser {
        name: "VerifiedBundle::parse",
        file: "crypto/src/account/bundle.rs",
        rule: Rule::Exact,
        run: core::bundle,
        valid: bundle,
    },
    Parser {
        name: "VerifiedBundle::parse, behind its signature",
        file: "crypto/src/account/bundle.rs",
        rule: Rule::Exact,
        run: core::signed_bundle,
        valid: bundle,
    },
    Parser {
        name: "Secrets::decode",
        file: "crypto/src/account/secrets.rs",
        rule: Rule::Exact,
        run: core::secrets,
        valid: secrets,
    },
    Parser {
        name: "Signed::decode",
        file: "crypto/src/account/manifest/content.rs",
        rule: Rule::Exact,
        run: core::manifest,
        valid: manifest,
    },
    Parser {
        name: "UploadRecord::decode",
        file: "crypto/src/account/upload.rs",
        rule: Rule::Exact,
        run: core::upload,
        valid: upload,
    },
    Parser {
        name: "Handle::parse",
        file: "crypto/src/account/handle.rs",
        rule: Rule::Exact,
        run: core::handle,
        valid: |draw| handle(draw, b"abcdefghijklmnopqrstuvwxyz0123456789.-_"),
    },
    Parser {
        name: "normalise_handle",
        file: "crypto/src/account/handle.rs",
        rule: Rule::Normal,
        run: core::typed_handle,
        valid: |draw| handle(draw, b"abcxyzABCXYZ019.-_"),
    },
    Parser {
        name: "Words::parse",
        file: "crypto/src/words.rs",
        rule: Rule::Normal,
        run: core::words,
        valid: words,
    },
    Parser {
        name: "Password::normalise",
        file: "crypto/src/phrase.rs",
        rule: Rule::Normal,
        run: core::password,
        valid: |draw| {
            let len = 1 + draw.below(40);
            (0..len).map(|_| *draw.pick(LETTERS)).collect::<String>().into()
        },
    },
    Parser {
        name: "Resumption::parse",
        file: "crypto/src/account/resume.rs",
        rule: Rule::Exact,
        run: core::resumption,
        valid: resumption,
    },
];

/// Composed, decomposed, of other scripts, and such as no normal form leaves alone.
pub(super) const LETTERS: &[char] = &[
    'a',
    'e',
    ' ',
    '\u{301}',
    '\u{327}',
    'é',
    'ç',
    'İ',
    'ß',
    'ﬁ',
    '\u{212a}',
    '한',
    '\u{1100}',
    '\u{1161}',
    '文',
    'ש',
    '\u{5b8}',
    '🦀',
    '\u{1d15e}',
    '\u{958}',
    '\u{f73}',
];

/// {1: version, 2: account, 3: deployment, 4: handle, 5: ARK, 6: session, 7: MAC key, 8: expires, 9: first visit}.
fn resumption(draw: &mut Draw) -> Vec<u8> {
    let letters = 3 + draw.below(62);
    let handle = draw.letters(letters);
    let cbor = Cbor::default().map(9).uint(1).uint(1);
    let cbor = cbor.uint(2).bytes(&draw.bytes(16)).uint(3).bytes(&draw.bytes(16));
    let cbor = cbor.uint(4).text(&handle).uint(5).bytes(&draw.bytes(32));
    let cbor = cbor.uint(6).bytes(&draw.bytes(16)).uint(7).bytes(&draw.bytes(32));
    cbor.uint(8)
        .uint(draw.number())
        .uint(9)
        .uint(draw.coin().into())
        .done()
}

/// "CVS1" | suite | type | 0 0 | account 16 | slot 16 | ark_gen u32 | profile | 0 x 19 | box 104.
fn slot(draw: &mut Draw) -> Vec<u8> {
    let (kind, profile) = *draw.pick(&[(1, 1), (3, 0)]);
    let mut out = [b"CVS1\x01".as_slice(), &[kind, 0, 0]].concat();
    out.extend(draw.bytes(32));
    out.extend(draw.number32().to_be_bytes());
    out.push(profile);
    out.extend([0; 19]);
    out.extend(draw.bytes(104));
    out
}

/// "CAR1" | suite | kind | 0 0 | account 16 | version u64 | reference 32 | length u32 | box.
fn record(draw: &mut Draw) -> Vec<u8> {
    let kind = 1 + draw.below(3) as u8;
    let version = draw.number().max(1);
    let mut reference: [u8; 32] = draw.array();
    match kind {
        1 => reference = [0; 32],
        2 if version == 1 => reference = [0; 32],
        2 => reference[0] |= 1,
        _ => reference[16..].fill(0),
    }
    let unit = if kind == 2 { 1_024 } else { 256 };
    let most = if kind == 3 && draw.coin() { 70 } else { 4 };
    let plain = unit * (1 + draw.below(most));
    let sealed = 56 + plain + 16 * (plain / 16_384 + 1);
    let mut out = [b"CAR1\x01".as_slice(), &[kind, 0, 0]].concat();
    out.extend(draw.bytes(16));
    out.extend(version.to_be_bytes());
    out.extend(reference);
    out.extend((sealed as u32).to_be_bytes());
    out.extend(draw.bytes(sealed));
    out
}

/// A CAR1 of kind 3, version 1, of this account and body.
pub(super) fn upload_record(draw: &mut Draw, account: &[u8; 16], body: &[u8; 16]) -> Vec<u8> {
    let mut out = b"CAR1\x01\x03\0\0".to_vec();
    out.extend(account);
    out.extend(1_u64.to_be_bytes());
    out.extend(body);
    out.extend([0; 16]);
    out.extend(328_u32.to_be_bytes());
    out.extend(draw.bytes(328));
    out
}

fn bundle(draw: &mut Draw) -> Vec<u8> {
    let (created, account) = (draw.number(), draw.array());
    let made = Identity::make(created, draw).map(|identity| VerifiedBundle::make(&account, &identity));
    match made {
        Ok(Ok(bundle)) => bundle.to_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn secrets(draw: &mut Draw) -> Vec<u8> {
    let count = 1 + draw.below(3);
    let mut out = Cbor::default().map(2).uint(1).array(count);
    for seq in 0..count {
        out = out.array(4).uint(seq as u64).bytes(&draw.bytes(32));
        out = out.bytes(&draw.bytes(32)).uint(draw.number());
    }
    out.uint(2).bytes(&draw.bytes(32)).done()
}

fn manifest(draw: &mut Draw) -> Vec<u8> {
    let confirmed = draw.coin();
    let [collections, pins, slots] = [3, 3, 4].map(|most| {
        let count = draw.below(most);
        draw.ids(count)
    });
    let mut out = Cbor::default().map(9 + usize::from(confirmed));
    out = out.uint(1).array(collections.len());
    for id in collections {
        out = out.array(10).bytes(&id).uint(draw.number32().into());
        out = out.bytes(&draw.bytes(32));
        for _ in 0..2 {
            out = if draw.coin() {
                out.bytes(&draw.bytes(32))
            } else {
                out.null()
            };
        }
        out = out.bytes(&draw.bytes(32)).uint(draw.number32().into());
        out = out.bytes(&draw.bytes(32)).uint(draw.number());
        out = out.bytes(&draw.bytes(32));
    }
    out = out.uint(2).array(pins.len());
    for id in pins {
        out = out.array(4).bytes(&id).uint(draw.number32().into());
        out = out.bytes(&draw.bytes(32)).uint(1 + draw.below(3) as u64);
    }
    out = out.uint(3).array(slots.len());
    for id in slots {
        out = out.array(4).bytes(&id).uint(*draw.pick(&[1, 3]));
        out = out.bytes(&draw.bytes(32)).uint(1 + draw.below(2) as u64);
    }
    out = out.uint(4).bytes(&draw.bytes(32));
    out = out.uint(5).uint(draw.number32().into());
    out = out.uint(6).bytes(&draw.bytes(16));
    let key = |draw: &mut Draw, name, kind| {
        let signer = NoteSigner::from_seed(name, kind, &draw.array()).expect("a name");
        signer.public().to_string()
    };
    out = out.uint(7).array(7);
    out = out.text(&key(draw, "civis/AAAA", Kind::Text)).array(1);
    out = out.text(&key(draw, "temoin.exemple.fr", Kind::Cosignature));
    out = out.uint(draw.below(2) as u64).uint(draw.number32().into());
    out = out.uint(draw.below(2) as u64).uint(draw.number());
    out = out.bytes(&draw.bytes(32));
    if confirmed {
        out = out.uint(9).uint(draw.number());
    }
    out = out.uint(13).uint(draw.number32().into());
    out.uint(14).bytes(&draw.bytes(64)).done()
}

fn upload(draw: &mut Draw) -> Vec<u8> {
    let digest = draw.coin();
    let mut out = Cbor::default().map(3 + usize::from(digest));
    out = out.uint(1).bytes(&draw.bytes(32));
    out = out.uint(2).bytes(&draw.bytes(24)).uint(3).uint(draw.number());
    if digest {
        out = out.uint(4).bytes(&draw.bytes(32));
    }
    out.done()
}

fn handle(draw: &mut Draw, letters: &[u8]) -> Vec<u8> {
    let len = 3 + draw.below(62);
    (0..len).map(|_| *draw.pick(letters)).collect()
}

fn words(draw: &mut Draw) -> Vec<u8> {
    let Ok(words) = Words::make(draw) else {
        return Vec::new();
    };
    let words: Vec<String> = words.to_words().iter().map(|word| word.to_uppercase()).collect();
    words.join(*draw.pick(&[" ", ", ", "\n", " 7. "])).into()
}

//! Our own vectors, `spec/vectors/*.json`, made with a fixed generator and frozen. A difference is a change of format.
//! `CIVIS_WRITE_VECTORS=1` writes them anew, for the day on which a format changes before the first release.

use crypto::ce::{ChaCha20Poly1305, sealed_len};
use crypto::document::body::{BodyKind, BodySealer};
use crypto::document::content::content_root;
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};
use crypto::document::padding::{Shape, verify_ct_len};
use crypto::hash::sha256;
use crypto::secret::{BodyKey, Key32};
use crypto::session::MacKey;
use crypto::signature::SigningKey;
use crypto::vectors::ce_seal;
use serde_json::{Value, json};

use crate::support::{FixedRandom, freeze, to_hex};

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

fn fixed<const N: usize>(random: &mut FixedRandom) -> [u8; N] {
    random.bytes(N).try_into().unwrap()
}

#[test]
fn ce_with_chacha20_poly1305() {
    let mut random = FixedRandom::new("ce");
    let cases: Vec<Value> = [0, 1, 32, 16_383, 16_384, 16_385, 32_768, 40_000]
        .into_iter()
        .map(|len| {
            let (key, salt, context) = (
                fixed::<32>(&mut random),
                fixed::<24>(&mut random),
                random.bytes(len % 40),
            );
            let sealed = ce_seal::<ChaCha20Poly1305>(&key, &salt, &context, &plaintext(len)).unwrap();
            assert_eq!(sealed.len(), sealed_len(len));
            let shown = if len <= 32 { to_hex(&sealed) } else { String::new() };
            json!({
                "key": to_hex(&key), "salt": to_hex(&salt), "context": to_hex(&context), "plain_len": len,
                "ct_len": sealed.len(), "commitment": to_hex(&sealed[24..56]), "ct": shown,
                "ct_sha256": to_hex(&sha256(&sealed)),
            })
        })
        .collect();
    freeze(
        "ce.json",
        &json!({ "plaintext": "byte i is i mod 251", "cases": cases }),
    );
}

#[test]
fn padding() {
    let lengths = [
        0,
        1,
        4_094,
        4_095,
        4_096,
        4_351,
        4_352,
        8_191,
        8_192,
        16_383,
        16_384,
        16_385,
        65_535,
        65_536,
        100_000,
        1_048_575,
        1_048_576,
        1_048_577,
        1_234_567,
        10_000_000,
        123_456_789,
        5_000_000_000,
        1 << 40,
    ];
    let cases: Vec<Value> = lengths
        .into_iter()
        .map(|plain_len: u64| {
            let shape = Shape::of_plain(plain_len).unwrap();
            assert_eq!(verify_ct_len(shape.ct_len), Ok(shape));
            json!({
                "plain_len": plain_len, "padded": shape.padded, "chunks": shape.chunks, "parts": shape.parts,
                "ct_len": shape.ct_len,
            })
        })
        .collect();
    freeze("padding.json", &json!({ "cases": cases }));
}

#[test]
fn bodies_and_descriptors() {
    let mut random = FixedRandom::new("body");
    let cases: Vec<Value> = [0, 4_096, 16_384, 1_048_576, 1_234_567]
        .into_iter()
        .map(|len| {
            let (key, salt, body_id) = (fixed::<32>(&mut random), fixed(&mut random), fixed(&mut random));
            let (account, seed) = (fixed(&mut random), fixed(&mut random));
            let text = plaintext(len);
            let body_key = BodyKey::new(Key32::new(key));
            let mut sealer = BodySealer::new(&body_key, salt, body_id, BodyKind::Document, len as u64).unwrap();
            let mut parts = text.chunks(1 << 20);
            let hashes: Vec<_> = (0..sealer.shape().parts)
                .map(|part| sealer.seal_part(part, parts.next().unwrap_or_default()).unwrap().hash)
                .collect();
            let header = sealer.header(&hashes).unwrap();
            let content =
                Content { plain_len: len as u64, content_root: content_root(&text), media: MediaType::Pdf };
            let identity = SigningKey::from_seed(&seed);
            let author = Author { account, seq: 0, identity: &identity };
            let descriptor = Descriptor::new(&header, &body_key, &content, &author);
            json!({
                "body_key": to_hex(&key), "salt": to_hex(&salt), "body_id": to_hex(&body_id), "plain_len": len,
                "part_hashes": hashes.iter().map(|hash| to_hex(hash)).collect::<Vec<_>>(),
                "header": to_hex(&header.to_bytes()), "body_hash": to_hex(&header.hash()),
                "content_root": to_hex(&content.content_root),
                "author": to_hex(&account), "identity_seed": to_hex(&seed),
                "descriptor": to_hex(&descriptor.to_bytes()),
            })
        })
        .collect();
    freeze(
        "body.json",
        &json!({ "plaintext": "byte i is i mod 251", "cases": cases }),
    );
}

#[test]
fn request_macs() {
    let mut random = FixedRandom::new("session");
    let cases: Vec<Value> = [
        ("GET", "/api/v1/deployment"),
        ("PUT", "/api/v1/uploads/x/parts/0?a=b"),
    ]
    .into_iter()
    .map(|(method, target)| {
        let (secret, session_id, digest) = (random.bytes(64), fixed(&mut random), fixed(&mut random));
        let key = MacKey::derive(&secret, &session_id);
        json!({
            "session_secret": to_hex(&secret), "session_id": to_hex(&session_id), "method": method,
            "target": target, "digest": to_hex(&digest), "mac_key": to_hex(key.expose()),
            "mac": to_hex(&key.authenticate(method, target, &digest)),
        })
    })
    .collect();
    freeze("session.json", &json!({ "cases": cases }));
}

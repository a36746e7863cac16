//! Wycheproof: the AEAD, X25519, HKDF and HMAC.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use crypto::hpke::{PUBLIC_KEY_BYTES, XWingPublicKey, XWingSecret};
use crypto::vectors::{hkdf_sha256, hkdf_sha512, hmac_sha512};
use serde::Deserialize;
use x25519_dalek::{PublicKey, StaticSecret};

use super::{Expected, Group, run};
use crate::support::{hex, to_hex};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AeadCase {
    tc_id: u32,
    key: String,
    iv: String,
    aad: String,
    msg: String,
    ct: String,
    tag: String,
    result: Expected,
}

#[test]
fn wycheproof_chacha20_poly1305() {
    run(
        "chacha20_poly1305",
        |group: Group<AeadCase>| group.tests,
        |case| {
            let cipher = chacha20poly1305::ChaCha20Poly1305::new_from_slice(&hex(&case.key)).unwrap();
            // CE's nonces are 12 bytes by type; the file's other lengths cannot be expressed.
            let Ok(nonce) = <[u8; 12]>::try_from(hex(&case.iv)) else {
                assert_eq!(case.result, Expected::Invalid, "case {}", case.tc_id);
                return;
            };
            let (aad, tag) = (hex(&case.aad), <[u8; 16]>::try_from(hex(&case.tag)).unwrap());
            let mut text = hex(&case.ct);
            let opened =
                cipher.decrypt_inout_detached(&nonce.into(), &aad, text.as_mut_slice().into(), &tag.into());
            assert_eq!(
                opened.is_ok(),
                case.result == Expected::Valid,
                "case {}",
                case.tc_id
            );
            if case.result == Expected::Valid {
                assert_eq!(to_hex(&text), case.msg, "case {}", case.tc_id);
                let made = cipher
                    .encrypt_inout_detached(&nonce.into(), &aad, text.as_mut_slice().into())
                    .unwrap();
                assert_eq!(
                    (to_hex(&text), to_hex(&made)),
                    (case.ct, case.tag),
                    "case {}",
                    case.tc_id
                );
            }
        },
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DhCase {
    tc_id: u32,
    public: String,
    private: String,
    shared: String,
    flags: Vec<String>,
}

#[test]
fn wycheproof_x25519_and_low_order_points_in_public_keys() {
    // An X-Wing key whose ML-KEM half is good, so that only the X25519 half decides.
    let good = XWingSecret::from_bytes([9; 32]).public_key().unwrap();
    let mut low_order = 0;
    run(
        "x25519",
        |group: Group<DhCase>| group.tests,
        |case| {
            let point: [u8; 32] = hex(&case.public).try_into().unwrap();
            let secret: [u8; 32] = hex(&case.private).try_into().unwrap();
            let shared = StaticSecret::from(secret).diffie_hellman(&PublicKey::from(point));
            assert_eq!(to_hex(shared.as_bytes()), case.shared, "case {}", case.tc_id);
            let zero = case.flags.iter().any(|flag| flag == "ZeroSharedSecret");
            assert_eq!(shared.was_contributory(), !zero, "case {}", case.tc_id);
            let mut key = good.as_bytes().to_vec();
            key[PUBLIC_KEY_BYTES - 32..].copy_from_slice(&point);
            assert_eq!(
                XWingPublicKey::from_bytes(&key).is_err(),
                zero,
                "case {}",
                case.tc_id
            );
            low_order += usize::from(zero);
        },
    );
    assert!(
        low_order == 0 || low_order > 20,
        "the file holds low-order points"
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HkdfCase {
    tc_id: u32,
    ikm: String,
    salt: String,
    info: String,
    size: usize,
    okm: String,
    result: Expected,
}

fn hkdf(name: &str, blocks: usize, derive: impl Fn(&[u8], &[u8], &[u8], &mut [u8])) {
    run(
        name,
        |group: Group<HkdfCase>| group.tests,
        |case| {
            if case.result == Expected::Invalid {
                // More than 255 blocks: our lengths are constants of the code, far below.
                assert!(case.size > 255 * blocks, "case {}", case.tc_id);
                return;
            }
            let mut out = vec![0; case.size];
            derive(&hex(&case.salt), &hex(&case.ikm), &hex(&case.info), &mut out);
            assert_eq!(to_hex(&out), case.okm, "case {}", case.tc_id);
        },
    );
}

#[test]
fn wycheproof_hkdf_sha256() {
    hkdf("hkdf_sha256", 32, hkdf_sha256);
}

#[test]
fn wycheproof_hkdf_sha512() {
    hkdf("hkdf_sha512", 64, hkdf_sha512);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacCase {
    tc_id: u32,
    key: String,
    msg: String,
    tag: String,
    result: Expected,
}

#[test]
fn wycheproof_hmac_sha512() {
    run(
        "hmac_sha512",
        |group: Group<MacCase>| group.tests,
        |case| {
            let tag = to_hex(&hmac_sha512(&hex(&case.key), &hex(&case.msg)));
            // Shortened tags are the beginning of the whole one.
            assert_eq!(
                tag.starts_with(&case.tag),
                case.result == Expected::Valid,
                "case {}",
                case.tc_id
            );
        },
    );
}

//! ML-KEM-768 of Wycheproof, through the release that HPKE's X-Wing stands on; public keys also through our check.

use crypto::hpke::{PUBLIC_KEY_BYTES, XWingPublicKey, XWingSecret};
use ml_kem::array::Array;
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use serde::Deserialize;

use super::{Expected, Group, run};
use crate::support::{hex, to_hex};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeygenCase {
    tc_id: u32,
    seed: String,
    ek: String,
}

#[test]
fn wycheproof_mlkem_768_keygen_seed() {
    run(
        "mlkem_768_keygen_seed",
        |group: Group<KeygenCase>| group.tests,
        |case| {
            let secret = DecapsulationKey::from_seed(Array::try_from(hex(&case.seed).as_slice()).unwrap());
            assert_eq!(
                to_hex(&secret.encapsulation_key().to_bytes()),
                case.ek,
                "case {}",
                case.tc_id
            );
        },
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncapsCase {
    tc_id: u32,
    m: String,
    ek: String,
    c: String,
    #[serde(rename = "K")]
    shared: String,
    result: Expected,
}

#[test]
fn wycheproof_mlkem_768_encaps() {
    let good = XWingSecret::from_bytes([9; 32]).public_key().unwrap();
    run(
        "mlkem_768_encaps",
        |group: Group<EncapsCase>| group.tests,
        |case| {
            let bytes = hex(&case.ek);
            let key = Array::try_from(bytes.as_slice())
                .ok()
                .and_then(|key| EncapsulationKey::new(&key).ok());
            assert_eq!(
                key.is_some(),
                case.result == Expected::Valid,
                "case {}",
                case.tc_id
            );
            // Our check of X-Wing keys decides alike, with a good X25519 half after it.
            let whole = [&bytes, &good.as_bytes()[PUBLIC_KEY_BYTES - 32..]].concat();
            assert_eq!(
                XWingPublicKey::from_bytes(&whole).is_ok(),
                key.is_some(),
                "case {}",
                case.tc_id
            );
            if let Some(key) = key {
                let (ciphertext, shared) =
                    key.encapsulate_deterministic(&Array::try_from(hex(&case.m).as_slice()).unwrap());
                assert_eq!(
                    (to_hex(&ciphertext), to_hex(&shared)),
                    (case.c, case.shared),
                    "case {}",
                    case.tc_id
                );
            }
        },
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DecapsCase {
    tc_id: u32,
    seed: String,
    c: String,
    #[serde(rename = "K")]
    shared: String,
    result: Expected,
}

#[test]
fn wycheproof_mlkem_768_decaps() {
    run(
        "mlkem_768",
        |group: Group<DecapsCase>| group.tests,
        |case| {
            let seed = Array::try_from(hex(&case.seed).as_slice());
            let ciphertext = Ciphertext::try_from(hex(&case.c).as_slice());
            // What is invalid here is a seed or ciphertext of another length; implicit rejection is a valid outcome.
            let (Ok(seed), Ok(ciphertext)) = (seed, ciphertext) else {
                assert_eq!(case.result, Expected::Invalid, "case {}", case.tc_id);
                return;
            };
            assert_eq!(case.result, Expected::Valid, "case {}", case.tc_id);
            let shared = DecapsulationKey::from_seed(seed).decapsulate(&ciphertext);
            assert_eq!(to_hex(&shared), case.shared, "case {}", case.tc_id);
        },
    );
}

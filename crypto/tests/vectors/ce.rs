//! The official vectors of chunked encryption, through our CE with AES-GCM as its type parameter.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use crypto::ce::{Aead, AeadError, open_with};
use crypto::vectors::{ce_commitment, ce_seal};
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::{Expected, Group, run};
use crate::support::{hex, to_hex};

macro_rules! aes_gcm {
    ($name:ident, $cipher:ty, $text:literal, $len:literal) => {
        struct $name($cipher);

        impl Aead for $name {
            const NAME: &'static str = $text;
            const KEY_BYTES: usize = $len;

            fn new(key: &[u8]) -> Option<Self> {
                <$cipher>::new_from_slice(key).ok().map(Self)
            }

            fn seal_in_place(&self, nonce: &[u8; 12], text: &mut [u8]) -> Result<[u8; 16], AeadError> {
                let tag = self
                    .0
                    .encrypt_inout_detached(nonce.into(), &[], text.into());
                tag.map(Into::into).map_err(|_| AeadError)
            }

            fn open_in_place(
                &self,
                nonce: &[u8; 12],
                text: &mut [u8],
                tag: &[u8; 16],
            ) -> Result<(), AeadError> {
                let opened = self
                    .0
                    .decrypt_inout_detached(nonce.into(), &[], text.into(), tag.into());
                opened.map_err(|_| AeadError)
            }
        }
    };
}

aes_gcm!(Aes128, Aes128Gcm, "AEAD_AES_128_GCM", 16);
aes_gcm!(Aes256, Aes256Gcm, "AEAD_AES_256_GCM", 32);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    key: String,
    ctx: String,
    ct: String,
    msg_length: Option<usize>,
    msg_sha512: Option<String>,
    result: Expected,
    flags: Vec<String>,
}

fn check<A: Aead>(case: &Case) {
    let (key, context) = (hex(&case.key), hex(&case.ctx));
    let ciphertext =
        miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&hex(&case.ct), 16 << 20).unwrap();
    let opened = open_with::<A>(&key, &context, &ciphertext);
    match case.result {
        Expected::Valid => {
            let plain = opened.unwrap();
            assert_eq!(Some(plain.len()), case.msg_length, "case {}", case.tc_id);
            assert_eq!(
                Some(to_hex(&Sha512::digest(&plain))),
                case.msg_sha512,
                "case {}",
                case.tc_id
            );
            let salt = ciphertext[..24].try_into().unwrap();
            assert_eq!(
                ce_seal::<A>(&key, &salt, &context, &plain).unwrap(),
                ciphertext,
                "case {}",
                case.tc_id
            );
        }
        _ => assert!(opened.is_err(), "case {}", case.tc_id),
    }
    // Wrong keys and contexts must fall at the commitment, not only at a chunk.
    if case
        .flags
        .iter()
        .any(|flag| flag == "WrongKey" || flag == "WrongContext")
    {
        let salt = ciphertext[..24].try_into().unwrap();
        let commitment = ce_commitment::<A>(&key, &salt, &context).unwrap();
        assert_ne!(commitment, ciphertext[24..56], "case {}", case.tc_id);
    }
}

#[test]
fn wycheproof_chunked_encryption_aes_128_gcm() {
    run(
        "c2sp_chunked_encryption_aes_128_gcm",
        |group: Group<Case>| group.tests,
        |case| check::<Aes128>(&case),
    );
}

#[test]
fn wycheproof_chunked_encryption_aes_256_gcm() {
    run(
        "c2sp_chunked_encryption_aes_256_gcm",
        |group: Group<Case>| group.tests,
        |case| check::<Aes256>(&case),
    );
}

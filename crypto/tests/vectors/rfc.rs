//! Vectors of RFC texts, typed in: they check every primitive where the official folder is absent.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use crypto::ce::{Aead, ChaCha20Poly1305};
use crypto::hash::sha256;
use crypto::vectors::{ed25519_verifies, hkdf_sha256, hmac_sha256, hmac_sha512};
use x25519_dalek::x25519;

use crate::support::{hex, to_hex};

fn fixed<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

#[test]
fn rfc_7748_x25519() {
    let scalar = fixed("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    let point = fixed("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    let out = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
    assert_eq!(to_hex(&x25519(scalar, point)), out);
    let nine = fixed("0900000000000000000000000000000000000000000000000000000000000000");
    let once = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
    assert_eq!(to_hex(&x25519(nine, nine)), once);
}

#[test]
fn rfc_8032_ed25519() {
    let seed = fixed("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    let key = crypto::signature::SigningKey::from_seed(&seed);
    assert_eq!(to_hex(&key.verifying_key().to_bytes()), public);
    assert!(ed25519_verifies(&fixed(public), b"", &fixed(signature)));
    assert!(!ed25519_verifies(&fixed(public), b"x", &fixed(signature)));
}

#[test]
fn rfc_8439_chacha20_poly1305() {
    let key: [u8; 32] = core::array::from_fn(|i| 0x80 + i as u8);
    let nonce: [u8; 12] = fixed("070000004041424344454647");
    let mut text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.".to_vec();
    let cipher = chacha20poly1305::ChaCha20Poly1305::new(&key.into());
    let aad = hex("50515253c0c1c2c3c4c5c6c7");
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), &aad, text.as_mut_slice().into())
        .unwrap();
    assert_eq!(to_hex(&text[..16]), "d31a8d34648e60db7b86afbc53ef7ec2");
    assert_eq!(to_hex(&tag), "1ae10b594f09e26a7e902ecbd0600691");
}

#[test]
fn our_aead_is_that_cipher_without_associated_data() {
    let (key, nonce) = ([7; 32], [9; 12]);
    let ours = ChaCha20Poly1305::new(&key).unwrap();
    let theirs = chacha20poly1305::ChaCha20Poly1305::new(&key.into());
    let (mut one, mut other) = (vec![3; 100], vec![3; 100]);
    let tag = ours.seal_in_place(&nonce, &mut one).unwrap();
    let expected = theirs
        .encrypt_inout_detached(&nonce.into(), &[], other.as_mut_slice().into())
        .unwrap();
    assert_eq!(
        (one.as_slice(), tag.as_slice()),
        (other.as_slice(), expected.as_slice())
    );
    ours.open_in_place(&nonce, &mut one, &tag).unwrap();
    assert_eq!(one, [3; 100]);
    assert!(ChaCha20Poly1305::new(&[0; 31]).is_none());
}

#[test]
fn rfc_5869_hkdf_sha256() {
    let mut out = [0; 42];
    hkdf_sha256(
        &hex("000102030405060708090a0b0c"),
        &[0x0b; 22],
        &hex("f0f1f2f3f4f5f6f7f8f9"),
        &mut out,
    );
    let okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(to_hex(&out), okm);
}

#[test]
fn rfc_4231_hmac() {
    let message = b"what do ya want for nothing?";
    let short = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(to_hex(&hmac_sha256(b"Jefe", message)), short);
    let long = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
    assert_eq!(to_hex(&hmac_sha512(b"Jefe", message)), long);
}

#[test]
fn fips_180_sha256() {
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(to_hex(&sha256(b"abc")), digest);
}

#[test]
fn rfc_9106_argon2id() {
    let mut params = ParamsBuilder::new();
    params
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap());
    let argon2 = Argon2::new_with_secret(
        &[3; 8],
        Algorithm::Argon2id,
        Version::V0x13,
        params.build().unwrap(),
    )
    .unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    assert_eq!(
        to_hex(&tag),
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    );
}

#[test]
fn profile_1_is_argon2id_with_three_passes_four_lanes_and_64_mib() {
    let mut ours = [0; 64];
    crypto::password::stretch(b"phrase", &[0; 16], &mut ours).unwrap();
    let mut params = ParamsBuilder::new();
    params.m_cost(64 * 1024).t_cost(3).p_cost(4).output_len(64);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.build().unwrap());
    let mut theirs = [0; 64];
    argon2
        .hash_password_into(b"phrase", &[0; 16], &mut theirs)
        .unwrap();
    assert_eq!(ours, theirs);
    assert!(crypto::password::stretch(b"phrase", &[0; 7], &mut ours).is_err());
}

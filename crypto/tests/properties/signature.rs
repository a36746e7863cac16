//! Signatures under labels, and public keys.

use crypto::hpke::{PublicKeyError, XWingPublicKey, XWingSecret};
use crypto::label::Label;
use crypto::random::RandomError;
use crypto::signature::{SignatureError, SigningKey, VerifyingKey};

use crate::support::{FixedRandom, NoRandom};

#[test]
fn a_signature_holds_under_its_own_label_alone() {
    let key = SigningKey::make(&mut FixedRandom::new("signature")).unwrap();
    let public = key.verifying_key();
    let signature = key.sign(Label::SigHead, &[b"a", b"b"]);
    assert_eq!(public.verify(Label::SigHead, &[b"ab"], &signature), Ok(()));
    for label in Label::ALL {
        assert_eq!(
            public.verify(*label, &[b"ab"], &signature).is_ok(),
            *label == Label::SigHead
        );
    }
    for bit in 0..512 {
        let mut other = signature;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            public.verify(Label::SigHead, &[b"ab"], &other),
            Err(SignatureError)
        );
    }
    assert_eq!(VerifyingKey::from_bytes(&public.to_bytes()), Ok(public));
}

#[test]
fn keys_of_small_order_and_their_other_spellings_are_no_keys() {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut identity_spelled_p_plus_1 = p;
    identity_spelled_p_plus_1[0] = 0xee;
    let mut sign_of_zero = identity;
    sign_of_zero[31] = 0x80;
    for bytes in [
        [0; 32],
        p,
        identity,
        identity_spelled_p_plus_1,
        sign_of_zero,
        [0xff; 32],
    ] {
        assert!(VerifyingKey::from_bytes(&bytes).is_err());
    }
}

#[test]
fn an_xwing_key_needs_both_halves() {
    let secret = XWingSecret::make(&mut FixedRandom::new("xwing")).unwrap();
    let key = secret.public_key().unwrap();
    assert!(XWingPublicKey::from_bytes(key.as_bytes()).is_ok_and(|again| again == key));
    let refused = |bytes: &[u8]| XWingPublicKey::from_bytes(bytes).err() == Some(PublicKeyError);
    assert!(refused(&[]) && refused(&key.as_bytes()[1..]) && refused(&[key.as_bytes(), &[0][..]].concat()));
    let mut no_x25519 = *key.as_bytes();
    no_x25519[1184..].fill(0);
    assert!(refused(&no_x25519));
    let mut unreduced = *key.as_bytes();
    unreduced[..3].fill(0xff);
    assert!(refused(&unreduced));
}

#[test]
fn without_randomness_nothing_is_made() {
    assert_eq!(SigningKey::make(&mut NoRandom).err(), Some(RandomError));
    assert_eq!(XWingSecret::make(&mut NoRandom).err(), Some(RandomError));
}

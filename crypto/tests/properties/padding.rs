//! PADMÉ and the length rule.

use crypto::document::padding::{
    LengthError, MAX_PLAIN_BYTES, Shape, ct_len, padded_len, padme, verify_ct_len,
};
use proptest::prelude::*;

/// PADMÉ in its published form, in floating point where that is exact.
fn padme_by_definition(x: u64) -> u64 {
    let exponent = (x as f64).log2().floor() as u32;
    let kept = f64::from(exponent).log2().floor() as u32 + 1;
    let mask = (1_u64 << (exponent - kept)) - 1;
    (x + mask) & !mask
}

fn check(plain_len: u64) {
    let shape = Shape::of_plain(plain_len).unwrap();
    assert!(shape.padded >= plain_len && shape.padded >= 4_095);
    assert!(
        plain_len < 4_096 || (shape.padded - plain_len) * 16 <= plain_len + 16,
        "{plain_len}"
    );
    assert_eq!(verify_ct_len(shape.ct_len), Ok(shape));
    let last = shape.ct_len - shape.last_chunk_at();
    assert!(
        (17..16_400).contains(&last),
        "the last chunk is neither empty nor full"
    );
    let parts = (0..shape.parts).map(|part| shape.part_ct_len(part).unwrap());
    assert_eq!(parts.sum::<u64>(), shape.ct_len);
    assert!((0..shape.parts - 1).all(|part| shape.part_ct_len(part) == Some(1_049_600)));
    let chunks = (0..shape.parts).map(|part| shape.part_chunks(part).unwrap());
    assert_eq!(chunks.sum::<u64>(), shape.chunks);
    let padded = (0..shape.parts).map(|part| shape.part_padded_len(part).unwrap());
    assert_eq!(padded.sum::<u64>(), shape.padded);
    assert_eq!(shape.part_ct_len(shape.parts), None);
}

#[test]
fn padme_is_as_published() {
    for x in 2..200_000 {
        assert_eq!(padme(x), padme_by_definition(x), "{x}");
    }
}

#[test]
fn every_length_near_a_border_has_a_shape() {
    for border in [
        0,
        4_096,
        16_384,
        32_768,
        64 * 16_384,
        65 * 16_384,
        128 * 16_384,
        1 << 30,
        MAX_PLAIN_BYTES - 70,
    ] {
        for plain_len in u64::saturating_sub(border, 70)..border + 70 {
            check(plain_len);
        }
    }
    assert_eq!(padded_len(MAX_PLAIN_BYTES + 1), Err(LengthError));
    assert_eq!(ct_len(u64::MAX), Err(LengthError));
}

#[test]
fn a_ciphertext_length_is_a_body_s_exactly_if_some_plaintext_has_it() {
    let mut lengths = std::collections::BTreeSet::new();
    for plain_len in 0..150_000 {
        lengths.insert(ct_len(plain_len).unwrap());
    }
    for len in 0..=150_000 {
        assert_eq!(verify_ct_len(len).is_ok(), lengths.contains(&len), "{len}");
    }
    for len in [u64::MAX, u64::MAX - 15, 1 << 63, 1 << 62] {
        assert_eq!(verify_ct_len(len), Err(LengthError));
    }
}

proptest! {
    #[test]
    fn any_length_has_a_shape(plain_len in 0..=MAX_PLAIN_BYTES, bits in 0..40_u32) {
        // Shifted, so that all magnitudes are met.
        let plain_len = plain_len >> bits;
        let shape = Shape::of_plain(plain_len).unwrap();
        prop_assert!(shape.padded >= plain_len);
        prop_assert_eq!(verify_ct_len(shape.ct_len), Ok(shape));
        prop_assert_eq!(padme(shape.padded + 1), shape.padded + 1);
    }

    #[test]
    fn a_verified_length_is_consistent(len in any::<u64>(), bits in 0..64_u32) {
        if let Ok(shape) = verify_ct_len(len >> bits) {
            prop_assert_eq!(shape.ct_len, len >> bits);
            prop_assert_eq!(Shape::of_plain(shape.padded), Ok(shape));
        }
    }
}

//! CE: round trips, and refusal of everything else.

use crypto::ce::{Context, OpenError, SealError, open, seal, sealed_len};
use crypto::label::Label;
use crypto::random::RandomError;
use crypto::secret::Key32;
use proptest::prelude::*;

use crate::support::{FixedRandom, NoRandom};

const BORDERS: [usize; 12] = [
    0, 1, 32, 255, 4_096, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 50_000,
];

fn context() -> Context {
    Context::new(Label::Page, &[&[1; 16], &[0, 0, 0, 7]])
}

fn sealed(len: usize) -> (Key32, Vec<u8>, Vec<u8>) {
    let mut random = FixedRandom::new("ce properties");
    let key = Key32::make(&mut random).unwrap();
    let plain: Vec<u8> = (0..len).map(|i| (i % 253) as u8).collect();
    let sealed = seal(&key, &context(), &plain, &mut random).unwrap();
    (key, plain, sealed)
}

#[test]
fn every_length_near_a_border_reads_back() {
    for len in BORDERS {
        let (key, plain, sealed) = sealed(len);
        assert_eq!(sealed.len(), sealed_len(len));
        assert_eq!(*open(&key, &context(), &sealed).unwrap(), plain);
    }
    assert_eq!(sealed_len(32), 104);
}

#[test]
fn any_flipped_bit_is_refused() {
    let (key, _, sealed) = sealed(40);
    for bit in 0..sealed.len() * 8 {
        let mut other = sealed.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&key, &context(), &other), Err(OpenError), "bit {bit}");
    }
    for len in BORDERS {
        let (key, _, sealed) = self::sealed(len);
        for at in (0..sealed.len()).step_by(997).chain([sealed.len() - 1]) {
            let mut other = sealed.clone();
            other[at] ^= 0x10;
            assert_eq!(
                open(&key, &context(), &other),
                Err(OpenError),
                "byte {at} of {len}"
            );
        }
    }
}

#[test]
fn any_other_length_is_refused() {
    for len in [0, 1, 16_383, 16_384, 16_385, 32_768] {
        let (key, _, sealed) = sealed(len);
        let chunk = 16_400;
        let cuts = (0..100).chain(sealed.len().saturating_sub(100)..sealed.len());
        for cut in cuts
            .chain((1..3).map(|n| 56 + chunk * n))
            .filter(|cut| *cut < sealed.len())
        {
            assert_eq!(
                open(&key, &context(), &sealed[..cut]),
                Err(OpenError),
                "{len} cut to {cut}"
            );
        }
        for more in [1, 15, 16, 17, chunk] {
            let longer = [sealed.as_slice(), &vec![0; more]].concat();
            assert_eq!(
                open(&key, &context(), &longer),
                Err(OpenError),
                "{len} and {more}"
            );
        }
    }
}

#[test]
fn chunks_swapped_dropped_or_repeated_are_refused() {
    let (key, _, sealed) = sealed(3 * 16_384 + 5);
    let (prefix, rest) = sealed.split_at(56);
    let chunks: Vec<&[u8]> = rest.chunks(16_400).collect();
    let [a, b, c, d] = chunks[..] else {
        panic!("four chunks")
    };
    for order in [
        vec![b, a, c, d],
        vec![a, c, b, d],
        vec![a, b, d],
        vec![b, c, d],
        vec![a, a, b, c, d],
        vec![a, b, b, d],
        vec![a, b, c],
        vec![a, b, c, d, d],
        vec![d],
        vec![],
    ] {
        let other = [prefix, &order.concat()].concat();
        assert_eq!(open(&key, &context(), &other), Err(OpenError));
    }
}

#[test]
fn another_key_or_context_is_refused() {
    let (key, plain, sealed) = sealed(100);
    assert_eq!(open(&Key32::new([1; 32]), &context(), &sealed), Err(OpenError));
    for other in [
        Context::new(Label::Head, &[&[1; 16], &[0, 0, 0, 7]]),
        Context::new(Label::Page, &[&[1; 16], &[0, 0, 0, 8]]),
        Context::new(Label::Page, &[&[1; 16]]),
    ] {
        assert_eq!(open(&key, &other, &sealed), Err(OpenError));
    }
    // The binding counts as one run of bytes.
    let same = Context::new(Label::Page, &[&[1; 8], &[1; 8], &[0, 0], &[0, 7]]);
    assert_eq!(*open(&key, &same, &sealed).unwrap(), plain);
}

#[test]
fn two_boxes_of_one_text_are_unrelated_and_none_is_made_without_randomness() {
    let mut random = FixedRandom::new("two boxes");
    let key = Key32::make(&mut random).unwrap();
    let one = seal(&key, &context(), b"same", &mut random).unwrap();
    let other = seal(&key, &context(), b"same", &mut random).unwrap();
    assert!(one.iter().zip(&other).filter(|(a, b)| a == b).count() < 8);
    assert_eq!(
        seal(&key, &context(), b"same", &mut NoRandom),
        Err(SealError::Random(RandomError))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_reads_back(plain in prop::collection::vec(any::<u8>(), 0..40_000), key in any::<[u8; 32]>()) {
        let key = Key32::new(key);
        let sealed = seal(&key, &context(), &plain, &mut FixedRandom::new("any")).unwrap();
        prop_assert_eq!(&*open(&key, &context(), &sealed).unwrap(), &plain);
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40_000)) {
        prop_assert_eq!(open(&Key32::new([1; 32]), &context(), &bytes), Err(OpenError));
    }
}

//! Slots: only the right key opens, and every byte is bound.

use crypto::account::keys::{Ark, Kek};
use crypto::account::slot::{SLOT_BYTES, Slot, SlotError, SlotHeader, SlotType};
use crypto::words::Words;

use super::{Failing, flips};
use crate::support::FixedRandom;

const ACCOUNT: [u8; 16] = [0xa1; 16];
const SLOT: [u8; 16] = [0x51; 16];

fn wrapped() -> (Words, Ark, Slot, FixedRandom) {
    let mut rng = FixedRandom::new("slot");
    let words = Words::make(&mut rng).unwrap();
    let ark = Ark::make(&mut rng).unwrap();
    let slot = Slot::wrap(&words.derive_kek(&ACCOUNT, &SLOT), 0, &ark, &mut rng).unwrap();
    (words, ark, slot, rng)
}

fn kek(words: &Words) -> Kek {
    words.derive_kek(&ACCOUNT, &SLOT)
}

#[test]
fn a_slot_gives_its_ark_back() {
    let (words, ark, slot, _) = wrapped();
    assert_eq!(slot.to_bytes().len(), SLOT_BYTES);
    let read = Slot::parse(slot.to_bytes()).unwrap();
    let expected = SlotHeader {
        slot_type: SlotType::Words,
        account_id: ACCOUNT,
        slot_id: SLOT,
        ark_gen: 0,
    };
    assert_eq!(*read.header(), expected);
    assert_eq!(
        read.unwrap(&kek(&words)).unwrap().key().expose(),
        ark.key().expose()
    );
    assert_eq!(read.hash(), slot.hash());
}

#[test]
fn n05_every_flipped_bit_is_refused() {
    let (words, _, slot, _) = wrapped();
    let mut refused = 0;
    for flipped in flips(slot.to_bytes()) {
        if let Ok(slot) = Slot::parse(&flipped) {
            assert!(matches!(
                slot.unwrap(&kek(&words)),
                Err(SlotError::OtherSlot | SlotError::Refused)
            ));
        }
        refused += 1;
    }
    assert_eq!(refused, 8 * SLOT_BYTES);
}

/// The key derived for what the altered header says does not open the box either.
#[test]
fn n05_account_slot_and_generation_are_bound_to_the_box() {
    let (words, _, slot, _) = wrapped();
    for at in [8, 24, 40, 43] {
        let mut bytes = *slot.to_bytes();
        bytes[at] ^= 1;
        let altered = Slot::parse(&bytes).unwrap();
        let header = *altered.header();
        let own = words.derive_kek(&header.account_id, &header.slot_id);
        assert!(
            matches!(altered.unwrap(&own), Err(SlotError::Refused)),
            "byte {at}"
        );
    }
}

#[test]
fn n06_keys_of_other_words_accounts_and_slots_are_refused() {
    let (words, _, slot, mut rng) = wrapped();
    let other = Words::make(&mut rng).unwrap();
    assert!(matches!(slot.unwrap(&kek(&other)), Err(SlotError::Refused)));
    assert!(matches!(
        slot.unwrap(&words.derive_kek(&[0; 16], &SLOT)),
        Err(SlotError::OtherSlot)
    ));
    assert!(matches!(
        slot.unwrap(&words.derive_kek(&ACCOUNT, &[0; 16])),
        Err(SlotError::OtherSlot)
    ));
}

#[test]
fn n09_unknown_headers_and_lengths_are_malformed() {
    let (_, _, slot, _) = wrapped();
    let good = *slot.to_bytes();
    let change = |at: usize, value: u8| {
        let mut bytes = good;
        bytes[at] = value;
        assert_eq!(
            Slot::parse(&bytes).err(),
            Some(SlotError::Malformed),
            "byte {at} = {value}"
        );
    };
    change(0, b'D');
    change(3, b'0');
    for suite in [0, 2, 0xff] {
        change(4, suite);
    }
    // Types of later stages, no type, and a password slot without its profile.
    for slot_type in [0, 1, 2, 4, 5, 6, 0xff] {
        change(5, slot_type);
    }
    change(6, 1);
    change(7, 1);
    for profile in [1, 2, 0xff] {
        change(44, profile);
    }
    for reserved in 45..64 {
        change(reserved, 1);
    }
    // A password slot with profile 0 or 2 is one with other parameters: there are none.
    for profile in [0, 2] {
        let mut bytes = good;
        (bytes[5], bytes[44]) = (1, profile);
        assert_eq!(Slot::parse(&bytes).err(), Some(SlotError::Malformed));
    }
    for len in [0, 63, 64, SLOT_BYTES - 1] {
        assert_eq!(Slot::parse(&good[..len]).err(), Some(SlotError::Malformed));
    }
    assert_eq!(
        Slot::parse(&[&good[..], &[0]].concat()).err(),
        Some(SlotError::Malformed)
    );
}

#[test]
fn n54_without_randomness_there_is_no_slot() {
    let (words, ark, _, _) = wrapped();
    assert!(Slot::wrap(&kek(&words), 0, &ark, &mut Failing { good: 0 }).is_err());
    assert!(Ark::make(&mut Failing { good: 0 }).is_err());
}

/// Two boxes of one key never share a salt, so they never share a nonce.
#[test]
fn wrapping_twice_gives_unrelated_boxes() {
    let (words, ark, slot, mut rng) = wrapped();
    let again = Slot::wrap(&kek(&words), 0, &ark, &mut rng).unwrap();
    assert_eq!(slot.to_bytes()[..64], again.to_bytes()[..64]);
    assert_ne!(slot.to_bytes()[64..88], again.to_bytes()[64..88]);
}

//! Bundles: only a complete, own-signed bundle with two sound keys is ever accepted.

use crypto::account::bundle::{BUNDLE_BYTES, BundleError, VerifiedBundle};
use crypto::account::secrets::{Identity, IdentityMismatch, Secrets};
use crypto::label::Label;

use super::{Failing, Owner, flips};

/// The bundle with bytes changed and signed again by its owner: what an own client gone wrong could make.
fn signed_again(owner: &Owner, change: impl FnOnce(&mut [u8])) -> Option<BundleError> {
    let mut bytes = *owner.bundle.to_bytes();
    change(&mut bytes);
    let signature = owner
        .identity()
        .signing()
        .sign(Label::SigIdentity, &[&bytes[..1320]]);
    bytes[1320..1384].copy_from_slice(&signature);
    VerifiedBundle::parse(&bytes).err()
}

#[test]
fn a_bundle_reads_back_and_belongs_to_its_secrets() {
    let owner = Owner::new("bundle");
    let read = VerifiedBundle::parse(owner.bundle.to_bytes()).unwrap();
    assert_eq!(read.account_id(), &owner.account_id);
    assert_eq!((read.seq(), read.created()), (0, 1_763_000_000));
    assert_eq!(read.hash(), owner.bundle.hash());
    assert_eq!(*read.identity_key(), owner.identity().signing().verifying_key());
    assert!(owner.secrets.verify_bundle(&read).is_ok());
    let other = Owner::new("another");
    assert!(matches!(
        owner.secrets.verify_bundle(&other.bundle),
        Err(IdentityMismatch)
    ));
    // The server pairs our identity key with an X-Wing key of its own: it cannot sign that, and we would see it.
    assert_eq!(
        signed_again(&owner, |bytes| bytes[96..1312]
            .copy_from_slice(other.bundle.xwing_pk())),
        None
    );
    let mut mixed = *owner.bundle.to_bytes();
    mixed[96..1312].copy_from_slice(other.bundle.xwing_pk());
    let signature = owner
        .identity()
        .signing()
        .sign(Label::SigIdentity, &[&mixed[..1320]]);
    mixed[1320..1384].copy_from_slice(&signature);
    let mixed = VerifiedBundle::parse(&mixed).unwrap();
    assert!(matches!(
        owner.secrets.verify_bundle(&mixed),
        Err(IdentityMismatch)
    ));
}

#[test]
fn n24_every_flipped_bit_and_length_is_refused() {
    let owner = Owner::new("flips");
    let bytes = owner.bundle.to_bytes();
    assert_eq!(
        flips(bytes)
            .filter(|flipped| VerifiedBundle::parse(flipped).is_err())
            .count(),
        8 * BUNDLE_BYTES
    );
    for len in [0, 1384, BUNDLE_BYTES - 1] {
        assert_eq!(
            VerifiedBundle::parse(&bytes[..len]).err(),
            Some(BundleError::Malformed)
        );
    }
    assert_eq!(
        VerifiedBundle::parse(&[&bytes[..], &[0]].concat()).err(),
        Some(BundleError::Malformed)
    );
}

#[test]
fn n09_unknown_headers_are_malformed_even_when_signed() {
    let owner = Owner::new("headers");
    assert_eq!(signed_again(&owner, |_| {}), None);
    // Magic, suite, role (others, reset bit), name length, seq, reserved, previous hash.
    let changes = [
        (3, b'2'),
        (4, 2),
        (5, 0),
        (5, 2),
        (5, 0x81),
        (6, 1),
        (7, 1),
        (27, 1),
        (28, 1),
        (31, 1),
        (32, 1),
        (63, 1),
    ];
    for (at, value) in changes {
        let refused = signed_again(&owner, |bytes| bytes[at] = value);
        assert_eq!(refused, Some(BundleError::Malformed), "byte {at} = {value}");
    }
    assert_eq!(
        signed_again(&owner, |bytes| bytes[1447] = 1),
        Some(BundleError::Malformed)
    );
}

#[test]
fn n21_low_order_points_and_unreduced_coefficients_are_refused_even_when_signed() {
    let owner = Owner::new("weak");
    for point in low_order_points() {
        let refused = signed_again(&owner, |bytes| bytes[1280..1312].copy_from_slice(&point));
        assert_eq!(refused, Some(BundleError::Key), "{point:02x?}");
    }
    // A coefficient of q = 3329 and of 4095, in the low and the high half of a triple, first and last.
    for at in [96, 96 + 1149] {
        for triple in [
            [0x01, 0x0d, 0x00],
            [0x00, 0x10, 0xd0],
            [0xff, 0x0f, 0x00],
            [0x00, 0xf0, 0xff],
        ] {
            let refused = signed_again(&owner, |bytes| bytes[at..at + 3].copy_from_slice(&triple));
            assert_eq!(refused, Some(BundleError::Key), "{triple:02x?} at {at}");
        }
        assert_eq!(
            signed_again(&owner, |bytes| bytes[at..at + 3]
                .copy_from_slice(&[0x00, 0x0d, 0xd0])),
            None
        );
    }
}

/// RFC 7748, 6.1 warns of them; the list in every encoding that X25519 reads, with the unused top bit too.
fn low_order_points() -> Vec<[u8; 32]> {
    let read = |text: &str| <[u8; 32]>::try_from(crate::support::hex(text)).unwrap();
    let points = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let plain = points.map(read);
    let mut all = plain.to_vec();
    all.extend(plain.map(|mut point| {
        point[31] |= 0x80;
        point
    }));
    all
}

#[test]
fn a_weak_identity_key_is_no_key() {
    let owner = Owner::new("identity");
    for weak in [
        [0; 32],
        {
            let mut one = [0; 32];
            one[0] = 1;
            one
        },
        [0xff; 32],
    ] {
        let mut bytes = *owner.bundle.to_bytes();
        bytes[64..96].copy_from_slice(&weak);
        assert_eq!(VerifiedBundle::parse(&bytes).err(), Some(BundleError::Key));
    }
}

#[test]
fn n54_without_randomness_there_is_no_identity() {
    for good in 0..2 {
        assert!(Identity::make(0, &mut Failing { good }).is_err());
    }
    let identity = Owner::new("x").identity().clone();
    assert!(Secrets::make(identity, &mut Failing { good: 0 }).is_err());
}

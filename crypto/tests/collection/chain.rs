//! Charters and heads: flipped, exchanged, re-signed, out of order (checklist 15, 20, 24, 26, 28, 30, 38).

use crypto::account::bundle::VerifiedBundle;
use crypto::account::secrets::Identity;
use crypto::audit::tree::TreeHead;
use crypto::collection::charter::{
    Charter, CharterBoxError, CharterError, MakeCharterError, NewCollection, Role, make_genesis,
};
use crypto::collection::head::{
    HEAD_BYTES, Head, HeadBoxError, HeadError, HeadSigner, MakeHeadError, NewHead, Pin, Place, SignedHead,
    make_head,
};
use crypto::collection::keys::{AdminKey, EpochKey, WriteKey};
use crypto::collection::merge::{Standing, standing};
use crypto::document::descriptor::Author;
use crypto::hash::sha256;
use crypto::label::Label;
use crypto::random::Random;
use crypto::signature::SigningKey;

use super::{World, flips};
use crate::support::NoRandom;

fn new_head<'a>(world: &'a World, before: Option<&'a Pin>) -> NewHead<'a> {
    NewHead {
        charter: world.charter.charter(),
        before,
        root_page_id: [1; 32],
        refs_hash: [2; 32],
        time: 3,
        entries: 4,
        checkpoint: TreeHead {
            size: 5,
            root: [6; 32],
        },
    }
}

fn sign(world: &World, before: Option<&Pin>, admin: bool, random: &mut dyn Random) -> SignedHead {
    let author = Author {
        account: world.account,
        seq: 0,
        identity: world.identity.signing(),
    };
    let signer = if admin {
        HeadSigner::Admin(&world.admin_key)
    } else {
        HeadSigner::Write(&world.write_key)
    };
    make_head(
        &new_head(world, before),
        &signer,
        &author,
        &world.epoch_key,
        random,
    )
    .unwrap()
}

fn head_after(world: &mut World, before: Option<&Pin>) -> SignedHead {
    let mut random = std::mem::replace(&mut world.random, crate::support::FixedRandom::new(""));
    let head = sign(world, before, false, &mut random);
    world.random = random;
    head
}

/// Signs altered header bytes again, with the write key: what a writer who is no member of good faith can do.
fn resign_head(bytes: &mut [u8], key: &SigningKey) {
    let sig = key.sign(Label::SigHead, &[&bytes[..240]]);
    bytes[240..304].copy_from_slice(&sig);
}

fn resign_charter(bytes: &mut [u8], key: &SigningKey) {
    let sig = key.sign(Label::SigCharter, &[&bytes[..164]]);
    bytes[164..228].copy_from_slice(&sig);
}

fn write_key(world: &World) -> SigningKey {
    SigningKey::from_seed(world.write_key.expose_seed())
}

fn admin_key(world: &World) -> SigningKey {
    SigningKey::from_seed(world.admin_key.expose_seed())
}

#[test]
fn a_genesis_reads_back() {
    let world = World::new("genesis");
    let charter = world.charter.charter();
    let again = Charter::parse(charter.to_bytes())
        .unwrap()
        .verify_genesis(&world.collection_id)
        .unwrap();
    assert_eq!(&again, charter);
    assert_eq!(again.signer(&world.epoch_key), Ok((world.account, 0)));
    let opened = again.open_genesis(&world.epoch_key, &world.bundle).unwrap();
    let [member] = opened.members() else { panic!() };
    assert_eq!(
        (member.account, member.role, member.until),
        (world.account, Role::Admin, 0)
    );
    assert_eq!(opened.member_of(&world.bundle), Some(member));
    assert_eq!(opened.final_head(), None);
    assert_eq!(
        standing(&world.charter, &opened, &world.bundle),
        Standing::Unchanged
    );
    let other = World::new("another");
    assert_eq!(
        standing(&world.charter, &opened, &other.bundle),
        Standing::MayNotWrite
    );
}

#[test]
fn n24_every_flipped_bit_of_a_charter_is_refused() {
    let world = World::new("flip charter");
    let refused = flips(world.charter.charter().to_bytes()).all(|bytes| {
        Charter::parse(&bytes)
            .and_then(|charter| charter.verify_genesis(&world.collection_id))
            .is_err()
    });
    assert!(refused);
}

#[test]
fn n24_every_flipped_bit_of_a_head_is_refused() {
    let mut world = World::new("flip head");
    let head = head_after(&mut world, None);
    let charter = world.charter.charter();
    assert!(
        flips(head.to_bytes())
            .all(|bytes| { Head::parse(&bytes).and_then(|head| head.verify(charter)).is_err() })
    );
}

#[test]
fn n24_a_writer_who_signs_an_altered_head_again_is_stopped_by_the_identity() {
    let mut world = World::new("resign head");
    let head = head_after(&mut world, None);
    let pin = head.pin();
    let head = head_after(&mut world, Some(&pin));
    let key = write_key(&world);
    // Number, previous hash, root, references, time: everything that the box is bound to.
    for at in (32..72).chain(104..176) {
        let mut bytes = head.to_bytes().to_vec();
        bytes[at] ^= 1;
        resign_head(&mut bytes, &key);
        if let Ok(head) = Head::parse(&bytes).and_then(|head| head.verify(world.charter.charter())) {
            assert_eq!(
                head.open(&world.epoch_key).err(),
                Some(HeadBoxError::Refused),
                "byte {at}"
            );
        }
    }
}

#[test]
fn n38_lengths_numbers_and_counts_out_of_bounds_are_refused() {
    let mut world = World::new("bounds");
    let charter = world.charter.charter().to_bytes().to_vec();
    let head = head_after(&mut world, None).to_bytes().to_vec();
    assert_eq!(head.len(), HEAD_BYTES);
    for len in 0..charter.len() {
        assert_eq!(
            Charter::parse(&charter[..len]).err(),
            Some(CharterError::Malformed)
        );
    }
    for len in 0..head.len() {
        assert_eq!(Head::parse(&head[..len]).err(), Some(HeadError::Malformed));
    }
    for long in [
        [&charter[..], &[0]].concat(),
        [&charter[..], &vec![0; 1 << 20]].concat(),
    ] {
        assert_eq!(Charter::parse(&long).err(), Some(CharterError::Malformed));
    }
    assert_eq!(
        Head::parse(&[&head[..], &[0]].concat()).err(),
        Some(HeadError::Malformed)
    );
    for box_len in [0, 1, 327, 329, u32::MAX] {
        let mut bytes = head.clone();
        bytes[28..32].copy_from_slice(&box_len.to_be_bytes());
        assert_eq!(Head::parse(&bytes).err(), Some(HeadError::Malformed));
        let mut bytes = charter.clone();
        bytes[128..132].copy_from_slice(&box_len.to_be_bytes());
        assert_eq!(Charter::parse(&bytes).err(), Some(CharterError::Malformed));
    }
    // 2^64-1 is no head's number, on reading and on making.
    let mut bytes = head.clone();
    bytes[32..40].copy_from_slice(&u64::MAX.to_be_bytes());
    bytes[40] = 1;
    assert_eq!(Head::parse(&bytes).err(), Some(HeadError::Malformed));
    let author = Author {
        account: world.account,
        seq: 0,
        identity: world.identity.signing(),
    };
    for last in [u64::MAX, u64::MAX - 1] {
        let pin = Pin {
            head_no: last,
            head_hash: [1; 32],
            charter_no: 0,
        };
        let signer = HeadSigner::Write(&world.write_key);
        let mut random = crate::support::FixedRandom::new("");
        let made = make_head(
            &new_head(&world, Some(&pin)),
            &signer,
            &author,
            &world.epoch_key,
            &mut random,
        );
        assert_eq!(made.err(), Some(MakeHeadError::Number));
    }
    let pin = Pin {
        head_no: u64::MAX,
        head_hash: [1; 32],
        charter_no: 0,
    };
    assert_eq!(pin.place(&head_after(&mut world, None)), Place::Rollback);
    let near = Pin {
        head_no: u64::MAX - 2,
        head_hash: [1; 32],
        charter_no: 0,
    };
    let last = head_after(&mut world, Some(&near));
    assert_eq!((last.head_no(), near.place(&last)), (u64::MAX - 1, Place::Next));
}

#[test]
fn n09_another_magic_suite_flag_or_reserved_byte_is_refused_even_if_signed() {
    let mut world = World::new("reserved");
    let head = head_after(&mut world, None).to_bytes().to_vec();
    for at in (0..5).chain([6, 7]) {
        let mut bytes = head.clone();
        bytes[at] ^= 3;
        resign_head(&mut bytes, &write_key(&world));
        assert_eq!(Head::parse(&bytes).err(), Some(HeadError::Malformed), "byte {at}");
    }
    for flags in 2..=255 {
        let mut bytes = head.clone();
        bytes[5] = flags;
        resign_head(&mut bytes, &write_key(&world));
        assert_eq!(Head::parse(&bytes).err(), Some(HeadError::Malformed));
    }
    for at in 0..8 {
        let mut bytes = world.charter.charter().to_bytes().to_vec();
        bytes[at] ^= 3;
        resign_charter(&mut bytes, &admin_key(&world));
        assert_eq!(
            Charter::parse(&bytes).err(),
            Some(CharterError::Malformed),
            "byte {at}"
        );
    }
}

#[test]
fn n20_a_head_signed_by_another_key_than_its_charters_is_refused() {
    let mut world = World::new("signer");
    let other = World::new("other signer");
    let charter = world.charter.charter().clone();
    let author = Author {
        account: world.account,
        seq: 0,
        identity: world.identity.signing(),
    };
    let mut random = crate::support::FixedRandom::new("");
    let wrong = HeadSigner::Write(&other.write_key);
    let made = make_head(
        &new_head(&world, None),
        &wrong,
        &author,
        &world.epoch_key,
        &mut random,
    );
    assert_eq!(made.err(), Some(MakeHeadError::Head(HeadError::Signature)));
    // The write key behind the admin flag, with either public key in the field.
    let head = head_after(&mut world, None);
    let mut bytes = head.to_bytes().to_vec();
    bytes[5] = 1;
    resign_head(&mut bytes, &write_key(&world));
    assert_eq!(
        Head::parse(&bytes).unwrap().verify(&charter).err(),
        Some(HeadError::Signature)
    );
    bytes[208..240].copy_from_slice(&world.admin_key.public().to_bytes());
    resign_head(&mut bytes, &write_key(&world));
    assert_eq!(
        Head::parse(&bytes).unwrap().verify(&charter).err(),
        Some(HeadError::Signature)
    );
    // Signed by the right key, and naming another.
    let mut bytes = head.to_bytes().to_vec();
    bytes[208..240].copy_from_slice(&world.admin_key.public().to_bytes());
    resign_head(&mut bytes, &write_key(&world));
    assert_eq!(
        Head::parse(&bytes).unwrap().verify(&charter).err(),
        Some(HeadError::Signature)
    );
    let admin = sign(&world, None, true, &mut random);
    assert!(admin.by_admin() && admin.open(&world.epoch_key).is_ok());
}

#[test]
fn n26_heads_and_charters_of_another_collection_are_refused() {
    let mut one = World::new("one");
    let mut two = World::new("two");
    let (head, other) = (head_after(&mut one, None), head_after(&mut two, None));
    let parsed = |head: &SignedHead| Head::parse(head.to_bytes()).unwrap();
    assert_eq!(
        parsed(&other).verify(one.charter.charter()).err(),
        Some(HeadError::OtherCollection)
    );
    let charter = Charter::parse(two.charter.charter().to_bytes()).unwrap();
    assert_eq!(
        charter.verify_genesis(&one.collection_id).err(),
        Some(CharterError::OtherCollection)
    );
    // A second charter for the same collection id: the head names the first.
    let new = NewCollection {
        collection_id: one.collection_id,
        epoch_key: &one.epoch_key,
        write_key: &one.write_key,
        admin_key: &one.admin_key,
    };
    let author = Author {
        account: one.account,
        seq: 0,
        identity: one.identity.signing(),
    };
    let twin = make_genesis(&new, &author, &one.bundle, &mut one.random).unwrap();
    assert_eq!(parsed(&head).verify(&twin).err(), Some(HeadError::Charter));
    let twin = twin.open_genesis(&one.epoch_key, &one.bundle).unwrap();
    let opened = head.clone().open(&one.epoch_key).unwrap();
    assert_eq!(
        opened.verify_author(&twin, &one.bundle).err(),
        Some(HeadBoxError::Charter)
    );
    // Another epoch key opens neither.
    assert_eq!(head.open(&two.epoch_key).err(), Some(HeadBoxError::Refused));
    let charter = one.charter.charter();
    assert_eq!(
        charter.open_genesis(&two.epoch_key, &one.bundle).err(),
        Some(CharterBoxError::Refused)
    );
    assert_eq!(
        charter.open_genesis(&one.epoch_key, &two.bundle).err(),
        Some(CharterBoxError::Signer)
    );
    // The box of one charter in another, with everything public signed again.
    let mut bytes = charter.to_bytes()[..228].to_vec();
    let sealed = &two.charter.charter().to_bytes()[228..];
    bytes[132..164].copy_from_slice(&sha256(sealed));
    resign_charter(&mut bytes, &admin_key(&one));
    bytes.extend_from_slice(sealed);
    let swapped = Charter::parse(&bytes)
        .unwrap()
        .verify_genesis(&one.collection_id)
        .unwrap();
    assert_eq!(
        swapped.open_genesis(&one.epoch_key, &one.bundle).err(),
        Some(CharterBoxError::Refused)
    );
    assert_eq!(
        swapped.open_genesis(&two.epoch_key, &one.bundle).err(),
        Some(CharterBoxError::Refused)
    );
}

#[test]
fn n20_an_author_who_is_no_member_or_another_is_refused() {
    let mut world = World::new("author");
    let stranger = World::new("stranger");
    let mut random = crate::support::FixedRandom::new("author");
    let signer = HeadSigner::Write(&world.write_key);
    let mut made = |author: Author<'_>| {
        let head = make_head(
            &new_head(&world, None),
            &signer,
            &author,
            &world.epoch_key,
            &mut random,
        )
        .unwrap();
        head.open(&world.epoch_key).unwrap()
    };
    let strange = made(Author {
        account: stranger.account,
        seq: 0,
        identity: stranger.identity.signing(),
    });
    assert_eq!(strange.author(), (stranger.account, 0));
    let refused = strange
        .clone()
        .verify_author(&world.charter, &stranger.bundle)
        .err();
    assert_eq!(refused, Some(HeadBoxError::Role));
    assert_eq!(
        strange.verify_author(&world.charter, &world.bundle).err(),
        Some(HeadBoxError::Author)
    );
    // A member's name, signed by somebody else who holds the write key.
    let forged = made(Author {
        account: world.account,
        seq: 0,
        identity: stranger.identity.signing(),
    });
    assert_eq!(
        forged.verify_author(&world.charter, &world.bundle).err(),
        Some(HeadBoxError::Author)
    );
    let later = made(Author {
        account: world.account,
        seq: 1,
        identity: world.identity.signing(),
    });
    assert_eq!(
        later.verify_author(&world.charter, &world.bundle).err(),
        Some(HeadBoxError::Author)
    );
    // The member's account under another identity than the charter names.
    let other = Identity::make(1, &mut world.random).unwrap();
    let bundle = VerifiedBundle::make(&world.account, &other).unwrap();
    let made = make_head(
        &new_head(&world, None),
        &HeadSigner::Write(&world.write_key),
        &Author {
            account: world.account,
            seq: 0,
            identity: other.signing(),
        },
        &world.epoch_key,
        &mut crate::support::FixedRandom::new(""),
    );
    let head = made.unwrap().open(&world.epoch_key).unwrap();
    assert_eq!(
        head.verify_author(&world.charter, &bundle).err(),
        Some(HeadBoxError::Role)
    );
}

#[test]
fn n28_n30_a_pin_tells_next_same_rollback_and_fork() {
    let mut world = World::new("pin");
    let zero = head_after(&mut world, None);
    let one = head_after(&mut world, Some(&zero.pin()));
    let two = head_after(&mut world, Some(&one.pin()));
    let fork = head_after(&mut world, Some(&zero.pin()));
    let after_fork = head_after(&mut world, Some(&fork.pin()));
    assert_eq!((zero.prev_hash(), one.prev_hash()), (&[0; 32], zero.hash()));
    let pin = one.pin();
    assert_eq!(pin.place(&two), Place::Next);
    assert_eq!(pin.place(&one), Place::Same);
    assert_eq!(pin.place(&zero), Place::Rollback);
    assert_eq!(pin.place(&fork), Place::Fork);
    assert_eq!(pin.place(&after_fork), Place::Fork);
    assert_eq!(zero.pin().place(&two), Place::Ahead);
    let fell = Pin { charter_no: 1, ..pin };
    assert_eq!(fell.place(&two), Place::CharterFell);
}

#[test]
fn n15_a_charter_that_the_admin_key_of_the_one_before_did_not_sign_is_refused() {
    let world = World::new("next");
    let other = World::new("next other");
    let before = world.charter.charter();
    // A public header that follows: number +1, its hash, the same box.
    let next = |epoch: u32, no: u32, prev: &[u8; 32], keys: Option<&World>, signer: &SigningKey| {
        let mut bytes = before.to_bytes().to_vec();
        bytes[24..28].copy_from_slice(&epoch.to_be_bytes());
        bytes[28..32].copy_from_slice(&no.to_be_bytes());
        bytes[32..64].copy_from_slice(prev);
        if let Some(keys) = keys {
            bytes[64..96].copy_from_slice(&keys.write_key.public().to_bytes());
            bytes[96..128].copy_from_slice(&keys.admin_key.public().to_bytes());
        }
        resign_charter(&mut bytes, signer);
        Charter::parse(&bytes).unwrap().verify_next(before)
    };
    let (mine, theirs) = (admin_key(&world), admin_key(&other));
    let hash = before.hash();
    assert!(next(0, 1, hash, None, &mine).is_ok());
    let second = next(1, 1, hash, Some(&other), &mine).unwrap();
    assert_eq!((second.epoch(), second.charter_no()), (1, 1));
    assert_eq!(
        next(1, 1, hash, Some(&other), &theirs).err(),
        Some(CharterError::Signature)
    );
    assert_eq!(
        next(0, 1, hash, None, &write_key(&world)).err(),
        Some(CharterError::Signature)
    );
    assert_eq!(
        next(0, 1, hash, Some(&other), &mine).err(),
        Some(CharterError::Keys)
    );
    assert_eq!(next(1, 1, hash, None, &mine).err(), Some(CharterError::Keys));
    assert_eq!(
        next(2, 1, hash, Some(&other), &mine).err(),
        Some(CharterError::Chain)
    );
    assert_eq!(next(0, 2, hash, None, &mine).err(), Some(CharterError::Chain));
    assert_eq!(next(0, 0, hash, None, &mine).err(), Some(CharterError::Chain));
    assert_eq!(next(0, 1, &[7; 32], None, &mine).err(), Some(CharterError::Chain));
    // Nor does it pass as a first one.
    let follower = Charter::parse(next(0, 1, hash, None, &mine).unwrap().to_bytes()).unwrap();
    assert_eq!(
        follower.verify_genesis(&world.collection_id).err(),
        Some(CharterError::Chain)
    );
}

#[test]
fn a_genesis_needs_its_signers_bundle_two_keys_and_randomness() {
    let mut world = World::new("make");
    let other = World::new("make other");
    let author = Author {
        account: world.account,
        seq: 0,
        identity: world.identity.signing(),
    };
    let new = NewCollection {
        collection_id: [1; 16],
        epoch_key: &world.epoch_key,
        write_key: &world.write_key,
        admin_key: &world.admin_key,
    };
    let made = make_genesis(&new, &author, &other.bundle, &mut world.random);
    assert_eq!(made.err(), Some(MakeCharterError::Signer));
    let wrong = Author {
        account: world.account,
        seq: 0,
        identity: other.identity.signing(),
    };
    let made = make_genesis(&new, &wrong, &world.bundle, &mut world.random);
    assert_eq!(made.err(), Some(MakeCharterError::Signer));
    assert!(matches!(
        make_genesis(&new, &author, &world.bundle, &mut NoRandom).err(),
        Some(MakeCharterError::Seal(_))
    ));
    // One key for both roles would make every writer an admin.
    let seed = [9; 32];
    let new = NewCollection {
        write_key: &WriteKey::from_seed(&seed),
        admin_key: &AdminKey::from_seed(&seed),
        epoch_key: &EpochKey::make(&mut world.random).unwrap(),
        ..new
    };
    let made = make_genesis(&new, &author, &world.bundle, &mut world.random);
    assert_eq!(
        made.err(),
        Some(MakeCharterError::Charter(CharterError::Malformed))
    );
}

//! Records: secrets, manifests and upload records open for their owner, unaltered, and in one form only.

use crypto::account::keys::KAccount;
use crypto::account::manifest::{
    CollectionKeys, Manifest, ManifestError, Pin, PinHow, SlotListError, SlotState,
};
use crypto::account::record::{RECORD_MAX_BYTES, Record, RecordError, RecordKind, SuccessionError};
use crypto::account::secrets::Secrets;
use crypto::account::slot::Slot;
use crypto::account::upload::UploadRecord;
use crypto::ce;
use crypto::collection::keys::{AdminKey, EpochKey, WriteKey};
use crypto::label::Label;
use crypto::secret::{BodyKey, Key32};
use crypto::words::Words;

use super::{Failing, Owner, flips, log_pin};

const BODY: [u8; 16] = [0xb0; 16];

fn upload(owner: &mut Owner, digest: Option<[u8; 32]>) -> Record {
    let record = UploadRecord {
        body_key: BodyKey::new(Key32::new([7; 32])),
        salt: [8; 24],
        plain_len: 70_000,
        digest,
    };
    let key = owner.ark.derive_account_key(&owner.account_id);
    record
        .seal(&owner.account_id, &BODY, 1, &key, &mut owner.rng)
        .unwrap()
}

fn open_upload(owner: &Owner, record: &Record) -> Result<UploadRecord, RecordError> {
    let key = owner.ark.derive_account_key(&owner.account_id);
    UploadRecord::open(record, &owner.account_id, &BODY, &key)
}

fn seal_secrets(owner: &mut Owner) -> Record {
    let key = owner.ark.derive_account_key(&owner.account_id);
    owner
        .secrets
        .seal(&owner.account_id, 1, &key, &mut owner.rng)
        .unwrap()
}

fn words_slot(owner: &mut Owner, slot_id: [u8; 16], ark_gen: u32) -> Slot {
    let words = Words::make(&mut owner.rng).unwrap();
    Slot::wrap(
        &words.derive_kek(&owner.account_id, &slot_id),
        ark_gen,
        &owner.ark,
        &mut owner.rng,
    )
    .unwrap()
}

fn manifest(owner: &mut Owner) -> Manifest {
    let secrets = seal_secrets(owner);
    let mut manifest = Manifest::make(&secrets, 0, log_pin(), &mut owner.rng).unwrap();
    for (id, writer) in [([9; 16], true), ([3; 16], false)] {
        let collection = CollectionKeys {
            epoch: 0,
            epoch_key: EpochKey::make(&mut owner.rng).unwrap(),
            write_key: writer.then(|| WriteKey::from_seed(&[4; 32])),
            admin_key: writer.then(|| AdminKey::from_seed(&[5; 32])),
            genesis_charter_hash: [1; 32],
            charter_no: 0,
            charter_hash: [1; 32],
            head_no: 1 << 40,
            head_hash: [2; 32],
        };
        manifest.collections.insert(id, collection);
    }
    manifest.pins.insert(
        [6; 16],
        Pin {
            seq: 0,
            bundle_hash: [7; 32],
            how: PinHow::Compared,
        },
    );
    manifest
}

fn seal(owner: &mut Owner, manifest: &Manifest, previous: Option<&Record>) -> Record {
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    let identity = owner.identity().clone();
    manifest
        .seal(&owner.account_id, previous, &identity, &key, &mut owner.rng)
        .unwrap()
}

fn open(owner: &Owner, record: &Record) -> Result<Manifest, ManifestError> {
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    Manifest::open(record, &owner.account_id, &key, &owner.bundle)
}

#[test]
fn secrets_read_back_under_their_account_alone() {
    let mut owner = Owner::new("secrets");
    let record = seal_secrets(&mut owner);
    let record = Record::parse(record.to_bytes()).unwrap();
    assert_eq!(record.header().kind, RecordKind::Secrets);
    let key = owner.ark.derive_account_key(&owner.account_id);
    let read = Secrets::open(&record, &owner.account_id, &key).unwrap();
    assert!(read.verify_bundle(&owner.bundle).is_ok());
    assert_eq!(
        read.deposit_root().key().expose(),
        owner.secrets.deposit_root().key().expose()
    );
    assert_eq!(read.identities().len(), 1);
    assert!(matches!(
        Secrets::open(&record, &[0; 16], &key),
        Err(RecordError::OtherRecord)
    ));
    let other = KAccount::new(Key32::new([0; 32]));
    assert!(matches!(
        Secrets::open(&record, &owner.account_id, &other),
        Err(RecordError::Refused)
    ));
    // K_manifest of the same ARK is another key.
    let manifest_key = KAccount::new(owner.ark.derive_manifest_key(&owner.account_id).key().clone());
    assert!(matches!(
        Secrets::open(&record, &owner.account_id, &manifest_key),
        Err(RecordError::Refused)
    ));
}

#[test]
fn upload_records_read_back_for_their_body_alone() {
    let mut owner = Owner::new("upload");
    for digest in [None, Some([9; 32])] {
        let record = upload(&mut owner, digest);
        let read = open_upload(&owner, &Record::parse(record.to_bytes()).unwrap()).unwrap();
        assert_eq!(
            (read.salt, read.plain_len, read.digest),
            ([8; 24], 70_000, digest)
        );
        assert_eq!(read.body_key.key().expose(), &[7; 32]);
        let key = owner.ark.derive_account_key(&owner.account_id);
        let wrong = UploadRecord::open(&record, &owner.account_id, &[0; 16], &key);
        assert!(matches!(wrong, Err(RecordError::OtherRecord)));
        assert!(matches!(
            Secrets::open(&record, &owner.account_id, &key),
            Err(RecordError::OtherRecord)
        ));
    }
}

#[test]
fn a_manifest_reads_back_whole() {
    let mut owner = Owner::new("manifest");
    let mut made = manifest(&mut owner);
    let slot = words_slot(&mut owner, [1; 16], 0);
    made.list_slot(&slot, SlotState::Live);
    made.kit_confirmed = Some(1_763_000_001);
    let record = seal(&mut owner, &made, None);
    let read = open(&owner, &Record::parse(record.to_bytes()).unwrap()).unwrap();
    assert_eq!(read.collections.keys().collect::<Vec<_>>(), [&[3; 16], &[9; 16]]);
    let (reader, admin) = (&read.collections[&[3; 16]], &read.collections[&[9; 16]]);
    assert!(reader.write_key.is_none() && reader.admin_key.is_none());
    assert_eq!(admin.write_key.as_ref().unwrap().expose_seed(), &[4; 32]);
    assert_eq!(admin.admin_key.as_ref().unwrap().expose_seed(), &[5; 32]);
    assert_eq!(
        admin.epoch_key.key().expose(),
        made.collections[&[9; 16]].epoch_key.key().expose()
    );
    assert_eq!((admin.head_no, admin.head_hash), (1 << 40, [2; 32]));
    assert_eq!(read.pins, made.pins);
    assert_eq!(read.slots, made.slots);
    assert_eq!(
        (read.label_salt, read.kit_confirmed),
        (made.label_salt, Some(1_763_000_001))
    );
}

#[test]
fn n24_every_flipped_bit_of_every_kind_is_refused() {
    let mut owner = Owner::new("flips");
    let made = manifest(&mut owner);
    let records = [
        seal_secrets(&mut owner),
        upload(&mut owner, None),
        seal(&mut owner, &made, None),
    ];
    let key = owner.ark.derive_account_key(&owner.account_id);
    for record in records {
        let mut refused = 0;
        for flipped in flips(record.to_bytes()) {
            let opens = Record::parse(&flipped).is_ok_and(|record| match record.header().kind {
                RecordKind::Secrets => Secrets::open(&record, &owner.account_id, &key).is_ok(),
                RecordKind::Manifest => open(&owner, &record).is_ok(),
                RecordKind::Upload => open_upload(&owner, &record).is_ok(),
            });
            assert!(!opens);
            refused += 1;
        }
        assert_eq!(refused, 8 * record.to_bytes().len());
    }
}

#[test]
fn n09_unknown_headers_and_lengths_are_malformed() {
    let mut owner = Owner::new("headers");
    let good = upload(&mut owner, None).to_bytes().to_vec();
    let parse = |bytes: &[u8]| Record::parse(bytes).err();
    // Magic, suite, kinds, reserved bytes, version 0, the zeros after the body id.
    for (at, value) in [
        (0, 0),
        (3, b'2'),
        (4, 0),
        (4, 2),
        (5, 0),
        (5, 4),
        (6, 1),
        (7, 1),
        (31, 0),
        (48, 1),
        (63, 1),
    ] {
        let mut bytes = good.clone();
        bytes[at] = value;
        assert_eq!(parse(&bytes), Some(RecordError::Malformed), "byte {at} = {value}");
    }
    for len in [0, 67, 68, good.len() - 1] {
        assert_eq!(parse(&good[..len]), Some(RecordError::Malformed));
    }
    assert_eq!(parse(&[&good[..], &[0]].concat()), Some(RecordError::Malformed));
    // A claimed length beyond everything costs nothing.
    let mut bytes = good.clone();
    bytes[64..68].fill(0xff);
    assert_eq!(parse(&bytes), Some(RecordError::Malformed));
    // A box that no padded CBOR gives, its length said rightly; and one past the size of a record.
    for plain in [0, 255, 257, RECORD_MAX_BYTES] {
        let box_len = 56 + plain + 16 * (plain / 16_384 + 1);
        let mut bytes = good[..64].to_vec();
        bytes.extend(u32::try_from(box_len).unwrap().to_be_bytes());
        bytes.resize(68 + box_len, 0);
        assert_eq!(parse(&bytes), Some(RecordError::Malformed), "{plain}");
    }
    // References: secrets have none, the first manifest has none, the second has one.
    let mut secrets = seal_secrets(&mut owner).to_bytes().to_vec();
    secrets[40] = 1;
    assert_eq!(parse(&secrets), Some(RecordError::Malformed));
    let made = manifest(&mut owner);
    let mut first = seal(&mut owner, &made, None).to_bytes().to_vec();
    first[40] = 1;
    assert_eq!(parse(&first), Some(RecordError::Malformed));
    first[40] = 0;
    first[31] = 2;
    assert_eq!(parse(&first), Some(RecordError::Malformed));
}

/// Boxes of several chunks, and one whose plaintext ends at a chunk's border.
#[test]
fn large_manifests_keep_their_form() {
    let mut owner = Owner::new("large");
    let mut made = manifest(&mut owner);
    for number in 0..16_u8 {
        let mut id = [0xcc; 16];
        id[0] = number;
        made.collections.insert(id, made.collections[&[9; 16]].clone());
    }
    let mut sizes = std::collections::BTreeSet::new();
    for number in 0..=255_u8 {
        made.pins.insert(
            [number; 16],
            Pin {
                seq: 0,
                bundle_hash: [7; 32],
                how: PinHow::FirstSeen,
            },
        );
        let record = seal(&mut owner, &made, None);
        sizes.insert(record.to_bytes().len());
        let read = open(&owner, &Record::parse(record.to_bytes()).unwrap()).unwrap();
        assert_eq!(read.pins.len(), made.pins.len());
    }
    assert!(sizes.contains(&(68 + 56 + 16_384 + 32)), "{sizes:?}");
    made.pins.insert(
        *b"one more contact",
        Pin {
            seq: 0,
            bundle_hash: [7; 32],
            how: PinHow::Invited,
        },
    );
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    let identity = owner.identity().clone();
    assert!(
        made.seal(&owner.account_id, None, &identity, &key, &mut owner.rng)
            .is_err()
    );
}

#[test]
fn n14_a_manifest_signed_by_another_identity_is_refused() {
    let mut owner = Owner::new("signer");
    let made = manifest(&mut owner);
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    let stranger = Owner::new("stranger");
    let forged = made
        .seal(&owner.account_id, None, stranger.identity(), &key, &mut owner.rng)
        .unwrap();
    assert_eq!(open(&owner, &forged).err(), Some(ManifestError::Signature));
    // With the stranger's bundle it is the account that does not fit.
    let foreign = Manifest::open(&forged, &owner.account_id, &key, &stranger.bundle);
    assert_eq!(foreign.err(), Some(ManifestError::Signature));
    // The signature covers the header: the same content as another version does not hold.
    let first = seal(&mut owner, &made, None);
    let second = seal(&mut owner, &made, Some(&first));
    let content = unsealed(&owner, &first);
    let moved = resealed(&owner, &second, &content);
    assert_eq!(open(&owner, &moved).err(), Some(ManifestError::Signature));
    assert!(open(&owner, &resealed(&owner, &first, &content)).is_ok());
}

/// The padded CBOR of a manifest, opened by hand.
fn unsealed(owner: &Owner, record: &Record) -> Vec<u8> {
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    let (bound, sealed) = (&record.to_bytes()[..64], &record.to_bytes()[68..]);
    ce::open(key.key(), &ce::Context::new(Label::Manifest, &[bound]), sealed)
        .unwrap()
        .to_vec()
}

/// The header of `record` with a box of this padded CBOR.
fn resealed(owner: &Owner, record: &Record, padded: &[u8]) -> Record {
    let key = owner.ark.derive_manifest_key(&owner.account_id);
    let bound = &record.to_bytes()[..64];
    let context = ce::Context::new(Label::Manifest, &[bound]);
    let sealed = ce::seal(
        key.key(),
        &context,
        padded,
        &mut crate::support::FixedRandom::new("again"),
    )
    .unwrap();
    let len = u32::try_from(sealed.len()).unwrap().to_be_bytes();
    Record::parse(&[bound, &len, &sealed].concat()).unwrap()
}

#[test]
fn n06_and_n08_only_the_listed_slot_may_be_used() {
    let mut owner = Owner::new("slots");
    let mut made = manifest(&mut owner);
    let (live, pending) = (
        words_slot(&mut owner, [1; 16], 0),
        words_slot(&mut owner, [2; 16], 0),
    );
    made.list_slot(&live, SlotState::Live);
    made.list_slot(&pending, SlotState::Pending);
    let id = owner.account_id;
    assert_eq!(made.verify_slot(&id, &live), Ok(SlotState::Live));
    assert_eq!(made.verify_slot(&id, &pending), Ok(SlotState::Pending));
    let planted = words_slot(&mut owner, [3; 16], 0);
    assert_eq!(made.verify_slot(&id, &planted), Err(SlotListError::NotListed));
    let older = words_slot(&mut owner, [1; 16], 0);
    assert_eq!(made.verify_slot(&id, &older), Err(SlotListError::OtherContent));
    let other_ark = words_slot(&mut owner, [1; 16], 1);
    assert_eq!(made.verify_slot(&id, &other_ark), Err(SlotListError::OtherArk));
    assert_eq!(made.verify_slot(&[0; 16], &live), Err(SlotListError::OtherArk));
    let mut as_password = *live.to_bytes();
    (as_password[5], as_password[44]) = (1, 1);
    let as_password = Slot::parse(&as_password).unwrap();
    assert_eq!(made.verify_slot(&id, &as_password), Err(SlotListError::NotListed));
    // After a change the slot from before is refused.
    made.list_slot(&older, SlotState::Live);
    assert_eq!(made.verify_slot(&id, &live), Err(SlotListError::OtherContent));
}

#[test]
fn secrets_of_before_are_not_the_listed_ones() {
    let mut owner = Owner::new("listed");
    let (first, second) = (seal_secrets(&mut owner), seal_secrets(&mut owner));
    let made = Manifest::make(&first, 0, log_pin(), &mut owner.rng).unwrap();
    assert!(made.verify_secrets(&first).is_ok());
    assert!(made.verify_secrets(&second).is_err());
}

#[test]
fn n28_older_and_forked_manifests_are_refused() {
    let mut owner = Owner::new("chain");
    let mut made = manifest(&mut owner);
    let first = seal(&mut owner, &made, None);
    made.kit_confirmed = Some(1);
    let second = seal(&mut owner, &made, Some(&first));
    made.kit_confirmed = Some(2);
    let fork = seal(&mut owner, &made, Some(&first));
    let third = seal(&mut owner, &made, Some(&second));
    let on_fork = seal(&mut owner, &made, Some(&fork));

    assert_eq!(second.verify_follows(&first), Ok(()));
    assert_eq!(third.verify_follows(&first), Err(SuccessionError::Version));
    assert_eq!(first.verify_follows(&first), Err(SuccessionError::Version));
    assert_eq!(on_fork.verify_follows(&second), Err(SuccessionError::Forked));
    let foreign = seal(&mut Owner::new("foreign"), &made, None);
    assert_eq!(second.verify_follows(&foreign), Err(SuccessionError::OtherRecord));
    let upload = upload(&mut owner, None);
    assert_eq!(second.verify_follows(&upload), Err(SuccessionError::OtherRecord));

    let pin = second.manifest_pin();
    assert_eq!(second.verify_pin(&pin), Ok(()));
    assert_eq!(third.verify_pin(&pin), Ok(()));
    assert_eq!(first.verify_pin(&pin), Err(SuccessionError::Version));
    assert_eq!(fork.verify_pin(&pin), Err(SuccessionError::Forked));
    assert_eq!(on_fork.verify_pin(&pin), Err(SuccessionError::Forked));
    assert_eq!(upload.verify_pin(&pin), Err(SuccessionError::OtherRecord));
}

/// Content that a key holder could seal and no client of ours writes: every other form than the one is refused.
#[test]
fn n38_content_in_another_form_is_refused() {
    let mut owner = Owner::new("content");
    let good = upload(&mut owner, None);
    let key = owner.ark.derive_account_key(&owner.account_id);
    let bound = good.to_bytes()[..64].to_vec();
    let context = ce::Context::new(Label::Upload, &[&bound]);
    let mut open_padded = |padded: &[u8]| {
        let sealed = ce::seal(key.key(), &context, padded, &mut owner.rng).unwrap();
        let len = u32::try_from(sealed.len()).unwrap().to_be_bytes();
        let record = Record::parse(&[&bound, &len[..], &sealed].concat()).unwrap();
        UploadRecord::open(&record, &owner.account_id, &BODY, &key).map(|_| ())
    };
    let pad = |cbor: &[u8]| {
        let mut out = u32::try_from(cbor.len()).unwrap().to_be_bytes().to_vec();
        out.extend_from_slice(cbor);
        out.resize(out.len().next_multiple_of(256), 0);
        out
    };
    let fields = [
        &[0x01, 0x58, 0x20][..],
        &[7; 32],
        &[0x02, 0x58, 0x18],
        &[8; 24],
        &[0x03, 0x19, 0x01, 0x00],
    ]
    .concat();
    let map = |head: &[u8], tail: &[u8]| [head, &fields[..], tail].concat();
    assert_eq!(open_padded(&pad(&map(&[0xa3], &[]))), Ok(()));
    let digest = [&[0x04, 0x58, 0x20][..], &[9; 32]].concat();
    assert_eq!(open_padded(&pad(&map(&[0xa4], &digest))), Ok(()));
    let refused = Err(RecordError::Content);
    let mut longer_uint = map(&[0xa3], &[]);
    longer_uint.truncate(longer_uint.len() - 3);
    longer_uint.extend_from_slice(&[0x1a, 0, 0, 1, 0]);
    for cbor in [
        // An unknown key, a trailing byte, an indefinite map, a map head in a longer form, no map, nothing.
        map(&[0xa4], &[0x05, 0x00]),
        map(&[0xa3], &[0x00]),
        map(&[0xbf], &[0xff]),
        map(&[0xb8, 0x03], &[]),
        longer_uint,
        map(&[0xa4], &[]),
        map(&[0xa4], &[0x04, 0x58, 0x1f]),
        map(
            &[0xa4],
            &[0x04, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        vec![0x80],
        vec![],
    ] {
        assert_eq!(open_padded(&pad(&cbor)), refused, "{cbor:02x?}");
    }
    // Padding: not zero, more than needed, and a length that passes the end.
    let mut dirty = pad(&map(&[0xa3], &[]));
    *dirty.last_mut().unwrap() = 1;
    assert_eq!(open_padded(&dirty), refused);
    let mut wide = pad(&map(&[0xa3], &[]));
    wide.resize(512, 0);
    assert_eq!(open_padded(&wide), refused);
    assert_eq!(open_padded(&[0xff; 256]), refused);
}

#[test]
fn n54_without_randomness_nothing_is_sealed() {
    let mut owner = Owner::new("failing");
    let made = manifest(&mut owner);
    let key = owner.ark.derive_account_key(&owner.account_id);
    let manifest_key = owner.ark.derive_manifest_key(&owner.account_id);
    let mut failing = Failing { good: 0 };
    assert!(
        owner
            .secrets
            .seal(&owner.account_id, 1, &key, &mut failing)
            .is_err()
    );
    assert!(
        made.seal(
            &owner.account_id,
            None,
            owner.identity(),
            &manifest_key,
            &mut failing
        )
        .is_err()
    );
    assert!(Manifest::make(&upload(&mut owner, None), 0, log_pin(), &mut failing).is_err());
}

//! Bodies: every length around chunk and part borders, and refusal of every exchange.

use crypto::document::body::{
    BodyError, BodyHeader, BodyKind, BodyOpener, BodySealer, HeaderError, SealBodyError, fold_parts,
    part_hash,
};
use crypto::document::content::content_root;
use crypto::document::descriptor::{Author, AuthorError, Content, Descriptor, DescriptorError, MediaType};
use crypto::id::{Hash32, Id};
use crypto::secret::BodyKey;
use crypto::signature::SigningKey;
use proptest::prelude::*;

use crate::support::FixedRandom;

const PART: usize = 1 << 20;
const CHUNK: usize = 16_384;

/// One body, sealed, with all that its reader gets.
#[derive(Clone)]
struct Sealed {
    plain: Vec<u8>,
    parts: Vec<Vec<u8>>,
    hashes: Vec<Hash32>,
    header: BodyHeader,
    descriptor: Descriptor,
}

const ACCOUNT: Id = [0xac; 16];

fn identity() -> SigningKey {
    SigningKey::from_seed(&[0x1d; 32])
}

fn sealer(seed: &str, plain_len: usize) -> (BodySealer, BodyKey) {
    let mut random = FixedRandom::new(seed);
    let key = BodyKey::make(&mut random).unwrap();
    let salt = random.bytes(24).try_into().unwrap();
    let id = random.bytes(16).try_into().unwrap();
    (
        BodySealer::new(&key, salt, id, BodyKind::Document, plain_len as u64).unwrap(),
        key,
    )
}

fn describe(header: &BodyHeader, key: &BodyKey, plain: &[u8], plain_len: u64) -> Descriptor {
    let content = Content {
        plain_len,
        content_root: content_root(plain),
        media: MediaType::Other,
    };
    Descriptor::new(
        header,
        key,
        &content,
        &Author {
            account: ACCOUNT,
            seq: 3,
            identity: &identity(),
        },
    )
}

fn make(seed: &str, plain: Vec<u8>) -> Sealed {
    let (mut sealer, key) = sealer(seed, plain.len());
    let mut texts = plain.chunks(PART);
    let mut parts = Vec::new();
    let mut hashes = Vec::new();
    for part in 0..sealer.shape().parts {
        let sealed = sealer.seal_part(part, texts.next().unwrap_or_default()).unwrap();
        parts.push(sealed.bytes);
        hashes.push(sealed.hash);
    }
    let header = sealer.header(&hashes).unwrap();
    let descriptor = describe(&header, &key, &plain, plain.len() as u64);
    Sealed {
        plain,
        parts,
        hashes,
        header,
        descriptor,
    }
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 255 + 1) as u8).collect()
}

fn read(body: &Sealed) -> Result<Vec<u8>, BodyError> {
    let mut opener = BodyOpener::new(&body.descriptor, &body.header, &body.hashes)?;
    let stream = body.parts.concat();
    let last = stream
        .get(opener.shape().last_chunk_at() as usize..)
        .unwrap_or_default();
    opener.open_last_chunk(last)?;
    let mut plain = Vec::new();
    for (part, bytes) in (0..).zip(&body.parts) {
        plain.extend_from_slice(&opener.open_part(part, bytes)?);
    }
    Ok(plain)
}

#[test]
fn every_length_near_a_border_reads_back_and_obeys_the_length_rule() {
    let borders = [
        0,
        1,
        4_095,
        4_096,
        4_097,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        63 * CHUNK,
        PART - 1,
        PART,
        PART + 1,
    ];
    for len in borders
        .into_iter()
        .chain([65 * CHUNK, 2 * PART - 1, 2 * PART, 2 * PART + 1, 3 * PART + 77])
    {
        let body = make("border", text(len));
        assert_eq!(read(&body).as_deref(), Ok(body.plain.as_slice()), "{len}");
        assert_eq!(BodyHeader::parse(&body.header.to_bytes()), Ok(body.header));
        assert_eq!(body.parts.concat().len() as u64, body.header.ct_len());
        for (part, hash) in body.parts.iter().zip(&body.hashes) {
            assert_eq!(part_hash(part), Ok(*hash));
        }
        let leaves: Vec<Hash32> = body
            .parts
            .concat()
            .chunks(16_400)
            .map(crypto::audit::tree::leaf_hash)
            .collect();
        assert_eq!(
            fold_parts(&body.hashes),
            crypto::audit::tree::root_of_leaves(&leaves)
        );
        assert_eq!(body.header.body_root(), &fold_parts(&body.hashes));
    }
}

#[test]
fn parts_open_in_any_order_once_the_end_is_verified() {
    let body = make("order", text(2 * PART + 9));
    let mut opener = BodyOpener::new(&body.descriptor, &body.header, &body.hashes).unwrap();
    assert_eq!(
        opener.open_part(0, &body.parts[0]).err(),
        Some(BodyError::LastChunkFirst)
    );
    assert_eq!(
        *opener.open_part(2, &body.parts[2]).unwrap(),
        body.plain[2 * PART..]
    );
    assert_eq!(
        *opener.open_part(1, &body.parts[1]).unwrap(),
        body.plain[PART..2 * PART]
    );
    assert_eq!(*opener.open_part(0, &body.parts[0]).unwrap(), body.plain[..PART]);
    assert_eq!(opener.open_part(3, &[]).err(), Some(BodyError::NoSuchPart));
}

#[test]
fn a_part_of_padding_alone_holds_nothing() {
    // Above 64 MiB lengths are rounded up to 2 MiB: the last part is padding.
    let len = 64 * PART + 10;
    let (mut sealer, key) = sealer("padding alone", len);
    let parts = sealer.shape().parts;
    assert_eq!(sealer.part_plain_len(parts - 1), Some(0));
    let plain = text(len);
    let mut texts = plain.chunks(PART);
    let sealed: Vec<_> = (0..parts)
        .map(|part| sealer.seal_part(part, texts.next().unwrap_or_default()).unwrap())
        .collect();
    let hashes: Vec<Hash32> = sealed.iter().map(|part| part.hash).collect();
    let header = sealer.header(&hashes).unwrap();
    let descriptor = describe(&header, &key, &plain, len as u64);
    let mut opener = BodyOpener::new(&descriptor, &header, &hashes).unwrap();
    assert!(
        opener
            .open_part(parts - 1, &sealed.last().unwrap().bytes)
            .unwrap()
            .is_empty()
    );
    assert_eq!(*opener.open_part(0, &sealed[0].bytes).unwrap(), plain[..PART]);
}

#[test]
fn n24_any_flipped_bit_of_a_header_is_refused() {
    let body = make("header", text(5_000));
    let bytes = body.header.to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        if let Ok(header) = BodyHeader::parse(&other) {
            assert_eq!(
                read(&Sealed {
                    header,
                    ..body.clone()
                })
                .err(),
                Some(BodyError::Header),
                "bit {bit}"
            );
        }
    }
    // Even with a descriptor that names it, a header whose key schedule differs falls at the commitment.
    let key = body.descriptor.body_key();
    for at in [8, 32, 56] {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let header = BodyHeader::parse(&other).unwrap();
        let descriptor = describe(&header, key, &body.plain, 5_000);
        assert_eq!(
            read(&Sealed {
                header,
                descriptor,
                ..body.clone()
            })
            .err(),
            Some(BodyError::Commitment),
            "{at}"
        );
    }
    let mut thumbnail = bytes.clone();
    thumbnail[5] = 2;
    let header = BodyHeader::parse(&thumbnail).unwrap();
    let descriptor = describe(&header, key, &body.plain, 5_000);
    assert_eq!(
        read(&Sealed {
            header,
            descriptor,
            ..body.clone()
        })
        .err(),
        Some(BodyError::Commitment)
    );
}

#[test]
fn n09_unknown_magic_suite_kind_reserved_byte_and_length_are_refused() {
    let bytes = make("strict", text(5_000)).header.to_bytes();
    for (at, values) in [
        (0, 0..=255),
        (3, 0..=255),
        (4, 0..=255),
        (5, 3..=255),
        (6, 1..=255),
        (7, 1..=255),
    ] {
        for value in values {
            let mut other = bytes.clone();
            other[at] = value;
            assert_eq!(
                BodyHeader::parse(&other).is_ok(),
                other == bytes,
                "byte {at} = {value}"
            );
        }
    }
    assert_eq!(BodyHeader::parse(&[&bytes[..], &[0]].concat()), Err(HeaderError));
    assert_eq!(BodyHeader::parse(&bytes[..119]), Err(HeaderError));
    assert_eq!(BodyHeader::parse(&[]), Err(HeaderError));
    for length in [0, 1, 4_110, 4_112, 5_134, 5_136, u64::MAX, u64::MAX - 31] {
        let mut other = bytes.clone();
        other[24..32].copy_from_slice(&u64::to_be_bytes(length));
        assert_eq!(BodyHeader::parse(&other), Err(HeaderError), "{length}");
    }
}

#[test]
fn n24_any_changed_byte_of_a_part_is_refused() {
    let body = make("bytes", text(40_000));
    for at in (0..body.parts[0].len()).step_by(101) {
        let mut other = body.clone();
        other.parts[0][at] ^= 0x40;
        // The last chunk is looked at first, by its tag; every other byte falls at the part hash, undecrypted.
        let refusal = if at < 2 * 16_400 {
            BodyError::Part
        } else {
            BodyError::Chunk
        };
        assert_eq!(read(&other).err(), Some(refusal), "byte {at}");
        // With the part hash of the changed bytes, the root refuses.
        other.hashes[0] = part_hash(&other.parts[0]).unwrap();
        assert_eq!(read(&other).err(), Some(BodyError::Hashes), "byte {at}");
    }
}

#[test]
fn a_root_that_was_made_over_changed_chunks_falls_at_the_tag() {
    let body = make("tag", text(40_000));
    let mut other = body.clone();
    other.parts[0][20_000] ^= 1;
    other.hashes[0] = part_hash(&other.parts[0]).unwrap();
    let mut header = body.header.to_bytes();
    header[88..].copy_from_slice(&fold_parts(&other.hashes));
    other.header = BodyHeader::parse(&header).unwrap();
    other.descriptor = describe(&other.header, body.descriptor.body_key(), &body.plain, 40_000);
    assert_eq!(read(&other).err(), Some(BodyError::Chunk));
}

#[test]
fn n25_chunks_and_parts_swapped_dropped_repeated_or_cut_are_refused() {
    let body = make("order of parts", text(2 * PART + 5 * CHUNK));
    let chunked = |order: &[usize]| {
        let chunks: Vec<&[u8]> = body.parts[2].chunks(16_400).collect();
        order
            .iter()
            .map(|index| chunks[*index])
            .collect::<Vec<_>>()
            .concat()
    };
    let mut wrong = Vec::new();
    for order in [
        &[1, 0, 2, 3, 4, 5][..],
        &[0, 1, 2, 3, 5],
        &[0, 0, 1, 2, 3, 4, 5],
        &[0, 1, 2, 3, 4],
        &[],
    ] {
        let mut other = body.clone();
        other.parts[2] = chunked(order);
        wrong.push(other);
    }
    let mut swapped = body.clone();
    swapped.parts.swap(0, 1);
    wrong.push(swapped.clone());
    swapped.hashes.swap(0, 1);
    wrong.push(swapped);
    let mut dropped = body.clone();
    dropped.parts.remove(1);
    wrong.push(dropped.clone());
    dropped.hashes.remove(1);
    wrong.push(dropped);
    let mut repeated = body.clone();
    repeated.parts.insert(1, body.parts[0].clone());
    wrong.push(repeated.clone());
    repeated.hashes.insert(1, body.hashes[0]);
    wrong.push(repeated);
    let mut trailing = body.clone();
    trailing.parts[2].push(0);
    wrong.push(trailing);
    for other in wrong {
        assert!(read(&other).is_err());
    }
    assert!(read(&body).is_ok());
}

#[test]
fn n26_headers_parts_hashes_and_descriptors_of_another_body_are_refused() {
    let (one, other) = (make("one", text(9_000)), make("other", text(9_000)));
    let header = Sealed {
        header: other.header,
        ..one.clone()
    };
    assert_eq!(read(&header).err(), Some(BodyError::Header));
    let descriptor = Sealed {
        descriptor: other.descriptor.clone(),
        ..one.clone()
    };
    assert_eq!(read(&descriptor).err(), Some(BodyError::Header));
    let hashes = Sealed {
        hashes: other.hashes.clone(),
        ..one.clone()
    };
    assert_eq!(read(&hashes).err(), Some(BodyError::Hashes));
    let parts = Sealed {
        parts: other.parts.clone(),
        ..one.clone()
    };
    assert_eq!(read(&parts).err(), Some(BodyError::Chunk));
    let key = Sealed {
        descriptor: describe(&one.header, other.descriptor.body_key(), &one.plain, 9_000),
        ..one
    };
    assert_eq!(read(&key).err(), Some(BodyError::Commitment));
}

#[test]
fn n37_one_plaintext_twice_gives_unrelated_bodies() {
    let (one, other) = (make("first", text(9_000)), make("second", text(9_000)));
    assert_ne!(one.header.body_id(), other.header.body_id());
    assert_ne!(one.header.body_root(), other.header.body_root());
    let same = one.parts[0]
        .iter()
        .zip(&other.parts[0])
        .filter(|(a, b)| a == b)
        .count();
    assert!(same < one.parts[0].len() / 100);
}

#[test]
fn a_plain_length_that_does_not_fit_is_refused_and_so_is_dirty_padding() {
    let body = make("length", text(5_000));
    let key = body.descriptor.body_key().clone();
    for plain_len in [0, 4_863, 5_120, 1 << 20, 1 << 40] {
        let descriptor = describe(&body.header, &key, &body.plain, plain_len);
        assert_eq!(
            read(&Sealed {
                descriptor,
                ..body.clone()
            })
            .err(),
            Some(BodyError::Length),
            "{plain_len}"
        );
    }
    // Same shape, but bytes of the text would count as padding.
    let descriptor = describe(&body.header, &key, &body.plain, 4_999);
    assert_eq!(
        read(&Sealed {
            descriptor,
            ..body.clone()
        })
        .err(),
        Some(BodyError::Padding)
    );
}

#[test]
fn rule_r_a_part_is_sealed_to_the_same_bytes_or_not_at_all() {
    let plain = text(2 * PART);
    let (mut first, _) = sealer("rule r", plain.len());
    let (mut second, _) = sealer("rule r", plain.len());
    let sent = first.seal_part(0, &plain[..PART]).unwrap();
    assert_eq!(first.seal_part(0, &plain[..PART]).unwrap().bytes, sent.bytes);
    let mut changed = plain[..PART].to_vec();
    changed[77] ^= 1;
    assert_eq!(first.seal_part(0, &changed).err(), Some(SealBodyError::Changed));
    // After a restart, the hash of the first sending guards alike.
    second.remember(0, sent.hash).unwrap();
    assert_eq!(second.seal_part(0, &changed).err(), Some(SealBodyError::Changed));
    assert_eq!(second.seal_part(0, &plain[..PART]).unwrap().hash, sent.hash);
    assert_eq!(second.remember(0, [0; 32]), Err(SealBodyError::Changed));
    assert_eq!(second.remember(99, [0; 32]), Err(SealBodyError::NoSuchPart));
    assert_eq!(second.seal_part(99, &[]).err(), Some(SealBodyError::NoSuchPart));
    assert_eq!(
        second.seal_part(1, &plain[..PART - 1]).err(),
        Some(SealBodyError::WrongLength)
    );
    assert_eq!(
        second.header(&[[0; 32], [0; 32], [0; 32]]).err(),
        Some(SealBodyError::Changed)
    );
    assert_eq!(second.header(&[sent.hash]).err(), Some(SealBodyError::NoSuchPart));
    let too_long = BodySealer::new(
        &BodyKey::make(&mut FixedRandom::new("x")).unwrap(),
        [0; 24],
        [0; 16],
        BodyKind::Document,
        u64::MAX,
    );
    assert_eq!(too_long.err(), Some(SealBodyError::TooLong));
}

#[test]
fn no_two_chunks_share_a_nonce() {
    // Equal plaintext everywhere: two equal chunks would mean one (key, nonce) for both.
    let body = make("nonces", vec![0; 2 * PART]);
    let stream = body.parts.concat();
    let chunks: std::collections::HashSet<&[u8]> = stream.chunks(16_400).map(|chunk| &chunk[..64]).collect();
    assert_eq!(chunks.len() as u64, body.header.shape().chunks);
}

#[test]
fn a_descriptor_reads_back_in_one_form_and_only_its_author_verifies() {
    let body = make("descriptor", text(5_000));
    let bytes = body.descriptor.to_bytes();
    let again = Descriptor::parse(&bytes).unwrap();
    assert_eq!(again.to_bytes(), bytes);
    let key = identity().verifying_key();
    assert_eq!(again.verify_author(&ACCOUNT, 3, &key), Ok(()));
    assert_eq!(again.verify_author(&[0; 16], 3, &key), Err(AuthorError));
    assert_eq!(again.verify_author(&ACCOUNT, 4, &key), Err(AuthorError));
    let stranger = SigningKey::from_seed(&[7; 32]).verifying_key();
    assert_eq!(again.verify_author(&ACCOUNT, 3, &stranger), Err(AuthorError));
    assert_eq!(
        Descriptor::parse(&[&bytes[..], &[0]].concat()).err(),
        Some(DescriptorError)
    );
    for cut in 0..bytes.len() {
        assert_eq!(Descriptor::parse(&bytes[..cut]).err(), Some(DescriptorError));
    }
    // Key 11 is not of this version, and no media type is unknown.
    let mut origin = bytes.to_vec();
    origin[0] += 1;
    origin.extend_from_slice(&[11, 0x40]);
    assert_eq!(Descriptor::parse(&origin).err(), Some(DescriptorError));
    for (media, name) in MediaType::ALL {
        assert_eq!((MediaType::from_name(name), media.name()), (*media, *name));
        assert_eq!(MediaType::ALL[*media as usize].0, *media);
    }
    assert_eq!(MediaType::from_name("application/x-unknown"), MediaType::Other);
}

#[test]
fn any_flipped_bit_of_a_descriptor_is_refused_somewhere() {
    let body = make("descriptor bits", text(5_000));
    let bytes = body.descriptor.to_bytes();
    let key = identity().verifying_key();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.to_vec();
        other[bit / 8] ^= 1 << (bit % 8);
        let Ok(descriptor) = Descriptor::parse(&other) else {
            continue;
        };
        let signed = descriptor.verify_author(&ACCOUNT, 3, &key).is_ok();
        let opened = read(&Sealed {
            descriptor: descriptor.clone(),
            ..body.clone()
        })
        .is_ok();
        // The media type alone is neither signed nor part of the body: the entry around it vouches for it.
        let only_media = descriptor.media() != MediaType::Other;
        assert!(!(signed && opened) || only_media, "bit {bit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_length_reads_back(len in 0..(3 * PART), seed in any::<u64>()) {
        let body = make(&seed.to_string(), text(len));
        let plain = read(&body);
        prop_assert_eq!(plain.as_deref(), Ok(body.plain.as_slice()));
    }

    #[test]
    fn any_bytes_are_no_header_and_no_descriptor(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(BodyHeader::parse(&bytes).is_err());
        prop_assert!(Descriptor::parse(&bytes).is_err());
    }
}

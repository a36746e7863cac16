//! Every parser of this crate behind one signature, for fuzzing and properties alone (feature `parsers`). Nothing
//! else may call these.
//!
//! Each reads bytes and writes what it read again, from the fields and not from a kept copy; `None` where the bytes
//! are refused. Where a format has one encoding (`spec/encodings.md`, 4) the result is the input or nothing.

use crate::account::bundle::{BUNDLE_BYTES, VerifiedBundle};
use crate::account::handle::{Handle, normalise_handle};
use crate::account::record::{Record, RecordKind};
use crate::account::resume::Resumption;
use crate::account::slot::Slot;
use crate::account::{manifest, secrets::Secrets, upload::UploadRecord};
use crate::audit::admission::Admission;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::entry;
use crate::audit::listing::{self, ListedBody, ListedChunk};
use crate::audit::map::{MapProof, Tile};
use crate::audit::note::{Note, NoteKey};
use crate::audit::opening::{Opened, Opening};
use crate::audit::origin::Origin;
use crate::audit::tile;
use crate::ce::{self, Context};
use crate::codec::{Schema, Writer, from_cbor, pad, to_cbor, unpad};
use crate::collection::charter::Charter;
use crate::collection::entry::Entry;
use crate::collection::head::Head;
use crate::collection::name::Name;
use crate::collection::refs::Refs;
use crate::document::body::BodyHeader;
use crate::document::descriptor::Descriptor;
use crate::document::padding::Shape;
use crate::hash::sha256;
use crate::hpke::XWingPublicKey;
use crate::label::Label;
use crate::phrase::Password;
use crate::random::{Random, RandomError};
use crate::secret::Key32;
use crate::signature::{SigningKey, VerifyingKey};
use crate::words::Words;

pub use crate::opaque::parsers as opaque;

/// A generator that gives the same bytes in every run: what is fuzzed must not depend on chance.
#[derive(Default)]
pub struct Counter(u64);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        for piece in out.chunks_mut(32) {
            self.0 += 1;
            let block = sha256(&self.0.to_be_bytes());
            piece.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

/// A structure of deterministic CBOR, from bytes to bytes.
pub(crate) fn cbor<T: Schema>(bytes: &[u8]) -> Option<Vec<u8>> {
    from_cbor::<T>(bytes).ok().map(|value| to_cbor(&value).to_vec())
}

/// PAD to multiples of 256, the padding of boxes.
#[must_use]
pub fn padded_256(bytes: &[u8]) -> Option<Vec<u8>> {
    unpad(bytes, 256).ok().map(|plain| pad(plain, 256).to_vec())
}

/// PAD to multiples of 1024, the padding of pages and manifests.
#[must_use]
pub fn padded_1024(bytes: &[u8]) -> Option<Vec<u8>> {
    unpad(bytes, 1024).ok().map(|plain| pad(plain, 1024).to_vec())
}

/// CE under a key that nobody sealed with: never opens.
#[must_use]
pub fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    ce::open(&key(), &context(), bytes)
        .ok()
        .map(|plain| plain.to_vec())
}

/// The first byte, as a mask, falls on one byte of a box: with a mask of zero the box opens to what was sealed, and
/// with any other it stays shut. `mask 1 | place 2 | plaintext`.
#[must_use]
pub fn altered_box(bytes: &[u8]) -> Option<Vec<u8>> {
    let ([mask, high, low], plain) = bytes.split_first_chunk::<3>()?;
    let mut sealed = ce::seal(&key(), &context(), plain, &mut Counter::default()).ok()?;
    let place = usize::from(u16::from_be_bytes([*high, *low])) % sealed.len();
    *sealed.get_mut(place)? ^= mask;
    match ce::open(&key(), &context(), &sealed) {
        Ok(opened) if *mask == 0 => Some([&[0, *high, *low], opened.as_slice()].concat()),
        Ok(_) => Some(b"an altered box opens".to_vec()),
        Err(_) if *mask == 0 => Some(b"a sealed box stays shut".to_vec()),
        Err(_) => None,
    }
}

/// An Ed25519 public key.
#[must_use]
pub fn verifying_key(bytes: &[u8]) -> Option<Vec<u8>> {
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    Some(key.to_bytes().to_vec())
}

/// `signature 64 | message` under a key that never signed: never holds.
#[must_use]
pub fn signature(bytes: &[u8]) -> Option<Vec<u8>> {
    let (signature, message) = bytes.split_first_chunk::<64>()?;
    let key = signing_key().verifying_key();
    key.verify(Label::SigAuthor, &[message], signature)
        .ok()
        .map(|()| bytes.to_vec())
}

/// An X-Wing public key.
#[must_use]
pub fn xwing_public_key(bytes: &[u8]) -> Option<Vec<u8>> {
    XWingPublicKey::from_bytes(bytes)
        .ok()
        .map(|key| key.as_bytes().to_vec())
}

/// CVS1.
#[must_use]
pub fn slot(bytes: &[u8]) -> Option<Vec<u8>> {
    let slot = Slot::parse(bytes).ok()?;
    let header = slot.header();
    let mut out = Writer::with_capacity(bytes.len());
    out.bytes(b"CVS1\x01").u8(header.slot_type.number()).zeros(2);
    out.bytes(&header.account_id).bytes(&header.slot_id);
    out.u32(header.ark_gen).u8(header.slot_type.profile()).zeros(19);
    Some(out.bytes(slot.to_bytes().get(64..)?).finish())
}

/// CAR1, its box unopened.
#[must_use]
pub fn record(bytes: &[u8]) -> Option<Vec<u8>> {
    let record = Record::parse(bytes).ok()?;
    let header = record.header();
    let kind = match header.kind {
        RecordKind::Secrets => 1,
        RecordKind::Manifest => 2,
        RecordKind::Upload => 3,
    };
    let sealed = record.to_bytes().get(68..)?;
    let mut out = Writer::with_capacity(bytes.len());
    out.bytes(b"CAR1\x01").u8(kind).zeros(2).bytes(&header.account_id);
    out.u64(header.version).bytes(&header.reference);
    out.u32(u32::try_from(sealed.len()).ok()?);
    Some(out.bytes(sealed).finish())
}

/// CID1 as it came.
#[must_use]
pub fn bundle(bytes: &[u8]) -> Option<Vec<u8>> {
    let bundle = VerifiedBundle::parse(bytes).ok()?;
    let mut out = Writer::with_capacity(BUNDLE_BYTES);
    out.bytes(b"CID1\x01\x01").u16(0).bytes(bundle.account_id());
    out.u32(bundle.seq()).zeros(4 + 32);
    out.bytes(&bundle.identity_key().to_bytes())
        .bytes(bundle.xwing_pk());
    out.u64(bundle.created());
    let signature = bundle.to_bytes().get(1320..1384)?;
    Some(out.bytes(signature).zeros(64).finish())
}

/// CID1 whose key and signature are put in here, so that everything behind the signature is reached. What is
/// returned has the bytes of the input there.
#[must_use]
pub fn signed_bundle(bytes: &[u8]) -> Option<Vec<u8>> {
    let key = signing_key();
    let mut signed = bytes.to_vec();
    signed
        .get_mut(64..96)?
        .copy_from_slice(&key.verifying_key().to_bytes());
    let signature = key.sign(Label::SigIdentity, &[signed.get(..1320)?]);
    signed.get_mut(1320..1384)?.copy_from_slice(&signature);
    let mut out = bundle(&signed)?;
    for place in [64..96, 1320..1384] {
        out.get_mut(place.clone())?.copy_from_slice(bytes.get(place)?);
    }
    Some(out)
}

/// The content of a secrets record.
#[must_use]
pub fn secrets(bytes: &[u8]) -> Option<Vec<u8>> {
    cbor::<Secrets>(bytes)
}

/// The content of a manifest, with its signature.
#[must_use]
pub fn manifest(bytes: &[u8]) -> Option<Vec<u8>> {
    manifest::rewrite(bytes)
}

/// The content of an upload record.
#[must_use]
pub fn upload(bytes: &[u8]) -> Option<Vec<u8>> {
    cbor::<UploadRecord>(bytes)
}

/// What a device keeps of an open session.
#[must_use]
pub fn resumption(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Resumption::parse(bytes).ok()?.to_bytes().to_vec())
}

/// A handle as it travels.
#[must_use]
pub fn handle(bytes: &[u8]) -> Option<Vec<u8>> {
    let handle = Handle::parse(str::from_utf8(bytes).ok()?).ok()?;
    Some(handle.as_str().into())
}

/// A handle as it is typed.
#[must_use]
pub fn typed_handle(bytes: &[u8]) -> Option<Vec<u8>> {
    let handle = normalise_handle(str::from_utf8(bytes).ok()?).ok()?;
    Some(handle.as_str().into())
}

/// A password as it is typed.
#[must_use]
pub fn password(bytes: &[u8]) -> Option<Vec<u8>> {
    let password = Password::normalise(str::from_utf8(bytes).ok()?).ok()?;
    Some(password.expose().to_vec())
}

/// Twelve words as they are typed.
#[must_use]
pub fn words(bytes: &[u8]) -> Option<Vec<u8>> {
    let words = Words::parse(str::from_utf8(bytes).ok()?).ok()?;
    let words: Vec<String> = words.to_words().iter().map(|word| word.to_string()).collect();
    Some(words.join(" ").into())
}

/// CVK1, its box unopened.
#[must_use]
pub fn charter(bytes: &[u8]) -> Option<Vec<u8>> {
    Charter::parse(bytes).ok()?.rewrite()
}

/// What is inside a charter.
#[must_use]
pub fn charter_box(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::collection::rewrite_charter_box(bytes)
}

/// CVH1, its box unopened.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<Vec<u8>> {
    Head::parse(bytes).ok()?.rewrite()
}

/// What is inside a head.
#[must_use]
pub fn head_box(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::collection::rewrite_head_box(bytes)
}

/// The CBOR of a page.
#[must_use]
pub fn page(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::collection::page::rewrite(bytes)
}

/// An entry.
#[must_use]
pub fn entry(bytes: &[u8]) -> Option<Vec<u8>> {
    let entry = Entry::parse(bytes).ok()?;
    entry.to_bytes().ok().map(|bytes| bytes.to_vec())
}

/// A name as it is stored.
#[must_use]
pub fn name(bytes: &[u8]) -> Option<Vec<u8>> {
    let name = Name::new(str::from_utf8(bytes).ok()?).ok()?;
    Some(name.as_str().into())
}

/// A name as it is typed.
#[must_use]
pub fn typed_name(bytes: &[u8]) -> Option<Vec<u8>> {
    let name = Name::normalised(str::from_utf8(bytes).ok()?).ok()?;
    Some(name.as_str().into())
}

/// CVB1.
#[must_use]
pub fn body_header(bytes: &[u8]) -> Option<Vec<u8>> {
    BodyHeader::parse(bytes).ok().map(|header| header.to_bytes())
}

/// A descriptor.
#[must_use]
pub fn descriptor(bytes: &[u8]) -> Option<Vec<u8>> {
    let descriptor = Descriptor::parse(bytes).ok()?;
    Some(descriptor.to_bytes().to_vec())
}

/// A length of ciphertext, as u64: one that a body can have comes back from the plaintext that fills it.
#[must_use]
pub fn ciphertext_len(bytes: &[u8]) -> Option<Vec<u8>> {
    let shape = Shape::of_ciphertext(u64::from_be_bytes(bytes.try_into().ok()?)).ok()?;
    let again = Shape::of_plain(shape.padded).ok()?;
    Some(again.ct_len.to_be_bytes().to_vec())
}

/// An entry of the log.
#[must_use]
pub fn log_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    entry::Entry::parse(bytes).ok().map(|entry| entry.to_bytes())
}

/// The opening of an entry.
#[must_use]
pub fn log_opening(bytes: &[u8]) -> Option<Vec<u8>> {
    Opening::parse(bytes).ok().map(|opening| opening.to_bytes())
}

/// An opening with its blind.
#[must_use]
pub fn log_opened(bytes: &[u8]) -> Option<Vec<u8>> {
    Opened::parse(bytes).ok().map(|opened| opened.to_bytes())
}

/// An auditor's admission, as a note of anybody's.
#[must_use]
pub fn admission(bytes: &[u8]) -> Option<Vec<u8>> {
    Admission::parse(core::str::from_utf8(bytes).ok()?).map(|said| said.to_text().into_bytes())
}

/// A list of the store.
#[must_use]
pub fn listing(bytes: &[u8]) -> Option<Vec<u8>> {
    let records = listing::Record::parse_all(bytes).ok()?;
    let written: Option<Vec<Vec<u8>>> = records.iter().map(listing::Record::to_bytes).collect();
    Some(written?.concat())
}

/// A stored body as it is listed.
#[must_use]
pub fn listed_body(bytes: &[u8]) -> Option<Vec<u8>> {
    ListedBody::parse(bytes).ok().map(|body| body.to_bytes())
}

/// A chunk with its path.
#[must_use]
pub fn listed_chunk(bytes: &[u8]) -> Option<Vec<u8>> {
    ListedChunk::parse(bytes).ok()?.to_bytes()
}

/// The references of a commit.
#[must_use]
pub fn refs(bytes: &[u8]) -> Option<Vec<u8>> {
    Refs::parse(bytes).ok().map(|refs| refs.to_bytes())
}

/// A signed note.
#[must_use]
pub fn note(bytes: &[u8]) -> Option<Vec<u8>> {
    Note::parse(bytes).ok().map(|note| note.to_bytes())
}

/// The public key of a log or witness.
#[must_use]
pub fn note_key(bytes: &[u8]) -> Option<Vec<u8>> {
    let key = NoteKey::parse(core::str::from_utf8(bytes).ok()?).ok()?;
    Some(key.to_string().into_bytes())
}

/// The text of a checkpoint.
#[must_use]
pub fn checkpoint(bytes: &[u8]) -> Option<Vec<u8>> {
    let checkpoint = Checkpoint::parse(core::str::from_utf8(bytes).ok()?).ok()?;
    Some(checkpoint.to_text().into_bytes())
}

/// The name of a deployment's log.
#[must_use]
pub fn log_origin(bytes: &[u8]) -> Option<Vec<u8>> {
    let origin = Origin::parse(core::str::from_utf8(bytes).ok()?)?;
    Some(origin.to_string().into_bytes())
}

/// The address of a tile.
#[must_use]
pub fn tile_path(bytes: &[u8]) -> Option<Vec<u8>> {
    let tile = tile::Tile::parse(core::str::from_utf8(bytes).ok()?)?;
    Some(tile.path().into_bytes())
}

/// A bundle of three entries.
#[must_use]
pub fn tile_entries(bytes: &[u8]) -> Option<Vec<u8>> {
    let tile = tile::Tile {
        kind: tile::Kind::Entries,
        index: 0,
        width: 3,
    };
    let entries = tile.entries(bytes)?;
    let bundled: Option<Vec<Vec<u8>>> = entries.iter().map(|entry| tile::bundled(entry)).collect();
    Some(bundled?.concat())
}

/// A proof of the map.
#[must_use]
pub fn map_proof(bytes: &[u8]) -> Option<Vec<u8>> {
    MapProof::parse(bytes).ok().map(|proof| proof.to_bytes())
}

/// A stored tile of the map.
#[must_use]
pub fn map_tile(bytes: &[u8]) -> Option<Vec<u8>> {
    Tile::parse(bytes).ok().map(|tile| tile.to_bytes())
}

fn key() -> Key32 {
    Key32::new([7; 32])
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn context() -> Context {
    Context::new(Label::Local, &[&[5; 16]])
}

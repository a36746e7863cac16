//! Notes, checkpoints, tiles and proofs, held against Cloudflare's `signed_note` and `tlog_tiles`, which know the texts of
//! C2SP and nothing of Civis: they accept what ours writes, ours accepts what they write, and both refuse the same.
//!
//! Two things of C2SP are younger than those programs, and are translated here: an address names the height of its tile
//! (`tile/8/0/001`) and says `data` for entries; and they have no cosignature, so that their signature is asked about the
//! text that a witness signs.

use std::collections::HashMap;

use base64::BASE64;
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::{Kind as KeyKind, Note as OurNote, NoteKey, NoteSigner};
use crypto::audit::proof::{verify_consistency, verify_inclusion, verify_tile};
use crypto::audit::tile::{Kind, Tile as OurTile, WIDTH};
use crypto::id::Hash32;
use sdk::native::SystemRandom;
use shared::Hash as Sent;
use shared::audit::ReadProofs;
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tests::adversary::flip;
use tests::evil::{Evil, logged};
use tests::person::{Desk, Person, Safe};
use tests::public_log::PublicLog;
use tests::world::World;
use tlog_tiles::{
    Checkpoint, Error, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, stored_hash_index, stored_hashes, tree_hash,
};

/// A log of more than one full tile, and one who may ask for proofs.
async fn busy() -> (World, PublicLog, Safe) {
    let world = World::start(|_| {}).await.unwrap();
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    for number in 0..20 {
        safe.saves(&format!("{number}.pdf"), &[number; 100]).await;
    }
    for number in 0..260 {
        let object = safe.list()[number % 20].id.clone();
        safe.rename(&object, &format!("Bail {number}.pdf")).await.unwrap();
    }
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    let log = PublicLog::of(&world, logged(&evil.memory())).await;
    assert!(log.tree.size > 300 && !log.tree.size.is_multiple_of(256));
    (world, log, safe)
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_and_their_signatures_are_read_alike() {
    let (_world, log, _safe) = busy().await;
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&log.key).unwrap())]);
    let note = Note::from_bytes(&log.note).unwrap();
    assert_eq!(note.to_bytes(), log.note);
    let (held, unknown) = note.verify(&known).unwrap();
    assert_eq!((held.len(), unknown.len()), (1, 0));

    let theirs = Checkpoint::from_bytes(note.text()).unwrap();
    let key = NoteKey::parse(&log.key).unwrap();
    let ours = SignedCheckpoint::verify(&log.note, &key).unwrap();
    assert_eq!(theirs.origin(), ours.origin());
    assert_eq!((theirs.size(), theirs.hash().0), (log.tree.size, log.tree.root));
    assert_eq!(
        (theirs.extension(), theirs.to_bytes().as_slice()),
        ("", note.text())
    );

    // No bit of it can be another one, for neither.
    for bit in 0..log.note.len() * 8 {
        let mut other = log.note.clone();
        flip(&mut other, bit);
        let theirs = Note::from_bytes(&other).is_ok_and(|note| note.verify(&known).is_ok());
        let ours = SignedCheckpoint::verify(&other, &key).is_ok();
        assert_eq!((theirs, ours), (false, false), "bit {bit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cosignatures_hold_and_notes_of_others_are_read() {
    let (_world, log, _safe) = busy().await;
    let witness = NoteSigner::make("temoin.example/w", KeyKind::Cosignature, &mut SystemRandom);
    let witness = witness.unwrap().unwrap();
    let note = OurNote::parse(&log.note).unwrap();
    let signed = note
        .clone()
        .join(&witness.sign(note.text(), 1_795_330_800).unwrap());
    let both = signed.unwrap().to_bytes();
    let known = || -> VerifierList {
        VerifierList::new(vec![
            Box::new(StandardVerifier::new(&log.key).unwrap()),
            Box::new(Cosigner::of(&witness.public().to_string())),
        ])
    };
    let read = Note::from_bytes(&both).unwrap();
    let (held, unknown) = read.verify(&known()).unwrap();
    assert_eq!((held.len(), unknown.len()), (2, 0));
    let our_key = NoteKey::parse(&log.key).unwrap();
    let is_both = |bytes: &[u8]| {
        let theirs = Note::from_bytes(bytes)
            .is_ok_and(|note| note.verify(&known()).is_ok_and(|(held, _)| held.len() == 2));
        let ours = OurNote::parse(bytes)
            .is_ok_and(|note| note.verify(&our_key).is_ok() && note.verify(witness.public()).is_ok());
        (theirs, ours)
    };
    assert_eq!(is_both(&both), (true, true));
    for bit in 0..both.len() * 8 {
        let mut other = both.clone();
        flip(&mut other, bit);
        assert_eq!(is_both(&other), (false, false), "bit {bit}");
    }

    // The same text, signed by them: read here, and by no other key.
    let (signer, key) = their_key("autre.example/log", 7);
    let mut theirs = Note::new(read.text(), &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    let theirs = OurNote::parse(&theirs.to_bytes()).unwrap();
    assert_eq!(theirs.text().as_bytes(), read.text());
    assert_eq!(theirs.verify(&NoteKey::parse(&key).unwrap()), Ok(0));
    let (_, other) = their_key("autre.example/log", 8);
    assert!(theirs.verify(&NoteKey::parse(&other).unwrap()).is_err());
}

#[test]
fn addresses_of_tiles_are_read_and_written_alike() {
    let indices = [
        0,
        1,
        9,
        67,
        255,
        256,
        999,
        1_000,
        1_001,
        1_234_067,
        999_999_999,
        1 << 40,
    ];
    let hashes = (0..8).map(|level| Kind::Hashes { level });
    for kind in hashes.chain([Kind::Entries]) {
        for (index, width) in indices
            .iter()
            .flat_map(|index| [1, 112, 255, 256].map(|width| (*index, width)))
        {
            let ours = OurTile { kind, index, width };
            let theirs = their_tile(&ours);
            assert_eq!(their_path(&ours.path()), theirs.path());
            assert_eq!(Tile::from_path(&their_path(&ours.path())).unwrap(), theirs);
            assert_eq!(OurTile::parse(&our_path(&theirs.path())), Some(ours));
        }
    }
    for bad in [
        "tile/0",
        "tile/0/",
        "tile/0/1",
        "tile/0/x001",
        "tile/0/1234",
        "tile/0/001/067",
        "tile/0/x000/067",
        "tile/0/x01/067",
        "tile/0/xx001/067",
        "tile/0/001.p/256",
        "tile/0/001.p/012",
        "tile/0/001.p/",
        "tile/0/001.p/+5",
        "tile/0/001.p/-5",
        "tile/00/001",
        "tile/+1/001",
        "tile/-1/001",
        "tile/0/001/",
        "/tile/0/001",
        "tile//001",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ] {
        assert_eq!(OurTile::parse(bad), None, "{bad}");
        assert!(Tile::from_path(&their_path(bad)).is_err(), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_those_that_another_log_would_publish() {
    let (_world, log, _safe) = busy().await;
    // Their log over our entries: every hash, the root, and which tiles it has to publish.
    let mut made = Stored::default();
    for (number, entry) in log.entries.iter().enumerate() {
        let hashes = stored_hashes(number as u64, entry, &made).unwrap();
        made.0.extend(hashes);
    }
    assert_eq!(tree_hash(log.tree.size, &made).unwrap().0, log.tree.root);
    let published = Tile::new_tiles(8, 0, log.tree.size);
    let served = Served::of(&log);
    assert_eq!(published.len(), served.0.len());
    for tile in &published {
        assert_eq!(served.0[tile], tile.read_data(&made).unwrap(), "{}", tile.path());
    }
    // Their reader of our tiles, against our root: each level-0 hash is that of its entry.
    let reader = TileHashReader::new(log.tree.size, Hash(log.tree.root), &served);
    let leaves: Vec<u64> = (0..log.tree.size)
        .map(|index| stored_hash_index(0, index))
        .collect();
    let hashes = reader.read_hashes(&leaves).unwrap();
    for (hash, entry) in hashes.iter().zip(&log.entries) {
        assert!(*hash == record_hash(entry));
    }
    assert!(matches!(
        reader.read_hashes(&[stored_hash_index(0, log.tree.size)]),
        Err(Error::IndexesNotInTree)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_a_tile_is_refused_by_both() {
    let (_world, log, safe) = busy().await;
    let honest = Served::of(&log);
    assert!(honest.is_of(&log));
    for (tile, bytes) in &honest.0 {
        for at in (0..bytes.len()).step_by(199).chain([bytes.len() - 1]) {
            let mut altered = honest.clone();
            flip(altered.0.get_mut(tile).unwrap(), at * 8 + at % 8);
            assert!(!altered.is_of(&log), "byte {at} of {}", tile.path());
        }
    }
    // Ours reads bundles of entries, by the proof of the first of them.
    for (tile, bytes) in log.tiles.iter().filter(|(tile, _)| tile.kind == Kind::Entries) {
        let first = tile.index * u64::from(WIDTH);
        let proof = safe.ask_log(&asks(log.tree.size, &[], &[first])).await.unwrap();
        let holds = |bytes: &[u8]| {
            let entries = tile.entries(bytes).unwrap_or_default();
            let leaves: Vec<Hash32> = entries.iter().map(|entry| record_hash(entry).0).collect();
            let proof = plain(&proof.inclusion[0]);
            verify_tile(tile.index, &leaves, log.tree.size, &proof, &log.tree.root).is_ok()
        };
        assert!(holds(bytes));
        for at in (0..bytes.len()).step_by(61) {
            let mut altered = bytes.clone();
            flip(&mut altered, at * 8 + at % 8);
            assert!(!holds(&altered), "byte {at} of {}", tile.path());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_the_same_and_hold_for_both() {
    let (_world, log, safe) = busy().await;
    let served = Served::of(&log);
    let reader = TileHashReader::new(log.tree.size, Hash(log.tree.root), &served);
    // Trees of several sizes: full tiles, powers of two, one entry, the newest.
    let sizes = [1, 2, 3, 64, 255, 256, 257, 300, log.tree.size];
    let root = |size| tree_hash(size, &reader).unwrap();
    for size in sizes {
        let indices: Vec<u64> = [0, 1, 2, 63, 128, 254, 255, 256, 299, size - 1].into();
        let indices: Vec<u64> = indices.into_iter().filter(|index| *index < size).collect();
        let older: Vec<u64> = sizes.into_iter().filter(|old| *old <= size).collect();
        let told = safe.ask_log(&asks(size, &older, &indices)).await.unwrap();
        for (index, proof) in indices.iter().zip(&told.inclusion) {
            let theirs = prove_record(size, *index, &reader).unwrap();
            assert_eq!(theirs, foreign(proof));
            let entry = &log.entries[usize::try_from(*index).unwrap()];
            let leaf = record_hash(entry).0;
            each_alteration(&theirs, (root(size).0, leaf), |proof, root, leaf| {
                let theirs = check_record(&foreign_of(proof), size, Hash(*root), *index, Hash(*leaf));
                let ours = verify_inclusion(*index, size, leaf, proof, root);
                (theirs.is_ok(), ours.is_ok())
            });
        }
        for (old, proof) in older.iter().zip(&told.consistency) {
            let theirs = prove_tree(size, *old, &reader).unwrap();
            assert_eq!(theirs, foreign(proof));
            each_alteration(&theirs, (root(size).0, root(*old).0), |proof, root, before| {
                let theirs = check_tree(&foreign_of(proof), size, Hash(*root), *old, Hash(*before));
                let ours = verify_consistency(*old, size, proof, before, root);
                (theirs.is_ok(), ours.is_ok())
            });
        }
    }
}

/// The proof holds for both; with one bit of it, of the root or of the other hash flipped, a hash less or more, for none.
fn each_alteration(
    proof: &[Hash],
    (root, other): (Hash32, Hash32),
    holds: impl Fn(&[Hash32], &Hash32, &Hash32) -> (bool, bool),
) {
    let proof: Vec<Hash32> = proof.iter().map(|hash| hash.0).collect();
    assert_eq!(holds(&proof, &root, &other), (true, true));
    let refused = |proof: &[Hash32], root: &Hash32, other: &Hash32| {
        assert_eq!(holds(proof, root, other), (false, false));
    };
    for at in 0..proof.len() {
        let mut altered = proof.clone();
        flip(&mut altered[at], (at * 37) % 256);
        refused(&altered, &root, &other);
    }
    for bit in [0, 100, 255] {
        let (mut bad_root, mut bad_other) = (root, other);
        flip(&mut bad_root, bit);
        flip(&mut bad_other, bit);
        refused(&proof, &bad_root, &other);
        refused(&proof, &root, &bad_other);
    }
    refused(&[&proof[..], &[[7; 32]]].concat(), &root, &other);
    if let Some((_, less)) = proof.split_last() {
        refused(less, &root, &other);
    }
}

/// The tiles of hashes that the log serves, as their reader asks for them.
#[derive(Clone)]
struct Served(HashMap<Tile, Vec<u8>>);

impl Served {
    fn of(log: &PublicLog) -> Self {
        let hashes = log.tiles.iter().filter(|(tile, _)| tile.kind != Kind::Entries);
        Self(
            hashes
                .map(|(tile, bytes)| (their_tile(tile), bytes.clone()))
                .collect(),
        )
    }

    /// Whether all of them stand below the root that was signed: each full one under the tile above it, the others by the
    /// root. Asked one by one: where subtrees of the root share a tile, their reader passes over as many full ones.
    fn is_of(&self, log: &PublicLog) -> bool {
        let size = log.tree.size;
        let is_below = |(tile, bytes): (&Tile, &Vec<u8>)| {
            let index = stored_hash_index(8 * (tile.level() + 1), tile.level_index());
            let above = tile.parent(1, size).unwrap();
            let told = above.hash_at_index(&self.0[&above], index).unwrap();
            told == Tile::subtree_hash(bytes)
        };
        let mut full = self.0.iter().filter(|(tile, _)| tile.width() == u32::from(WIDTH));
        let root = Hash(log.tree.root);
        full.all(is_below)
            && tree_hash(size, &TileHashReader::new(size, root, self)).is_ok_and(|made| made == root)
    }
}

impl TileReader for Served {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles
            .iter()
            .map(|tile| self.0.get(tile).cloned().ok_or(Error::InvalidTile))
            .collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Hashes of a log that their program made itself.
#[derive(Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let at = |index: &u64| self.0.get(usize::try_from(*index).unwrap()).copied();
        indexes
            .iter()
            .map(|index| at(index).ok_or(Error::IndexesNotInTree))
            .collect()
    }
}

/// A witness: their name, key id and Ed25519, over what a cosignature covers.
struct Cosigner {
    name: String,
    id: u32,
    key: StandardVerifier,
}

impl Cosigner {
    fn of(key: &str) -> Self {
        let mut parts = key.splitn(3, '+');
        let name = parts.next().unwrap().to_owned();
        let id = u32::from_str_radix(parts.next().unwrap(), 16).unwrap();
        let mut bytes = BASE64.decode(parts.next().unwrap().as_bytes()).unwrap();
        assert_eq!((bytes[0], id), (4, signed_note::key_id(&name, &bytes)));
        bytes[0] = 1;
        let plain = format!(
            "{name}+{:08x}+{}",
            signed_note::key_id(&name, &bytes),
            BASE64.encode(&bytes)
        );
        let key = StandardVerifier::new(&plain).unwrap();
        Self { name, id, key }
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk::<8>() else {
            return false;
        };
        let head = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time));
        self.key.verify(&[head.as_bytes(), text].concat(), signature)
    }
}

/// A key of their making, from its own text: who signs, and the public half.
fn their_key(name: &str, seed: u8) -> (StandardSigner, String) {
    let public = NoteSigner::from_seed(name, KeyKind::Text, &[seed; 32])
        .unwrap()
        .public()
        .to_string();
    let id = public.split('+').nth(1).unwrap();
    let secret = BASE64.encode(&[&[1][..], &[seed; 32]].concat());
    let signer = StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id}+{secret}")).unwrap();
    (signer, public)
}

fn their_tile(tile: &OurTile) -> Tile {
    let level = match tile.kind {
        Kind::Hashes { level } => level,
        Kind::Entries => 0,
    };
    Tile::new(
        8,
        level,
        tile.index,
        tile.width.into(),
        tile.kind == Kind::Entries,
    )
}

/// C2SP's address, as it was written in Go's checksum database: with the height, and `data`.
fn their_path(path: &str) -> String {
    path.replacen("tile/", "tile/8/", 1)
        .replace("/entries/", "/data/")
}

fn our_path(path: &str) -> String {
    path.replacen("tile/8/", "tile/", 1)
        .replace("/data/", "/entries/")
}

fn asks(size: u64, sizes: &[u64], indices: &[u64]) -> ReadProofs {
    ReadProofs {
        size,
        sizes: sizes.to_vec(),
        indices: indices.to_vec(),
    }
}

fn plain(proof: &[Sent]) -> Vec<Hash32> {
    proof.iter().map(|hash| hash.0).collect()
}

fn foreign(proof: &[Sent]) -> Vec<Hash> {
    foreign_of(&plain(proof))
}

fn foreign_of(proof: &[Hash32]) -> Vec<Hash> {
    proof.iter().map(|hash| Hash(*hash)).collect()
}

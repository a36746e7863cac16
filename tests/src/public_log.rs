//! The log as anybody has it who knows its address: card, checkpoint, tiles; and who looks there for people.
//!
//! [`PublicLog::of`] fetches without a session, and checks what came against the root. [`examine`] looks for whatever could
//! tell entries of one person from those of another, [`compare`] for what two logs of as many entries differ in.

use std::collections::BTreeMap;
use std::time::Duration;

use crypto::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crypto::audit::note::{NoteKey, NoteSigner};
use crypto::audit::tile::{Kind, Tile, WIDTH, bundled};
use crypto::audit::tree::{TreeHead, leaf_hash, root_of_leaves};
use crypto::id::Hash32;
use shared::audit::LogCard;
use shared::path;

use crate::world::{World, plain_get};

mod chance;
mod examiner;
mod facts;

pub use examiner::{Finding, compare, examine};
pub use facts::Facts;

/// What was public at one moment.
#[derive(Clone)]
pub struct PublicLog {
    /// The log's key, as its card has it.
    pub key: String,
    /// The newest checkpoint, a note.
    pub note: Vec<u8>,
    /// What it says.
    pub tree: TreeHead,
    /// Every tile of hashes and of entries below it, as wide as it was then.
    pub tiles: BTreeMap<Tile, Vec<u8>>,
    /// All entries, in order.
    pub entries: Vec<Vec<u8>>,
}

impl PublicLog {
    /// Reads all of it, once the newest checkpoint covers `size` entries.
    ///
    /// # Panics
    /// Where it does not for ten seconds, or something is not served, or the entries are not those that were signed.
    pub async fn of(world: &World, size: u64) -> Self {
        let card = fetch(world, path::LOG).await;
        let card: LogCard = serde_json::from_slice(&card).expect("a card");
        let key = NoteKey::parse(&card.key).expect("a key");
        let (note, tree) = checkpoint(world, &key, size).await;
        let mut tiles = BTreeMap::new();
        for tile in tiles_of(tree.size) {
            tiles.insert(tile, fetch(world, &format!("/log/{}", tile.path())).await);
        }
        let mut entries = Vec::new();
        for (tile, bytes) in tiles.iter().filter(|(tile, _)| tile.kind == Kind::Entries) {
            assert_eq!(tile.index * u64::from(WIDTH), entries.len() as u64);
            let bundled = tile.entries(bytes).expect("a bundle");
            entries.extend(bundled.into_iter().map(<[u8]>::to_vec));
        }
        assert_eq!(root_of_leaves(&leaves(&entries)), tree.root, "what was signed");
        Self {
            key: card.key,
            note,
            tree,
            tiles,
            entries,
        }
    }

    /// What a log of these entries would publish.
    ///
    /// # Panics
    /// Where one of them is longer than an entry may be.
    #[must_use]
    pub fn made(signer: &NoteSigner, entries: Vec<Vec<u8>>) -> Self {
        let tree = TreeHead {
            size: entries.len() as u64,
            root: root_of_leaves(&leaves(&entries)),
        };
        let origin = signer.public().name().to_owned();
        let signed = Checkpoint { origin, tree }.sign(signer).expect("its own name");
        Self {
            key: signer.public().to_string(),
            note: signed.note().to_bytes(),
            tree,
            tiles: made_tiles(&entries),
            entries,
        }
    }
}

/// The addresses below a log of this size.
fn tiles_of(size: u64) -> Vec<Tile> {
    let hashes = (0..8).map(|level| Kind::Hashes { level });
    let of_kind = |kind| (0..).map_while(move |index| Tile::at(kind, index, size));
    hashes.chain([Kind::Entries]).flat_map(of_kind).collect()
}

/// What lies there where a log has these entries, and nothing else.
fn made_tiles(entries: &[Vec<u8>]) -> BTreeMap<Tile, Vec<u8>> {
    let leaves = leaves(entries);
    let tiles = tiles_of(entries.len() as u64).into_iter();
    tiles
        .map(|tile| (tile, made_tile(&tile, entries, &leaves)))
        .collect()
}

fn made_tile(tile: &Tile, entries: &[Vec<u8>], leaves: &[Hash32]) -> Vec<u8> {
    let first = tile.index * u64::from(WIDTH);
    let items = first..first + u64::from(tile.width);
    let at = |index: u64| usize::try_from(index).expect("short");
    match tile.kind {
        Kind::Entries => {
            let entries = &entries[at(items.start)..at(items.end)];
            let bundled = entries.iter().map(|entry| bundled(entry).expect("an entry"));
            bundled.flatten().collect()
        }
        Kind::Hashes { level } => {
            let level = 8 * level;
            let below = |index: u64| &leaves[at(index << level)..at((index + 1) << level)];
            let roots = items.map(|index| root_of_leaves(below(index)));
            roots.flatten().collect()
        }
    }
}

fn leaves(entries: &[Vec<u8>]) -> Vec<Hash32> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

/// The newest checkpoint, once it covers `size` entries.
async fn checkpoint(world: &World, key: &NoteKey, size: u64) -> (Vec<u8>, TreeHead) {
    for _ in 0..500 {
        let note = fetch(world, path::CHECKPOINT).await;
        let checkpoint = SignedCheckpoint::verify(&note, key).expect("the log's own");
        if checkpoint.tree().size >= size {
            return (note, *checkpoint.tree());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no checkpoint covers {size} entries");
}

async fn fetch(world: &World, path: &str) -> Vec<u8> {
    let answer = plain_get(world.address(), path, "").await.expect("an answer");
    assert_eq!(answer.status, 200, "{path}");
    answer.body
}

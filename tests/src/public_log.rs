//! The log as anybody has it who knows its address: card, checkpoint, tiles; fetched without a session, checked against
//! the root.

use std::collections::BTreeMap;
use std::time::Duration;

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::NoteKey;
use crypto::audit::tile::{Kind, Tile, WIDTH};
use crypto::audit::tree::{TreeHead, leaf_hash, root_of_leaves};
use shared::audit::LogCard;
use shared::path;

use crate::world::{World, plain_get};

/// What was public at one moment.
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
        let hashes = (0..8).map(|level| Kind::Hashes { level });
        for kind in hashes.chain([Kind::Entries]) {
            for tile in (0..).map_while(|index| Tile::at(kind, index, tree.size)) {
                tiles.insert(tile, fetch(world, &format!("/log/{}", tile.path())).await);
            }
        }
        let mut entries = Vec::new();
        for (tile, bytes) in tiles.iter().filter(|(tile, _)| tile.kind == Kind::Entries) {
            assert_eq!(tile.index * u64::from(WIDTH), entries.len() as u64);
            let bundled = tile.entries(bytes).expect("a bundle");
            entries.extend(bundled.into_iter().map(<[u8]>::to_vec));
        }
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(root_of_leaves(&leaves), tree.root, "what was signed");
        Self {
            key: card.key,
            note,
            tree,
            tiles,
            entries,
        }
    }
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

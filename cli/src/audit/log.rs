//! The log itself: its checkpoint, and every entry behind the last audit, hashed again and held to the tiles (A1 to A3).

use bytes::Bytes;
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::NoteKey;
use crypto::audit::policy::{Policy, RefusedCheckpoint};
use crypto::audit::prove::whole;
use crypto::audit::tile::{Kind, Tile, WIDTH};
use crypto::audit::tree::{Growing, TreeHead, leaf_hash, root_of_leaves};
use crypto::id::Hash32;
use shared::audit::LogCard;

use super::book::Mark;
use super::finding::{Findings, Name, Piece};
use super::source::{Source, SourceError};

/// A checkpoint that counts.
pub struct Signed {
    /// Size and root.
    pub tree: TreeHead,
    /// The note.
    pub bytes: Bytes,
    /// The oldest of the times by which the quorum's witnesses signed; 0 without witnesses.
    pub witnessed: u64,
}

/// What the deployment promises of its log, as a policy; `None` where it does not read.
#[must_use]
pub fn policy(card: &LogCard) -> Option<Policy> {
    let log = NoteKey::parse(&card.key).ok()?;
    let witnesses = card.witnesses.iter().map(|key| NoteKey::parse(key).ok());
    let witnesses = witnesses.collect::<Option<Vec<_>>>()?;
    Policy::new(log, witnesses, card.quorum, card.max_age, card.strict).ok()
}

/// The policy of an earlier audit.
#[must_use]
pub fn known_policy(mark: &Mark) -> Option<Policy> {
    policy(&LogCard {
        key: mark.key.clone(),
        witnesses: mark.witnesses.clone(),
        quorum: mark.quorum,
        max_age: mark.max_age,
        strict: mark.strict,
        restored_at: None,
    })
}

/// Reads the newest checkpoint and holds it to the policy (A1). Nothing where it does not count.
///
/// # Errors
/// [`SourceError`].
pub async fn checkpoint(
    source: &Source,
    policy: &Policy,
    findings: &mut Findings,
) -> Result<Option<Signed>, SourceError> {
    let bytes = source.checkpoint().await?;
    let proof = |bytes: &Bytes| vec![Piece::new("checkpoint", bytes)];
    match policy.accept(&bytes) {
        Ok(accepted) => {
            if accepted.is_stale(policy, source.now()) {
                findings.add(Name::Stale, "", proof(&bytes));
            }
            Ok(Some(Signed {
                tree: *accepted.checkpoint().tree(),
                witnessed: accepted.witnessed().unwrap_or(0),
                bytes,
            }))
        }
        Err(RefusedCheckpoint::Quorum) => {
            findings.add(Name::Quorum, "", proof(&bytes));
            Ok(None)
        }
        Err(_) => {
            findings.add(Name::Checkpoint, "", proof(&bytes));
            Ok(None)
        }
    }
}

/// Holds a checkpoint to where an earlier audit ended (A1, A2); whether the log can be read on from there.
pub fn continues(mark: &Mark, signed: &Signed, findings: &mut Findings) -> bool {
    let both = || {
        vec![
            Piece::new("checkpoint of before", &mark.checkpoint),
            Piece::new("checkpoint of now", &signed.bytes),
        ]
    };
    if signed.witnessed < mark.witnessed {
        findings.add(Name::Stale, "", both());
    }
    if signed.tree.size < mark.size {
        findings.add(
            Name::LogShrunk,
            format!("{} < {}", signed.tree.size, mark.size),
            both(),
        );
        return false;
    }
    let before = Growing::resume(mark.size, mark.complete.clone()).map(|tree| tree.head());
    if signed.tree.size == mark.size && before.is_some_and(|before| before.root != signed.tree.root) {
        findings.add(Name::LogForked, format!("{}", mark.size), both());
        return false;
    }
    true
}

/// Reads entries from a size to the checkpoint's and grows a tree with them.
pub struct Reading<'a> {
    source: &'a Source,
    signed: &'a Signed,
    before: TreeHead,
    tree: Growing,
    /// Roots of the full tiles of entries, from the first one that was read whole.
    full: Vec<Hash32>,
    first_full: Option<u64>,
    next: u64,
    tiles_agree: bool,
    checkpoint_before: Vec<u8>,
}

impl<'a> Reading<'a> {
    /// From where an earlier audit ended; from the first entry without one.
    #[must_use]
    pub fn new(source: &'a Source, signed: &'a Signed, tree: Growing, checkpoint_before: Vec<u8>) -> Self {
        Self {
            source,
            signed,
            before: tree.head(),
            next: tree.leaves(),
            tree,
            full: Vec::new(),
            first_full: None,
            tiles_agree: true,
            checkpoint_before,
        }
    }

    /// The entries of the next bundle, with the index of the first; none at the end, or where they do not come.
    ///
    /// # Errors
    /// [`SourceError::NotAdmitted`] never; a bundle that does not come is a finding.
    pub async fn next(&mut self, findings: &mut Findings) -> Option<(u64, Vec<Vec<u8>>)> {
        let size = self.signed.tree.size;
        if self.next >= size {
            return None;
        }
        let index = self.next / u64::from(WIDTH);
        let bundle = Tile::at(Kind::Entries, index, size)?;
        let bytes = match self.source.tile(&bundle).await {
            Ok(bytes) => bytes,
            Err(_) => return self.withheld(&bundle, findings),
        };
        let Some(entries) = bundle.entries(&bytes) else {
            return self.withheld(&bundle, findings);
        };
        let leaves: Vec<Hash32> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        self.hold(0, index, 0, &leaves, findings).await;
        let skipped = (self.next - index * u64::from(WIDTH)) as usize;
        leaves.iter().skip(skipped).for_each(|leaf| self.tree.push(*leaf));
        if bundle.is_full() {
            self.first_full.get_or_insert(index);
            self.full.push(root_of_leaves(&leaves));
        }
        let first = self.next;
        self.next = self.tree.leaves();
        let new = entries.into_iter().skip(skipped).map(<[u8]>::to_vec);
        Some((first, new.collect()))
    }

    /// Ends the reading: the tiles above, and the root (A2, A3). The tree, where all of it holds.
    pub async fn finish(mut self, findings: &mut Findings) -> Option<Growing> {
        if self.next < self.signed.tree.size {
            return None;
        }
        let mut roots = std::mem::take(&mut self.full);
        let mut first = self.first_full.unwrap_or(0);
        for level in 1..=TOP {
            if roots.is_empty() {
                break;
            }
            let mut above = Vec::new();
            let mut first_above = None;
            let mut at = 0;
            while at < roots.len() {
                let index = (first + at as u64) / u64::from(WIDTH);
                let within = ((first + at as u64) % u64::from(WIDTH)) as usize;
                let count = (usize::from(WIDTH) - within).min(roots.len() - at);
                let run = roots.get(at..at + count).unwrap_or_default();
                if let Some(hashes) = self.hold(level, index, within, run, findings).await
                    && hashes.len() == usize::from(WIDTH)
                {
                    first_above.get_or_insert(index);
                    above.push(root_of_leaves(&hashes));
                }
                at += count;
            }
            (roots, first) = (above, first_above.unwrap_or(0));
        }
        self.judge(findings).await
    }

    /// Holds computed hashes to the tile that should have them; the tile's hashes.
    async fn hold(
        &mut self,
        level: u8,
        index: u64,
        first: usize,
        computed: &[Hash32],
        findings: &mut Findings,
    ) -> Option<Vec<Hash32>> {
        let tile = Tile::at(Kind::Hashes { level }, index, self.signed.tree.size)?;
        let served = match self.source.tile(&tile).await {
            Ok(bytes) => tile.hashes(&bytes),
            Err(_) => None,
        };
        let Some(hashes) = served else {
            return self.withheld(&tile, findings);
        };
        if hashes.get(first..first + computed.len()) != Some(computed) {
            self.tiles_agree = false;
            let proof = vec![
                Piece::new(tile.path(), &hashes.concat()),
                Piece::new("computed from entries", &computed.concat()),
            ];
            findings.add(Name::TileAltered, tile.path(), proof);
        }
        Some(hashes)
    }

    /// Who is right where root and entries differ: the past that was seen, the entries, or nobody.
    async fn judge(self, findings: &mut Findings) -> Option<Growing> {
        if self.tree.root() == self.signed.tree.root {
            return Some(self.tree);
        }
        let proof = vec![
            Piece::new("checkpoint of before", &self.checkpoint_before),
            Piece::new("checkpoint of now", &self.signed.bytes),
        ];
        let past = match self.before.size {
            0 => Some(self.before.root),
            size => self.root_by_tiles(size).await,
        };
        let now = self.root_by_tiles(self.signed.tree.size).await;
        let name = if past.is_some_and(|past| past != self.before.root) {
            Name::LogForked
        } else if now == Some(self.signed.tree.root) || self.before.size == 0 || !self.tiles_agree {
            Name::EntriesAltered
        } else {
            // The entries behind are whole, and do not go on from what was seen.
            Name::LogForked
        };
        findings.add(name, format!("{}", self.signed.tree.size), proof);
        None
    }

    /// The root that the served tiles of hashes make.
    async fn root_by_tiles(&self, size: u64) -> Option<Hash32> {
        let run = whole(size)?;
        let mut roots = Vec::new();
        for node in run.nodes() {
            let place = node.place();
            let kind = Kind::Hashes { level: place.level };
            let tile = Tile::at(kind, place.index, self.signed.tree.size)?;
            let bytes = self.source.tile(&tile).await.ok()?;
            roots.push(place.root(&tile.hashes(&bytes)?)?);
        }
        run.root(&roots)
    }

    fn withheld<T>(&self, tile: &Tile, findings: &mut Findings) -> Option<T> {
        let proof = vec![Piece::new("checkpoint", &self.signed.bytes)];
        findings.add(Name::TileWithheld, tile.path(), proof);
        None
    }
}

/// A checkpoint of a log, whoever signed it: for evidence.
#[must_use]
pub fn read_checkpoint(bytes: &[u8], key: &NoteKey) -> Option<SignedCheckpoint> {
    SignedCheckpoint::verify(bytes, key).ok()
}

/// The highest level of tiles.
const TOP: u8 = 7;

//! Freshness S1: the log of the deployment, which every device sees alike. spec/flows.md section 10, checklist 41-43, 45.
//!
//! A checkpoint is accepted under the policy that the account's own manifest pins, and must continue every one that this
//! device, the manifest or a head has seen. Entries of what this client wrote or was served are owed until a checkpoint
//! covers them; then they must be in it. Entries that came since are looked through for heads, manifests and identities
//! of this account that the server does not show.

use crypto::audit::entry::{Entry, Tag};
use crypto::audit::note::NoteKey;
use crypto::audit::opening::{Opening, identity_label};
use crypto::audit::policy::{Accepted, RefusedCheckpoint};
use crypto::audit::proof::{verify_consistency, verify_inclusion, verify_tile};
use crypto::audit::tag::LogKey;
use crypto::audit::tile::{Kind, Tile, WIDTH};
use crypto::audit::tree::{TreeHead, leaf_hash};
use crypto::collection::head::SignedHead;
use crypto::id::Hash32;
use shared::audit::{LogWrite, Logged, Proofs, ReadProofs};
use shared::{AccountId, Hash, LogTag, limit};

use super::collection::SyncError;
use super::retry;
pub(crate) use super::seen::{Owed, Seen};
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, Known, Refused, Route, Subject};
use crate::session::{Newest, Unlocked};

/// What is looked for in the log, so that nothing of this account is hidden from it.
pub(crate) struct Wanted {
    /// Of the heads that would follow the one shown, and of what ends their epoch.
    pub(crate) heads: Vec<Tag>,
    /// Of the manifests that would follow, and of what ends the account key.
    pub(crate) manifests: Vec<Tag>,
    pub(crate) label: Hash32,
    pub(crate) seq: u32,
    pub(crate) bundle_hash: Hash32,
}

/// A checkpoint that the policy accepts, with what this device knew before it asked for it.
pub(crate) struct Look {
    before: Seen,
    /// Whatever is owed now was written or served before the checkpoint was asked for.
    owed: Vec<Owed>,
    accepted: Accepted,
}

impl Look {
    /// How far the log has grown.
    pub(crate) const fn size(&self) -> u64 {
        self.accepted.checkpoint().tree().size
    }
}

impl Unlocked {
    /// The newest checkpoint, accepted under the account's policy, or refused. Read before what it is to vouch for: what
    /// it covers was there already.
    pub(crate) async fn read_checkpoint(&self) -> Result<Look, SyncError> {
        self.looked.set(TreeHead::default());
        let (before, owed) = (self.seen_log().await?, self.owed_entries().await?);
        let note = match retry(self.device(), || api::audit::checkpoint(self.transport())).await {
            Ok(note) => note,
            Err(error) => {
                return Err(self
                    .withheld_log(error, Check::Checkpoint, Route::Checkpoint)
                    .await);
            }
        };
        let accepted = self.manifest.borrow().manifest.log.policy.accept(&note);
        match accepted {
            Ok(accepted) => {
                self.looked.set(*accepted.checkpoint().tree());
                Ok(Look {
                    before,
                    owed,
                    accepted,
                })
            }
            Err(RefusedCheckpoint::Quorum | RefusedCheckpoint::Checkpoint(_)) => {
                Err(self.refuse_log(Check::Checkpoint, Route::Checkpoint, &note).await)
            }
        }
    }

    /// Holds a checkpoint to everything that was seen before, to the entries that are owed, and to what stands in it.
    ///
    /// Of what was just served (`head`, and the manifest) the server's word alone says where it stands: it is proven here,
    /// or owed where the checkpoint does not come as far. A lie about it is refused and leaves nothing behind. `false` where
    /// the map has gone further than the checkpoint meanwhile: to be read again.
    pub(crate) async fn verify_log(
        &self,
        look: Look,
        bounds: &[TreeHead],
        head: Option<Owed>,
        wanted_heads: &[Tag],
    ) -> Result<bool, SyncError> {
        let Look {
            before,
            owed,
            accepted,
        } = look;
        let tree = *accepted.checkpoint().tree();
        let pinned = self.manifest.borrow().manifest.log.tree;
        let mut older = Vec::new();
        for bound in [before.tree, pinned].iter().chain(bounds) {
            let fits = match bound.size.cmp(&tree.size) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => bound.size == 0 || bound.root == tree.root,
                std::cmp::Ordering::Greater => false,
            };
            if !fits {
                return Err(self.refuse_fork(&accepted, bound, &before).await);
            }
            if bound.size > 0 && bound.size < tree.size && !older.contains(bound) {
                older.push(*bound);
            }
        }
        let manifest = self.told.get();
        let told: Vec<Owed> = head.into_iter().chain(manifest).collect();
        let new = told.into_iter().filter(|told| !told.is_among(&owed));
        let (mut due, new): (Vec<Owed>, Vec<Owed>) = new.partition(|owed| owed.index < tree.size);
        let (known, later): (Vec<Owed>, Vec<Owed>) = owed.iter().partition(|owed| owed.index < tree.size);
        due.extend(known);
        self.prove(&accepted, &before, &older, &due).await?;
        if !Box::pin(self.look_through(&before, &tree, wanted_heads)).await? {
            return Ok(false);
        }
        for owed in later {
            self.put_off(owed, &accepted).await?;
        }
        for mut owed in new {
            owed.passed = tree.size;
            self.owe(owed).await?;
        }
        // Another one may have been read meanwhile.
        if self.told.get() == manifest {
            self.told.set(None);
        }
        let seen = Seen {
            tree,
            scanned: tree.size,
            note: self.provable(&accepted),
        };
        self.keep_log(&seen).await?;
        self.know_log().await?;
        self.log.set(tree);
        self.witnessed.set(accepted.witnessed());
        self.settle(&tree).await?;
        Ok(true)
    }

    /// The note as it is kept: with what proves it to others, and nothing that a server could make it long with.
    fn provable(&self, accepted: &Accepted) -> Vec<u8> {
        let policy = &self.manifest.borrow().manifest.log.policy;
        let witnesses: Vec<&NoteKey> = policy.witnesses.iter().collect();
        let whole = accepted.checkpoint().clone().only(&policy.log, &witnesses);
        let bytes = whole.note().to_bytes();
        if Known::signed(&bytes).is_some() {
            bytes
        } else {
            whole.only(&policy.log, &[]).note().to_bytes()
        }
    }

    /// Consistency with what was seen, and inclusion of what is owed.
    async fn prove(
        &self,
        accepted: &Accepted,
        before: &Seen,
        mut older: &[TreeHead],
        mut owed: &[Owed],
    ) -> Result<(), SyncError> {
        let tree = accepted.checkpoint().tree();
        while !older.is_empty() || !owed.is_empty() {
            let (sizes, rest) = older.split_at(older.len().min(BATCH));
            let (entries, later) = owed.split_at(owed.len().min(BATCH));
            (older, owed) = (rest, later);
            let asked = ReadProofs {
                size: tree.size,
                sizes: sizes.iter().map(|bound| bound.size).collect(),
                indices: entries.iter().map(|owed| owed.index).collect(),
            };
            let proofs = self.read_proofs(&asked, Check::LogForked).await?;
            for (bound, proof) in sizes.iter().zip(&proofs.consistency) {
                if verify_consistency(bound.size, tree.size, &plain(proof), &bound.root, &tree.root).is_err()
                {
                    return Err(self.refuse_fork(accepted, bound, before).await);
                }
            }
            for (owed, proof) in entries.iter().zip(&proofs.inclusion) {
                if verify_inclusion(owed.index, tree.size, &owed.leaf, &plain(proof), &tree.root).is_err() {
                    return Err(self.refuse_missing(accepted, owed).await);
                }
                let key = owed_key(self.account_id, owed);
                self.device().local().delete(&key).await?;
            }
        }
        Ok(())
    }

    /// An entry that the checkpoint does not cover stays owed, but not for ever: an index that never comes is no entry. Of
    /// three checkpoints that were asked for after the entry was written, each longer than the one before, the third was
    /// made after the first was told: whatever was written then is in it.
    async fn put_off(&self, mut owed: Owed, accepted: &Accepted) -> Result<(), SyncError> {
        let size = accepted.checkpoint().tree().size;
        if size <= owed.passed {
            return Ok(());
        }
        (owed.passed, owed.times) = (size, owed.times.saturating_add(1));
        if owed.times >= PASSED_AT_MOST {
            return Err(self.refuse_missing(accepted, &owed).await);
        }
        Ok(self.owe(owed).await?)
    }

    async fn refuse_missing(&self, accepted: &Accepted, owed: &Owed) -> SyncError {
        let note = accepted.checkpoint().note().to_bytes();
        let entry = Known::Entry {
            index: owed.index,
            leaf: Hash(owed.leaf),
        };
        let refused = Refused::new(Check::LogEntry, Subject::Account, Route::Proofs, &note);
        self.refuse_and_halt(refused.knowing([entry])).await
    }

    /// Looks through the entries that came since for what is this account's and was not shown.
    pub(crate) async fn look_through(
        &self,
        before: &Seen,
        tree: &TreeHead,
        heads: &[Tag],
    ) -> Result<bool, SyncError> {
        let (mut first, mut without_identity) = (before.scanned, None);
        if tree.size.saturating_sub(first) > MAP_FROM {
            // Whoever was away for long, or is new, need not read it all.
            match Box::pin(self.prove_absence(tree, heads)).await? {
                Some(map) => (first, without_identity) = (map.covered, map.without_identity),
                None => return Ok(false),
            }
        }
        let mut wanted = self.wanted(heads);
        let width = u64::from(WIDTH);
        let tiles: Vec<u64> = (first / width..tree.size.div_ceil(width)).collect();
        let tiles = if first < tree.size { tiles } else { Vec::new() };
        for tiles in tiles.chunks(BATCH) {
            let asked = ReadProofs {
                size: tree.size,
                sizes: Vec::new(),
                indices: tiles.iter().map(|index| index * width).collect(),
            };
            let proofs = self.read_proofs(&asked, Check::LogEntries).await?;
            for (index, proof) in tiles.iter().zip(&proofs.inclusion) {
                let proof = plain(proof);
                let look = self.look_through_tile(*index, &proof, tree, &mut wanted);
                if look.await? {
                    without_identity = None;
                }
            }
        }
        if let Some(told) = without_identity {
            self.verify_newcomer(tree, &told).await?;
        }
        Ok(true)
    }

    /// One bundle: the log's own, and nothing in it is hidden from this client. Whether the own identity stands in it.
    async fn look_through_tile(
        &self,
        index: u64,
        proof: &[Hash32],
        tree: &TreeHead,
        wanted: &mut Wanted,
    ) -> Result<bool, SyncError> {
        let Some(tile) = Tile::at(Kind::Entries, index, tree.size) else {
            return Ok(false);
        };
        let call = || api::audit::bundle(self.transport(), &tile);
        let bytes = match retry(self.device(), call).await {
            Ok(bytes) => bytes,
            Err(error) => {
                return Err(self.withheld_log(error, Check::LogEntries, Route::Tile).await);
            }
        };
        let entries = tile.entries(&bytes).unwrap_or_default();
        let leaves: Vec<Hash32> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        if verify_tile(index, &leaves, tree.size, proof, &tree.root).is_err() {
            return Err(self.refuse_log(Check::LogEntries, Route::Tile, &bytes).await);
        }
        let mut has_identity = false;
        for entry in entries {
            has_identity |= wanted.is_identity(entry);
            let mut found = wanted.find(entry);
            if found == Some(Check::Hidden) && wanted.is_manifest(entry) {
                // Another device may have written it; the checkpoint is older than what the account says now.
                Box::pin(self.refresh_manifest()).await?;
                // From here on what would follow the newer one is looked for: nothing behind it was looked at yet.
                *wanted = self.wanted(&wanted.heads);
                found = wanted.find(entry);
            }
            if let Some(check) = found {
                return Err(self.refuse_log(check, Route::Tile, entry).await);
            }
        }
        Ok(has_identity)
    }

    pub(crate) async fn read_proofs(&self, asked: &ReadProofs, check: Check) -> Result<Proofs, SyncError> {
        let call = || api::audit::proofs(self.transport(), self.session(), asked);
        match retry(self.device(), call).await {
            Ok(proofs) => Ok(proofs),
            Err(error) => Err(self.withheld_log(error, check, Route::Proofs).await),
        }
    }

    /// Heads that were not shown, and manifests and identities besides the own.
    pub(crate) fn wanted(&self, heads: &[Tag]) -> Wanted {
        let newest = self.manifest.borrow();
        let account = LogKey::of_account(&self.keys.ark, self.account_id.as_bytes());
        let version = newest.record.header().version;
        let next = (1..=AHEAD).map(|ahead| account.tag(version.saturating_add(ahead)));
        Wanted {
            heads: heads.to_vec(),
            manifests: next.chain([account.end_tag()]).collect(),
            label: self.label(&newest.manifest.label_salt),
            seq: self.replica.borrow().bundle().seq(),
            bundle_hash: self.replica.borrow().bundle().hash(),
        }
    }

    fn label(&self, salt: &[u8; 16]) -> Hash32 {
        identity_label(self.account_id.as_bytes(), salt)
    }

    /// The tags of the heads that would follow this one, and of what ends its epoch.
    pub(crate) fn tags_after(&self, head: &SignedHead) -> Result<Vec<Tag>, LocalError> {
        let replica = self.replica.borrow();
        let key = replica.keys.key(head.epoch()).ok_or(LocalError)?;
        let key = LogKey::of_collection(key, &replica.id.0);
        let next = (1..=AHEAD).map(|ahead| key.tag(head.head_no().saturating_add(ahead)));
        Ok(next.chain([key.end_tag()]).collect())
    }

    /// What a commit of this head says for the log.
    pub(crate) fn log_head(&self, head: &SignedHead) -> Result<LogWrite, LocalError> {
        let replica = self.replica.borrow();
        let key = replica.keys.key(head.epoch()).ok_or(LocalError)?;
        let tag = LogKey::of_collection(key, &replica.id.0).tag(head.head_no());
        self.log_write(tag)
    }

    /// What a write of this manifest says for the log.
    pub(crate) fn log_manifest(&self, version: u64) -> Result<LogWrite, LocalError> {
        let key = LogKey::of_account(&self.keys.ark, self.account_id.as_bytes());
        self.log_write(key.tag(version))
    }

    fn log_write(&self, tag: Tag) -> Result<LogWrite, LocalError> {
        Ok(LogWrite {
            seed: Hash(self.device().make_bytes().map_err(|_| LocalError)?),
            tag: LogTag(tag),
        })
    }

    /// Where a head that was written or served stands in the log, or will stand.
    pub(crate) fn entry_of_head(&self, head: &SignedHead, logged: &Logged) -> Result<Owed, LocalError> {
        let tag = {
            let replica = self.replica.borrow();
            let key = replica.keys.key(head.epoch()).ok_or(LocalError)?;
            LogKey::of_collection(key, &replica.id.0).tag(head.head_no())
        };
        let opening = Opening::Head {
            collection_id: *head.collection_id(),
            head_no: head.head_no(),
            head_hash: *head.hash(),
        };
        Ok(Owed::new(logged, opening, tag))
    }

    /// What was written here, or served, is owed from now on, by the server's own word.
    pub(crate) async fn owe(&self, owed: Owed) -> Result<(), LocalError> {
        let key = owed_key(self.account_id, &owed);
        self.device().local().put(&key, &owed.to_bytes()).await
    }

    /// Where a manifest that was served stands in the log, by the server's word: looked at with the next checkpoint.
    pub(crate) fn told_manifest(&self, served: &Newest, logged: &Logged) {
        let key = LogKey::of_account(&self.keys.ark, self.account_id.as_bytes());
        let version = served.record.header().version;
        let opening = Opening::Manifest {
            label: self.label(&served.manifest.label_salt),
            version,
            manifest_hash: served.record.manifest_hash(),
        };
        self.told.set(Some(Owed::new(logged, opening, key.tag(version))));
    }

    /// Entries that no checkpoint covered yet.
    async fn owed_entries(&self) -> Result<Vec<Owed>, LocalError> {
        let local = self.device().local();
        let mut owed = Vec::new();
        for key in local.list(&format!("log/{}/owed/", self.account_id)).await? {
            // Another window may just have settled it.
            if let Some(stored) = local.get(&key).await? {
                owed.push(Owed::parse(&stored).ok_or(LocalError)?);
            }
        }
        Ok(owed)
    }

    pub(crate) async fn seen_log(&self) -> Result<Seen, LocalError> {
        let stored = self.device().local().get(&seen_key(self.account_id)).await?;
        // What cannot be read is a failed store, not a first visit.
        stored.map_or(Ok(Seen::default()), |stored| {
            Seen::parse(&stored).ok_or(LocalError)
        })
    }

    /// Only forward: another window may have seen more meanwhile.
    async fn keep_log(&self, seen: &Seen) -> Result<(), LocalError> {
        if self.seen_log().await?.tree.size > seen.tree.size {
            return Ok(());
        }
        let key = seen_key(self.account_id);
        self.device().local().put(&key, &seen.to_bytes()).await
    }

    /// Back to what the person has agreed to after a backup was put back.
    pub(crate) async fn start_log_over(&self, seen: &Seen) -> Result<(), LocalError> {
        let key = seen_key(self.account_id);
        self.device().local().put(&key, &seen.to_bytes()).await
    }

    async fn refuse_fork(&self, accepted: &Accepted, bound: &TreeHead, before: &Seen) -> SyncError {
        let note = accepted.checkpoint().note().to_bytes();
        let contradicted = Known::Checkpoint {
            size: bound.size,
            root: Hash(bound.root),
            signed: None,
        };
        // What a head or the manifest had seen is no note. The own one is, and proves what it can.
        let known = if before.tree == *bound {
            vec![known_log(before)]
        } else if before.tree.size > 0 {
            vec![contradicted, known_log(before)]
        } else {
            vec![contradicted]
        };
        let refused = Refused::new(Check::LogForked, Subject::Account, Route::Checkpoint, &note);
        self.refuse_and_halt(refused.knowing(known)).await
    }

    pub(crate) async fn refuse_log(&self, check: Check, route: Route, bytes: &[u8]) -> SyncError {
        let seen = self.seen_log().await.ok().filter(|seen| seen.tree.size > 0);
        let known = seen.map(|seen| known_log(&seen));
        let refused = Refused::new(check, Subject::Account, route, bytes);
        self.refuse_and_halt(refused.knowing(known)).await
    }

    /// A contradiction of the log: kept, and nothing is written until it is settled.
    async fn refuse_and_halt(&self, refused: Refused<'_>) -> SyncError {
        let refusal = self.refuse(refused).await;
        self.halt(&refusal, self.looked.get()).await;
        refusal.into()
    }

    /// The log answers everybody: "not here" and "not for you" are no answers of it.
    pub(crate) async fn withheld_log(&self, error: ApiError, check: Check, route: Route) -> SyncError {
        use shared::ErrorCode::{Forbidden, Malformed, NotFound};
        match error.problem_code() {
            Some(NotFound | Forbidden | Malformed) => self.refuse_log(check, route, &[]).await,
            _ => error.into(),
        }
    }
}

impl Wanted {
    /// What is wrong with an entry that nobody showed.
    fn find(&self, entry: &[u8]) -> Option<Check> {
        match Entry::parse(entry) {
            Ok(Entry::Sealed { tag, .. }) if self.heads.contains(&tag) || self.manifests.contains(&tag) => {
                Some(Check::Hidden)
            }
            Ok(Entry::Identity {
                label, bundle_hash, ..
            }) if label == self.label && bundle_hash != self.bundle_hash => Some(Check::Identity),
            // Types of later versions are nobody's business here.
            _ => None,
        }
    }

    fn is_identity(&self, entry: &[u8]) -> bool {
        matches!(Entry::parse(entry), Ok(Entry::Identity { label, bundle_hash, .. })
            if label == self.label && bundle_hash == self.bundle_hash)
    }

    fn is_manifest(&self, entry: &[u8]) -> bool {
        matches!(Entry::parse(entry), Ok(Entry::Sealed { tag, .. }) if self.manifests.contains(&tag))
    }
}

fn known_log(seen: &Seen) -> Known {
    Known::Checkpoint {
        size: seen.tree.size,
        root: Hash(seen.tree.root),
        signed: Known::signed(&seen.note),
    }
}

pub(crate) fn plain(proof: &[Hash]) -> Vec<Hash32> {
    proof.iter().map(|hash| hash.0).collect()
}

fn seen_key(account: AccountId) -> String {
    format!("pin/{account}/log")
}

/// One for each entry: a second one for an index does not take the place of the first.
fn owed_key(account: AccountId, owed: &Owed) -> String {
    format!("log/{account}/owed/{:020}-{}", owed.index, Hash(owed.leaf))
}

/// Heads and manifests that are looked for beyond those shown.
const AHEAD: u64 = 4;
/// Checkpoints, each longer than the one before, that may pass without an entry that is owed.
const PASSED_AT_MOST: u8 = 3;
/// Proofs asked for at once.
const BATCH: usize = limit::PROOFS as usize;
/// Entries behind the map's newest root that are still looked through: 3.3 MB.
pub(crate) const SCANNED_AT_MOST: u64 = 65_536;
/// More entries than this are asked of the map: reading them would cost more than its proofs.
const MAP_FROM: u64 = 256;

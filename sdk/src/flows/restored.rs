//! A deployment that came out of a backup: the next generation of its log, which says so, and the person who is asked
//! before anything goes on. spec/flows.md section 11, spec/log.md section 7, checklist 41.
//!
//! Nothing is lowered on the server's word alone. What the account or this device pinned of the log before names the key
//! under which the last checkpoint of that log must be signed; what was seen of it must lie before that; and what the
//! backup kept of it must be the beginning of the new log.

use crypto::account::manifest::Manifest;
use crypto::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crypto::audit::entry::Entry;
use crypto::audit::note::{Note, NoteKey};
use crypto::audit::origin::Origin;
use crypto::audit::policy::{Accepted, Policy};
use crypto::audit::proof::{verify_consistency, verify_inclusion};
use crypto::audit::tile::{Kind, Tile, WIDTH};
use crypto::audit::tree::{TreeHead, leaf_hash};
use crypto::collection::head::Pin;
use crypto::collection::index::Index;
use serde::{Deserialize, Serialize};
use shared::audit::{LogCard, ReadProofs};
use shared::{AccountId, Hash};

use super::collection::{Replica, SyncError};
use super::freshness::{Seen, plain};
use super::item::{ContentId, Kind as ItemKind, ObjectId};
use super::login::OpenError;
use super::{pin, policy, retry};
use crate::api;
use crate::error::LocalError;
use crate::evidence::{Check, Known, Refusal, Refused, Route, Subject};
use crate::session::Unlocked;

/// What a person is told of a backup that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Entries that the log is known to have had.
    pub before: u64,
    /// Of them, those that are proven to be in the backup.
    pub kept: u64,
    /// What the operator says about it.
    pub reason: String,
    /// Changes of the list that this device has seen and that are not there any more; at least so many.
    pub changes: u64,
    /// The same of the account: its phrase, its sheet.
    pub account_changes: u64,
    /// Names of documents that this device knows and whose newest content is gone.
    pub gone: Vec<String>,
}

/// A restoration that was proven, and that nobody has said yes to.
#[derive(Clone)]
pub(crate) struct Pending {
    told: Restored,
    refusal: Refusal,
    policy: Policy,
    seen: Seen,
    head: Pin,
    signed: Vec<u8>,
}

/// The log as this device, or else the account, knew it.
pub(crate) struct KnownLog {
    pub(crate) key: NoteKey,
    seen: Seen,
    /// How far it was seen, by whoever.
    bounds: Vec<TreeHead>,
}

/// What the new log says about the one before.
struct Found {
    accepted: Accepted,
    entry: Vec<u8>,
    reason: String,
    before: TreeHead,
    kept: u64,
}

impl Unlocked {
    /// What the person is asked about a backup that was put back: until the yes nothing is shown or written.
    #[must_use]
    pub fn restored(&self) -> Option<Restored> {
        self.restored
            .borrow()
            .as_ref()
            .map(|pending| pending.told.clone())
    }

    /// The person says yes: from here on the new log counts, and what it holds of the list and of the account. Never called
    /// for anybody who was not shown [`Restored`].
    ///
    /// # Errors
    /// [`SyncError`]; where it is one of this device the question stays.
    pub async fn agree_to_restored(&self) -> Result<(), SyncError> {
        let _turn = self.turn.lock().await;
        let Some(pending) = self.restored.borrow().clone() else {
            return Ok(());
        };
        self.forget_before(&pending).await?;
        {
            let mut replica = self.replica.borrow_mut();
            replica.pin = pending.head;
            replica.state = None;
        }
        self.log.set(pending.seen.tree);
        self.policy_held.set(false);
        self.restored.replace(None);
        // The new log's key enters the manifest on the way.
        Box::pin(self.sync_in_turn()).await?;
        Ok(())
    }

    /// Nothing is written while the question is open.
    pub(crate) fn verify_agreed(&self) -> Result<(), Refusal> {
        match &*self.restored.borrow() {
            Some(pending) => Err(pending.refusal.clone()),
            None => Ok(()),
        }
    }

    /// The log that counts here: the one that this device has agreed to, or the one of the account's manifest.
    pub(crate) async fn known_log(&self) -> Result<KnownLog, LocalError> {
        let pinned = self.manifest.borrow().manifest.log.clone();
        let stored = self.device().local().get(&key_of(self.account_id)).await?;
        let key = match stored {
            // What cannot be read is a failed store, not a first visit.
            Some(stored) => parse_key(&stored).ok_or(LocalError)?,
            None => pinned.policy.log.clone(),
        };
        let seen = self.seen_log().await?;
        let mut bounds = Vec::new();
        if origin_of(&seen.note).as_deref() == Some(key.name()) {
            bounds.push(seen.tree);
        }
        if pinned.policy.log == key {
            bounds.push(pinned.tree);
        }
        bounds.retain(|bound| bound.size > 0);
        Ok(KnownLog { key, seen, bounds })
    }

    /// A log was verified here for the first time: from now on it is this one.
    pub(crate) async fn know_log(&self) -> Result<(), LocalError> {
        let (key, local) = (key_of(self.account_id), self.device().local());
        if local.get(&key).await?.is_some() {
            return Ok(());
        }
        let log = self.manifest.borrow().manifest.log.policy.log.to_string();
        local.put(&key, log.as_bytes()).await
    }

    /// The account record is older than this device knows. Whether it comes out of a backup that the log speaks of; then the
    /// person is asked.
    pub(crate) async fn is_restored(&self) -> Result<bool, OpenError> {
        let card = retry(self.device(), || api::audit::card(self.transport())).await?;
        let known = self.known_log().await?;
        let Some(stated) = policy::policy_of(&card) else {
            return Ok(false);
        };
        match Box::pin(self.meet_restored(&stated, &card, &known)).await {
            Ok(met) => Ok(met.is_some()),
            Err(SyncError::Refused(refusal)) => Err(refusal.into()),
            Err(SyncError::Api(error)) => Err(error.into()),
            Err(SyncError::Local(error)) => Err(error.into()),
        }
    }

    /// The deployment states another log than the one known here. `None` where it does not even say that it goes on from a
    /// backup of that one; otherwise what it says holds, and is to be asked about, or is refused.
    pub(crate) async fn meet_restored(
        &self,
        stated: &Policy,
        card: &LogCard,
        known: &KnownLog,
    ) -> Result<Option<Refusal>, SyncError> {
        let names = [known.key.name(), stated.log.name()].map(Origin::parse);
        let [Some(before), Some(after)] = names else {
            return Ok(None);
        };
        let (Some(steps), Some(restored_at)) = (before.steps_to(&after), card.restored_at) else {
            return Ok(None);
        };
        let mut pinned = self.manifest.borrow().manifest.log.policy.clone();
        pinned.log = stated.log.clone();
        if pinned.is_weakened_by(stated) {
            return Ok(None);
        }
        let found = self.read_predecessor(stated, restored_at, steps, known).await?;
        self.verify_kept(&found, known).await?;
        let pending = self.compare(stated, found, known).await?;
        let refusal = pending.refusal.clone();
        self.restored.replace(Some(pending));
        Ok(Some(refusal))
    }

    /// The entry in which the new log names the one before, proven under the new log's own checkpoint; the last word of the
    /// log before in it is signed with the key that was known here.
    async fn read_predecessor(
        &self,
        stated: &Policy,
        restored_at: u64,
        steps: u32,
        known: &KnownLog,
    ) -> Result<Found, SyncError> {
        let note = match retry(self.device(), || api::audit::checkpoint(self.transport())).await {
            Ok(note) => note,
            Err(error) => {
                return Err(self
                    .withheld_log(error, Check::Checkpoint, Route::Checkpoint)
                    .await);
            }
        };
        let Ok(accepted) = stated.accept(&note) else {
            return Err(self.refuse_log(Check::Checkpoint, Route::Checkpoint, &note).await);
        };
        let tree = *accepted.checkpoint().tree();
        // Behind the entry for the log right before stand those for the ones before that.
        let index = restored_at.saturating_add(u64::from(steps - 1));
        let entry = self.read_entry(index, &tree).await?;
        let Ok(Entry::Predecessor {
            origin,
            checkpoint,
            reason,
        }) = Entry::parse(&entry)
        else {
            return Err(self.refuse_log(Check::LogForked, Route::Tile, &entry).await);
        };
        let last = SignedCheckpoint::verify(&checkpoint, &known.key);
        let last = last.ok().filter(|last| last.origin() == origin);
        let Some(last) = last else {
            return Err(self.refuse_log(Check::LogForked, Route::Tile, &entry).await);
        };
        Ok(Found {
            accepted,
            entry,
            reason,
            before: *last.tree(),
            // Of a log further back nobody can prove where the new one leaves it.
            kept: if steps == 1 { restored_at } else { 0 },
        })
    }

    /// One entry, proven to stand there.
    async fn read_entry(&self, index: u64, tree: &TreeHead) -> Result<Vec<u8>, SyncError> {
        let width = u64::from(WIDTH);
        let tile = Tile::at(Kind::Entries, index / width, tree.size).filter(|_| index < tree.size);
        let Some(tile) = tile else {
            return Err(self.refuse_log(Check::LogForked, Route::Log, &[]).await);
        };
        let call = || api::audit::bundle(self.transport(), &tile);
        let bytes = match retry(self.device(), call).await {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.withheld_log(error, Check::LogEntries, Route::Tile).await),
        };
        let asked = ReadProofs {
            size: tree.size,
            sizes: Vec::new(),
            indices: vec![index],
        };
        let proofs = self.read_proofs(&asked, Check::LogForked).await?;
        let within = usize::try_from(index % width).unwrap_or(usize::MAX);
        let entries = tile.entries(&bytes).unwrap_or_default();
        let (entry, proof) = (entries.get(within), proofs.inclusion.first());
        match entry.zip(proof) {
            Some((entry, proof))
                if verify_inclusion(index, tree.size, &leaf_hash(entry), &plain(proof), &tree.root)
                    .is_ok() =>
            {
                Ok(entry.to_vec())
            }
            _ => Err(self.refuse_log(Check::LogEntries, Route::Tile, &bytes).await),
        }
    }

    /// What was seen of the log before lies before its last checkpoint; and where the backup came as far as that, in the new
    /// log. A log that lost nothing was not restored.
    async fn verify_kept(&self, found: &Found, known: &KnownLog) -> Result<(), SyncError> {
        let tree = found.accepted.checkpoint().tree();
        let seen_more = known.bounds.iter().any(|bound| {
            bound.size > found.before.size || (bound.size == found.before.size && *bound != found.before)
        });
        if seen_more || found.before.size <= found.kept {
            return Err(self.refuse_log(Check::LogForked, Route::Tile, &found.entry).await);
        }
        for bound in known.bounds.iter().filter(|bound| bound.size <= found.kept) {
            let asked = ReadProofs {
                size: tree.size,
                sizes: vec![bound.size],
                indices: Vec::new(),
            };
            let proofs = self.read_proofs(&asked, Check::LogForked).await?;
            let proof = proofs.consistency.first().map(|proof| plain(proof));
            let holds = proof.is_some_and(|proof| {
                verify_consistency(bound.size, tree.size, &proof, &bound.root, &tree.root).is_ok()
            });
            if !holds {
                return Err(self
                    .refuse_log(Check::LogForked, Route::Proofs, &found.entry)
                    .await);
            }
        }
        Ok(())
    }

    /// What this device knows of list and account beside what is there now. The list is the newest of the new log: nothing of
    /// it is hidden; evidence of both logs is kept.
    async fn compare(&self, stated: &Policy, found: Found, known: &KnownLog) -> Result<Pending, SyncError> {
        let id = self.replica.borrow().id;
        let local = pin::head(self.device(), self.account_id, id).await?;
        let (bound, standing) = {
            let bound = self.bound()?;
            // From what the account itself says; the pin of this device may lie ahead of what the backup has.
            let pinned = std::mem::replace(&mut self.replica.borrow_mut().pin, bound);
            let standing = Box::pin(self.read_standing(id)).await;
            self.replica.borrow_mut().pin = pinned;
            (bound, standing?)
        };
        let head = standing.head.head();
        let (tree, note) = {
            let checkpoint = found.accepted.checkpoint();
            (*checkpoint.tree(), checkpoint.note().to_bytes())
        };
        let tags = self.tags_after(head)?;
        // Where the map went on meanwhile there is nothing to vouch for here: the reading that follows a yes looks again.
        Box::pin(self.look_through(&Seen::default(), &tree, &tags)).await?;
        let index = Box::pin(self.load_pages(id, &standing.head)).await?;
        let told = Restored {
            before: found.before.size,
            kept: found.kept,
            reason: found.reason,
            changes: local.map_or(0, |local| lost(&local, &bound, head.head_no(), &standing.passed)),
            account_changes: self.lost_manifests().await,
            gone: self.lost_documents(&index).await?,
        };
        let checkpoints = [(&known.seen.tree, &known.seen.note), (&tree, &note)];
        let checkpoints = checkpoints.map(|(tree, note)| Known::Checkpoint {
            size: tree.size,
            root: Hash(tree.root),
            signed: Known::signed(note),
        });
        let refused = Refused::new(Check::Restored, Subject::Account, Route::Tile, &found.entry);
        let refusal = self.refuse(refused.knowing(checkpoints)).await;
        Ok(Pending {
            told,
            refusal,
            policy: stated.clone(),
            seen: Seen {
                tree,
                // All of it is looked through once more, under the policy that was agreed to.
                scanned: 0,
                note,
            },
            head: head.pin(),
            signed: head.to_bytes().to_vec(),
        })
    }

    /// How far back the account itself goes.
    fn bound(&self) -> Result<Pin, LocalError> {
        let id = self.replica.borrow().id;
        let newest = self.manifest.borrow();
        lower_bound(&newest.manifest, &id.0).ok_or(LocalError)
    }

    /// Versions of the account record that this device has seen and that are not there.
    async fn lost_manifests(&self) -> u64 {
        let served = self.manifest.borrow().record.manifest_pin();
        match pin::known_manifest(self.device(), self.account_id).await {
            Some(Known::Manifest { version, hash }) if version == served.version => {
                u64::from(hash.0 != served.hash)
            }
            Some(Known::Manifest { version, .. }) => version.saturating_sub(served.version),
            _ => 0,
        }
    }

    /// Names of documents of the list that was kept here whose content the backup does not name.
    async fn lost_documents(&self, index: &Index) -> Result<Vec<String>, LocalError> {
        let kept = self.known_items().await?.unwrap_or_default();
        let documents = kept
            .into_iter()
            .filter(|item| item.kind == ItemKind::Document && !item.in_trash);
        let is_lost = |id: &ObjectId, content: Option<ContentId>| {
            let entry = id.parse().and_then(|id| index.entry(&id).cloned());
            let held = entry.is_some_and(|entry| {
                entry
                    .contents()
                    .any(|held| Some(ContentId::of(held.body_id())) == content)
            });
            !held
        };
        Ok(documents
            .filter(|item| is_lost(&item.id, item.content.clone()))
            .map(|item| item.name)
            .collect())
    }

    /// Everything that this device held against the server falls back to what the backup has; the key of the log last of all:
    /// where this is cut, the question is asked again.
    async fn forget_before(&self, pending: &Pending) -> Result<(), LocalError> {
        let (account, local) = (self.account_id, self.device().local());
        for owed in local.list(&format!("log/{account}/owed/")).await? {
            local.delete(&owed).await?;
        }
        let collection = self.replica.borrow().id;
        let record = self.manifest.borrow().record.manifest_pin();
        pin::start_over(self.device(), account, &record).await?;
        pin::start_head_over(self.device(), account, collection, &pending.head, &pending.signed).await?;
        self.start_log_over(&pending.seen).await?;
        let key = pending.policy.log.to_string();
        local.put(&key_of(account), key.as_bytes()).await
    }

    /// What the log says about its own beginning, for a device that never saw the one before: the operator's word, proven to
    /// be what everybody is told. `None` where it is the first.
    pub(crate) async fn restored_before(&self) -> Result<Option<Restored>, SyncError> {
        let Some(restored_at) = self.restored_at.get() else {
            return Ok(None);
        };
        let entry = self.read_entry(restored_at, &self.log.get()).await?;
        let Ok(Entry::Predecessor {
            checkpoint, reason, ..
        }) = Entry::parse(&entry)
        else {
            return Err(self.refuse_log(Check::LogForked, Route::Tile, &entry).await);
        };
        let last = Note::parse(&checkpoint).ok();
        let last = last.and_then(|note| Checkpoint::parse(note.text()).ok());
        Ok(Some(Restored {
            before: last.map_or(restored_at, |last| last.tree.size),
            kept: restored_at,
            reason,
            changes: 0,
            account_changes: 0,
            gone: Vec::new(),
        }))
    }
}

/// How many changes of the list this device has seen that the backup does not have; at least one where its newest is not in
/// the chain that was shown.
fn lost(local: &Pin, bound: &Pin, newest: u64, passed: &[[u8; 32]]) -> u64 {
    if local.head_no > newest {
        return local.head_no - newest;
    }
    let shown = match local.head_no.checked_sub(bound.head_no) {
        // The account says itself that it went on from there.
        None => return 0,
        Some(0) => Some(&bound.head_hash),
        Some(steps) => usize::try_from(steps - 1).ok().and_then(|at| passed.get(at)),
    };
    u64::from(shown != Some(&local.head_hash))
}

fn lower_bound(manifest: &Manifest, collection: &[u8; 16]) -> Option<Pin> {
    manifest.collections.get(collection).map(Replica::bound)
}

/// The log that signed a note, by its first line: what this device keeps was verified before it was kept.
fn origin_of(note: &[u8]) -> Option<String> {
    let note = Note::parse(note).ok()?;
    Some(Checkpoint::parse(note.text()).ok()?.origin)
}

pub(crate) fn parse_key(bytes: &[u8]) -> Option<NoteKey> {
    NoteKey::parse(core::str::from_utf8(bytes).ok()?).ok()
}

fn key_of(account: AccountId) -> String {
    format!("pin/{account}/log-key")
}

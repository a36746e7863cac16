//! Going on from a backup, on the word of the operator alone: the next generation of the log (`spec/log.md`, section 7).
//!
//! A log never shrinks. Where the store is older than what the log has signed, its entries become the beginning of another
//! log with a name and a key of its own, which says with its first new entry what came before it. Every step is durable
//! before the next one; whoever is cut between two runs it again.

use std::path::Path;

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::entry::{Entry, TEXT_BYTES};
use crypto::audit::note::{Kind, NoteSigner};
use crypto::audit::origin::Origin;
use crypto::audit::tree::{Growing, TreeHead, leaf_hash};
use crypto::id::Id;

use super::keep::{self, LogError, Memory};
use super::publish::{AT_ONCE, Log};
use super::tiles;
use crate::key;
use crate::state::System;
use crate::store::{Batch, CommitError, Indexed, IndexedWrite, MetaStore, StoreError};
use crate::transact::Writes;

/// What going on from this backup means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// Name of the log that ends.
    pub before: String,
    /// Entries that it is known to have had.
    pub size: u64,
    /// Entries that the backup holds.
    pub kept: u64,
    /// Name of the log that begins.
    pub after: String,
}

/// What stands in the way of it, or how far it is.
pub(crate) struct Plan {
    signer: NoteSigner,
    origin: Origin,
    next: Origin,
    last: SignedCheckpoint,
    kept: u64,
    /// The store goes on already: what is missing is the new key.
    appended: bool,
}

impl Plan {
    /// Looks at what is there, and changes nothing.
    pub(crate) async fn make(
        keys: &Path,
        store: &dyn MetaStore,
        deployment_id: &Id,
        given: Option<&[u8]>,
    ) -> Result<Self, LogError> {
        let signer = keep::key(keys)?;
        let origin = Origin::parse(signer.public().name()).ok_or(LogError::Key)?;
        let (stored, restored_at) = standing(store, deployment_id).await?;
        let stored = Origin::parse(&stored).ok_or(LogError::Key)?;
        let appended = stored.generation > origin.generation;
        let last = newest(keys, &signer, origin, given)?;
        let (held, total) = held(store, last.tree().size).await?;
        if stored.deployment_id != origin.deployment_id {
            return Err(LogError::Key);
        }
        if appended {
            // Only what this very command left: the key it archived is the one that is still in use.
            let next = keep::signer(keys, &stored.to_string(), false, &Memory::none());
            if !matches!(next, Err(LogError::Unfinished)) {
                return Err(LogError::Key);
            }
        } else if held == *last.tree() {
            return Err(LogError::NotOlder);
        } else if total >= last.tree().size {
            return Err(LogError::Other);
        }
        let generation = origin.generation.checked_add(1).ok_or(LogError::Key)?;
        Ok(Self {
            signer,
            origin,
            next: Origin { generation, ..origin },
            last,
            kept: restored_at.filter(|_| appended).unwrap_or(total),
            appended,
        })
    }

    /// For the operator.
    pub(crate) fn told(&self) -> Restoration {
        Restoration {
            before: self.origin.to_string(),
            size: self.last.tree().size,
            kept: self.kept,
            after: self.next.to_string(),
        }
    }

    /// Does it.
    pub(crate) async fn carry_out(
        &self,
        keys: &Path,
        store: &dyn MetaStore,
        reason: &str,
    ) -> Result<(), LogError> {
        if !self.appended {
            let plain = !reason.contains(char::is_control) && !reason.trim().is_empty();
            if !plain || reason.len() > TEXT_BYTES {
                return Err(LogError::Reason);
            }
            self.archive(keys)?;
            self.append(keys, store, reason).await?;
        }
        let signer = self.sign(keys, store).await?;
        keep::keep_key(keys, &signer)
    }

    /// First: the key and the last word of the log that ends.
    fn archive(&self, keys: &Path) -> Result<(), LogError> {
        let note = self.last.note().to_bytes();
        keep::archive(keys, &self.signer, self.origin.generation, &note)
    }

    /// Second: the entries that say so, and where they stand. One for each log that came before, the newest first: whoever
    /// knew any of them finds its own behind the same index.
    async fn append(&self, keys: &Path, store: &dyn MetaStore, reason: &str) -> Result<(), LogError> {
        let mut batch = Batch::default();
        for generation in (1..self.next.generation).rev() {
            let entry = Entry::Predecessor {
                origin: Origin {
                    generation,
                    ..self.origin
                }
                .to_string(),
                checkpoint: keep::archived(keys, generation)?,
                reason: reason.to_owned(),
            };
            batch.append.push(entry.to_bytes());
        }
        let (table, key) = key::restored();
        batch.indexed.push(Indexed {
            entry: 0,
            table,
            key,
            write: IndexedWrite::Value,
        });
        // A deployment that was never restored before has nothing there; one that was, what it was restored at then.
        let (table, key) = key::restored();
        match store.get(table, &key).await? {
            None => batch.absent(&key::restored()),
            Some(known) => batch.expect(&key::restored(), crate::store::value_hash(&known)),
        };
        match store.commit(batch).await {
            Ok(_) => Ok(()),
            Err(CommitError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(StoreError::Unavailable.into()),
        }
    }

    /// Third: a key that has signed nothing, and its first checkpoint over all of it. Last of all the key takes its place: one
    /// that is lost before that has signed nothing that anybody saw.
    async fn sign(&self, keys: &Path, store: &dyn MetaStore) -> Result<NoteSigner, LogError> {
        let name = self.next.to_string();
        let signer = NoteSigner::make(&name, Kind::Text, &mut System)?.map_err(|_| LogError::Key)?;
        let own =
            NoteSigner::from_seed(&name, Kind::Text, signer.expose_seed()).map_err(|_| LogError::Key)?;
        Log::anew(store, own, Memory::file(keys)).await?;
        Ok(signer)
    }
}

/// The name of the log that the store holds, and the index with which it goes on from a backup: the entry there names the
/// log before.
pub(super) async fn standing(
    store: &dyn MetaStore,
    deployment_id: &Id,
) -> Result<(String, Option<u64>), LogError> {
    let first = Origin {
        deployment_id: *deployment_id,
        generation: 1,
    };
    let (table, key) = key::restored();
    let Some(bytes) = store.get(table, &key).await? else {
        return Ok((first.to_string(), None));
    };
    let index = bytes.try_into().map_err(|_| StoreError::Unavailable)?;
    let index = u64::from_be_bytes(index);
    let entries = tiles::entries(store, index, 1).await?;
    let named = entries.first().and_then(|entry| Entry::parse(entry).ok());
    let Some(Entry::Predecessor { origin, .. }) = named else {
        return Err(StoreError::Unavailable.into());
    };
    let before = Origin::parse(&origin).ok_or(StoreError::Unavailable)?;
    let generation = before.generation.checked_add(1).ok_or(StoreError::Unavailable)?;
    Ok((Origin { generation, ..first }.to_string(), Some(index)))
}

/// The last checkpoint of this log that anybody here knows.
fn newest(
    keys: &Path,
    signer: &NoteSigner,
    origin: Origin,
    given: Option<&[u8]>,
) -> Result<SignedCheckpoint, LogError> {
    let given = given.map(|note| SignedCheckpoint::verify(note, signer.public()));
    let given = given.transpose().map_err(|_| LogError::Given)?;
    let kept = keep::checkpoints(keys, origin.generation)?;
    // In the middle of it, the one in its place is the new key's.
    let kept = kept
        .iter()
        .filter_map(|note| SignedCheckpoint::verify(note, signer.public()).ok());
    let known = kept.chain(given).max_by_key(|known| known.tree().size);
    known.ok_or(LogError::NotOlder)
}

/// The tree over the entries of the store, as far as `size`, and how many there are in all.
async fn held(store: &dyn MetaStore, size: u64) -> Result<(TreeHead, u64), LogError> {
    let (mut tree, mut total) = (Growing::default(), 0);
    loop {
        let entries = tiles::entries(store, total, AT_ONCE).await?;
        for entry in &entries {
            if total < size {
                tree.push(leaf_hash(entry));
            }
            total += 1;
        }
        if entries.len() < AT_ONCE {
            return Ok((tree.head(), total));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::MemoryStore;

    const DEPLOYMENT: Id = [7; 16];

    /// A store whose log has these entries, one byte each.
    async fn filled(entries: &[u8]) -> MemoryStore {
        let store = MemoryStore::new();
        let append = entries.iter().map(|entry| vec![*entry]).collect();
        let batch = Batch {
            append,
            ..Batch::default()
        };
        store.commit(batch).await.unwrap();
        store
    }

    async fn opened(keys: &Path, store: &MemoryStore) -> Result<(u64, Option<u64>, String), LogError> {
        let log = Log::open(keys, store, &DEPLOYMENT, &crate::Config::default()).await?;
        Ok((log.size(), log.restored_at, log.policy.log.name().to_owned()))
    }

    /// A folder of keys whose log has signed ten entries.
    async fn signed() -> tempfile::TempDir {
        let keys = tempfile::tempdir().unwrap();
        let empty = MemoryStore::new();
        Log::open(keys.path(), &empty, &DEPLOYMENT, &crate::Config::default())
            .await
            .unwrap();
        opened(keys.path(), &filled(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await)
            .await
            .unwrap();
        keys
    }

    async fn plan(keys: &Path, store: &MemoryStore) -> Result<Plan, LogError> {
        Plan::make(keys, store, &DEPLOYMENT, None).await
    }

    async fn predecessors(store: &MemoryStore) -> Vec<(usize, Entry)> {
        let all = tiles::entries(store, 0, 100).await.unwrap();
        let read = all.iter().enumerate();
        read.filter_map(|(at, entry)| Some((at, Entry::parse(entry).ok()?)))
            .filter(|(_, entry)| matches!(entry, Entry::Predecessor { .. }))
            .collect()
    }

    #[tokio::test]
    async fn a_backup_goes_on_as_the_next_generation() {
        let keys = signed().await;
        let keys = keys.path();
        let backup = filled(&[0, 1, 2, 3, 4, 5]).await;
        assert!(matches!(opened(keys, &backup).await, Err(LogError::Shrunk)));
        let plan = plan(keys, &backup).await.unwrap();
        let told = plan.told();
        assert_eq!((told.size, told.kept), (10, 6));
        assert_eq!(told.after, format!("{}/g2", told.before));
        let old = keep::key(keys).unwrap();
        plan.carry_out(keys, &backup, "Disque en panne").await.unwrap();
        let (size, restored_at, name) = opened(keys, &backup).await.unwrap();
        assert_eq!((size, restored_at, name), (7, Some(6), told.after));
        let found = predecessors(&backup).await;
        let [
            (
                6,
                Entry::Predecessor {
                    origin,
                    checkpoint,
                    reason,
                },
            ),
        ] = &found[..]
        else {
            unreachable!("{found:?}")
        };
        assert_eq!((origin, reason.as_str()), (&told.before, "Disque en panne"));
        let note = SignedCheckpoint::verify(checkpoint, old.public()).unwrap();
        assert_eq!(note.tree().size, 10);
        assert_ne!(keep::key(keys).unwrap().public(), old.public());
        for name in ["log.key", "log.key.g1", "log.checkpoint", "log.checkpoint.g1"] {
            let mode = std::fs::metadata(keys.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        // Once is enough.
        let again = Plan::make(keys, &backup, &DEPLOYMENT, None).await;
        assert!(matches!(again, Err(LogError::NotOlder)));
    }

    #[tokio::test]
    async fn a_restoration_that_is_cut_anywhere_is_finished_by_the_next() {
        for cut in 0..4 {
            let keys = signed().await;
            let keys = keys.path();
            let backup = filled(&[0, 1, 2]).await;
            let first = plan(keys, &backup).await.unwrap();
            if cut > 0 {
                first.archive(keys).unwrap();
            }
            if cut > 1 {
                first.append(keys, &backup, "one").await.unwrap();
            }
            if cut > 2 {
                // Signed under a key that is lost.
                first.sign(keys, &backup).await.unwrap();
            }
            let said = opened(keys, &backup).await.unwrap_err();
            if cut > 1 {
                assert!(matches!(said, LogError::Unfinished), "{cut}");
            } else {
                assert!(matches!(said, LogError::Shrunk), "{cut}");
            }
            let again = plan(keys, &backup).await.unwrap();
            assert_eq!((again.told().size, again.told().kept), (10, 3), "{cut}");
            again.carry_out(keys, &backup, "two").await.unwrap();
            let (_, restored_at, name) = opened(keys, &backup).await.unwrap();
            assert_eq!((restored_at, name), (Some(3), again.told().after), "{cut}");
            assert_eq!(predecessors(&backup).await.len(), 1, "{cut}");
        }
    }

    #[tokio::test]
    async fn the_newest_copy_may_still_come_back_before_the_entry_is_written() {
        let keys = signed().await;
        let backup = filled(&[0]).await;
        plan(keys.path(), &backup)
            .await
            .unwrap()
            .archive(keys.path())
            .unwrap();
        let newest = filled(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).await;
        assert_eq!(opened(keys.path(), &newest).await.unwrap().1, None);
    }

    #[tokio::test]
    async fn what_is_no_older_copy_is_not_restored() {
        let keys = signed().await;
        let same = filled(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).await;
        assert!(matches!(plan(keys.path(), &same).await, Err(LogError::NotOlder)));
        let other = filled(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 90, 10]).await;
        assert!(matches!(plan(keys.path(), &other).await, Err(LogError::Other)));
        let backup = filled(&[0, 1]).await;
        let foreign = Plan::make(keys.path(), &backup, &[8; 16], None).await;
        assert!(matches!(foreign, Err(LogError::Key)));
        for reason in ["", "  ", "a\nb", &"a".repeat(1_025)] {
            let refused = plan(keys.path(), &backup).await.unwrap();
            let refused = refused.carry_out(keys.path(), &backup, reason).await;
            assert!(matches!(refused, Err(LogError::Reason)));
        }
        assert!(predecessors(&backup).await.is_empty());
    }

    /// Keys and store out of one backup: this machine cannot know, somebody else does.
    #[tokio::test]
    async fn a_later_checkpoint_may_come_from_outside() {
        let keys = signed().await;
        let keys = keys.path();
        let later = std::fs::read(keys.join("log.checkpoint")).unwrap();
        let backup = filled(&[0, 1, 2]).await;
        let signer = keep::key(keys).unwrap();
        Log::anew(&backup, signer, Memory::file(keys)).await.unwrap();
        assert!(matches!(plan(keys, &backup).await, Err(LogError::NotOlder)));
        let altered = String::from_utf8(later.clone()).unwrap().replacen("10", "11", 1);
        let refused = Plan::make(keys, &backup, &DEPLOYMENT, Some(altered.as_bytes())).await;
        assert!(matches!(refused, Err(LogError::Given)));
        let plan = Plan::make(keys, &backup, &DEPLOYMENT, Some(&later))
            .await
            .unwrap();
        assert_eq!(plan.told().size, 10);
        plan.carry_out(keys, &backup, "all of it").await.unwrap();
        assert_eq!(opened(keys, &backup).await.unwrap().1, Some(3));
        let Entry::Predecessor { checkpoint, .. } = &predecessors(&backup).await[0].1 else {
            unreachable!()
        };
        assert_eq!(*checkpoint, later);
    }

    /// Whoever slept through one restoration finds its log behind the newest.
    #[tokio::test]
    async fn every_earlier_log_is_named_the_newest_first() {
        let keys = signed().await;
        let keys = keys.path();
        let first = filled(&[0, 1, 2]).await;
        plan(keys, &first)
            .await
            .unwrap()
            .carry_out(keys, &first, "one")
            .await
            .unwrap();
        opened(keys, &first).await.unwrap();
        // A copy from before the first restoration.
        let older = filled(&[0, 1]).await;
        assert!(matches!(opened(keys, &older).await, Err(LogError::Shrunk)));
        plan(keys, &older)
            .await
            .unwrap()
            .carry_out(keys, &older, "two")
            .await
            .unwrap();
        let (_, restored_at, name) = opened(keys, &older).await.unwrap();
        assert_eq!(restored_at, Some(2));
        assert!(name.ends_with("/g3"));
        let found = predecessors(&older).await;
        let named = found.iter().map(|(at, entry)| match entry {
            Entry::Predecessor {
                origin, checkpoint, ..
            } => (*at, origin.clone(), checkpoint.is_empty()),
            _ => unreachable!(),
        });
        let base = name.strip_suffix("/g3").unwrap();
        let wanted = [(2, format!("{base}/g2"), false), (3, base.to_owned(), false)];
        assert!(named.eq(wanted));
    }
}

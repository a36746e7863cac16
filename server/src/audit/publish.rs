//! Checkpoints: the log's size and root, signed at even intervals over what is durable, and never over less than before
//! (`spec/log.md`, section 4).

use std::path::Path;
use std::sync::{PoisonError, RwLock};

use crypto::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crypto::audit::map::MapProof;
use crypto::audit::note::{Kind, NoteKey, NoteSigner};
use crypto::audit::origin::Origin;
use crypto::audit::policy::Policy;
use crypto::audit::prove;
use crypto::audit::tree::{Growing, TreeHead, leaf_hash};
use crypto::id::{Hash32, Id};

use super::keep::{self, LogError, Memory};
use super::map::{self, MapState};
use super::restore;
use super::tiles;
use super::witness::Witnessed;
use crate::config::Config;
use crate::state::System;
use crate::store::{MetaStore, StoreError};

/// The log: what signs it, how far it is signed, whom its clients are told to believe.
pub struct Log {
    pub(crate) policy: Policy,
    /// Index of the entry with which it goes on from a backup.
    pub(crate) restored_at: Option<u64>,
    pub(crate) witnessed: Witnessed,
    signer: NoteSigner,
    memory: Memory,
    /// Written by who brings tree and map further, read by who proves in the map.
    tree: tokio::sync::RwLock<Growing>,
    newest: RwLock<SignedCheckpoint>,
}

impl Log {
    /// Goes on from the last checkpoint: the store must hold what was signed then, to the last entry.
    async fn start(
        store: &dyn MetaStore,
        signer: NoteSigner,
        memory: Memory,
        config: &Config,
    ) -> Result<Self, LogError> {
        let last = memory.last(signer.public())?;
        let signed = last.as_ref().map_or(0, |last| last.tree().size);
        let tree = grown(store, signed).await?;
        if last.as_ref().is_some_and(|last| *last.tree() != tree.head()) {
            return Err(LogError::Shrunk);
        }
        let log = Self::of(signer, memory, tree, last, config)?;
        log.publish(store).await?;
        Ok(log)
    }

    fn of(
        signer: NoteSigner,
        memory: Memory,
        tree: Growing,
        last: Option<SignedCheckpoint>,
        config: &Config,
    ) -> Result<Self, LogError> {
        let policy = policy(signer.public(), config)?;
        let newest = match last {
            Some(last) => last,
            None => {
                let first = sign(&signer, tree.head())?;
                memory.keep(&first)?;
                first
            }
        };
        Ok(Self {
            restored_at: None,
            witnessed: Witnessed::open(policy.clone(), &memory, &newest)?,
            policy,
            signer,
            memory,
            tree: tokio::sync::RwLock::new(tree),
            newest: RwLock::new(newest),
        })
    }

    /// The log of a data folder.
    pub(crate) async fn open(
        keys: &Path,
        store: &dyn MetaStore,
        deployment_id: &Id,
        config: &Config,
    ) -> Result<Self, LogError> {
        let is_new = tiles::entries(store, 0, 1).await?.is_empty();
        let memory = Memory::file(keys);
        let (origin, restored_at) = restore::standing(store, deployment_id).await?;
        let signer = keep::signer(keys, &origin, is_new, &memory)?;
        let log = Self::start(store, signer, memory, config).await?;
        Ok(Self { restored_at, ..log })
    }

    /// A log that its new key signs from its beginning, over all that the store holds: the next generation's. What
    /// witnesses have signed of the one before goes: the settings ask them anew at the next start.
    pub(super) async fn anew(
        store: &dyn MetaStore,
        signer: NoteSigner,
        memory: Memory,
    ) -> Result<TreeHead, LogError> {
        let log = Self::of(signer, memory, Growing::default(), None, &Config::default())?;
        log.publish(store).await
    }

    /// The log of a store that is empty and forgets, under a key that is kept nowhere: for tests.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn unkept(deployment_id: &Id, config: &Config) -> Result<Self, LogError> {
        let origin = Origin {
            deployment_id: *deployment_id,
            generation: 1,
        };
        let signer = NoteSigner::make(&origin.to_string(), Kind::Text, &mut System)?;
        Self::of(
            signer.map_err(|_| LogError::Key)?,
            Memory::none(),
            Growing::default(),
            None,
            config,
        )
    }

    /// Signs what is durable by now. The signed size is on the disk before anybody is told of it.
    pub(crate) async fn publish(&self, store: &dyn MetaStore) -> Result<TreeHead, LogError> {
        let mut tree = self.tree.write().await;
        map::advance(store, self.reach()).await?;
        let before = tree.leaves();
        let mut next = tree.clone();
        loop {
            let entries = tiles::entries(store, next.leaves(), AT_ONCE).await?;
            entries.iter().for_each(|entry| next.push(leaf_hash(entry)));
            if entries.len() < AT_ONCE {
                break;
            }
        }
        if next.leaves() == before {
            self.witnessed.ask(&self.newest())?;
            return Ok(tree.head());
        }
        tiles::keep(store, before, next.leaves()).await?;
        let checkpoint = sign(&self.signer, next.head())?;
        self.memory.keep(&checkpoint)?;
        *tree = next;
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = checkpoint.clone();
        self.witnessed.ask(&checkpoint)?;
        Ok(tree.head())
    }

    /// How far the map is, where its root stands, and the proof for each key, all of one moment; nothing before the
    /// first checkpoint that has one.
    pub(crate) async fn prove(
        &self,
        store: &dyn MetaStore,
        keys: &[Hash32],
    ) -> Result<Option<(MapState, u64, Vec<MapProof>)>, StoreError> {
        let _reading = self.tree.read().await;
        let Some(served) = map::served(store, self.reach()).await? else {
            return Ok(None);
        };
        let mut proofs = Vec::with_capacity(keys.len());
        for key in keys {
            proofs.push(map::prove(store, &served, *key).await?);
        }
        Ok(Some((served.state, served.index, proofs)))
    }

    /// The newest checkpoint that counts; none before its first quorum.
    pub(crate) fn checkpoint(&self) -> Option<SignedCheckpoint> {
        self.witnessed.counts(self.newest())
    }

    /// How far the log is witnessed, where witnesses are asked.
    fn reach(&self) -> Option<u64> {
        let counts = || self.checkpoint().map_or(0, |counts| counts.tree().size);
        (self.policy.quorum > 0).then(counts)
    }

    /// The checkpoint that witnesses are asked to sign.
    pub(crate) fn asked(&self) -> SignedCheckpoint {
        self.witnessed.asked(self.newest())
    }

    /// How far the log is signed: nothing behind it is served.
    pub(crate) fn size(&self) -> u64 {
        self.newest().tree().size
    }

    fn newest(&self) -> SignedCheckpoint {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The tree over the first entries of the store.
async fn grown(store: &dyn MetaStore, size: u64) -> Result<Growing, LogError> {
    let Some(whole) = prove::whole(size) else {
        return Ok(Growing::default());
    };
    if tiles::entries(store, size - 1, 1).await?.is_empty() {
        return Err(LogError::Shrunk);
    }
    let mut complete = Vec::with_capacity(whole.nodes().len());
    for node in whole.nodes() {
        complete.push(tiles::node(store, node, size).await?);
    }
    Growing::resume(size, complete).ok_or(LogError::Store(StoreError::Unavailable))
}

fn sign(signer: &NoteSigner, tree: TreeHead) -> Result<SignedCheckpoint, LogError> {
    let origin = signer.public().name().to_owned();
    Checkpoint { origin, tree }
        .sign(signer)
        .map_err(|_| LogError::Key)
}

/// Whom clients are told to believe.
fn policy(log: &NoteKey, config: &Config) -> Result<Policy, LogError> {
    let is_itself = |witness: &NoteKey| witness.is_like(log) || witness.name() == log.name();
    if config.witnesses.iter().any(is_itself) {
        return Err(LogError::Witness);
    }
    let witnesses = config.witnesses.clone();
    Policy::new(
        log.clone(),
        witnesses,
        config.quorum,
        config.max_age,
        config.strict,
    )
    .map_err(|_| LogError::Key)
}

/// Entries read at once.
pub(super) const AT_ONCE: usize = 1_024;

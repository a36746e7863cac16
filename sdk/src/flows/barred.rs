//! The hard stop: a device that met a contradiction of the log writes nothing, until a checkpoint that it verified
//! continues the one that was contradicted. spec/flows.md section 10, checklist 41-45.
//!
//! Reading goes on, and so does what takes away: signing out, giving up an upload, closing the account. The stop is kept
//! on the device beside the evidence; what was forked stays stopped for good, because no log continues two histories.

use crypto::audit::proof::verify_consistency;
use crypto::audit::tree::TreeHead;
use serde::{Deserialize, Serialize};
use shared::audit::ReadProofs;
use shared::{AccountId, Hash};

use super::collection::SyncError;
use super::freshness::plain;
use super::retry;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, EvidenceId, Refusal, Subject};
use crate::session::Unlocked;

/// Why nothing is written now.
#[derive(Debug)]
pub(crate) enum Barred {
    /// The log contradicted itself, or what is known of it.
    Refused(Refusal),
    /// The account wants fresh signatures of witnesses, and there are none.
    Stale,
    /// It could not be found out.
    Api(ApiError),
    /// This device's local store.
    Local,
}

/// How far the account's log can be relied on, for a screen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// Witnesses that must have signed what this safe accepts; 0: nobody but the operator vouches for the log.
    pub quorum: u8,
    /// When the quorum had signed what was verified last, Unix seconds; `None` where nobody is asked, or nothing was
    /// verified yet.
    pub witnessed: Option<u64>,
    /// Whether that is longer ago than the account allows, by this device's clock.
    pub stale: bool,
    /// Whether a stale log stops writing.
    pub strict: bool,
    /// Why this device writes nothing until the log is one again.
    pub stopped: Option<Check>,
}

/// A contradiction that is not settled, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    check: Check,
    evidence: Option<EvidenceId>,
    /// The checkpoint that was shown, where it was the log's: 0 where none was.
    size: u64,
    root: Hash,
}

impl Stop {
    fn tree(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root.0,
        }
    }

    fn to_refusal(&self) -> Refusal {
        Refusal {
            check: self.check,
            subject: Subject::Account,
            evidence: self.evidence.clone(),
        }
    }

    /// Reads the one form.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|stop: &Self| stop.to_bytes() == bytes)
    }

    /// JSON without blanks.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl From<SyncError> for Barred {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Api(error) => Self::Api(error),
            SyncError::Refused(refusal) => Self::Refused(refusal),
            SyncError::Local(_) => Self::Local,
        }
    }
}

impl From<LocalError> for Barred {
    fn from(_: LocalError) -> Self {
        Self::Local
    }
}

impl Unlocked {
    /// How far the log can be relied on, as of what was verified last.
    ///
    /// # Errors
    /// [`LocalError`].
    pub async fn log_state(&self) -> Result<LogState, LocalError> {
        let stopped = self.stop().await?.map(|refusal| refusal.check);
        let policy = &self.manifest.borrow().manifest.log.policy;
        Ok(LogState {
            quorum: policy.quorum,
            witnessed: self.witnessed.get(),
            stale: policy.is_stale(self.witnessed.get(), self.device().clock().now()),
            strict: policy.strict,
            stopped,
        })
    }

    /// Whether this device may write; what was amiss may be settled by now, so it looks once more.
    pub(crate) async fn may_write(&self) -> Result<(), Barred> {
        if self.bar().await?.is_none() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        self.may_write_in_turn().await
    }

    /// [`Unlocked::may_write`] for whoever holds the turn.
    pub(crate) async fn may_write_in_turn(&self) -> Result<(), Barred> {
        if self.bar().await?.is_none() {
            return Ok(());
        }
        Box::pin(self.sync_in_turn()).await?;
        self.bar().await?.map_or(Ok(()), Err)
    }

    /// What stands in the way of a write, as far as it is known here.
    pub(crate) async fn bar(&self) -> Result<Option<Barred>, LocalError> {
        if let Some(refusal) = self.stop().await? {
            return Ok(Some(Barred::Refused(refusal)));
        }
        let policy = &self.manifest.borrow().manifest.log.policy;
        let now = self.device().clock().now();
        // Before the log was looked at in this session nobody knows how old it is.
        let asked = policy.strict && policy.quorum > 0;
        let fresh = self.witnessed.get().is_some() && !policy.is_stale(self.witnessed.get(), now);
        Ok((asked && !fresh).then_some(Barred::Stale))
    }

    /// The contradiction that this client met, for what is under way.
    pub(crate) fn stop_now(&self) -> Result<(), Refusal> {
        self.stopped.borrow().clone().map_or(Ok(()), Err)
    }

    /// From now on this device writes nothing. `tree` is the log's own checkpoint under which it was found, if any.
    pub(crate) async fn halt(&self, refusal: &Refusal, tree: TreeHead) {
        self.stopped.replace(Some(refusal.clone()));
        let mut stop = Stop {
            check: refusal.check,
            evidence: refusal.evidence.clone(),
            size: tree.size,
            root: Hash(tree.root),
        };
        let known = self.stops().await;
        let kept = match known {
            Ok(known) if known.iter().any(|(_, other)| other.tree() == tree) => return,
            Ok(known) => {
                if known.len() >= STOPS {
                    // Whoever contradicts itself this often is not believed again.
                    (stop.size, stop.root) = (u64::MAX, Hash([0; 32]));
                }
                let key = stop_key(self.account_id, &stop);
                self.device().local().put(&key, &stop.to_bytes()).await
            }
            Err(error) => Err(error),
        };
        // What could not be kept holds as long as this session.
        self.stop_unkept.set(self.stop_unkept.get() || kept.is_err());
    }

    /// A checkpoint was verified: what it continues is settled.
    pub(crate) async fn settle(&self, tree: &TreeHead) -> Result<(), LocalError> {
        let stops = self.stops().await?;
        let (older, others): (Vec<_>, Vec<_>) = stops
            .iter()
            .filter(|(_, stop)| stop.size <= tree.size)
            .partition(|(_, stop)| 0 < stop.size && stop.size < tree.size);
        let mut settled: Vec<&String> = others
            .iter()
            .filter(|(_, stop)| stop.size == 0 || stop.tree() == *tree)
            .map(|(key, _)| key)
            .collect();
        if !older.is_empty() {
            let asked = ReadProofs {
                size: tree.size,
                sizes: older.iter().map(|(_, stop)| stop.size).collect(),
                indices: Vec::new(),
            };
            let call = || api::audit::proofs(self.transport(), self.session(), &asked);
            // No proof settles nothing, and is no news.
            let proofs = retry(self.device(), call).await;
            let proofs = proofs.map(|proofs| proofs.consistency).unwrap_or_default();
            for ((key, stop), proof) in older.iter().zip(&proofs) {
                let (old, new) = (stop.tree(), tree);
                if verify_consistency(old.size, new.size, &plain(proof), &old.root, &new.root).is_ok() {
                    settled.push(key);
                }
            }
        }
        for key in &settled {
            self.device().local().delete(key).await?;
        }
        if settled.len() == stops.len() && !self.stop_unkept.get() {
            self.stopped.replace(None);
        }
        Ok(())
    }

    async fn stop(&self) -> Result<Option<Refusal>, LocalError> {
        if let Err(refusal) = self.stop_now() {
            return Ok(Some(refusal));
        }
        // Another window of this device may have met it, or an earlier session.
        let kept = self.stops().await?.first().map(|(_, stop)| stop.to_refusal());
        Ok(kept)
    }

    async fn stops(&self) -> Result<Vec<(String, Stop)>, LocalError> {
        let local = self.device().local();
        let mut stops = Vec::new();
        for key in local.list(&format!("stop/{}/", self.account_id)).await? {
            // Another window may just have settled it. One that cannot be read is a failed store, not a settled one.
            if let Some(stored) = local.get(&key).await? {
                stops.push((key, Stop::parse(&stored).ok_or(LocalError)?));
            }
        }
        Ok(stops)
    }
}

/// One for each checkpoint that was shown.
fn stop_key(account: AccountId, stop: &Stop) -> String {
    format!("stop/{account}/{:020}-{}", stop.size, stop.root)
}

/// Checkpoints that are kept to be continued.
const STOPS: usize = 16;

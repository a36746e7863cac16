//! Reading a collection: charters, the chain of heads since the pin, missing pages; all of it or nothing is shown.
//!
//! Freshness is S0: a head below the pin, or another of its number, is refused and kept as evidence.
//! spec/flows.md section 4, checklist 20, 24, 26-30.

use crypto::account::bundle::VerifiedBundle;
use crypto::account::manifest::{CollectionKeys, Manifest};
use crypto::collection::charter::{Charter, OpenedCharter};
use crypto::collection::head::{Head, Pin, Place, VerifiedHead};
use crypto::collection::index::Index;
use crypto::collection::keys::{AdminKey, EpochKeys, WriteKey};
use crypto::collection::load::Loader;
use serde::{Deserialize, Serialize};
use shared::audit::Logged;
use shared::{CollectionId, ErrorCode, Hash, limit};

use super::manifest::ManifestError;
use super::pin::{self, Advance};
use super::restored::Restored;
use super::retry;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::{Check, Known, Refusal, Refused, Route, Subject};
use crate::session::Unlocked;

mod past;

/// Why the list could not be brought up to date. What was shown before stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The network or the server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device's local store.
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl From<ManifestError> for SyncError {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Api(error) => Self::Api(error),
            ManifestError::Refused(refusal) => Self::Refused(refusal),
            // Nothing is written on the way to a list.
            ManifestError::Busy | ManifestError::Stale | ManifestError::Device => Self::Local(LocalError),
        }
    }
}

/// The list is verified and up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Number of the newest head.
    pub head_no: u64,
    /// Whether anything changed since the last time.
    pub changed: bool,
    /// Said once, on a device that has never seen this collection: it cannot tell old from new, the person may.
    pub first_time: Option<LastChange>,
}

/// What a person may recognise: when somebody last changed something, and how many documents there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// Unix seconds, by the device that changed it.
    pub when: u64,
    /// Documents and folders, the trash included.
    pub documents: u64,
    /// The deployment goes on from a backup: what its operator says about it.
    pub restored: Option<Restored>,
}

/// A collection as this client holds it: keys, and the last verified state.
pub(crate) struct Replica {
    pub(crate) id: CollectionId,
    pub(crate) epoch: u32,
    pub(crate) keys: EpochKeys,
    pub(crate) write: WriteKey,
    pub(crate) admin: AdminKey,
    genesis: [u8; 32],
    bundle: VerifiedBundle,
    /// The newest head accepted: at first the manifest's lower bound.
    pub(crate) pin: Pin,
    pub(crate) state: Option<State>,
}

/// A verified state: what may be shown, and what a commit builds on.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) charter: OpenedCharter,
    pub(crate) head: VerifiedHead,
    pub(crate) index: Index,
}

impl Replica {
    /// The one collection of a personal account, as its manifest has it. `None` for a manifest without one.
    pub(crate) fn of(manifest: &Manifest, bundle: VerifiedBundle) -> Option<Self> {
        let (id, keys) = manifest.collections.first_key_value()?;
        let (write, admin) = (keys.write_key.clone()?, keys.admin_key.clone()?);
        let pin = Self::bound(keys);
        Some(Self {
            id: CollectionId(*id),
            epoch: keys.epoch,
            keys: EpochKeys::of(keys.epoch, keys.epoch_key.clone()),
            write,
            admin,
            genesis: keys.genesis_charter_hash,
            bundle,
            pin,
            state: None,
        })
    }

    /// How far back the account's manifest lets a device go.
    pub(crate) const fn bound(keys: &CollectionKeys) -> Pin {
        Pin {
            head_no: keys.head_no,
            head_hash: keys.head_hash,
            charter_no: keys.charter_no,
        }
    }

    pub(crate) const fn bundle(&self) -> &VerifiedBundle {
        &self.bundle
    }

    /// Notes in a manifest that is about to be written how far the collection is known: its lower bounds (S0).
    pub(crate) fn raise_bounds(&self, manifest: &mut Manifest) {
        let (Some(state), Some(keys)) = (&self.state, manifest.collections.get_mut(&self.id.0)) else {
            return;
        };
        let (pin, charter) = (state.head.head().pin(), state.charter.charter());
        if pin.head_no >= keys.head_no {
            (keys.head_no, keys.head_hash) = (pin.head_no, pin.head_hash);
            (keys.charter_no, keys.charter_hash) = (charter.charter_no(), *charter.hash());
        }
    }

    /// The chain of charters from the pinned genesis. In this stage the owner is the only signer.
    fn verify_charters(&self, stored: &[shared::Blob]) -> Option<Vec<OpenedCharter>> {
        let mut chain: Vec<OpenedCharter> = Vec::new();
        for bytes in stored {
            let parsed = Charter::parse(bytes.as_slice()).ok()?;
            let key = self.keys.key(parsed.epoch())?;
            let opened = match chain.last() {
                None => {
                    let verified = parsed.verify_genesis(&self.id.0).ok()?;
                    if *verified.hash() != self.genesis {
                        return None;
                    }
                    verified.open_genesis(key, &self.bundle).ok()?
                }
                Some(before) => parsed
                    .verify_next(before.charter())
                    .ok()?
                    .open_next(key, before, &self.bundle)
                    .ok()?,
            };
            chain.push(opened);
        }
        if chain.is_empty() { None } else { Some(chain) }
    }

    /// Signature, box and author of one head, under the charter that it names.
    fn verify_head(&self, charters: &[OpenedCharter], bytes: &[u8]) -> Option<VerifiedHead> {
        let head = Head::parse(bytes).ok()?;
        let charter = charters
            .iter()
            .find(|known| known.charter().hash() == head.charter_hash())?;
        let signed = head.verify(charter.charter()).ok()?;
        let key = self.keys.key(signed.epoch())?;
        signed.open(key).ok()?.verify_author(charter, &self.bundle).ok()
    }
}

/// A verified answer to "where does the collection stand", before its pages.
pub(super) struct Standing {
    charters: Vec<OpenedCharter>,
    pub(super) head: VerifiedHead,
    logged: Logged,
    /// Hashes of every head after the one this client holds, up to and with the newest, without a gap.
    pub(super) passed: Vec<[u8; 32]>,
}

/// What one reading came to.
enum Step {
    /// All of it was read and verified.
    Read {
        changed: bool,
        /// Another window of this device has pinned a later head meanwhile.
        behind: bool,
    },
    /// The log's map went on since the checkpoint was read: it vouches for nothing here.
    Overtaken,
}

impl Unlocked {
    /// Brings the list up to date: all of it verified, or nothing of it shown.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn sync(&self) -> Result<Synced, SyncError> {
        let _turn = self.turn.lock().await;
        let (mut synced, _) = self.sync_in_turn().await?;
        let id = self.replica.borrow().id;
        if pin::take_notice(self.device(), self.account_id, id).await? {
            let restored = Box::pin(self.restored_before()).await?;
            synced.first_time = self.last_change(restored);
        }
        Ok(synced)
    }

    fn last_change(&self, restored: Option<Restored>) -> Option<LastChange> {
        let replica = self.replica.borrow();
        replica.state.as_ref().map(|state| LastChange {
            when: state.head.head().time(),
            documents: state.head.entries(),
            restored,
        })
    }

    /// [`Unlocked::sync`] for whoever holds the turn; also the hashes of the heads that follow the state held before.
    ///
    /// Where another window has pinned a later head meanwhile, what was read is not the newest any more: it is read on
    /// from there, and nothing of it is shown unless it leads to that pin. Each round more is one that another window
    /// has gone further.
    pub(crate) async fn sync_in_turn(&self) -> Result<(Synced, Vec<[u8; 32]>), SyncError> {
        self.verify_agreed()?;
        let before = {
            let replica = self.replica.borrow();
            (replica.pin, replica.state.clone())
        };
        let (mut changed, mut passed, mut overtaken) = (false, Vec::new(), 0);
        loop {
            // On the heap: a browser gives a worker one megabyte of stack, and every act on the list reads it.
            let mut step = Box::pin(self.read_on(&mut passed)).await;
            if matches!(step, Ok(Step::Overtaken)) {
                overtaken += 1;
                if overtaken == LOOKS {
                    step = Err(self.refuse_log(Check::Map, Route::Map, &[]).await);
                }
            }
            match step {
                Ok(Step::Read {
                    behind: true,
                    changed: also,
                }) => changed |= also,
                Ok(Step::Read { changed: also, .. }) => {
                    changed |= also;
                    break;
                }
                Ok(Step::Overtaken) => {}
                Err(error) => {
                    let mut replica = self.replica.borrow_mut();
                    (replica.pin, replica.state) = before;
                    return Err(error);
                }
            }
        }
        let synced = Synced {
            head_no: self.replica.borrow().pin.head_no,
            changed,
            first_time: None,
        };
        Ok((synced, passed))
    }

    /// From the state held to the newest one that the server gives, once; adds the heads on the way to `passed`.
    async fn read_on(&self, passed: &mut Vec<[u8; 32]>) -> Result<Step, SyncError> {
        let id = self.replica.borrow().id;
        let local = pin::head(self.device(), self.account_id, id).await?;
        if let Some(local) = local {
            self.start_from(local);
        }
        Box::pin(self.verify_policy()).await?;
        // First: whatever it covers was there before what is read next.
        let mut log = self.read_checkpoint().await?;
        let mut standing = self.read_standing(id).await?;
        let mut seen = vec![*standing.head.checkpoint()];
        for _ in 0..LOOKS {
            if standing.head.checkpoint().size <= log.size() {
                break;
            }
            // Its author saw a later one: that is shown by now, and what that covers in a list that is read after it.
            log = self.read_checkpoint().await?;
            standing = self.read_standing(id).await?;
            seen.push(*standing.head.checkpoint());
        }
        match local {
            Some(local) => self.verify_local(&local, &standing).await?,
            // Before the pin, whoever reads first: the person is told by the next `sync`.
            None => pin::owe_notice(self.device(), self.account_id, id).await?,
        }
        let known = self
            .replica
            .borrow()
            .state
            .as_ref()
            .map(|state| *state.head.head().hash());
        let head = standing.head.head();
        let changed = known != Some(*head.hash());
        let entry = changed.then(|| self.entry_of_head(head, &standing.logged));
        let tags = self.tags_after(head)?;
        if !Box::pin(self.verify_log(log, &seen, entry.transpose()?, &tags)).await? {
            return Ok(Step::Overtaken);
        }
        let mut behind = false;
        if changed {
            let index = self.load_pages(id, &standing.head).await?;
            behind = self.accept(id, standing.charters, standing.head, index).await?;
        }
        passed.extend(standing.passed);
        Ok(Step::Read { changed, behind })
    }

    /// Nothing is loaded yet: the chain is walked from what this device has seen last, not from the beginning.
    ///
    /// Once a state is loaded the walk starts from that state, so that no other window's pin can replace it unseen.
    fn start_from(&self, local: Pin) {
        let mut replica = self.replica.borrow_mut();
        if replica.state.is_none() && local.head_no > replica.pin.head_no {
            replica.pin = local;
        }
    }

    /// What another window of this device has accepted must lie in the chain that this one was shown: two windows
    /// that were told different histories refuse, whichever looks first (checklist 28, 30).
    async fn verify_local(&self, local: &Pin, standing: &Standing) -> Result<(), SyncError> {
        let start = self.replica.borrow().pin;
        let shown = match local.head_no.checked_sub(start.head_no) {
            // This client is ahead of the device's store; what it holds was checked against the store when accepted.
            None => return Ok(()),
            Some(0) => Some(&start.head_hash),
            Some(steps) => usize::try_from(steps - 1)
                .ok()
                .and_then(|at| standing.passed.get(at)),
        };
        if shown == Some(&local.head_hash) {
            return Ok(());
        }
        Err(self
            .refuse_head(
                Check::HeadRolledBack,
                standing.head.head().to_bytes(),
                &standing.charters,
            )
            .await)
    }

    /// Charters, head, and the chain of heads from the pin to it.
    pub(super) async fn read_standing(&self, id: CollectionId) -> Result<Standing, SyncError> {
        let call = || api::collection::read(self.transport(), self.session(), id);
        let stored = match retry(self.device(), call).await {
            Ok(stored) => stored,
            Err(error) => {
                return Err(self
                    .withheld_list(error, Check::PageMissing, Route::Collection, id.as_bytes())
                    .await);
            }
        };
        let charters = self.replica.borrow().verify_charters(&stored.charters);
        let Some(charters) = charters else {
            let bytes = stored
                .charters
                .iter()
                .flat_map(|charter| charter.0.clone())
                .collect::<Vec<_>>();
            let genesis = Known::Charter {
                number: 0,
                hash: Hash(self.replica.borrow().genesis),
                signed: None,
            };
            let refused = Refused::new(Check::Charter, Subject::Collection, Route::Collection, &bytes);
            return Err(self.refuse_list(refused.knowing([genesis])).await);
        };
        let head = self
            .replica
            .borrow()
            .verify_head(&charters, stored.head.as_slice());
        let Some(head) = head else {
            let bytes = stored.head.as_slice();
            return Err(self.refuse_head(Check::Head, bytes, &charters).await);
        };
        let pin = self.replica.borrow().pin;
        let passed = match pin.place(head.head()) {
            Place::Same => Vec::new(),
            Place::Next => vec![*head.head().hash()],
            Place::Ahead => self.walk_chain(id, pin, &charters, &head).await?,
            Place::Rollback | Place::Fork | Place::CharterFell => {
                let bytes = stored.head.as_slice();
                return Err(self.refuse_head(Check::HeadRolledBack, bytes, &charters).await);
            }
        };
        Ok(Standing {
            charters,
            head,
            logged: stored.logged,
            passed,
        })
    }

    /// A client long away reads every head in between: one chain, each signed and authored.
    async fn walk_chain(
        &self,
        id: CollectionId,
        mut pin: Pin,
        charters: &[OpenedCharter],
        newest: &VerifiedHead,
    ) -> Result<Vec<[u8; 32]>, SyncError> {
        let target = newest.head().pin();
        let mut passed = Vec::new();
        while pin.head_no < target.head_no {
            let count = (target.head_no - pin.head_no).min(limit::ITEMS);
            let call = || api::collection::heads(self.transport(), self.session(), id, pin.head_no, count);
            let heads = match retry(self.device(), call).await {
                Ok(heads) => heads,
                Err(error) => {
                    let newest = newest.head().to_bytes();
                    return Err(self
                        .withheld_list(error, Check::HeadChain, Route::Heads, newest)
                        .await);
                }
            };
            if heads.items.is_empty() {
                let bytes = newest.head().to_bytes();
                return Err(self.refuse_chain(bytes, charters, newest).await);
            }
            for bytes in &heads.items {
                let next = self.replica.borrow().verify_head(charters, bytes.as_slice());
                match next.map(|next| next.head().clone()) {
                    Some(next) if pin.place(&next) == Place::Next => {
                        pin = next.pin();
                        passed.push(pin.head_hash);
                    }
                    _ => return Err(self.refuse_chain(bytes.as_slice(), charters, newest).await),
                }
                if pin.head_no == target.head_no {
                    break;
                }
            }
        }
        if pin.head_hash == target.head_hash {
            Ok(passed)
        } else {
            Err(self
                .refuse_chain(newest.head().to_bytes(), charters, newest)
                .await)
        }
    }

    /// The pages that are not known yet, in batches; each judged by its id, key, and place.
    pub(super) async fn load_pages(&self, id: CollectionId, head: &VerifiedHead) -> Result<Index, SyncError> {
        let (known, keys) = {
            let replica = self.replica.borrow();
            (
                replica.state.as_ref().map(|state| state.index.clone()),
                replica.keys.clone(),
            )
        };
        let Ok(mut loader) = Loader::new(head, known.as_ref()) else {
            return Err(self
                .refuse_head(Check::EntryCount, head.head().to_bytes(), &[])
                .await);
        };
        loop {
            let missing = loader.missing(BATCH);
            if missing.is_empty() {
                break;
            }
            let ids = missing.into_iter().map(Hash).collect::<Vec<_>>();
            let call = || api::collection::pages(self.transport(), self.session(), id, ids.clone());
            let answer = match retry(self.device(), call).await {
                Ok(answer) => answer,
                Err(error) => {
                    let asked = ids.iter().flat_map(|id| id.0).collect::<Vec<_>>();
                    return Err(self
                        .withheld_list(error, Check::PageMissing, Route::Pages, &asked)
                        .await);
                }
            };
            for (asked, page) in ids.iter().zip(answer.pages) {
                let named = Known::Page { id: *asked };
                let Some(page) = page else {
                    let bytes = asked.as_bytes();
                    let refused = Refused::new(Check::PageMissing, Subject::Collection, Route::Pages, bytes);
                    return Err(self.refuse_list(refused.knowing([named])).await);
                };
                if crypto::collection::page::page_id(page.as_slice()) != asked.0
                    || loader.feed(&keys, page.as_slice()).is_err()
                {
                    let bytes = page.as_slice();
                    let refused = Refused::new(Check::Page, Subject::Collection, Route::Pages, bytes);
                    return Err(self.refuse_list(refused.knowing([named])).await);
                }
            }
        }
        match loader.finish() {
            Ok(index) => Ok(index),
            Err(_) => Err(self
                .refuse_head(Check::EntryCount, head.head().to_bytes(), &[])
                .await),
        }
    }

    /// Pins a verified state, then shows it. `true` where another window of this device has seen a later one.
    pub(crate) async fn accept(
        &self,
        id: CollectionId,
        mut charters: Vec<OpenedCharter>,
        head: VerifiedHead,
        index: Index,
    ) -> Result<bool, SyncError> {
        let pin = head.head().pin();
        let signed = head.head().to_bytes();
        let advance = pin::advance_head(self.device(), self.account_id, id, &pin, signed).await?;
        if advance == Advance::Fork {
            return Err(self.refuse_head(Check::HeadRolledBack, signed, &charters).await);
        }
        charters.retain(|charter| charter.charter().charter_no() == pin.charter_no);
        if let Some(charter) = charters.pop() {
            let mut replica = self.replica.borrow_mut();
            replica.pin = pin;
            replica.state = Some(State { charter, head, index });
        }
        Ok(advance == Advance::Behind)
    }

    /// Refuses a head of `GET /collections/{id}`, beside the charter whose key signs it.
    async fn refuse_head(&self, check: Check, bytes: &[u8], charters: &[OpenedCharter]) -> SyncError {
        let refused = Refused::new(check, Subject::Collection, Route::Collection, bytes)
            .knowing(self.known_charter(charters));
        self.refuse_list(refused).await
    }

    /// Refuses a head on the way to `newest`.
    async fn refuse_chain(
        &self,
        bytes: &[u8],
        charters: &[OpenedCharter],
        newest: &VerifiedHead,
    ) -> SyncError {
        let head = newest.head();
        let shown = Known::Head {
            number: head.head_no(),
            charter: head.charter_no(),
            hash: Hash(*head.hash()),
            signed: Known::signed(head.to_bytes()),
        };
        let refused = Refused::new(Check::HeadChain, Subject::Collection, Route::Heads, bytes)
            .knowing(self.known_charter(charters))
            .knowing([shown]);
        self.refuse_list(refused).await
    }

    /// Refuses, beside the newest head that this device has accepted.
    async fn refuse_list(&self, refused: Refused<'_>) -> SyncError {
        let id = self.replica.borrow().id;
        let seen = pin::known_head(self.device(), self.account_id, id).await;
        self.refuse(refused.knowing(seen)).await.into()
    }

    /// The newest of these verified charters, or the one that this client holds.
    fn known_charter(&self, charters: &[OpenedCharter]) -> Option<Known> {
        let replica = self.replica.borrow();
        let held = replica.state.as_ref().map(|state| &state.charter);
        let charter = charters.last().or(held)?.charter();
        Some(Known::Charter {
            number: charter.charter_no(),
            hash: Hash(*charter.hash()),
            signed: Known::signed(charter.to_bytes()),
        })
    }

    /// "Not here" and "not for you" cannot be said of one's own list: what it answers is withheld, and evidence of that.
    async fn withheld_list(&self, error: ApiError, check: Check, route: Route, asked: &[u8]) -> SyncError {
        match error.problem_code() {
            Some(ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::RangeNotSatisfiable) => {
                let refused = Refused::new(check, Subject::Collection, route, asked);
                self.refuse_list(refused).await
            }
            _ => error.into(),
        }
    }
}

/// How often the checkpoint is asked for again where a head's author saw a later one, or the map goes further.
const LOOKS: usize = 3;
/// Pages asked for at once.
const BATCH: usize = limit::PAGES as usize;

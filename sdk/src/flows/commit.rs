//! Changing a collection: one commit is new pages, references and a signed head, by compare-and-swap.
//!
//! Lost races are merged (M1-M6) and tried again, at most eight times; a lost answer is settled by reading again.
//! spec/flows.md section 5.

use std::collections::BTreeSet;

use crypto::audit::opening::LogSeed;
use crypto::collection::entry::By;
use crypto::collection::head::{HeadSigner, NewHead, SignedHead, make_head};
use crypto::collection::index::{Index, PutError, Sealed};
use crypto::collection::merge;
use crypto::document::descriptor::Author;
use crypto::random::RandomError;
use serde::{Deserialize, Serialize};
use shared::audit::{LogWrite, Logged};
use shared::collection::{Commit, Reference};
use shared::{BodyId, ErrorCode, Hash};

use super::barred::Barred;
use super::collection::{State, SyncError};
use super::conflict::{conflict_suffix, to_note};
use super::gone::{added_again, purged_bodies, take_out};
use super::journal;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::Refusal;
use crate::session::Unlocked;

pub use super::conflict::{MergeKind, MergeNote};

/// Why the list was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// No document or folder of this id, or the target is not a folder.
    #[error("no such document or folder")]
    NotFound,
    /// The name holds what a name may not hold, or is too long.
    #[error("not a name")]
    Name,
    /// A tag holds what a tag may not hold, is too long, or there are too many.
    #[error("not a tag")]
    Tag,
    /// A folder cannot be moved into itself.
    #[error("a folder cannot lie in itself")]
    Circle,
    /// The list cannot hold more.
    #[error("the list is full")]
    Full,
    /// Other devices were faster eight times in a row; try again.
    #[error("other devices are changing the list")]
    Busy,
    /// The account's log has no fresh signatures of its witnesses, and its policy stops writing until it has.
    #[error("the log's witnesses have not signed for too long")]
    Stale,
    /// The network or the server. The change may or may not have been made; `sync` tells.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device: randomness or local store.
    #[error("this device failed")]
    Device,
}

impl From<SyncError> for CommitError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Api(error) => Self::Api(error),
            SyncError::Refused(refusal) => Self::Refused(refusal),
            SyncError::Local(_) => Self::Device,
        }
    }
}

impl From<Barred> for CommitError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Refused(refusal) => Self::Refused(refusal),
            Barred::Stale => Self::Stale,
            Barred::Api(error) => Self::Api(error),
            Barred::Local => Self::Device,
        }
    }
}

impl From<LocalError> for CommitError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl From<RandomError> for CommitError {
    fn from(_: RandomError) -> Self {
        Self::Device
    }
}

impl From<PutError> for CommitError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Full | PutError::TooDeep => Self::Full,
            PutError::Entry(_) => Self::Name,
        }
    }
}

/// A change is stored. `merged` tells what another device did at the same time, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Committed {
    /// Nothing here: nobody else wrote, or the changes did not touch.
    pub merged: Vec<MergeNote>,
}

/// Which of the collection's keys signs a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Ordinary changes.
    Write,
    /// Purges: what is dropped is erased at once.
    Admin,
}

/// A commit ready to be sent.
struct Prepared {
    commit: Commit,
    head: SignedHead,
    sealed: Sealed,
    previous: Hash,
}

impl Unlocked {
    /// Applies `edit` to the newest list and commits it. `edit` may be called once only; later rounds merge its result.
    pub(crate) async fn commit(
        &self,
        signer: Signer,
        edit: impl FnOnce(&mut Index, &By) -> Result<(), CommitError>,
    ) -> Result<Committed, CommitError> {
        let _turn = self.turn.lock().await;
        self.verify_agreed()?;
        Box::pin(self.may_write_in_turn()).await?;
        let mut signer = signer;
        if self.replica.borrow().state.is_none() {
            self.sync_in_turn().await?;
        }
        let mut base = self.state()?;
        let mut mine = base.index.clone();
        edit(&mut mine, &self.by(&base))?;
        let mut done = Committed::default();
        let (mut sent, mut purged) = (Vec::new(), BTreeSet::new());
        for round in 0..ROUNDS {
            if !mine.is_touched() {
                return Ok(done);
            }
            let prepared = self.prepare(&base, &mine, signer)?;
            sent.push(*prepared.head.hash());
            match self.send(&prepared).await {
                Ok(true) => {
                    // Another window may have been told that the same place in the chain is its own.
                    if self.adopt(&base, prepared).await? {
                        self.sync_in_turn().await?;
                    }
                    return Ok(done);
                }
                Ok(false) => {}
                Err(error) => {
                    let again = added_again(&prepared.commit.adds, &purged);
                    if !is_refused(&error) || again.is_empty() {
                        return Err(error);
                    }
                    // What another device purged: what it did not erase an admin may add again, the rest is gone.
                    if signer == Signer::Write {
                        signer = Signer::Admin;
                        continue;
                    }
                    let erased = self.erased(&again).await?;
                    if erased.is_empty() {
                        return Err(error);
                    }
                    let notes = take_out(&mut mine, &erased)?;
                    self.keep_losers(&notes).await?;
                    done.merged.retain(|said| {
                        let restored = said.what == MergeKind::Restored;
                        !restored || !notes.iter().any(|note| note.object == said.object)
                    });
                    done.merged.extend(notes);
                    continue;
                }
            }
            self.device().pause(RACE_PAUSE << round.min(4)).await;
            let (_, passed) = self.sync_in_turn().await?;
            // An answer was lost, not the race: a head of ours is in the chain.
            if passed.iter().any(|hash| sent.contains(hash)) {
                return Ok(done);
            }
            let theirs = self.state()?;
            purged.extend(purged_bodies(&base.index, &theirs.index));
            let merged = self.merge(&base, &theirs, &mine)?;
            self.keep_losers(&merged.1).await?;
            done.merged.extend(merged.1);
            (base, mine) = (theirs, merged.0);
        }
        Err(CommitError::Busy)
    }

    /// Pages, references and head of one attempt.
    fn prepare(&self, base: &State, mine: &Index, signer: Signer) -> Result<Prepared, CommitError> {
        let replica = self.replica.borrow();
        let key = replica.keys.key(replica.epoch).ok_or(CommitError::Device)?;
        let identity = self.secrets.current().map_err(|_| CommitError::Device)?;
        let author = Author {
            account: self.account_id.0,
            seq: identity.seq(),
            identity: identity.signing(),
        };
        let signer = match signer {
            Signer::Write => HeadSigner::Write(&replica.write),
            Signer::Admin => HeadSigner::Admin(&replica.admin),
        };
        let before = base.head.head().pin();
        let (sealed, head) = self.device().with_random(|random| {
            let sealed = mine
                .seal(replica.epoch, key, random)
                .map_err(|_| CommitError::Device)?;
            let new = NewHead {
                charter: base.charter.charter(),
                before: Some(&before),
                root_page_id: sealed.root_page_id,
                refs_hash: sealed.refs.hash(),
                time: self.device().clock().now(),
                entries: sealed.index.count(),
                checkpoint: self.log.get(),
            };
            let head = make_head(&new, &signer, &author, key, random).map_err(|_| CommitError::Device)?;
            Ok::<_, CommitError>((sealed, head))
        })?;
        let log = self.log_head(&head)?;
        Ok(Prepared {
            commit: to_wire(&sealed, &head, log),
            head,
            sealed,
            previous: Hash(before.head_hash),
        })
    }

    /// Sends; `false` where the race was lost or nobody can tell.
    async fn send(&self, prepared: &Prepared) -> Result<bool, CommitError> {
        let id = self.replica.borrow().id;
        let put = api::collection::commit(
            self.transport(),
            self.session(),
            id,
            prepared.previous,
            &prepared.commit,
        );
        match put.await {
            Ok(stored) if stored.head_hash.0 == *prepared.head.hash() => {
                let logged = Logged {
                    index: stored.log_index,
                    blind: Hash(prepared.blind()),
                };
                self.owe(self.entry_of_head(&prepared.head, &logged)?).await?;
                Ok(true)
            }
            Ok(_) => Err(ApiError::Hostile.into()),
            Err(error) if error.problem_code() == Some(ErrorCode::LostRace) || error.is_passing() => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The commit is stored: what was sealed is the state now. `true` as [`Unlocked::accept`] says.
    async fn adopt(&self, base: &State, prepared: Prepared) -> Result<bool, CommitError> {
        let (id, opened) = {
            let replica = self.replica.borrow();
            let key = replica.keys.key(replica.epoch).ok_or(CommitError::Device)?;
            (
                replica.id,
                prepared.head.open(key).map_err(|_| CommitError::Device)?,
            )
        };
        let head = {
            let replica = self.replica.borrow();
            opened
                .verify_author(&base.charter, replica.bundle())
                .map_err(|_| CommitError::Device)?
        };
        let charters = vec![base.charter.clone()];
        Ok(self.accept(id, charters, head, prepared.sealed.index).await?)
    }

    fn merge(
        &self,
        base: &State,
        theirs: &State,
        mine: &Index,
    ) -> Result<(Index, Vec<MergeNote>), CommitError> {
        let by = self.by(theirs);
        let suffix = conflict_suffix(by.time);
        let merged = self
            .device()
            .with_random(|random| merge::merge(&base.index, &theirs.index, mine, &by, &suffix, random))
            .map_err(|_| CommitError::Device)?;
        let notes = merged
            .notes
            .iter()
            .map(|note| to_note(note, &merged.index))
            .collect();
        Ok((merged.index, notes))
    }

    /// What lost stays in the journal of this device: never silently gone (M2).
    async fn keep_losers(&self, notes: &[MergeNote]) -> Result<(), CommitError> {
        for note in notes {
            let unique = shared::OperationId(self.device().make_bytes()?);
            let id = format!("{:020}-{unique}", self.device().clock().now());
            journal::write(self.device(), self.local_key(), journal::LOST, &id, note).await?;
        }
        Ok(())
    }

    /// What lost a merge on this device, oldest first.
    ///
    /// # Errors
    /// [`LocalError`].
    pub async fn lost(&self) -> Result<Vec<MergeNote>, LocalError> {
        journal::read_all(self.device(), self.local_key(), journal::LOST).await
    }

    /// Who changes, when, and with which head, if it follows `base`.
    fn by(&self, base: &State) -> By {
        By {
            account: self.account_id.0,
            time: self.device().clock().now(),
            head_no: base.head.head().head_no().saturating_add(1),
        }
    }

    pub(crate) fn state(&self) -> Result<State, CommitError> {
        self.replica.borrow().state.clone().ok_or(CommitError::Device)
    }
}

/// The server will not store this commit, as it stands.
fn is_refused(error: &CommitError) -> bool {
    matches!(error, CommitError::Api(error) if error.problem_code() == Some(ErrorCode::Refused))
}

impl Prepared {
    /// Of the head's own entry: the last of the commit's.
    fn blind(&self) -> [u8; 32] {
        let is_body = |reference: &&Reference| matches!(reference, Reference::Body(_));
        let bodies = self
            .commit
            .adds
            .iter()
            .chain(&self.commit.drops)
            .filter(is_body)
            .count();
        let (blind, _) = LogSeed(self.commit.log.seed.0).derive(bodies as u32);
        blind
    }
}

pub(crate) fn to_wire(sealed: &Sealed, head: &SignedHead, log: LogWrite) -> Commit {
    use crypto::collection::refs::Reference as Named;
    let list = |named: &[Named]| {
        let wire = named.iter().map(|reference| match reference {
            Named::Body(id) => Reference::Body(BodyId(*id)),
            Named::Page(id) => Reference::Page(Hash(*id)),
        });
        wire.collect()
    };
    Commit {
        pages: sealed
            .pages
            .iter()
            .map(|page| page.bytes.as_slice().into())
            .collect(),
        adds: list(sealed.refs.adds()),
        drops: list(sealed.refs.drops()),
        head: head.to_bytes().into(),
        log,
    }
}

/// Compare-and-swap rounds before the person is asked.
const ROUNDS: u32 = 8;
/// Milliseconds before the second round; twice as long each time.
const RACE_PAUSE: u32 = 40;

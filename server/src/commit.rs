//! A commit of a collection: what must hold without any key, and what it writes (`spec/wire.md`, section 7).
//!
//! Whoever breaks a rule learns "refused" and not which. Nothing here decides who may commit: `access.rs` does.

use std::collections::BTreeSet;

use crypto::audit::listing::BodyState;
use crypto::audit::opening::Opening;
use crypto::collection::charter::{Charter, VerifiedCharter};
use crypto::collection::head::{Head, Place as ChainPlace, SignedHead};
use crypto::collection::page;
use crypto::collection::refs::{Reference, Refs};
use crypto::id::{Hash32, Id};
use shared::audit::LogWrite;
use shared::collection::{Commit, Reference as WireReference};
use shared::journal::Happening;
use shared::{CollectionId, ErrorCode, limit};

use crate::access;
use crate::audit::write::{self, Entries};
use crate::auth::Who;
use crate::error::Failure;
use crate::journal;
use crate::key::{self, Due};
use crate::row::{BodyRow, CollectionRow, DroppedRow, PageRow, QuotaRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::Writes;

/// A commit that is consistent in itself and signed by its charter's key.
pub(crate) struct Checked {
    pub(crate) head: SignedHead,
    refs: Refs,
    pages: Vec<(Hash32, Vec<u8>)>,
    log: LogWrite,
}

impl Checked {
    /// Checks head, signature, lists and pages. Where it stands in the chain is the caller's question.
    pub(crate) fn new(charter: &VerifiedCharter, commit: Commit) -> Result<Self, Failure> {
        within(commit.pages.len(), limit::PAGES)?;
        within(commit.adds.len(), limit::REFS)?;
        within(commit.drops.len(), limit::REFS)?;
        let head = Head::parse(commit.head.as_slice())
            .and_then(|head| head.verify(charter))
            .map_err(refused)?;
        let references = |list: Vec<WireReference>| {
            list.into_iter()
                .map(|reference| match reference {
                    WireReference::Body(id) => Reference::Body(id.0),
                    WireReference::Page(id) => Reference::Page(id.0),
                })
                .collect()
        };
        let refs = Refs::new(references(commit.adds), references(commit.drops)).map_err(refused)?;
        if refs.hash() != *head.refs_hash() {
            return Err(ErrorCode::Refused.into());
        }
        let mut pages = Vec::with_capacity(commit.pages.len());
        for bytes in commit.pages {
            page::verify_page_len(bytes.0.len()).map_err(refused)?;
            pages.push((page::page_id(&bytes.0), bytes.0));
        }
        let sent: BTreeSet<&Hash32> = pages.iter().map(|(id, _)| id).collect();
        let named = refs
            .adds()
            .iter()
            .filter(|add| matches!(add, Reference::Page(_)))
            .count();
        // Every page named is sent and every page sent is named, once.
        let every = sent
            .iter()
            .all(|id| refs.adds().binary_search(&Reference::Page(**id)).is_ok());
        if !every || sent.len() != pages.len() || named != pages.len() {
            return Err(ErrorCode::Refused.into());
        }
        Ok(Self {
            head,
            refs,
            pages,
            log: commit.log,
        })
    }

    /// Whether it adds or drops what only an existing account can have.
    pub(crate) fn is_first(&self) -> bool {
        self.head.head_no() == 0
            && self.refs.drops().is_empty()
            && self
                .refs
                .adds()
                .iter()
                .all(|add| matches!(add, Reference::Page(_)))
            && self.brings_root()
            // An empty collection is one page.
            && self.pages.len() == 1
    }

    /// What the journal says of it.
    pub(crate) fn happening(&self) -> Happening {
        Happening::Changed {
            collection_id: CollectionId(*self.head.collection_id()),
            head_no: self.head.head_no(),
            adds: journal::references(self.refs.adds()),
            drops: journal::references(self.refs.drops()),
        }
    }

    /// What head and pages count for.
    pub(crate) fn bytes(&self) -> u64 {
        let pages = self.pages.iter().map(|(_, page)| page.len() as u64);
        pages.sum::<u64>() + self.head.to_bytes().len() as u64
    }

    /// Puts head and pages of a collection's birth into `batch`.
    pub(crate) fn stage_first(&self, account_id: Id, charter: &VerifiedCharter, batch: &mut Batch) {
        let id = charter.collection_id();
        batch.absent(&key::collection(id));
        batch.put(key::charter(id, 0), charter.to_bytes().to_vec());
        batch.put(key::collection_of(&account_id, id), PRESENT.to_vec());
        self.stage_head(account_id, id, batch);
        let mut entries = Entries::new(batch, account_id, &self.log);
        entries.seal(Opening::Charter {
            collection_id: *id,
            charter_no: charter.charter_no(),
            epoch: charter.epoch(),
            charter_hash: *charter.hash(),
        });
        self.log_head(&mut entries);
    }

    fn log_head(&self, entries: &mut Entries<'_>) {
        let (collection_id, head_no) = (*self.head.collection_id(), self.head.head_no());
        let opening = Opening::Head {
            collection_id,
            head_no,
            head_hash: *self.head.hash(),
        };
        let place = key::logged_head(&collection_id, head_no);
        entries.seal_under(opening, self.log.tag.0, place);
    }

    /// Puts everything that the commit changes into `batch`, and names the bodies that die with it.
    pub(crate) async fn stage(
        &self,
        state: &State,
        who: &Who,
        (before, seen): (&CollectionRow, [u8; 32]),
        batch: &mut Batch,
    ) -> Result<Vec<Id>, Failure> {
        let id = *self.head.collection_id();
        let now = state.now();
        batch.expect(&key::collection(&id), seen);
        self.stage_head(before.account_id, &id, batch);
        if !self.brings_root() {
            self.keeps_root(state, &id).await?;
        }
        let (mut added, mut closed) = (Vec::new(), Vec::new());
        for add in self.refs.adds() {
            if let Reference::Body(body) = add
                && let Some(opening) = self.add_body(state, who, &id, body, batch).await?
            {
                added.push((*body, opening));
            }
        }
        let mut dying = Vec::new();
        for drop in self.refs.drops() {
            match drop {
                Reference::Body(body) => {
                    let fate = self.drop_body(state, &id, body, now, batch).await?;
                    if fate != Fate::Stays {
                        closed.push(*body);
                    }
                    if fate == Fate::Dies {
                        dying.push(*body);
                    }
                }
                Reference::Page(page) => drop_page(state, &id, page, now, batch).await?,
            }
        }
        // A purge is how an owner makes room on a full disk.
        batch.frees = !dying.is_empty()
            && !self
                .refs
                .adds()
                .iter()
                .any(|add| matches!(add, Reference::Body(_)));
        self.stage_quota(state, &before.account_id, &id, batch).await?;
        let mut entries = Entries::new(batch, before.account_id, &self.log);
        for (body, opening) in added {
            entries.seal_at(opening, key::logged_body(&body));
        }
        for body in closed {
            let index = write::index_at(state, &key::logged_body(&body)).await?;
            entries.close_body(&body, index.ok_or(ErrorCode::Internal)?);
        }
        self.log_head(&mut entries);
        Ok(dying)
    }

    /// Counts what the account's index grows by. A page that is stored already was counted; dropped ones count until
    /// they are erased.
    async fn stage_quota(
        &self,
        state: &State,
        account_id: &Id,
        id: &Id,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let mut bytes = self.bytes();
        for (page_id, page) in &self.pages {
            let (table, key) = key::page(id, page_id);
            if state.meta.get(table, &key).await?.is_some() {
                bytes -= page.len() as u64;
            }
        }
        let place = key::quota(account_id);
        let (mut quota, seen) = state.row::<QuotaRow>(&place).await?.ok_or(ErrorCode::Internal)?;
        let mut most = state.config.index_bytes;
        if batch.frees {
            // Who has filled everything must still be able to erase.
            most = most.saturating_add(most / 8);
        }
        let left = most.saturating_sub(quota.index);
        if bytes > left {
            return Err(Failure::with_limit(ErrorCode::QuotaExceeded, left));
        }
        quota.index += bytes;
        batch.expect(&place, seen).put_row(place, &quota);
        Ok(())
    }

    fn stage_head(&self, account_id: Id, id: &Id, batch: &mut Batch) {
        let row = CollectionRow {
            account_id,
            charter_no: self.head.charter_no(),
            head_no: self.head.head_no(),
            head_hash: *self.head.hash(),
        };
        batch.put_row(key::collection(id), &row);
        let number = self.head.head_no();
        batch.put(key::head(id, number), self.head.to_bytes().to_vec());
        batch.put(key::refs(id, number), self.refs.to_bytes());
        for (page_id, page) in &self.pages {
            batch.put_row(key::page(id, page_id), &PageRow { page: page.clone() });
            batch.delete(key::dropped(id, page_id));
        }
    }

    fn brings_root(&self) -> bool {
        self.pages.iter().any(|(id, _)| id == self.head.root_page_id())
    }

    /// A commit without a new root keeps one that is stored, and does not drop it.
    async fn keeps_root(&self, state: &State, id: &Id) -> Result<(), Failure> {
        let root = self.head.root_page_id();
        let live = is_live(state, id, root).await?;
        let dropped = self.refs.drops().binary_search(&Reference::Page(*root)).is_ok();
        if live && !dropped {
            Ok(())
        } else {
            Err(ErrorCode::Refused.into())
        }
    }

    /// The opening to log where it is the first reference.
    async fn add_body(
        &self,
        state: &State,
        who: &Who,
        id: &Id,
        body: &Id,
        batch: &mut Batch,
    ) -> Result<Option<Opening>, Failure> {
        let place = key::body(body);
        let Some((mut row, seen)) = state.row::<BodyRow>(&place).await? else {
            return Err(ErrorCode::Refused.into());
        };
        access::refer_to_body(who, &row, self.head.by_admin()).map_err(|_| ErrorCode::Refused)?;
        let reference = key::reference(body, id);
        batch.expect(&place, seen);
        if state.meta.get(reference.0, &reference.1).await?.is_some() {
            return Ok(None);
        }
        let is_first = row.references == 0;
        row.references = row.references.checked_add(1).ok_or(ErrorCode::Refused)?;
        row.state = BodyState::Live;
        row.since = state.now();
        batch.put_row(place, &row).put(reference, PRESENT.to_vec());
        let opening = write::body(body, &row.header, row.ct_len)?;
        Ok(is_first.then_some(opening))
    }

    async fn drop_body(
        &self,
        state: &State,
        id: &Id,
        body: &Id,
        now: u64,
        batch: &mut Batch,
    ) -> Result<Fate, Failure> {
        let (place, reference) = (key::body(body), key::reference(body, id));
        let referred = state.meta.get(reference.0, &reference.1).await?.is_some();
        let (true, Some((mut row, seen))) = (referred, state.row::<BodyRow>(&place).await?) else {
            return Err(ErrorCode::Refused.into());
        };
        row.references = row.references.saturating_sub(1);
        row.since = now;
        let dies = row.references == 0 && self.head.by_admin();
        if row.references == 0 {
            row.state = if dies {
                BodyState::Ending
            } else {
                BodyState::Dropped
            };
            let at = if dies {
                now
            } else {
                now + crate::collector::DROPPED_BODY_SECONDS
            };
            batch.put(key::due(at, &Due::Body(*body)), PRESENT.to_vec());
        }
        batch.expect(&place, seen).put_row(place, &row).delete(reference);
        Ok(match (row.references, dies) {
            (0, true) => Fate::Dies,
            (0, false) => Fate::Waits,
            _ => Fate::Stays,
        })
    }
}

/// What becomes of a body that a collection lets go of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Others refer to it.
    Stays,
    /// Unserved, erased later.
    Waits,
    /// Its last reference, dropped by an admin: erased now.
    Dies,
}

/// The charter of this number, checked again from the first one on.
pub(crate) async fn charter(state: &State, id: &Id, number: u32) -> Result<VerifiedCharter, Failure> {
    let mut verified: Option<VerifiedCharter> = None;
    for no in 0..=number {
        let (table, key) = key::charter(id, no);
        let bytes = state.meta.get(table, &key).await?.ok_or(ErrorCode::Internal)?;
        let charter = Charter::parse(&bytes).and_then(|charter| match &verified {
            None => charter.verify_genesis(id),
            Some(before) => charter.verify_next(before),
        });
        verified = Some(charter.map_err(|_| ErrorCode::Internal)?);
    }
    verified.ok_or_else(|| ErrorCode::Internal.into())
}

/// Whether the head follows the stored one; compare-and-swap decides again when it is written.
pub(crate) fn follows(head: &SignedHead, row: &CollectionRow) -> bool {
    let pin = crypto::collection::head::Pin {
        head_no: row.head_no,
        head_hash: row.head_hash,
        charter_no: row.charter_no,
    };
    pin.place(head) == ChainPlace::Next
}

async fn drop_page(
    state: &State,
    id: &Id,
    page: &Hash32,
    now: u64,
    batch: &mut Batch,
) -> Result<(), Failure> {
    if !is_live(state, id, page).await? {
        return Err(ErrorCode::Refused.into());
    }
    let at = now + crate::collector::DROPPED_PAGE_SECONDS;
    batch.put_row(key::dropped(id, page), &DroppedRow { at: now });
    batch.put(key::due(at, &Due::Page(*id, *page)), PRESENT.to_vec());
    Ok(())
}

/// Whether the page is stored and no commit dropped it since.
async fn is_live(state: &State, id: &Id, page: &Hash32) -> Result<bool, Failure> {
    let dropped = state.row::<DroppedRow>(&key::dropped(id, page)).await?;
    Ok(dropped.is_none() && state.row::<PageRow>(&key::page(id, page)).await?.is_some())
}

fn within(count: usize, limit: u64) -> Result<(), Failure> {
    if count as u64 <= limit {
        Ok(())
    } else {
        Err(Failure::with_limit(ErrorCode::TooLarge, limit))
    }
}

fn refused<E>(_: E) -> ErrorCode {
    ErrorCode::Refused
}

/// The value of a record whose key says everything.
pub(crate) const PRESENT: &[u8] = &[1];

//! What a write adds to the log: entries and their openings, in the batch that makes the change (`spec/log.md`, section 2).
//!
//! The client chose the seed; the server sees what happens and composes the openings, so that none of them can say
//! anything else.

use crypto::audit::entry::{Entry, Tag};
use crypto::audit::opening::{LogSeed, Opened, Opening};
use crypto::id::{Hash32, Id};
use shared::audit::{LogWrite, Logged};
use shared::{ErrorCode, Hash};

use crate::error::Failure;
use crate::key::{self, Place};
use crate::state::State;
use crate::store::{Batch, Indexed, IndexedWrite};

/// The entries of one request, in their order.
pub(crate) struct Entries<'a> {
    batch: &'a mut Batch,
    account_id: Id,
    seed: LogSeed,
    sealed: u32,
}

impl<'a> Entries<'a> {
    pub(crate) const fn new(batch: &'a mut Batch, account_id: Id, log: &LogWrite) -> Self {
        Self {
            batch,
            account_id,
            seed: LogSeed(log.seed.0),
            sealed: 0,
        }
    }

    /// An entry that everybody may read.
    pub(crate) fn open(&mut self, entry: &Entry) {
        self.batch.append.push(entry.to_bytes());
    }

    /// A sealed entry under a tag that nobody has to find.
    pub(crate) fn seal(&mut self, opening: Opening) {
        let (_, tag) = self.seed.derive(self.sealed);
        self.write(opening, tag, None);
    }

    /// The same, its index kept at a place.
    pub(crate) fn seal_at(&mut self, opening: Opening, place: Place) {
        let (_, tag) = self.seed.derive(self.sealed);
        self.write(opening, tag, Some(place));
    }

    /// A sealed entry under its owner's tag, its index kept at a place.
    pub(crate) fn seal_under(&mut self, opening: Opening, tag: Tag, place: Place) {
        self.write(opening, tag, Some(place));
    }

    /// A body lost its last reference: its opening goes, and the entry that says so names what it closes.
    pub(crate) fn close_body(&mut self, body_id: &Id, index: u64) {
        self.batch.delete.push(key::logged_body(body_id));
        for (table, key) in [key::opening(index), key::opening_of(&self.account_id, index)] {
            self.batch.delete.push((table, key));
        }
        self.seal(Opening::Drop {
            id: *body_id,
            closed: vec![index],
        });
    }

    fn write(&mut self, opening: Opening, tag: Tag, place: Option<Place>) {
        let (blind, _) = self.seed.derive(self.sealed);
        self.sealed += 1;
        let opened = Opened { blind, opening };
        append(self.batch, &self.account_id, &opened, tag, place);
    }
}

/// Appends a sealed entry with its opening, and that the opening is this account's.
pub(crate) fn append(batch: &mut Batch, account_id: &Id, opened: &Opened, tag: Tag, place: Option<Place>) {
    let entry = batch.append.len();
    batch.append.push(opened.entry(tag).to_bytes());
    let mut indexed = |(table, key): Place, write| {
        batch.indexed.push(Indexed {
            entry,
            table,
            key,
            write,
        });
    };
    indexed(key::openings(), IndexedWrite::Behind(opened.to_bytes()));
    indexed(
        key::openings_of(account_id),
        IndexedWrite::Behind(crate::commit::PRESENT.to_vec()),
    );
    if let Some(place) = place {
        indexed(place, IndexedWrite::Value);
    }
}

/// Appends a sealed entry whose opening is nobody's and stays.
pub(crate) fn append_kept(batch: &mut Batch, opened: &Opened, tag: Tag) {
    let (table, key) = key::openings();
    batch.indexed.push(Indexed {
        entry: batch.append.len(),
        table,
        key,
        write: IndexedWrite::Behind(opened.to_bytes()),
    });
    batch.append.push(opened.entry(tag).to_bytes());
}

/// The index that stands at a place.
pub(crate) async fn index_at(state: &State, (table, key): &Place) -> Result<Option<u64>, Failure> {
    let Some(bytes) = state.meta.get(*table, key).await? else {
        return Ok(None);
    };
    let index = bytes.try_into().map_err(|_| ErrorCode::Internal)?;
    Ok(Some(u64::from_be_bytes(index)))
}

/// Where the entry of something served stands, and its blind.
pub(crate) async fn logged(state: &State, place: &Place) -> Result<Logged, Failure> {
    let index = index_at(state, place).await?.ok_or(ErrorCode::Internal)?;
    let (table, key) = key::opening(index);
    let bytes = state.meta.get(table, &key).await?.ok_or(ErrorCode::Internal)?;
    let opened = Opened::parse(&bytes).map_err(|_| ErrorCode::Internal)?;
    Ok(Logged {
        index,
        blind: Hash(opened.blind),
    })
}

/// The opening of a body that a head adds.
pub(crate) fn body(body_id: &Id, header: &[u8], ct_len: u64) -> Result<Opening, Failure> {
    let header = crypto::document::body::BodyHeader::parse(header).map_err(|_| ErrorCode::Internal)?;
    let body_hash: Hash32 = header.hash();
    Ok(Opening::Body {
        body_id: *body_id,
        body_hash,
        ct_len,
    })
}

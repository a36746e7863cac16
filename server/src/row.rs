//! The rows that the server keeps about what it stores: fixed binary forms, each with its format number first.
//!
//! A row holds ids, lengths, hashes, counters, and encrypted records as they came. No name, no key
//! (`spec/store.md` says in which table and under which key each stands; the keys are made in `key.rs`).

use crypto::audit::listing::BodyState;
use crypto::id::{Hash32, Id};

/// The bytes are not a row of this kind and format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a row of this kind")]
pub(crate) struct RowError;

/// A kind of row.
pub(crate) trait Row: Sized {
    fn write(&self, out: &mut Writer);
    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError>;

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(vec![FORMAT]);
        self.write(&mut out);
        out.0
    }

    fn parse(bytes: &[u8]) -> Result<Self, RowError> {
        let mut reader = Reader(bytes);
        if reader.array::<1>()? != [FORMAT] {
            return Err(RowError);
        }
        let row = Self::read(&mut reader)?;
        if reader.0.is_empty() {
            Ok(row)
        } else {
            Err(RowError)
        }
    }
}

pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(RowError)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RowError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RowError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }
}

/// The deployment: its id, and under which login setup its passwords were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeploymentRow {
    pub(crate) deployment_id: Id,
    pub(crate) setup_id: Id,
}

impl Row for DeploymentRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.deployment_id);
        out.bytes(&self.setup_id);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            deployment_id: reader.array()?,
            setup_id: reader.array()?,
        })
    }
}

/// An account: who it is in the other tables, and what its last idempotent writes were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) credential_id: Hash32,
    pub(crate) recovery_id: Id,
    /// SHA-256 of the request that made the account.
    pub(crate) created_by: Hash32,
    /// The last change of password: its operation id and the SHA-256 of its request; zeros before the first.
    pub(crate) operation_id: Id,
    pub(crate) operation: Hash32,
    /// Of its identity in the log.
    pub(crate) label: Hash32,
    pub(crate) handle: String,
}

impl Row for AccountRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.credential_id);
        out.bytes(&self.recovery_id);
        out.bytes(&self.created_by);
        out.bytes(&self.operation_id);
        out.bytes(&self.operation);
        out.bytes(&self.label);
        out.bytes(self.handle.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            credential_id: reader.array()?,
            recovery_id: reader.array()?,
            created_by: reader.array()?,
            operation_id: reader.array()?,
            operation: reader.array()?,
            label: reader.array()?,
            handle: String::from_utf8(reader.rest().to_vec()).map_err(|_| RowError)?,
        })
    }
}

/// What happened to an account's ways in, until the person acknowledges it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EventsRow {
    /// The oldest first; at most `limit::EVENTS`.
    pub(crate) events: Vec<EventItem>,
}

/// One change of a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventItem {
    /// The operation id of the request.
    pub(crate) id: Id,
    pub(crate) at: u64,
    /// A new sheet; a new phrase otherwise.
    pub(crate) sheet: bool,
    pub(crate) by_words: bool,
}

impl Row for EventsRow {
    fn write(&self, out: &mut Writer) {
        for event in &self.events {
            out.bytes(&event.id);
            out.u64(event.at);
            out.bytes(&[u8::from(event.sheet), u8::from(event.by_words)]);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        let mut events = Vec::new();
        while !reader.0.is_empty() {
            events.push(EventItem {
                id: reader.array()?,
                at: reader.u64()?,
                sheet: flag(reader)?,
                by_words: flag(reader)?,
            });
        }
        Ok(Self { events })
    }
}

/// An account that was closed, and what of it is still to be erased; gone when nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClosingRow {
    pub(crate) collections: Vec<Id>,
}

impl Row for ClosingRow {
    fn write(&self, out: &mut Writer) {
        for id in &self.collections {
            out.bytes(id);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        let mut collections = Vec::new();
        while !reader.0.is_empty() {
            collections.push(reader.array()?);
        }
        Ok(Self { collections })
    }
}

/// What an account stores, in bytes, and how many uploads it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct QuotaRow {
    pub(crate) used: u64,
    pub(crate) reserved: u64,
    pub(crate) uploads: u32,
    /// Pages and heads.
    pub(crate) index: u64,
}

impl Row for QuotaRow {
    fn write(&self, out: &mut Writer) {
        out.u64(self.used);
        out.u64(self.reserved);
        out.u32(self.uploads);
        out.u64(self.index);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            used: reader.u64()?,
            reserved: reader.u64()?,
            uploads: reader.u32()?,
            index: reader.u64()?,
        })
    }
}

/// The password of one credential id: whose it is, and OPAQUE's record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LoginRow {
    pub(crate) account_id: Id,
    pub(crate) record: Vec<u8>,
}

impl Row for LoginRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.account_id);
        out.bytes(&self.record);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            account_id: reader.array()?,
            record: reader.rest().to_vec(),
        })
    }
}

/// The twelve words of one recovery id: whose they are, and the key that proves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecoveryRow {
    pub(crate) account_id: Id,
    pub(crate) recovery_pk: [u8; 32],
}

impl Row for RecoveryRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.account_id);
        out.bytes(&self.recovery_pk);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            account_id: reader.array()?,
            recovery_pk: reader.array()?,
        })
    }
}

/// An upload in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadRow {
    pub(crate) account_id: Id,
    pub(crate) ct_len: u64,
    pub(crate) begun: u64,
    /// Given up: nothing is added any more, what is there is being erased.
    pub(crate) ending: bool,
    /// SHA-256 of the first record, so that a repeated beginning is recognised after the record moved on.
    pub(crate) first_record: Hash32,
    /// CAR1 of kind 3, the newest.
    pub(crate) record: Vec<u8>,
}

impl Row for UploadRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.account_id);
        out.u64(self.ct_len);
        out.u64(self.begun);
        out.bytes(&[u8::from(self.ending)]);
        out.bytes(&self.first_record);
        out.bytes(&self.record);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            account_id: reader.array()?,
            ct_len: reader.u64()?,
            begun: reader.u64()?,
            ending: flag(reader)?,
            first_record: reader.array()?,
            record: reader.rest().to_vec(),
        })
    }
}

/// A stored body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyRow {
    /// Whose quota it counts in.
    pub(crate) account_id: Id,
    pub(crate) state: BodyState,
    pub(crate) since: u64,
    /// Collections that refer to it.
    pub(crate) references: u32,
    pub(crate) ct_len: u64,
    /// CVB1.
    pub(crate) header: Vec<u8>,
}

impl Row for BodyRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.account_id);
        out.bytes(&[self.state.byte()]);
        out.u64(self.since);
        out.u32(self.references);
        out.u64(self.ct_len);
        out.bytes(&self.header);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            account_id: reader.array()?,
            state: BodyState::of(u8::from_be_bytes(reader.array()?)).ok_or(RowError)?,
            since: reader.u64()?,
            references: reader.u32()?,
            ct_len: reader.u64()?,
            header: reader.rest().to_vec(),
        })
    }
}

/// A collection as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CollectionRow {
    /// Who may touch it. One account until there are grants.
    pub(crate) account_id: Id,
    pub(crate) charter_no: u32,
    pub(crate) head_no: u64,
    pub(crate) head_hash: Hash32,
}

impl Row for CollectionRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.account_id);
        out.u32(self.charter_no);
        out.u64(self.head_no);
        out.bytes(&self.head_hash);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            account_id: reader.array()?,
            charter_no: reader.u32()?,
            head_no: reader.u64()?,
            head_hash: reader.array()?,
        })
    }
}

/// A page of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRow {
    pub(crate) page: Vec<u8>,
}

impl Row for PageRow {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.page);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            page: reader.rest().to_vec(),
        })
    }
}

/// When a commit dropped a page; erased 30 days later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DroppedRow {
    pub(crate) at: u64,
}

impl Row for DroppedRow {
    fn write(&self, out: &mut Writer) {
        out.u64(self.at);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self { at: reader.u64()? })
    }
}

pub(crate) fn flag(reader: &mut Reader<'_>) -> Result<bool, RowError> {
    match reader.array()? {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(RowError),
    }
}

const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_row_reads_back_and_nothing_else_reads() {
        let row = BodyRow {
            account_id: [1; 16],
            state: BodyState::Dropped,
            since: 3,
            references: 4,
            ct_len: 5,
            header: vec![6; 120],
        };
        let bytes = row.to_bytes();
        assert_eq!(BodyRow::parse(&bytes), Ok(row));
        assert_eq!(QuotaRow::parse(&bytes), Err(RowError));
        assert_eq!(BodyRow::parse(&bytes[..20]), Err(RowError));
        assert_eq!(BodyRow::parse(&[&[2], &bytes[1..]].concat()), Err(RowError));
        let quota = QuotaRow {
            used: 1,
            reserved: 2,
            uploads: 3,
            index: 4,
        };
        let bytes = quota.to_bytes();
        assert_eq!(QuotaRow::parse(&bytes), Ok(quota));
        assert_eq!(QuotaRow::parse(&bytes[..bytes.len() - 8]), Err(RowError));
        let page = PageRow { page: vec![7; 3] };
        assert_eq!(PageRow::parse(&page.to_bytes()), Ok(page));
    }
}

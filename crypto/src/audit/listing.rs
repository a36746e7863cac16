//! What a server lists for admitted auditors: records of its store, keyed and in order. spec/audit.md section 3.
//!
//! ```text
//! record = key_len u8 ‖ key ‖ value_len u32 ‖ value
//! head   = CVH1 632 ‖ references of its commit
//! body   = state u8 ‖ since u64 ‖ references u32 ‖ ct_len u64 ‖ CVB1 120
//! upload = begun u64 ‖ ct_len u64
//! chunk  = n u8 ‖ n × hash 32, its path in the body's tree ‖ the chunk
//! ```

use crate::codec::{Malformed, Reader, Writer};
use crate::id::Hash32;

/// One record of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is listed under, 1 to 255 bytes.
    pub key: Vec<u8>,
    /// What is stored there.
    pub value: Vec<u8>,
}

/// The bytes are no list, no body or no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of the store")]
pub struct ListingError;

impl From<Malformed> for ListingError {
    fn from(_: Malformed) -> Self {
        Self
    }
}

impl Record {
    /// Its bytes; `None` where key or value is longer than a record holds.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut out = Writer::with_capacity(5 + self.key.len() + self.value.len());
        out.u8(u8::try_from(self.key.len()).ok()?)
            .bytes(&self.key)
            .u32(u32::try_from(self.value.len()).ok()?)
            .bytes(&self.value);
        Some(out.finish())
    }

    /// Reads a whole list: keys in ascending order, each once.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ListingError> {
        let mut input = Reader::new(bytes);
        let mut records: Vec<Self> = Vec::new();
        while input.left() > 0 {
            let key_len = usize::from(input.u8()?);
            let key = input.bytes(key_len)?.to_vec();
            let value_len = usize::try_from(input.u32()?).map_err(|_| ListingError)?;
            let value = input.bytes(value_len)?.to_vec();
            if key.is_empty() || records.last().is_some_and(|last| last.key >= key) {
                return Err(ListingError);
            }
            records.push(Self { key, value });
        }
        Ok(records)
    }
}

/// Where a body stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyState {
    /// 0: served. Dies 24 h after `since` if nothing refers to it.
    Live,
    /// 1: its last reference was dropped under the write key: unserved, erased 7 days after `since`, an admin may take
    /// it back meanwhile.
    Dropped,
    /// 2: being erased.
    Ending,
}

impl BodyState {
    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Dropped => 1,
            Self::Ending => 2,
        }
    }

    /// The state of this byte.
    #[must_use]
    pub const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Live),
            1 => Some(Self::Dropped),
            2 => Some(Self::Ending),
            _ => None,
        }
    }
}

/// A stored body, as an auditor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBody {
    /// How it stands.
    pub state: BodyState,
    /// Since when, seconds UTC by the server's clock.
    pub since: u64,
    /// Collections that refer to it.
    pub references: u32,
    /// Bytes of its ciphertext.
    pub ct_len: u64,
    /// CVB1, unread.
    pub header: Vec<u8>,
}

impl ListedBody {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(21 + self.header.len());
        out.u8(self.state.byte())
            .u64(self.since)
            .u32(self.references)
            .u64(self.ct_len)
            .bytes(&self.header);
        out.finish()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ListingError> {
        let mut input = Reader::new(bytes);
        Ok(Self {
            state: BodyState::of(input.u8()?).ok_or(ListingError)?,
            since: input.u64()?,
            references: input.u32()?,
            ct_len: input.u64()?,
            header: input.rest().to_vec(),
        })
    }
}

/// A chunk of a body and its place in the body's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedChunk {
    /// Its inclusion proof (RFC 6962, 2.1.1), from the leaf up.
    pub path: Vec<Hash32>,
    /// The sealed chunk.
    pub chunk: Vec<u8>,
}

impl ListedChunk {
    /// Its bytes; `None` where the path is longer than any tree is deep.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut out = Writer::with_capacity(1 + 32 * self.path.len() + self.chunk.len());
        out.u8(u8::try_from(self.path.len()).ok()?);
        for hash in &self.path {
            out.bytes(hash);
        }
        out.bytes(&self.chunk);
        Some(out.finish())
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ListingError> {
        let mut input = Reader::new(bytes);
        let count = input.u8()?;
        let path = (0..count).map(|_| input.array()).collect::<Result<_, _>>()?;
        Ok(Self {
            path,
            chunk: input.rest().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn record(key: &[u8], value: &[u8]) -> Record {
        Record {
            key: key.to_vec(),
            value: value.to_vec(),
        }
    }

    #[test]
    fn a_list_reads_back_in_one_order() {
        let records = [record(b"a", b""), record(b"ab", &[7; 70_000]), record(b"b", b"x")];
        let bytes: Vec<u8> = records.iter().flat_map(|each| each.to_bytes().unwrap()).collect();
        assert_eq!(Record::parse_all(&bytes).unwrap(), records);
        assert_eq!(Record::parse_all(b""), Ok(vec![]));
        assert_eq!(Record::parse_all(&bytes[..bytes.len() - 1]), Err(ListingError));
        let twice = [records[2].to_bytes().unwrap(), records[2].to_bytes().unwrap()].concat();
        assert_eq!(Record::parse_all(&twice), Err(ListingError));
        assert_eq!(Record::parse_all(&[0, 0, 0, 0, 0]), Err(ListingError));
        assert_eq!(record(&[0; 256], b"").to_bytes(), None);
    }

    #[test]
    fn bodies_and_chunks_read_back() {
        let body = ListedBody {
            state: BodyState::Dropped,
            since: 9,
            references: 2,
            ct_len: 16_400,
            header: vec![1; 120],
        };
        assert_eq!(ListedBody::parse(&body.to_bytes()), Ok(body.clone()));
        let mut other = body.to_bytes();
        other[0] = 3;
        assert_eq!(ListedBody::parse(&other), Err(ListingError));
        let chunk = ListedChunk {
            path: vec![[1; 32], [2; 32]],
            chunk: vec![5; 20],
        };
        assert_eq!(ListedChunk::parse(&chunk.to_bytes().unwrap()), Ok(chunk));
        assert_eq!(ListedChunk::parse(&[2, 0]), Err(ListingError));
    }
}

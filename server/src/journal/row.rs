//! The rows of a journal: one for each event, and one that counts them (`spec/wire.md`, section 6, "Journal").

use shared::collection::Reference;
use shared::journal::{Happening, Statement};
use shared::{Blob, BodyId, CollectionId, Hash, SessionId, limit};

use crate::row::{Reader, Row, RowError, Writer, flag};

/// What a journal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TallyRow {
    /// Number of the oldest event that is there.
    pub(crate) first: u64,
    /// Number of the next event to come; the same as `first` where none is there.
    pub(crate) next: u64,
    /// References that all of them name.
    pub(crate) refs: u64,
    /// When the oldest happened.
    pub(crate) oldest: u64,
    /// Numbers of the newest events that count attempts at the phrase, and at the words; zero for none.
    pub(crate) failed: [u64; 2],
}

impl Default for TallyRow {
    fn default() -> Self {
        Self {
            first: 1,
            next: 1,
            refs: 0,
            oldest: 0,
            failed: [0; 2],
        }
    }
}

impl Row for TallyRow {
    fn write(&self, out: &mut Writer) {
        for number in [self.first, self.next, self.refs, self.oldest] {
            out.u64(number);
        }
        self.failed.iter().for_each(|number| out.u64(*number));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            first: reader.u64()?,
            next: reader.u64()?,
            refs: reader.u64()?,
            oldest: reader.u64()?,
            failed: [reader.u64()?, reader.u64()?],
        })
    }
}

/// One event; its number is in its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRow {
    pub(crate) at: u64,
    pub(crate) what: Happening,
}

impl EventRow {
    /// References that it names.
    pub(crate) fn refs(&self) -> u64 {
        match &self.what {
            Happening::Changed { adds, drops, .. } => (adds.len() + drops.len()) as u64,
            _ => 0,
        }
    }
}

impl Row for EventRow {
    fn write(&self, out: &mut Writer) {
        out.u64(self.at);
        match &self.what {
            Happening::SignedIn { session_id, by_words } => {
                out.bytes(&[1]);
                out.bytes(&session_id.0);
                out.bytes(&[u8::from(*by_words)]);
            }
            Happening::Named { session_id, label } => {
                out.bytes(&[2]);
                out.bytes(&session_id.0);
                out.bytes(label.as_slice());
            }
            Happening::SignedOut { session_id } => {
                out.bytes(&[3]);
                out.bytes(&session_id.0);
            }
            Happening::Ended { by, session_id } => {
                out.bytes(&[4]);
                out.bytes(&by.0);
                out.bytes(&session_id.0);
            }
            Happening::EndedOthers { by, count } => {
                out.bytes(&[5]);
                out.bytes(&by.0);
                out.u32(*count);
            }
            Happening::Failed { by_words, hours } => {
                out.bytes(&[6, u8::from(*by_words)]);
                hours.iter().for_each(|count| out.u32(*count));
            }
            Happening::Uploaded { body_id, ct_len } => {
                out.bytes(&[7]);
                out.bytes(&body_id.0);
                out.u64(*ct_len);
            }
            Happening::Changed {
                collection_id,
                head_no,
                adds,
                drops,
            } => {
                out.bytes(&[8]);
                out.bytes(&collection_id.0);
                out.u64(*head_no);
                write_references(out, adds);
                write_references(out, drops);
            }
            Happening::Erased { body_id } => {
                out.bytes(&[9]);
                out.bytes(&body_id.0);
            }
            Happening::NewWayIn { sheet, by_words } => {
                out.bytes(&[10, u8::from(*sheet), u8::from(*by_words)]);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        let at = reader.u64()?;
        let what = match reader.array()? {
            [1] => Happening::SignedIn {
                session_id: SessionId(reader.array()?),
                by_words: flag(reader)?,
            },
            [2] => Happening::Named {
                session_id: SessionId(reader.array()?),
                label: Blob(reader.array::<LABEL>()?.to_vec()),
            },
            [3] => Happening::SignedOut {
                session_id: SessionId(reader.array()?),
            },
            [4] => Happening::Ended {
                by: SessionId(reader.array()?),
                session_id: SessionId(reader.array()?),
            },
            [5] => Happening::EndedOthers {
                by: SessionId(reader.array()?),
                count: reader.u32()?,
            },
            [6] => Happening::Failed {
                by_words: flag(reader)?,
                hours: (0..HOURS).map(|_| reader.u32()).collect::<Result<_, _>>()?,
            },
            [7] => Happening::Uploaded {
                body_id: BodyId(reader.array()?),
                ct_len: reader.u64()?,
            },
            [8] => Happening::Changed {
                collection_id: CollectionId(reader.array()?),
                head_no: reader.u64()?,
                adds: read_references(reader)?,
                drops: read_references(reader)?,
            },
            [9] => Happening::Erased {
                body_id: BodyId(reader.array()?),
            },
            [10] => Happening::NewWayIn {
                sheet: flag(reader)?,
                by_words: flag(reader)?,
            },
            _ => return Err(RowError),
        };
        Ok(Self { at, what })
    }
}

fn write_references(out: &mut Writer, list: &[Reference]) {
    // The wire's cap keeps both counts far below 2^32.
    out.u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
    for reference in list {
        match reference {
            Reference::Body(id) => {
                out.bytes(&[1]);
                out.bytes(&id.0);
            }
            Reference::Page(id) => {
                out.bytes(&[2]);
                out.bytes(&id.0);
            }
        }
    }
}

fn read_references(reader: &mut Reader<'_>) -> Result<Vec<Reference>, RowError> {
    let count = reader.u32()?;
    if u64::from(count) > limit::REFS {
        return Err(RowError);
    }
    (0..count)
        .map(|_| match reader.array()? {
            [1] => Ok(Reference::Body(BodyId(reader.array()?))),
            [2] => Ok(Reference::Page(Hash(reader.array()?))),
            _ => Err(RowError),
        })
        .collect()
}

/// A statement of the operator; its index in the log is in its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatementRow {
    pub(crate) at: u64,
    pub(crate) text: String,
}

impl StatementRow {
    /// As everybody who is signed in reads it.
    pub(crate) fn told(self, index: u64) -> Statement {
        Statement {
            index,
            at: self.at,
            text: self.text,
        }
    }
}

impl Row for StatementRow {
    fn write(&self, out: &mut Writer) {
        out.u64(self.at);
        out.bytes(self.text.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RowError> {
        Ok(Self {
            at: reader.u64()?,
            text: String::from_utf8(reader.rest().to_vec()).map_err(|_| RowError)?,
        })
    }
}

/// Hours that one event of attempts counts.
pub(crate) const HOURS: usize = 24;
const LABEL: usize = limit::LABEL_BYTES as usize;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn every_kind() -> Vec<Happening> {
        let (session, other) = (SessionId([1; 16]), SessionId([2; 16]));
        vec![
            Happening::SignedIn {
                session_id: session,
                by_words: true,
            },
            Happening::Named {
                session_id: session,
                label: Blob(vec![3; LABEL]),
            },
            Happening::SignedOut { session_id: session },
            Happening::Ended {
                by: session,
                session_id: other,
            },
            Happening::EndedOthers {
                by: session,
                count: 4,
            },
            Happening::Failed {
                by_words: false,
                hours: (0..24).collect(),
            },
            Happening::Uploaded {
                body_id: BodyId([5; 16]),
                ct_len: 6,
            },
            Happening::Changed {
                collection_id: CollectionId([7; 16]),
                head_no: 8,
                adds: vec![Reference::Body(BodyId([9; 16])), Reference::Page(Hash([10; 32]))],
                drops: vec![Reference::Page(Hash([11; 32]))],
            },
            Happening::Erased {
                body_id: BodyId([12; 16]),
            },
            Happening::NewWayIn {
                sheet: true,
                by_words: false,
            },
        ]
    }

    #[test]
    fn every_kind_of_event_reads_back_and_nothing_else_does() {
        for what in every_kind() {
            let row = EventRow { at: 77, what };
            let bytes = row.to_bytes();
            assert_eq!(EventRow::parse(&bytes), Ok(row));
            assert_eq!(EventRow::parse(&bytes[..bytes.len() - 1]), Err(RowError));
            assert_eq!(EventRow::parse(&[&bytes[..], &[0]].concat()), Err(RowError));
        }
        let unknown = [&[1][..], &[0; 8], &[11]].concat();
        assert_eq!(EventRow::parse(&unknown), Err(RowError));
    }

    #[test]
    fn the_longest_change_is_one_record() {
        let pages = vec![Reference::Page(Hash([1; 32])); 128];
        let mut adds = vec![Reference::Body(BodyId([2; 16])); 896];
        adds.extend(pages);
        let row = EventRow {
            at: 0,
            what: Happening::Changed {
                collection_id: CollectionId([0; 16]),
                head_no: 1,
                adds,
                drops: vec![Reference::Page(Hash([3; 32])); 1_024],
            },
        };
        assert_eq!(row.refs(), 2_048);
        assert!(row.to_bytes().len() <= crate::store::VALUE_BYTES);
        assert_eq!(EventRow::parse(&row.to_bytes()), Ok(row));
    }
}

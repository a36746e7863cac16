//! Entries of the log, as anybody may read them: what is personal stands there as a commitment alone.
//!
//! ```text
//! entry = type u8 ‖ 01 ‖ payload, at most 65,535 bytes, without any time
//! 01 IDENTITY     label 32 ‖ seq u32 ‖ bundle_hash 32
//! 04 PREDECESSOR  LP(origin) ‖ LP(last checkpoint, a note) ‖ LP(reason)
//! 07 MAP_HEAD     map_root 32 ‖ covered_size u64
//! 08 AUDIT        report_hash 32 ‖ LP(the auditor's key)
//! 09 OPERATOR     statement_hash 32
//! 10 SEALED       tag 16 ‖ commit 32
//! ```
//!
//! spec/log.md section 1. The types 02, 03, 05, 0A and 0B come with what they are about and are refused until then.

use super::tree::leaf_hash;
use crate::codec::{Malformed, Reader, Writer};
use crate::id::Hash32;

/// Locates an entry that its owner can find and nobody else.
pub type Tag = [u8; 16];

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An identity of an account, under a label that its contacts alone can compute.
    Identity {
        /// SHA-256(L(id-label) ‖ account_id ‖ label_salt 16).
        label: Hash32,
        /// Counts the account's bundles from 0.
        seq: u32,
        /// Of that bundle.
        bundle_hash: Hash32,
    },
    /// The log goes on from a backup: what stood behind it in the log before is lost.
    Predecessor {
        /// Name of the log before.
        origin: String,
        /// The last checkpoint that it signed, as far as its operator has one.
        checkpoint: Vec<u8>,
        /// What the operator says about it.
        reason: String,
    },
    /// The root of the map over the first entries.
    MapHead {
        /// Of the map.
        root: Hash32,
        /// How many entries it covers.
        covered: u64,
    },
    /// The report of an auditor.
    Audit {
        /// SHA-256 of the report.
        report_hash: Hash32,
        /// Key of the auditor, as in a note.
        auditor: String,
    },
    /// What the operator did by hand and says so.
    Operator {
        /// [`statement_hash`].
        statement_hash: Hash32,
    },
    /// Something personal.
    Sealed {
        /// Where its owner looks for it.
        tag: Tag,
        /// SHA-256(L(log-commit) ‖ blind 32 ‖ opening).
        commit: Hash32,
    },
}

/// The bytes are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no entry of the log")]
pub struct EntryError;

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut input = Reader::new(bytes);
        let entry = read(&mut input).map_err(|Malformed| EntryError)?;
        input.finish().map_err(|Malformed| EntryError)?;
        Ok(entry)
    }

    /// Its bytes. Texts beyond their bounds make bytes that no reader takes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(SEALED_BYTES);
        match self {
            Self::Identity {
                label,
                seq,
                bundle_hash,
            } => out.u8(0x01).u8(VERSION).bytes(label).u32(*seq).bytes(bundle_hash),
            Self::Predecessor {
                origin,
                checkpoint,
                reason,
            } => {
                out.u8(0x04).u8(VERSION);
                lp(&mut out, origin.as_bytes());
                lp(&mut out, checkpoint);
                lp(&mut out, reason.as_bytes())
            }
            Self::MapHead { root, covered } => out.u8(0x07).u8(VERSION).bytes(root).u64(*covered),
            Self::Audit { report_hash, auditor } => {
                out.u8(0x08).u8(VERSION).bytes(report_hash);
                lp(&mut out, auditor.as_bytes())
            }
            Self::Operator { statement_hash } => out.u8(0x09).u8(VERSION).bytes(statement_hash),
            Self::Sealed { tag, commit } => out.u8(0x10).u8(VERSION).bytes(tag).bytes(commit),
        };
        out.finish()
    }

    /// Its hash as a leaf of the log's tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash32 {
        leaf_hash(&self.to_bytes())
    }
}

/// SHA-256(time u64 ‖ text): what the operator said, and when (seconds UTC).
#[must_use]
pub fn statement_hash(time: u64, text: &str) -> Hash32 {
    let mut out = Writer::with_capacity(8 + text.len());
    out.u64(time).bytes(text.as_bytes());
    crate::primitives::hash::sha256(&out.finish())
}

fn read(input: &mut Reader<'_>) -> Result<Entry, Malformed> {
    let kind = input.u8()?;
    input.expect(&[VERSION])?;
    Ok(match kind {
        0x01 => Entry::Identity {
            label: input.array()?,
            seq: input.u32()?,
            bundle_hash: input.array()?,
        },
        0x04 => Entry::Predecessor {
            origin: text(input)?,
            checkpoint: input.lp(super::note::NOTE_BYTES)?.to_vec(),
            reason: text(input)?,
        },
        0x07 => Entry::MapHead {
            root: input.array()?,
            covered: input.u64()?,
        },
        0x08 => Entry::Audit {
            report_hash: input.array()?,
            auditor: text(input)?,
        },
        0x09 => Entry::Operator {
            statement_hash: input.array()?,
        },
        0x10 => Entry::Sealed {
            tag: input.array()?,
            commit: input.array()?,
        },
        _ => return Err(Malformed),
    })
}

fn lp<'a>(out: &'a mut Writer, bytes: &[u8]) -> &'a mut Writer {
    // Beyond 2^32 bytes there is no entry anyway.
    out.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
        .bytes(bytes)
}

fn text(input: &mut Reader<'_>) -> Result<String, Malformed> {
    let bytes = input.lp(TEXT_BYTES)?;
    let text = core::str::from_utf8(bytes).map_err(|_| Malformed)?;
    Ok(text.to_owned())
}

const VERSION: u8 = 1;
/// Bytes of a sealed entry, whatever it is about.
pub const SEALED_BYTES: usize = 50;
/// Bytes of a name or reason.
pub const TEXT_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_entry_reads_back_and_no_other_length_does() {
        let entries = [
            Entry::Identity {
                label: [1; 32],
                seq: 2,
                bundle_hash: [3; 32],
            },
            Entry::Predecessor {
                origin: "a".to_owned(),
                checkpoint: b"note".to_vec(),
                reason: "é".to_owned(),
            },
            Entry::MapHead {
                root: [1; 32],
                covered: 7,
            },
            Entry::Audit {
                report_hash: [1; 32],
                auditor: "b+00000000+AA==".to_owned(),
            },
            Entry::Operator {
                statement_hash: [1; 32],
            },
            Entry::Sealed {
                tag: [1; 16],
                commit: [2; 32],
            },
        ];
        for entry in entries {
            let bytes = entry.to_bytes();
            assert_eq!(Entry::parse(&bytes).unwrap(), entry);
            for len in 0..bytes.len() {
                assert_eq!(Entry::parse(&bytes[..len]), Err(EntryError));
            }
            assert_eq!(Entry::parse(&[&bytes[..], &[0]].concat()), Err(EntryError));
            for first in (0..=255).filter(|first| ![1, 4, 7, 8, 9, 0x10].contains(first)) {
                let other = [&[first], &bytes[1..]].concat();
                assert_eq!(Entry::parse(&other), Err(EntryError));
            }
            assert_eq!(
                Entry::parse(&[&bytes[..1], &[2], &bytes[2..]].concat()),
                Err(EntryError)
            );
        }
        let sealed = Entry::Sealed {
            tag: [0; 16],
            commit: [0; 32],
        };
        assert_eq!(sealed.to_bytes().len(), SEALED_BYTES);
    }
}

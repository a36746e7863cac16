//! What stands behind a sealed entry: content and blind, for its owner and for admitted auditors, erased with the object.
//!
//! ```text
//! commit  = SHA-256(L(log-commit) ‖ blind 32 ‖ opening)
//! opening = 01 BODY     body_id 16 ‖ body_hash 32 ‖ ct_len u64
//!           02 DROP     id 16 ‖ n u32 ‖ n × index u64, ascending: the entries that this one closes
//!           03 HEAD     collection_id 16 ‖ head_no u64 ‖ head_hash 32
//!           04 CHARTER  collection_id 16 ‖ charter_no u32 ‖ epoch u32 ‖ charter_hash 32
//!           05 MANIFEST label 32 ‖ version u64 ‖ manifest_hash 32
//!           06 RECOVERY label 32 ‖ event u8 ‖ not_before u64
//! ```
//!
//! spec/log.md section 2. One client request writes several entries: their blinds, and the tags that nobody has to find,
//! come out of one random seed of the client's.

use super::entry::{Entry, Tag};
use crate::codec::{Malformed, Reader, Writer};
use crate::hash;
use crate::id::{Hash32, Id};
use crate::label::Label;
use crate::primitives::kdf;

/// What a sealed entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A body belongs to a document from now on.
    Body {
        /// Of the body.
        body_id: Id,
        /// Hash of its header.
        body_hash: Hash32,
        /// Bytes of its ciphertext.
        ct_len: u64,
    },
    /// Something is gone, and with it the openings of entries before.
    Drop {
        /// body_id, or account_id where an account was closed.
        id: Id,
        /// Indices of the entries that have no opening any more, ascending.
        closed: Vec<u64>,
    },
    /// A commit of a collection.
    Head {
        /// Of the collection.
        collection_id: Id,
        /// Its number.
        head_no: u64,
        /// Its hash.
        head_hash: Hash32,
    },
    /// A charter of a collection.
    Charter {
        /// Of the collection.
        collection_id: Id,
        /// Its number.
        charter_no: u32,
        /// Its epoch.
        epoch: u32,
        /// Its hash.
        charter_hash: Hash32,
    },
    /// A manifest of an account.
    Manifest {
        /// The account's label.
        label: Hash32,
        /// Its number.
        version: u64,
        /// Its hash.
        manifest_hash: Hash32,
    },
    /// A way in was changed.
    Recovery {
        /// The account's label.
        label: Hash32,
        /// What happened.
        event: Event,
        /// Earliest time at which it may take effect, seconds UTC; 0 for at once.
        not_before: u64,
    },
}

/// What happened to a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A new phrase was set by who had opened with the twelve words.
    PasswordByWords,
    /// A new sheet took the place of the one before.
    WordsReplaced,
}

/// The bytes are no opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no opening of a log entry")]
pub struct OpeningError;

/// A content with its blind: what opens one sealed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Random; keeps who knows the content from finding the entry.
    pub blind: [u8; 32],
    /// The content.
    pub opening: Opening,
}

/// The seed of everything that one request writes into the log, 32 random bytes of the client that sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSeed(pub [u8; 32]);

impl Opening {
    /// Reads an opening.
    ///
    /// # Errors
    /// [`OpeningError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningError> {
        let mut input = Reader::new(bytes);
        let opening = read(&mut input).map_err(|Malformed| OpeningError)?;
        input.finish().map_err(|Malformed| OpeningError)?;
        Ok(opening)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(64);
        match self {
            Self::Body {
                body_id,
                body_hash,
                ct_len,
            } => out.u8(1).bytes(body_id).bytes(body_hash).u64(*ct_len),
            Self::Drop { id, closed } => {
                out.u8(2)
                    .bytes(id)
                    .u32(u32::try_from(closed.len()).unwrap_or(u32::MAX));
                for index in closed {
                    out.u64(*index);
                }
                &mut out
            }
            Self::Head {
                collection_id,
                head_no,
                head_hash,
            } => out.u8(3).bytes(collection_id).u64(*head_no).bytes(head_hash),
            Self::Charter {
                collection_id,
                charter_no,
                epoch,
                charter_hash,
            } => out
                .u8(4)
                .bytes(collection_id)
                .u32(*charter_no)
                .u32(*epoch)
                .bytes(charter_hash),
            Self::Manifest {
                label,
                version,
                manifest_hash,
            } => out.u8(5).bytes(label).u64(*version).bytes(manifest_hash),
            Self::Recovery {
                label,
                event,
                not_before,
            } => out.u8(6).bytes(label).u8(event.number()).u64(*not_before),
        };
        out.finish()
    }
}

impl Opened {
    /// The commitment that stands in the log.
    #[must_use]
    pub fn commit(&self) -> Hash32 {
        hash::sha256_of(&[Label::LogCommit.bytes(), &self.blind, &self.opening.to_bytes()])
    }

    /// The sealed entry under a tag.
    #[must_use]
    pub fn entry(&self, tag: Tag) -> Entry {
        Entry::Sealed {
            tag,
            commit: self.commit(),
        }
    }

    /// blind 32 ‖ opening.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.blind[..], &self.opening.to_bytes()].concat()
    }

    /// Reads blind and opening.
    ///
    /// # Errors
    /// [`OpeningError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningError> {
        let (blind, opening) = bytes.split_first_chunk::<32>().ok_or(OpeningError)?;
        Ok(Self {
            blind: *blind,
            opening: Opening::parse(opening)?,
        })
    }
}

impl LogSeed {
    /// Blind and tag of the request's sealed entry of this number, from 0:
    /// KDF(seed, log-blind, number u32, 48) = blind 32 ‖ tag 16.
    #[must_use]
    pub fn derive(&self, number: u32) -> ([u8; 32], Tag) {
        let out = kdf::derive::<48>(&self.0, Label::LogBlind, &[&number.to_be_bytes()]);
        let (mut blind, mut tag) = ([0; 32], [0; 16]);
        blind
            .iter_mut()
            .zip(out.iter())
            .for_each(|(to, from)| *to = *from);
        tag.iter_mut()
            .zip(out.iter().skip(32))
            .for_each(|(to, from)| *to = *from);
        (blind, tag)
    }
}

/// The label of an account's identities: for its contacts, who know the salt.
#[must_use]
pub fn identity_label(account_id: &Id, label_salt: &[u8; 16]) -> Hash32 {
    hash::sha256_of(&[Label::IdLabel.bytes(), account_id, label_salt])
}

impl Event {
    const fn number(self) -> u8 {
        // 1 to 4 are those of a recovery with a delay.
        match self {
            Self::PasswordByWords => 5,
            Self::WordsReplaced => 6,
        }
    }
}

fn read(input: &mut Reader<'_>) -> Result<Opening, Malformed> {
    Ok(match input.u8()? {
        1 => Opening::Body {
            body_id: input.array()?,
            body_hash: input.array()?,
            ct_len: input.u64()?,
        },
        2 => {
            let id = input.array()?;
            let count = usize::try_from(input.u32()?).map_err(|_| Malformed)?;
            if count > CLOSED || count * 8 != input.left() {
                return Err(Malformed);
            }
            let closed: Result<Vec<u64>, Malformed> = (0..count).map(|_| input.u64()).collect();
            let closed = closed.ok().filter(|closed| closed.is_sorted_by(|a, b| a < b));
            Opening::Drop {
                id,
                closed: closed.ok_or(Malformed)?,
            }
        }
        3 => Opening::Head {
            collection_id: input.array()?,
            head_no: input.u64()?,
            head_hash: input.array()?,
        },
        4 => Opening::Charter {
            collection_id: input.array()?,
            charter_no: input.u32()?,
            epoch: input.u32()?,
            charter_hash: input.array()?,
        },
        5 => Opening::Manifest {
            label: input.array()?,
            version: input.u64()?,
            manifest_hash: input.array()?,
        },
        6 => Opening::Recovery {
            label: input.array()?,
            event: match input.u8()? {
                5 => Event::PasswordByWords,
                6 => Event::WordsReplaced,
                _ => return Err(Malformed),
            },
            not_before: input.u64()?,
        },
        _ => return Err(Malformed),
    })
}

/// Entries that one DROP closes, at most: a store's record holds as many.
pub const CLOSED: usize = 4_096;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn every() -> Vec<Opening> {
        vec![
            Opening::Body {
                body_id: [1; 16],
                body_hash: [2; 32],
                ct_len: 3,
            },
            Opening::Drop {
                id: [1; 16],
                closed: vec![1, 5, u64::MAX],
            },
            Opening::Drop {
                id: [1; 16],
                closed: vec![],
            },
            Opening::Head {
                collection_id: [1; 16],
                head_no: 2,
                head_hash: [3; 32],
            },
            Opening::Charter {
                collection_id: [1; 16],
                charter_no: 2,
                epoch: 1,
                charter_hash: [3; 32],
            },
            Opening::Manifest {
                label: [1; 32],
                version: 2,
                manifest_hash: [3; 32],
            },
            Opening::Recovery {
                label: [1; 32],
                event: Event::PasswordByWords,
                not_before: 0,
            },
            Opening::Recovery {
                label: [1; 32],
                event: Event::WordsReplaced,
                not_before: 9,
            },
        ]
    }

    #[test]
    fn every_opening_reads_back_and_no_other_length_does() {
        for opening in every() {
            let bytes = opening.to_bytes();
            assert_eq!(Opening::parse(&bytes).unwrap(), opening);
            for len in 0..bytes.len() {
                assert_eq!(Opening::parse(&bytes[..len]), Err(OpeningError));
            }
            assert_eq!(Opening::parse(&[&bytes[..], &[0]].concat()), Err(OpeningError));
        }
        let unsorted = Opening::Drop {
            id: [1; 16],
            closed: vec![5, 1],
        };
        assert_eq!(Opening::parse(&unsorted.to_bytes()), Err(OpeningError));
        let claimed = [&[2][..], &[0; 16], &[0xff; 4]].concat();
        assert_eq!(Opening::parse(&claimed), Err(OpeningError));
    }

    #[test]
    fn a_commitment_is_of_one_content_and_one_blind() {
        let mut commits = std::collections::BTreeSet::new();
        for opening in every() {
            for blind in [[0; 32], [1; 32]] {
                let opened = Opened {
                    blind,
                    opening: opening.clone(),
                };
                assert_eq!(Opened::parse(&opened.to_bytes()).unwrap(), opened);
                assert!(commits.insert(opened.commit()));
            }
        }
    }

    #[test]
    fn a_seed_gives_every_number_its_own_blind_and_tag() {
        let seed = LogSeed([7; 32]);
        assert_eq!(seed.derive(3), seed.derive(3));
        let all: std::collections::BTreeSet<_> = (0..100).map(|number| seed.derive(number)).collect();
        assert_eq!(all.len(), 100);
        assert_ne!(seed.derive(0), LogSeed([8; 32]).derive(0));
    }
}

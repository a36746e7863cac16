//! What the entries say, one after the other: every opening, and the rules that no honest server breaks (A4 to A6).
//!
//! Pure but for the [`Book`]: an entry and its opening go in, findings come out. Heads are noted for `heads.rs`, which
//! holds them to their bytes.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use crypto::audit::entry::Entry;
use crypto::audit::map::{EMPTY, Map, Subject, Update};
use crypto::audit::opening::{Opened, Opening};
use crypto::hash::sha256;
use crypto::id::{Hash32, Id};

use super::book::{Book, BookError, Fate, Mark};
use super::finding::{Findings, Name, Piece};
use super::heads;

/// A head that the log names, to be held to its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedHead {
    /// Whose.
    pub collection_id: Id,
    /// Which.
    pub head_no: u64,
    /// The hash that was logged.
    pub head_hash: Hash32,
    /// Where it was logged.
    pub index: u64,
    /// Bodies that were logged with it.
    pub adds: Vec<Id>,
    /// Bodies whose end was logged with it.
    pub drops: Vec<Id>,
}

/// What was counted on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that were replayed.
    pub entries: u64,
    /// Openings that fit.
    pub openings: u64,
    /// Erasures.
    pub drops: u64,
    /// Accounts that were closed, on the operator's word.
    pub closed_accounts: u64,
    /// Statements of the operator and reports of auditors.
    pub statements: u64,
    /// Roots of the map that were computed again.
    pub map_heads: u64,
}

/// A replay in progress.
pub struct Replay {
    /// What was counted.
    pub counts: Counts,
    /// Heads that wait for their bytes.
    pub heads: Vec<NamedHead>,
    /// Sealed entries without an opening that nothing has closed yet.
    pub owed: BTreeSet<u64>,
    next: u64,
    /// Size of the checkpoint before: what was signed then, a later map covers.
    size_before: u64,
    adds: Vec<Id>,
    drops: Vec<(u64, Id)>,
    /// Erasures before an entry whose opening is gone: of a head, if an account's end is what closed it.
    veiled: BTreeMap<u64, Vec<(u64, Id)>>,
    accounts: HashSet<Id>,
    map: MapBook,
}

/// The map: in memory for a first audit, in tiles of the book for those that follow.
struct MapBook {
    memory: Option<Map>,
    root: Hash32,
    covered: u64,
    behind: VecDeque<(u64, Hash32, Hash32)>,
}

impl Replay {
    /// From where an earlier audit ended; from the first entry without one.
    #[must_use]
    pub fn new(mark: Option<&Mark>) -> Self {
        let map = match mark {
            None => MapBook {
                memory: Some(Map::new()),
                root: EMPTY,
                covered: 0,
                behind: VecDeque::new(),
            },
            Some(mark) => MapBook {
                memory: None,
                root: mark.map_root,
                covered: mark.covered,
                behind: mark.uncovered.iter().copied().collect(),
            },
        };
        Self {
            counts: Counts::default(),
            heads: Vec::new(),
            owed: BTreeSet::new(),
            next: mark.map_or(0, |mark| mark.size),
            size_before: mark.filter(|mark| mark.quorum == 0).map_or(0, |mark| mark.size),
            adds: Vec::new(),
            drops: Vec::new(),
            veiled: BTreeMap::new(),
            accounts: HashSet::new(),
            map,
        }
    }

    /// Takes the next entry, and its opening as far as one came.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn entry(
        &mut self,
        book: &mut Book,
        bytes: &[u8],
        opened: Option<&[u8]>,
        findings: &mut Findings,
    ) -> Result<(), BookError> {
        let index = self.next;
        self.next += 1;
        self.counts.entries += 1;
        let Ok(entry) = Entry::parse(bytes) else {
            findings.add(
                Name::EntryForm,
                index.to_string(),
                vec![Piece::new("entry", bytes)],
            );
            return book.set_fate(index, &Fate::Open);
        };
        if opened.is_some() && !matches!(entry, Entry::Sealed { .. }) {
            findings.add(
                Name::OpeningWrong,
                index.to_string(),
                vec![Piece::new("entry", bytes)],
            );
        }
        let mut fate = Fate::Open;
        match entry {
            Entry::Sealed { tag, commit } => {
                self.map
                    .behind
                    .push_back((index, Subject::Tag(tag).key(), sha256(bytes)));
                fate = self.sealed(book, index, &commit, bytes, opened, findings)?;
            }
            Entry::Identity { label, seq, .. } => {
                self.map
                    .behind
                    .push_back((index, Subject::Label(label).key(), sha256(bytes)));
                self.counts_up(
                    book,
                    IDENTITY,
                    &label,
                    (u64::from(seq), 0),
                    findings,
                    Name::IdentityChain,
                )?;
            }
            Entry::MapHead { root, covered } => {
                self.map_head(book, index, &root, covered, bytes, findings)?
            }
            Entry::Audit { .. } | Entry::Operator { .. } => self.counts.statements += 1,
            Entry::Predecessor { .. } => {}
        }
        book.set_fate(index, &fate)
    }

    /// What is left open at a checkpoint's end: entries without opening, erasures without a head, a map that lags.
    pub fn settle(&mut self, findings: &mut Findings) {
        for index in &self.owed {
            findings.add(Name::OpeningWithheld, index.to_string(), Vec::new());
        }
        self.uncovered(findings);
        let behind = self.map.behind.front().map(|(index, ..)| *index);
        if let Some(index) = behind.filter(|index| *index < self.size_before) {
            findings.add(Name::MapBehind, index.to_string(), Vec::new());
        }
    }

    /// A further checkpoint follows: what it was before it must be covered by the map then.
    pub const fn goes_on(&mut self) {
        self.size_before = self.next;
    }

    /// Fills the part of a [`Mark`] that the replay knows, and writes the map where it was built in memory.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep(&mut self, book: &mut Book, mark: &mut Mark) -> Result<(), BookError> {
        mark.map_root = self.map.root;
        mark.covered = self.map.covered;
        mark.uncovered = self.map.behind.iter().copied().collect();
        let Some(mut map) = self.map.memory.take() else {
            return Ok(());
        };
        let mut outcome = Ok(());
        map.tiles(&mut |prefix, tile| {
            if outcome.is_ok() {
                outcome = book.set_tile(&prefix, tile);
            }
        });
        outcome
    }

    fn sealed(
        &mut self,
        book: &mut Book,
        index: u64,
        commit: &Hash32,
        entry: &[u8],
        opened: Option<&[u8]>,
        findings: &mut Findings,
    ) -> Result<Fate, BookError> {
        let Some(bytes) = opened else {
            self.owed.insert(index);
            // Whose they were cannot be told any more.
            self.adds.clear();
            let drops = std::mem::take(&mut self.drops);
            if !drops.is_empty() {
                self.veiled.insert(index, drops);
            }
            return Ok(Fate::Owed);
        };
        let opened = Opened::parse(bytes)
            .ok()
            .filter(|opened| opened.commit() == *commit);
        let Some(Opened { opening, .. }) = opened else {
            let proof = vec![Piece::new("entry", entry), Piece::new("opening", bytes)];
            findings.add(Name::OpeningWrong, index.to_string(), proof);
            return Ok(Fate::Open);
        };
        self.counts.openings += 1;
        match opening {
            Opening::Body {
                body_id,
                body_hash,
                ct_len,
            } => {
                self.adds.push(body_id);
                Ok(Fate::Body {
                    body_id,
                    body_hash,
                    ct_len,
                })
            }
            Opening::Drop { id, closed } => {
                self.drop(book, index, &id, &closed, findings)?;
                Ok(Fate::Open)
            }
            Opening::Head {
                collection_id,
                head_no,
                head_hash,
            } => {
                let next = (head_no, 0);
                self.counts_up(book, HEAD, &collection_id, next, findings, Name::HeadChain)?;
                self.heads.push(NamedHead {
                    collection_id,
                    head_no,
                    head_hash,
                    index,
                    adds: std::mem::take(&mut self.adds),
                    drops: std::mem::take(&mut self.drops)
                        .into_iter()
                        .map(|(_, id)| id)
                        .collect(),
                });
                Ok(Fate::Account)
            }
            Opening::Charter {
                collection_id,
                charter_no,
                charter_hash,
                ..
            } => {
                let key = heads::record_key(&collection_id, charter_no);
                book.set_record(heads::CHARTER_HASH, &key, charter_hash.to_vec())?;
                let next = (u64::from(charter_no), 0);
                self.counts_up(book, CHARTER, &collection_id, next, findings, Name::CharterChain)?;
                Ok(Fate::Account)
            }
            Opening::Manifest { label, version, .. } => {
                self.counts_up(
                    book,
                    MANIFEST,
                    &label,
                    (version, 1),
                    findings,
                    Name::ManifestChain,
                )?;
                Ok(Fate::Account)
            }
            Opening::Recovery { .. } => Ok(Fate::Account),
        }
    }

    /// An erasure: of one body, which a signed head must have dropped, or of an account.
    fn drop(
        &mut self,
        book: &mut Book,
        index: u64,
        id: &Id,
        closed: &[u64],
        findings: &mut Findings,
    ) -> Result<(), BookError> {
        self.counts.drops += 1;
        let mut is_body = closed.len() == 1 && !self.accounts.contains(id);
        for erased in closed {
            let fate = if *erased < index {
                book.fate(*erased)?
            } else {
                None
            };
            match fate {
                Some(Fate::Body { body_id, .. }) => is_body &= body_id == *id,
                Some(Fate::Owed) => _ = self.owed.remove(erased),
                Some(Fate::Account) => is_body = false,
                Some(Fate::Open | Fate::Closed) | None => {
                    findings.add(Name::DropUnknown, format!("{index}: {erased}"), Vec::new());
                    continue;
                }
            }
            book.set_fate(*erased, &Fate::Closed)?;
        }
        if is_body {
            self.drops.push((index, *id));
        } else {
            // The heads that signed for these went with their account.
            closed.iter().for_each(|erased| _ = self.veiled.remove(erased));
            self.counts.closed_accounts += u64::from(self.accounts.insert(*id));
        }
        Ok(())
    }

    /// Bodies and erasures that no head took with it.
    fn uncovered(&mut self, findings: &mut Findings) {
        let veiled = std::mem::take(&mut self.veiled).into_values().flatten();
        for (index, id) in self.drops.drain(..).chain(veiled) {
            // The last of an account's many may be one alone.
            if !self.accounts.contains(&id) {
                findings.add(Name::DropUncovered, index.to_string(), Vec::new());
            }
        }
        for id in self.adds.drain(..) {
            findings.add(Name::BodyUncovered, shared::BodyId(id).to_string(), Vec::new());
        }
    }

    /// A number that counts up by one, from `first` on.
    fn counts_up(
        &self,
        book: &mut Book,
        kind: u8,
        id: &[u8],
        (number, first): (u64, u64),
        findings: &mut Findings,
        name: Name,
    ) -> Result<(), BookError> {
        let last = match book.record(kind, id)? {
            None => None,
            Some(bytes) => Some(u64::from_be_bytes(
                bytes.try_into().map_err(|_| BookError::Damaged)?,
            )),
        };
        if number != last.map_or(first, |last| last.saturating_add(1)) {
            let place = format!("{}: {number}", self.next - 1);
            findings.add(name, place, Vec::new());
        }
        book.set_record(kind, id, number.to_be_bytes().to_vec())
    }

    fn map_head(
        &mut self,
        book: &mut Book,
        index: u64,
        root: &Hash32,
        covered: u64,
        entry: &[u8],
        findings: &mut Findings,
    ) -> Result<(), BookError> {
        self.counts.map_heads += 1;
        let in_order = covered >= self.map.covered && covered <= index;
        let computed = if in_order {
            self.map.cover(book, covered)?
        } else {
            self.map.root
        };
        if !in_order || computed != *root {
            let proof = vec![Piece::new("entry", entry), Piece::new("computed root", &computed)];
            findings.add(Name::MapHead, index.to_string(), proof);
        }
        Ok(())
    }
}

impl MapBook {
    /// Takes everything before `covered` into the map; its root.
    fn cover(&mut self, book: &mut Book, covered: u64) -> Result<Hash32, BookError> {
        let mut changes = BTreeMap::new();
        while let Some((index, key, value)) = self.behind.front().copied() {
            if index >= covered {
                break;
            }
            self.behind.pop_front();
            match &mut self.memory {
                Some(map) => map.insert(key, value),
                None => _ = changes.insert(key, value),
            }
        }
        self.covered = covered;
        self.root = match &mut self.memory {
            Some(map) => map.root(),
            None if changes.is_empty() => self.root,
            None => write_map(book, self.root, changes)?,
        };
        Ok(self.root)
    }
}

/// Changes to the map of the book; its root.
fn write_map(book: &mut Book, root: Hash32, changes: BTreeMap<Hash32, Hash32>) -> Result<Hash32, BookError> {
    let mut update = if root == EMPTY {
        Update::new(changes)
    } else {
        Update::over(root, changes)
    };
    loop {
        let wanted = update.wanted();
        if wanted.is_empty() {
            break;
        }
        for prefix in wanted {
            let tile = book.tile(&prefix)?;
            update.give(prefix, tile).map_err(|_| BookError::Damaged)?;
        }
    }
    let (root, changed) = update.finish().map_err(|_| BookError::Damaged)?;
    for (prefix, tile) in changed {
        book.set_tile(&prefix, &tile)?;
    }
    Ok(root)
}

/// Kinds of small records of the book: the last number of each chain.
const IDENTITY: u8 = b'i';
const HEAD: u8 = b'h';
const CHARTER: u8 = b'c';
const MANIFEST: u8 = b'm';

//! Charters and heads as they are stored: each the one that was logged, signed by the key of its charter, behind the one
//! before; what was logged with a head stands in its references (A5, A8).

use std::collections::{BTreeSet, HashMap, HashSet};

use crypto::audit::listing::Record;
use crypto::collection::charter::{Charter, VerifiedCharter};
use crypto::collection::head::{HEAD_BYTES, Head, SignedHead};
use crypto::collection::refs::{Reference, Refs};
use crypto::id::{Hash32, Id};
use shared::CollectionId;

use super::book::{Book, BookError, Fate};
use super::finding::{Findings, Name, Piece};
use super::replay::NamedHead;
use super::source::{List, Source, Walk};

/// Why heads were not examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadsError {
    /// A list did not come; it is a finding already.
    #[error("a list of the store does not come")]
    Withheld,
    /// The own state failed.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// Examines every head that the log has named; those that are not there are given back.
///
/// # Errors
/// [`HeadsError`].
pub async fn examine(
    source: &Source,
    book: &mut Book,
    mut named: Vec<NamedHead>,
    findings: &mut Findings,
) -> Result<Vec<NamedHead>, HeadsError> {
    named.sort();
    let (mut heads, mut charters) = (Walk::new(source, List::Heads), Walk::new(source, List::Charters));
    let mut missing = Vec::new();
    let mut rest = named.as_slice();
    while let Some(first) = rest.first() {
        let id = first.collection_id;
        let count = rest.iter().take_while(|head| head.collection_id == id).count();
        let (own, others) = rest.split_at(count);
        rest = others;
        // A first audit reads everything in one run, a later one where something is new.
        let most = if book.is_first() {
            u32::MAX
        } else {
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        charters.seek(
            &[&id[..], &[0; 4]].concat(),
            if book.is_first() { u32::MAX } else { 8 },
        );
        let chain = chain(&mut charters, book, &id, findings).await?;
        heads.seek(&[&id[..], &first.head_no.to_be_bytes()].concat(), most);
        let mut before = last(book, &id)?.map(|last| last.hash);
        for head in own {
            let record = next(&mut heads, List::Heads, findings).await?;
            let expected = [&id[..], &head.head_no.to_be_bytes()].concat();
            let Some(record) = record.filter(|record| record.key == expected) else {
                missing.push(head.clone());
                heads.seek(&[&id[..], &(head.head_no + 1).to_be_bytes()].concat(), most);
                before = None;
                continue;
            };
            verify(head, &record, &chain, before.as_ref(), findings);
            before = Some(head.head_hash);
            let last = [
                &head.head_hash[..],
                &head.head_no.to_be_bytes(),
                &head.index.to_be_bytes(),
            ]
            .concat();
            book.set_record(LAST, &id, last)?;
        }
    }
    Ok(missing)
}

/// Reads on; a list that fails is a finding.
async fn next(
    walk: &mut Walk<'_>,
    list: List,
    findings: &mut Findings,
) -> Result<Option<Record>, HeadsError> {
    walk.next().await.map_err(|_| {
        findings.add(Name::ListWithheld, list.name(), Vec::new());
        HeadsError::Withheld
    })
}

/// The charters of a collection, from the first on.
async fn chain(
    walk: &mut Walk<'_>,
    book: &Book,
    id: &Id,
    findings: &mut Findings,
) -> Result<Vec<VerifiedCharter>, HeadsError> {
    let mut chain: Vec<VerifiedCharter> = Vec::new();
    loop {
        // One read too far is what the next collection begins with: `seek` goes only forward, so it is put back there.
        let Some(record) = walk.peek().await.map_err(|_| {
            findings.add(Name::ListWithheld, List::Charters.name(), Vec::new());
            HeadsError::Withheld
        })?
        else {
            return Ok(chain);
        };
        let number = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        if record.key != [&id[..], &number.to_be_bytes()].concat() {
            return Ok(chain);
        }
        let bytes = record.value.clone();
        walk.skip();
        let charter = Charter::parse(&bytes).and_then(|charter| match chain.last() {
            None => charter.verify_genesis(id),
            Some(before) => charter.verify_next(before),
        });
        let logged = book.record(CHARTER_HASH, &record_key(id, number))?;
        match charter {
            Ok(charter) if logged.as_deref() == Some(charter.hash()) => chain.push(charter),
            _ => {
                let place = format!("{}: {number}", CollectionId(*id));
                findings.add(Name::CharterChain, place, vec![Piece::new("charter", &bytes)]);
                return Ok(chain);
            }
        }
    }
}

/// The last head of a collection that an audit has seen.
struct Last {
    hash: Hash32,
    head_no: u64,
    index: u64,
}

impl Last {
    fn parse(bytes: &[u8]) -> Result<Self, BookError> {
        let read = || {
            let (hash, rest) = bytes.split_first_chunk()?;
            let (head_no, index) = rest.split_first_chunk()?;
            Some(Self {
                hash: *hash,
                head_no: u64::from_be_bytes(*head_no),
                index: u64::from_be_bytes(index.try_into().ok()?),
            })
        };
        read().ok_or(BookError::Damaged)
    }
}

fn last(book: &Book, id: &Id) -> Result<Option<Last>, BookError> {
    book.record(LAST, id)?
        .map(|bytes| Last::parse(&bytes))
        .transpose()
}

/// What all stored heads say.
#[derive(Debug, Default)]
pub struct Stored {
    /// How many there are.
    pub count: u64,
    /// Those that were logged and are not there.
    pub missing: Vec<NamedHead>,
    /// Collections that the log did not name when they were listed: made since its checkpoint, or never logged.
    pub unknown: BTreeSet<Id>,
}

/// Every head that is stored, also those of earlier audits: signed, in one chain, up to the last one that was logged.
///
/// # Errors
/// [`HeadsError`].
pub async fn census(source: &Source, book: &Book, findings: &mut Findings) -> Result<Stored, HeadsError> {
    let (mut heads, mut charters) = (Walk::new(source, List::Heads), Walk::new(source, List::Charters));
    let mut stored = Stored::default();
    let (mut seen, mut whole) = (HashMap::new(), HashSet::new());
    let mut own: Option<(Id, Vec<VerifiedCharter>, Option<Hash32>)> = None;
    while let Some(record) = next(&mut heads, List::Heads, findings).await? {
        stored.count += 1;
        let Some((id, number)) = record.key.split_first_chunk() else {
            continue;
        };
        if stored.unknown.contains(id) || !is_logged(book, id)? {
            stored.unknown.insert(*id);
            continue;
        }
        let number = u64::from_be_bytes(number.try_into().unwrap_or_default());
        if own.as_ref().is_none_or(|(of, ..)| of != id) {
            charters.seek(&record_key(id, 0), u32::MAX);
            own = Some((*id, chain(&mut charters, book, id, findings).await?, None));
            whole.insert(*id);
        }
        let Some((_, chain, before)) = &mut own else {
            continue;
        };
        let bytes = record.value.get(..HEAD_BYTES).unwrap_or_default();
        let place = format!("{}: {number}", CollectionId(*id));
        let proof = vec![Piece::new("head", bytes)];
        let Some(head) = signed(bytes, chain) else {
            findings.add(Name::Head, place, proof);
            continue;
        };
        let follows = before.is_none_or(|before| before == *head.prev_hash());
        let is_placed = head.head_no() == number && head.collection_id() == id;
        if before.is_none() && number > 0 {
            // Where an account is being erased just now, its first heads go first.
            whole.remove(id);
        }
        if !follows || !is_placed {
            findings.add(Name::HeadChain, place, proof);
        }
        *before = Some(*head.hash());
        if last(book, id)?.is_some_and(|last| last.head_no == number) {
            seen.insert(*id, *head.hash());
        }
    }
    for (id, bytes) in book.records(LAST)? {
        let last = Last::parse(&bytes)?;
        let id = Id::try_from(id.as_slice()).map_err(|_| BookError::Damaged)?;
        let is_last = seen.get(&id).map(|hash| *hash == last.hash);
        if is_last == Some(false) {
            let place = format!("{}: {}", CollectionId(id), last.head_no);
            findings.add(Name::Head, place, Vec::new());
        }
        if book.fate(last.index)? == Some(Fate::Account) && (is_last.is_none() || !whole.contains(&id)) {
            stored.missing.push(NamedHead {
                collection_id: id,
                head_no: last.head_no,
                head_hash: last.hash,
                index: last.index,
                adds: Vec::new(),
                drops: Vec::new(),
            });
        }
    }
    Ok(stored)
}

/// Whether the log names a collection.
///
/// # Errors
/// [`BookError`].
pub fn is_logged(book: &Book, id: &Id) -> Result<bool, BookError> {
    Ok(book.record(CHARTER_HASH, &record_key(id, 0))?.is_some())
}

/// Judges the collections that the log did not name, when it was read on: those that are still there were never logged.
///
/// # Errors
/// [`HeadsError`].
pub async fn unlogged(
    source: &Source,
    book: &Book,
    unknown: &BTreeSet<Id>,
    findings: &mut Findings,
) -> Result<(), HeadsError> {
    let mut charters = Walk::new(source, List::Charters);
    for id in unknown {
        if is_logged(book, id)? {
            continue;
        }
        charters.seek(&record_key(id, 0), 1);
        // An account that was closed meanwhile is gone from here, and its openings with it.
        if let Some(record) = next(&mut charters, List::Charters, findings).await?
            && record.key.starts_with(id)
        {
            let proof = vec![Piece::new("charter", &record.value)];
            findings.add(Name::Head, CollectionId(*id).to_string(), proof);
        }
    }
    Ok(())
}

fn verify(
    named: &NamedHead,
    record: &Record,
    chain: &[VerifiedCharter],
    before: Option<&Hash32>,
    findings: &mut Findings,
) {
    let place = format!("{}: {}", CollectionId(named.collection_id), named.head_no);
    let (bytes, refs) = record.value.split_at(HEAD_BYTES.min(record.value.len()));
    let proof = || vec![Piece::new("head", bytes), Piece::new("references", refs)];
    let Some(head) = signed(bytes, chain).filter(|head| *head.hash() == named.head_hash) else {
        findings.add(Name::Head, place, proof());
        return;
    };
    let follows = before.is_none_or(|before| before == head.prev_hash());
    if !follows || head.head_no() != named.head_no || *head.collection_id() != named.collection_id {
        findings.add(Name::HeadChain, place.clone(), proof());
    }
    let refs = Refs::parse(refs)
        .ok()
        .filter(|refs| refs.hash() == *head.refs_hash());
    let has = |list: fn(&Refs) -> &[Reference], id: &Id| {
        let list = refs.as_ref().map_or(&[][..], list);
        list.binary_search(&Reference::Body(*id)).is_ok()
    };
    if refs.is_none() {
        findings.add(Name::Head, place.clone(), proof());
    }
    for id in &named.adds {
        if !has(Refs::adds, id) {
            findings.add(Name::BodyUncovered, place.clone(), proof());
        }
    }
    for id in &named.drops {
        if !has(Refs::drops, id) {
            findings.add(Name::DropUncovered, place.clone(), proof());
        }
    }
}

/// The head under the charter that it names.
fn signed(bytes: &[u8], chain: &[VerifiedCharter]) -> Option<SignedHead> {
    let head = Head::parse(bytes).ok()?;
    let charter = chain
        .iter()
        .find(|charter| charter.hash() == head.charter_hash())?;
    head.verify(charter).ok()
}

/// Where the book has the hash of a charter.
#[must_use]
pub fn record_key(id: &Id, number: u32) -> Vec<u8> {
    [&id[..], &number.to_be_bytes()].concat()
}

/// Kind of the book's records with the hashes of charters.
pub const CHARTER_HASH: u8 = b'k';
/// Kind of the book's records with the last head of a collection: hash 32 ‖ head_no u64 ‖ index u64.
const LAST: u8 = b'l';

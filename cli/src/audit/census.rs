//! What is stored: every body is one that the log names, every header and page is what it must be (A7, A8).

use std::collections::{HashMap, HashSet};

use crypto::audit::listing::{BodyState, ListedBody};
use crypto::collection::page::{page_id, verify_page_len};
use crypto::document::body::BodyHeader;
use crypto::id::{Hash32, Id};
use shared::BodyId;

use super::book::{Book, BookError, Fate};
use super::finding::{Findings, Name, Piece};
use super::source::{List, Source, Walk};

/// A stored body.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    /// Where it stands in its life.
    pub state: BodyState,
    /// Since when, by the server's clock.
    pub since: u64,
    /// Bytes of its ciphertext.
    pub ct_len: u64,
    /// SHA-256 of its header; none where that is not one.
    pub hash: Option<Hash32>,
    /// What its chunks hash to.
    pub root: Hash32,
}

/// Everything stored, as it was listed.
#[derive(Debug, Default)]
pub struct Census {
    /// Bodies.
    pub bodies: HashMap<Id, Stored>,
    /// Uploads that are not finished.
    pub uploads: u64,
    /// Bytes that they have announced.
    pub upload_bytes: u64,
    /// Heads.
    pub heads: u64,
    /// Pages.
    pub pages: u64,
    /// Bytes of pages.
    pub page_bytes: u64,
}

impl Census {
    /// Bytes of all bodies.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.bodies.values().map(|body| body.ct_len).sum()
    }
}

/// Lists everything, and examines each header and page. Nothing where a list does not come.
pub async fn take(source: &Source, findings: &mut Findings) -> Option<Census> {
    let mut census = Census::default();
    let mut salts = HashSet::new();
    let mut walk = Walk::new(source, List::Bodies);
    while let Some(record) = read(&mut walk, List::Bodies, findings).await? {
        let Ok(body_id) = Id::try_from(record.key.as_slice()) else {
            return withheld(List::Bodies, findings);
        };
        let Ok(listed) = ListedBody::parse(&record.value) else {
            return withheld(List::Bodies, findings);
        };
        let stored = header(&body_id, &listed, &mut salts, findings);
        census.bodies.insert(body_id, stored);
    }
    let mut walk = Walk::new(source, List::Uploads);
    while let Some(record) = read(&mut walk, List::Uploads, findings).await? {
        census.uploads += 1;
        let ct_len = record
            .value
            .last_chunk()
            .map_or(0, |len| u64::from_be_bytes(*len));
        census.upload_bytes = census.upload_bytes.saturating_add(ct_len);
    }
    let mut walk = Walk::new(source, List::Pages);
    while let Some(record) = read(&mut walk, List::Pages, findings).await? {
        census.pages += 1;
        census.page_bytes += record.value.len() as u64;
        let is_named = record.key.ends_with(&page_id(&record.value));
        if !is_named || verify_page_len(record.value.len()).is_err() {
            let place = base64::HEXLOWER.encode(&record.key);
            findings.add(Name::Page, place, vec![Piece::new("page", &record.value)]);
        }
    }
    Some(census)
}

/// Holds what is stored to what the log names, at a size that was replayed after the lists were read. `before` is the
/// size that was replayed before: what came between may be missing from the lists.
///
/// # Errors
/// [`BookError`].
pub fn compare(
    book: &Book,
    census: &Census,
    (before, after): (u64, u64),
    now: u64,
    findings: &mut Findings,
) -> Result<(), BookError> {
    let mut named = HashSet::new();
    book.bodies(after, |index, fate| {
        let Fate::Body {
            body_id,
            body_hash,
            ct_len,
        } = fate
        else {
            return;
        };
        named.insert(body_id);
        let place = BodyId(body_id).to_string();
        match census.bodies.get(&body_id) {
            Some(stored) if stored.hash.is_some_and(|hash| hash != body_hash) || stored.ct_len != ct_len => {
                findings.add(Name::BodyHeader, place, Vec::new());
            }
            None if index < before => findings.add(Name::BodyLost, place, Vec::new()),
            _ => {}
        }
    })?;
    for (body_id, stored) in &census.bodies {
        let age = now.saturating_sub(stored.since);
        let waits = match stored.state {
            BodyState::Live | BodyState::Ending => WAITING_SECONDS,
            BodyState::Dropped => DROPPED_SECONDS,
        };
        if !named.contains(body_id) && age > waits {
            findings.add(Name::BodyUnlogged, BodyId(*body_id).to_string(), Vec::new());
        }
    }
    Ok(())
}

fn header(
    body_id: &Id,
    listed: &ListedBody,
    salts: &mut HashSet<[u8; 24]>,
    findings: &mut Findings,
) -> Stored {
    let place = BodyId(*body_id).to_string();
    let proof = || vec![Piece::new("header", &listed.header)];
    let header = BodyHeader::parse(&listed.header).ok();
    let fits = header
        .as_ref()
        .is_some_and(|header| header.body_id() == body_id && header.ct_len() == listed.ct_len);
    if !fits {
        findings.add(Name::BodyHeader, place.clone(), proof());
    }
    if let Some(header) = &header
        && !salts.insert(*header.salt())
    {
        findings.add(Name::SaltRepeated, place, proof());
    }
    Stored {
        state: listed.state,
        since: listed.since,
        ct_len: listed.ct_len,
        hash: header.as_ref().map(BodyHeader::hash),
        root: header.as_ref().map_or([0; 32], |header| *header.body_root()),
    }
}

async fn read(
    walk: &mut Walk<'_>,
    list: List,
    findings: &mut Findings,
) -> Option<Option<crypto::audit::listing::Record>> {
    match walk.next().await {
        Ok(record) => Some(record),
        Err(_) => withheld(list, findings),
    }
}

fn withheld<T>(list: List, findings: &mut Findings) -> Option<T> {
    findings.add(Name::ListWithheld, list.name(), Vec::new());
    None
}

/// Seconds that a body may wait for its first reference, or to be erased, with an hour for the server's round.
const WAITING_SECONDS: u64 = 25 * 3_600;
/// Seconds that a body is kept after somebody who may not erase it has dropped it, with a day for the server's round.
const DROPPED_SECONDS: u64 = 8 * 86_400;

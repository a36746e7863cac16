//! What the server shows auditors of the canary: exactly what the canary has sent, and nothing that tells of it.

use std::collections::{BTreeMap, BTreeSet};

use base64::HEXLOWER;
use crypto::audit::listing::ListedBody;
use crypto::collection::head::HEAD_BYTES;
use crypto::hash::sha256;
use crypto::id::{Hash32, Id};
use serde::de::DeserializeOwned;
use shared::account::CreateAccount;
use shared::collection::Commit;
use shared::document::{BeginUpload, CommitUpload};
use shared::{BodyId, limit};

use super::needle::Haystacks;
use super::watch::Exchange;
use crate::audit::finding::{Findings, Name, Piece};
use crate::audit::source::{List, Source, Walk};

/// What a canary has sent, and the server has taken.
#[derive(Default)]
struct Sent {
    collection: Id,
    charters: BTreeSet<Vec<u8>>,
    heads: BTreeSet<Vec<u8>>,
    pages: BTreeSet<Vec<u8>>,
    body: Option<(BodyId, Vec<u8>)>,
    /// Parts by their number.
    parts: BTreeMap<u32, Vec<u8>>,
}

impl Sent {
    fn of(exchanges: &[Exchange]) -> Self {
        let mut sent = Self::default();
        for exchange in exchanges.iter().filter(|exchange| exchange.is_taken()) {
            let request = &exchange.request;
            let route = request.title();
            if let ("POST /api/v1/accounts", Some(made)) =
                (route.as_str(), read::<CreateAccount>(&request.body))
            {
                sent.collection = made.collection.collection_id.0;
                sent.charters.insert(made.collection.charter.0);
                sent.commit(made.collection.commit);
            } else if let ("PUT /api/v1/collections/{id}/head", Some(commit)) =
                (route.as_str(), read(&request.body))
            {
                sent.commit(commit);
            } else if let ("POST /api/v1/uploads", Some(begun)) =
                (route.as_str(), read::<BeginUpload>(&request.body))
            {
                sent.body = Some((begun.body_id, Vec::new()));
            } else if route == "PUT /api/v1/uploads/{id}/parts/{n}" {
                let number = request
                    .path
                    .rsplit('/')
                    .next()
                    .and_then(|number| number.parse().ok());
                sent.parts
                    .extend(number.map(|number| (number, request.body.clone())));
            } else if let Some(done) = read::<CommitUpload>(&request.body)
                && let Some((_, header)) = &mut sent.body
            {
                *header = done.header.0;
            }
        }
        sent
    }

    fn commit(&mut self, commit: Commit) {
        self.heads.insert(commit.head.0);
        self.pages.extend(commit.pages.into_iter().map(|page| page.0));
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    shared::json::from_slice(body).ok()
}

/// Looks at every list of the account, and at some chunks of its body.
pub async fn look(
    source: &Source,
    exchanges: &[Exchange],
    nonce: &Hash32,
    stacks: &mut Haystacks,
    findings: &mut Findings,
) {
    let sent = Sent::of(exchanges);
    for (list, number, own) in [
        (List::Charters, 4, &sent.charters),
        (List::Heads, 8, &sent.heads),
        (List::Pages, 32, &sent.pages),
    ] {
        let first = [&sent.collection[..], &vec![0; number]].concat();
        let mut walk = Walk::new(source, list);
        walk.seek(&first, 64);
        let mut missing = own.clone();
        loop {
            let Ok(record) = walk.next().await else {
                findings.add(Name::ListWithheld, list.name(), Vec::new());
                break;
            };
            let Some(record) = record.filter(|record| record.key.starts_with(&sent.collection)) else {
                break;
            };
            stacks.add(format!("list of {}", list.name()), record.value.clone());
            // A head is followed by the references of its commit, which the log's check holds to it.
            let stored = match list {
                List::Heads => record.value.get(..HEAD_BYTES).unwrap_or_default(),
                _ => &record.value,
            };
            missing.remove(stored);
            if !own.contains(stored) {
                let place = format!("{}: {}", list.name(), HEXLOWER.encode(&record.key));
                findings.add(Name::CanaryWire, place, vec![Piece::new("listed", &record.value)]);
            }
        }
        if !missing.is_empty() {
            findings.add(
                Name::ListWithheld,
                format!("{}: the canary's", list.name()),
                Vec::new(),
            );
        }
    }
    if let Some((body_id, header)) = &sent.body {
        body(source, *body_id, header, stacks, findings).await;
        chunks(source, *body_id, &sent.parts, nonce, stacks, findings).await;
    }
}

async fn body(
    source: &Source,
    body_id: BodyId,
    header: &[u8],
    stacks: &mut Haystacks,
    findings: &mut Findings,
) {
    let mut walk = Walk::new(source, List::Bodies);
    walk.seek(&body_id.0, 1);
    let record = walk
        .next()
        .await
        .ok()
        .flatten()
        .filter(|record| record.key == body_id.0);
    let Some(record) = record else {
        findings.add(Name::ListWithheld, "bodies: the canary's", Vec::new());
        return;
    };
    stacks.add("list of bodies", record.value.clone());
    if !ListedBody::parse(&record.value).is_ok_and(|listed| listed.header == header) {
        let proof = vec![Piece::new("listed", &record.value), Piece::new("sent", header)];
        findings.add(Name::BodyHeader, format!("{body_id}: the canary's"), proof);
    }
}

/// Draws chunks, each of which must be the one that was sent.
async fn chunks(
    source: &Source,
    body_id: BodyId,
    parts: &BTreeMap<u32, Vec<u8>>,
    nonce: &Hash32,
    stacks: &mut Haystacks,
    findings: &mut Findings,
) {
    let size = usize::try_from(limit::CHUNK_BYTES).unwrap_or(usize::MAX);
    let all: Vec<&[u8]> = parts.values().flat_map(|part| part.chunks(size)).collect();
    for draw in 0..DRAWN {
        let random = sha256(&[&nonce[..], b"canary", &[draw]].concat());
        let random = random.last_chunk().map_or(0, |last| u64::from_be_bytes(*last));
        let Some(number) = random.checked_rem(all.len() as u64) else {
            return;
        };
        let place = format!("{body_id}: {number}");
        let Ok(answer) = source.chunk(body_id, number).await else {
            findings.add(Name::ChunkLost, place, Vec::new());
            continue;
        };
        let sent = usize::try_from(number).ok().and_then(|number| all.get(number));
        if sent.is_none_or(|sent| **sent != answer.chunk) {
            findings.add(
                Name::ChunkAltered,
                place,
                vec![Piece::new("chunk", &answer.chunk)],
            );
        }
        stacks.add("chunk drawn", answer.chunk);
    }
}

/// Chunks to draw.
const DRAWN: u8 = 8;

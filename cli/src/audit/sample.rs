//! Whether the server still has what it must have: chunks that nobody could foresee, each with its place under the root
//! that was logged (A10), and whether they look like ciphertext (A9).

use std::collections::HashSet;

use crypto::audit::proof::verify_inclusion;
use crypto::audit::tree::leaf_hash;
use crypto::hash::sha256;
use crypto::id::{Hash32, Id};
use shared::{BodyId, limit};

use super::census::{Census, Stored};
use super::finding::{Findings, Name, Piece};
use super::source::Source;
use super::statistics::Fleet;

/// What was drawn.
#[derive(Debug, Default)]
pub struct Sample {
    /// Chunks that came and were right.
    pub chunks: u64,
    /// Chunks that there are.
    pub of: u64,
    /// What they look like.
    pub fleet: Fleet,
    /// Those that failed, with the body: whether it was erased meanwhile is seen later.
    pub lost: Vec<(Id, u64)>,
}

/// Draws chunks of all stored bodies alike, with a seed that the server learns with the questions alone.
pub async fn draw(
    source: &Source,
    census: &Census,
    seed: Hash32,
    count: u64,
    findings: &mut Findings,
) -> Sample {
    let mut ids: Vec<(&Id, &Stored)> = census
        .bodies
        .iter()
        .filter(|(_, body)| body.hash.is_some())
        .collect();
    ids.sort_by_key(|(id, _)| *id);
    let mut ends = Vec::with_capacity(ids.len());
    let mut sample = Sample::default();
    for (_, body) in &ids {
        sample.of += body.ct_len.div_ceil(limit::CHUNK_BYTES);
        ends.push(sample.of);
    }
    // Each chunk once: what is counted twice would look uneven.
    let mut drawn = HashSet::new();
    let (wanted, mut number) = (count.min(sample.of), 0_u64);
    while (drawn.len() as u64) < wanted {
        let random = sha256(&[&seed[..], &number.to_be_bytes()].concat());
        let random = random.last_chunk().map_or(0, |last| u64::from_be_bytes(*last));
        let at = if count >= sample.of {
            number
        } else {
            random % sample.of
        };
        number += 1;
        if !drawn.insert(at) {
            continue;
        }
        let body = ends.partition_point(|end| *end <= at);
        let Some((id, stored)) = ids.get(body) else { break };
        let first = body.checked_sub(1).and_then(|before| ends.get(before)).copied();
        let number = at - first.unwrap_or(0);
        one(source, **id, stored, number, &mut sample, findings).await;
    }
    if sample.fleet.fault().is_some() {
        findings.add(Name::Plaintext, "", Vec::new());
    }
    sample
}

async fn one(
    source: &Source,
    id: Id,
    body: &Stored,
    number: u64,
    sample: &mut Sample,
    findings: &mut Findings,
) {
    let place = format!("{}: {number}", BodyId(id));
    let Ok(answer) = source.chunk(BodyId(id), number).await else {
        sample.lost.push((id, number));
        return;
    };
    let chunks = body.ct_len.div_ceil(limit::CHUNK_BYTES);
    let proven = verify_inclusion(
        number,
        chunks,
        &leaf_hash(&answer.chunk),
        &answer.path,
        &body.root,
    );
    if proven.is_err() {
        let proof = vec![
            Piece::new("chunk", &answer.chunk),
            Piece::new("path", &answer.path.concat()),
            Piece::new("root", &body.root),
        ];
        findings.add(Name::ChunkAltered, place, proof);
        return;
    }
    sample.chunks += 1;
    if let Some(fault) = sample.fleet.look(&answer.chunk) {
        let proof = vec![Piece::new("chunk", &answer.chunk)];
        findings.add(Name::Plaintext, format!("{place}: {fault:?}"), proof);
    }
}

//! Scrub: reads everything there is, slowly, and says what no longer matches its checksum. It repairs nothing and
//! removes nothing. `spec/store.md`, "Scrub".

use std::time::Duration;

use super::StoreError;
use super::key::{Tree, part_of_key};
use super::sled::{Engine, SledStore};
use super::sync::Stop;

/// What a scrub saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scrub {
    /// Records and parts read.
    pub read: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// What could not be served, the first 1,000 of it.
    pub findings: Vec<StoreError>,
    /// How many there are in all.
    pub found: u64,
}

impl SledStore {
    /// Reads the whole store, resting for `rest` after every few records, so that requests go first.
    ///
    /// Fails only where the engine cannot go on; every single fault is a finding.
    pub async fn scrub(&self, rest: Duration) -> Result<Scrub, StoreError> {
        let mut scrub = Scrub::default();
        for tree in [Tree::Records, Tree::Parts] {
            let mut after = None;
            while let Some(step) = self.scrub_step(tree, after).await? {
                scrub.add(&step);
                after = Some(step.last);
                tokio::time::sleep(rest).await;
            }
        }
        Ok(scrub)
    }

    async fn scrub_step(&self, tree: Tree, after: Option<Vec<u8>>) -> Result<Option<Step>, StoreError> {
        self.blocking(move |engine| step(engine, tree, after)).await
    }
}

impl Scrub {
    fn add(&mut self, step: &Step) {
        self.read += step.read;
        self.bytes += step.bytes;
        self.found += step.findings.len() as u64;
        let room = FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(step.findings.iter().take(room));
    }
}

/// A few records, or a few parts with their slices.
struct Step {
    last: Vec<u8>,
    read: u64,
    bytes: u64,
    findings: Vec<StoreError>,
}

fn step(engine: &Engine, tree: Tree, after: Option<Vec<u8>>) -> Result<Option<Step>, StoreError> {
    let keys = engine.keys_after(tree, after, STEP)?;
    let Some(last) = keys.last().cloned() else {
        return Ok(None);
    };
    let mut step = Step {
        last,
        read: 0,
        bytes: 0,
        findings: Vec::new(),
    };
    for key in keys {
        let read = match tree {
            Tree::Records => engine
                .value(tree, &key)
                .map(|value| value.map_or(0, |value| value.len())),
            Tree::Parts | Tree::Slices => read_part(engine, &key),
        };
        step.read += 1;
        match read {
            Ok(bytes) => step.bytes += bytes as u64,
            Err(finding) => step.findings.push(finding),
        }
    }
    Ok(Some(step))
}

fn read_part(engine: &Engine, key: &[u8]) -> Result<usize, StoreError> {
    let body = key.first_chunk::<16>().ok_or(Stop::Failed)?;
    let part = part_of_key(key).ok_or(Stop::Failed)?;
    Ok(engine.part(body, part)?.map_or(0, |bytes| bytes.len()))
}

/// Findings kept in one report.
pub(super) const FINDINGS: usize = 1_000;
/// Records or parts read between two rests.
const STEP: usize = 8;

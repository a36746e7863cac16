//! What the hostile clients did and were told, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::hostile::KINDS;

/// For each kind of client: requests or connections begun, and answers by status (0: hung up without one).
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, Row>>);

#[derive(Default)]
struct Row {
    begun: u64,
    answers: BTreeMap<u16, u64>,
}

impl Tally {
    pub(crate) fn begin(&self, kind: &'static str, requests: u64) {
        self.with(|rows| rows.entry(kind).or_default().begun += requests);
    }

    pub(crate) fn answer(&self, kind: &'static str, status: u16) {
        self.with(|rows| *rows.entry(kind).or_default().answers.entry(status).or_default() += 1);
    }

    pub(crate) fn print(&self) {
        self.with(|rows| {
            let all: u64 = rows.values().map(|row| row.begun).sum();
            println!("{all} hostile requests:");
            for (kind, row) in rows.iter() {
                println!("  {kind:<20} {:>7}  {:?}", row.begun, row.answers);
            }
        });
    }

    /// A flood that does not flow proves nothing.
    pub(crate) fn every_kind_took_part(&self) {
        self.with(|rows| {
            for kind in KINDS {
                let begun = rows.get(kind).map_or(0, |row| row.begun);
                assert!(begun > 0, "{kind} did nothing");
            }
            let all: u64 = rows.values().map(|row| row.begun).sum();
            assert!(all > 2_000, "only {all} requests");
            let bad: Vec<_> = rows
                .iter()
                .filter(|(_, row)| row.answers.contains_key(&500))
                .collect();
            assert!(bad.is_empty(), "the server failed");
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<&'static str, Row>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.begun, self.answers)
    }
}

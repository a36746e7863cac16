//! Official vectors, vectors of RFC texts, and our own frozen ones.

mod ce;
mod frozen;
mod kem;
mod merkle;
mod primitives;
mod rfc;
mod signature;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::support::{json, official, say};

/// A file of Wycheproof: groups of cases.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<G> {
    number_of_tests: usize,
    test_groups: Vec<G>,
}

/// A group without data of its own.
#[derive(Deserialize)]
struct Group<T> {
    tests: Vec<T>,
}

/// What a case must do.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Valid,
    Invalid,
    Acceptable,
}

/// Runs every case of a Wycheproof file, and counts that none was left out.
fn run<G: DeserializeOwned, T>(name: &str, cases: impl Fn(G) -> Vec<T>, mut case: impl FnMut(T)) {
    let Some(path) = official(&format!("wycheproof/{name}_test.json")) else {
        return;
    };
    let file: File<G> = json(&path);
    let mut count = 0;
    for group in file.test_groups {
        for one in cases(group) {
            case(one);
            count += 1;
        }
    }
    assert_eq!(count, file.number_of_tests, "{name}");
    say(&format!("{name}: {count} of {count}, 0 skipped"));
}

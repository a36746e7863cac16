//! Inclusion and consistency proofs of transparency-dev/merkle, mostly negative.

use std::path::{Path, PathBuf};

use base64::BASE64;
use crypto::audit::proof::{
    verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};
use crypto::hash::sha256_of;
use crypto::id::Hash32;
use serde::Deserialize;

use crate::support::{json, official, say};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn inclusion_proofs() {
    each("inclusion", |path| {
        let case: Inclusion = json(path);
        let proof = hashes(case.proof.as_ref());
        let verified = verify_inclusion(
            case.leaf_idx,
            case.tree_size,
            &hash("leaf", &case.leaf_hash),
            &proof,
            &hash("root", &case.root),
        );
        assert_eq!(verified.is_err(), case.want_err, "{}", path.display());
    });
}

#[test]
fn consistency_proofs() {
    each("consistency", |path| {
        let case: Consistency = json(path);
        let proof = hashes(case.proof.as_ref());
        let verified = verify_consistency(
            case.size1,
            case.size2,
            &proof,
            &hash("root", &case.root1),
            &hash("root", &case.root2),
        );
        assert_eq!(verified.is_err(), case.want_err, "{}", path.display());
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubtreeInclusion {
    leaf_idx: u64,
    start: u64,
    end: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubtreeConsistency {
    start: u64,
    end: u64,
    size: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn subtree_inclusion_proofs() {
    each("subtreeinclusion", |path| {
        let case: SubtreeInclusion = json(path);
        let verified = verify_subtree_inclusion(
            case.leaf_idx,
            (case.start, case.end),
            &hash("leaf", &case.leaf_hash),
            &hashes(case.proof.as_ref()),
            &hash("root", &case.root),
        );
        assert_eq!(verified.is_err(), case.want_err, "{}", path.display());
    });
}

#[test]
fn subtree_consistency_proofs() {
    each("subtreeconsistency", |path| {
        let case: SubtreeConsistency = json(path);
        let verified = verify_subtree_consistency(
            (case.start, case.end),
            case.size,
            &hashes(case.proof.as_ref()),
            &hash("root", &case.root1),
            &hash("root", &case.root2),
        );
        assert_eq!(verified.is_err(), case.want_err, "{}", path.display());
    });
}

/// Hashes are 32 bytes by type. Where a case gives bytes of another length, a hash of them stands there: never that of
/// a leaf for that of a root, but two equal roots stay equal, for the cases that do not care about their bytes.
fn hash(role: &str, text: &str) -> Hash32 {
    let bytes = BASE64.decode(text.as_bytes()).unwrap();
    Hash32::try_from(bytes.as_slice()).unwrap_or_else(|_| sha256_of(&[role.as_bytes(), &bytes]))
}

fn hashes(proof: Option<&Vec<String>>) -> Vec<Hash32> {
    proof
        .into_iter()
        .flatten()
        .map(|text| hash("node", text))
        .collect()
}

fn each(folder: &str, mut case: impl FnMut(&Path)) {
    let Some(folder) = official(&format!("merkle/{folder}")) else {
        return;
    };
    let mut files = Vec::new();
    collect(&folder, &mut files);
    assert!(!files.is_empty());
    files.iter().for_each(|path| case(path));
    say(&format!(
        "{}: {1} of {1}, 0 skipped",
        folder.display(),
        files.len()
    ));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

//! Ed25519: Wycheproof, and the edge cases of CCTV that strict verification must refuse.

use crypto::vectors::ed25519_verifies;
use serde::Deserialize;

use super::{Expected, run};
use crate::support::{hex, json, official, say};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key: Key,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Key {
    pk: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    msg: String,
    sig: String,
    result: Expected,
}

#[test]
fn wycheproof_ed25519() {
    let cases = |group: Group| {
        group
            .tests
            .into_iter()
            .map(|case| (group.public_key.pk.clone(), case))
            .collect()
    };
    run("ed25519", cases, |(key, case)| {
        let key: [u8; 32] = hex(&key).try_into().unwrap();
        // A signature of another length is none; the type says so.
        let verified = <[u8; 64]>::try_from(hex(&case.sig))
            .is_ok_and(|signature| ed25519_verifies(&key, &hex(&case.msg), &signature));
        assert_eq!(verified, case.result == Expected::Valid, "case {}", case.tc_id);
    });
}

#[derive(Deserialize)]
struct EdgeCase {
    number: u32,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
}

/// Strict: no point of small order as key or R, no non-canonical encoding, no cofactor (a residue is refused), and k
/// over the bytes as received. Points of mixed order are not refused as such.
#[test]
fn cctv_ed25519_edge_cases() {
    let Some(path) = official("ed25519/ed25519vectors.json") else {
        return;
    };
    let cases: Vec<EdgeCase> = json(&path);
    let mut accepted = 0;
    for case in &cases {
        let refused = case.flags.iter().flatten().any(|flag| {
            matches!(
                flag.as_str(),
                "low_order_A"
                    | "low_order_R"
                    | "non_canonical_A"
                    | "non_canonical_R"
                    | "low_order_residue"
                    | "reencoded_k"
            )
        });
        let key = hex(&case.key).try_into().unwrap();
        let signature = hex(&case.sig).try_into().unwrap();
        let verified = ed25519_verifies(&key, case.msg.as_bytes(), &signature);
        assert_eq!(verified, !refused, "case {}: {:?}", case.number, case.flags);
        accepted += usize::from(verified);
    }
    assert!(accepted > 0);
    say(&format!(
        "ed25519vectors: {0} of {0} ({accepted} hold), 0 skipped",
        cases.len()
    ));
}

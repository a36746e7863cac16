//! `spec/vectors/audit-map.json`: keys, roots, proofs and tiles of one small map, frozen.

use std::collections::BTreeMap;

use crypto::audit::map::{Map, Prefix, Subject, Tile, Update};
use crypto::hash::sha256;
use serde_json::{Value, json};

use super::flip;
use crate::support::{FixedRandom, freeze, to_hex};

#[test]
fn the_map() {
    let mut random = FixedRandom::new("audit map");
    let mut id = || -> [u8; 16] { random.bytes(16).try_into().unwrap() };
    let (organisation, service, tag) = (id(), id(), id());
    let label = sha256(&tag);
    let subjects = [
        Subject::Label(label),
        Subject::Organisation(organisation),
        Subject::Service {
            organisation,
            service,
        },
        Subject::Tag(tag),
    ];
    let keys: Vec<Value> = subjects
        .iter()
        .map(|subject| {
            let (kind, id) = match subject {
                Subject::Label(id) => (1, to_hex(id)),
                Subject::Organisation(id) => (2, to_hex(id)),
                Subject::Service {
                    organisation,
                    service,
                } => (3, to_hex(&[*organisation, *service].concat())),
                Subject::Tag(id) => (16, to_hex(id)),
            };
            json!({ "type": kind, "id": id, "key": to_hex(&subject.key()) })
        })
        .collect();

    // Beside these, two keys that part late: empty siblings, and a tile with one child.
    let mut inserted: Vec<_> = subjects.iter().map(Subject::key).collect();
    inserted.push(flip(&inserted[0], 11));
    inserted.extend((0..20_u8).map(|n| sha256(&[n])));
    let mut map = Map::new();
    let mut content = BTreeMap::new();
    let cases: Vec<Value> = inserted
        .iter()
        .map(|key| {
            let value = sha256(key);
            map.insert(*key, value);
            content.insert(*key, value);
            json!({ "key": to_hex(key), "value": to_hex(&value), "root": to_hex(&map.root()) })
        })
        .collect();
    let asked = [
        inserted[0],
        inserted[4],
        flip(&inserted[0], 9),
        flip(&inserted[0], 200),
        [0; 32],
        [0xff; 32],
    ];
    let proofs: Vec<Value> = asked
        .iter()
        .map(|key| {
            let proof = map.prove(key);
            let value = proof
                .verify(&map.root(), key)
                .unwrap()
                .map(|value| to_hex(&value));
            json!({ "key": to_hex(key), "value": value, "proof": to_hex(&proof.to_bytes()) })
        })
        .collect();

    let mut update = Update::new(content);
    update.give(Prefix::ROOT, None::<Tile>).unwrap();
    let (root, tiles) = update.finish().unwrap();
    assert_eq!(root, map.root());
    let tiles: Vec<Value> = tiles
        .iter()
        .map(|(prefix, tile)| {
            json!({ "name": to_hex(&prefix.to_bytes()), "tile": to_hex(&tile.to_bytes()), "hash": to_hex(&tile.hash()) })
        })
        .collect();
    freeze(
        "audit-map.json",
        &json!({
            "values": "SHA-256 of the key; each case is inserted after those before it, proofs and tiles are of them all",
            "keys": keys, "cases": cases, "proofs": proofs, "tiles": tiles,
        }),
    );
}

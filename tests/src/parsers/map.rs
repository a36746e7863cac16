//! The log's map: proofs, stored tiles (`spec/map.md`).

use crypto::parsers as core;

use super::draw::Draw;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "MapProof::parse",
        file: "crypto/src/audit/map/proof.rs",
        rule: Rule::Exact,
        run: core::map_proof,
        valid: proof,
    },
    Parser {
        name: "Tile::parse",
        file: "crypto/src/audit/map/tile.rs",
        rule: Rule::Exact,
        run: core::map_tile,
        valid: tile,
    },
];

/// end | depth u16 | bits | siblings | what the end holds.
fn proof(draw: &mut Draw) -> Vec<u8> {
    let end = draw.below(3);
    let longest = *draw.pick(&[0, 1, 8, 24, 255]);
    let depth = draw.below(longest + 1);
    let mut bits = vec![0; depth.div_ceil(8)];
    // The last sibling is never empty.
    let given: Vec<usize> = (0..depth).filter(|at| draw.coin() || at + 1 == depth).collect();
    for at in &given {
        bits[at / 8] |= 0x80_u8 >> (at % 8);
    }
    let hashes = draw.bytes(32 * (given.len() + end));
    [&[end as u8], &(depth as u16).to_be_bytes()[..], &bits, &hashes].concat()
}

/// Children u16 | leaves u16 | key and value, or hash, of each.
fn tile(draw: &mut Draw) -> Vec<u8> {
    let present = (draw.word() as u16).max(1);
    let leaves = draw.word() as u16 & present;
    let hashes = present.count_ones() + leaves.count_ones();
    let children = draw.bytes(32 * hashes as usize);
    [&present.to_be_bytes()[..], &leaves.to_be_bytes(), &children].concat()
}

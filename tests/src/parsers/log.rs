//! The log: entries, openings, notes, checkpoints, tiles; what a client and a server keep of it (`spec/log.md`).

use crypto::audit::checkpoint::Checkpoint;
use crypto::audit::entry::Entry;
use crypto::audit::listing::Record;
use crypto::audit::note::{Kind, NoteSigner};
use crypto::audit::opening::{Event, Opened, Opening};
use crypto::audit::origin::Origin;
use crypto::audit::tree::TreeHead;
use crypto::collection::refs::{Reference, Refs};
use crypto::parsers as core;

use super::draw::Draw;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "Entry::parse",
        file: "crypto/src/audit/entry.rs",
        rule: Rule::Exact,
        run: core::log_entry,
        valid: |draw| entry(draw).to_bytes(),
    },
    Parser {
        name: "Opening::parse",
        file: "crypto/src/audit/opening.rs",
        rule: Rule::Exact,
        run: core::log_opening,
        valid: |draw| opening(draw).to_bytes(),
    },
    Parser {
        name: "Opened::parse",
        file: "crypto/src/audit/opening.rs",
        rule: Rule::Exact,
        run: core::log_opened,
        valid: |draw| {
            let (blind, opening) = (draw.array(), opening(draw));
            Opened { blind, opening }.to_bytes()
        },
    },
    Parser {
        name: "Note::parse",
        file: "crypto/src/audit/note.rs",
        rule: Rule::Exact,
        run: core::note,
        valid: note,
    },
    Parser {
        name: "Admission::parse",
        file: "crypto/src/audit/admission.rs",
        rule: Rule::Exact,
        run: core::admission,
        valid: |draw| format!("civis-audit/v1\ncivis/AAAA\n{}\n", draw.number()).into_bytes(),
    },
    Parser {
        name: "Record::parse_all",
        file: "crypto/src/audit/listing.rs",
        rule: Rule::Exact,
        run: core::listing,
        valid: |draw| {
            let mut records = Vec::new();
            for key in 1..4 {
                let record = Record {
                    key: vec![key; 16],
                    value: draw.bytes(40),
                };
                records.extend(record.to_bytes().unwrap_or_default());
            }
            records
        },
    },
    Parser {
        name: "ListedBody::parse",
        file: "crypto/src/audit/listing.rs",
        rule: Rule::Exact,
        run: core::listed_body,
        valid: |draw| [&[draw.below(3) as u8][..], &draw.bytes(20), &draw.bytes(120)].concat(),
    },
    Parser {
        name: "ListedChunk::parse",
        file: "crypto/src/audit/listing.rs",
        rule: Rule::Exact,
        run: core::listed_chunk,
        valid: |draw| [&[3][..], &draw.bytes(3 * 32), &draw.bytes(100)].concat(),
    },
    Parser {
        name: "Refs::parse",
        file: "crypto/src/collection/refs.rs",
        rule: Rule::Exact,
        run: core::refs,
        valid: |draw| {
            let mut body = |first: u8| {
                let mut id = draw.array::<16>();
                id[0] = first;
                Reference::Body(id)
            };
            let (adds, drops) = (vec![body(1), body(2)], vec![body(3)]);
            Refs::new(adds, drops)
                .map(|refs| refs.to_bytes())
                .unwrap_or_default()
        },
    },
    Parser {
        name: "NoteKey::parse",
        file: "crypto/src/audit/note.rs",
        rule: Rule::Exact,
        run: core::note_key,
        valid: |draw| signer(draw).public().to_string().into_bytes(),
    },
    Parser {
        name: "Checkpoint::parse",
        file: "crypto/src/audit/checkpoint.rs",
        rule: Rule::Exact,
        run: core::checkpoint,
        valid: |draw| checkpoint(draw).to_text().into_bytes(),
    },
    Parser {
        name: "Tile::parse",
        file: "crypto/src/audit/tile.rs",
        rule: Rule::Exact,
        run: core::tile_path,
        valid: |draw| {
            let level = *draw.pick(&["0", "7", "entries"]);
            let index = *draw.pick(&["000", "x001/067", "x001/x234/000"]);
            let width = *draw.pick(&["", ".p/1", ".p/255"]);
            format!("tile/{level}/{index}{width}").into_bytes()
        },
    },
    Parser {
        name: "Tile::entries",
        file: "crypto/src/audit/tile.rs",
        rule: Rule::Exact,
        run: core::tile_entries,
        valid: |draw| {
            let entries: Vec<Vec<u8>> = (0..3).map(|_| entry(draw).to_bytes()).collect();
            let bundled = entries
                .iter()
                .filter_map(|entry| crypto::audit::tile::bundled(entry));
            bundled.collect::<Vec<_>>().concat()
        },
    },
    Parser {
        name: "Seen::parse",
        file: "sdk/src/flows/seen.rs",
        rule: Rule::Exact,
        run: sdk::parsers::seen_log,
        valid: |draw| [&draw.bytes(48)[..], &note(draw)].concat(),
    },
    Parser {
        name: "parse",
        file: "server/src/audit/keep.rs",
        rule: Rule::Exact,
        run: server::parsers::log_key,
        valid: |draw| [&b"CVLK\x01"[..], &draw.bytes(32), b"civis/AAAA"].concat(),
    },
    Parser {
        name: "parse_state",
        file: "server/src/audit/map.rs",
        rule: Rule::Exact,
        run: server::parsers::map_state,
        valid: |draw| draw.bytes(40),
    },
    Parser {
        name: "Stop::parse",
        file: "sdk/src/flows/barred.rs",
        rule: Rule::Exact,
        run: sdk::parsers::log_stop,
        valid: |draw| {
            let evidence = match draw.below(2) {
                0 => "null".to_owned(),
                _ => format!("\"evidence/open/{:020}\"", draw.number()),
            };
            let (size, root) = (draw.number(), shared::Hash(draw.array()));
            let stop = format!(
                "{{\"check\":\"log_forked\",\"evidence\":{evidence},\"size\":{size},\"root\":\"{root}\"}}"
            );
            stop.into_bytes()
        },
    },
    Parser {
        name: "Owed::parse",
        file: "sdk/src/flows/seen.rs",
        rule: Rule::Exact,
        run: sdk::parsers::owed_entry,
        valid: |draw| draw.bytes(49),
    },
    Parser {
        name: "Origin::parse",
        file: "crypto/src/audit/origin.rs",
        rule: Rule::Exact,
        run: core::log_origin,
        valid: |draw| {
            let generation = *draw.pick(&[1, 2, 77, u32::MAX]);
            let origin = Origin {
                deployment_id: draw.array(),
                generation,
            };
            origin.to_string().into_bytes()
        },
    },
    Parser {
        name: "parse_key",
        file: "sdk/src/flows/restored.rs",
        rule: Rule::Exact,
        run: sdk::parsers::log_key,
        valid: |draw| signer(draw).public().to_string().into_bytes(),
    },
];

fn entry(draw: &mut Draw) -> Entry {
    match draw.below(6) {
        0 => Entry::Identity {
            label: draw.array(),
            seq: draw.number32(),
            bundle_hash: draw.array(),
        },
        1 => Entry::Predecessor {
            origin: "civis/AAAA".to_owned(),
            checkpoint: note(draw),
            reason: "sauvegarde".to_owned(),
        },
        2 => Entry::MapHead {
            root: draw.array(),
            covered: draw.number(),
        },
        3 => Entry::Audit {
            report_hash: draw.array(),
            auditor: signer(draw).public().to_string(),
        },
        4 => Entry::Operator {
            statement_hash: draw.array(),
        },
        _ => Entry::Sealed {
            tag: draw.array(),
            commit: draw.array(),
        },
    }
}

fn opening(draw: &mut Draw) -> Opening {
    match draw.below(6) {
        0 => Opening::Body {
            body_id: draw.array(),
            body_hash: draw.array(),
            ct_len: draw.number(),
        },
        1 => Opening::Drop {
            id: draw.array(),
            closed: (0..draw.below(4) as u64).map(|at| at * 7).collect(),
        },
        2 => Opening::Head {
            collection_id: draw.array(),
            head_no: draw.number(),
            head_hash: draw.array(),
        },
        3 => Opening::Charter {
            collection_id: draw.array(),
            charter_no: draw.number32(),
            epoch: draw.number32(),
            charter_hash: draw.array(),
        },
        4 => Opening::Manifest {
            label: draw.array(),
            version: draw.number(),
            manifest_hash: draw.array(),
        },
        _ => Opening::Recovery {
            label: draw.array(),
            event: *draw.pick(&[Event::PasswordByWords, Event::WordsReplaced]),
            not_before: draw.number(),
        },
    }
}

fn checkpoint(draw: &mut Draw) -> Checkpoint {
    Checkpoint {
        origin: "civis/AAAA".to_owned(),
        tree: TreeHead {
            size: draw.number(),
            root: draw.array(),
        },
    }
}

fn note(draw: &mut Draw) -> Vec<u8> {
    let (one, other) = (signer(draw), signer(draw));
    let text = checkpoint(draw).to_text();
    let sign = |signer: &NoteSigner| signer.sign(&text, 7).expect("a text");
    let note = sign(&one).join(&sign(&other)).expect("one text");
    note.to_bytes()
}

fn signer(draw: &mut Draw) -> NoteSigner {
    let kind = *draw.pick(&[Kind::Text, Kind::Cosignature]);
    let name = *draw.pick(&["civis/AAAA", "témoin.exemple.fr"]);
    NoteSigner::from_seed(name, kind, &draw.array()).expect("a name")
}

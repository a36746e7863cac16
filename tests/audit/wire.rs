//! What a server can say to an auditor: without the log's key, and with it.

use std::rc::Rc;

use crypto::audit::entry::Entry;
use crypto::audit::listing::Record;
use crypto::audit::opening::{Opened, Opening};
use crypto::audit::tile::Kind;
use sdk::flows::{Request, Response};
use shared::path;
use tests::adversary::{Fate, Line, flip};
use tests::evil::{LogKeeper, is_of, problem, tile_of};

use crate::table::{Lie, Tampering, wire};

pub(crate) fn on_the_wire() -> Vec<Tampering> {
    vec![
        wire("a bit of an entry flipped", "entries_altered", |line, _, _| {
            alter(line, is_bundle, |response| {
                let mut bytes = response.body.to_vec();
                let last = bytes.len() * 8 - 1;
                flip(&mut bytes, last);
                response.body = bytes.into();
            });
        }),
        wire("a bit of a tile flipped", "tile_altered", |line, _, _| {
            alter(line, is_hashes, |response| {
                let mut bytes = response.body.to_vec();
                let last = bytes.len() * 8 - 1;
                flip(&mut bytes, last);
                response.body = bytes.into();
            });
        }),
        wire("a tile withheld", "tile_withheld", |line, _, _| {
            alter(line, is_bundle, |response| {
                *response = problem(shared::ErrorCode::NotFound)
            });
        }),
        wire("a list of the store withheld", "list_withheld", |line, _, _| {
            alter(line, is_heads, |response| {
                *response = problem(shared::ErrorCode::NotFound)
            });
        }),
        wire(
            "a checkpoint that the log did not sign",
            "checkpoint",
            |line, _, _| {
                alter(
                    line,
                    |request| is_of(request, path::CHECKPOINT),
                    |response| {
                        let note = String::from_utf8(response.body.to_vec()).unwrap();
                        let size = note.lines().nth(1).unwrap().to_owned();
                        response.body = note.replacen(&size, &format!("{size}0"), 1).into();
                    },
                );
            },
        ),
        wire("another key on the card", "log_key", |line, log, _| {
            let name = log.checkpoint();
            let origin = String::from_utf8(name)
                .unwrap()
                .lines()
                .next()
                .unwrap()
                .to_owned();
            let key = crypto::audit::note::NoteSigner::from_seed(
                &origin,
                crypto::audit::note::Kind::Text,
                &[5; 32],
            );
            let key = key.unwrap().public().to_string();
            line.alter_json::<shared::audit::LogCard>("/log", move |card| card.key.clone_from(&key));
        }),
    ]
}

pub(crate) fn with_the_key() -> Vec<Tampering> {
    vec![
        wire(
            "a log cut and signed again",
            "log_shrunk",
            |line, mut log, seen| {
                log.entries.truncate(seen - 1);
                shows(line, log, vec![]);
            },
        ),
        wire(
            "an entry removed and history signed again",
            "log_forked",
            |line, mut log, seen| {
                log.entries.remove(seen / 2);
                log.entries.push(sealed());
                shows(line, log, vec![]);
            },
        ),
        wire(
            "an entry inserted and history signed again",
            "log_forked",
            |line, mut log, seen| {
                log.entries.insert(seen / 2, sealed());
                shows(line, log, vec![]);
            },
        )
        .quick(),
        wire(
            "history rewritten and signed again",
            "log_forked",
            |line, mut log, seen| {
                flip(&mut log.entries[seen - 2], 50);
                shows(line, log, vec![]);
            },
        ),
        wire(
            "a second history of the same length",
            "log_forked",
            |line, mut log, seen| {
                log.entries.truncate(seen);
                flip(&mut log.entries[seen - 1], 50);
                shows(line, log, vec![]);
            },
        ),
        wire(
            "a root of the map that is not the entries'",
            "map_head",
            |line, mut log, _| {
                let covered = log.entries.len() as u64;
                log.entries.push(
                    Entry::MapHead {
                        root: [6; 32],
                        covered,
                    }
                    .to_bytes(),
                );
                shows(line, log, vec![]);
            },
        ),
        wire(
            "a map that is not brought up",
            "map_behind",
            |line, mut log, seen| {
                // Everything new without a root, in two checkpoints one after the other.
                let new = log.entries.split_off(seen);
                log.entries.extend(
                    new.into_iter()
                        .filter(|entry| !matches!(Entry::parse(entry), Ok(Entry::MapHead { .. }))),
                );
                let told = Rc::new(std::cell::Cell::new(0));
                line.after(move |request, response| {
                    told.set(told.get() + u8::from(is_of(request, path::CHECKPOINT)));
                    let mut longer = log.clone();
                    if told.get() > 1 {
                        longer.entries.push(
                            Entry::Operator {
                                statement_hash: [1; 32],
                            }
                            .to_bytes(),
                        );
                    }
                    longer.tell(request, response);
                    Fate::Pass
                });
            },
        ),
        wire("an entry of no known form", "entry_form", |line, mut log, _| {
            log.entries.push(vec![0x7f, 1, 2, 3]);
            shows(line, log, vec![]);
        }),
        wire(
            "a second identity under a label",
            "identity_chain",
            |line, mut log, _| {
                let label = log.label_of(0);
                let entry = Entry::Identity {
                    label,
                    seq: 0,
                    bundle_hash: [2; 32],
                };
                log.entries.push(entry.to_bytes());
                shows(line, log, vec![]);
            },
        ),
        wire(
            "a sealed entry that nothing opens",
            "opening_withheld",
            |line, mut log, _| {
                log.entries.push(sealed());
                shows(line, log, vec![]);
            },
        ),
        wire(
            "a body logged that nobody signed",
            "body_uncovered",
            |line, log, _| {
                says(
                    line,
                    log,
                    Opening::Body {
                        body_id: [1; 16],
                        body_hash: [2; 32],
                        ct_len: 16_400,
                    },
                );
            },
        ),
        wire(
            "a manifest logged over a gap",
            "manifest_chain",
            |line, log, _| {
                let label = log.label_of(0);
                says(
                    line,
                    log,
                    Opening::Manifest {
                        label,
                        version: 900,
                        manifest_hash: [2; 32],
                    },
                );
            },
        ),
        wire(
            "an erasure of what cannot be erased",
            "drop_unknown",
            |line, log, _| {
                let closed = vec![log.entries.len() as u64 + 5];
                says(line, log, Opening::Drop { id: [1; 16], closed });
            },
        ),
        wire(
            "an erasure that nobody signed",
            "drop_uncovered",
            |line, mut log, _| {
                // A body that comes and goes, both under the log's key alone.
                let body = Opened {
                    blind: [3; 32],
                    opening: Opening::Body {
                        body_id: [1; 16],
                        body_hash: [2; 32],
                        ct_len: 16_400,
                    },
                };
                let at = log.entries.len();
                log.entries.push(body.entry([4; 16]).to_bytes());
                let gone = Opened {
                    blind: [4; 32],
                    opening: Opening::Drop {
                        id: [1; 16],
                        closed: vec![at as u64],
                    },
                };
                log.entries.push(gone.entry([5; 16]).to_bytes());
                shows(line, log, vec![(at, body), (at + 1, gone)]);
            },
        ),
        wire(
            "a head logged that is not there",
            "head_missing",
            |line, log, _| {
                says(
                    line,
                    log,
                    Opening::Head {
                        collection_id: [9; 16],
                        head_no: 0,
                        head_hash: [2; 32],
                    },
                );
            },
        ),
        Tampering {
            what: "the auditor's own state cut",
            finding: "state",
            lie: Lie::State(|folder| {
                let db = folder.join("state").join("db");
                let len = std::fs::metadata(&db).unwrap().len();
                let file = std::fs::OpenOptions::new().write(true).open(&db).unwrap();
                file.set_len(len / 3).unwrap();
            }),
            is_quick: false,
        },
        Tampering {
            what: "the auditor's last checkpoint exchanged",
            finding: "state",
            lie: Lie::State(|folder| std::fs::write(folder.join("checkpoint"), "other").unwrap()),
            is_quick: false,
        },
    ]
}

/// Answers to requests that fit are altered.
fn alter(line: &Line, fits: fn(&Request) -> bool, mut change: impl FnMut(&mut Response) + 'static) {
    line.after(move |request, response| {
        if fits(request) && response.status < 300 {
            change(response);
        }
        Fate::Pass
    });
}

fn is_bundle(request: &Request) -> bool {
    tile_of(request).is_some_and(|tile| tile.kind == Kind::Entries)
}

fn is_hashes(request: &Request) -> bool {
    tile_of(request).is_some_and(|tile| tile.kind != Kind::Entries)
}

fn is_openings(request: &Request) -> bool {
    request
        .path
        .starts_with(&path::AUDIT_LIST.replace("{list}", "openings"))
}

fn is_heads(request: &Request) -> bool {
    request
        .path
        .starts_with(&path::AUDIT_LIST.replace("{list}", "heads"))
}

/// The server shows this history, with openings of its own.
fn shows(line: &Line, log: LogKeeper, openings: Vec<(usize, Opened)>) {
    line.after(move |request, response| {
        log.tell(request, response);
        if is_openings(request) && response.status < 300 {
            let mut records = Record::parse_all(&response.body).unwrap();
            let after = asked_after(request);
            for (index, opened) in &openings {
                let key = (*index as u64).to_be_bytes().to_vec();
                if key > after {
                    records.retain(|record| record.key != key);
                    records.push(Record {
                        key,
                        value: opened.to_bytes(),
                    });
                }
            }
            records.sort_by(|one, other| one.key.cmp(&other.key));
            let bytes = records.iter().map(|record| record.to_bytes().unwrap());
            response.body = bytes.collect::<Vec<_>>().concat().into();
        }
        Fate::Pass
    });
}

fn asked_after(request: &Request) -> Vec<u8> {
    let after = request.path.split_once("after=").map(|(_, after)| after);
    after.map_or_else(Vec::new, |after| {
        base64::BASE64URL_NOPAD.decode(after.as_bytes()).unwrap()
    })
}

/// Appends a sealed entry and shows its opening.
fn says(line: &Line, mut log: LogKeeper, opening: Opening) {
    let opened = Opened {
        blind: [3; 32],
        opening,
    };
    log.entries.push(opened.entry([4; 16]).to_bytes());
    let at = log.entries.len() - 1;
    shows(line, log, vec![(at, opened)]);
}

fn sealed() -> Vec<u8> {
    Entry::Sealed {
        tag: [8; 16],
        commit: [9; 32],
    }
    .to_bytes()
}

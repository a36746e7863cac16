//! One thing wrong at a time, in the store or on the wire, and the finding that names it.

use std::rc::Rc;

use crypto::audit::entry::Entry;
use crypto::audit::listing::Record;
use crypto::audit::opening::{Opened, Opening};
use crypto::audit::tile::Kind;
use crypto::collection::head::HEAD_BYTES;
use crypto::document::body::{BodyHeader, HEADER_BYTES, fold_parts, part_hash};
use sdk::flows::{Request, Response};
use server::store::{Batch, BlobStore, MetaStore, SledStore, Table};
use shared::path;
use tests::adversary::{Fate, Line, flip};
use tests::evil::{LogKeeper, is_of, problem, tile_of};

use crate::ground::Ground;

/// What is done, and what an audit must say.
struct Tampering {
    what: &'static str,
    finding: &'static str,
    lie: Lie,
    /// Whether it also runs where time is short.
    is_quick: bool,
}

enum Lie {
    /// In the store, behind the server's back.
    Store(StoreLie),
    /// On the auditor's line, by who has the log's key; entries up to `seen` are what the auditor has audited.
    Wire(fn(&Line, LogKeeper, seen: usize)),
    /// In the auditor's own folder.
    State(fn(&std::path::Path)),
}

type StoreLie = fn(&SledStore) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;

const fn store(what: &'static str, finding: &'static str, lie: StoreLie) -> Tampering {
    Tampering {
        what,
        finding,
        lie: Lie::Store(lie),
        is_quick: false,
    }
}

const fn wire(what: &'static str, finding: &'static str, lie: fn(&Line, LogKeeper, usize)) -> Tampering {
    Tampering {
        what,
        finding,
        lie: Lie::Wire(lie),
        is_quick: false,
    }
}

impl Tampering {
    const fn quick(mut self) -> Self {
        self.is_quick = true;
        self
    }
}

/// Every record of a table whose key begins with this kind.
async fn rows(store: &SledStore, table: Table, kind: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(table, &[kind], None, 100_000).await.unwrap()
}

async fn put(store: &SledStore, table: Table, key: Vec<u8>, value: Vec<u8>) {
    let mut batch = Batch::default();
    batch.put.push((table, key, value));
    store.commit(batch).await.unwrap();
}

async fn delete(store: &SledStore, table: Table, key: Vec<u8>) {
    let mut batch = Batch::default();
    batch.delete.push((table, key));
    store.commit(batch).await.unwrap();
}

/// A body that lives, with its row.
async fn body(store: &SledStore) -> ([u8; 16], Vec<u8>, Vec<u8>) {
    let (key, row) = rows(store, Table::Body, b'b').await.swap_remove(2);
    (key[1..].try_into().unwrap(), key, row)
}

/// The newest head of the first collection: its key and what is there.
async fn newest_head(store: &SledStore) -> (Vec<u8>, Vec<u8>) {
    let heads = rows(store, Table::Collection, b'h').await;
    let first = heads[0].0[..17].to_vec();
    heads
        .into_iter()
        .rfind(|(key, _)| key.starts_with(&first))
        .unwrap()
}

/// Stores a body that nobody sent: a header of the right form over these chunks, since long ago.
async fn plant(store: &SledStore, content: &[u8], salt: Option<[u8; 24]>) {
    let (_, _, row) = body(store).await;
    let id = [0x77; 16];
    let ct_len = content.len() as u64;
    let root = fold_parts(&[part_hash(content).unwrap()]);
    // account_id 16, state, since 8, references 4, ct_len 8, header: as the server stores it.
    let (before, header) = row.split_at(row.len() - HEADER_BYTES);
    let mut header = header.to_vec();
    header[8..24].copy_from_slice(&id);
    header[24..32].copy_from_slice(&ct_len.to_be_bytes());
    header[32..56].copy_from_slice(&salt.unwrap_or([0x55; 24]));
    header[88..].copy_from_slice(&root);
    BodyHeader::parse(&header).unwrap();
    let mut planted = before.to_vec();
    let since = planted.len() - 20;
    planted[since..since + 8].copy_from_slice(&1_700_000_000_u64.to_be_bytes());
    let len = planted.len() - 8;
    planted[len..].copy_from_slice(&ct_len.to_be_bytes());
    planted.extend(header);
    store.put_part(id, 0, content.to_vec().into()).await.unwrap();
    put(
        store,
        Table::Body,
        [&b"h"[..], &id, &[0; 4]].concat(),
        root.to_vec(),
    )
    .await;
    put(store, Table::Body, [&b"b"[..], &id].concat(), planted).await;
}

/// Noise of the length of a smallest body.
fn noise() -> Vec<u8> {
    tests::sample::noise(SMALLEST, 99)
}

/// Bytes of the smallest body: one chunk, 4,095 bytes and a tag.
const SMALLEST: usize = 4_095 + 16;

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

/// Everything that the table tries.
fn table() -> Vec<Tampering> {
    let mut all = in_the_store();
    all.extend(on_the_wire());
    all.extend(with_the_key());
    all
}

fn in_the_store() -> Vec<Tampering> {
    vec![
        store("a bit of a body flipped", "chunk_altered", |store| {
            Box::pin(async move {
                let (id, ..) = body(store).await;
                let mut part = store.part(id, 0).await.unwrap().unwrap().to_vec();
                flip(&mut part, 77);
                while !store.delete_body(id).await.unwrap() {}
                store.put_part(id, 0, part.into()).await.unwrap();
            })
        })
        .quick(),
        store("the chunks of a body dropped", "chunk_lost", |store| {
            Box::pin(async move {
                let (id, ..) = body(store).await;
                while !store.delete_body(id).await.unwrap() {}
            })
        }),
        store("a body dropped", "body_lost", |store| {
            Box::pin(async move {
                let (_, key, _) = body(store).await;
                delete(store, Table::Body, key).await;
            })
        }),
        store("a bit of a body's header flipped", "body_header", |store| {
            Box::pin(async move {
                let (_, key, mut row) = body(store).await;
                let salt = (row.len() - HEADER_BYTES + 32) * 8;
                flip(&mut row, salt);
                put(store, Table::Body, key, row).await;
            })
        }),
        store("plaintext planted as a body", "plaintext", |store| {
            Box::pin(async move {
                plant(
                    store,
                    &b"Bulletin de paie de janvier. ".repeat(200)[..SMALLEST],
                    None,
                )
                .await
            })
        })
        .quick(),
        store(
            "a body planted that the log does not know",
            "body_unlogged",
            |store| Box::pin(async move { plant(store, &noise(), None).await }),
        ),
        store(
            "a body planted under the salt of another",
            "salt_repeated",
            |store| {
                Box::pin(async move {
                    let (_, _, row) = body(store).await;
                    let header = BodyHeader::parse(&row[row.len() - HEADER_BYTES..]).unwrap();
                    plant(store, &noise(), Some(*header.salt())).await;
                })
            },
        ),
        store("the newest head dropped", "head_missing", |store| {
            Box::pin(async move {
                let (key, _) = newest_head(store).await;
                delete(store, Table::Collection, key).await;
            })
        }),
        store(
            "an older head restored in the place of the newest",
            "head",
            |store| {
                Box::pin(async move {
                    let (key, newest) = newest_head(store).await;
                    let heads = rows(store, Table::Collection, b'h').await;
                    let older = heads
                        .into_iter()
                        .find(|(other, _)| other[..17] == key[..17] && *other < key);
                    assert_eq!(newest.len(), HEAD_BYTES);
                    put(store, Table::Collection, key, older.unwrap().1).await;
                })
            },
        )
        .quick(),
        store("the references of a commit cut", "head", |store| {
            Box::pin(async move {
                let (key, _) = newest_head(store).await;
                delete(store, Table::Collection, [&b"f"[..], &key[1..]].concat()).await;
            })
        }),
        store("a bit of a charter flipped", "charter_chain", |store| {
            Box::pin(async move {
                let (head, _) = newest_head(store).await;
                let charters = rows(store, Table::Collection, b'k').await.into_iter();
                let own = charters.into_iter().find(|(key, _)| key[1..17] == head[1..17]);
                let (key, mut charter) = own.unwrap();
                let last = charter.len() * 8 - 1;
                flip(&mut charter, last);
                put(store, Table::Collection, key, charter).await;
            })
        }),
        store("a bit of a page flipped", "page", |store| {
            Box::pin(async move {
                let (key, mut page) = rows(store, Table::Page, b'p').await.swap_remove(0);
                flip(&mut page, 900);
                put(store, Table::Page, key, page).await;
            })
        }),
        store("an opening withheld", "opening_withheld", |store| {
            Box::pin(async move {
                let (key, _) = rows(store, Table::Opening, b'o').await.pop().unwrap();
                delete(store, Table::Opening, key).await;
            })
        })
        .quick(),
        store("an opening exchanged for another", "opening_wrong", |store| {
            Box::pin(async move {
                let openings = rows(store, Table::Opening, b'o').await;
                let (key, _) = openings.last().unwrap().clone();
                put(store, Table::Opening, key, openings[0].1.clone()).await;
            })
        }),
    ]
}

fn on_the_wire() -> Vec<Tampering> {
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

fn with_the_key() -> Vec<Tampering> {
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

#[tokio::test(flavor = "multi_thread")]
async fn each_single_tampering_has_its_finding() {
    let is_deep = std::env::var_os("CIVIS_DEEP").is_some();
    let (people, each) = if is_deep { (10, 300) } else { (2, 8) };
    let mut ground = Ground::with(people, each).await;
    ground.is_signed().await;
    let before = ground.audit("state", u64::MAX).await;
    assert!(before.findings.is_empty(), "{:#?}", before.findings.kept());
    let bodies = before.census.as_ref().unwrap().bodies.len();
    ground.people[0].2.saves("Nouveau.pdf", b"nouveau").await;
    ground.is_signed().await;
    ground.copy("state", "copy");
    let after = ground.audit("copy", 20).await;
    assert!(after.findings.is_empty(), "{:#?}", after.findings.kept());
    let seen = usize::try_from(before.sizes.1).unwrap();
    let log = LogKeeper::of(&ground.world, after.sizes.1).await;
    let whole = ground.world.snapshot().await.unwrap();

    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let chosen = table().into_iter().filter(|each| is_deep || each.is_quick);
    for tampering in chosen {
        ground.copy("state", "copy");
        match tampering.lie {
            Lie::Store(lie) => ground.world.tamper(async |store| lie(store).await).await.unwrap(),
            Lie::Wire(lie) => lie(&ground.line, log.clone(), seen),
            Lie::State(lie) => lie(&ground.folder("copy")),
        }
        let outcome = ground.audit("copy", u64::MAX).await;
        let names: Vec<&str> = outcome.findings.counts().keys().map(|name| name.name()).collect();
        lines.push(format!("{:<52} {}", tampering.what, names.join(", ")));
        if !names.contains(&tampering.finding) {
            wrong.push(format!(
                "{}: {names:?}, not {}",
                tampering.what, tampering.finding
            ));
        }
        ground.line.after(|_, _| Fate::Pass);
        if matches!(tampering.lie, Lie::Store(_)) {
            ground.world.roll_back(&whole).await.unwrap();
        }
    }
    println!("{bodies} bodies\n{}", lines.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    ground.copy("state", "copy");
    assert!(ground.audit("copy", 20).await.findings.is_empty());
}

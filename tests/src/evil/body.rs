//! Lies about bytes: altered, reordered, exchanged.

use sdk::flows::{Request, Response};
use shared::collection::{Collection, Heads, Pages};
use shared::document::Body;

use super::list::{
    asked, collection, is_body, is_collection, is_content, is_heads, is_pages, json, pages_before,
};
use super::{Attack, Exchange, path as path_of};
use crate::adversary::{Fate, flip};

/// One bit of anything flipped; first and last bytes of every field. What a head says of root and time is number 27's.
pub(super) fn n24() -> Vec<Attack> {
    // Magic, suite, zeros, ids, epoch, number, previous, keys, box_len, box hash, signature, box.
    let charter = [0, 4, 5, 8, 24, 28, 32, 64, 96, 128, 132, 164, 200, 227, 228, 300];
    // Magic, suite, flags, zeros, id, epoch, box_len, number, previous, charter, refs, box hash, key, signature, box.
    let head = [
        0, 4, 5, 6, 8, 24, 28, 39, 40, 72, 136, 176, 208, 240, 271, 303, 304, 400, 631,
    ];
    // Magic, suite, kind, zeros, id, length, salt, commitment, root.
    let header = [0, 4, 5, 6, 8, 24, 31, 32, 55, 56, 87, 88, 119];
    let mut attacks = Vec::new();
    attacks.extend(charter.map(|byte| {
        collection(format!("charter: byte {byte}"), move |stored| {
            flip(&mut stored.charters[0].0, byte * 8);
        })
    }));
    attacks.extend(head.map(|byte| {
        collection(format!("head: byte {byte}"), move |stored| {
            flip(&mut stored.head.0, byte * 8);
        })
    }));
    attacks.extend([240, 303, 500].map(|byte| {
        Attack::json::<Heads>(format!("chain: byte {byte}"), is_heads, move |heads| {
            flip(&mut heads.items[0].0, byte * 8);
        })
    }));
    attacks.extend([0, 30, 60, 700].map(|byte| {
        Attack::json::<Pages>(format!("page: byte {byte}"), is_pages, move |pages| {
            if let Some(Some(page)) = pages.pages.last_mut() {
                flip(&mut page.0, byte * 8);
            }
        })
    }));
    attacks.extend(header.map(|byte| {
        Attack::json::<Body>(format!("header: byte {byte}"), is_body, move |body| {
            flip(&mut body.header.0, byte * 8);
        })
    }));
    attacks.extend(lengths());
    attacks.extend(hashes());
    attacks.extend([0, 16_399, 16_400, PART - 1].map(|byte| {
        part(format!("part: byte {byte}"), 1, move |bytes| {
            flip(bytes, byte * 8 + 7)
        })
    }));
    attacks.push(Attack::new("last: its first byte", |_, request, response| {
        if is_content(request) && range(request).is_some_and(|(start, end)| (end - start + 1) < SEALED_CHUNK)
        {
            edit(response, |bytes| flip(bytes, 0));
        }
        Fate::Pass
    }));
    attacks
}

fn lengths() -> Vec<Attack> {
    vec![
        collection("charter: none", |stored| stored.charters.clear()),
        collection("charter: twice", |stored| {
            let again = stored.charters[0].clone();
            stored.charters.push(again);
        }),
        collection("charter: a byte more", |stored| stored.charters[0].0.push(0)),
        collection("head: a byte less", |stored| {
            stored.head.0.pop();
        }),
        collection("head: a byte more", |stored| stored.head.0.push(0)),
        Attack::json::<Pages>("page: a byte less", is_pages, |pages| {
            if let Some(Some(page)) = pages.pages.first_mut() {
                page.0.pop();
            }
        }),
        Attack::json::<Pages>("page: a byte more", is_pages, |pages| {
            if let Some(Some(page)) = pages.pages.first_mut() {
                page.0.push(0);
            }
        }),
        Attack::json::<Body>("header: a byte more", is_body, |body| body.header.0.push(0)),
    ]
}

fn hashes() -> Vec<Attack> {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 7] = [
        ("its first bit", |hashes| flip(hashes, 0)),
        ("its last bit", |hashes| {
            let last = hashes.len() * 8 - 1;
            flip(hashes, last);
        }),
        ("the last left out", |hashes| hashes.truncate(hashes.len() - 32)),
        ("a byte less", |hashes| hashes.truncate(hashes.len() - 1)),
        ("one more", |hashes| hashes.extend_from_slice(&[0; 32])),
        ("moved on by one", |hashes| hashes.rotate_left(32)),
        ("none", Vec::clear),
    ];
    let attack = |(name, change): (&str, Change)| {
        Attack::json::<Body>(format!("hashes: {name}"), is_body, move |body| {
            change(&mut body.part_hashes.0);
        })
    };
    changes.into_iter().map(attack).collect()
}

/// Chunks and parts reordered, repeated, dropped, cut or extended. The name says after how many parts it is met.
pub(super) fn n25() -> Vec<Attack> {
    let chunk = SEALED_CHUNK as usize;
    let last = |request: &Request| {
        is_content(request) && range(request).is_some_and(|(start, end)| end - start + 1 < SEALED_CHUNK)
    };
    vec![
        part("1: its first chunk at its end", 1, move |bytes| {
            bytes.rotate_left(chunk)
        }),
        part("1: its first chunk twice", 1, move |bytes| {
            bytes.copy_within(0..chunk, chunk);
        }),
        part("1: two chunks exchanged", 1, move |bytes| {
            bytes[..2 * chunk].rotate_left(chunk);
        }),
        Attack::new("1: the part before it again", |memory, request, response| {
            if is_part(request, 1) {
                let before = genuine(memory, request, |range| range == (0, PART as u64 - 1), true);
                response.body = before.body;
            }
            Fate::Pass
        }),
        Attack::new("0: the part after it", |memory, request, response| {
            if is_part(request, 0) {
                let after = (PART as u64, 2 * PART as u64 - 1);
                response.body = genuine(memory, request, |range| range == after, true).body;
            }
            Fate::Pass
        }),
        Attack::new("0: the same part of another body", |memory, request, response| {
            if is_part(request, 0) {
                let same = (0, PART as u64 - 1);
                response.body = genuine(memory, request, |range| range == same, false).body;
            }
            Fate::Pass
        }),
        part("1: cut at the border of a chunk", 1, move |bytes| {
            bytes.truncate(bytes.len() - chunk);
        }),
        part("1: a byte less", 1, |bytes| {
            bytes.pop();
        }),
        part("1: a byte more", 1, |bytes| bytes.push(0)),
        part("1: a chunk more", 1, move |bytes| {
            bytes.resize(bytes.len() + chunk, 0)
        }),
        part("1: nothing", 1, Vec::clear),
        Attack::new("0: an empty last chunk", move |_, request, response| {
            if last(request) {
                edit(response, Vec::clear);
            }
            Fate::Pass
        }),
        Attack::new("0: a full last chunk", move |_, request, response| {
            if last(request) {
                edit(response, |bytes| bytes.resize(SEALED_CHUNK as usize, 0));
            }
            Fate::Pass
        }),
        Attack::new(
            "0: the beginning as last chunk",
            move |memory, request, response| {
                if last(request) {
                    let first = genuine(memory, request, |range| range == (0, PART as u64 - 1), true);
                    response.body = first.body.slice(..response.body.len());
                }
                Fate::Pass
            },
        ),
    ]
}

/// Bodies, pages and records exchanged for others that are genuine.
pub(super) fn n26() -> Vec<Attack> {
    let mut attacks = vec![
        Attack::json::<Pages>("page: two exchanged", is_pages, |pages| {
            pages.pages.reverse();
        }),
        Attack::new("page: one of another account", |memory, request, response| {
            if is_pages(request) {
                let stranger = super::list::pages(memory).last().cloned();
                json::<Pages>(response, |pages| pages.pages.fill(stranger.clone()));
            }
            Fate::Pass
        }),
    ];
    // The trie of a small list is one page: the one before it has the same place, key and context.
    attacks.extend((0..3).map(|back| {
        Attack::new(
            format!("older: of its place, {} changes ago", back + 1),
            move |memory, request, response| {
                if is_pages(request) {
                    let older = pages_before(memory, &asked(request)[0]).get(back).cloned();
                    json::<Pages>(response, |pages| pages.pages = vec![older.clone()]);
                }
                Fate::Pass
            },
        )
    }));
    type Take = fn(&mut Collection, Collection);
    let takes: [(&str, Take); 3] = [
        ("charter: the collection of another account", |stored, other| {
            *stored = other;
        }),
        ("charter: of another account", |stored, other| {
            stored.charters = other.charters;
        }),
        ("head: of another account", |stored, other| {
            stored.head = other.head
        }),
    ];
    attacks.extend(takes.map(|(name, take)| {
        Attack::new(name, move |memory, request, response| {
            if is_collection(request) {
                let other = other_path(memory, request, is_collection);
                let other = serde_json::from_slice(&other.body).expect("a collection");
                json::<Collection>(response, |stored| take(stored, other));
            }
            Fate::Pass
        })
    }));
    attacks.push(Attack::new(
        "body: all of another document",
        |memory, request, response| {
            if is_body(request) {
                *response = other_path(memory, request, is_body);
            }
            if is_content(request) {
                let wanted = range(request);
                *response = genuine(memory, request, |range| Some(range) == wanted, false);
            }
            Fate::Pass
        },
    ));
    attacks.push(Attack::new(
        "body: the header of another document",
        |memory, request, response| {
            if is_body(request) {
                let other = other_path(memory, request, is_body);
                let other: Body = serde_json::from_slice(&other.body).expect("a body");
                json::<Body>(response, |body| body.header = other.header);
            }
            Fate::Pass
        },
    ));
    attacks
}

/// The newest good answer on another path of the same kind.
fn other_path(memory: &[Exchange], request: &Request, kind: fn(&Request) -> bool) -> Response {
    let mut others = memory.iter().rev().filter(|seen| {
        kind(&seen.request) && path_of(&seen.request) != path_of(request) && seen.response.status < 300
    });
    others.next().expect("another one was read").response.clone()
}

/// A range that was read before, of the same body or of another.
fn genuine(
    memory: &[Exchange],
    request: &Request,
    fits: impl Fn((u64, u64)) -> bool,
    same_body: bool,
) -> Response {
    let mut found = memory.iter().filter(|seen| {
        is_content(&seen.request)
            && (path_of(&seen.request) == path_of(request)) == same_body
            && range(&seen.request).is_some_and(&fits)
    });
    found.next().expect("it was read before").response.clone()
}

/// Alters the bytes of one whole part.
fn part(name: impl Into<String>, number: u64, mut change: impl FnMut(&mut Vec<u8>) + 'static) -> Attack {
    Attack::new(name, move |_, request, response| {
        if is_part(request, number) {
            edit(response, &mut change);
        }
        Fate::Pass
    })
}

fn edit(response: &mut Response, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = response.body.to_vec();
    change(&mut bytes);
    response.body = bytes.into();
}

fn is_part(request: &Request, number: u64) -> bool {
    let start = number * PART as u64;
    is_content(request) && range(request) == Some((start, start + PART as u64 - 1))
}

/// First and last byte of a range that was asked for.
fn range(request: &Request) -> Option<(u64, u64)> {
    let (_, value) = request.headers.iter().find(|(name, _)| *name == "range")?;
    let (start, end) = value.strip_prefix("bytes=")?.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

const PART: usize = 1_049_600;
const SEALED_CHUNK: u64 = 16_400;

//! Who looks for people in the log, with all that can be known besides it.

use std::collections::{BTreeMap, HashMap};

use crypto::audit::checkpoint::Checkpoint;
use crypto::audit::entry::{Entry, SEALED_BYTES};
use crypto::audit::note::{Note, NoteKey};
use crypto::audit::tile::Tile;

use super::chance::{Bias, biases};
use super::facts::{Facts, LEAST};
use super::{PublicLog, made_tiles};

/// What the public should not be able to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The checkpoint says more than origin, size and root under the log's signature.
    Checkpoint,
    /// A file that is not there, or says more than the entries.
    Tile(Tile),
    /// An entry of another type or length than an act of a person makes.
    Kind(usize),
    /// An identity that is not the first of its label.
    Identity(usize),
    /// A root that covers what is behind it, or nothing new: it was not the clock that placed it.
    MapHead(usize),
    /// Two entries have eight bytes in common.
    Linked(usize, usize),
    /// An entry has eight bytes of something that is known of a person.
    Known(usize, String),
    /// Tags or commitments that are not as chance makes them; where and how.
    NotRandom(&'static str, String),
    /// Two logs have another type of entry at this place.
    Place(usize),
    /// Two logs have a file of another length, or one of them none; where.
    Length(String),
}

/// Everything that gives people away in a log, as far as anybody knows these facts.
#[must_use]
pub fn examine(log: &PublicLog, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_plain_checkpoint(log) {
        findings.push(Finding::Checkpoint);
    }
    let made = made_tiles(&log.entries);
    let addresses = made.keys().chain(log.tiles.keys());
    let mut odd: Vec<Tile> = addresses
        .filter(|tile| made.get(tile) != log.tiles.get(tile))
        .copied()
        .collect();
    odd.dedup();
    findings.extend(odd.into_iter().map(Finding::Tile));
    findings.extend(kinds(&log.entries));
    findings.extend(links(&log.entries, facts));
    let sealed: Vec<[u8; 48]> = log
        .entries
        .iter()
        .filter_map(|entry| match Entry::parse(entry) {
            Ok(Entry::Sealed { .. }) => entry.last_chunk().copied(),
            _ => None,
        })
        .collect();
    findings.extend(biases(&sealed).into_iter().map(not_random));
    findings
}

/// What tells two logs of as many entries from each other, besides the values themselves.
#[must_use]
pub fn compare(one: &PublicLog, other: &PublicLog) -> Vec<Finding> {
    let lengths = |log: &PublicLog| -> BTreeMap<String, usize> {
        let tiles = log.tiles.iter().map(|(tile, bytes)| (tile.path(), bytes.len()));
        tiles.chain([("checkpoint".to_owned(), log.note.len())]).collect()
    };
    let (here, there) = (lengths(one), lengths(other));
    let mut names: Vec<&String> = here.keys().chain(there.keys()).collect();
    names.sort();
    names.dedup();
    let differ = names
        .into_iter()
        .filter(|name| here.get(*name) != there.get(*name));
    let mut findings: Vec<Finding> = differ.map(|name| Finding::Length(name.clone())).collect();
    let form = |entry: Option<&Vec<u8>>| entry.map(|entry| (entry.len(), entry.first().copied()));
    let longest = one.entries.len().max(other.entries.len());
    let places = (0..longest).filter(|at| form(one.entries.get(*at)) != form(other.entries.get(*at)));
    findings.extend(places.map(Finding::Place));
    findings
}

fn is_plain_checkpoint(log: &PublicLog) -> bool {
    let (Ok(note), Ok(key)) = (Note::parse(&log.note), NoteKey::parse(&log.key)) else {
        return false;
    };
    // No other signature, and no line that the reader does not know.
    note.verify(&key).is_ok()
        && note.clone().only(&[&key]).to_bytes() == log.note
        && log.note.iter().filter(|byte| **byte == b'\n').count() == 5
        && Checkpoint::parse(note.text()).is_ok_and(|checkpoint| checkpoint.tree == log.tree)
}

/// Entries that are not as every person's are.
fn kinds(entries: &[Vec<u8>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut covered_before = 0;
    for (at, entry) in entries.iter().enumerate() {
        match Entry::parse(entry) {
            Ok(Entry::Sealed { .. }) if entry.len() == SEALED_BYTES => {}
            Ok(Entry::Identity { seq: 0, .. }) => {}
            Ok(Entry::Identity { .. }) => findings.push(Finding::Identity(at)),
            Ok(Entry::MapHead { covered, .. }) => {
                if covered > at as u64 || covered <= covered_before {
                    findings.push(Finding::MapHead(at));
                }
                covered_before = covered;
            }
            _ => findings.push(Finding::Kind(at)),
        }
    }
    findings
}

/// Entries that have something in common with each other, or with what is known.
fn links(entries: &[Vec<u8>], facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let windows = drawn(entry).into_iter().flat_map(|field| field.windows(LEAST));
        for window in windows {
            if let Some(before) = seen.insert(window, at) {
                findings.push(Finding::Linked(before, at));
            }
        }
    }
    let is_identity = |at: usize| matches!(Entry::parse(&entries[at]), Ok(Entry::Identity { .. }));
    for (bytes, what) in &facts.known {
        let found = bytes.windows(LEAST).find_map(|window| seen.get(window));
        findings.extend(found.map(|at| Finding::Known(*at, what.clone())));
    }
    for (bytes, what) in &facts.of_identities {
        let found = bytes.windows(LEAST).filter_map(|window| seen.get(window));
        let found = found.copied().find(|at| !is_identity(*at));
        findings.extend(found.map(|at| Finding::Known(at, what.clone())));
    }
    findings.dedup();
    findings
}

/// The fields of an entry that are random to look at; nothing of one that does not read.
fn drawn(entry: &[u8]) -> Vec<&[u8]> {
    let at = |from: usize, len: usize| entry.get(from..from + len).into_iter();
    match Entry::parse(entry) {
        Ok(Entry::Sealed { .. }) => at(2, 48).collect(),
        Ok(Entry::Identity { .. }) => at(2, 32).chain(at(38, 32)).collect(),
        Ok(Entry::MapHead { .. }) => at(2, 32).collect(),
        _ => Vec::new(),
    }
}

fn not_random(bias: Bias) -> Finding {
    let byte = match bias {
        Bias::Bit(bit) | Bias::Neighbour(bit, _) => bit / 8,
        Bias::Byte(byte) => byte,
        Bias::TooFew => return Finding::NotRandom("entries", "too few".to_owned()),
    };
    let field = if byte < 16 { "tag" } else { "commitment" };
    Finding::NotRandom(field, format!("{bias:?}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crypto::audit::note::{Kind as KeyKind, NoteSigner};
    use crypto::audit::tile::Kind;
    use crypto::hash::sha256;

    use super::*;

    const ACCOUNT: [u8; 16] = *b"an account's id.";

    fn signer() -> NoteSigner {
        NoteSigner::from_seed("civis/essai", KeyKind::Text, &[7; 32]).unwrap()
    }

    fn noise(of: &str, n: usize) -> [u8; 32] {
        sha256(format!("{of} {n}").as_bytes())
    }

    /// An account and its acts, with a root of the map behind every hundred; each entry as `change` leaves it.
    fn log(change: impl Fn(usize, &mut Vec<u8>)) -> PublicLog {
        let entry = |n: usize| {
            let (label, bundle_hash, commit) = (noise("label", n), noise("bundle", n), noise("commit", n));
            let entry = match n {
                0 => Entry::Identity {
                    label,
                    seq: 0,
                    bundle_hash,
                },
                _ if n % 100 == 99 => Entry::MapHead {
                    root: noise("root", n),
                    covered: n as u64,
                },
                _ => Entry::Sealed {
                    tag: *noise("tag", n).first_chunk().unwrap(),
                    commit,
                },
            };
            let mut bytes = entry.to_bytes();
            change(n, &mut bytes);
            bytes
        };
        PublicLog::made(&signer(), (0..400).map(entry).collect())
    }

    fn facts() -> Facts {
        let mut facts = Facts::new();
        facts.know("account", &ACCOUNT);
        facts
    }

    fn examined(change: impl Fn(usize, &mut Vec<u8>)) -> Vec<Finding> {
        let sealed = |n: usize, bytes: &mut Vec<u8>| {
            if bytes[0] == 0x10 {
                change(n, bytes);
            }
        };
        examine(&log(sealed), &facts())
    }

    #[test]
    fn a_log_without_people_in_it_is_not_accused() {
        assert_eq!(examine(&log(|_, _| ()), &facts()), []);
        let mut with_label = facts();
        with_label.identity("label", &noise("label", 0));
        assert_eq!(examine(&log(|_, _| ()), &with_label), []);
    }

    #[test]
    fn a_tag_that_is_of_the_account_is_found_in_three_ways() {
        let found = examined(|_, bytes| bytes[2..10].copy_from_slice(&ACCOUNT[..8]));
        assert!(found.iter().any(|one| matches!(one, Finding::Linked(..))));
        let is_account = |one: &Finding| matches!(one, Finding::Known(_, what) if what == "account");
        assert!(found.iter().any(is_account));
        let of_tags = |one: &Finding| matches!(one, Finding::NotRandom("tag", _));
        assert!(found.iter().any(of_tags));
        // A single one is found by who knows the account.
        let found = examined(|n, bytes| {
            if n == 7 {
                bytes[5..13].copy_from_slice(&ACCOUNT[8..]);
            }
        });
        assert_eq!(found, [Finding::Known(7, "account".to_owned())]);
        // One byte in each, or one bit, by nobody in particular.
        for mask in [0xff, 0x01] {
            let found = examined(|_, bytes| bytes[40] = bytes[40] & !mask | ACCOUNT[0] & mask);
            assert!(!found.is_empty());
            assert!(
                found
                    .iter()
                    .all(|one| matches!(one, Finding::NotRandom("commitment", _)))
            );
        }
    }

    #[test]
    fn two_entries_of_one_seed_and_a_number_in_a_tag_are_found() {
        let found = examined(|n, bytes| {
            if n == 20 {
                bytes[30..38].copy_from_slice(&noise("commit", 10)[5..13]);
            }
        });
        assert_eq!(found, [Finding::Linked(10, 20)]);
        let found = examined(|n, bytes| bytes[16..18].copy_from_slice(&(n as u16).to_be_bytes()));
        assert!(
            found
                .iter()
                .all(|one| matches!(one, Finding::NotRandom("tag", _)))
                && !found.is_empty()
        );
    }

    #[test]
    fn a_label_outside_its_identity_is_found() {
        let mut facts = facts();
        facts.identity("label", &noise("label", 0));
        let log = log(|n, bytes| {
            if n == 3 {
                bytes[2..18].copy_from_slice(&noise("label", 0)[..16]);
            }
        });
        let found = examine(&log, &facts);
        assert!(found.contains(&Finding::Known(3, "label".to_owned())));
        assert!(found.contains(&Finding::Linked(0, 3)));
    }

    #[test]
    fn other_types_lengths_and_places_of_roots_are_found() {
        let kinds = |change: fn(usize, &mut Vec<u8>)| examine(&log(change), &facts());
        let operator = Entry::Operator {
            statement_hash: [5; 32],
        };
        assert_eq!(operator.to_bytes().len(), 34);
        let found = kinds(|n, bytes| {
            if n == 5 {
                *bytes = Entry::Operator {
                    statement_hash: [5; 32],
                }
                .to_bytes();
            }
        });
        assert_eq!(found, [Finding::Kind(5)]);
        let found = kinds(|n, bytes| {
            if n == 5 {
                bytes.push(0);
            }
        });
        assert_eq!(found, [Finding::Kind(5)]);
        let found = kinds(|n, bytes| {
            if n == 0 {
                bytes[37] = 1;
            }
        });
        assert_eq!(found, [Finding::Identity(0)]);
        // Two roots one behind the other, and one ahead of its time.
        for covered in [99_u64, 250] {
            let found = examine(
                &log(|n, bytes| {
                    if n == 199 {
                        bytes[34..].copy_from_slice(&covered.to_be_bytes());
                    }
                }),
                &facts(),
            );
            assert_eq!(found, [Finding::MapHead(199)]);
        }
    }

    #[test]
    fn files_and_checkpoints_that_say_more_are_found() {
        let mut more = log(|_, _| ());
        let tile = Tile::at(Kind::Hashes { level: 0 }, 0, 400).unwrap();
        more.tiles.get_mut(&tile).unwrap()[9] ^= 1;
        let beyond = Tile::at(Kind::Hashes { level: 3 }, 0, 1 << 24).unwrap();
        more.tiles.insert(beyond, vec![1; 32]);
        assert_eq!(
            examine(&more, &facts()),
            [Finding::Tile(tile), Finding::Tile(beyond)]
        );
        let plain = log(|_, _| ());
        let note = Note::parse(&plain.note).unwrap();
        let other = NoteSigner::from_seed("civis/autre", KeyKind::Text, &[8; 32]).unwrap();
        let twice = note.clone().join(&other.sign(note.text(), 0).unwrap()).unwrap();
        let longer = signer().sign(&format!("{}alice\n", note.text()), 0).unwrap();
        for note in [twice, longer] {
            let mut log = plain.clone();
            log.note = note.to_bytes();
            assert_eq!(examine(&log, &facts()), [Finding::Checkpoint]);
        }
    }

    #[test]
    fn logs_of_other_forms_are_told_apart() {
        let one = log(|_, _| ());
        assert_eq!(compare(&one, &log(|_, bytes| bytes[9] ^= 1)), []);
        let root_elsewhere = log(|n, bytes| {
            if n == 42 {
                bytes[0] = 0x07;
                bytes.truncate(42);
            }
        });
        let entries = Tile::at(Kind::Entries, 0, 400).unwrap().path();
        assert_eq!(
            compare(&one, &root_elsewhere),
            [Finding::Length(entries), Finding::Place(42)]
        );
        let mut fewer = one.entries.clone();
        fewer.pop();
        let fewer = PublicLog::made(&signer(), fewer);
        assert!(compare(&one, &fewer).contains(&Finding::Place(399)));
    }
}

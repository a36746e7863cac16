//! Lies about the log: checkpoints, proofs, bundles of entries; and whole histories, by who has the log's own key.

use std::time::Duration;

use crypto::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crypto::audit::entry::Entry;
use crypto::audit::note::{Kind as KeyKind, Note, NoteSigner};
use crypto::audit::origin::Origin;
use crypto::audit::prove::{self, Node, Run};
use crypto::audit::tile::{Kind, Tile, WIDTH, bundled};
use crypto::audit::tree::{TreeHead, leaf_hash, root_of_leaves};
use crypto::id::Hash32;
use sdk::flows::{Request, Response};
use serde_json::Value;
use shared::audit::{LogCard, Proofs, ReadProofs};
use shared::{ErrorCode, Hash, path};

use super::{Attack, Exchange, is_of, list, path as path_of};
use crate::adversary::{Fate, flip};
use crate::witness;
use crate::world::{World, plain_get};

/// Checkpoints that the log did not sign, that are another log's, withheld, or older than one that was told.
pub(super) fn n41() -> Vec<Attack> {
    type Change = fn(&str) -> Vec<u8>;
    let changes: [(&str, Change); 12] = [
        ("no signature", |note| format!("{}\n", text(note)).into_bytes()),
        ("by another key under the log's name", |note| {
            stranger(origin(note), KeyKind::Text, &text(note))
        }),
        ("by a key of another name", |note| {
            stranger("civis/ailleurs", KeyKind::Text, &text(note))
        }),
        ("by a witness that nobody named", |note| {
            stranger(origin(note), KeyKind::Cosignature, &text(note))
        }),
        ("of another log, by that log", |note| {
            let other = text(note).replacen(origin(note), "civis/ailleurs", 1);
            stranger("civis/ailleurs", KeyKind::Text, &other)
        }),
        ("of another log, under the genuine signature", |note| {
            note.replacen(origin(note), "civis/ailleurs", 1).into_bytes()
        }),
        ("of another size, under the genuine signature", |note| {
            let size = note.lines().nth(1).expect("a size");
            note.replacen(&format!("\n{size}\n"), &format!("\n{size}0\n"), 1)
                .into_bytes()
        }),
        ("of another root, under the genuine signature", |note| {
            let root = note.lines().nth(2).expect("a root");
            let other = if root.starts_with('A') { "B" } else { "A" };
            note.replacen(root, &format!("{other}{}", &root[1..]), 1)
                .into_bytes()
        }),
        ("a line more, under the genuine signature", |note| {
            note.replacen("\n\n", "\nmore\n\n", 1).into_bytes()
        }),
        ("a letter of the signature", |note| {
            let mut bytes = note.as_bytes().to_vec();
            let at = bytes.len() - 20;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            bytes
        }),
        ("nothing", |_| Vec::new()),
        ("noise", |_| vec![0x5a; 300]),
    ];
    let mut attacks: Vec<Attack> = changes
        .into_iter()
        .map(|(name, change)| checkpoint(format!("checkpoint: {name}"), change))
        .collect();
    for code in [ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::Malformed] {
        let name = format!("checkpoint: {}", code.as_str());
        attacks.push(Attack::rewrite(name, is_checkpoint, move |response| {
            *response = list::problem(code);
        }));
    }
    attacks.push(Attack::json::<LogCard>(
        "card: with a key of its own",
        |request| is_of(request, path::LOG),
        |card| {
            let name = card.key.split('+').next().expect("a name").to_owned();
            card.key = signer(&name, KeyKind::Text).public().to_string();
        },
    ));
    attacks.push(Attack::new(
        "older: the first that was ever told",
        |memory, request, response| {
            if let (true, Some(old)) = (is_checkpoint(request), list::replay_first(memory, request)) {
                *response = old;
            }
            Fate::Pass
        },
    ));
    attacks
}

/// Proofs altered, and proofs and bundles withheld; bundles of entries altered, cut, lengthened, exchanged.
pub(super) fn n42() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (name, change) in IN_A_PROOF {
        attacks.push(proofs(
            format!("consistency: {name}"),
            asks_sizes,
            move |proofs| {
                proofs.consistency.iter_mut().for_each(change);
            },
        ));
        attacks.push(proofs(format!("entry: {name}"), asks_entries, move |proofs| {
            proofs.inclusion.iter_mut().for_each(change);
        }));
    }
    // A bundle proves itself from its own entries up to its root: below that its proof says nothing.
    for (name, change) in [IN_A_PROOF[0], IN_A_PROOF[1], IN_A_PROOF[2]] {
        attacks.push(proofs(
            format!("bundle: its proof with {name}"),
            asks_bundles,
            move |proofs| {
                proofs.inclusion.iter_mut().for_each(change);
            },
        ));
    }
    for (name, change) in IN_A_BUNDLE {
        attacks.push(Attack::rewrite(
            format!("bundle: {name}"),
            is_bundle,
            move |response| {
                let mut bytes = response.body.to_vec();
                change(&mut bytes);
                response.body = bytes.into();
            },
        ));
    }
    type Fits = fn(&Request) -> bool;
    let withheld: [(&str, Fits); 4] = [
        ("consistency", asks_sizes),
        ("consistency", asks_entries),
        ("bundle", asks_bundles),
        ("bundle", is_bundle),
    ];
    for (name, fits) in withheld {
        for code in [ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::Malformed] {
            let name = format!("{name}: {}", code.as_str());
            attacks.push(Attack::rewrite(name, fits, move |response| {
                *response = list::problem(code);
            }));
        }
    }
    attacks
}

/// The log of a world in the hands of who has its key: any history, in the form in which a log is served.
#[derive(Clone)]
pub struct LogKeeper {
    seed: [u8; 32],
    name: String,
    /// Every entry, to be altered.
    pub entries: Vec<Vec<u8>>,
    /// Witnesses that sign whatever history they are shown, by number.
    pub colluding: Vec<u8>,
}

impl LogKeeper {
    /// The key and every entry of `world`, once its checkpoint covers the first `size` of them.
    ///
    /// # Panics
    /// Where it does not for ten seconds, or does not serve what it signed.
    pub async fn of(world: &World, size: u64) -> Self {
        let file = std::fs::read(world.data().join("keys").join("log.key")).expect("the key's file");
        let (seed, name) = file.split_at(5).1.split_first_chunk::<32>().expect("a key");
        let mut keeper = Self {
            seed: *seed,
            name: String::from_utf8(name.to_vec()).expect("a name"),
            entries: Vec::new(),
            colluding: Vec::new(),
        };
        let mut patience = 500;
        let newest = loop {
            let answer = plain_get(world.address(), path::CHECKPOINT, "").await;
            let note = answer.expect("a checkpoint").body;
            let newest = SignedCheckpoint::verify(&note, keeper.signer().public()).expect("the log's own");
            if newest.tree().size >= size {
                break *newest.tree();
            }
            assert!(
                patience > 0,
                "{} of {size} entries are signed",
                newest.tree().size
            );
            patience -= 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        for index in 0..newest.size.div_ceil(WIDTH.into()) {
            let tile = Tile::at(Kind::Entries, index, newest.size).expect("a bundle");
            let answer = plain_get(world.address(), &format!("/log/{}", tile.path()), "").await;
            let bundle = answer.expect("a bundle").body;
            let entries = tile.entries(&bundle).expect("entries");
            keeper.entries.extend(entries.into_iter().map(<[u8]>::to_vec));
        }
        assert_eq!(keeper.tree(), newest, "the log serves what it signed");
        keeper
    }

    /// Size and root of this history.
    #[must_use]
    pub fn tree(&self) -> TreeHead {
        TreeHead {
            size: self.entries.len() as u64,
            root: root_of_leaves(&self.leaves()),
        }
    }

    /// The label of an identity, by the entry's index.
    ///
    /// # Panics
    /// Where the entry is no identity.
    #[must_use]
    pub fn label_of(&self, index: usize) -> Hash32 {
        match Entry::parse(&self.entries[index]) {
            Ok(Entry::Identity { label, .. }) => label,
            other => panic!("no identity: {other:?}"),
        }
    }

    /// This text, signed with the log's key.
    ///
    /// # Panics
    /// Where it is no text of a note.
    #[must_use]
    pub fn sign(&self, text: &str) -> Vec<u8> {
        self.signer().sign(text, 0).expect("a text").to_bytes()
    }

    /// The checkpoint over this history.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let origin = self.name.clone();
        let tree = self.tree();
        let text = Checkpoint { origin, tree }.to_text();
        let note = Note::parse(&self.sign(&text)).expect("a note");
        let cosigned = |note: Note, number: &u8| {
            let by_witness = witness::cosigned(*number, &text, witness::now());
            note.join(&by_witness).expect("one text")
        };
        self.colluding.iter().fold(note, cosigned).to_bytes()
    }

    /// The next generation of this log, as its own operator can make it: so many entries of it, then `last` as its last word,
    /// under a key that is new.
    ///
    /// # Panics
    /// Where this is no deployment's log.
    #[must_use]
    pub fn goes_on(&self, kept: usize, last: Vec<u8>) -> Self {
        let origin = Origin::parse(&self.name).expect("a deployment's log");
        let generation = origin.generation + 1;
        let predecessor = Entry::Predecessor {
            origin: self.name.clone(),
            checkpoint: last,
            reason: "Disque en panne".to_owned(),
        };
        let kept = self.entries.iter().take(kept).cloned();
        Self {
            seed: [9; 32],
            name: Origin { generation, ..origin }.to_string(),
            entries: kept.chain([predecessor.to_bytes()]).collect(),
            colluding: Vec::new(),
        }
    }

    /// States this log in the place of the deployment's, and that it went on from a backup at this entry.
    pub fn state(&self, card: &mut LogCard, restored_at: Option<u64>) {
        card.key = self.signer().public().to_string();
        card.restored_at = restored_at;
    }

    /// What the log answers in this history; no hash where there is nothing to prove.
    #[must_use]
    pub fn prove(&self, asked: &ReadProofs) -> Proofs {
        let leaves = self.leaves();
        let roots = |runs: Option<Vec<Run>>| {
            let runs = runs.unwrap_or_default();
            runs.iter().map(|run| Hash(root_of_run(run, &leaves))).collect()
        };
        let size = asked.size.min(leaves.len() as u64);
        let consistency = asked.sizes.iter();
        let inclusion = asked.indices.iter();
        Proofs {
            consistency: consistency
                .map(|old| roots(prove::consistency(*old, size)))
                .collect(),
            inclusion: inclusion
                .map(|index| roots(prove::inclusion(*index, size)))
                .collect(),
        }
    }

    /// The server shows this history, and nothing of its own log.
    #[must_use]
    pub fn shown(self, name: impl Into<String>) -> Attack {
        Attack::new(name, move |_, request, response| {
            self.tell(request, response);
            Fate::Pass
        })
    }

    /// The server shows this log, and a card that says so and says more.
    ///
    /// # Panics
    /// Where the card of the deployment is none.
    #[must_use]
    pub fn stated(self, name: impl Into<String>, more: impl Fn(&Self, &mut LogCard) + 'static) -> Attack {
        Attack::new(name, move |_, request, response| {
            if is_of(request, path::LOG) {
                let mut card = serde_json::from_slice(&response.body).expect("a card");
                more(&self, &mut card);
                response.body = serde_json::to_vec(&card).expect("JSON").into();
            } else {
                self.tell(request, response);
            }
            Fate::Pass
        })
    }

    /// Puts this history in the place of the honest one in one answer.
    ///
    /// # Panics
    /// On a request for proofs that is none.
    pub fn tell(&self, request: &Request, response: &mut Response) {
        if is_checkpoint(request) {
            *response = good("text/plain; charset=utf-8", self.checkpoint());
        } else if is_of(request, path::PROOFS) {
            let proofs = self.prove(&asked(request).expect("a question for proofs"));
            *response = good("application/json", serde_json::to_vec(&proofs).expect("JSON"));
        } else if let Some(bundle) = tile_of(request).and_then(|tile| self.tile(&tile)) {
            *response = good("application/octet-stream", bundle);
        }
    }

    /// A tile of this history, of entries or of hashes.
    fn tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        let Kind::Hashes { level } = tile.kind else {
            return self.bundle(tile);
        };
        let mut hashes = self.leaves();
        for _ in 0..level {
            hashes = hashes.chunks_exact(WIDTH.into()).map(root_of_leaves).collect();
        }
        let first = usize::try_from(tile.index * u64::from(WIDTH)).ok()?;
        Some(hashes.get(first..first + usize::from(tile.width))?.concat())
    }

    fn bundle(&self, tile: &Tile) -> Option<Vec<u8>> {
        let first = usize::try_from(tile.index * u64::from(WIDTH)).ok()?;
        let entries = self.entries.get(first..first + usize::from(tile.width))?;
        Some(
            entries
                .iter()
                .filter_map(|entry| bundled(entry))
                .flatten()
                .collect(),
        )
    }

    fn leaves(&self) -> Vec<Hash32> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    fn signer(&self) -> NoteSigner {
        NoteSigner::from_seed(&self.name, KeyKind::Text, &self.seed).expect("a key")
    }
}

/// How long the log must be to hold all that an answer of `memory` named an index of.
#[must_use]
pub fn logged(memory: &[Exchange]) -> u64 {
    let told = memory.iter().filter_map(|seen| {
        let answer: Value = serde_json::from_slice(&seen.response.body).ok()?;
        let index = answer.pointer("/log_index").or(answer.pointer("/logged/index"))?;
        index.as_u64()
    });
    told.max().map_or(0, |index| index + 1)
}

/// What is asked for with POST of proofs.
#[must_use]
pub fn asked(request: &Request) -> Option<ReadProofs> {
    let asks = is_of(request, path::PROOFS);
    asks.then(|| serde_json::from_slice(&request.body).ok()).flatten()
}

/// The tile that is asked for.
#[must_use]
pub fn tile_of(request: &Request) -> Option<Tile> {
    Tile::parse(path_of(request).strip_prefix("/log/")?)
}

type Change<T> = fn(&mut T);

const IN_A_PROOF: [(&str, Change<Vec<Hash>>); 6] = [
    ("a hash more", |proof| proof.push(Hash([7; 32]))),
    ("a hash less", |proof| {
        proof.pop();
    }),
    ("no hash", Vec::clear),
    ("a bit of the first hash flipped", |proof| {
        proof.iter_mut().take(1).for_each(|hash| flip(&mut hash.0, 0));
    }),
    ("a bit of the last hash flipped", |proof| {
        proof
            .iter_mut()
            .rev()
            .take(1)
            .for_each(|hash| flip(&mut hash.0, 255));
    }),
    ("a hash before the others", |proof| proof.insert(0, Hash([7; 32]))),
];

const IN_A_BUNDLE: [(&str, Change<Vec<u8>>); 7] = [
    ("a bit of the first entry", |bundle| flip(bundle, 3 * 8)),
    ("a bit of the last entry", |bundle| {
        let last = bundle.len() * 8 - 1;
        flip(bundle, last);
    }),
    ("cut by a byte", |bundle| {
        bundle.pop();
    }),
    ("cut to nothing", Vec::clear),
    ("a byte more", |bundle| bundle.push(0)),
    ("an entry more", |bundle| bundle.extend([0, 1, 7])),
    // The first length takes in the second entry: the same bytes, other borders.
    ("two entries as one", |bundle| {
        let first = u16::from_be_bytes([bundle[0], bundle[1]]);
        let at = 2 + usize::from(first);
        let second = u16::from_be_bytes([bundle[at], bundle[at + 1]]);
        bundle[..2].copy_from_slice(&(first + 2 + second).to_be_bytes());
    }),
];

fn checkpoint(name: String, change: fn(&str) -> Vec<u8>) -> Attack {
    Attack::rewrite(name, is_checkpoint, move |response| {
        let note = String::from_utf8(response.body.to_vec()).expect("a note");
        response.body = change(&note).into();
    })
}

fn proofs(name: String, fits: fn(&Request) -> bool, change: impl FnMut(&mut Proofs) + 'static) -> Attack {
    Attack::json(name, fits, change)
}

fn is_checkpoint(request: &Request) -> bool {
    is_of(request, path::CHECKPOINT)
}

fn is_bundle(request: &Request) -> bool {
    tile_of(request).is_some()
}

/// Whether the log goes on from what was seen.
fn asks_sizes(request: &Request) -> bool {
    asked(request).is_some_and(|asked| !asked.sizes.is_empty())
}

/// Whether single entries are in it.
fn asks_entries(request: &Request) -> bool {
    asked(request).is_some_and(|asked| asked.indices.iter().any(|index| index % u64::from(WIDTH) != 0))
}

/// Whether bundles are of it.
fn asks_bundles(request: &Request) -> bool {
    asked(request).is_some_and(|asked| asked.sizes.is_empty()) && !asks_entries(request)
}

fn root_of_run(run: &Run, leaves: &[Hash32]) -> Hash32 {
    let subtree = |node: &Node| {
        let first = usize::try_from(node.index << node.level).expect("short");
        root_of_leaves(&leaves[first..first + (1 << node.level)])
    };
    let roots: Vec<Hash32> = run.nodes().iter().map(subtree).collect();
    run.root(&roots).expect("as many roots as nodes")
}

fn good(media: &str, body: Vec<u8>) -> Response {
    Response {
        status: 200,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: body.into(),
    }
}

/// What is signed, with its last end of line.
fn text(note: &str) -> String {
    let (text, _) = note.split_once("\n\n").expect("a note");
    format!("{text}\n")
}

fn origin(note: &str) -> &str {
    note.lines().next().expect("an origin")
}

fn stranger(name: &str, kind: KeyKind, text: &str) -> Vec<u8> {
    let note = signer(name, kind).sign(text, 1_900_000_000);
    note.expect("a text").to_bytes()
}

fn signer(name: &str, kind: KeyKind) -> NoteSigner {
    NoteSigner::from_seed(name, kind, &[0x33; 32]).expect("a key")
}

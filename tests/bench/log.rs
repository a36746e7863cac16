//! What the log adds to one upload, in CPU time and in bytes, beside the whole upload and the reading of the list after it.
//!
//! The log cannot be switched off, so its share is measured in parts, each of them `ROUNDS` times, and each beside the
//! whole of the same round (medians of the single ratios; one document of 100 KB, a log with a past of 10,000 entries):
//!
//! - **The reading.** What was asked of the log at the reading is asked once more, and the answers are checked with the same
//!   functions: checkpoint, proofs, bundle of entries, tags that are looked for. Client and server alike.
//! - **The commit.** The very batches that the server's store was given go into two new stores: as they are, and without
//!   entries, openings and places. The pairs are the commits that file an upload.
//! - **The checkpoint.** Map, tiles and signature: one for each upload, as where one person is at it alone; and one for a
//!   hundred uploads.
//! - **Small computing** that no pair shows: seed, tag and leaf of the client, blinds and commitments of the server; in loops.
//! - **The bytes** are those that a reader of the wire counts: whole messages that are the log's, heads included, and of the
//!   other messages the fields that are.
//!
//! A checkpoint stands between each upload and its reading, so that the reading has all of it to check. Where several acts
//! share a checkpoint they share that, and a reading without a new one asks for the checkpoint alone.
//!
//! Not measured: the device's own store (what is owed and how far the log was seen, some hundred bytes a round), 40 bytes in
//! the box of each head, the file of the checkpoint where the server's store is told to tell, and a device that was away for
//! long, which asks the map instead.

mod cpu;
mod stage;
mod wire;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use crypto::audit::entry::Entry;
use crypto::audit::note::NoteKey;
use crypto::audit::opening::{LogSeed, Opened, Opening};
use crypto::audit::policy::Policy;
use crypto::audit::proof::{verify_consistency, verify_inclusion, verify_tile};
use crypto::audit::tag::LogKey;
use crypto::audit::tile::{Kind, Tile, WIDTH};
use crypto::audit::tree::{TreeHead, leaf_hash};
use crypto::collection::keys::EpochKey;
use crypto::hash::sha256;
use crypto::id::Hash32;
use crypto::secret::Key32;
use sdk::flows::watch::Watch;
use sdk::flows::{Method, Request, Transport};
use server::store::{Batch, MetaStore, Options, SledStore, Table};
use shared::audit::{LogCard, Proofs, ReadProofs};
use shared::{Hash, path};
use tests::adversary::{Fate, OverLine};
use tests::evil::{asked, tile_of};
use tests::person::{Desk, Person, Safe, document};
use tests::recorder::Recorder;
use tests::sample;

use cpu::{Meter, Spent, median, middle};
use stage::Stage;

/// All of it, on a thread of its own: the client's.
pub(crate) fn all() {
    let client = std::thread::spawn(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(measure());
    });
    client.join().unwrap();
}

async fn measure() {
    println!(
        "what the log adds to one upload of 100 KB and the reading after it, medians of {ROUNDS}, CPU in µs:"
    );
    println!("  {:<58} {:>8} {:>8}", "", "client", "server");
    let rounds = rounds().await;
    let (per_round, batches) = bytes().await;
    let pairs = commits(&batches).await;
    let of = |part: fn(&Round) -> Spent| median(&rounds.iter().map(part).collect::<Vec<_>>());
    line("upload", of(|round| round.upload));
    line("reading of the list", of(|round| round.reading));
    line(
        "of the reading, the log's part asked and checked again",
        of(|round| round.log),
    );
    line("checkpoint after this upload alone", of(|round| round.checkpoint));
    let whole = |round: &Round| round.upload.all() + round.reading.all() + round.checkpoint.all();
    let share = |round: &Round| (round.log.all() + round.checkpoint.all()) / whole(round);
    let reading = middle(rounds.iter().map(|round| round.log.all() / round.reading.all()));
    let all = middle(rounds.iter().map(share));
    println!(
        "  {:<58} {reading:>8.3}",
        "ratio: the log's part of the reading, of the reading"
    );
    println!(
        "  {:<58} {all:>8.3}",
        "ratio: that and the checkpoint, of upload, reading, checkpoint"
    );
    burst().await;
    print_commits(&pairs);
    let (client, server) = small();
    let stored = middle(pairs.iter().map(|pair| pair.cpu[0] - pair.cpu[1]));
    let adds = |round: &Round| round.log.all() + round.checkpoint.there + stored + 1e3 * (client + server);
    let rest = middle(rounds.iter().map(|round| whole(round) - adds(round)));
    let adds = middle(rounds.iter().map(adds));
    println!("all that the log adds to an upload and its reading, client and server, CPU in µs:");
    println!(
        "  {:<58} {:>8.0} {:>8.0}   ratio {:>6.3}",
        "of the log, and the rest",
        adds / 1e3,
        rest / 1e3,
        adds / rest
    );
    print_bytes(&per_round);
}

fn line(what: &str, spent: Spent) {
    println!(
        "  {what:<58} {:>8.0} {:>8.0}",
        spent.here / 1e3,
        spent.there / 1e3
    );
}

/// One upload, its checkpoint, the reading, and the log's part of that once more.
struct Round {
    upload: Spent,
    checkpoint: Spent,
    reading: Spent,
    log: Spent,
}

async fn rounds() -> Vec<Round> {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::open(&folder.path().join("data")).await;
    let desk = Desk::to(&format!("http://{}", stage.address), Rc::default());
    let (_, safe) = Person::creates_account("bench.person", &desk).await;
    let heard = Rc::<RefCell<Vec<Heard>>>::default();
    let ears = Rc::clone(&heard);
    desk.line.after(move |request, response| {
        ears.borrow_mut().push((request.clone(), response.body.clone()));
        Fate::Pass
    });
    let mut auditor = Auditor::at(&desk).await;
    let mut meter = Meter::start().await;
    let mut rounds = Vec::new();
    for number in 0..WARM + ROUNDS {
        let content = content(number);
        let name = format!("{number}.pdf");
        let new = document(&name);
        meter.lap().await;
        safe.upload(&content, &new, &Watch::none()).await.unwrap();
        let upload = meter.lap().await;
        stage.publish().await;
        let checkpoint = meter.lap().await;
        heard.borrow_mut().clear();
        meter.lap().await;
        safe.sync().await.unwrap();
        let reading = meter.lap().await;
        let questions = heard.borrow_mut().split_off(0);
        meter.lap().await;
        auditor.asks_again(&desk, &safe, &questions).await;
        let log = meter.lap().await;
        if number >= WARM {
            rounds.push(Round {
                upload,
                checkpoint,
                reading,
                log,
            });
        }
    }
    rounds
}

/// A question and its answer, as they passed.
type Heard = (Request, Bytes);

/// Does at a reading what the sdk does with the log, and nothing else.
struct Auditor {
    policy: Policy,
    roots: HashMap<u64, Hash32>,
    leaves: HashMap<u64, Hash32>,
    keys: [LogKey; 2],
}

impl Auditor {
    async fn at(desk: &Desk) -> Self {
        let card: LogCard = serde_json::from_slice(&get(desk, path::LOG).await).unwrap();
        let key = NoteKey::parse(&card.key).unwrap();
        let epoch = EpochKey::new(Key32::new([1; 32]));
        Self {
            policy: Policy::new(key, Vec::new(), 0, card.max_age, card.strict).unwrap(),
            roots: HashMap::new(),
            leaves: HashMap::new(),
            keys: [[1; 16], [2; 16]].map(|id| LogKey::of_collection(&epoch, &id)),
        }
    }

    async fn asks_again(&mut self, desk: &Desk, safe: &Safe, questions: &[Heard]) {
        let mut proofs: Vec<(ReadProofs, Proofs)> = Vec::new();
        let mut bundles: Vec<(Tile, Bytes)> = Vec::new();
        let mut tree = None;
        for (request, _) in questions {
            if request.path == path::CHECKPOINT {
                let accepted = self.policy.accept(&get(desk, &request.path).await).unwrap();
                tree = Some(*accepted.checkpoint().tree());
            } else if let Some(asked) = asked(request) {
                let told = safe.ask_log(&asked).await.unwrap();
                proofs.push((asked, told));
            } else if let Some(tile) = tile_of(request) {
                bundles.push((tile, get(desk, &request.path).await));
            }
        }
        let tree = tree.expect("each reading asks for the checkpoint");
        self.roots.insert(tree.size, tree.root);
        let wanted: Vec<_> = self
            .keys
            .iter()
            .flat_map(|key| (0..5).map(|n| key.tag(n)))
            .collect();
        for (tile, bundle) in &bundles {
            assert_eq!(tile.kind, Kind::Entries);
            let entries = tile.entries(bundle).unwrap();
            for (index, entry) in (tile.index * u64::from(WIDTH)..).zip(&entries) {
                self.leaves.insert(index, leaf_hash(entry));
                let read = Entry::parse(entry).unwrap();
                assert!(!matches!(read, Entry::Sealed { tag, .. } if wanted.contains(&tag)));
            }
        }
        for (asked, told) in &proofs {
            for (size, proof) in asked.sizes.iter().zip(&told.consistency) {
                // What was seen before this bench began is not known here.
                if let Some(before) = self.roots.get(size) {
                    verify_consistency(*size, tree.size, &plain(proof), before, &tree.root).unwrap();
                }
            }
            for (index, proof) in asked.indices.iter().zip(&told.inclusion) {
                self.verify_entry(*index, &plain(proof), &tree, &bundles);
            }
        }
    }

    fn verify_entry(&self, index: u64, proof: &[Hash32], tree: &TreeHead, bundles: &[(Tile, Bytes)]) {
        let bundle = bundles
            .iter()
            .find(|(tile, _)| tile.index * u64::from(WIDTH) == index);
        if let Some((tile, _)) = bundle {
            let leaves: Vec<Hash32> = (index..index + u64::from(tile.width))
                .map(|index| self.leaves[&index])
                .collect();
            verify_tile(tile.index, &leaves, tree.size, proof, &tree.root).unwrap();
        } else {
            verify_inclusion(index, tree.size, &self.leaves[&index], proof, &tree.root).unwrap();
        }
    }
}

async fn get(desk: &Desk, path: &str) -> Bytes {
    let request = Request {
        method: Method::Get,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        max_answer: 1 << 20,
    };
    OverLine(Rc::clone(&desk.line)).send(request).await.unwrap().body
}

/// One checkpoint over many uploads.
async fn burst() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::open(&folder.path().join("data")).await;
    let desk = Desk::to(&format!("http://{}", stage.address), Rc::default());
    let (_, safe) = Person::creates_account("bench.person", &desk).await;
    stage.publish().await;
    let mut meter = Meter::start().await;
    for number in 0..BURST {
        safe.saves(&format!("{number}.pdf"), &[1; 100]).await;
    }
    meter.lap().await;
    stage.publish().await;
    let mut spent = meter.lap().await;
    spent.here = 0.0;
    spent.there /= BURST as f64;
    line("checkpoint after a hundred uploads, for each of them", spent);
}

/// Bytes of each round, and what the store was given meanwhile.
async fn bytes() -> (Vec<wire::Bytes>, Vec<Batch>) {
    let folder = tempfile::tempdir().unwrap();
    let (stage, batches) = Stage::told(&folder.path().join("store")).await;
    let recorder = Recorder::before(stage.address).await.unwrap();
    let desk = Desk::to(&format!("http://{}", recorder.address()), Rc::default());
    let (_, safe) = Person::creates_account("bench.person", &desk).await;
    let mut marks = Vec::new();
    for number in 0..WARM + ROUNDS {
        if number >= WARM {
            marks.push(wire::marks(&recorder));
        }
        let name = format!("{number}.pdf");
        safe.upload(&content(number), &document(&name), &Watch::none())
            .await
            .unwrap();
        stage.publish().await;
        safe.sync().await.unwrap();
    }
    marks.push(wire::marks(&recorder));
    let rounds = wire::rounds(&recorder, &marks);
    let batches = batches.lock().unwrap().clone();
    (rounds, batches)
}

/// A commit as it was and without its entries: CPU of the store, milliseconds until it is durable, bytes of the batch.
struct Pair {
    cpu: [f64; 2],
    time: [f64; 2],
    bytes: [f64; 2],
}

async fn commits(batches: &[Batch]) -> Vec<Pair> {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| SledStore::open(&folder.path().join(name), Options::new(0)).unwrap();
    let stores = [open("with"), open("without")];
    let mut meter = Meter::start().await;
    let mut pairs = Vec::new();
    for batch in batches {
        let halves = [batch.clone(), without_log(batch)];
        let mut pair = Pair {
            cpu: [0.0; 2],
            time: [0.0; 2],
            bytes: [weight(&halves[0]), weight(&halves[1])],
        };
        // Which of the two comes first, changes.
        let order = if pairs.len() % 2 == 0 { [0, 1] } else { [1, 0] };
        let is_upload = is_filing(batch);
        for half in order {
            let batch = halves[half].clone();
            if is_upload {
                meter.lap().await;
            }
            let begun = Instant::now();
            stores[half].commit(batch).await.unwrap();
            pair.time[half] = begun.elapsed().as_secs_f64() * 1e3;
            if is_upload {
                pair.cpu[half] = meter.lap().await.all();
            }
        }
        if is_upload {
            pairs.push(pair);
        }
    }
    assert_eq!(pairs.len(), WARM + ROUNDS, "a pair for each upload");
    pairs.split_off(WARM)
}

/// The commit of a head that adds a body.
fn is_filing(batch: &Batch) -> bool {
    batch.append.len() == 2 && batch.put.iter().any(|(table, ..)| *table == Table::Body)
}

/// What would be written if there were no log: a batch that is the log's alone becomes an empty one.
fn without_log(batch: &Batch) -> Batch {
    let mut without = batch.clone();
    without.append.clear();
    without.indexed.clear();
    let is_log = |table: &Table| matches!(table, Table::Opening | Table::Tile);
    without.put.retain(|(table, ..)| !is_log(table));
    without.delete.retain(|(table, _)| !is_log(table));
    without.expect.retain(|(table, ..)| !is_log(table));
    without
}

fn weight(batch: &Batch) -> f64 {
    let put = batch.put.iter().map(|(_, key, value)| key.len() + value.len());
    let append = batch.append.iter().map(|entry| 8 + entry.len());
    let indexed = batch.indexed.iter().map(|indexed| match &indexed.write {
        server::store::IndexedWrite::Behind(value) => indexed.key.len() + 8 + value.len(),
        server::store::IndexedWrite::Value => indexed.key.len() + 8,
    });
    put.chain(append).chain(indexed).sum::<usize>() as f64
}

fn print_commits(pairs: &[Pair]) {
    println!(
        "the commit of an upload in the store, with its entries and without, medians of {} pairs:",
        pairs.len()
    );
    type Of = fn(&Pair) -> [f64; 2];
    let rows: [(&str, f64, Of); 3] = [
        ("CPU, µs", 1e3, |pair| pair.cpu),
        ("until it is durable, ms", 1.0, |pair| pair.time),
        ("keys and values, bytes", 1.0, |pair| pair.bytes),
    ];
    for (what, unit, of) in rows {
        let side = |half: usize| middle(pairs.iter().map(|pair| of(pair)[half])) / unit;
        let more = middle(pairs.iter().map(|pair| of(pair)[0] - of(pair)[1])) / unit;
        let ratio = middle(pairs.iter().map(|pair| of(pair)[0] / of(pair)[1]));
        println!(
            "  {what:<40} {:>9.2} {:>9.2}   more {more:>8.2}   ratio {ratio:>6.3}",
            side(0),
            side(1)
        );
    }
}

/// What is too small for the scheduler's count: by the clock, over many. Microseconds for one upload, client and server.
fn small() -> (f64, f64) {
    let epoch = EpochKey::new(Key32::new([3; 32]));
    let opened = |number: u32| {
        let seed = LogSeed([5; 32]);
        let (blind, tag) = seed.derive(number);
        let opening = Opening::Head {
            collection_id: [1; 16],
            head_no: number.into(),
            head_hash: [2; 32],
        };
        Opened { blind, opening }.entry(tag)
    };
    let client = each(|number| {
        let key = LogKey::of_collection(&epoch, &[1; 16]);
        let tag = key.tag(number.into());
        // The leaf of the head's entry, to be held against the log later.
        usize::from(tag[0]) + usize::from(opened(number).leaf_hash()[0])
    });
    // Two entries, the tag of the first of them drawn apart.
    let server = each(|number| {
        let seed = LogSeed([5; 32]);
        let (_, tag) = seed.derive(number);
        let bytes = [opened(number).to_bytes(), opened(number + 1).to_bytes()];
        bytes.concat().len() + usize::from(tag[0])
    });
    let mebibyte = sample::noise(1 << 20, 3);
    let begun = Instant::now();
    for _ in 0..20 {
        std::hint::black_box(sha256(std::hint::black_box(&mebibyte)));
    }
    let reference = begun.elapsed().as_secs_f64() * 1e6 / 20.0;
    println!(
        "computing for the entries of one upload, µs, by the clock (SHA-256 of a MiB beside it: {reference:.0}):"
    );
    println!("  {:<58} {client:>8.1}", "client: tag and leaf of the head");
    println!(
        "  {:<58} {server:>8.1}",
        "server: blinds, tags and commitments of two entries"
    );
    (client, server)
}

fn each(work: impl Fn(u32) -> usize) -> f64 {
    let begun = Instant::now();
    for number in 0..LOOPS {
        std::hint::black_box(work(std::hint::black_box(number)));
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(LOOPS)
}

fn print_bytes(rounds: &[wire::Bytes]) {
    println!(
        "bytes on the wire for it, medians of {} (whole, of it the log's, ratio):",
        rounds.len()
    );
    type Of = fn(&wire::Bytes) -> (usize, usize);
    let rows: [(&str, Of); 3] = [
        ("sent", |bytes| (bytes.sent, bytes.sent_for_log)),
        ("received", |bytes| (bytes.received, bytes.received_for_log)),
        ("both", |bytes| {
            (
                bytes.sent + bytes.received,
                bytes.sent_for_log + bytes.received_for_log,
            )
        }),
    ];
    for (what, of) in rows {
        let whole = middle(rounds.iter().map(|round| of(round).0 as f64));
        let log = middle(rounds.iter().map(|round| of(round).1 as f64));
        let ratio = middle(rounds.iter().map(|round| of(round).1 as f64 / of(round).0 as f64));
        println!("  {what:<40} {whole:>9.0} {log:>9.0} {ratio:>9.4}");
    }
    for part in wire::PARTS {
        let bytes = middle(rounds.iter().map(|round| round.part(part) as f64));
        println!("    of the log's: {part:<34} {bytes:>9.0}");
    }
}

fn plain(proof: &[Hash]) -> Vec<Hash32> {
    proof.iter().map(|hash| hash.0).collect()
}

/// 100 KB, another for each round.
fn content(number: usize) -> Vec<u8> {
    sample::noise(100_000, number as u64 + 1)
}

/// Rounds that count, after some that make caches and connections warm.
const ROUNDS: usize = 200;
const WARM: usize = 20;
const BURST: usize = 100;
const LOOPS: u32 = 2_000;

//! How long an auditor needs for a log, and how much memory: a first audit of a million entries, one of nothing new, one of
//! a thousand new ones.
//!
//! The auditor is a process of its own, over HTTP: its time and its greatest memory are those of `civis audit
//! --log-alone`. Identities and manifests, a root of the map every thousand entries; no heads, whose signatures cost as
//! much for themselves, measured in `heads` of the whole audit's report. Beside it: hashing the same entries once, the
//! least that anybody who verifies a log has to do.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path as Parameter, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::BASE64URL_NOPAD;
use crypto::audit::checkpoint::Checkpoint;
use crypto::audit::entry::Entry;
use crypto::audit::listing::Record;
use crypto::audit::map::{Map, Subject};
use crypto::audit::note::{Kind, NoteSigner};
use crypto::audit::opening::{Opened, Opening};
use crypto::audit::tile::{Kind as TileKind, Tile, WIDTH, bundled};
use crypto::audit::tree::{TreeHead, leaf_hash, root_of_leaves};
use crypto::hash::sha256;
use crypto::id::Hash32;
use shared::audit::LogCard;

/// Entries of the first audit.
const FIRST: u64 = 1_000_000;
/// Entries that come before the last one.
const MORE: u64 = 1_000;
/// A root of the map stands at every so many.
const ROOT_EVERY: u64 = 1_000;
/// The variable by which this program knows that it is the auditor.
const ROLE: &str = "CIVIS_BENCH_AUDITOR";

/// Runs the auditor, where this process is one.
pub(crate) async fn role() -> bool {
    let Some(url) = std::env::var_os(ROLE) else {
        return false;
    };
    let folder = std::env::current_dir().unwrap();
    let arguments = [
        "civis".into(),
        "audit".into(),
        url,
        "--key".into(),
        folder.join("key").into_os_string(),
        "--state".into(),
        folder.join("state").into_os_string(),
        "--log-alone".into(),
        "--language".into(),
        "en".into(),
    ];
    let begun = Instant::now();
    let mut out = Vec::new();
    let code = cli::command::run(arguments, &mut out).await;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&out));
    println!("{seconds} {}", peak());
    true
}

/// Audits the log three times.
pub(crate) fn all() {
    let log = Arc::new(Log::make());
    let begun = Instant::now();
    let hashed = (0..FIRST).fold(0_u8, |all, index| all ^ leaf_hash(&log.entry(index))[0]);
    let reference = begun.elapsed();
    println!(
        "audit of a log, in a process of its own (hashing its million entries once: {reference:.2?}, {hashed:x}):"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(serve(Arc::clone(&log)));
    let folder = tempfile::tempdir().unwrap();
    cli::key::make(&folder.path().join("key"), "audit.example", Kind::Text).unwrap();
    for (what, size) in [
        ("the first, of a million entries", FIRST),
        ("again, nothing new", FIRST),
        ("again, a thousand new ones", FIRST + MORE),
    ] {
        log.size.store(size, Ordering::SeqCst);
        let (took, bytes) = audit(address, folder.path());
        let ratio = took.as_secs_f64() / reference.as_secs_f64();
        println!(
            "  {what:<34} {took:>9.2?}  {ratio:>6.2} times that  {} MB at most",
            bytes / 1_000_000
        );
    }
}

/// One audit by a process of its own: how long it took by its own clock, and its greatest memory in bytes.
fn audit(address: SocketAddr, folder: &Path) -> (Duration, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .current_dir(folder)
        .env(ROLE, format!("http://{address}"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (seconds, peak) = text.trim().split_once(' ').unwrap();
    (
        Duration::from_secs_f64(seconds.parse().unwrap()),
        peak.parse().unwrap(),
    )
}

/// The greatest memory of this process so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().unwrap();
    kib * 1_024
}

/// A log whose entries are made when they are asked for.
struct Log {
    signer: NoteSigner,
    roots: Vec<Hash32>,
    /// Hashes of the levels of tiles.
    levels: RwLock<Vec<Vec<Hash32>>>,
    size: AtomicU64,
}

impl Log {
    fn make() -> Self {
        let mut log = Self {
            signer: NoteSigner::from_seed("civis/AAECAwQFBgcICQoLDA0ODw", Kind::Text, &[1; 32]).unwrap(),
            roots: Vec::new(),
            levels: RwLock::default(),
            size: AtomicU64::new(0),
        };
        let mut map = Map::new();
        let mut leaves = Vec::new();
        for index in 0..FIRST + MORE {
            if index % ROOT_EVERY == ROOT_EVERY - 1 {
                log.roots.push(map.root());
            }
            let entry = log.entry(index);
            match Entry::parse(&entry).unwrap() {
                Entry::Identity { label, .. } => map.insert(Subject::Label(label).key(), sha256(&entry)),
                Entry::Sealed { tag, .. } => map.insert(Subject::Tag(tag).key(), sha256(&entry)),
                _ => {}
            }
            leaves.push(leaf_hash(&entry));
        }
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|last| last.len() >= WIDTH.into()) {
            let above = last.chunks_exact(WIDTH.into()).map(root_of_leaves).collect();
            levels.push(above);
        }
        log.levels = RwLock::new(levels);
        log
    }

    fn opened(index: u64) -> Option<Opened> {
        let number = number(index)?;
        let version = number % 4;
        (version > 0).then(|| Opened {
            blind: drawn("blind", index),
            opening: Opening::Manifest {
                label: drawn("label", number / 4),
                version,
                manifest_hash: drawn("manifest", index),
            },
        })
    }

    fn entry(&self, index: u64) -> Vec<u8> {
        let entry = match (number(index), Self::opened(index)) {
            (None, _) => Entry::MapHead {
                root: self.roots[usize::try_from(index / ROOT_EVERY).unwrap()],
                covered: index,
            },
            (Some(number), None) => Entry::Identity {
                label: drawn("label", number / 4),
                seq: 0,
                bundle_hash: drawn("bundle", number),
            },
            (_, Some(opened)) => opened.entry(*drawn("tag", index).first_chunk().unwrap()),
        };
        entry.to_bytes()
    }

    fn checkpoint(&self) -> Vec<u8> {
        let size = self.size.load(Ordering::SeqCst);
        let levels = self.levels.read().unwrap();
        let leaves = &levels[0][..usize::try_from(size).unwrap()];
        let checkpoint = Checkpoint {
            origin: self.signer.public().name().to_owned(),
            tree: TreeHead {
                size,
                root: root_of_leaves(leaves),
            },
        };
        self.signer.sign(&checkpoint.to_text(), 0).unwrap().to_bytes()
    }

    fn tile(&self, tile: &Tile) -> Vec<u8> {
        let first = tile.index * u64::from(WIDTH);
        match tile.kind {
            TileKind::Entries => {
                let entries = first..first + u64::from(tile.width);
                entries
                    .flat_map(|index| bundled(&self.entry(index)).unwrap())
                    .collect()
            }
            TileKind::Hashes { level } => {
                let first = usize::try_from(first).unwrap();
                let levels = self.levels.read().unwrap();
                levels[usize::from(level)][first..first + usize::from(tile.width)].concat()
            }
        }
    }

    fn openings(&self, after: Option<u64>) -> Vec<u8> {
        let first = after.map_or(0, |after| after + 1);
        let end = self.size.load(Ordering::SeqCst).min(first + 8_192);
        let records = (first..end).filter_map(|index| {
            let record = Record {
                key: index.to_be_bytes().to_vec(),
                value: Self::opened(index)?.to_bytes(),
            };
            record.to_bytes()
        });
        records.flatten().collect()
    }
}

/// Which of the entries that are no root this is.
fn number(index: u64) -> Option<u64> {
    (index % ROOT_EVERY != ROOT_EVERY - 1).then(|| index - index / ROOT_EVERY)
}

fn drawn(what: &str, number: u64) -> Hash32 {
    sha256(&[what.as_bytes(), &number.to_be_bytes()].concat())
}

async fn serve(log: Arc<Log>) -> SocketAddr {
    let app = Router::new()
        .route(shared::path::LOG, get(card))
        .route(shared::path::CHECKPOINT, get(checkpoint))
        .route(shared::path::TILES, get(tile))
        .route(shared::path::AUDIT_LIST, get(list))
        .with_state(log);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn card(State(log): State<Arc<Log>>) -> Response {
    axum::Json(LogCard {
        key: log.signer.public().to_string(),
        witnesses: Vec::new(),
        quorum: 0,
        max_age: 86_400,
        strict: false,
        restored_at: None,
    })
    .into_response()
}

async fn checkpoint(State(log): State<Arc<Log>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], log.checkpoint()).into_response()
}

async fn tile(State(log): State<Arc<Log>>, Parameter(path): Parameter<String>) -> Response {
    match Tile::parse(&format!("tile/{path}")) {
        Some(tile) => octets(log.tile(&tile)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list(
    State(log): State<Arc<Log>>,
    Parameter(name): Parameter<String>,
    RawQuery(query): RawQuery,
) -> Response {
    assert_eq!(name, "openings", "there are no heads in this log");
    let query = query.unwrap_or_default();
    let after = query.split_once("after=").map(|(_, after)| {
        let key = BASE64URL_NOPAD.decode(after.as_bytes()).unwrap();
        u64::from_be_bytes(key.try_into().unwrap())
    });
    octets(log.openings(after))
}

fn octets(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
}

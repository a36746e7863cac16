//! Logins that fail, compared: whether an account exists, and why a login failed, must not be told by time.
//!
//! Both halves of a login, as the server answers them; the stretching of the phrase is the client's and left out, since
//! it takes a hundred times as long as all the rest and would hide any difference.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crypto::account::handle::Handle;
use crypto::opaque::client;
use crypto::phrase::Password;
use sdk::Device;
use sdk::flows::account::Draft;
use sdk::native::{Folder, Http, SystemClock, SystemRandom};
use server::Config;
use server::store::{Batch, MetaStore, Table};
use shared::session::{LoginChallenge, LoginFinish, LoginStart};
use shared::{Blob, path};
use tests::program::Program;

/// Handles, and what is wrong with each login.
const CASES: [(&str, &str); 4] = [
    ("bench.known", "known account, wrong phrase"),
    ("bench.nobody", "unknown account"),
    ("bench.envelope", "tampered record: its envelope"),
    ("bench.point", "tampered record: its public key"),
];

pub(crate) async fn all() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let limits = ["--attempts-per-address", "0", "--attempts-per-handle", "0"];
    let server = Program::start(&data, &limits);
    for (handle, _) in CASES.iter().filter(|(handle, _)| *handle != "bench.nobody") {
        register(&server, &folder.path().join(handle), handle).await;
    }
    server.stop();
    tamper(&data, "bench.envelope", 207).await;
    // Of the 32 bytes of the point the last one decides whether they are one.
    tamper(&data, "bench.point", 16 + 31).await;
    let server = Program::start(&data, &limits);
    let kept = measure(server.address(), true);
    let fresh = measure(server.address(), false);
    println!(
        "failed logins, both halves, medians of {ROUNDS}, ms (server's answers; with a new connection and KE1):"
    );
    for (number, (_, what)) in CASES.iter().enumerate() {
        println!("  {what:<52} {:>6.3} {:>6.3}", kept[number], fresh[number]);
    }
    println!("ratios, to lie between 0.9 and 1.1:");
    for (what, a, b) in [
        ("known against unknown account", 0, 1),
        ("wrong phrase against tampered envelope", 0, 2),
        ("wrong phrase against tampered public key", 0, 3),
    ] {
        println!(
            "  {what:<52} {:>6.3} {:>6.3}",
            kept[a] / kept[b],
            fresh[a] / fresh[b]
        );
    }
}

async fn register(server: &Program, local: &Path, handle: &str) {
    let device = Device::new(
        Rc::new(Http::new(&server.origin()).unwrap()),
        Rc::new(SystemClock),
        Box::new(SystemRandom),
        Rc::new(Folder::open(local).unwrap()),
    );
    let draft = Draft::make(device).unwrap();
    draft.register(handle, "a phrase for one bench").await.unwrap();
}

/// Changes one byte of an account's login record: setup id 16, public key 32, masking key 64, envelope 96.
async fn tamper(data: &Path, handle: &str, at: usize) {
    let config = Config {
        data: data.to_owned(),
        min_free_bytes: 0,
        ..Config::default()
    };
    let (store, _lock) = server::open_store(&config).await.unwrap();
    let key = [b"p".as_slice(), &Handle::parse(handle).unwrap().credential_id()].concat();
    let mut row = store.get(Table::Login, &key).await.unwrap().unwrap();
    let record = row.len() - crypto::opaque::server::RECORD_BYTES;
    row[record + at] ^= 0x80;
    let batch = Batch {
        put: vec![(Table::Login, key, row)],
        ..Batch::default()
    };
    store.commit(batch).await.unwrap();
}

/// Medians of the four cases in milliseconds, taken in turns so that what disturbs one disturbs all.
fn measure(address: SocketAddr, kept: bool) -> [f64; 4] {
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut line = TcpStream::connect(address).unwrap();
    line.set_nodelay(true).unwrap();
    let mut ke1 = first_half();
    // Some rounds before, so that caches and clocks are warm.
    for round in 0..ROUNDS + 20 {
        for (number, (handle, _)) in CASES.iter().enumerate() {
            let begun = Instant::now();
            if !kept {
                line = TcpStream::connect(address).unwrap();
                line.set_nodelay(true).unwrap();
                ke1 = first_half();
            }
            log_in(&mut line, handle, &ke1);
            if round >= 20 {
                times[number].push(begun.elapsed());
            }
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    })
}

fn first_half() -> Vec<u8> {
    let phrase = Password::normalise("another phrase").unwrap();
    client::login_start(&phrase, &mut SystemRandom)
        .unwrap()
        .1
        .to_vec()
}

fn log_in(line: &mut TcpStream, handle: &str, ke1: &[u8]) {
    let start = LoginStart {
        handle: handle.to_owned(),
        ke1: Blob(ke1.to_vec()),
    };
    let (status, body) = post(line, path::SESSIONS_START, &serde_json::to_vec(&start).unwrap());
    assert_eq!(status, 200);
    let challenge: LoginChallenge = serde_json::from_slice(&body).unwrap();
    let finish = LoginFinish {
        login_id: challenge.login_id,
        ke3: Blob(vec![7; 64]),
    };
    let (status, _) = post(line, path::SESSIONS_FINISH, &serde_json::to_vec(&finish).unwrap());
    assert_eq!(status, 401);
}

fn post(line: &mut TcpStream, target: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: civis\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let read = line.read(&mut piece).unwrap();
        assert!(read > 0, "the server hung up");
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return (head[9..12].parse().unwrap(), bytes.split_off(end + 4));
        }
    }
}

const ROUNDS: usize = 200;

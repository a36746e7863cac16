//! The house stands: 200 hostile clients against the real program with its default limits, and one honest person who
//! goes on using it; and a server that runs out of file descriptors. Everything on loopback, bounded in time: 10 seconds, 60 with `CIVIS_DEEP=1`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod crook;
mod hostile;
mod tally;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sdk::flows::account::Draft;
use sdk::flows::{Device, Watch};
use sdk::native::{Folder, Http, SystemClock, SystemRandom};
use sdk::{LocalStore, Unlocked};
use tests::person::document;
use tests::program::{Program, memory, processor};
use tests::sample;

use crook::Crook;
use hostile::{CLIENTS, Target};
use tally::Tally;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_hostile_clients_keep_an_honest_one_from_nothing() {
    tokio::task::LocalSet::new().run_until(flood()).await;
}

async fn flood() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start(&folder.path().join("data"), &[]);
    let honest = register(&server, &folder.path().join("honest"), "honnete")
        .await
        .0;
    honest.sync().await.unwrap();
    let (_, words) = register(&server, &folder.path().join("crook"), "malhonnete").await;
    let crook = Crook::sign_in(server.address(), &words).await;
    crook.hoard().await;
    let idle = memory(server.id(), "VmRSS");

    let seconds = if std::env::var_os("CIVIS_DEEP").is_some() {
        60
    } else {
        10
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let tally = Arc::<Tally>::default();
    let target = Target {
        address: server.address(),
        until,
        tally: Arc::clone(&tally),
        crook: Arc::new(crook),
    };
    let mut hostile = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        hostile.spawn(hostile::play(target.clone(), number));
    }
    let process = server.id();
    let watch = tokio::spawn(async move {
        let mut peak = 0;
        while Instant::now() < until {
            peak = peak.max(memory(process, "VmRSS"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        peak
    });
    let times = work(&honest, until).await;
    while let Some(ended) = hostile.join_next().await {
        ended.unwrap();
    }
    let peak = watch.await.unwrap().max(memory(process, "VmHWM"));

    tally.print();
    let slowest = times.iter().max().copied().unwrap_or_default();
    println!(
        "honest: {} documents saved and read again, slowest {slowest:.1?}; server: {idle} KiB before, {peak} KiB at \
         most; {} requests in its log",
        times.len(),
        server.log().requests()
    );
    assert!(server.lives());
    assert_eq!(server.log().grave(), Vec::<String>::new());
    assert!(peak < MEMORY_KIB, "{peak} KiB");
    assert!(times.len() as u64 >= seconds / 2, "{times:?}");
    assert!(slowest < SLOWEST, "{slowest:?}");
    tally.every_kind_took_part();

    let begun = Instant::now();
    honest.sync().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "the flood is over");
    assert!(server.stop() < Duration::from_secs(25));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn want_of_file_descriptors_neither_ends_the_server_nor_keeps_it_busy() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start_poor(&folder.path().join("data"), 60);
    let ask = async || hostile::exchange(server.address(), &crook::get(shared::path::HEALTH)).await;
    assert_eq!(ask().await.unwrap().0, 200);
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(tokio::net::TcpStream::connect(server.address()).await.unwrap());
    }
    let said = async {
        while server.log().grave().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), said).await.unwrap();
    let (before, begun) = (processor(server.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let busy = processor(server.id()) - before;
    assert!(busy < begun.elapsed() / 4, "{busy:?}");
    drop(open);
    let answered = tokio::time::timeout(Duration::from_secs(10), ask())
        .await
        .unwrap();
    assert_eq!(answered.unwrap().0, 200);
    let grave = server.log().grave();
    assert!(
        grave
            .iter()
            .all(|line| line.contains("a connection was not accepted")),
        "{grave:?}"
    );
    assert!(server.lives());
    server.stop();
}

/// A person's account, made before anything begins; and its words.
async fn register(server: &Program, folder: &std::path::Path, handle: &str) -> (Unlocked, String) {
    let http = Rc::new(Http::new(&server.origin()).unwrap());
    let local: Rc<dyn LocalStore> = Rc::new(Folder::open(folder).unwrap());
    let device = Device::new(http, Rc::new(SystemClock), Box::new(SystemRandom), local);
    let draft = Draft::make(device).unwrap();
    let words: Vec<String> = draft.words().iter().map(|word| word.to_string()).collect();
    let safe = draft
        .register(handle, "une phrase assez longue pour ces essais")
        .await;
    (safe.unwrap(), words.join(" "))
}

/// Saves and reads documents until the time is over; how long each took.
async fn work(safe: &Unlocked, until: Instant) -> Vec<Duration> {
    let times = RefCell::new(Vec::new());
    let mut number = 0;
    while Instant::now() < until {
        let content = sample::noise(if number % 8 == 7 { 3 << 20 } else { 200_000 }, number);
        let begun = Instant::now();
        let name = format!("document {number}.bin");
        let saved = safe.upload(&content, &document(&name), &Watch::none()).await;
        let saved = saved.unwrap_or_else(|error| panic!("{name} was not saved: {error:?}"));
        let mut back = Vec::new();
        let read = safe.download(&saved.object, &mut back, &Watch::none()).await;
        read.unwrap_or_else(|error| panic!("{name} was not read: {error:?}"));
        assert!(back == content);
        times.borrow_mut().push(begun.elapsed());
        number += 1;
    }
    times.into_inner()
}

/// What the issue allows.
const MEMORY_KIB: u64 = 300_000;
/// Saving and reading one document, on a machine whose processors also play the hostile clients.
const SLOWEST: Duration = Duration::from_secs(10);

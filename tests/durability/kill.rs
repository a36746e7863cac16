//! Rounds of kill -9 under load, through HTTP: whatever document a client was told is saved, is there afterwards,
//! byte for byte, and the list never goes back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use sdk::Unlocked;
use sdk::flows::Watch;
use tests::person::document;

use crate::dice::Dice;
use crate::process::{Server, Setup};

/// Documents that were acknowledged: their names, and seed and length of what they hold.
type Saved = BTreeMap<String, (u64, usize)>;

#[tokio::test]
async fn no_acknowledged_document_is_lost_when_the_server_is_killed() {
    for account in 0..accounts() {
        thirty_kills(account).await;
    }
}

async fn thirty_kills(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (data, device) = (folder.path().join("data"), folder.path().join("device"));
    let setup = Setup::default();
    let server = Server::start(&data, &setup);
    server.register(&device).await;
    server.kill();
    let saved = RefCell::new(Saved::new());
    let mut dice = Dice(0x5eed + seed);
    for round in 0..ROUNDS {
        let known = saved.borrow().clone();
        let server = Server::start(&data, &setup);
        let account = server.open(&device).await;
        check(&account, &known, 6).await;
        let until_kill = Duration::from_millis(50 + dice.next() % 900);
        tokio::select! {
            () = load(&account, round, &saved) => {}
            () = tokio::time::sleep(until_kill) => {}
        }
        server.kill();
        println!(
            "round {round}: killed after {until_kill:?}, {} new",
            saved.borrow().len() - known.len()
        );
    }
    let saved = saved.into_inner();
    assert!(
        saved.len() as u64 >= ROUNDS,
        "only {} documents: no load",
        saved.len()
    );
    let server = Server::start(&data, &setup);
    check(&server.open(&device).await, &saved, usize::MAX).await;
    server.stop();
    side_files_are_none(&data);
}

/// Three documents at a time, until it is dropped.
async fn load(account: &Unlocked, round: u64, saved: &RefCell<Saved>) {
    let clients = (0..3_u64).map(|client| async move {
        for step in 0_u64.. {
            let seed = 1 << 60 | round << 32 | client << 16 | step;
            let len = if step % 4 == 3 {
                1_500_000
            } else {
                Dice(seed).next() as usize % 200_000
            };
            let name = format!("{round}-{client}-{step}.pdf");
            let content = Dice(seed).bytes(len);
            if account
                .upload(&content, &document(&name), &Watch::none())
                .await
                .is_ok()
            {
                saved.borrow_mut().insert(name, (seed, len));
            }
        }
    });
    join_all(clients).await;
}

/// Every name is in the list; the `newest` documents are read.
async fn check(account: &Unlocked, saved: &Saved, newest: usize) {
    let items: BTreeMap<_, _> = account
        .list()
        .into_iter()
        .map(|item| (item.name.clone(), item))
        .collect();
    for name in saved.keys() {
        assert!(items.contains_key(name), "{name} is lost");
    }
    let mut order: Vec<_> = saved.iter().collect();
    order.sort_by_key(|(name, _)| std::cmp::Reverse(round_of(name)));
    for (name, (seed, len)) in order.into_iter().take(newest) {
        let mut read = Vec::new();
        account
            .download(&items[name].id, &mut read, &Watch::none())
            .await
            .unwrap();
        assert!(read == Dice(*seed).bytes(*len), "{name} is another");
    }
}

fn round_of(name: &str) -> u64 {
    name.split('-').next().unwrap().parse().unwrap()
}

fn side_files_are_none(data: &Path) {
    assert_eq!(
        std::fs::read_dir(data.join("store/sled/blobs")).unwrap().count(),
        0
    );
}

/// Accounts whose server is killed thirty times; `cargo xtask test deep` asks for 500 kills.
fn accounts() -> u64 {
    if std::env::var_os("CIVIS_DEEP").is_some() {
        17
    } else {
        1
    }
}

/// Kills of one server.
const ROUNDS: u64 = 30;

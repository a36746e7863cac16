//! A server that is killed while it closes an account: the account is there as it was, or it is closed, and then all of
//! it goes; whoever asks again is answered.

use std::path::Path;
use std::time::Duration;

use crypto::audit::opening::{Opened, Opening};
use sdk::Unlocked;
use sdk::flows::{Watch, login};
use server::store::{MetaStore, Options, SledStore, Table};
use tests::person::document;

use crate::dice::Dice;
use crate::process::{Server, Setup};

#[tokio::test]
async fn an_account_that_was_being_closed_is_there_whole_or_leaves_nothing() {
    let mut dice = Dice(0xc105e);
    let mut halves = 0;
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let (data, device) = (folder.path().join("data"), folder.path().join("device"));
        let setup = Setup::default();
        let server = Server::start(&data, &setup);
        server.stop();
        let empty = Left::look(&data).await;
        let server = Server::start(&data, &setup);
        let account = server.register(&device).await;
        fill(&account).await;
        let until_kill = Duration::from_millis(1 + dice.next() % 40);
        let answered = tokio::select! {
            closed = account.close_account() => closed.is_ok(),
            () = tokio::time::sleep(until_kill) => false,
        };
        server.kill();
        let left = Left::look(&data).await;
        println!("round {round}: {until_kill:?}, answered {answered}, {left:?}");
        halves += u32::from(left.account == 0 && left.content > 0);
        if answered {
            assert_eq!(left, empty, "answered before all was erased");
        }

        let server = Server::start(&data, &setup);
        // The device may have forgotten the account already; the phrase decides.
        if left.account > 0 {
            let opened = server.open(&device).await;
            assert_eq!(opened.list().len() as u64, DOCUMENTS, "it was closed in part");
            opened.close_account().await.unwrap();
        } else {
            let opened = server.tries(&device).await;
            assert!(matches!(opened, Err(login::OpenError::Wrong)));
            // Nobody asks any more: the collector takes up what is left when the server starts.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        server.stop();
        assert_eq!(Left::look(&data).await, empty);
    }
    assert!(halves > 0, "no round was killed in the middle");
}

async fn fill(account: &Unlocked) {
    for number in 0..DOCUMENTS {
        let content = Dice(number + 1).bytes(2_000);
        let new = document(&format!("{number}.pdf"));
        account.upload(&content, &new, &Watch::none()).await.unwrap();
    }
}

/// What a data folder holds of people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Left {
    /// Records by which somebody can come in.
    account: u64,
    /// Records of what they kept, and the note of what is still to be erased.
    content: u64,
    /// Parts of documents, and one line of the store's own.
    parts: u64,
}

impl Left {
    async fn look(data: &Path) -> Self {
        let store = SledStore::open(&data.join("store"), Options::new(0)).unwrap();
        let keys = async |table| {
            let records = store.scan(table, b"", None, usize::MAX).await.unwrap();
            records.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        let mut left = Self::default();
        let mut others = keys(Table::Meta).await.len() + keys(Table::Log).await.len();
        others += keys(Table::Tile).await.len();
        for key in keys(Table::Account).await {
            // A label stands in the log for ever, and is nobody's any more.
            if key.starts_with(b"l") {
                others += 1;
                continue;
            }
            // The note of an account that is closed and not erased, and its journal's events, which go with what it kept.
            let count = if key.starts_with(b"x") || key.starts_with(b"v") {
                &mut left.content
            } else {
                &mut left.account
            };
            *count += 1;
        }
        left.account += keys(Table::Login).await.len() as u64;
        for table in [Table::Upload, Table::Body, Table::Collection, Table::Page] {
            left.content += keys(table).await.len() as u64;
        }
        for (key, value) in store.scan(Table::Opening, b"", None, usize::MAX).await.unwrap() {
            // That something is gone stays; what it was does not.
            let gone = || matches!(Opened::parse(&value).unwrap().opening, Opening::Drop { .. });
            if key.starts_with(b"o") && gone() {
                others += 1;
            } else {
                left.content += 1;
            }
        }
        let scrub = store.scrub(Duration::ZERO).await.unwrap();
        assert!(scrub.findings.is_empty(), "{:?}", scrub.findings);
        left.parts = scrub.read - left.account - left.content - others as u64;
        left
    }
}

const ROUNDS: u64 = 6;
const DOCUMENTS: u64 = 20;

//! The order of system calls, under strace: between the last write of an acknowledged request to the store's file
//! and the first byte of the 2xx lies an fdatasync of that file, begun after the write and ended before the answer.

use std::collections::HashMap;
use std::path::Path;

use sdk::flows::Watch;
use tests::person::document;

use crate::dice::Dice;
use crate::process::{Server, Setup};

/// What the trace says of answers that followed writes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    in_order: usize,
    too_early: usize,
}

#[tokio::test]
async fn every_acknowledged_write_is_synced_before_its_answer() {
    let verdict = traced(UPLOADS, false).await;
    println!("{UPLOADS} uploads: {verdict:?}");
    assert_eq!(verdict.too_early, 0);
    // At least its opening, its part, its commit and the list that names it.
    assert!(verdict.in_order >= 4 * UPLOADS, "{verdict:?}");
}

#[tokio::test]
async fn without_the_sync_answers_come_too_early() {
    let verdict = traced(5, true).await;
    assert!(verdict.too_early >= 4 * 5, "{verdict:?}");
    assert_eq!(verdict.in_order, 0);
}

/// Uploads documents one after the other to a traced server, and reads the trace.
async fn traced(uploads: usize, without_sync: bool) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut under: Vec<_> = ["strace", "-f", "-yy", "-s", "16", "-e", CALLS, "-o"]
        .map(Into::into)
        .into();
    under.push(trace.clone().into());
    let setup = Setup {
        under,
        without_sync,
        without_background: true,
        ..Setup::default()
    };
    let server = Server::start(&folder.path().join("data"), &setup);
    let account = server.register(&folder.path().join("device")).await;
    for upload in 0..uploads {
        let content = Dice(1 + upload as u64).bytes(1 + upload * 3_000);
        account
            .upload(&content, &document(&format!("{upload}.pdf")), &Watch::none())
            .await
            .unwrap();
    }
    server.stop();
    judge(&trace)
}

/// Reads the trace line by line. Requests came one at a time, so whatever was written since the answer before
/// belongs to the next one. A call that took long stands in two lines, its thread in front of both.
fn judge(trace: &Path) -> Verdict {
    let mut verdict = Verdict::default();
    let mut state = State::Clean;
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let trace = std::fs::read_to_string(trace).unwrap();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        let (first, is_begun, is_ended) = if call.starts_with("<...") {
            (begun.remove(thread).unwrap_or_default(), false, true)
        } else if call.ends_with("<unfinished ...>") {
            begun.insert(thread, call);
            (call, true, false)
        } else {
            (call, true, true)
        };
        let on_store = first.contains("/store/sled/db>");
        if on_store && first.starts_with("pwrite64(") {
            state = State::Written;
        } else if on_store && first.starts_with("fdatasync(") {
            if is_begun && state == State::Written {
                state = State::Syncing;
            }
            if is_ended && state == State::Syncing {
                state = if call.ends_with("= 0") {
                    State::Synced
                } else {
                    State::Written
                };
            }
        } else if is_begun && first.contains("\"HTTP/1.1 2") {
            match state {
                State::Clean => {}
                State::Synced => verdict.in_order += 1,
                State::Written | State::Syncing => verdict.too_early += 1,
            }
            state = State::Clean;
        }
    }
    verdict
}

/// Where the store's file stands since the last answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Clean,
    Written,
    Syncing,
    Synced,
}

const UPLOADS: usize = 100;
const CALLS: &str = "trace=pwrite64,fdatasync,sendto,sendmsg,write,writev";

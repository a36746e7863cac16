//! The canary: a document with known words goes through a whole life, and nothing that the server stores, logs or sees
//! of the network may tell them. Controls plant one leak in each place, so that silence means something.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests; they print what they counted"
)]

mod seen;
mod story;

use cli::canary::needle::{Haystacks, Leak};
use server::store::{Batch, MetaStore, Options, SledStore, Table};
use tests::{logs, world::plain_get};
use tracing::warn;

use crate::story::{NAME, SIZE, Story};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_the_document() {
    let logs = logs::keep();
    let mut story = Story::live().await;
    let needles = story.canary().needles();
    let stacks = story.haystacks(&logs).await;
    println!(
        "canary: {} forms of {} secrets, in {} places with {} bytes",
        needles.len(),
        story.secrets(),
        stacks.places(),
        stacks.len()
    );
    for (place, bytes) in stacks.sizes() {
        println!("canary: {bytes:>10} bytes in {place}");
    }
    assert!(
        story.stored_bytes() > 2 * SIZE,
        "the documents are in what was searched"
    );
    assert!(
        logs.text().contains("/api/v1/uploads"),
        "the requests are in the logs that were searched"
    );
    let leaks = stacks.search(&needles);
    assert!(leaks.is_empty(), "{}", list(&leaks));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_in_the_store_is_found() {
    let logs = logs::keep();
    let mut story = Story::live().await;
    story.world.stop().await;
    let store = SledStore::open(&story.world.data().join("store"), Options::new(0)).unwrap();
    let mut batch = Batch::default();
    batch.put.push((
        Table::Meta,
        b"planted".to_vec(),
        [b"xx".as_slice(), &SIZE.to_be_bytes(), b"x"].concat(),
    ));
    store.commit(batch).await.unwrap();
    drop(store);
    let leaks = story.haystacks(&logs).await.search(&story.canary().needles());
    found(&leaks, "store/", "size as 8 bytes, big end first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_in_the_log_is_found() {
    let logs = logs::keep();
    let mut story = Story::live().await;
    warn!(document = NAME, "planted");
    let leaks = story.haystacks(&logs).await.search(&story.canary().needles());
    found(&leaks, "log", "name as UTF-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_in_the_traffic_is_found() {
    let logs = logs::keep();
    let mut story = Story::live().await;
    let escaped: String = NAME.bytes().map(|byte| format!("%{byte:02X}")).collect();
    plain_get(
        story.recorder.address(),
        &format!("/api/v1/deployment?{escaped}"),
        "",
    )
    .await
    .unwrap();
    let leaks = story.haystacks(&logs).await.search(&story.canary().needles());
    found(
        &leaks,
        "connection",
        "name as UTF-8 percent-encoded (every byte, upper-case hex)",
    );
}

/// Exactly the planted leak, in its place and form: others would be real.
#[track_caller]
fn found(leaks: &[Leak], place: &str, what: &str) {
    assert!(!leaks.is_empty(), "the planted leak was not found");
    for leak in leaks {
        assert!(
            leak.place.starts_with(place) && leak.what == what,
            "another leak: {leak}"
        );
    }
}

fn list(leaks: &[Leak]) -> String {
    leaks
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn an_empty_search_is_not_a_pass() {
    assert!(Haystacks::default().is_empty());
}

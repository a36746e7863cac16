//! The complete list of what the server does see for one document, made from the wire and compared with SECURITY.md.

use std::collections::BTreeMap;

use base64::BASE64URL_NOPAD;
use cli::canary::{grammar, wire::Request};
use sdk::flows::{account::Draft, watch::Watch};
use server::store::{MetaStore, Options, SledStore, Table};
use tests::{recorder::Recorder, world::World};

use crate::story::{HANDLE, device, document, new_document};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_what_security_md_lists() {
    let mut world = World::start(|_| {}).await.unwrap();
    let recorder = Recorder::before(world.address()).await.unwrap();
    let safe = Draft::make(device(&world, &recorder, "one"))
        .unwrap()
        .register(HANDLE, "a phrase for one test")
        .await;
    let safe = safe.unwrap();
    safe.sync().await.unwrap();
    let before = requests(&recorder);
    safe.upload(&document(), &new_document(None), &Watch::none())
        .await
        .unwrap();

    let requests = requests(&recorder);
    for request in &requests {
        grammar::judge(request).unwrap();
    }
    let new: Vec<&Request> = requests
        .iter()
        .filter(|request| !before.contains(request))
        .collect();
    let mut seen = seen(&new);
    drop(safe);
    world.stop().await;
    seen.extend(kept(&world).await);
    println!("what the server sees for one document, with one value of each:");
    for (line, value) in &seen {
        println!("{line} = {value}");
    }
    println!("and: the client's address, the time of each request, the number of requests and their sizes");

    let written = listed();
    let lines: Vec<&String> = seen.keys().collect();
    assert!(
        lines.iter().copied().eq(written.iter()),
        "SECURITY.md should list:\n{}",
        join(&lines)
    );
}

/// Every place where these requests carry a value, with the first value. What all of them carry is named once.
fn seen(requests: &[&Request]) -> BTreeMap<String, String> {
    let everywhere = |place: &str| {
        place.starts_with("header")
            && requests
                .iter()
                .all(|request| request.values().iter().any(|(p, _)| p == place))
    };
    let mut seen = BTreeMap::new();
    for request in requests {
        for (place, value) in request.values() {
            let who = if everywhere(&place) {
                "every request".to_owned()
            } else {
                request.title()
            };
            seen.entry(format!("{who}: {place}"))
                .or_insert_with(|| told(&value));
        }
    }
    seen
}

/// The kinds of rows in the store of a server that holds one account with one document, and how many bytes of each.
async fn kept(world: &World) -> BTreeMap<String, String> {
    let store = SledStore::open(&world.data().join("store"), Options::new(0)).unwrap();
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for table in Table::ALL {
        for (key, value) in store.scan(table, &[], None, 10_000).await.unwrap() {
            let kind = if table == Table::Log {
                '-'
            } else {
                char::from(key[0])
            };
            let (rows, bytes) = kinds.entry(format!("kept: {table:?} {kind}")).or_default();
            *rows += 1;
            *bytes += value.len();
        }
    }
    kinds
        .into_iter()
        .map(|(kind, (rows, bytes))| (kind, format!("{rows} rows, {bytes} bytes")))
        .collect()
}

/// A value as a person reads it: the length and the kind of bytes in base64url, anything else as it stands.
fn told(value: &str) -> String {
    match BASE64URL_NOPAD.decode(value.as_bytes()) {
        Ok(bytes) if bytes.len() > 12 => {
            let kind: String = bytes[..4].iter().map(|byte| char::from(*byte)).collect();
            let known = ["CVB1", "CAR1", "CVH1"].contains(&kind.as_str());
            format!(
                "{} bytes{}",
                bytes.len(),
                if known { format!(", {kind}") } else { String::new() }
            )
        }
        _ => value.to_owned(),
    }
}

/// Every request so far, by connection.
fn requests(recorder: &Recorder) -> Vec<Request> {
    let streams = recorder.streams();
    streams
        .iter()
        .filter(|stream| stream.name.ends_with("to the server"))
        .flat_map(|stream| Request::all(&stream.bytes))
        .collect()
}

/// The lines of the block that follows the heading on one document.
fn listed() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../SECURITY.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text
        .split("What the server sees for one document")
        .nth(1)
        .unwrap_or_default();
    let block = section.split("```").nth(1).unwrap_or_default();
    block
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn join(lines: &[&String]) -> String {
    lines
        .iter()
        .map(|line| line.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

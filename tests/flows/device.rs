//! The native device: the folder that keeps things, the transport that reads no more than it may.

use std::rc::Rc;
use std::time::{Duration, Instant};

use sdk::error::{ApiError, LocalError, TransportError};
use sdk::flows::login::{self, OpenError};
use sdk::flows::{Method, Request, Source, Transport};
use sdk::native::{DiskFile, Folder, Http, Patience, SystemClock, SystemRandom};
use sdk::{Device, LocalStore};
use tests::person::{Desk, Person};
use tests::world::World;

use crate::world;

#[tokio::test]
async fn a_folder_keeps_values_whole_and_refuses_strange_keys() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path()).unwrap();
    assert_eq!(folder.get("pin/a").await, Ok(None));
    folder.put("pin/a", b"1").await.unwrap();
    folder.put("pin/a", b"2").await.unwrap();
    folder.put("pin/b/c", b"3").await.unwrap();
    folder.put("journal/x", b"").await.unwrap();
    // A write that was cut off leaves its beginning beside the old value: it is no key.
    std::fs::write(place.path().join("pin/a.new"), b"half").unwrap();
    let again = Folder::open(place.path()).unwrap();
    assert_eq!(again.get("pin/a").await, Ok(Some(b"2".to_vec())));
    assert_eq!(again.list("pin/").await.unwrap(), ["pin/a", "pin/b/c"]);
    again.delete("pin/a").await.unwrap();
    again.delete("pin/a").await.unwrap();
    assert_eq!(again.list("").await.unwrap(), ["journal/x", "pin/b/c"]);
    for strange in ["", "/etc/passwd", "../x", "a//b", "a/", "a b", "pin/a.new", "é"] {
        assert_eq!(folder.put(strange, b"x").await, Err(LocalError), "{strange:?}");
    }
}

#[tokio::test]
async fn a_file_that_became_shorter_fails_to_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("scan.pdf");
    std::fs::write(&path, [7; 100]).unwrap();
    let file = DiskFile::open(&path).unwrap();
    assert_eq!(file.read(90, 10).await.unwrap(), [7; 10]);
    std::fs::write(&path, [7; 50]).unwrap();
    assert!(file.read(90, 10).await.is_err());
    assert!(DiskFile::open(place.path()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_stops_reading_at_its_bound_and_says_when_nobody_answers() {
    let mut world = world().await;
    let http = Http::new(&world.origin()).unwrap();
    let request = |max_answer| Request {
        method: Method::Get,
        path: shared::path::DEPLOYMENT.to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        max_answer,
    };
    assert_eq!(http.send(request(1 << 10)).await.unwrap().status, 200);
    assert_eq!(http.send(request(10)).await.unwrap_err(), TransportError::TooLong);
    world.stop().await;
    assert_eq!(
        http.send(request(1 << 10)).await.unwrap_err(),
        TransportError::Offline
    );
}

#[tokio::test]
async fn a_server_that_takes_a_request_and_says_nothing_is_as_good_as_none() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let patience = Patience {
        small: Duration::from_millis(300),
        ..Patience::default()
    };
    let http = Http::with_patience(&format!("http://{address}"), patience).unwrap();
    let request = Request {
        method: Method::Get,
        path: shared::path::DEPLOYMENT.to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        max_answer: 1 << 10,
    };
    let begun = Instant::now();
    assert_eq!(http.send(request).await.unwrap_err(), TransportError::Offline);
    assert!(begun.elapsed() >= Duration::from_millis(300), "it was waited for");
    assert!(begun.elapsed() < Duration::from_secs(60), "and not for ever");
}

/// A device whose clock, store and randomness are those of the platform.
fn native(world: &World) -> Rc<Device> {
    let folder = Folder::open(world.folder().join("device")).unwrap();
    let http = Http::new(&world.origin()).unwrap();
    Device::new(
        Rc::new(http),
        Rc::new(SystemClock),
        Box::new(SystemRandom),
        Rc::new(folder),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_device_opens_an_account_and_remembers() {
    let world = world().await;
    let (alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("bail.pdf", b"le bail").await;
    let unlocked = login::open(native(&world), &alice.handle, &alice.phrase)
        .await
        .unwrap();
    assert!(unlocked.sync().await.unwrap().first_time.is_some());
    let unlocked = login::open(native(&world), &alice.handle, &alice.phrase)
        .await
        .unwrap();
    assert!(unlocked.sync().await.unwrap().first_time.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_cannot_be_read_is_no_first_visit() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let damage = |kind: &str| {
        let mut drawer = desk.drawer.0.borrow_mut();
        let found = drawer
            .iter_mut()
            .find(|(key, _)| key.starts_with("pin/") && key.contains(kind));
        found.unwrap().1.truncate(5);
    };
    damage("/head/");
    assert!(matches!(
        safe.sync().await,
        Err(sdk::flows::collection::SyncError::Local(LocalError))
    ));
    damage("/manifest");
    let opened = login::open(desk.device(), &alice.handle, &alice.phrase).await;
    assert!(matches!(opened, Err(OpenError::Device)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_network_is_said_as_such() {
    let world = world().await;
    let desk = Desk::new(&world);
    desk.line.cut();
    let cut = login::open(desk.device(), "alice", "une phrase").await;
    assert!(matches!(cut, Err(OpenError::Api(ApiError::Offline))));
}

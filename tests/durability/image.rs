//! Images of a power cut: after each real sync the store's files are copied. Each copy must open, and hold
//! everything that anybody was told is stored before the next sync was over. A copy is taken while writes go on,
//! so its tail is torn as a cut would tear it; some images are torn further, block by block.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::dice::Dice;
use server::store::{Batch, BlobStore, Expect, MetaStore, Options, SledStore, Table};

/// What callers of the store were told, in order.
#[derive(Clone, Copy)]
enum Event {
    Created(u64),
    Deleting(u64),
    Deleted(u64),
}

#[derive(Default)]
struct Run {
    events: Vec<Event>,
    syncs: usize,
    /// Copies, and how many events had happened when the next sync was over.
    images: Vec<(PathBuf, Option<usize>)>,
}

type Shared = Arc<Mutex<Run>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_hold_everything_acknowledged_before_the_next_sync() {
    for round in 0..rounds() {
        images_of_one_store(round).await;
    }
}

async fn images_of_one_store(round: u64) {
    let folder = tempfile::tempdir().unwrap();
    let run = Shared::default();
    let mut options = Options::new(0);
    options.hook = Some(copier(&run, folder.path().join("images")));
    let store = Arc::new(SledStore::open(&folder.path().join("store"), options).unwrap());
    let enough =
        |run: &Run| run.images.len() >= 2 * IMAGES && run.images.iter().all(|(_, must)| must.is_some());
    work(&store, &run, enough).await;
    drop(store);

    let run = std::mem::take(&mut *run.lock().unwrap());
    let mut checked = 0;
    for (pair, seed) in run.images.chunks(2).zip(round * 1_000..) {
        let [(first, Some(must)), (second, _)] = pair else {
            panic!("an image without its sync")
        };
        let torn = first.with_extension("torn");
        tear(first, second, &torn, seed);
        for image in [first, &torn] {
            let wrong = check(image, &run.events[..*must]).await;
            assert!(wrong.is_empty(), "{}: {wrong:?}", image.display());
            fs::remove_dir_all(image).unwrap();
        }
        checked += 1;
    }
    println!(
        "{} syncs, {} events, {checked} images and as many torn ones",
        run.syncs,
        run.events.len()
    );
    assert_eq!(checked, IMAGES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sync_the_last_image_lacks_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let run = Shared::default();
    drop(SledStore::open(&path, Options::new(0)).unwrap());
    let image = folder.path().join("image");
    copy(&path, &image);
    let mut options = Options::new(0);
    options.hook = Some(copier(&run, folder.path().join("images")));
    options.sync = false;
    let store = Arc::new(SledStore::open(&path, options).unwrap());
    work(&store, &run, |run| run.events.len() >= 100).await;
    drop(store);
    let run = std::mem::take(&mut *run.lock().unwrap());
    assert_eq!(run.syncs, 0, "there was no sync to copy at");
    assert!(!check(&image, &run.events).await.is_empty());
}

/// Copies at two syncs in a row, then lets one pass.
fn copier(run: &Shared, images: PathBuf) -> server::store::SyncHook {
    let run = Arc::clone(run);
    Arc::new(move |engine: &Path| {
        let (sync, taken, run_in) = {
            let mut run = run.lock().unwrap();
            let happened = run.events.len();
            if let Some((_, must @ None)) = run.images.last_mut() {
                *must = Some(happened);
            }
            run.syncs += 1;
            (run.syncs, run.images.len(), happened > 150)
        };
        if run_in && sync % 3 < 2 && taken < 2 * IMAGES && (sync % 3 == 1 || taken % 2 == 0) {
            let image = images.join(taken.to_string());
            copy(engine.parent().unwrap(), &image);
            run.lock().unwrap().images.push((image, None));
        }
    })
}

/// Eight clients create and delete documents until `enough`.
async fn work(store: &Arc<SledStore>, run: &Shared, enough: fn(&Run) -> bool) {
    let clients: Vec<_> = (0..8_u64)
        .map(|client| {
            let (store, run) = (Arc::clone(store), Arc::clone(run));
            tokio::spawn(async move {
                for step in 0.. {
                    if enough(&run.lock().unwrap()) {
                        return;
                    }
                    let document = client << 32 | step;
                    create(&store, document).await;
                    run.lock().unwrap().events.push(Event::Created(document));
                    if step % 3 == 2 {
                        run.lock().unwrap().events.push(Event::Deleting(document - 1));
                        delete(&store, document - 1).await;
                        run.lock().unwrap().events.push(Event::Deleted(document - 1));
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

async fn create(store: &SledStore, document: u64) {
    for part in 0..2 {
        store
            .put_part(body(document), part, content(document, part).into())
            .await
            .unwrap();
    }
    let batch = Batch {
        expect: vec![(Table::Body, body(document).to_vec(), Expect::Absent)],
        put: vec![(Table::Body, body(document).to_vec(), content(document, 9))],
        append: vec![body(document).to_vec()],
        ..Batch::default()
    };
    store.commit(batch).await.unwrap();
}

async fn delete(store: &SledStore, document: u64) {
    store.delete_body(body(document)).await.unwrap();
    let delete = vec![(Table::Body, body(document).to_vec())];
    store
        .commit(Batch {
            delete,
            ..Batch::default()
        })
        .await
        .unwrap();
}

/// Opens an image and says what is wrong with it.
async fn check(image: &Path, events: &[Event]) -> Vec<String> {
    let store = match SledStore::open(image, Options::new(0)) {
        Ok(store) => store,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    let mut fate = HashMap::new();
    for event in events {
        match *event {
            Event::Created(document) => fate.insert(document, Some(true)),
            Event::Deleting(document) => fate.insert(document, None),
            Event::Deleted(document) => fate.insert(document, Some(false)),
        };
    }
    for (document, fate) in fate {
        let record = store.get(Table::Body, &body(document)).await.unwrap();
        match (fate, record) {
            (Some(true), None) => wrong.push(format!("{document:x} is lost")),
            (Some(true), Some(record)) if record != content(document, 9) => wrong.push("other record".into()),
            (Some(false), Some(_)) => wrong.push(format!("{document:x} came back")),
            _ => {}
        }
    }
    wrong.extend(dangling(&store).await);
    let log = store.scan(Table::Log, b"", None, usize::MAX).await.unwrap();
    if (0_u64..)
        .zip(&log)
        .any(|(index, (key, _))| *key != index.to_be_bytes())
    {
        wrong.push("the log has a gap".into());
    }
    let scrub = store.scrub(Duration::ZERO).await.unwrap();
    wrong.extend(scrub.findings.iter().map(ToString::to_string));
    wrong
}

/// Records that name parts which are not there, except while their body is being deleted.
async fn dangling(store: &SledStore) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut deleting = 0;
    for (key, _) in store.scan(Table::Body, b"", None, usize::MAX).await.unwrap() {
        let id: [u8; 16] = key.try_into().unwrap();
        let document = u64::from_be_bytes(id[..8].try_into().unwrap());
        for part in 0..2 {
            match store.part(id, part).await.unwrap() {
                Some(bytes) if bytes == content(document, part) => {}
                Some(_) => wrong.push(format!("part {part} of {document:x} is another")),
                None => deleting += 1,
            }
        }
    }
    // Each of eight clients deletes at most one body of two parts at a time.
    if deleting > 16 {
        wrong.push(format!("{deleting} parts are missing"));
    }
    wrong
}

fn body(document: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&document.to_be_bytes());
    id
}

fn content(document: u64, part: u32) -> Vec<u8> {
    let mut dice = Dice(document << 8 | u64::from(part) | 1);
    let len = if part == 9 { 200 } else { 1 + dice.next() % 90_000 };
    (0..len).map(|_| dice.next() as u8).collect()
}

/// Copies a store: its format file and the engine's files.
fn copy(store: &Path, to: &Path) {
    fs::create_dir_all(to.join("sled/blobs")).unwrap();
    // The mark first: it may say less than the engine's files hold, never more.
    if let Ok(mark) = fs::read(store.join("mark")) {
        fs::write(to.join("mark"), mark).unwrap();
    }
    for file in fs::read_dir(store.join("sled")).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), to.join("sled").join(file.file_name())).unwrap();
        }
    }
    if let Ok(format) = fs::read(store.join("format")) {
        fs::write(to.join("format"), format).unwrap();
    }
}

/// An image between two others: every block of 4 KiB is the earlier one's or the later one's, by chance.
fn tear(first: &Path, second: &Path, to: &Path, seed: u64) {
    copy(second, to);
    let earlier = fs::read(first.join("sled/db")).unwrap();
    let mut torn = fs::read(second.join("sled/db")).unwrap();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for (at, block) in torn.chunks_mut(4_096).enumerate() {
        if dice.next().is_multiple_of(2) {
            let old = earlier.get(at * 4_096..).unwrap_or_default();
            let (there, beyond) = block.split_at_mut(old.len().min(block.len()));
            there.copy_from_slice(&old[..there.len()]);
            beyond.fill(0);
        }
    }
    fs::write(to.join("sled/db"), torn).unwrap();
}

/// Stores worked on, one after the other; `cargo xtask test deep` asks for 1,000 images.
fn rounds() -> u64 {
    if std::env::var_os("CIVIS_DEEP").is_some() {
        25
    } else {
        1
    }
}

/// Pairs of copies of one store.
const IMAGES: usize = 40;

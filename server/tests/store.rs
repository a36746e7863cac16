//! The stores: every implementation against the one conformance suite, and what sled alone promises: reopening,
//! formats, foreign folders, full disks, checksums, scrub. Specified in `spec/store.md`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use server::store::conformance as cases;
use server::store::{
    Batch, BlobStore, CommitError, Expect, Fault, Faulty, MemoryStore, MetaStore, OpenError, Options,
    PutError, SledStore, StoreError, Stored, Table, value_hash,
};
use tempfile::TempDir;

macro_rules! conformance {
    ($($store:ident: $make:expr;)*) => {$(
        mod $store {
            use super::*;
            conformance!(@ $make; compare_and_swap atomicity tables_are_apart log_order log_under_load values_go_with_entries scan_pages
                parts parts_race deletes bounds commits_race);
        }
    )*};
    (@ $make:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (store, _folder) = $make;
            cases::$case(Arc::new(store)).await;
        }
    )*};
}

conformance! {
    memory: (MemoryStore::new(), ());
    sled: fresh();
    faulty_without_fault: (Faulty::new(MemoryStore::new()), ());
}

fn fresh() -> (SledStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(folder.path()), folder)
}

fn open(path: &Path) -> SledStore {
    SledStore::open(path, Options::new(0)).unwrap()
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Batch {
    Batch {
        put: vec![(table, key.to_vec(), value.to_vec())],
        ..Batch::default()
    }
}

fn listing(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(listing(&entry.path()));
        } else {
            files.push((
                entry.path().display().to_string(),
                std::fs::read(entry.path()).unwrap(),
            ));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn a_store_opened_again_holds_everything_and_continues_its_log() {
    let (store, folder) = fresh();
    let part = Bytes::from(vec![5; 1_049_600]);
    store.put_part([1; 16], 0, part.clone()).await.unwrap();
    for i in 0..40_u8 {
        let batch = Batch {
            append: vec![vec![i]],
            ..put(Table::Account, &[i], &[i; 500])
        };
        assert_eq!(store.commit(batch).await.unwrap().first_index, u64::from(i));
    }
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.part([1; 16], 0).await.unwrap().unwrap(), part);
    assert_eq!(
        store.scan(Table::Account, b"", None, 100).await.unwrap().len(),
        40
    );
    let next = store
        .commit(Batch {
            append: vec![vec![]],
            ..Batch::default()
        })
        .await
        .unwrap();
    assert_eq!(next.first_index, 40);
}

#[tokio::test]
async fn the_engine_keeps_no_side_files() {
    let (store, folder) = fresh();
    for body in 0..6_u8 {
        for part in 0..4 {
            store
                .put_part([body; 16], part, vec![body; 1_049_600].into())
                .await
                .unwrap();
        }
        for key in 0..40 {
            store
                .commit(put(
                    Table::Page,
                    &[body, key],
                    &vec![key; server::store::VALUE_BYTES],
                ))
                .await
                .unwrap();
        }
    }
    assert!(store.delete_body([0; 16]).await.unwrap());
    let side_files = std::fs::read_dir(folder.path().join("sled/blobs"))
        .unwrap()
        .count();
    assert_eq!(side_files, 0);
}

#[tokio::test]
async fn a_store_in_use_is_refused() {
    let (store, folder) = fresh();
    assert!(matches!(
        SledStore::open(folder.path(), Options::new(0)),
        Err(OpenError::Locked)
    ));
    drop(store);
}

#[test]
fn a_store_of_a_newer_format_is_refused_and_not_touched() {
    let (store, folder) = fresh();
    drop(store);
    let format = folder.path().join("format");
    assert_eq!(
        std::fs::read_to_string(&format).unwrap(),
        "civis store format 1\n"
    );
    std::fs::write(&format, "civis store format 2\n").unwrap();
    let before = listing(folder.path());
    let refused = SledStore::open(folder.path(), Options::new(0));
    assert!(matches!(refused, Err(OpenError::Newer { found: 2, known: 1 })));
    std::fs::write(&format, "something else").unwrap();
    assert!(matches!(
        SledStore::open(folder.path(), Options::new(0)),
        Err(OpenError::NotAStore)
    ));
    std::fs::write(&format, "civis store format 2\n").unwrap();
    assert_eq!(listing(folder.path()), before);
}

#[test]
fn a_folder_with_an_unknown_file_is_not_touched() {
    for name in ["letter.pdf", "sled/db.bak"] {
        let (store, folder) = fresh();
        drop(store);
        std::fs::write(folder.path().join(name), "mine").unwrap();
        let before = listing(folder.path());
        let refused = SledStore::open(folder.path(), Options::new(0));
        assert!(matches!(refused, Err(OpenError::Foreign(path)) if path.ends_with(name)));
        assert_eq!(listing(folder.path()), before);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.pdf"), "mine").unwrap();
    assert!(matches!(
        SledStore::open(folder.path(), Options::new(0)),
        Err(OpenError::Foreign(_))
    ));
    assert_eq!(listing(folder.path()).len(), 1);
}

#[test]
fn a_store_that_lost_its_files_is_not_started_empty() {
    let (store, folder) = fresh();
    drop(store);
    std::fs::remove_dir_all(folder.path().join("sled")).unwrap();
    assert!(matches!(
        SledStore::open(folder.path(), Options::new(0)),
        Err(OpenError::Missing)
    ));
}

#[tokio::test]
async fn a_creation_cut_short_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sled.new")).unwrap();
    std::fs::write(folder.path().join("sled.new/conf"), "half").unwrap();
    std::fs::write(folder.path().join("format.new"), "civis").unwrap();
    let store = open(folder.path());
    store.commit(put(Table::Meta, b"key", b"value")).await.unwrap();
    drop(store);
    std::fs::remove_file(folder.path().join("format")).unwrap();
    let store = open(folder.path());
    assert_eq!(store.get(Table::Meta, b"key").await.unwrap().unwrap(), b"value");
}

#[tokio::test]
async fn below_the_floor_parts_are_refused_then_records_and_reading_goes_on() {
    let (store, folder) = fresh();
    store.commit(put(Table::Meta, b"key", b"value")).await.unwrap();
    store
        .put_part([1; 16], 0, Bytes::from_static(b"part"))
        .await
        .unwrap();
    drop(store);
    let disk = rustix::fs::statvfs(folder.path()).unwrap();
    let free = disk.f_bavail * disk.f_frsize;
    // Between the floor and half of it.
    let store = SledStore::open(folder.path(), Options::new(free + free / 2)).unwrap();
    assert_eq!(
        store.put_part([1; 16], 1, Bytes::from_static(b"part")).await,
        Err(PutError::Full)
    );
    assert_eq!(
        store.put_part([1; 16], 0, Bytes::from_static(b"part")).await,
        Ok(Stored::Same)
    );
    store.commit(put(Table::Meta, b"key", b"other")).await.unwrap();
    drop(store);
    let store = SledStore::open(folder.path(), Options::new(u64::MAX)).unwrap();
    assert_eq!(
        store.commit(put(Table::Meta, b"key", b"third")).await,
        Err(CommitError::Full)
    );
    assert_eq!(store.get(Table::Meta, b"key").await.unwrap().unwrap(), b"other");
    let freeing = Batch {
        frees: true,
        ..put(Table::Meta, b"key", b"marked")
    };
    store.commit(freeing).await.unwrap();
    assert_eq!(store.get(Table::Meta, b"key").await.unwrap().unwrap(), b"marked");
    assert!(store.delete_body([1; 16]).await.unwrap());
    assert!(store.parts([1; 16]).await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_reads_what_a_crash_could_undo() {
    let folder = tempfile::tempdir().unwrap();
    let (entered, gate) = (
        Arc::new(std::sync::Barrier::new(2)),
        Arc::new(std::sync::Barrier::new(2)),
    );
    let mut options = Options::new(0);
    let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    options.hook = Some({
        let (entered, gate, armed) = (Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&armed));
        Arc::new(move |_| {
            if armed.swap(false, std::sync::atomic::Ordering::SeqCst) {
                entered.wait();
                gate.wait();
            }
        })
    });
    let store = Arc::new(SledStore::open(folder.path(), options).unwrap());
    store.commit(put(Table::Meta, b"other", b"1")).await.unwrap();
    armed.store(true, std::sync::atomic::Ordering::SeqCst);
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(put(Table::Meta, b"key", b"value")).await }
    });
    tokio::task::spawn_blocking(move || entered.wait()).await.unwrap();
    // The batch is applied and its sync not yet told: readers of that key wait, others do not.
    let patience = Duration::from_millis(300);
    assert!(
        tokio::time::timeout(patience, store.get(Table::Meta, b"key"))
            .await
            .is_err()
    );
    assert!(
        tokio::time::timeout(patience, store.scan(Table::Meta, b"k", None, 9))
            .await
            .is_err()
    );
    assert!(
        tokio::time::timeout(patience, store.get(Table::Meta, b"other"))
            .await
            .is_ok()
    );
    assert!(
        tokio::time::timeout(patience, store.scan(Table::Meta, b"o", None, 9))
            .await
            .is_ok()
    );
    tokio::task::spawn_blocking(move || gate.wait()).await.unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(store.get(Table::Meta, b"key").await.unwrap().unwrap(), b"value");
}

#[tokio::test]
async fn both_kinds_of_failed_write_end_well_when_repeated() {
    for fault in [Fault::NotPersisted, Fault::PersistedButFailed, Fault::Full] {
        let store = Faulty::new(MemoryStore::new());
        for write in 0..2 {
            store.fail_write(write * 2, fault);
        }
        let part = Bytes::from_static(b"part");
        assert!(store.put_part([1; 16], 0, part.clone()).await.is_err());
        let persisted = fault == Fault::PersistedButFailed;
        assert_eq!(store.parts([1; 16]).await.unwrap().len(), usize::from(persisted));
        let expected = if persisted { Stored::Same } else { Stored::New };
        assert_eq!(store.put_part([1; 16], 0, part).await, Ok(expected));
        let create = || Batch {
            expect: vec![(Table::Body, vec![1], Expect::Absent)],
            ..put(Table::Body, &[1], b"record")
        };
        assert!(store.commit(create()).await.is_err());
        let again = store.commit(create()).await;
        assert_eq!(again.is_err(), persisted);
        let there = store.get(Table::Body, &[1]).await.unwrap().unwrap();
        assert_eq!(value_hash(&there), value_hash(b"record"));
        assert_eq!(store.writes(), 4);
    }
}

/// Flips a bit in every copy of `marker` that the engine's file holds.
fn flip_on_disk(store: &Path, marker: &[u8]) {
    let data = store.join("sled/db");
    let mut bytes = std::fs::read(&data).unwrap();
    let starts = 0..bytes.len() - marker.len();
    let places: Vec<usize> = starts.filter(|at| bytes[*at..].starts_with(marker)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + marker.len() / 2] ^= 1;
    }
    std::fs::write(&data, bytes).unwrap();
}

#[tokio::test]
async fn a_bit_flipped_in_the_newest_writes_is_not_taken_for_their_end() {
    let (store, folder) = fresh();
    store.commit(put(Table::Body, b"first", b"before")).await.unwrap();
    let marker: Vec<u8> = (0..1_000_u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    store.put_part([1; 16], 0, marker.clone().into()).await.unwrap();
    store.commit(put(Table::Body, b"second", b"after")).await.unwrap();
    drop(store);
    flip_on_disk(folder.path(), &marker);
    let opened = SledStore::open(folder.path(), Options::new(0));
    assert!(matches!(
        opened,
        Err(OpenError::RolledBack { known: 2, found: 1 })
    ));
}

#[tokio::test]
async fn a_bit_flipped_in_older_writes_is_never_served() {
    let (store, folder) = fresh();
    let marker: Vec<u8> = (0..1_000_u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    store.put_part([1; 16], 0, marker.clone().into()).await.unwrap();
    // Later writes fill segments of their own.
    for part in 0..20 {
        store
            .put_part([0x70; 16], part, vec![1; 1_049_600].into())
            .await
            .unwrap();
    }
    store.commit(put(Table::Body, b"key", b"value")).await.unwrap();
    drop(store);
    // Opening makes the engine write down where everything stands.
    drop(open(folder.path()));
    flip_on_disk(folder.path(), &marker);
    let store = open(folder.path());
    let read = store.part([1; 16], 0).await;
    assert!(
        matches!(read, Err(StoreError::Corrupt { table: "slices", .. })),
        "{:?}",
        read.map(|_| ())
    );
    assert_eq!(
        store.part([0x70; 16], 19).await.unwrap().unwrap(),
        vec![1; 1_049_600]
    );
    assert_eq!(store.get(Table::Body, b"key").await.unwrap().unwrap(), b"value");
    let scrub = store.scrub(Duration::ZERO).await.unwrap();
    assert!(scrub.found >= 1);
}

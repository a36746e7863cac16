//! A full disk: a file system of 64 MB is filled until the store, then the server, says so. What was acknowledged
//! before stays, and is served. Mounting needs the rights of root: without them the tests fail and say so.

use std::path::{Path, PathBuf};
use std::process::Command;

use sdk::flows::Watch;
use sdk::flows::upload::UploadError;
use server::store::{
    Batch, BlobStore, CommitError, MetaStore, Options, PutError, SledStore, StoreError, Table,
};
use shared::ErrorCode;
use tempfile::TempDir;
use tests::person::document;

use crate::dice::Dice;
use crate::process::{Server, Setup};

/// A file system of its own, in memory, of 64 MB.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub(crate) fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64m", "civis-test"])
            .arg(folder.path());
        let done = mount.status().is_ok_and(|status| status.success());
        assert!(
            done,
            "this test mounts a tmpfs of 64 MB, which needs the rights of root"
        );
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is just ending may still hold its files.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_above_its_floor_fills_and_goes_on_when_there_is_room() {
    let disk = SmallDisk::mount();
    let floor = 24 << 20;
    let store = SledStore::open(&disk.path(), Options::new(floor)).unwrap();
    let stored = fill(&store).await;
    assert!(stored > 8, "{stored}");
    // Records still have the lower half of the floor.
    store.commit(record(1)).await.unwrap();
    assert_eq!(
        store.put_part([1; 16], stored, part(stored)).await,
        Err(PutError::Full)
    );
    all_there(&store, stored).await;
    drop(store);
    let store = SledStore::open(&disk.path(), Options::new(floor)).unwrap();
    all_there(&store, stored).await;
    assert!(
        store
            .get(Table::Meta, &1_u32.to_be_bytes())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_a_floor_meets_the_disks_end_without_losing_anything() {
    let disk = SmallDisk::mount();
    let store = SledStore::open(&disk.path(), Options::new(0)).unwrap();
    store.commit(record(1)).await.unwrap();
    let stored = fill(&store).await;
    assert!(stored > 16, "{stored}");
    // Records are smaller than what the engine writes for them: sooner or later a write of its own fails.
    let mut records = 0;
    let end = loop {
        match store.commit(record(2 + records)).await {
            Ok(_) => records += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(end, CommitError::Full);
    // What its last, failed write touched it may not be able to read either. It says so, and serves nothing else.
    for number in 0..stored {
        match store.part([1; 16], number).await {
            Ok(found) => assert_eq!(found.unwrap(), part(number)),
            Err(error) => assert_eq!(error, StoreError::Unavailable),
        }
    }
    drop(store);
    copy_and_check(&disk.path(), stored, records).await;
}

#[tokio::test]
async fn a_server_on_a_full_disk_says_507_and_serves_what_it_has() {
    let disk = SmallDisk::mount();
    let device = tempfile::tempdir().unwrap();
    let setup = Setup {
        min_free_bytes: 24 << 20,
        ..Setup::default()
    };
    let server = Server::start(&disk.path(), &setup);
    let account = server.register(device.path()).await;
    let content = |number: u64| Dice(number + 1).bytes(1_200_000);
    let mut saved = 0;
    let end = loop {
        let name = format!("{saved}.pdf");
        match account
            .upload(&content(saved), &document(&name), &Watch::none())
            .await
        {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    let UploadError::Api(end) = end else {
        panic!("{end}")
    };
    assert_eq!(end.problem_code(), Some(ErrorCode::StorageFull));
    assert_eq!(ErrorCode::StorageFull.status(), 507);
    assert!(saved > 4, "{saved}");
    server.kill();
    let server = Server::start(&disk.path(), &setup);
    let account = server.open(device.path()).await;
    for number in 0..saved {
        let name = format!("{number}.pdf");
        let item = account.list().into_iter().find(|item| item.name == name).unwrap();
        let mut read = Vec::new();
        account
            .download(&item.id, &mut read, &Watch::none())
            .await
            .unwrap();
        assert!(read == content(number), "{name}");
    }
    // Records still have room: who is full can put things into the trash.
    let first = account.list().into_iter().next().unwrap();
    account.trash(&first.id).await.unwrap();
    server.stop();
}

/// On a disk with room everything acknowledged is there, and writing goes on.
async fn copy_and_check(full: &Path, stored: u32, records: u32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(full)
        .arg(&path)
        .status()
        .unwrap();
    assert!(copied.success());
    let store = SledStore::open(&path, Options::new(0)).unwrap();
    all_there(&store, stored).await;
    assert!(
        store
            .get(Table::Meta, &1_u32.to_be_bytes())
            .await
            .unwrap()
            .is_some()
    );
    for key in 0..records {
        assert!(
            store
                .get(Table::Meta, &(2 + key).to_be_bytes())
                .await
                .unwrap()
                .is_some(),
            "record {key}"
        );
    }
    store.commit(record(1)).await.unwrap();
}

/// Stores parts until the disk is full; how many were acknowledged.
async fn fill(store: &SledStore) -> u32 {
    for number in 0.. {
        match store.put_part([1; 16], number, part(number)).await {
            Ok(_) => {}
            Err(PutError::Full) => return number,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("the disk ends before the numbers do")
}

async fn all_there(store: &SledStore, stored: u32) {
    for number in 0..stored {
        assert_eq!(
            store.part([1; 16], number).await.unwrap().unwrap(),
            part(number),
            "part {number}"
        );
    }
}

fn part(number: u32) -> bytes::Bytes {
    (0..1_049_600_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) ^ number).to_be_bytes()[1])
        .collect()
}

fn record(key: u32) -> Batch {
    Batch {
        put: vec![(Table::Meta, key.to_be_bytes().to_vec(), vec![1; 50_000])],
        ..Batch::default()
    }
}

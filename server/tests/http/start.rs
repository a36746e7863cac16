//! The data folder: what a first start makes, and when the server refuses to start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use server::config::Restored;
use server::store::{Batch, MetaStore};
use server::{Config, LogError, OpenError, Restoration, State};

fn config(data: &Path) -> Config {
    Config {
        data: data.to_owned(),
        min_free_bytes: 1 << 20,
        ..Config::default()
    }
}

/// The engine gives its lock back a moment after it is dropped.
pub(crate) async fn open(config: &Config) -> Result<State, OpenError> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match server::open(config).await {
            Err(OpenError::Locked(_) | OpenError::Store(_)) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

#[tokio::test]
async fn a_first_start_makes_one_deployment_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder.path().join("data"));
    let first = open(&config).await.unwrap();
    let id = first.deployment_id();
    assert!(matches!(server::open(&config).await, Err(OpenError::Locked(_))));
    drop(first);
    let keys = config.data.join("keys");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&keys), mode(&keys.join("opaque.setup"))), (0o700, 0o600));
    let again = open(&config).await.unwrap();
    assert_eq!(again.deployment_id(), id);
}

#[tokio::test]
async fn a_store_without_its_login_setup_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    drop(open(&config).await.unwrap());
    let setup = config.data.join("keys/opaque.setup");
    let aside = config.data.join("keys/aside");
    std::fs::rename(&setup, &aside).unwrap();
    assert!(matches!(open(&config).await, Err(OpenError::SetupMissing(_))));
    assert!(!setup.exists(), "nothing was made in its place");

    let other = tempfile::tempdir().unwrap();
    drop(open(&self::config(other.path())).await.unwrap());
    std::fs::copy(other.path().join("keys/opaque.setup"), &setup).unwrap();
    assert!(matches!(open(&config).await, Err(OpenError::SetupOther(_))));

    let mut bytes = std::fs::read(&aside).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&setup, bytes).unwrap();
    assert!(matches!(open(&config).await, Err(OpenError::Setup { .. })));

    std::fs::rename(&aside, &setup).unwrap();
    open(&config).await.unwrap();
}

#[tokio::test]
async fn a_first_start_that_was_cut_goes_on_with_its_setup() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    drop(open(&config).await.unwrap());
    let setup = std::fs::read(config.data.join("keys/opaque.setup")).unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while std::fs::remove_dir_all(config.data.join("store")).is_err() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    open(&config).await.unwrap();
    assert_eq!(
        std::fs::read(config.data.join("keys/opaque.setup")).unwrap(),
        setup
    );
}

#[tokio::test]
async fn a_store_that_is_older_than_its_log_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder.path().join("data"));
    let aside = folder.path().join("older");
    drop(open(&config).await.unwrap());
    copy(&config.data.join("store"), &aside).await;
    let world = crate::world::World::of(open(&config).await.unwrap());
    crate::person::Person::create(&world, "marie").await;
    assert_eq!(world.state.publish().await.unwrap(), 5);
    drop(world);
    // As it was left, it goes on.
    assert_eq!(open(&config).await.unwrap().publish().await.unwrap(), 5);
    let newer = folder.path().join("newer");
    rename(&config.data.join("store"), &newer).await;
    rename(&aside, &config.data.join("store")).await;
    assert!(matches!(
        open(&config).await,
        Err(OpenError::Log(LogError::Shrunk))
    ));
    rename(&config.data.join("store"), &aside).await;
    rename(&newer, &config.data.join("store")).await;
    open(&config).await.unwrap();

    // Nor one whose log was signed with a key that is gone, or with another one.
    let key = config.data.join("keys/log.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(
        open(&config).await,
        Err(OpenError::Log(LogError::Missing(_)))
    ));
    let mut other = bytes.clone();
    other[10] ^= 1;
    std::fs::write(&key, other).unwrap();
    assert!(matches!(open(&config).await, Err(OpenError::Log(LogError::Key))));
    std::fs::write(&key, bytes).unwrap();
    open(&config).await.unwrap();
}

async fn copy(from: &Path, to: &Path) {
    closed(from).await;
    let status = std::process::Command::new("cp")
        .arg("-r")
        .args([from, to])
        .status();
    assert!(status.unwrap().success());
}

async fn rename(from: &Path, to: &Path) {
    closed(from).await;
    std::fs::rename(from, to).unwrap();
}

/// The engine lets go of its files a moment after it is dropped.
async fn closed(store: &Path) {
    let lock = std::fs::File::open(store.join("lock")).unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while lock.try_lock().is_err() {
        assert!(Instant::now() < until, "{} is still open", store.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The same for what is done with a folder that no server uses.
async fn restore(config: &Config, with: &Restored) -> Result<Restoration, OpenError> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match server::restore(config, with).await {
            Err(OpenError::Locked(_) | OpenError::Store(_)) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// Writes so many entries into the log of a server that does not run, and has them signed.
async fn grow(config: &Config, entries: usize) -> u64 {
    drop(open(config).await.unwrap());
    let (store, lock) = loop {
        match server::open_store(config).await {
            Ok(opened) => break opened,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let batch = Batch {
        append: vec![vec![1, 2, 3]; entries],
        ..Batch::default()
    };
    store.commit(batch).await.unwrap();
    drop((store, lock));
    let state = open(config).await.unwrap();
    state.publish().await.unwrap()
}

#[tokio::test]
async fn a_backup_goes_on_by_name_and_never_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let (store, copy) = (config.data.join("store"), folder.path().join("copy"));
    let kept = grow(&config, 3).await;
    copy_folder(&store, &copy);
    let size = grow(&config, 2).await;
    std::fs::remove_dir_all(&store).unwrap();
    copy_folder(&copy, &store);
    let is_refused =
        |opened: Result<State, OpenError>| matches!(opened, Err(OpenError::Log(LogError::Shrunk)));
    assert!(is_refused(open(&config).await));
    // Saying what it would do does nothing, and neither does a yes without a reason.
    let told = restore(&config, &Restored::default()).await.unwrap();
    assert_eq!((kept, size), (3, 5));
    assert_eq!((told.size, told.kept), (size, kept));
    let mut with = Restored {
        yes: true,
        ..Restored::default()
    };
    let refused = restore(&config, &with).await;
    assert!(matches!(refused, Err(OpenError::Log(LogError::Reason))));
    assert!(is_refused(open(&config).await));
    with.reason = Some("Disque en panne".to_owned());
    assert_eq!(restore(&config, &with).await.unwrap(), told);
    let state = open(&config).await.unwrap();
    assert_eq!(state.publish().await.unwrap(), kept + 1);
    assert!(matches!(
        server::restore(&config, &with).await,
        Err(OpenError::Locked(_))
    ));
    drop(state);
    let again = restore(&config, &with).await;
    assert!(matches!(again, Err(OpenError::Log(LogError::NotOlder))));
}

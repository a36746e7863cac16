//! The data folder: `lock`, `store/`, `keys/opaque.setup`. Opens what is there, or makes it, and never one without
//! the other (`spec/wire.md`, section 9).

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::id::Id;
use crypto::opaque::server::{Setup, SetupError};
use crypto::random::make_bytes;
use zeroize::Zeroizing;

use crate::audit::keep::write_whole;
use crate::audit::restore::Plan;
use crate::audit::{Log, LogError, Restoration};
use crate::config::{Config, Restored};
use crate::key;
use crate::row::{DeploymentRow, Row};
use crate::state::{State, System};
use crate::store::{self, Batch, CommitError, MetaStore, Options, SledStore, StoreError};
use crate::transact::Writes;

/// Why the server does not start. Nothing that was there has changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made, read or written.
    #[error("cannot use {}: {error}", .path.display())]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another server runs on this folder.
    #[error("another server uses {}", .0.display())]
    Locked(PathBuf),
    /// The store was not opened.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// The store failed at its first use.
    #[error("the store failed: {0}")]
    Read(#[from] StoreError),
    /// The store did not take its first write.
    #[error("the store failed: {0}")]
    Write(#[from] CommitError),
    /// The store knows its deployment, and the login setup is gone.
    #[error(
        "{} is missing, and every password of this store was made under it. Put it back from its own backup. If it is \
         lost for good, passwords are dead and people come back with their twelve words: the operator's guide says how",
        .0.display()
    )]
    SetupMissing(PathBuf),
    /// The login setup is of another deployment.
    #[error("{} belongs to another store: no password would open anything under it", .0.display())]
    SetupOther(PathBuf),
    /// The login setup does not read.
    #[error("{}: {error}", .path.display())]
    Setup {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: SetupError,
    },
    /// The log does not go on.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The row that names the deployment does not read.
    #[error("the store does not say which deployment it is of")]
    Deployment,
}

/// Opens the data folder of `config`, and makes what a first start needs.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(config: &Config) -> Result<State, OpenError> {
    make_folder(&config.data)?;
    let lock = take_lock(&config.data.join("lock"))?;
    let path = config.data.join("store");
    let options = Options::new(config.min_free_bytes);
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&path, options)).await;
    let store = opened.map_err(|_| StoreError::Unavailable)??;
    let store = Arc::new(store);
    let (setup, deployment_id) = identify(&config.data, store.as_ref()).await?;
    let log = Log::open(&config.data.join("keys"), store.as_ref(), &deployment_id, config).await?;
    Ok(State::new(config.clone(), store.clone(), store, setup, deployment_id, log).with_lock(lock))
}

/// Opens the store alone, for scrubbing.
///
/// # Errors
/// See [`OpenError`].
pub async fn open_store(config: &Config) -> Result<(SledStore, File), OpenError> {
    let (path, options) = (config.data.join("store"), Options::new(config.min_free_bytes));
    // Reading makes nothing.
    std::fs::metadata(&path).map_err(|error| OpenError::Folder {
        path: path.clone(),
        error,
    })?;
    let lock = take_lock(&config.data.join("lock"))?;
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&path, options)).await;
    Ok((opened.map_err(|_| StoreError::Unavailable)??, lock))
}

/// Looks at a store that came out of a backup, and goes on from it where `with` says yes (`spec/log.md`, section 7). Run
/// again, it finishes what was cut.
///
/// # Errors
/// See [`OpenError`]; what stands in the way of it is an [`LogError`].
pub async fn restore(config: &Config, with: &Restored) -> Result<Restoration, OpenError> {
    let given = with.last_checkpoint.as_ref().map(|path| {
        std::fs::read(path).map_err(|error| OpenError::Folder {
            path: path.clone(),
            error,
        })
    });
    let given = given.transpose()?;
    let (store, _lock) = open_store(config).await?;
    let (table, key) = key::deployment();
    let row = store.get(table, &key).await?.ok_or(OpenError::Deployment)?;
    let row = DeploymentRow::parse(&row).map_err(|_| OpenError::Deployment)?;
    let keys = config.data.join("keys");
    let plan = Plan::make(&keys, &store, &row.deployment_id, given.as_deref()).await?;
    if with.yes {
        let reason = with.reason.as_deref().unwrap_or_default();
        plan.carry_out(&keys, &store, reason).await?;
    }
    Ok(plan.told())
}

/// Which deployment this is. The setup file is durable before the store names it: a first start that is cut between
/// the two finds a file and no name, and goes on with that file.
async fn identify(data: &Path, store: &dyn MetaStore) -> Result<(Setup, Id), OpenError> {
    let path = data.join("keys").join("opaque.setup");
    let (table, key) = key::deployment();
    let known = store.get(table, &key).await?;
    let known = known
        .map(|bytes| DeploymentRow::parse(&bytes))
        .transpose()
        .map_err(|_| OpenError::Deployment)?;
    let stored = read_setup(&path)?;
    match (known, stored) {
        (Some(row), Some(setup)) if row.setup_id == *setup.setup_id() => Ok((setup, row.deployment_id)),
        (Some(_), Some(_)) => Err(OpenError::SetupOther(path)),
        (Some(_), None) => Err(OpenError::SetupMissing(path)),
        (None, stored) => {
            let random = |error| OpenError::Setup {
                path: path.clone(),
                error,
            };
            let setup = match stored {
                Some(setup) => setup,
                None => {
                    let setup = Setup::make(&mut System).map_err(random)?;
                    write_setup(&path, &setup.to_bytes())?;
                    setup
                }
            };
            let deployment_id = make_bytes::<16>(&mut System).map_err(|error| random(error.into()))?;
            let row = DeploymentRow {
                deployment_id,
                setup_id: *setup.setup_id(),
            };
            let mut batch = Batch::default();
            batch.absent(&key::deployment()).put_row(key::deployment(), &row);
            store.commit(batch).await?;
            Ok((setup, deployment_id))
        }
    }
}

fn read_setup(path: &Path) -> Result<Option<Setup>, OpenError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(OpenError::Folder {
                path: path.to_owned(),
                error,
            });
        }
    };
    let setup = Setup::parse(&bytes).map_err(|error| OpenError::Setup {
        path: path.to_owned(),
        error,
    })?;
    Ok(Some(setup))
}

/// Whole and durable under its name, or not there.
fn write_setup(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    let folder = path.parent().unwrap_or(path);
    make_folder(folder)?;
    let write = || {
        write_whole(path, bytes)?;
        File::open(folder.parent().unwrap_or(folder))?.sync_all()
    };
    write().map_err(|error| OpenError::Folder {
        path: path.to_owned(),
        error,
    })
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| OpenError::Folder {
        path: path.to_owned(),
        error,
    })
}

fn take_lock(path: &Path) -> Result<File, OpenError> {
    let failed = |error| OpenError::Folder {
        path: path.to_owned(),
        error,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

//! One server of its own for each test: in this process, on a free port, over a temporary data folder.
//!
//! It is the product's server with the product's store; only limits on attempts are lifted, because a test tries often.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use server::config::{Config, Restored};
use server::store::SledStore;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running server and its data.
pub struct World {
    config: Config,
    folder: TempDir,
    running: Option<Running>,
    clock: Shifted,
}

/// What the server takes for the time: the system's, or what a test says it is; 0 for the system's.
type Shifted = Arc<AtomicU64>;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The data folder did not open.
    #[error("the server did not open its data: {0}")]
    Open(#[from] server::OpenError),
    /// No port, no folder, or a connection that broke.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// What came back is not HTTP.
    #[error("this is not an answer of HTTP")]
    Answer,
}

/// A plain answer, headers as sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, undecoded.
    pub body: Vec<u8>,
}

/// What a server stored at one moment.
pub struct Snapshot(TempDir);

/// Copies a folder with everything in it.
///
/// # Errors
/// A file that cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl World {
    /// Starts a server; `adjust` may change its settings, such as the quota of an account.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn start(adjust: impl FnOnce(&mut Config)) -> Result<Self, WorldError> {
        let folder = tempfile::tempdir()?;
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: folder.path().join("data"),
            min_free_bytes: 0,
            // So that a story sees what it wrote in the log.
            checkpoint_seconds: 1,
            attempts_per_address: 0,
            attempts_per_handle: 0,
            ..Config::default()
        };
        adjust(&mut config);
        let clock = Shifted::default();
        let running = Running::start(&config, &clock).await?;
        config.listen = running.address;
        Ok(Self {
            config,
            folder,
            running: Some(running),
            clock,
        })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.config.listen
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.config.data
    }

    /// A folder for anything else that the test writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Copies what is stored now, to go back to later. The server is restarted; sessions end.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn snapshot(&mut self) -> Result<Snapshot, WorldError> {
        self.stop().await;
        let copy = tempfile::tempdir_in(self.folder.path())?;
        copy_folder(&self.config.data, copy.path())?;
        self.restart().await?;
        Ok(Snapshot(copy))
    }

    /// Puts the store back to what it was: a server that lies with its whole past. Sessions end.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn roll_back(&mut self, to: &Snapshot) -> Result<(), WorldError> {
        self.stop().await;
        std::fs::remove_dir_all(&self.config.data)?;
        copy_folder(to.0.path(), &self.config.data)?;
        self.restart().await
    }

    /// Does something to the store behind the server's back, as its operator can. The server is restarted; sessions end.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn tamper(&mut self, act: impl AsyncFnOnce(&SledStore)) -> Result<(), WorldError> {
        self.stop().await;
        let (store, lock) = open_patiently(async || server::open_store(&self.config).await).await?;
        act(&store).await;
        drop(store);
        drop(lock);
        self.restart().await
    }

    /// Puts an older store in the place of the one there is; the keys stay. Such a server does not start.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn put_back(&mut self, backup: &Snapshot) -> Result<(), WorldError> {
        self.stop().await;
        let store = self.config.data.join("store");
        std::fs::remove_dir_all(&store)?;
        Ok(copy_folder(&backup.0.path().join("store"), &store)?)
    }

    /// Puts a backup of the store back, says so as an operator does, and starts. Sessions end.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn restores(
        &mut self,
        backup: &Snapshot,
        reason: &str,
    ) -> Result<server::Restoration, WorldError> {
        self.put_back(backup).await?;
        let with = Restored {
            reason: Some(reason.to_owned()),
            last_checkpoint: None,
            yes: true,
        };
        let done = open_patiently(async || server::restore(&self.config, &with).await).await?;
        self.restart().await?;
        Ok(done)
    }

    /// Ends the server; its data stays.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Ends the server and starts it again over the same data, on the same port.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn restart(&mut self) -> Result<(), WorldError> {
        self.stop().await;
        self.running = Some(Running::start(&self.config, &self.clock).await?);
        Ok(())
    }

    /// From now on the server takes this for the time and keeps it, in Unix seconds; also after a restart.
    pub fn sets_clock(&self, seconds: u64) {
        self.clock.store(seconds.max(1), Ordering::SeqCst);
    }
}

fn now(clock: &Shifted) -> u64 {
    match clock.load(Ordering::SeqCst) {
        0 => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        told => told,
    }
}

impl Running {
    async fn start(config: &Config, clock: &Shifted) -> Result<Self, WorldError> {
        let clock = Arc::clone(clock);
        let state = open(config).await?.with_clock(Arc::new(move || now(&clock)));
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let told = async {
                // A dropped world also ends its server.
                let _ = stopped.await;
            };
            // The only errors are of accepting, and those end with the test.
            let _ = server::serve(state, listener, told).await;
        });
        Ok(Self { address, stop, task })
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(Duration::from_secs(5), &mut task)
            .await
            .is_err()
        {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn open(config: &Config) -> Result<server::State, server::OpenError> {
    open_patiently(async || server::open(config).await).await
}

/// Opens the data folder; what the server before it still holds for a moment is waited for.
async fn open_patiently<T>(
    open: impl AsyncFn() -> Result<T, server::OpenError>,
) -> Result<T, server::OpenError> {
    let mut patience = 100;
    loop {
        match open().await {
            Err(server::OpenError::Locked(_)) if patience > 0 => {
                patience -= 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            settled => return settled,
        }
    }
}

/// GETs a path without any client library: the bytes as the server sends them.
///
/// # Errors
/// See [`WorldError`].
pub async fn plain_get(address: SocketAddr, path: &str, header: &str) -> Result<Answer, WorldError> {
    plain(address, "GET", path, header).await
}

/// Asks with any method and without a body; otherwise as [`plain_get`].
///
/// # Errors
/// See [`WorldError`].
pub async fn plain(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
) -> Result<Answer, WorldError> {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}\r\n");
    exchange(address, request.into_bytes()).await
}

/// Posts a body as it is; otherwise as [`plain_get`].
///
/// # Errors
/// See [`WorldError`].
pub async fn plain_post(
    address: SocketAddr,
    path: &str,
    media: &str,
    body: &[u8],
) -> Result<Answer, WorldError> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {media}\r\ncontent-length: \
         {}\r\n\r\n",
        body.len()
    );
    exchange(address, [head.as_bytes(), body].concat()).await
}

async fn exchange(address: SocketAddr, request: Vec<u8>) -> Result<Answer, WorldError> {
    let bytes = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&request)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    })
    .await
    .map_err(|_| WorldError::Answer)??;
    Answer::parse(&bytes).ok_or(WorldError::Answer)
}

impl Answer {
    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self {
            status,
            headers,
            body: bytes.get(end + 4..)?.to_owned(),
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}, {} bytes", self.status, self.headers, self.body.len())
    }
}

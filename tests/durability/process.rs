//! The server as a program of its own, that can be killed, traced and given a small disk; and a client to it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use sdk::Unlocked;
use sdk::flows::account::Draft;
use sdk::flows::login::OpenError;
use sdk::flows::{Device, login};
use sdk::native::{Folder, Http, SystemClock, SystemRandom};

/// How the server is started.
#[derive(Default)]
pub(crate) struct Setup {
    /// A program and its arguments in front of the server's own.
    pub(crate) under: Vec<OsString>,
    /// Whether the store syncs.
    pub(crate) without_sync: bool,
    /// Whether the engine's background thread stays away, whose writes belong to no request.
    pub(crate) without_background: bool,
    /// Floor of free disk.
    pub(crate) min_free_bytes: u64,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    origin: String,
}

impl Server {
    pub(crate) fn start(data: &Path, setup: &Setup) -> Self {
        let mut line = setup.under.clone();
        line.push(program().into());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("--data").arg(data);
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--attempts-per-address",
            "0",
            "--attempts-per-handle",
            "0",
        ]);
        command.args(["--min-free-bytes", &setup.min_free_bytes.to_string()]);
        command.env_clear().stdout(Stdio::piped());
        if setup.without_sync {
            command.env("STORE_WITHOUT_SYNC", "1");
        }
        if setup.without_background {
            command.env("STORE_WITHOUT_BACKGROUND", "1");
        }
        let mut child = command.spawn().unwrap();
        let origin = first_address(&mut child);
        Self { child, origin }
    }

    /// A device that keeps its notes in `folder`, so that it knows the server's past.
    pub(crate) fn device(&self, folder: &Path) -> Rc<Device> {
        let http = Http::new(&self.origin).unwrap();
        let folder = Folder::open(folder).unwrap();
        Device::new(
            Rc::new(http),
            Rc::new(SystemClock),
            Box::new(SystemRandom),
            Rc::new(folder),
        )
    }

    /// Creates the one account of these tests.
    pub(crate) async fn register(&self, folder: &Path) -> Unlocked {
        let draft = Draft::make(self.device(folder)).unwrap();
        let unlocked = draft.register(HANDLE, PHRASE).await.unwrap();
        unlocked.sync().await.unwrap();
        unlocked
    }

    /// Opens it. The device refuses a list older than the one it saw last.
    pub(crate) async fn open(&self, folder: &Path) -> Unlocked {
        let unlocked = self.tries(folder).await.unwrap();
        unlocked.sync().await.unwrap();
        unlocked
    }

    /// The same, whatever comes of it.
    pub(crate) async fn tries(&self, folder: &Path) -> Result<Unlocked, OpenError> {
        login::open(self.device(folder), HANDLE, PHRASE).await
    }

    /// Ends it as a power cut would, for the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator would, also where it runs under another program.
    pub(crate) fn stop(mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = std::fs::read_to_string(children).unwrap();
        let process = children
            .split_whitespace()
            .next()
            .map_or(self.child.id().to_string(), str::to_owned);
        let stopped = Command::new("kill").args(["-TERM", &process]).status().unwrap();
        assert!(stopped.success());
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, as a rule; after a failed assertion it must not stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server's log says it listens on. The rest of the log is read and forgotten.
fn first_address(child: &mut Child) -> String {
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let Ok(event) = serde_json::from_str::<serde_json::Value>(&line) else {
                continue;
            };
            if let Some(address) = event.get("address").and_then(serde_json::Value::as_str) {
                // After the first one nobody listens.
                let _ = sender.send(format!("http://{address}"));
            }
        }
    });
    receiver
        .recv_timeout(Duration::from_secs(60))
        .expect("the server says where it listens")
}

/// The server, built with its test hooks: by `cargo xtask test durable`, or here.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CIVIS_SERVER_BIN") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let build = [
        "build",
        "--quiet",
        "-p",
        "server",
        "--bin",
        "civis-server",
        "--features",
        "testing",
    ];
    let built = Command::new(env!("CARGO"))
        .args(build)
        .current_dir(root)
        .status()
        .unwrap();
    assert!(built.success(), "the server does not build");
    root.join("target/debug/civis-server")
}

const HANDLE: &str = "durable";
const PHRASE: &str = "une phrase assez longue pour ces essais";

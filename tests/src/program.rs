//! The server as a program of its own, with the limits it has by default, and eyes on its memory and its log.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// A running server.
pub struct Program {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
}

/// What a log said, counted while it was written.
#[derive(Default)]
pub struct Log {
    requests: AtomicU64,
    /// Lines that no log should hold: errors, panics, answers of 500.
    grave: Mutex<Vec<String>>,
}

impl Program {
    /// Starts the program over `data`, with these arguments beside.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::run(Command::new(binary()), data, arguments)
    }

    /// The same, with so few file descriptors.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_poor(data: &Path, descriptors: u32) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            .arg(format!("ulimit -n {descriptors}; exec \"$0\" \"$@\""))
            .arg(binary());
        Self::run(shell, data, &[])
    }

    fn run(mut command: Command, data: &Path, arguments: &[&str]) -> Self {
        command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments.iter().map(OsStr::new));
        let child = command.env_clear().stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let log = Arc::<Log>::default();
        let (sender, receiver) = mpsc::channel();
        let reader = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(address) = reader.read(line) {
                    // After the first one nobody listens.
                    let _ = sender.send(address);
                }
            }
        });
        let address = receiver
            .recv_timeout(Duration::from_secs(60))
            .expect("the server says where it listens");
        Self { child, address, log }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, for a client.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Stops it as an operator would; how long it took.
    ///
    /// # Panics
    /// It cannot be told.
    pub fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(
            told.is_ok_and(|told| told.success()),
            "the server was told to stop"
        );
        assert!(self.child.wait().is_ok(), "the server ends");
        begun.elapsed()
    }
}

/// Processor time that a process has taken.
///
/// # Panics
/// There is no such process.
#[must_use]
pub fn processor(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    // After the name, which stands in parentheses: user and system time are the 12th and 13th field, in ticks of 10 ms.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

/// One line of what the kernel says of a process's memory (`VmRSS`, `VmHWM`), in KiB.
///
/// # Panics
/// There is no such process.
#[must_use]
pub fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    value.and_then(|value| value.parse().ok()).expect("a number")
}

impl Log {
    /// Requests that were answered.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Errors, panics, answers of 500: the first few.
    pub fn grave(&self) -> Vec<String> {
        self.grave.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read(&self, line: String) -> Option<SocketAddr> {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let is_request = event["event"] == "request";
        self.requests.fetch_add(u64::from(is_request), Ordering::Relaxed);
        // A line that is not of the log's form is as grave as an error.
        let is_grave = !event.is_object() || event["level"] == "error" || event["status"] == 500;
        if is_grave {
            let mut grave = self.grave.lock().unwrap_or_else(PoisonError::into_inner);
            if grave.len() < 20 {
                grave.push(line);
            }
        }
        event["address"].as_str()?.parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended, as a rule; after a failed assertion it must not stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that `cargo xtask` built, or one built here.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CIVIS_SERVER_BIN") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace");
    let build = ["build", "--quiet", "-p", "server", "--bin", "civis-server"];
    let built = Command::new(env!("CARGO")).args(build).current_dir(root).status();
    assert!(built.is_ok_and(|built| built.success()), "the server builds");
    root.join("target/debug/civis-server")
}

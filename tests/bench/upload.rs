//! Upload and memory: the release server as a program of its own, beside the reference server.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use sdk::{
    Device, Transport,
    flows::{Method, Request, account::Draft, upload::NewDocument, watch::Watch},
    native::{Folder, Http, SystemClock, SystemRandom},
};
use tests::{reference::Reference, sample};

/// The same bytes to both servers, from this process, over loopback.
pub(crate) async fn all() {
    let folder = tempfile::tempdir().unwrap();
    let content = sample::noise(MIB * 64, 1);
    let server = Server::start(&folder.path().join("data"));
    let transport = Rc::new(Http::new(&server.origin).unwrap());
    server.answers(transport.as_ref()).await;
    let idle = server.memory("VmRSS");

    let reference = Reference::start(folder.path().join("reference")).await.unwrap();
    let plain = Http::new(&reference.origin()).unwrap();
    let begun = Instant::now();
    send_parts(&plain, &content).await;
    let beside = speed(content.len(), begun.elapsed());

    let local = Rc::new(Folder::open(folder.path().join("local")).unwrap());
    let device = Device::new(transport, Rc::new(SystemClock), Box::new(SystemRandom), local);
    let safe = Draft::make(device)
        .unwrap()
        .register("bench.person", "a phrase for one bench")
        .await
        .unwrap();
    let new = NewDocument {
        name: "bench.bin".to_owned(),
        ..NewDocument::default()
    };
    let begun = Instant::now();
    let saved = safe.upload(&content, &new, &Watch::none()).await.unwrap();
    let ours = speed(content.len(), begun.elapsed());
    let begun = Instant::now();
    let mut back: Vec<u8> = Vec::with_capacity(content.len());
    safe.download(&saved.object, &mut back, &Watch::none())
        .await
        .unwrap();
    let down = speed(content.len(), begun.elapsed());
    assert!(back == content);

    println!("upload of 64 MiB over loopback, MB/s:");
    println!(
        "  {:<52} {beside:>6.0}",
        "reference: four parts at a time, a file and a sync each"
    );
    println!(
        "  {:<52} {ours:>6.0}",
        "civis: read twice, sealed, hashed, stored, synced, filed"
    );
    println!("  {:<52} {down:>6.0}", "civis, download, verified");
    println!("memory of the server, MiB:");
    println!("  {:<52} {:>6}", "after its start", idle / 1_024);
    println!(
        "  {:<52} {:>6}",
        "highest, with that upload and download",
        server.memory("VmHWM") / 1_024
    );
}

async fn send_parts(plain: &Http, content: &[u8]) {
    let parts = content.chunks(MIB).enumerate().map(|(number, part)| {
        let request = Request {
            method: Method::Put,
            path: format!("/parts/{number}"),
            headers: vec![("content-type", "application/octet-stream".to_owned())],
            body: Bytes::copy_from_slice(part),
            max_answer: 1_024,
        };
        async { assert_eq!(plain.send(request).await.unwrap().status, 204) }
    });
    stream::iter(parts).buffer_unordered(4).collect::<Vec<()>>().await;
}

fn speed(bytes: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(bytes).unwrap()) / 1e6 / time.as_secs_f64()
}

struct Server {
    process: Child,
    origin: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let program = std::env::var_os("CIVIS_SERVER_BIN").unwrap();
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CIVIS_") {
                command.env_remove(name);
            }
        }
        let process = command
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--log",
                "error",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            origin: format!("http://127.0.0.1:{port}"),
        }
    }

    async fn answers(&self, transport: &dyn Transport) {
        for _ in 0..600 {
            let request = Request {
                method: Method::Get,
                path: shared::path::READY.to_owned(),
                headers: Vec::new(),
                body: Bytes::new(),
                max_answer: 1_024,
            };
            if transport
                .send(request)
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer");
    }

    /// KiB, as the kernel counts.
    fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has done its work; what it stored goes with the folder.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const MIB: usize = 1 << 20;

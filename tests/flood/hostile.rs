//! The hostile clients: each of one kind, from an address of its own, again and again until the time is over.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::phrase::Password;
use crypto::random::make_bytes;
use sdk::native::SystemRandom;
use shared::account::RegistrationStart;
use shared::session::{LoginFinish, LoginStart, RecoveryFinish, RecoveryStart};
use shared::{Blob, BodyId, CollectionId, Hash, LoginId, RecoveryId, SessionId, path};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::crook::{Crook, get, post};
use crate::tally::Tally;

/// How many play.
pub(crate) const CLIENTS: usize = 200;
/// What they play.
pub(crate) const KINDS: [&str; 16] = [
    "slow head",
    "slow body",
    "slow reader",
    "huge body",
    "endless chunks",
    "no http",
    "no json",
    "huge head",
    "login flood",
    "registration flood",
    "recovery flood",
    "hoarder",
    "garbage session",
    "signed trickle",
    "signed slow reader",
    "signed empty pages",
];

/// Whom they play with, and until when.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) until: Instant,
    pub(crate) tally: Arc<Tally>,
    pub(crate) crook: Arc<Crook>,
}

/// One client, until the time is over.
pub(crate) async fn play(target: Target, number: usize) {
    let kind = KINDS[number % KINDS.len()];
    let address = Ipv4Addr::from(Ipv4Addr::new(127, 0, 1, 1).to_bits() + u32::try_from(number).unwrap());
    let client = Client {
        kind,
        address,
        target,
    };
    while client.left() > Duration::ZERO {
        // A connection that ends is what a hostile client wants least: it begins again.
        let _ = timeout(client.left(), client.once()).await;
        sleep(Duration::from_millis(10)).await;
    }
}

struct Client {
    kind: &'static str,
    address: Ipv4Addr,
    target: Target,
}

impl Client {
    fn left(&self) -> Duration {
        self.target.until.saturating_duration_since(Instant::now())
    }

    async fn once(&self) -> io::Result<()> {
        let crook = &self.target.crook;
        match self.kind {
            "slow head" => self.drip(b"", &get("/slow").repeat(9), 1).await,
            "slow body" => {
                let whole = post(path::SESSIONS_START, &[b' '; 4_000]);
                let (head, body) = whole.split_at(whole.len() - 4_000);
                self.drip(head, body, 1).await
            }
            "slow reader" => self.read_slowly(&get(path::DEPLOYMENT).repeat(2_000)).await,
            "huge body" => {
                let head =
                    b"POST /api/v1/accounts HTTP/1.1\r\nhost: civis\r\ncontent-type: application/json\r\n\
                    content-length: 99999999999\r\n\r\n";
                self.pour(head, &[b'['; 65_536]).await
            }
            "endless chunks" => {
                let head =
                    b"POST /api/v1/accounts HTTP/1.1\r\nhost: civis\r\ncontent-type: application/json\r\n\
                    transfer-encoding: chunked\r\n\r\n";
                let piece = [b"10000\r\n".as_slice(), &[b'['; 65_536], b"\r\n"].concat();
                self.pour(head, &piece).await
            }
            "no http" => {
                let noise: [u8; 512] = random();
                self.ask(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &noise].concat())
                    .await
            }
            "no json" => self.ask(&post(path::SESSIONS_START, &b"[".repeat(4_000))).await,
            "huge head" => {
                let fields = format!("x-{}: y\r\n", "x".repeat(900)).repeat(200);
                let request = format!("GET / HTTP/1.1\r\nhost: civis\r\n{fields}\r\n");
                self.ask(request.as_bytes()).await
            }
            "login flood" => self.log_in().await,
            "registration flood" => self.register().await,
            "recovery flood" => self.recover().await,
            "hoarder" => self.hoard().await,
            "garbage session" => {
                let mac = format!("{}.{}", SessionId(random()), Hash(random()));
                let request = format!(
                    "POST /api/v1/uploads HTTP/1.1\r\nhost: civis\r\nauthorization: Civis {mac}\r\n\
                     content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
                );
                self.ask(request.as_bytes()).await
            }
            "signed trickle" => {
                let part = path::UPLOAD_PART
                    .replace("{body_id}", &BodyId(random()).to_string())
                    .replace("{part}", "0");
                let head = crook.part(&part, 1 << 20);
                self.drip(&head, &vec![0; 1 << 20], 64).await
            }
            "signed slow reader" => self.read_slowly(&crook.get(path::UPLOADS)).await,
            "signed empty pages" => {
                let list = "\"\",".repeat(1_000_000);
                let body = format!("{{\"adds\":[],\"drops\":[],\"head\":\"\",\"pages\":[{list}\"\"]}}");
                let target = path::HEAD.replace("{collection_id}", &CollectionId(random()).to_string());
                self.ask(&crook.json("PUT", &target, body.as_bytes())).await
            }
            other => panic!("nobody plays {other}"),
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.address, 0)))?;
        socket.connect(self.target.address).await
    }

    /// Sends a request and reads its answer.
    async fn ask(&self, request: &[u8]) -> io::Result<()> {
        let mut stream = self.connect().await?;
        self.tell(&mut stream, request).await.map(drop)
    }

    async fn tell(&self, stream: &mut TcpStream, request: &[u8]) -> io::Result<Vec<u8>> {
        self.target.tally.begin(self.kind, 1);
        let told = async {
            stream.write_all(request).await?;
            read_answer(stream).await
        };
        let told = told.await;
        let status = told.as_ref().map_or(0, |(status, _)| *status);
        self.target.tally.answer(self.kind, status);
        told.map(|(_, body)| body)
    }

    /// Sends `first`, then the rest a few bytes at a time.
    async fn drip(&self, first: &[u8], rest: &[u8], bytes: usize) -> io::Result<()> {
        let mut stream = self.connect().await?;
        self.target.tally.begin(self.kind, 1);
        stream.write_all(first).await?;
        let mut heard = [0; 256];
        for drop in rest.chunks(bytes) {
            tokio::select! {
                read = stream.read(&mut heard) => {
                    let status = status_of(&heard[..read.unwrap_or(0)]);
                    self.target.tally.answer(self.kind, status);
                    return Ok(());
                }
                () = sleep(Duration::from_millis(100)) => stream.write_all(drop).await?,
            }
        }
        Ok(())
    }

    /// Asks much and takes little.
    async fn read_slowly(&self, request: &[u8]) -> io::Result<()> {
        let mut stream = self.connect().await?;
        self.target.tally.begin(self.kind, 1);
        let mut piece = [0; 64];
        // The server stops reading what it cannot answer.
        let _ = timeout(Duration::from_millis(200), stream.write_all(request)).await;
        let read = stream.read(&mut piece).await?;
        self.target.tally.answer(self.kind, status_of(&piece[..read]));
        while stream.read(&mut piece).await? > 0 {
            sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// Sends without end, until somebody objects.
    async fn pour(&self, head: &[u8], piece: &[u8]) -> io::Result<()> {
        let mut stream = self.connect().await?;
        self.target.tally.begin(self.kind, 1);
        stream.write_all(head).await?;
        for _ in 0..1_000 {
            if stream.write_all(piece).await.is_err() {
                break;
            }
        }
        let (status, _) = read_answer(&mut stream).await.unwrap_or_default();
        self.target.tally.answer(self.kind, status);
        Ok(())
    }

    async fn log_in(&self) -> io::Result<()> {
        let mut stream = self.connect().await?;
        let password = Password::normalise("une autre phrase").unwrap();
        let (_, ke1) = crypto::opaque::client::login_start(&password, &mut SystemRandom).unwrap();
        for round in 0..20 {
            let start = LoginStart {
                handle: if round % 2 == 0 { "honnete" } else { "personne" }.to_owned(),
                ke1: Blob(ke1.to_vec()),
            };
            self.tell(&mut stream, &post(path::SESSIONS_START, &json(&start)))
                .await?;
            let finish = LoginFinish {
                login_id: LoginId(random()),
                ke3: Blob(vec![7; 64]),
            };
            self.tell(&mut stream, &post(path::SESSIONS_FINISH, &json(&finish)))
                .await?;
        }
        Ok(())
    }

    async fn register(&self) -> io::Result<()> {
        let mut stream = self.connect().await?;
        let password = Password::normalise("une autre phrase").unwrap();
        let (_, request) = crypto::opaque::client::registration_start(&password, &mut SystemRandom).unwrap();
        for _ in 0..20 {
            let start = RegistrationStart {
                handle: format!("x{}", u32::from_be_bytes(random())),
                request: Blob(request.to_vec()),
            };
            self.tell(&mut stream, &post(path::REGISTRATIONS, &json(&start)))
                .await?;
            self.tell(&mut stream, &post(path::ACCOUNTS, &[b' '; 200_000]))
                .await?;
        }
        Ok(())
    }

    async fn recover(&self) -> io::Result<()> {
        let mut stream = self.connect().await?;
        for _ in 0..20 {
            let start = RecoveryStart {
                recovery_id: RecoveryId(random()),
            };
            self.tell(&mut stream, &post(path::RECOVERIES_START, &json(&start)))
                .await?;
            let finish = RecoveryFinish {
                login_id: LoginId(random()),
                proof: Blob(vec![7; 64]),
            };
            self.tell(&mut stream, &post(path::RECOVERIES_FINISH, &json(&finish)))
                .await?;
        }
        Ok(())
    }

    /// Opens connections and leaves them open.
    async fn hoard(&self) -> io::Result<()> {
        let mut hoard = Vec::new();
        for _ in 0..100 {
            self.target.tally.begin(self.kind, 1);
            hoard.push(self.connect().await?);
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_secs(3)).await;
        drop(hoard);
        Ok(())
    }
}

/// One request on a connection of its own, from the honest address.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    read_answer(&mut stream).await
}

/// Status and body of an answer with a `content-length`.
async fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let status = status_of(&bytes);
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((status, bytes.split_off(head)))
}

fn status_of(bytes: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(bytes);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_default()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn random<const N: usize>() -> [u8; N] {
    make_bytes(&mut SystemRandom).unwrap()
}

//! A TCP proxy that keeps every byte of both directions: what a reader of the wire without TLS would see.
//!
//! Changes nothing that passes.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The proxy; ends when dropped.
pub struct Recorder {
    address: SocketAddr,
    streams: Streams,
    task: JoinHandle<()>,
}

/// One direction of one connection.
#[derive(Clone)]
pub struct Stream {
    /// `connection 3, to the server`.
    pub name: String,
    /// The bytes in order.
    pub bytes: Vec<u8>,
}

type Streams = Arc<Mutex<Vec<Stream>>>;

impl Recorder {
    /// Listens on a free port and passes everything on to `server`.
    ///
    /// # Errors
    /// No free port.
    pub async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let streams = Streams::default();
        let task = tokio::spawn(accept(listener, server, Arc::clone(&streams)));
        Ok(Self {
            address,
            streams,
            task,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that passed so far.
    #[must_use]
    pub fn streams(&self) -> Vec<Stream> {
        self.streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, streams: Streams) {
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        let Ok(upstream) = TcpStream::connect(server).await else {
            continue;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        let open = |way: &str| {
            let mut streams = streams.lock().unwrap_or_else(PoisonError::into_inner);
            streams.push(Stream {
                name: format!("connection {number}, {way}"),
                bytes: Vec::new(),
            });
            streams.len() - 1
        };
        let (up, down) = (open("to the server"), open("from the server"));
        tokio::spawn(pass(from_client, to_server, Arc::clone(&streams), up));
        tokio::spawn(pass(from_server, to_client, Arc::clone(&streams), down));
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    streams: Streams,
    at: usize,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let Some(bytes) = buffer.get(..read) else { break };
        if let Some(stream) = streams.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
            stream.bytes.extend_from_slice(bytes);
        }
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    // The other side learns that this one ended; the connection may already be gone.
    let _ = to.shutdown().await;
}

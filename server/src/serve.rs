//! Listening: accepts until told to stop, bounds what connections may cost, lets what has begun come to its end, and
//! collects garbage meanwhile.
//!
//! HTTP/1.1 alone: the proxy in front speaks what browsers like. Over the bound a newcomer is told 503 at once and
//! hung up on, rather than left in the kernel's queue: a person's client then says so and tries again, and a proxy
//! does not take silence for a dead server.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use axum::response::Response;
use crypto::random::make_bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use shared::{ErrorCode, Problem, RequestId, path};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::collector::collect;
use crate::headers;
use crate::line::Line;
use crate::network::Network;
use crate::state::{State, System};
use crate::visit::{Busy, Guest, Visit, Visits, Welcome};

/// Serves on this listener until `stop` resolves; then finishes what has begun, for a while.
///
/// # Errors
/// None at present: what goes wrong with one connection, or with accepting one, ends nothing else.
pub async fn serve(
    state: State,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let collector = tokio::spawn(collect_for_ever(state.clone()));
    let publisher = tokio::spawn(publish_for_ever(state.clone()));
    let (stopping, stopped) = watch::channel(false);
    let mut house = House::new(state.clone(), stopped);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            // Ended connections are let go of at once; none at all is no reason to turn in circles.
            Some(_) = house.connections.join_next(), if !house.connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => house.enter(stream, peer),
                Err(error) => house.missed(&error).await,
            },
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let all_gone = async { while house.connections.join_next().await.is_some() {} };
    // Whoever is not done by then is hung up on.
    let _ = tokio::time::timeout(LAST_REQUESTS, all_gone).await;
    collector.abort();
    publisher.abort();
    // What the last requests wrote is signed now rather than at the next start.
    publish(&state).await;
    Ok(())
}

/// What accepts connections.
struct House {
    state: State,
    app: TowerToHyperService<Router>,
    visits: Arc<Visits>,
    connections: JoinSet<()>,
    stopped: watch::Receiver<bool>,
    turning_away: Arc<Semaphore>,
    turned: Turned,
}

/// How often the house was full, since the log last said so.
struct Turned {
    away: u64,
    out: u64,
    said: Option<Instant>,
}

impl House {
    fn new(state: State, stopped: watch::Receiver<bool>) -> Self {
        let config = state.config();
        // Behind a proxy every connection is the proxy's.
        let each = if config.https {
            0
        } else {
            config.connections_per_address
        };
        Self {
            visits: Visits::new(config.connections, each),
            app: TowerToHyperService::new(crate::app(state.clone())),
            state,
            connections: JoinSet::new(),
            stopped,
            turning_away: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
            turned: Turned {
                away: 0,
                out: 0,
                said: None,
            },
        }
    }

    fn enter(&mut self, stream: TcpStream, peer: SocketAddr) {
        let guest = match self.visits.welcome(Network::from(peer.ip())) {
            Welcome::In(guest) => guest,
            Welcome::InsteadOf(guest) => {
                self.turned.out += 1;
                guest
            }
            Welcome::Full => {
                self.turned.away += 1;
                self.turned.say();
                return self.turn_away(stream);
            }
        };
        self.turned.say();
        // Answers are written whole: waiting for more to send would only make them late.
        let _ = stream.set_nodelay(true);
        let service = Entry {
            app: self.app.clone(),
            peer,
            visit: Arc::clone(&guest.visit),
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_headers(HEADERS)
            .max_header_size(HEAD_BYTES)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(Line::new(stream)), service);
        self.connections
            .spawn(keep(connection, guest, self.stopped.clone()));
    }

    /// Says 503 and hangs up. Who comes while many are being told so is hung up on without a word.
    fn turn_away(&mut self, stream: TcpStream) {
        let Ok(turn) = Arc::clone(&self.turning_away).try_acquire_owned() else {
            return;
        };
        let answer = full_house(&self.state);
        self.connections.spawn(async move {
            let _turn = turn;
            let say = async {
                let (mut reading, mut writing) = stream.into_split();
                writing.write_all(&answer).await?;
                writing.shutdown().await?;
                // Hanging up on bytes that were not read would take the answer back.
                let mut ignored = [0; 1_024];
                for _ in 0..64 {
                    if reading.read(&mut ignored).await? == 0 {
                        break;
                    }
                }
                Ok::<_, std::io::Error>(())
            };
            // There is nobody to tell.
            let _ = tokio::time::timeout(TURNING_AWAY, say).await;
        });
    }

    /// Accepting failed. Want of file descriptors passes; trying again at once would only burn the processor.
    async fn missed(&mut self, error: &std::io::Error) {
        use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
        ) {
            return;
        }
        tracing::error!(%error, "a connection was not accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

impl Turned {
    fn say(&mut self) {
        let quiet = self.said.is_some_and(|said| said.elapsed() < SAY_EVERY);
        if quiet || (self.away == 0 && self.out == 0) {
            return;
        }
        tracing::warn!(
            turned_away = self.away,
            made_to_leave = self.out,
            "too many connections"
        );
        *self = Self {
            away: 0,
            out: 0,
            said: Some(Instant::now()),
        };
    }
}

/// Serves one connection until it ends or has to give way; when the server stops, until its request is answered.
async fn keep(
    connection: http1::Connection<TokioIo<Line<TcpStream>>, Entry>,
    guest: Guest,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    tokio::select! {
        // Its end is its own affair: a client that went away, or that was too slow.
        _ = &mut connection => return,
        () = guest.visit.must_leave() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Leads the requests of one connection to the app, and knows which are under way.
struct Entry {
    app: TowerToHyperService<Router>,
    peer: SocketAddr,
    visit: Arc<Visit>,
}

impl Service<Request<Incoming>> for Entry {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let busy = self.visit.begin();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(Arc::clone(&self.visit));
        let answer = self.app.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Body::new(Answering { body, _busy: busy })))
        })
    }
}

/// The body of an answer: its request is under way as long as it lasts.
struct Answering {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The answer of a server that is full, as bytes: nothing was read that it could belong to.
fn full_house(state: &State) -> Vec<u8> {
    let id = RequestId(make_bytes::<16>(&mut System).unwrap_or_default());
    let mut problem = Problem::new(ErrorCode::Unavailable, id);
    problem.retry_after = Some(RETRY_SECONDS);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut fields = HeaderMap::new();
    headers::set(&mut fields, state.assets.policy(), state.config.https);
    let problem_json = HeaderValue::from_static(shared::error::PROBLEM_JSON);
    fields.insert(header::CONTENT_TYPE, problem_json);
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    fields.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
    fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        fields.insert(path::REQUEST_ID, id);
    }
    let mut out = b"HTTP/1.1 503 Service Unavailable\r\n".to_vec();
    for (name, value) in &fields {
        for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(piece);
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    out
}

/// A round when its time has come, or when there is something to erase now.
async fn collect_for_ever(state: State) {
    let mut ticks = tokio::time::interval(COLLECT_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.to_erase.notified() => {}
        }
        match collect(&state, state.now()).await {
            Ok(done) if done == crate::Collected::default() => {}
            Ok(done) => tracing::info!(
                uploads = done.uploads,
                bodies = done.bodies,
                pages = done.pages,
                "collected"
            ),
            Err(_) => tracing::warn!("collecting was cut short"),
        }
    }
}

/// A checkpoint at even intervals, whatever the traffic.
async fn publish_for_ever(state: State) {
    let every = Duration::from_secs(state.config().checkpoint_seconds.into());
    // The log was signed as it was opened.
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    loop {
        ticks.tick().await;
        publish(&state).await;
    }
}

async fn publish(state: &State) {
    if !state.settle().await {
        tracing::warn!("attempts to sign in were not written down");
    }
    if let Err(error) = state.publish().await {
        tracing::error!(%error, "no checkpoint was made");
    }
}

const COLLECT_EVERY: Duration = Duration::from_secs(600);
/// How long requests that have begun may take to end after a stop.
const LAST_REQUESTS: Duration = Duration::from_secs(20);
/// For the head of a request, from the end of the one before: the pause between two counts as well.
const HEAD_TIME: Duration = Duration::from_secs(30);
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 16 << 10;
/// What hyper may keep of one connection, of what it read and of what it has to write.
const BUFFER_BYTES: usize = 64 << 10;
const TURNED_AWAY_AT_ONCE: usize = 64;
const TURNING_AWAY: Duration = Duration::from_secs(1);
const RETRY_SECONDS: u32 = 2;
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
const SAY_EVERY: Duration = Duration::from_secs(60);

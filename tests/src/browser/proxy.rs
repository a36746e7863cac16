//! A server between browser and server that is honest until told otherwise: it sees and may alter every answer.
//!
//! What the page meets behind it is what a server would do that somebody else runs. Speaks HTTP/1.0 to the honest
//! server, so that every answer comes whole; passes each request on as it came.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::world::Answer;

/// Looks at the answer to a method and path, and may alter it.
type Change = Box<dyn FnMut(&str, &mut Answer) + Send>;

/// The proxy; ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    switch: Arc<Switch>,
    task: JoinHandle<()>,
}

struct Switch {
    server: SocketAddr,
    change: Mutex<Option<Change>>,
    cut: AtomicBool,
}

impl Proxy {
    /// Listens on a free port before `server`.
    ///
    /// # Errors
    /// No free port.
    pub async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let switch = Arc::new(Switch {
            server,
            change: Mutex::default(),
            cut: AtomicBool::new(false),
        });
        let app = Router::new().fallback(pass).with_state(Arc::clone(&switch));
        let task = tokio::spawn(async move {
            // It ends with the story; what a broken connection says is the page's to notice.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            switch,
            task,
        })
    }

    /// Where browsers connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands every answer to `change`, with the request as `GET /path`.
    pub fn alter(&self, change: impl FnMut(&str, &mut Answer) + Send + 'static) {
        *self.change() = Some(Box::new(change));
    }

    /// Ends every connection before it is answered: the network is gone.
    pub fn cut(&self) {
        self.switch.cut.store(true, Ordering::SeqCst);
    }

    /// Honest again, and there.
    pub fn mend(&self) {
        *self.change() = None;
        self.switch.cut.store(false, Ordering::SeqCst);
    }

    fn change(&self) -> std::sync::MutexGuard<'_, Option<Change>> {
        self.switch.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(switch): State<Arc<Switch>>, request: Request) -> Response {
    if switch.cut.load(Ordering::SeqCst) {
        // The task of this connection ends with it, and nothing is said on the way out.
        std::panic::resume_unwind(Box::new("cut"));
    }
    let asked = format!("{} {}", request.method(), request.uri());
    let Some(mut answer) = ask(switch.server, request).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut change = switch.change.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(change) = change.as_mut() {
        change(&asked, &mut answer);
    }
    drop(change);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answer.headers {
        let length = [header::CONTENT_LENGTH.as_str(), header::CONNECTION.as_str()];
        if length.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The honest server's answer; `None` where the connection broke.
async fn ask(server: SocketAddr, request: Request) -> Option<Answer> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_BYTES).await.ok()?;
    let mut bytes = format!("{} {} HTTP/1.0\r\n", head.method, head.uri).into_bytes();
    for (name, value) in &head.headers {
        let own = [
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ];
        if !own.contains(name) {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    let mut stream = TcpStream::connect(server).await.ok()?;
    stream.write_all(&bytes).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Answer::parse(&answer)
}

/// More than any request of the page.
const REQUEST_BYTES: usize = 4 << 20;

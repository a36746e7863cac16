//! The server behind a socket: places, heads that never end, and how it stops.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use server::Config;
use shared::{ErrorCode, Problem, path};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::person::Person;
use crate::world::World;

struct House {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl House {
    async fn open(config: Config) -> Self {
        Self::over(&World::with(config)).await
    }

    async fn over(world: &World) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let told = async {
            let _ = stopped.await;
        };
        Self {
            address,
            stop,
            serving: tokio::spawn(server::serve(world.state.clone(), listener, told)),
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Everything until the other end hangs up.
async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset after the answer is a way of hanging up.
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8(heard).unwrap()
}

async fn ask(stream: &mut TcpStream) -> String {
    let request = format!("GET {} HTTP/1.1\r\nhost: civis\r\n\r\n", path::HEALTH);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = vec![0; 4_096];
    let read = stream.read(&mut heard).await.unwrap();
    heard.truncate(read);
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn a_full_house_says_so_and_the_idlest_gives_way() {
    let house = House::open(Config {
        connections: 2,
        ..Config::default()
    })
    .await;
    let (mut first, mut second) = (house.connect().await, house.connect().await);
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut second).await.starts_with("HTTP/1.1 200"));
    let begun = Instant::now();
    let told = hear(&mut house.connect().await).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "at once");
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    for field in [
        "retry-after: 2",
        "connection: close",
        "content-security-policy: default-src 'none'",
    ] {
        assert!(head.contains(field), "{head}");
    }
    let problem: Problem = serde_json::from_str(body).unwrap();
    assert_eq!(
        (problem.code, problem.retry_after),
        (ErrorCode::Unavailable, Some(2))
    );
    assert!(head.contains(&format!("{}: {}", path::REQUEST_ID, problem.request)));

    sleep(Duration::from_millis(600)).await;
    assert!(ask(&mut second).await.starts_with("HTTP/1.1 200"));
    sleep(Duration::from_millis(600)).await;
    let mut third = house.connect().await;
    assert!(ask(&mut third).await.starts_with("HTTP/1.1 200"));
    let gone = timeout(Duration::from_secs(5), hear(&mut first)).await;
    assert_eq!(gone.unwrap(), "", "it did nothing for the longest time");
    assert!(ask(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_line_that_carried_a_signed_request_outlasts_strangers() {
    let world = World::with(Config {
        connections: 2,
        ..Config::default()
    });
    let (_, session) = Person::create(&world, "marie").await;
    let house = House::over(&world).await;
    let signature = session.authorization(&Method::GET, path::QUOTA, &crypto::hash::sha256(b""));
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: civis\r\nauthorization: {signature}\r\n\r\n",
        path::QUOTA
    );
    let mut known = house.connect().await;
    for _ in 0..2 {
        known.write_all(request.as_bytes()).await.unwrap();
        let mut heard = [0; 4_096];
        let read = known.read(&mut heard).await.unwrap();
        assert!(heard[..read].starts_with(b"HTTP/1.1 200"));
        let mut stranger = house.connect().await;
        sleep(Duration::from_millis(1_200)).await;
        let mut newcomer = house.connect().await;
        assert!(ask(&mut newcomer).await.starts_with("HTTP/1.1 200"));
        assert_eq!(hear(&mut stranger).await, "");
        // Its place comes back a moment after it is gone.
        drop(newcomer);
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn one_address_has_its_share_unless_it_is_a_proxy() {
    for (https, most) in [(false, 3), (true, 8)] {
        let house = House::open(Config {
            connections: 8,
            connections_per_address: 3,
            https,
            ..Config::default()
        })
        .await;
        let mut open = Vec::new();
        for _ in 0..most {
            let mut stream = house.connect().await;
            assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
            open.push(stream);
        }
        assert!(hear(&mut house.connect().await).await.starts_with("HTTP/1.1 503"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_and_a_silent_line_are_hung_up_on() {
    let house = House::open(Config::default()).await;
    for first in ["", "GET / HTTP/1.1\r\nhost: ci", "GET / HTTP/1.1\r\nx: y\r\n"] {
        let mut stream = house.connect().await;
        let begun = Instant::now();
        stream.write_all(first.as_bytes()).await.unwrap();
        assert_eq!(hear(&mut stream).await, "");
        let waited = begun.elapsed().as_secs();
        assert!((29..=31).contains(&waited), "{first:?}: {waited}");
    }
}

#[tokio::test]
async fn a_head_has_its_limits() {
    let house = House::open(Config::default()).await;
    let many = "x: y\r\n".repeat(65);
    let long = format!("x: {}\r\n", "y".repeat(16 << 10));
    for fields in [many, long] {
        let mut stream = house.connect().await;
        let request = format!("GET {} HTTP/1.1\r\nhost: civis\r\n{fields}\r\n", path::HEALTH);
        stream.write_all(request.as_bytes()).await.unwrap();
        let told = hear(&mut stream).await;
        assert!(told.starts_with("HTTP/1.1 431 "), "{told}");
    }
    for nonsense in ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{7}\r\n\r\n", "GET\r\n\r\n"] {
        let mut stream = house.connect().await;
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let told = hear(&mut stream).await;
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 400 "), "{told}");
    }
}

#[tokio::test]
async fn it_stops_at_once_but_lets_a_request_come_to_its_end() {
    let house = House::open(Config::default()).await;
    let mut idle = house.connect().await;
    assert!(ask(&mut idle).await.starts_with("HTTP/1.1 200"));
    let mut silent = house.connect().await;
    let mut busy = house.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: civis\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{",
        path::SESSIONS_START
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    // Another request on another line, so that the head above was read before.
    sleep(Duration::from_millis(100)).await;
    assert!(ask(&mut idle).await.starts_with("HTTP/1.1 200"));
    house.stop.send(()).unwrap();
    for stream in [&mut idle, &mut silent] {
        let gone = timeout(Duration::from_secs(5), hear(stream)).await;
        assert_eq!(gone.unwrap(), "");
    }
    busy.write_all(b"}").await.unwrap();
    let told = hear(&mut busy).await;
    assert!(told.starts_with("HTTP/1.1 400"), "{told}");
    let stopped = timeout(Duration::from_secs(5), house.serving).await;
    stopped.unwrap().unwrap().unwrap();
}

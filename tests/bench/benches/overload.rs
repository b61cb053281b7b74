//! Changes a second over HTTP when five times as many are sent as can be made, on a PostgreSQL that is some milliseconds away.
//!
//! Changes beyond the capacity are rejected early, so those that are made stay close to the capacity. Ends with a failure when
//! less than [`LEAST`] of the capacity is made. Needs `TEST_DATABASE_URL`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark reports by printing and panicking"
)]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use identity_bench::measure::asked_for;
use identity_server::config::Sources;
use identity_testkit::Proxy;
use identity_testkit::postgres::fresh_database;
use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

/// `demo:demo`
const BASIC: &str = "Basic ZGVtbzpkZW1v";
/// Clients that find the capacity, each with one request at a time.
const WRITERS: usize = 256;
/// Connections of the clients that ask for too much.
const CONNECTIONS: usize = 1024;
const FACTOR: f64 = 5.0;
const TIME: Duration = Duration::from_secs(6);
/// How long a client waits for an answer. A change that is answered later is of no use.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Delay of the way to the database, in each direction.
const DISTANCE: Duration = Duration::from_millis(5);
/// Part of the capacity that has to be made.
const LEAST: f64 = 0.8;

/// Ids of what is created.
static IDS: AtomicU64 = AtomicU64::new(0);

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Starts the whole server, on a thread that ends with this process.
fn identity(database: String) -> SocketAddr {
    let port = free_port();
    let assumed = vec![
        ("profile", "builtin".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", port.to_string()),
        ("server.management-port", "0".to_owned()),
        ("server.max-connections-per-address", CONNECTIONS.to_string()),
        ("store.postgres.url", database),
    ];
    let loaded = Sources { assumed, ..Sources::default() }.load().expect("a configuration");
    std::thread::spawn(move || identity_server::run::dev(loaded.config).expect("it runs"));
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// What clients counted.
#[derive(Default)]
struct Counts {
    made: AtomicU64,
    refused: AtomicU64,
    late: AtomicU64,
}

impl Counts {
    fn per_second(counter: &AtomicU64, since: Instant) -> f64 {
        counter.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64()
    }
}

struct Client {
    address: SocketAddr,
    counts: Arc<Counts>,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr, counts: &Arc<Counts>) -> Self {
        Self { address, counts: Arc::clone(counts), stream: None, buffer: vec![0; 8192] }
    }

    /// Asks for a change. A connection whose answer is late is closed.
    async fn ask(&mut self) {
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let counter = match timeout(TIMEOUT, self.answer(id)).await {
            Ok(Some(201)) => &self.counts.made,
            Ok(Some(503)) => &self.counts.refused,
            Ok(Some(other)) => panic!("an answer of status {other}"),
            Ok(None) | Err(_) => {
                self.stream = None;
                &self.counts.late
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    async fn answer(&mut self, id: u64) -> Option<u16> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(TcpStream::connect(self.address).await.ok()?),
        };
        let body = format!(r#"{{"groupId":"g-{id}","name":"Group"}}"#);
        let request = format!(
            "POST /v2/groups HTTP/1.1\r\nHost: {}\r\nAuthorization: {BASIC}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut self.buffer[filled..]).await.ok().filter(|read| *read > 0)?;
            filled += read;
            let text = std::str::from_utf8(&self.buffer[..filled]).ok()?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "))?;
            let length: usize = length.parse().ok()?;
            if body.len() >= length {
                let status = head.get(9..12)?.parse().ok();
                if head.contains("connection: close") {
                    self.stream = None;
                }
                return status;
            }
        }
    }
}

/// Changes a second by clients that wait for each answer.
async fn closed_loop(server: SocketAddr) -> f64 {
    let (counts, begun) = (Arc::new(Counts::default()), Instant::now());
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..WRITERS {
        let (mut client, stop) = (Client::new(server, &counts), Arc::clone(&stop));
        clients.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                client.ask().await;
            }
        });
    }
    sleep(TIME).await;
    stop.store(true, Ordering::Relaxed);
    let made = Counts::per_second(&counts.made, begun);
    clients.join_all().await;
    made
}

/// Changes a second while `rate` a second are sent.
async fn overload(server: SocketAddr, rate: f64) -> f64 {
    let (counts, begun) = (Arc::new(Counts::default()), Instant::now());
    let every = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut client = Client::new(server, &counts);
        clients.spawn(async move {
            sleep(every.mul_f64(number as f64 / CONNECTIONS as f64)).await;
            let mut ticks = interval(every);
            while begun.elapsed() < TIME {
                ticks.tick().await;
                client.ask().await;
            }
        });
    }
    sleep(TIME).await;
    let [made, refused, late] =
        [&counts.made, &counts.refused, &counts.late].map(|counter| Counts::per_second(counter, begun));
    clients.join_all().await;
    println!("{rate:.0}/s sent: {made:.0}/s made, {refused:.0}/s rejected, {late:.0}/s later than {TIMEOUT:?}");
    made
}

#[tokio::main]
async fn main() {
    if !asked_for() {
        return;
    }
    let Some(database) = fresh_database().await else { return };
    let mut url = Url::parse(&database.url).expect("a URL");
    let far = Proxy::to(format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432))).await;
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(far.address().port())).expect("a port");
    far.open();
    let server = identity(url.into());
    while TcpStream::connect(server).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    far.slow_down(DISTANCE);
    let waiting = closed_loop(server).await;
    println!("{waiting:.0}/s made by {WRITERS} clients that wait for each answer");
    // Clients that wait leave the server idle between two groups.
    let capacity = overload(server, 2.0 * waiting).await.max(waiting);
    let made = overload(server, FACTOR * capacity).await;
    println!("{:.0} % of the capacity", 100.0 * made / capacity);
    assert!(made >= LEAST * capacity, "too many changes are lost to overload");
}

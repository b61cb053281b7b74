//! `GET /v2/authentication/me` with HTTP Basic, against an actix-web handler that answers the same and asks nothing: the whole
//! server on loopback, one worker each, as many requests under way as there are connections.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark reports by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use identity_bench::measure::{Bench, Goal, asked_for};
use identity_server::config::Sources;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const CONNECTIONS: usize = 32;
const ME: &str = "/v2/authentication/me";
/// `demo:demo`
const BASIC: &str = "Authorization: Basic ZGVtbzpkZW1v\r\n";

/// The answer, as any handler would have it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    username: String,
    display_name: Option<String>,
    email: Option<String>,
    authorized_components: Vec<String>,
    tenants: Vec<Tenant>,
    groups: Vec<String>,
    roles: Vec<String>,
    sales_plan_type: Option<String>,
    c8_links: Value,
    can_logout: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    name: String,
    tenant_id: String,
    description: String,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// The whole server, on a thread that ends with this process.
fn identity(directory: String) -> u16 {
    let port = free_port();
    let assumed = vec![
        ("profile", "builtin".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", port.to_string()),
        ("server.management-port", "0".to_owned()),
        ("server.workers", "1".to_owned()),
        ("store.sqlite.data-dir", directory),
    ];
    let loaded = Sources { assumed, ..Sources::default() }.load().expect("a configuration");
    std::thread::spawn(move || identity_server::run::dev(loaded.config).expect("it runs"));
    port
}

/// A handler that copies nothing and asks nobody.
fn plain(me: Me) -> u16 {
    let port = free_port();
    let app = move || {
        let answer = web::Data::new(me.clone());
        let handler = |me: web::Data<Me>| async move { HttpResponse::Ok().json(me.as_ref()) };
        App::new().app_data(answer).route(ME, web::get().to(handler))
    };
    let server =
        move || HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", port)).expect("a port").run();
    std::thread::spawn(move || actix_web::rt::System::new().block_on(async move { server().await }));
    port
}

/// Connections that are kept.
struct Driver {
    connections: Vec<TcpStream>,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Driver {
    fn new(port: u16) -> Self {
        let connect = || {
            let begin = Instant::now();
            loop {
                match TcpStream::connect(("127.0.0.1", port)) {
                    Ok(stream) => return stream,
                    Err(error) => assert!(begin.elapsed() < Duration::from_secs(60), "port {port}: {error}"),
                }
                std::thread::yield_now();
            }
        };
        let connections: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect()).collect();
        connections.iter().for_each(|stream| stream.set_nodelay(true).expect("a socket"));
        let request = format!("GET {ME} HTTP/1.1\r\nHost: 127.0.0.1\r\n{BASIC}\r\n").into_bytes();
        Self { connections, request, buffer: vec![0; 16 * 1024] }
    }

    /// One request on each connection, all under way at once; answers the last body.
    fn round(&mut self) -> Vec<u8> {
        for stream in &mut self.connections {
            stream.write_all(&self.request).expect("a request is sent");
        }
        let mut body = Vec::new();
        for stream in &mut self.connections {
            body = answer(stream, &mut self.buffer);
        }
        body
    }
}

/// Reads one answer to its end.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Vec<u8> {
    let mut filled = 0;
    loop {
        filled += stream.read(&mut buffer[filled..]).expect("an answer");
        let Some(head) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200 "), "{text}");
        let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let end = head + 4 + length.parse::<usize>().expect("a number");
        while filled < end {
            filled += stream.read(&mut buffer[filled..]).expect("the rest");
        }
        return buffer[head + 4..end].to_vec();
    }
}

fn main() {
    if !asked_for() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mut ours = Driver::new(identity(directory.path().display().to_string()));
    // Also warms the memory of verified passwords.
    let body = ours.round();
    let mut floor = Driver::new(plain(serde_json::from_slice(&body).expect("the caller")));
    assert_eq!(floor.round(), body, "both give the same answer");

    let (name, hand) =
        (format!("{CONNECTIONS} × me, by Basic"), format!("{CONNECTIONS} × the same by a plain handler"));
    let mut bench = Bench::new("The caller, over HTTP");
    bench.case(&*name, || ours.round());
    bench.case(&*hand, || floor.round());
    // 60 % of the throughput.
    bench.compare(&*name, &*hand, Some(Goal::AtMost(1.0 / 0.6)));
    bench.report();
}

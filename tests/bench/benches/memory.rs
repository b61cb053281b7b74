//! Benchmark of the memory of the complete server under wrong passwords, slow request bodies and expensive searches,
//! compared with the bounds in `docs/operations.md`. Fails if a bound is exceeded. Requires Linux and `identity-server`
//! of the same build in the same directory.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::net::IpAddr;
use std::time::Duration;

use identity_testkit::{Launch, Raw, Server};
use serde_json::json;
use tokio::task::JoinSet;

const MIB: u64 = 1024 * 1024;
/// Tolerance for the allocator and for the connections of the benchmark.
const SLACK: u64 = 16 * MIB;

fn nth(number: u32) -> IpAddr {
    let [.., high, low] = number.to_be_bytes();
    IpAddr::from([127, 1, high, low.max(1)])
}

/// Runs clients and reports the maximum growth of the server's memory.
async fn measure(what: &str, bound: u64, server: &Server, clients: JoinSet<()>) {
    let before = server.resident_bytes();
    let mut peak = before;
    let mut ended = std::pin::pin!(clients.join_all());
    loop {
        tokio::select! {
            _ = &mut ended => break,
            () = tokio::time::sleep(Duration::from_millis(50)) => peak = peak.max(server.resident_bytes()),
        }
    }
    let grown = peak.max(server.resident_bytes()).saturating_sub(before);
    println!("{what}: grew by {} MiB, bound {} MiB", grown / MIB, bound / MIB);
    assert!(grown <= bound + SLACK, "{what}: {} MiB", grown / MIB);
}

#[tokio::main]
async fn main() {
    let launch = Launch::new(&["serve"]).env("IDENTITY_PROFILE", "builtin").env("IDENTITY_SERVER_ADDRESS", "127.0.0.1");
    let server = launch.start().await;
    let api = server.http();
    assert_eq!(api.get("/v2/license").await.status, 200);

    // The first attempts allocate the work areas of the password hash.
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let mut guesses = JoinSet::new();
    for number in 0..500 {
        let api = api.clone();
        guesses.spawn(async move {
            let mut connection = Raw::connect(&api, nth(number % 50)).await.expect("a connection");
            let head = "GET /v2/authentication/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Basic eDp5\r\n\r\n";
            connection.send(head).await;
            connection.until_closed().await;
        });
    }
    measure("500 wrong passwords from 50 addresses", cores * 19 * MIB, &server, guesses).await;

    let mut bodies = JoinSet::new();
    let connections = 1000;
    for number in 0..connections {
        let api = api.clone();
        bodies.spawn(async move {
            let mut connection = Raw::connect(&api, nth(number)).await.expect("a connection");
            let head = "POST /v2/setup/user HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
            connection.send(head).await;
            connection.send(vec![b' '; 900_000]).await;
            connection.until_closed().await;
        });
    }
    let bound = 64 * MIB + u64::from(connections) * 72 * 1024;
    measure("1000 bodies of 900 kB that never end", bound, &server, bodies).await;
    assert_eq!(api.get("/v2/license").await.status, 200, "others are served");

    let first = json!({"username": "root", "password": "secret", "name": "Root", "email": "root@example.org"});
    assert_eq!(api.post("/v2/setup/user", &first).await.status, 201);
    let api = api.basic("root", "secret");
    for number in 0..1500 {
        let group = json!({"groupId": format!("g{number}"), "name": "a".repeat(240)});
        assert_eq!(api.post("/v2/groups", &group).await.status, 201);
    }
    // Fifty patterns, each of which backtracks at each character.
    let pattern = |number: usize| json!({"name": {"$like": format!("*{}{number}b", "a".repeat(100))}});
    let search = json!({"filter": {"$or": (0..50).map(pattern).collect::<Vec<_>>()}});
    let mut searches = JoinSet::new();
    for _ in 0..100 {
        let (api, search) = (api.clone(), search.clone());
        searches.spawn(async move {
            let status = api.post("/v2/groups/search", &search).await.status;
            assert!([400, 503].contains(&status), "{status}");
        });
    }
    measure("100 searches beyond their budget", 32 * MIB, &server, searches).await;
    assert_eq!(api.get("/v2/license").await.status, 200, "others are served");
}

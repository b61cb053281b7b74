//! Slow clients, and clients that hold resources: their requests end in time, and others are served.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_testkit::{Api, Raw};
use serde_json::json;

use crate::support::{Local, Store, done, refused};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn nth(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 9, number])
}

fn basic(user: &str, password: &str) -> String {
    format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

fn head(path: &str, headers: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    )
}

/// Starts a server without users.
async fn empty(environment: &[(&str, &str)]) -> identity_testkit::Server {
    let mut launch = Store::sqlite().launch(&["serve"]).env("IDENTITY_PROFILE", "builtin");
    for (name, value) in environment {
        launch = launch.env(name, *value);
    }
    launch.start().await
}

async fn connect(api: &Api, from: IpAddr) -> Raw {
    Raw::connect(api, from).await.expect("a connection")
}

/// The request head and a few bytes arrive while the caller is an administrator, the rest after the user is deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_those_of_the_end_of_the_body() {
    let local = Local::start(Store::sqlite()).await;
    local.user("eve").await;
    done(local.admin().put("/v2/roles/admin/users/eve", &json!({})).await);
    let evaluation = json!({"subject": {"type": "user", "id": "demo"}, "action": {"name": "read"},
        "resource": {"type": "permission", "id": "identity"}});
    let requests = [
        ("/v2/users", json!({"username": "mallory", "password": "secret"})),
        ("/v2/users/search", json!({})),
        ("/api/groups", json!({"name": "mallory"})),
        ("/access/v1/evaluations", json!({"evaluations": [evaluation]})),
        ("/access/v1/evaluation", evaluation),
    ];
    let mut open = Vec::new();
    for (path, body) in &requests {
        let body = format!("    {body}");
        let mut connection = connect(&local.anonymous(), HOME).await;
        connection.send(head(path, &basic("eve", "secret"), body.len())).await;
        connection.send(&body.as_bytes()[..5]).await;
        open.push((path, connection, body));
    }
    // All heads are authenticated: the server has verified the password once and cached the result.
    assert_eq!(local.anonymous().basic("eve", "secret").get("/v2/authentication/me").await.status, 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    done(local.admin().delete("/v2/users/eve").await);
    for (path, mut connection, body) in open {
        connection.send(&body.as_bytes()[5..]).await;
        let answer = connection.some().await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
    assert_eq!(local.admin().get("/v2/users/mallory").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stalls_is_answered_with_408_and_its_connection_is_closed() {
    let local = Local::start(Store::sqlite()).await;
    let start = Instant::now();
    let demo = basic("demo", "demo");
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let mut waiting = Vec::new();
    for (path, headers, bytes) in [
        ("/api/groups", &*demo, "{\"nam"),
        ("/v2/users", &*demo, "{\"use"),
        ("/access/v1/evaluation", &*demo, "{"),
        ("/auth/login", form, "user"),
        ("/auth/logout", form, "_csrf"),
        ("/auth/back-channel-logout", form, "logout"),
    ] {
        let mut head = head(path, headers, 1000);
        if path.starts_with("/auth") {
            head = head.replace("content-type: application/json\r\n", "");
        }
        let mut sized = connect(&local.anonymous(), HOME).await;
        sized.send(format!("{head}{bytes}")).await;
        waiting.push((path, sized));
        let mut chunked = connect(&local.anonymous(), HOME).await;
        let head = head.replace("content-length: 1000", "transfer-encoding: chunked");
        chunked.send(format!("{head}{:x}\r\n{bytes}\r\n", bytes.len())).await;
        waiting.push((path, chunked));
    }
    for (path, mut connection) in waiting {
        let answer = connection.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_no_body_is_refused_without_it() {
    let local = Local::start(Store::sqlite()).await;
    for (path, headers, status) in [
        ("/api/groups", "", 401),
        ("/v2/users", "authorization: Basic Zm9vOmJhcg==\r\n", 401),
        ("/access/v1/evaluations", "authorization: nonsense\r\n", 401),
        ("/v2/setup/user", "", 403),
        ("/auth/setup", "", 303),
    ] {
        let mut connection = connect(&local.anonymous(), HOME).await;
        connection.send(head(path, headers, 900_000)).await;
        let answer = connection.closed_within(Duration::from_secs(10)).await;
        let answer = answer.unwrap_or_else(|| panic!("{path}: the connection stays open"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        // A chunked body could be discarded indefinitely.
        let mut connection = connect(&local.anonymous(), HOME).await;
        let chunked = head(path, headers, 1).replace("content-length: 1", "transfer-encoding: chunked");
        connection.send(format!("{chunked}1\r\nx\r\n")).await;
        let answer = connection.closed_within(Duration::from_secs(10)).await;
        let answer = answer.unwrap_or_else(|| panic!("{path}: the connection of chunks stays open"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_head_that_stalls_is_ended_like_the_first() {
    let server = empty(&[("IDENTITY_SERVER_REQUEST_TIMEOUT", "2s")]).await;
    let mut first = connect(server.http(), HOME).await;
    first.send("GET /v2/license HTTP/1.1\r\nhost: localhost\r\n").await;
    let mut later = connect(server.http(), HOME).await;
    later.send("GET /v2/license HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(later.some().await.starts_with("HTTP/1.1 200 "));
    later.send("GET /v2/license HTTP/1.1\r\n").await;
    let limit = Duration::from_secs(10);
    assert!(first.closed_within(limit).await.is_some_and(|answer| answer.starts_with("HTTP/1.1 408 ")));
    assert!(later.closed_within(limit).await.is_some(), "a head that stalls after a request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_hold_bounded_memory_and_others_are_served() {
    const MIB: u64 = 1024 * 1024;
    let limits = [("IDENTITY_SERVER_MAX_BUFFERED_BYTES", "33554432")];
    let server = empty(&limits).await;
    let api = server.http();
    assert_eq!(api.get("/v2/license").await.status, 200);
    let before = server.resident_bytes();
    let start = Instant::now();
    let mut connections = Vec::new();
    for number in 0..400_u32 {
        let from = nth(u8::try_from(number % 40 + 1).expect("small"));
        let mut connection = connect(api, from).await;
        connection.send(head("/v2/setup/user", "", 1_000_000)).await;
        connections.push(tokio::spawn(async move {
            // The body is never complete: its last part is not sent.
            connection.send(vec![b' '; 900_000]).await;
            connection.until_closed().await
        }));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = server.resident_bytes().saturating_sub(before) / MIB;
    assert!(grown < 80, "{grown} MiB of 360 MB that were sent");
    // A small body is accepted while large ones are rejected.
    let answer = api.post("/v2/setup/user", &json!({"username": "root", "password": "secret"})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut answers = std::collections::BTreeMap::<String, usize>::new();
    for connection in connections {
        let answer = connection.await.expect("a task ends");
        *answers.entry(answer.chars().take(12).collect()).or_default() += 1;
    }
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    assert!(answers.get("HTTP/1.1 503").is_some_and(|count| *count > 100), "{answers:?}");
    assert!(answers.get("HTTP/1.1 408").is_some_and(|count| *count > 5), "{answers:?}");
}

/// Opens connections, of which `expected` are rejected. Returns the others.
async fn refusals(api: &Api, from: IpAddr, opened: usize, expected: usize) -> Vec<Raw> {
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..opened {
        let mut connection = connect(api, from).await;
        connections.spawn(async move { (connection.closed_within(Duration::from_secs(3)).await, connection) });
    }
    let (mut refused, mut held) = (0, Vec::new());
    for (closed, connection) in connections.join_all().await {
        match closed {
            None => held.push(connection),
            Some(answer) => {
                assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: "), "{answer}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, expected, "of {opened} from {from}");
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_bounded_by_address_and_in_all() {
    let limits = [("IDENTITY_SERVER_MAX_CONNECTIONS", "60"), ("IDENTITY_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "20")];
    let server = empty(&limits).await;
    let api = server.http();
    let mut held = Vec::new();
    for number in 1..=2 {
        held.extend(refusals(api, nth(number), 25, 5).await);
    }
    assert_eq!(api.get("/v2/license").await.status, 200, "another address is served");
    held.extend(refusals(api, nth(3), 20, 0).await);
    held.extend(refusals(api, nth(4), 3, 3).await);
    drop(held);
    crate::support::eventually("a free place", async || match api.get("/v2/license").await.status {
        200 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_larger_than_a_window_and_a_body_larger_than_one_are_read() {
    let local = Local::start(Store::sqlite()).await;
    let long = "x".repeat(100_000);
    let reply = local.admin().get(&format!("/v2/license?{}", "x".repeat(60_000))).await;
    assert_eq!(reply.status, 200);
    let body = json!({"name": long});
    refused(&local.admin().post("/api/groups", &body).await, 400, "invalid");
}

//! Clients that do not read responses, or read them slowly: the server bounds the buffered data, closes their
//! connections in time, and serves others.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_testkit::{Api, Raw, Server};
use serde_json::json;

use crate::support::{Local, Store, eventually};

const MIB: u64 = 1024 * 1024;
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Time limit after which an unread response is dropped and its connection closed.
const CUT: Duration = Duration::from_secs(45);

fn nth(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 13, number])
}

async fn connect(api: &Api, from: IpAddr) -> Raw {
    Raw::connect(api, from).await.expect("a connection")
}

async fn local(environment: &[(&str, &str)]) -> Local {
    let store = Store::sqlite();
    let launch = environment.iter().fold(store.launch(&["dev"]), |launch, (name, value)| launch.env(name, *value));
    Local { server: launch.start().await, launch, store }
}

fn get(path: &str) -> String {
    let demo = STANDARD.encode("demo:demo");
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {demo}\r\n\r\n")
}

/// Request for all roles in one response of a known length.
fn search() -> String {
    let body = r#"{"page":{"limit":10000}}"#;
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    get("/v2/roles/search").replace("GET ", "POST ").replace("\r\n\r\n", &format!("\r\n{headers}"))
}

/// Creates `count` roles, each with more than a thousand bytes in the list.
async fn roles(local: &Local, count: usize) {
    let description = "d".repeat(1000);
    for first in (0..count).step_by(500) {
        let command = |n: usize| json!({"createRole": {"name": format!("r{n}"), "description": description}});
        let commands: Vec<_> = (first..first + 500).map(command).collect();
        let _ = local.admin().post("/api/bulk", &json!({"commands": commands})).await.expect_status(200);
    }
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.management().get("/actuator/prometheus").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

/// Waits until this number of connections was closed because their clients do not read.
async fn cut(server: &Server, connections: f64) {
    let begun = Instant::now();
    while metric(server, r#"identity_http_answers_cut_total{reason="unread"}"#).await < connections {
        assert!(begun.elapsed() < CUT, "still open after {CUT:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_reading_hold_one_answer_for_each_connection_and_take_no_time() {
    let local = local(&[]).await;
    let api = local.anonymous();
    let size = api.get("/api/openapi.json").await.text.len();
    assert!(size > 100_000, "large enough to matter: {size}");
    let before = local.server.resident_bytes();
    let mut held = Vec::new();
    for number in 1..=8 {
        let mut connection = connect(&api, nth(number)).await;
        held.push(tokio::spawn(async move {
            connection.send(get("/api/openapi.json").repeat(3000)).await;
            connection
        }));
    }
    // Waits until the buffers are full.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let spent = local.server.cpu_time();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let spent = local.server.cpu_time().saturating_sub(spent);
    assert!(spent < Duration::from_millis(500), "{spent:?} of 5 s");
    let grown = local.server.resident_bytes().saturating_sub(before) / MIB;
    assert!(grown < 60, "{grown} MiB for 8 connections");
    assert_eq!(api.get("/v2/license").await.status, 200);
    cut(&local.server, 8.0).await;
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_sent_together_are_answered_one_after_the_other() {
    let local = local(&[]).await;
    let mut connection = connect(&local.anonymous(), HOME).await;
    let last = get("/v2/license").replace("host:", "connection: close\r\nhost:");
    connection.send(format!("{}{last}", get("/api/openapi.json").repeat(40))).await;
    let answers = connection.until_closed().await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_answers_that_are_not_read_are_bounded_by_address_and_in_all() {
    let limits =
        [("IDENTITY_SERVER_MAX_UNREAD_BYTES", "8000000"), ("IDENTITY_SERVER_MAX_UNREAD_BYTES_PER_ADDRESS", "4000000")];
    let local = local(&limits).await;
    let api = local.anonymous();
    roles(&local, 3000).await;
    let unread = async |from| {
        let mut connection = connect(&api, from).await;
        connection.send(search()).await;
        connection
    };
    let status = async |from, request: String| {
        let mut connection = connect(&api, from).await;
        connection.send(request.replace("host:", "connection: close\r\nhost:")).await;
        let answer = connection.until_closed().await;
        let is_whole = answer.len() > 3_000_000;
        (answer.get(9..12).unwrap_or_default().to_owned(), is_whole)
    };
    let refused = ("503".to_owned(), false);
    // How much of an answer the systems of both ends buffer differs, so that the number of answers is open.
    let mut held = Vec::new();
    eventually("an address at its bound", async || {
        held.push(unread(nth(1)).await);
        let found = status(nth(1), search()).await;
        if found == refused { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    assert_eq!(status(nth(1), get("/v2/license")).await.0, "200", "a small answer");
    assert_eq!(status(nth(2), search()).await, ("200".to_owned(), true), "another address");
    eventually("the bound in all", async || {
        held.push(unread(nth(u8::try_from(held.len()).expect("few"))).await);
        let found = status(HOME, search()).await;
        if found == refused { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    assert_eq!(status(HOME, get("/v2/license")).await.0, "200", "a small answer");
    cut(&local.server, 3.0).await;
    eventually("room again", async || {
        let found = status(nth(1), search()).await;
        if found == ("200".to_owned(), true) { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_read_more_slowly_than_the_least_rate_is_cut() {
    let local = local(&[("IDENTITY_SERVER_BODY_MIN_BYTES_PER_SECOND", "1000000")]).await;
    roles(&local, 3000).await;
    let mut connection = connect(&local.anonymous(), HOME).await;
    connection.send(get("/api/roles")).await;
    // What the systems of both ends have buffered arrives after that, too.
    let reader = tokio::spawn(async move {
        while !connection.some().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    cut(&local.server, 1.0).await;
    reader.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_whose_progress_is_not_read_are_applied_to_their_end() {
    const LINES: usize = 100_000;
    let local = local(&[]).await;
    let api = local.anonymous();
    let before = local.server.resident_bytes();
    let mut connection = connect(&api, nth(1)).await;
    let sent = tokio::spawn(async move {
        let line = format!("{}\n", json!({"createGroup": {"groupId": "again", "name": "G"}}));
        let last = format!("{}\n", json!({"createGroup": {"groupId": "last", "name": "G"}}));
        let head = get("/api/bulk?ifExists=SKIP").replace("GET", "POST").trim_end().to_owned();
        let length = line.len() * LINES + last.len();
        let head = format!("{head}\r\ncontent-type: application/x-ndjson\r\ncontent-length: {length}\r\n\r\n");
        connection.send(head).await;
        for _ in 0..100 {
            connection.send(line.repeat(LINES / 100)).await;
        }
        connection.send(last).await;
        connection
    });
    let begun = Instant::now();
    let mut most = 0;
    while local.admin().get("/api/groups/last").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(120), "the last line is not applied");
        most = most.max(local.server.resident_bytes().saturating_sub(before) / MIB);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(most < 60, "{most} MiB");
    drop(sent.await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_is_bounded_by_the_total_alone() {
    let proxy = nth(1);
    let limits = [
        ("IDENTITY_SERVER_MAX_CONNECTIONS", "40"),
        ("IDENTITY_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "5"),
        ("IDENTITY_SERVER_TRUSTED_PROXIES", "127.0.13.1"),
    ];
    let local = local(&limits).await;
    let api = local.anonymous();
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut connection = connect(&api, proxy).await;
        connection.send(get("/v2/license")).await;
        assert!(connection.some().await.starts_with("HTTP/1.1 200 "));
        held.push(connection);
    }
    let mut refused = 0;
    for _ in 0..7 {
        let mut connection = connect(&api, nth(2)).await;
        connection.send(get("/v2/license")).await;
        refused += usize::from(connection.some().await.starts_with("HTTP/1.1 503 "));
        held.push(connection);
    }
    assert_eq!(refused, 2, "an address that is no proxy has five");
}

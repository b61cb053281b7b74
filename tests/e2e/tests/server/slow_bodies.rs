//! Slow or excessive request bodies: bounded by time, by rate and by address.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use identity_testkit::{Api, Raw, Server};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::Store;

/// Body length in bytes, within the limit of one request.
const LENGTH: usize = 900_000;

fn nth(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 11, number])
}

/// Starts a server without users, whose set-up endpoint accepts bodies without credentials.
async fn empty(environment: &[(&str, &str)]) -> Server {
    let launch = Store::sqlite().launch(&["serve"]).env("IDENTITY_PROFILE", "builtin");
    environment.iter().fold(launch, |launch, (name, value)| launch.env(name, *value)).start().await
}

/// Starts a request body at the set-up endpoint.
async fn begin(api: &Api, from: IpAddr) -> Raw {
    let mut connection = Raw::connect(api, from).await.expect("a connection");
    let head = "POST /v2/setup/user HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    connection.send(format!("{head}content-length: {LENGTH}\r\n\r\n")).await;
    connection
}

/// Sends a few bytes repeatedly until the server answers, for at most 20 seconds. Returns the elapsed time.
async fn drip(api: &Api, from: IpAddr, bytes: usize) -> Duration {
    let mut connection = begin(api, from).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        connection.send(vec![b' '; bytes]).await;
        if let Some(answer) = connection.closed_within(Duration::from_millis(100)).await {
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
            return begun.elapsed();
        }
    }
    panic!("a body of {bytes} bytes each 100 ms is still received after 20 s")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_keeps_coming_is_bounded_by_rate_and_by_time() {
    let server = empty(&[("IDENTITY_SERVER_BODY_TIMEOUT", "8s")]).await;
    let api = server.http();
    // The minimum rate is 4,096 bytes per second, after 3 seconds.
    let (slow, steady) = tokio::join!(drip(api, nth(1), 10), drip(api, nth(2), 1000));
    assert!(slow < Duration::from_millis(6500), "too slow for {slow:?}");
    assert!(steady > Duration::from_millis(6500), "fast enough, and ended after {steady:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buffered_bytes_are_bounded_by_address() {
    let server = empty(&[("IDENTITY_SERVER_MAX_BUFFERED_BYTES_PER_ADDRESS", "2000000")]).await;
    let api = server.http();
    let mut bodies = JoinSet::new();
    for _ in 0..10 {
        let mut connection = begin(api, nth(1)).await;
        bodies.spawn(async move {
            // The body is never complete.
            connection.send(vec![b' '; LENGTH - 1]).await;
            connection.closed_within(Duration::from_secs(20)).await.unwrap_or_default()
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A body of equal length from another address is accepted.
    let mut other = begin(api, nth(2)).await;
    let user = json!({"username": "root", "password": "secret"}).to_string();
    other.send(format!("{user}{}", " ".repeat(LENGTH - user.len()))).await;
    let answer = other.some().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let answers = bodies.join_all().await;
    let refused =
        answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: "));
    assert!(refused.count() >= 8, "two bodies have room: {answers:?}");
}

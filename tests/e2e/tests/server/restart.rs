//! Acknowledged changes are durable, however the server ends.

use std::net::IpAddr;

use identity_testkit::Raw;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ROOT, Site, Store, column, eventually};

on_each_store!(a_killed_server_has_kept_what_it_acknowledged, a_server_that_is_told_to_end_finishes_what_it_does);

async fn a_killed_server_has_kept_what_it_acknowledged(store: Store) {
    let mut site = Site::start(store).await;
    let mut written = vec!["<default>".to_owned()];
    for round in 0..3 {
        let mut revision = String::new();
        for n in 0..3 {
            let id = format!("t{round}-{n}");
            let reply =
                site.admin().post("/api/tenants", &json!({"tenantId": id, "name": id})).await.expect_status(201);
            revision = reply.header("x-identity-revision").expect("a revision").to_owned();
            written.push(id);
        }
        let exited = site.server.kill().await;
        assert_eq!(exited.status.code(), None);
        site.server = site.launch.start().await;
        let reply = site.admin().get("/api/tenants").await.expect_status(200);
        assert_eq!(column(&reply.json(), "tenantId"), written);
        assert_eq!(reply.header("x-identity-revision"), Some(&*revision), "nothing to change at a restart");
    }
}

async fn a_server_that_is_told_to_end_finishes_what_it_does(store: Store) {
    let site = Site::start(store).await;
    let url = site.anonymous().request(reqwest::Method::GET, "/").build().expect("a request").url().clone();
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let body = json!({"tenantId": "late", "name": "Late"}).to_string();
    let head = format!(
        "POST /api/tenants HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        site.forge.token(&json!({"sub": ROOT})),
        body.len()
    );
    let mut idle = TcpStream::connect(address).await.expect("a connection");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("a writable connection");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an answer");
    // From here on, the server is processing the request (RFC 9110 §10.1.1).
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    site.server.ask_to_end();
    eventually("not ready", async || {
        let reply = site.server.management().get("/actuator/health/readiness").await;
        if reply.status == 503 { Ok(()) } else { Err(reply.text) }
    })
    .await;
    // A load balancer that has not noticed yet is refused immediately and tries another replica.
    eventually("no new connections", async || {
        match Raw::connect(site.server.http(), IpAddr::from([127, 0, 0, 1])).await {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
            other => Err(format!("{:?}", other.map(drop))),
        }
    })
    .await;
    stream.write_all(body.as_bytes()).await.expect("a connection that is still open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer, and the connection's end");
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "a connection without a request is closed");
    let exited = site.server.exited().await;
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");

    let server = site.launch.start().await;
    let admin = server.http().bearer(site.forge.token(&json!({"sub": ROOT})));
    let _ = admin.get("/api/tenants/late").await.expect_status(200);
    let exited = server.terminate().await;
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    says_nothing_bad(&exited.stderr);
}

/// Asserts that an idle server logs no warnings or errors.
fn says_nothing_bad(log: &str) {
    let bad: Vec<_> = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

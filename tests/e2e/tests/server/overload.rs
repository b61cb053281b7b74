//! More changes than the server can apply: changes beyond the queue are rejected before they are read, and abandoned
//! changes are not applied.

use std::collections::BTreeSet;
use std::time::Duration;

use identity_testkit::{Api, Reply};
use serde_json::json;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{Store, created, eventually, refused};

/// Capacity of the queue of changes.
const QUEUE: usize = 256;
/// Number of clients that disconnect.
const GONE: usize = 20;

fn create(api: &Api, id: String) -> JoinHandle<Reply> {
    let api = api.clone();
    tokio::spawn(async move { api.post("/v2/groups", &json!({"groupId": id, "name": "Group"})).await })
}

#[track_caller]
fn overloaded(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert_eq!(reply.json()["detail"], "too many changes are waiting; try again later.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_what_is_beyond_the_queue_and_makes_nothing_for_clients_that_are_gone_on_postgres() {
    let Some(store) = Store::postgres().await else { return };
    let server = store.launch(&["dev"]).env("IDENTITY_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "1000").start().await;
    let admin = server.http().basic("demo", "demo");
    assert_eq!(admin.get("/api/me").await.status, 200);

    // Simulates a slow write of another replica.
    let mut other = PgConnection::connect(store.url()).await.expect("the database");
    let mut revision = other.begin().await.expect("a transaction");
    let _held = sqlx::query("SELECT FROM policy_revision FOR UPDATE").execute(&mut *revision).await.expect("a lock");
    let first = create(&admin, "first".to_owned());
    let mut observer = PgConnection::connect(store.url()).await.expect("the database");
    eventually("a writer that waits for the other replica", async || {
        let locks = sqlx::query("SELECT count(*) FROM pg_locks WHERE NOT granted").fetch_one(&mut observer).await;
        let waiting: i64 = locks.expect("locks").get(0);
        if waiting > 0 { Ok(()) } else { Err("no writer waits".to_owned()) }
    })
    .await;
    let gone: Vec<_> = (0..GONE).map(|n| create(&admin, format!("gone-{n}"))).collect();
    let mut kept = Vec::new();
    let full = loop {
        let mut client = create(&admin, format!("kept-{}", kept.len()));
        match timeout(Duration::from_millis(if kept.len() < QUEUE - GONE { 0 } else { 300 }), &mut client).await {
            Ok(reply) => break reply.expect("a reply"),
            Err(_) => kept.push(client),
        }
    };
    overloaded(&full);
    assert_eq!(full.header("retry-after"), Some("1"));

    // The rejection checks neither credentials nor body. Requests that need no place in the queue continue.
    let unread = server.http().basic("demo", "wrong").post("/api/roles", &json!({"wrong": true})).await;
    refused(&unread, 503, "too_many_changes");
    assert_eq!(admin.get("/api/groups").await.status, 200);
    assert_eq!(admin.post("/v2/groups/search", &json!({})).await.status, 200);
    assert_eq!(admin.delete("/api/sessions?username=demo").await.status, 204);

    for client in gone {
        client.abort();
    }
    eventually("a place in the queue", async || {
        let mut client = create(&admin, "gone".to_owned());
        match timeout(Duration::from_millis(300), &mut client).await {
            Ok(reply) => Err(reply.expect("a reply").text),
            Err(_) => {
                client.abort();
                Ok(())
            }
        }
    })
    .await;
    revision.rollback().await.expect("the other replica ends");
    let mut made = BTreeSet::from([created(first.await.expect("a reply"))["groupId"].to_string()]);
    for client in kept {
        let reply = client.await.expect("a reply");
        // The queue was full, or the wait was too long on a slow machine.
        if reply.status == 503 {
            overloaded(&reply);
        } else {
            made.insert(created(reply)["groupId"].to_string());
        }
    }
    let groups = admin.post("/v2/groups/search", &json!({"page": {"limit": 1000}})).await.json();
    let found = groups["items"].as_array().expect("items").iter().map(|group| group["groupId"].to_string());
    assert_eq!(found.collect::<BTreeSet<_>>(), made);
}

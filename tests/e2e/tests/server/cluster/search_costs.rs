//! Deliberately expensive searches: rejected within their budget, run outside the worker threads, and cancelled when
//! the client disconnects.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::refused;
use crate::support::{Local, Store};

on_each_store!(an_expensive_search_is_refused_and_holds_nobody_up, an_abandoned_search_ends);

const GROUPS: usize = 1500;

/// Starts a server with 1,500 groups whose long names almost match the patterns.
async fn site(store: Store) -> Local {
    let local = Local::start(store).await;
    local.server.terminate().await;
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {GROUPS}) \
         INSERT INTO groups (group_id, name, description) SELECT 'g' || i, '{}' || i, '' FROM n",
        "a".repeat(240)
    );
    local.store.execute(&local.launch, sql).await;
    let server = local.launch.start().await;
    Local { server, launch: local.launch, store: local.store }
}

/// Returns fifty patterns that backtrack at each character: eighteen seconds without a budget.
fn expensive() -> Value {
    let pattern = |n: usize| format!("*{}{n}b", "a".repeat(100));
    let either: Vec<Value> = (0..50).map(|n| json!({"name": {"$like": pattern(n)}})).collect();
    json!({"filter": {"$or": either}})
}

async fn an_expensive_search_is_refused_and_holds_nobody_up(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    assert_eq!(api.get("/v2/authentication/me").await.status, 200);
    let before = local.server.resident_bytes();
    let searches: Vec<_> = (0..8)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.post("/v2/groups/search", &expensive()).await })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while searches.iter().any(|search| !search.is_finished()) {
        let begun = Instant::now();
        assert_eq!(api.get("/v2/authentication/me").await.status, 200);
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(slowest < Duration::from_secs(4), "others waited {slowest:?}");
    let mut told = 0;
    for search in searches {
        let reply = search.await.expect("an answer");
        if reply.status == 503 {
            assert!(reply.header("retry-after").is_some(), "{}", reply.text);
            continue;
        }
        let detail = refused(&reply, 400, "INVALID_ARGUMENT");
        assert!(detail.contains("50000000 steps") && detail.contains("patterns"), "{detail}");
        told += 1;
    }
    assert!(told > 0);
    let after = local.server.resident_bytes();
    assert!(after < before + 100 * 1024 * 1024, "from {before} to {after} bytes");
    // Ordinary searches are answered.
    let usual = json!({"filter": {"name": {"$like": "*7"}}, "page": {"limit": 10}});
    let found = api.post("/v2/groups/search", &usual).await.expect_status(200).json();
    assert_eq!(found["page"]["totalItems"], 150);
    let sorts: Vec<Value> = (0..5000).map(|_| json!({"field": "name"})).collect();
    refused(&api.post("/v2/groups/search", &json!({"sort": sorts})).await, 400, "INVALID_ARGUMENT");
}

async fn an_abandoned_search_ends(store: Store) {
    let local = site(store).await;
    let api = local.admin();
    assert_eq!(api.get("/v2/authentication/me").await.status, 200);
    // Without cancellation, these searches would occupy the queue for minutes.
    for _ in 0..40 {
        let body = expensive();
        let search = api.post("/v2/groups/search", &body);
        assert!(tokio::time::timeout(Duration::from_millis(50), search).await.is_err(), "it was answered at once");
    }
    let begun = Instant::now();
    let found = api.post("/v2/groups/search", &json!({"page": {"limit": 1}})).await.expect_status(200).json();
    assert_eq!(found["page"]["totalItems"], GROUPS);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

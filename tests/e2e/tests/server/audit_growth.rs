//! Repeated denials do not fill the audit log, and old entries are removed.

use serde_json::json;

use crate::support::{Local, Store, eventually};

on_each_store!(refusals_that_repeat_are_counted, old_entries_are_removed, entries_beyond_an_age_are_removed);

async fn refusals_that_repeat_are_counted(store: Store) {
    let local = Local::start(store).await;
    let eve = local.user("eve").await;
    let before = local.audit().await.len();
    for _ in 0..100 {
        // The form lacks its CSRF token, so this rejection requires no credentials.
        let form = [("username", "demo"), ("password", "wrong")];
        assert_eq!(local.anonymous().post_form("/auth/login", &form).await.status, 403);
    }
    let group = json!({"groupId": "g", "name": "G"});
    let mut reasons = Vec::new();
    for _ in 0..15 {
        let denied = eve.post("/v2/groups", &group).await.expect_status(403);
        reasons.push(denied.header("x-identity-reason-id").map(str::to_owned));
    }
    assert!(reasons[10..].iter().all(|reason| reason.is_some() && *reason == reasons[0]), "{reasons:?}");
    let firsts = local.audit().await.split_off(before);
    assert_eq!(firsts.len(), 11, "{firsts:?}");
    let metrics = eventually("a metric", async || {
        let metrics = local.server.management().get("/actuator/prometheus").await.text;
        if metrics.contains("identity_audit_refusals_counted_total 104") { Ok(metrics) } else { Err(metrics) }
    })
    .await;
    assert!(metrics.contains("identity_audit_entries "), "{metrics}");

    let Local { launch, server, store } = local;
    server.terminate().await;
    let reasons: Vec<_> =
        store.audit(&launch).await.split_off(before).into_iter().filter_map(|entry| entry.reason).collect();
    assert!(reasons.contains(&"csrf (repeated 99 times)".to_owned()), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.ends_with(" (repeated 5 times)")), "{reasons:?}");
    assert_eq!(reasons.len(), 13, "{reasons:?}");
}

async fn old_entries_are_removed(store: Store) {
    let launch = store.launch(&["dev"]).env("IDENTITY_AUDIT_RETENTION_MAX_ENTRIES", "1000");
    let local = Local { server: launch.start().await, launch, store };
    for number in 0..1100 {
        // Each request is distinct and comes from an authorized caller.
        let body = json!({"groupId": format!("g{number}"), "name": "G"});
        assert_eq!(local.admin().post("/v2/groups", &body).await.status, 201);
    }
    let Local { launch, server, store } = local;
    server.terminate().await;
    assert!(store.audit(&launch).await.len() > 1100);
    let _server = launch.start().await;
    eventually("only the newest", async || match store.audit(&launch).await.len() {
        0..=1000 => Ok(()),
        more => Err(more.to_string()),
    })
    .await;
}

async fn entries_beyond_an_age_are_removed(store: Store) {
    let launch = store.launch(&["dev"]).env("IDENTITY_AUDIT_RETENTION_MAX_AGE", "48h");
    let local = Local { server: launch.start().await, launch, store };
    assert_eq!(local.admin().post("/v2/groups", &json!({"groupId": "g", "name": "G"})).await.status, 201);
    let Local { launch, server, store } = local;
    server.terminate().await;
    let all = store.audit(&launch).await;
    let old = "UPDATE audit_log SET occurred_at = '2020-01-01T00:00:00.000000Z' WHERE entity_type <> 'GROUP'";
    store.execute(&launch, old.to_owned()).await;
    let _server = launch.start().await;
    let kept = eventually("only entries of two days", async || {
        let left = store.audit(&launch).await;
        if left.iter().all(|entry| entry.entity_type == "GROUP") { Ok(left) } else { Err(left.len().to_string()) }
    })
    .await;
    let young: Vec<_> = all.into_iter().filter(|entry| entry.entity_type == "GROUP").collect();
    assert_eq!(kept, young);
    assert!(!young.is_empty());
}

//! `/api/audit-log`.

use serde_json::{Value, json};

use crate::support::{Site, Store, created, refused};

on_each_store!(what_was_done_and_refused_is_found,);

async fn what_was_done_and_refused_is_found(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    let sales = created(admin.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let users = format!("/api/groups/{}/users", sales.as_str().expect("an id"));
    crate::support::done(admin.post(&users, &json!({"userId": "ann"})).await);
    refused(&site.user("dora_1").post("/api/groups", &json!({"name": "Mine"})).await, 403, "forbidden");
    refused(&admin.delete("/api/groups/nothing").await, 404, "missing");

    let list = async |query: &str| {
        let reply = admin.get(&format!("/api/audit-log{query}")).await.expect_status(200);
        let total: usize = reply.header("x-total-count").expect("a total").parse().expect("a number");
        let Value::Array(entries) = reply.json() else { panic!("no list: {}", reply.text) };
        (entries, total)
    };
    let (entries, total) = list("").await;
    assert_eq!(entries.len(), total);
    // RFC 3339 permits omitting trailing zeros of a fraction.
    let time = |entry: &Value| {
        let text = entry["timestamp"].as_str().expect("a time").trim_end_matches('Z').to_owned();
        let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
        format!("{seconds}.{fraction:0<6}")
    };
    let times: Vec<_> = entries.iter().map(time).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");

    let (denied, _) = list("?result=DENIED&actor=dora").await;
    assert_eq!(denied.len(), 1, "{denied:#?}");
    assert_eq!(denied[0]["operation"], "CREATE");
    assert_eq!(denied[0]["entity"]["type"], "GROUP");
    assert_eq!(denied[0]["actorId"], "dora_1");
    assert!(denied[0]["reason"].as_str().is_some_and(|reason| reason.contains("write")), "{denied:#?}");
    let one = admin.get(&format!("/api/audit-log/{}", denied[0]["key"].as_str().expect("a key"))).await;
    assert_eq!(one.expect_status(200).json(), denied[0]);

    let (assigned, _) = list("?operation=ASSIGN&entityType=GROUP").await;
    assert_eq!(assigned.len(), 1);
    assert_eq!(assigned[0]["related"], json!({"type": "USER", "key": "ann"}));
    assert_eq!(list("?result=FAIL&entityKey=nothing").await.1, 1);
    assert_eq!(list("?actor=dora*").await.1, 0, "what is sought is no pattern");
    assert_eq!(list("?from=2100-01-01T00:00:00Z").await, (Vec::new(), 0));
    assert_eq!(list("?to=2100-01-01T00:00:00%2B01:00").await.1, total);
    let (page, of) = list("?page=1&resultSize=2").await;
    assert_eq!((page.as_slice(), of), (&entries[2..4], total));

    for query in ["?result=done", "?operation=create", "?entityType=THING", "?from=yesterday", "?to="] {
        refused(&admin.get(&format!("/api/audit-log{query}")).await, 400, "invalid");
    }
    refused(&admin.get("/api/audit-log?who=ann").await, 400, "query");
    refused(&admin.get("/api/audit-log/nothing").await, 404, "missing");
    refused(&site.user("dora_1").get("/api/audit-log").await, 403, "forbidden");
}

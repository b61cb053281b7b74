//! Audit log (docs/reference/orchestration-cluster.md §1.9).

use std::collections::BTreeSet;

use identity_testkit::Api;
use reqwest::Method;
use serde_json::{Value, json};

use super::{found, refused};
use crate::support::{Local, Store, created, done, shows};

on_each_store!(
    what_was_done_is_found_by_what_it_was_about_and_who_did_it,
    who_may_not_read_the_log_finds_nothing_in_it,
    entries_and_words_that_strict_clients_do_not_know_are_left_out_and_refused,
    refusals_to_make_a_second_first_administrator_are_recorded_and_only_so_many,
);

async fn entries(api: &Api, body: Value) -> Vec<Value> {
    let (items, total) = found(api.post("/v2/audit-logs/search", &body).await);
    assert_eq!(usize::try_from(total).ok(), Some(items.len()), "one page holds all");
    items
}

/// Returns operation and key of each entry.
fn short(entries: &[Value]) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    entries.iter().map(|entry| format!("{} {}", text(entry, "operationType"), text(entry, "entityKey"))).collect()
}

async fn what_was_done_is_found_by_what_it_was_about_and_who_did_it(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let second = local.user("second").await;
    local.allow("second", "GROUP", "*", &["CREATE", "UPDATE"]).await;
    let from = entries(&api, json!({"filter": {"entityKey": "second"}})).await[0]["timestamp"].clone();
    for id in ["log.b", "log.a"] {
        created(api.post("/v2/groups", &json!({"groupId": id, "name": "n"})).await);
    }
    done(second.put("/v2/groups/log.a/clients/app", &json!({})).await);
    refused(&second.delete("/v2/groups/log.a").await, 403, "FORBIDDEN");
    refused(&api.post("/v2/groups", &json!({"groupId": "log.a", "name": "n"})).await, 409, "ALREADY_EXISTS");
    done(api.delete("/v2/groups/log.b").await);

    // Denied operations are not in the search results.
    let of_groups = json!({"entityType": "GROUP"});
    let all = entries(&api, json!({"filter": of_groups})).await;
    assert_eq!(short(&all), ["CREATE log.b", "CREATE log.a", "ASSIGN log.a", "CREATE log.a", "DELETE log.b"]);
    assert_eq!(all.iter().filter(|entry| entry["result"] == "FAIL").count(), 1);
    let denied = local.audit().await.into_iter().filter(|record| record.result == "DENIED").count();
    assert_eq!(denied, 1);

    let assigned = all[2].clone();
    let expected = [
        ("entityType", "GROUP"),
        ("actorId", "second"),
        ("actorType", "USER"),
        ("result", "SUCCESS"),
        ("category", "ADMIN"),
        ("relatedEntityKey", "app"),
        ("relatedEntityType", "CLIENT"),
    ];
    for (name, value) in expected {
        assert_eq!(assigned[name], value, "{name}: {assigned}");
    }
    assert_eq!(assigned.as_object().map(serde_json::Map::len), Some(33), "each entry has every field: {assigned}");
    for name in ["processInstanceKey", "tenantId", "jobKey", "batchOperationType"] {
        assert!(assigned[name].is_null(), "{name}");
    }
    let key = assigned["auditLogKey"].as_str().expect("a key");
    shows(api.get(&format!("/v2/audit-logs/{key}")).await, &assigned);

    for (filter, expected) in [
        (json!({"entityKey": "log.a", "operationType": "assign"}), vec!["ASSIGN log.a"]),
        (
            json!({"entityKey": {"$in": ["log.a", "log.b"]}, "operationType": {"$neq": "CREATE"}}),
            vec!["ASSIGN log.a", "DELETE log.b"],
        ),
        (json!({"entityKey": {"$like": "log.?"}, "result": "FAIL"}), vec!["CREATE log.a"]),
        (json!({"actorId": "second"}), vec!["ASSIGN log.a"]),
        (json!({"relatedEntityKey": "app", "relatedEntityType": "CLIENT"}), vec!["ASSIGN log.a"]),
        (json!({"auditLogKey": key}), vec!["ASSIGN log.a"]),
        (json!({"entityType": "group", "relatedEntityKey": {"$exists": true}}), vec!["ASSIGN log.a"]),
        (json!({"entityType": "GROUP", "timestamp": {"$lt": from}}), vec![]),
        (
            json!({"entityType": "GROUP", "timestamp": {"$gte": from, "$lt": "2999-01-01T00:00:00Z"}, "entityKey": "log.b"}),
            vec!["CREATE log.b", "DELETE log.b"],
        ),
        (json!({"entityType": "GROUP", "category": "USER_TASKS"}), vec![]),
        (json!({"processInstanceKey": {"$exists": true}}), vec![]),
    ] {
        assert_eq!(short(&entries(&api, json!({"filter": filter})).await), expected, "{filter}");
    }

    for (sort, expected) in [
        (
            json!([{"field": "entityKey"}, {"field": "operationType", "order": "DESC"}]),
            ["CREATE log.a", "CREATE log.a", "ASSIGN log.a", "DELETE log.b", "CREATE log.b"],
        ),
        (
            json!([{"field": "timestamp", "order": "DESC"}]),
            ["DELETE log.b", "CREATE log.a", "ASSIGN log.a", "CREATE log.a", "CREATE log.b"],
        ),
    ] {
        let body = json!({"filter": of_groups, "sort": sort});
        assert_eq!(short(&entries(&api, body.clone()).await), expected, "{sort}");
        // The pages contain the same entries.
        let (mut seen, mut page) = (Vec::new(), json!({"limit": 2}));
        loop {
            let reply =
                api.post("/v2/audit-logs/search", &json!({"filter": of_groups, "sort": sort, "page": page})).await;
            let end = reply.json()["page"]["endCursor"].clone();
            let (items, total) = found(reply);
            assert_eq!(total, 5);
            if end.is_null() {
                break;
            }
            seen.extend(short(&items));
            page = json!({"limit": 2, "after": end});
        }
        assert_eq!(seen, expected, "{sort}");
    }
    for (body, named) in [
        (json!({"filter": {"nothing": 1}}), "`/filter/nothing`"),
        (json!({"filter": {"timestamp": "yesterday"}}), "`/filter/timestamp`"),
        (json!({"filter": {"timestamp": {"$like": "2*"}}}), "`/filter/timestamp/$like`"),
        (json!({"sort": [{"field": "relatedEntityKey"}]}), "`/sort/0/field`"),
    ] {
        let reply = api.post("/v2/audit-logs/search", &body).await;
        assert!(reply.status == 400 && reply.text.contains(named), "{body}: {}", reply.text);
    }
}

async fn who_may_not_read_the_log_finds_nothing_in_it(store: Store) {
    let local = Local::start(store).await;
    let first = entries(&local.admin(), json!({"filter": {"entityKey": "demo"}})).await[0].clone();
    let path = format!("/v2/audit-logs/{}", first["auditLogKey"].as_str().expect("a key"));
    let nobody = local.user("nobody").await;
    let other = local.user("other").await;
    local.allow("other", "AUDIT_LOG", "USER_TASKS", &["READ"]).await;
    for api in [&nobody, &other] {
        assert_eq!(found(api.post("/v2/audit-logs/search", &json!({})).await), (Vec::new(), 0));
        refused(&api.get(&path).await, 403, "FORBIDDEN");
        refused(&api.get("/v2/audit-logs/999999999").await, 403, "FORBIDDEN");
    }
    for (name, category) in [("auditor", "ADMIN"), ("all", "*")] {
        let api = local.user(name).await;
        local.allow(name, "AUDIT_LOG", category, &["READ"]).await;
        assert!(!entries(&api, json!({"filter": {"entityKey": "demo"}})).await.is_empty());
        shows(api.get(&path).await, &first);
        for unknown in ["999999999", "x", "-1", "01", "1.5"] {
            refused(&api.get(&format!("/v2/audit-logs/{unknown}")).await, 404, "NOT_FOUND");
        }
    }
    let denied = local.audit().await.into_iter().filter(|record| record.entity_type == "AUDIT_LOG");
    assert_eq!(denied.filter(|record| record.result == "DENIED").count(), 4, "one for each");
}

async fn refusals_to_make_a_second_first_administrator_are_recorded_and_only_so_many(store: Store) {
    let local = Local::start(store).await;
    let anonymous = local.anonymous();
    let mut recorded = BTreeSet::new();
    for number in 0..30 {
        let id = format!("setup-{number}");
        let request = anonymous.request(Method::POST, "/v2/setup/user").header("x-request-id", &id);
        let body = json!({"username": "eve", "password": "secret"});
        let reply = anonymous.send(request.json(&body)).await;
        if reply.status == 403 {
            refused(&reply, 403, "FORBIDDEN");
            recorded.insert(id);
        } else {
            refused(&reply, 429, "Too Many Requests");
            assert!(reply.header("retry-after").is_some());
        }
    }
    assert!((20..30).contains(&recorded.len()), "{recorded:?}");
    let records: Vec<_> = local
        .audit()
        .await
        .into_iter()
        .filter(|record| record.entity_type == "USER" && record.entity_key.is_empty())
        .collect();
    assert!(records.iter().all(|record| (&*record.result, &*record.operation) == ("DENIED", "CREATE")), "{records:?}");
    assert!(records.iter().all(|record| record.actor_id.is_none() && record.reason.is_some()), "{records:?}");
    let ids: Vec<_> = records.iter().filter_map(|record| record.request_id.clone()).collect();
    assert_eq!(ids, ["setup-0"], "the first is recorded, the others are counted");
    refused(&local.admin().get("/v2/users/eve").await, 404, "NOT_FOUND");
}

async fn entries_and_words_that_strict_clients_do_not_know_are_left_out_and_refused(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    created(api.post("/api/resource-types", &json!({"type": "invoice", "supportedPermissions": ["read"]})).await);
    let all = api.get("/api/audit-log?resultSize=1000").await.expect_status(200).json();
    let own = all
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["entity"]["type"] == "RESOURCE_TYPE")
        .expect("an entry");
    let key = own["key"].as_str().expect("a key");
    refused(&api.get(&format!("/v2/audit-logs/{key}")).await, 404, "NOT_FOUND");
    let shown = entries(&api, json!({"page": {"limit": 1000}})).await;
    assert!(!shown.is_empty() && shown.iter().all(|entry| entry["entityType"] != "RESOURCE_TYPE"));

    for (field, word) in [
        ("entityType", json!("PLANET")),
        ("entityType", json!("RESOURCE_TYPE")),
        ("operationType", json!({"$neq": "READ"})),
        ("actorType", json!({"$in": ["USER", "ROBOT"]})),
        ("result", json!("DENIED")),
        ("category", json!({"$notIn": ["KITCHEN"]})),
    ] {
        let detail =
            refused(&api.post("/v2/audit-logs/search", &json!({"filter": {field: word}})).await, 400, "Bad Request");
        assert!(detail.contains(field) && detail.contains("must be one of"), "{detail}");
    }
    assert!(
        !entries(&api, json!({"filter": {"entityType": {"$like": "ROL*"}, "result": {"$in": []}}})).await.is_empty()
    );
}

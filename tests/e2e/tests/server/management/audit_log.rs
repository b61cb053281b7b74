//! `/api/audit-log`.

use identity_testkit::Api;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Local, Site, Store, created, done, refused};

on_each_store!(
    what_was_done_and_refused_is_found,
    values_before_and_after_a_change_are_recorded,
    an_export_has_what_the_list_has,
);

async fn what_was_done_and_refused_is_found(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    let sales = created(admin.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let users = format!("/api/groups/{}/users", sales.as_str().expect("an id"));
    done(admin.post(&users, &json!({"userId": "ann"})).await);
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

/// Returns the changed fields of the newest entry about an entity.
async fn changes(admin: &Api, kind: &str, key: &str) -> Value {
    let query = format!("/api/audit-log?entityType={kind}&entityKey={key}&result=SUCCESS&resultSize=1");
    admin.get(&query).await.expect_status(200).json()[0]["changes"].clone()
}

async fn values_before_and_after_a_change_are_recorded(store: Store) {
    let local = Local::start(store).await;
    let admin = local.admin();
    let change = |field: &str, before: Value, after: Value| json!({"field": field, "before": before, "after": after});
    let none = || Value::Null;

    let sales = created(admin.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let sales = sales.as_str().expect("an id");
    assert_eq!(changes(&admin, "GROUP", sales).await, json!([change("name", none(), json!("Sales"))]));
    done(admin.put(&format!("/api/groups/{sales}"), &json!({"name": "Sales EU"})).await);
    assert_eq!(changes(&admin, "GROUP", sales).await, json!([change("name", json!("Sales"), json!("Sales EU"))]));
    done(admin.post(&format!("/api/groups/{sales}/users"), &json!({"userId": "demo"})).await);
    assert_eq!(changes(&admin, "GROUP", sales).await, json!([]), "entity and related describe a membership");
    done(admin.delete(&format!("/api/groups/{sales}")).await);
    assert_eq!(changes(&admin, "GROUP", sales).await, json!([change("name", json!("Sales EU"), none())]));

    let ann = json!({"username": "ann", "name": "Ann", "email": "ann@example.com", "password": "first secret"});
    created(admin.post("/v2/users", &ann).await);
    let expected = json!([
        change("name", none(), json!("Ann")),
        change("email", none(), json!("ann@example.com")),
        change("enabled", none(), json!("true")),
        change("password", none(), none()),
    ]);
    assert_eq!(changes(&admin, "USER", "ann").await, expected);
    let ann = json!({"name": "Anne", "email": "ann@example.com", "password": "second secret"});
    let _ = admin.put("/v2/users/ann", &ann).await.expect_status(200);
    let expected = json!([change("name", json!("Ann"), json!("Anne")), change("password", none(), none())]);
    assert_eq!(changes(&admin, "USER", "ann").await, expected);

    let key = local.allow("ann", "USER", "*", &["READ", "DELETE"]).await;
    let body = json!({"ownerType": "USER", "ownerId": "ann", "resourceType": "USER", "resourceId": "demo",
        "permissionTypes": ["READ", "UPDATE"]});
    done(admin.put(&format!("/v2/authorizations/{key}"), &body).await);
    let expected = json!([
        change("resourceId", json!("*"), json!("demo")),
        change("permissions", json!("DELETE"), none()),
        change("permissions", none(), json!("UPDATE")),
    ]);
    assert_eq!(changes(&admin, "AUTHORIZATION", &key).await, expected);

    let log = admin.get("/api/audit-log").await.expect_status(200).text;
    for secret in ["first secret", "second secret", "argon2"] {
        assert!(!log.contains(secret), "{secret}");
    }
    let of_server = |text: &str| {
        let entries: Vec<Value> = serde_json::from_str(text).expect("a list");
        entries.iter().filter(|entry| entry["actorType"] == "SYSTEM").count()
    };
    assert!(of_server(&log) > 0);
    let others = admin.get("/api/audit-log?excludeSystem=true").await.expect_status(200);
    assert_eq!(of_server(&others.text), 0);
    assert!(others.header("x-total-count").is_some_and(|total| total != "0"));
}

async fn an_export_has_what_the_list_has(store: Store) {
    let local = Local::start(store).await;
    let admin = local.admin();
    for thousand in 0..5 {
        let group =
            |n| json!({"createGroup": {"groupId": format!("g{thousand}-{n}"), "name": format!("=1+{n}, \"x\"")}});
        let commands: Vec<Value> = (0..1000).map(group).collect();
        let _ = admin.post("/api/bulk", &json!({"commands": commands})).await.expect_status(200);
    }
    refused(&admin.delete("/api/groups/=1+1").await, 404, "missing");
    let list = admin.get("/api/audit-log").await.expect_status(200);
    let Value::Array(entries) = list.json() else { panic!("no list") };
    assert!(entries.len() > 5000);

    let lines = admin.get("/api/audit-log/export?format=jsonl").await.expect_status(200);
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(lines.header("x-total-count"), list.header("x-total-count"));
    let exported: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(exported == entries, "the export differs from the list");

    let file = admin.get("/api/audit-log/export?format=csv").await.expect_status(200);
    let disposition = file.header("content-disposition").expect("a file name");
    assert_eq!(disposition, "attachment; filename=\"audit-log.csv\"");
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    let column = |name: &str| file.text.lines().next().and_then(|head| head.split(',').position(|one| one == name));
    let [key, about, changes] = ["key", "entityKey", "changes"].map(|name| column(name).expect("a column"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let keys: Vec<&str> = rows.iter().map(|row| &row[key]).collect();
    assert_eq!(keys, entries.iter().map(|entry| entry["key"].as_str().expect("a key")).collect::<Vec<_>>());
    assert_eq!(&rows[0][about], "'=1+1", "no cell is a formula");
    assert_eq!(&rows[1][changes], "name: + =1+999, \"x\"");

    let some = "operation=CREATE&entityType=GROUP&entityKey=g3-99&excludeSystem=true";
    let some = admin.get(&format!("/api/audit-log/export?format=jsonl&{some}")).await.expect_status(200);
    assert_eq!((some.header("x-total-count"), some.text.lines().count()), (Some("11"), 11));
    let none = admin.get("/api/audit-log/export?format=csv&from=2100-01-01T00:00:00Z").await.expect_status(200);
    assert_eq!((none.header("x-total-count"), none.text.lines().count()), (Some("0"), 1), "only the header");
    let none = admin.get("/api/audit-log/export?format=jsonl&entityKey=nothing").await.expect_status(200);
    assert_eq!(none.text, "");

    let head = admin.send(admin.request(Method::HEAD, "/api/audit-log/export?format=jsonl")).await.expect_status(200);
    assert_eq!(head.text, "");
    for query in ["", "?format=xml", "?format=csv&page=1", "?format=csv&who=ann"] {
        refused(&admin.get(&format!("/api/audit-log/export{query}")).await, 400, "query");
    }
    refused(&admin.get("/api/audit-log/export?format=csv&from=yesterday").await, 400, "invalid");
    let dora = local.user("dora").await;
    refused(&dora.get("/api/audit-log/export?format=csv").await, 403, "forbidden");
    let denied = admin.get("/api/audit-log?result=DENIED&actor=dora&entityType=AUDIT_LOG").await.expect_status(200);
    assert_eq!(denied.header("x-total-count"), Some("1"));
}

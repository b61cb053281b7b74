//! Bulk changes: atomic batches, and streams of any number of lines.

use std::net::IpAddr;
use std::time::Duration;

use identity_testkit::{Api, Raw, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Local, Store, eventually, refused};

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// HTTP Basic credentials `demo:demo`.
const DEMO: &str = "Basic ZGVtbzpkZW1v";

on_each_store!(changes_are_all_or_none, lines_are_applied_and_resumed);

fn user(name: &str) -> Value {
    json!({"createUser": {"username": name}})
}

fn member(group: &str, name: &str) -> Value {
    json!({"addMember": {"containerType": "GROUP", "containerId": group, "memberType": "USER", "memberId": name}})
}

fn grant(name: &str) -> Value {
    json!({"createAuthorization": {"entityType": "USER", "entityId": name, "resourceType": "PROCESS_DEFINITION",
        "resourceKey": "order", "permissions": ["READ_PROCESS_DEFINITION"]}})
}

fn group(id: &str) -> Value {
    json!({"createGroup": {"groupId": id, "name": id}})
}

async fn apply(api: &Api, commands: &[Value]) -> Reply {
    api.post("/api/bulk", &json!({"commands": commands})).await
}

/// Sends lines as one body. Returns the lines of the response.
async fn stream(api: &Api, query: &str, lines: String) -> Vec<Value> {
    let request = api.request(Method::POST, &format!("/api/bulk{query}"));
    let reply = api.send(request.header("content-type", "application/x-ndjson").body(lines)).await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    reply.text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn lines(commands: impl IntoIterator<Item = Value>) -> String {
    commands.into_iter().map(|command| format!("{command}\n")).collect()
}

async fn changes_are_all_or_none(store: Store) {
    let local = Local::start(store).await;
    let admin = local.admin();
    let imported = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";
    let commands = [
        json!({"createUser": {"username": "ann", "name": "Ann", "email": "ann@example.com", "password": "a longer phrase of hers"}}),
        json!({"createUser": {"username": "max", "passwordHash": imported}}),
        user("zoe"),
        group("sales"),
        json!({"createRole": {"name": "clerk", "permissions": [{"definition": "read", "resourceServerAudience": "orders-api"}]}}),
        member("sales", "ann"),
        grant("ann"),
    ];
    let reply = apply(&admin, &commands).await.expect_status(200);
    let body = reply.json();
    assert_eq!((&body["applied"], &body["skipped"]), (&json!(7), &json!(0)));
    assert_eq!(reply.header("x-identity-revision"), Some(&*body["revision"].to_string()));

    let signs_in =
        async |name: &str, password: &str| local.anonymous().basic(name, password).get("/api/me").await.status == 200;
    assert!(signs_in("ann", "a longer phrase of hers").await);
    assert!(signs_in("max", "U*U*").await, "the imported hash");
    assert!(!signs_in("max", imported).await);
    for password in ["", "zoe", "{nobody}zoe"] {
        assert!(!signs_in("zoe", password).await, "no password, no sign-in");
    }
    let _ = admin.put("/v2/users/zoe", &json!({"password": "a password"})).await.expect_status(200);
    assert!(signs_in("zoe", "a password").await);

    let before = local.audit().await.len();
    let failed = apply(&admin, &[user("eve"), group("a"), user("ann"), group("b")]).await;
    assert_eq!(refused(&failed, 409, "exists")["index"], 2);
    let _ = admin.get("/v2/users/eve").await.expect_status(404);
    let records = local.audit().await.split_off(before);
    assert_eq!(records.len(), 1, "one record of the failure");
    assert_eq!((&*records[0].entity_key, &*records[0].result), ("ann", "FAIL"));

    let skipped = admin.post("/api/bulk?ifExists=SKIP", &json!({"commands": [user("ann"), group("a")]})).await;
    let skipped = skipped.expect_status(200).json();
    assert_eq!((&skipped["applied"], &skipped["skipped"]), (&json!(1), &json!(1)));
    assert!(signs_in("ann", "a longer phrase of hers").await, "who exists is left alone");
}

async fn lines_are_applied_and_resumed(store: Store) {
    let local = Local::start(store).await;
    let admin = local.admin();
    let all: Vec<Value> = std::iter::once(group("sales"))
        .chain((0..700).flat_map(|n| [user(&format!("u{n}")), member("sales", &format!("u{n}"))]))
        .collect();
    // Line 901 fails: the earlier batches are applied, its own batch is not.
    let mut broken = all.clone();
    broken[900] = user("u0");
    let answer = stream(&admin, "", lines(broken)).await;
    let last = answer.last().expect("an outcome");
    assert_eq!((&last["status"], &last["failedLine"]), (&json!("FAILED"), &json!(901)), "{last}");
    assert_eq!(last["problem"]["reason"], "exists");
    let applied = usize::try_from(last["lines"].as_u64().expect("a number")).expect("a small number");
    assert!((1..=900).contains(&applied), "{last}");

    // Resumes with the first line that is not applied.
    let answer = stream(&admin, "", lines(all[applied..].iter().cloned())).await;
    let last = answer.last().expect("an outcome");
    assert_eq!((&last["status"], &last["lines"]), (&json!("DONE"), &json!(all.len() - applied)), "{last}");
    // Alternatively, sends all lines again.
    let answer = stream(&admin, "?ifExists=SKIP", lines(all.clone())).await;
    let last = answer.last().expect("an outcome");
    assert_eq!((&last["status"], &last["skipped"]), (&json!("DONE"), &json!(all.len())), "{last}");
    let members = admin.get("/api/groups/sales/users?page=0&resultSize=1").await.expect_status(200);
    assert_eq!(members.header("x-total-count"), Some("700"));
}

async fn begin(local: &Local) -> Raw {
    let mut connection = Raw::connect(&local.anonymous(), ADDRESS).await.expect("a connection");
    let head = "POST /api/bulk HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n";
    connection.send(format!("{head}authorization: {DEMO}\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    connection
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Waits until a stream that is still open has created a user.
async fn made(local: &Local, name: &str) {
    eventually(name, async || match local.admin().get(&format!("/v2/users/{name}")).await.status {
        200 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_applied_while_they_arrive_and_stay_when_the_client_is_gone() {
    let local = Local::start(Store::sqlite()).await;
    for round in 0..6 {
        // More streams than may run concurrently, one after another: each ends with its client.
        let name = format!("u{round}");
        let mut connection = begin(&local).await;
        connection.send(chunk(&lines([user(&name)]))).await;
        made(&local, &name).await;
        // Other writers are not blocked.
        let _ = apply(&local.admin(), &[group(&name)]).await.expect_status(200);
        let mut answer = String::new();
        while !answer.contains(r#"{"status":"RUNNING","lines":1,"#) {
            answer += &connection.some().await;
        }
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        connection.send(chunk(r#"{"createUser": {"username": "ha"#)).await;
    }
    let all = lines((0..7).map(|n| user(&format!("u{n}"))));
    let answer = stream(&local.admin(), "?ifExists=SKIP", all).await;
    let last = answer.last().expect("an outcome");
    assert_eq!((&last["status"], &last["lines"], &last["skipped"]), (&json!("DONE"), &json!(7), &json!(6)), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_bulks_run_at_once() {
    let local = Local::start(Store::sqlite()).await;
    let mut open = Vec::new();
    for number in 0..4 {
        let name = format!("u{number}");
        let mut connection = begin(&local).await;
        connection.send(chunk(&lines([user(&name)]))).await;
        made(&local, &name).await;
        open.push(connection);
    }
    let refused_one = apply(&local.admin(), &[group("a")]).await;
    refused(&refused_one, 503, "busy");
    assert!(refused_one.header("retry-after").is_some());
    // Single changes are still applied.
    local.user("another").await;
    drop(open);
    eventually("room", async || match apply(&local.admin(), &[group("a")]).await.status {
        200 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_lost_ends_the_lines() {
    let local = Local::start(Store::sqlite()).await;
    let mut connection = begin(&local).await;
    connection.send(chunk(&lines([user("first")]))).await;
    made(&local, "first").await;
    let _ = local.admin().put("/v2/users/demo", &json!({"password": "another one"})).await.expect_status(200);
    connection.send(chunk(&lines([user("second")]))).await;
    let answer = connection.closed_within(Duration::from_secs(20)).await.expect("an end");
    assert!(answer.contains(r#""status":"FAILED","lines":1"#) && answer.contains(r#""failedLine":2"#), "{answer}");
    let admin = local.anonymous().basic("demo", "another one");
    let _ = admin.get("/v2/users/second").await.expect_status(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_permitted_that_is_not_permitted_alone() {
    let local = Local::start(Store::sqlite()).await;
    let admin = local.admin();
    let nobody = local.user("nobody").await;
    refused(&apply(&local.anonymous(), &[group("a")]).await, 401, "no_credentials");
    refused(&apply(&nobody, &[group("a")]).await, 403, "forbidden");
    // The permission check precedes the parsing of the body.
    refused(&nobody.post("/api/bulk", &json!([])).await, 403, "forbidden");
    let request = nobody.request(Method::POST, "/api/bulk").header("content-type", "application/x-ndjson");
    refused(&nobody.send(request.body("{")).await, 403, "forbidden");

    let writer = [
        json!({"createRole": {"name": "writers", "permissions":
            [{"definition": "write", "resourceServerAudience": "camunda-identity-resource-server"}]}}),
        json!({"addMember": {"containerType": "ROLE", "containerId": "writers", "memberType": "USER", "memberId": "nobody"}}),
    ];
    let _ = apply(&admin, &writer).await.expect_status(200);
    let _ = apply(&nobody, &[group("a")]).await.expect_status(200);
    for more in [user("eve"), grant("nobody"), json!({"deleteUser": {"username": "demo"}})] {
        assert_eq!(refused(&apply(&nobody, &[group("b"), more.clone()]).await, 403, "forbidden")["index"], 1, "{more}");
    }
    let protected = json!({"deleteRole": {"name": "admin"}});
    assert_eq!(refused(&apply(&admin, &[protected]).await, 403, "protected")["index"], 0);
    let lock_out = json!({"deleteUser": {"username": "demo"}});
    let lock_out = apply(&admin, &[user("eve"), lock_out]).await;
    assert!(lock_out.status == 409 && lock_out.json()["reason"] == "lock_out", "{}", lock_out.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_is_bounded() {
    let local = Local::start(Store::sqlite()).await;
    let admin = local.admin();
    let many: Vec<Value> = (0..1001).map(|n| group(&format!("g{n}"))).collect();
    refused(&apply(&admin, &many).await, 400, "commands");
    for (wrong, reason) in [
        (json!({}), "body_shape"),
        (json!({"createUser": {"username": "a"}, "createGroup": {"groupId": "a", "name": "a"}}), "body_shape"),
        (json!({"dropTables": {}}), "body_shape"),
        (json!({"createUser": {"username": "a", "admin": true}}), "body_shape"),
        (json!({"createUser": {"username": "a", "password": "short"}}), "invalid"),
        (json!({"createUser": {"username": "a", "password": "passwordpassword1"}}), "invalid"),
        (json!({"createUser": {"username": "a", "passwordHash": "secret"}}), "invalid"),
        (
            json!({"createUser": {"username": "a", "password": "a longer phrase of hers", "passwordHash": "$2a$"}}),
            "invalid",
        ),
        (
            json!({"createUser": {"username": "a", "passwordHash": "$argon2id$v=19$m=999999999,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA"}}),
            "invalid",
        ),
    ] {
        let problem = refused(&apply(&admin, &[group("z"), wrong.clone()]).await, 400, reason);
        assert_eq!(problem["index"], 1, "{wrong}");
    }
    for (body, failed) in [("x".repeat(100_000), 1), (format!("{}\n{{\n", group("y")), 2), ("\n".to_owned(), 1)] {
        let answer = stream(&admin, "", body).await;
        let last = answer.last().expect("an outcome");
        assert_eq!((&last["status"], &last["failedLine"]), (&json!("FAILED"), &json!(failed)), "{last}");
    }
    // An unterminated line is rejected as soon as it exceeds the limit.
    let mut connection = begin(&local).await;
    for _ in 0..4 {
        connection.send(chunk(&"x".repeat(8192))).await;
    }
    let answer = connection.closed_within(Duration::from_secs(20)).await.expect("an end");
    assert!(answer.contains("line_too_long"), "{answer}");
}

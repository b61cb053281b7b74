//! Decisions about users and clients by id: their groups and permissions come from Keycloak.

use serde_json::{Value, json};

use crate::support::*;

fn about(kind: &str, id: &str, action: &str, resource: (&str, &str)) -> Value {
    json!({"subject": {"type": kind, "id": id}, "action": {"name": action},
        "resource": {"type": resource.0, "id": resource.1}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_machines_are_decided_by_what_keycloak_stores() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}")).to_owned();
    let demo = text(&admin.get("/api/users?search=demo").await.json()[0], "id");
    let group = text(&admin.get("/api/groups").await.json()[0], "id");
    let granted = json!({"entityType": "GROUP", "entityId": group, "resourceType": "process-definition",
        "resourceKey": "order", "permission": "READ"});
    _ = admin.post("/api/authorizations", &granted).await.expect_status(204);
    platform.realm.user("ann", "pw").await;
    let ann = text(&admin.get("/api/users?search=ann").await.json()[0], "id");

    let (api, order) = (("api", AUDIENCE), ("process-definition", "order"));
    for (kind, id, action, resource, decision) in [
        ("user", &*demo, "write", api, true),
        ("user", &demo, "nothing", api, false),
        ("user", &demo, "READ", order, true),
        ("user", &demo, "DELETE", order, false),
        ("user", &ann, "write", api, false),
        ("user", &ann, "READ", order, false),
        ("client", MACHINE.0, "read:secrets", api, true),
        ("client", MACHINE.0, "READ", order, false),
    ] {
        let question = about(kind, id, action, resource);
        let explained = admin.post("/access/v1/explain", &question).await.expect_status(200).json();
        assert_eq!(
            (&explained["decision"], explained.get("reason")),
            (&json!(decision), None),
            "{question} {explained}"
        );
        assert_eq!(explained["subject"]["basis"], "DIRECTORY", "{question}");
        assert_eq!(admin.post("/access/v1/evaluation", &question).await.json()["decision"], decision, "{question}");
    }
    let unknown = about("user", "00000000-0000-4000-8000-000000000000", "write", api);
    let unknown = admin.post("/access/v1/explain", &unknown).await.expect_status(200).json();
    assert_eq!((&unknown["decision"], &unknown["subject"]["basis"]), (&json!(false), &json!("STORED")));

    // The review of a person lists the permissions on every API.
    let review = admin.get(&format!("/access/v1/review/subject?type=user&id={demo}")).await.expect_status(200).json();
    let held = texts(&review["lines"], "resourceId");
    assert!(held.contains(&AUDIENCE.to_owned()) && held.contains(&"order".to_owned()), "{review}");
    assert_eq!(review.get("incomplete"), None, "{review}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_are_listed_with_the_roles_and_groups_that_make_them() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}")).to_owned();
    let demo = text(&admin.get("/api/users?search=demo").await.json()[0], "id");
    let group = text(&admin.get("/api/groups").await.json()[0], "id");
    let line = |review: &Value, path: &str| {
        let lines = review["lines"].as_array().cloned().unwrap_or_default();
        lines.into_iter().find(|line| line["path"] == path)
    };
    let review = admin.get("/access/v1/review/administrators").await.expect_status(200).json();
    let by_role =
        line(&review, &format!("user {demo} > role ManagementIdentity")).unwrap_or_else(|| panic!("{review}"));
    assert_eq!((&by_role["partyName"], &by_role["requests"]), (&json!("demo"), &json!(0)), "{review}");
    assert!(line(&review, &format!("client {}", MACHINE.0)).is_some(), "{review}");
    assert_eq!(review.get("incomplete"), None, "{review}");

    let assign = json!({"roleName": "ManagementIdentity"});
    let assigned = admin.post(&format!("/api/groups/{group}/roles"), &assign).await;
    assert!((200..300).contains(&assigned.status), "{assigned:?}");
    let path = format!("user {demo} > group {group} > role ManagementIdentity");
    let query = format!("/access/v1/review/resource?type=api&id={AUDIENCE}&action=write");
    let review = admin.get(&query).await.expect_status(200).json();
    assert!(line(&review, &path).is_some(), "{review}");
    assert!(line(&review, &format!("user {demo} > role ManagementIdentity")).is_some(), "every path: {review}");

    _ = admin.put(&format!("/api/users/{demo}"), &json!({"enabled": false})).await.expect_status(204);
    let review = admin.get(&query).await.expect_status(200).json();
    assert_eq!(line(&review, &path), None, "who cannot sign in administers nothing: {review}");
}

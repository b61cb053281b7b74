//! The server of the previous release and this one: side by side on one database, and one after the other on one file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use identity_testkit::{Api, Launch, Reply, Server, skip_without};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Store, created, done};

/// Server of the previous release, built by `tests/run`.
fn previous_server() -> Option<PathBuf> {
    let program = std::env::var_os("PREVIOUS_SERVER").map(PathBuf::from);
    if program.is_none() {
        skip_without("PREVIOUS_RELEASE", "PREVIOUS_SERVER is not set");
    }
    program
}

fn admin(server: &Server) -> Api {
    server.http().clone().basic("demo", "demo")
}

fn revision(reply: &Reply) -> u64 {
    reply.header("x-identity-revision").and_then(|text| text.parse().ok()).expect("a revision")
}

/// Creates one entity of each kind and their associations, changes some and deletes some. Returns the newest revision.
async fn change(api: &Api, name: &str) -> u64 {
    let id = |kind: &str| format!("{name}-{kind}");
    created(api.post("/v2/groups", &json!({"groupId": id("group"), "name": "Sales"})).await);
    created(api.post("/v2/roles", &json!({"roleId": id("role"), "name": "Clerk"})).await);
    created(api.post("/v2/tenants", &json!({"tenantId": id("tenant"), "name": "North"})).await);
    let rule = json!({"mappingRuleId": id("rule"), "name": id("rule"), "claimName": "team", "claimValue": name});
    created(api.post("/v2/mapping-rules", &rule).await);
    let kind = json!({"type": id("type"), "supportedPermissions": ["approve"], "properties": ["owner"]});
    created(api.post("/api/resource-types", &kind).await);
    for member in [
        format!("/v2/groups/{}/users/ann", id("group")),
        format!("/v2/roles/{}/groups/{}", id("role"), id("group")),
        format!("/v2/roles/{}/mapping-rules/{}", id("role"), id("rule")),
        format!("/v2/tenants/{}/groups/{}", id("tenant"), id("group")),
    ] {
        done(api.put(&member, &json!({})).await);
    }
    let mut keys = Vec::new();
    for owner in [("GROUP", "group"), ("ROLE", "role"), ("MAPPING_RULE", "rule")] {
        let body = json!({"ownerType": owner.0, "ownerId": id(owner.1), "resourceType": "PROCESS_DEFINITION",
            "resourceId": name, "permissionTypes": ["READ_PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE"]});
        keys.push(created(api.post("/v2/authorizations", &body).await)["authorizationKey"].clone());
    }
    let condition = json!([{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]);
    let conditional = json!({"entityType": "GROUP", "entityId": id("group"), "resourceType": id("type"),
        "resourceKey": "*", "permission": "approve", "condition": condition});
    let granted = api.post("/api/authorizations", &conditional).await;
    assert!(matches!(granted.status, 200..=204), "{granted:?}");
    let renamed = api.put(&format!("/v2/groups/{}", id("group")), &json!({"name": "South"})).await;
    assert_eq!(renamed.expect_status(200).json()["name"], "South");
    done(api.delete(&format!("/v2/authorizations/{}", keys[1].as_str().expect("a key"))).await);
    let last = api.delete(&format!("/v2/roles/{}", id("role"))).await;
    let revision = revision(&last);
    done(last);
    revision
}

/// Returns all entities of a server at revision `least` or later, and its decisions.
async fn seen(api: &Api, least: u64) -> Value {
    let mut seen = Vec::new();
    for kind in ["users", "groups", "roles", "tenants", "mapping-rules", "authorizations"] {
        let body = json!({"page": {"limit": 1000}, "filter": {}});
        let request = api.request(Method::POST, &format!("/v2/{kind}/search")).header("x-identity-min-revision", least);
        seen.push(api.send(request.json(&body)).await.expect_status(200).json());
    }
    for list in ["/api/resource-types", "/api/authorizations", "/access/v1/review/administrators"] {
        seen.push(api.get(list).await.expect_status(200).json());
    }
    Value::from(seen)
}

/// Asserts that `new` gives everything that `old` gives. An answer of a later release may have further members, but no
/// further entries.
fn assert_includes(new: &Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (name, value) in old {
                assert_includes(new.get(name).unwrap_or_else(|| panic!("no {name} in {new:?}")), value);
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            assert_eq!(new.len(), old.len(), "{new:?} instead of {old:?}");
            new.iter().zip(old).for_each(|(new, old)| assert_includes(new, old));
        }
        (new, old) => assert_eq!(new, old),
    }
}

/// Sends changes to each server without pause until stopped. Returns the newest revision.
async fn load<const N: usize>(servers: [&Api; N], round: &str, stopped: &AtomicBool) -> u64 {
    let mut newest = 0;
    for n in 0.. {
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        for (place, api) in servers.iter().enumerate() {
            newest = change(api, &format!("{round}-{n}-{place}")).await;
        }
    }
    newest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_release_before_and_this_one_decide_alike_during_an_upgrade_on_postgres() {
    let Some(program) = previous_server() else { return };
    let Some(store) = Store::postgres().await else { return };
    let before = store.launch(&["dev"]).program(program).start().await;
    let old = admin(&before);
    created(old.post("/v2/users", &json!({"username": "ann", "password": "secret"})).await);

    // Upgrades the schema under load.
    let (launch, stopped) = (store.launch(&["dev"]), AtomicBool::new(false));
    let starting = async {
        let server = launch.start().await;
        stopped.store(true, Ordering::Relaxed);
        server
    };
    let (newest, after) = tokio::join!(load([&old], "alone", &stopped), starting);
    let new = admin(&after);
    assert_includes(&seen(&new, newest).await, &seen(&old, newest).await);

    // Each server replays the changes of the other.
    for round in 0..3 {
        let stopped = AtomicBool::new(false);
        let both = async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            stopped.store(true, Ordering::Relaxed);
        };
        let (one, two) = (format!("one{round}"), format!("two{round}"));
        let (one, two, ()) = tokio::join!(load([&old, &new], &one, &stopped), load([&new, &old], &two, &stopped), both);
        let newest = one.max(two);
        assert_includes(&seen(&new, newest).await, &seen(&old, newest).await);
    }
    let newest = change(&old, "last").await;
    let held = seen(&new, newest).await;
    before.terminate().await;
    after.terminate().await;
    let again = launch.start().await;
    assert_eq!(seen(&admin(&again), newest).await, held, "as the tables have it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_the_release_before_is_taken_over_on_sqlite() {
    let Some(program) = previous_server() else { return };
    let before: Launch = Store::sqlite().launch(&["dev"]);
    let server = before.clone().program(program).start().await;
    let old = admin(&server);
    created(old.post("/v2/users", &json!({"username": "ann", "password": "secret"})).await);
    let newest = change(&old, "a").await;
    let held = seen(&old, newest).await;
    server.terminate().await;
    let server = before.start().await;
    let new = admin(&server);
    assert_includes(&seen(&new, newest).await, &held);
    change(&new, "b").await;
    assert_eq!(server.http().clone().basic("ann", "secret").get("/v2/authentication/me").await.status, 200);
}

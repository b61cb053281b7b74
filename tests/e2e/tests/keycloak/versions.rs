//! Optimistic concurrency control of the entities that Keycloak stores, which has no preconditions itself.

use identity_testkit::{Api, Reply};
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use crate::support::*;

async fn tag(api: &Api, path: &str) -> String {
    let found = api.get(path).await.expect_status(200);
    found.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned()
}

async fn send(api: &Api, method: Method, path: &str, tag: &str, body: &Value) -> Reply {
    api.send(api.request(method, path).header(IF_MATCH, tag).json(body)).await
}

/// Changes the entity at `path` by `first`. A second change and a deletion, both meant for the version before, are
/// refused and change nothing. With the new version, both succeed. Users cannot be deleted on this path.
async fn holds(api: &Api, path: &str, first: &Value, second: &Value, deletable: bool) {
    let old = tag(api, path).await;
    assert!(old.starts_with('"'), "{path}: no entity tag");
    let changed = send(api, Method::PUT, path, &old, first).await;
    assert!(changed.status < 300, "{path}: {}", changed.text);
    let now = api.get(path).await.expect_status(200).json();
    let new = tag(api, path).await;
    assert_ne!(new, old, "{path}");
    let methods = if deletable { vec![Method::PUT, Method::DELETE] } else { vec![Method::PUT] };
    for method in methods {
        let problem = send(api, method, path, &old, second).await.expect_status(412).json();
        assert_eq!(problem["errors"], json!(["CHANGED"]), "{path}: {problem}");
        let by = &problem["lastChange"];
        assert_eq!((&by["actorType"], &by["actorId"]), (&json!("CLIENT"), &json!(MACHINE.0)), "{path}: {problem}");
    }
    assert_eq!(api.get(path).await.expect_status(200).json(), now, "{path}: a refused change changes nothing");
    let changed = send(api, Method::PUT, path, &new, second).await;
    assert!(changed.status < 300, "{path}: {}", changed.text);
    let newest = tag(api, path).await;
    if deletable {
        let deleted = send(api, Method::DELETE, path, &newest, &json!({})).await;
        assert!(deleted.status < 300, "{path}: {}", deleted.text);
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_change_of_each_kind_of_entity_is_refused() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let made = async |path: &str, body: Value| {
        let id = created(admin.post(path, &body).await)["id"].as_str().unwrap_or_default().to_owned();
        format!("{path}/{id}")
    };
    let named = |name: &str| json!({"name": name});

    let new = json!({"username": "ann", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.org",
        "password": "correct horse"});
    let (first, second) = (json!({"firstName": "Anna"}), json!({"firstName": "Annette"}));
    holds(&admin, &made("/api/users", new).await, &first, &second, false).await;
    holds(&admin, &made("/api/groups", named("Sales")).await, &named("A"), &named("B"), true).await;
    let new = json!({"name": "Till", "clientId": "till", "type": "M2M"});
    let renamed = |name: &str| json!({"name": name, "redirectUris": []});
    holds(&admin, &made("/api/clients", new).await, &renamed("A"), &renamed("B"), true).await;
    let new = json!({"name": "Orders", "audience": "orders-api"});
    holds(&admin, &made("/api/resource-servers", new).await, &named("A"), &named("B"), true).await;
    let described = |text: &str| json!({"name": "clerk", "description": text});
    _ = created(admin.post("/api/roles", &described("")).await);
    holds(&admin, "/api/roles/clerk", &described("A"), &described("B"), true).await;
}

/// The version is that of the entity in Keycloak, so it also reflects changes by others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_keycloak_itself_makes_an_older_version_stale() {
    let Some(platform) = Platform::start().await else { return };
    let (admin, realm) = (platform.admin().await, platform.realm.api().await);
    let id = platform.realm.user("ann", "correct horse").await;
    let path = format!("/api/users/{id}");
    let old = tag(&admin, &path).await;
    let mut user = realm.get(&format!("/users/{id}")).await.expect_status(200).json();
    user["lastName"] = json!("Changed elsewhere");
    assert!(realm.put(&format!("/users/{id}"), &user).await.status < 300);
    let stale = send(&admin, Method::PUT, &path, &old, &json!({"firstName": "Anna"})).await;
    _ = stale.expect_status(412);
    assert_eq!(realm.get(&format!("/users/{id}")).await.json()["lastName"], json!("Changed elsewhere"));
}

//! Optimistic concurrency control: changes of entities that were changed in the meantime are refused.

use identity_testkit::{Api, Reply};
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::group;
use crate::support::{Local, Site, Store, created, done, refused, rule};

on_each_store!(
    a_change_for_another_version_is_refused,
    permissions_on_a_resource_have_a_version,
    the_cluster_api_accepts_the_same_precondition,
);

async fn tag(api: &Api, path: &str) -> String {
    let found = api.get(path).await.expect_status(200);
    found.headers[ETAG].to_str().expect("an entity tag").to_owned()
}

async fn send(api: &Api, method: Method, path: &str, tag: &str, body: &Value) -> Reply {
    api.send(api.request(method, path).header(IF_MATCH, tag).json(body)).await
}

/// Changes the entity at `path` by `first`. A second change and a deletion, both meant for the version before, are
/// refused and change nothing. With the new version, both succeed.
async fn holds(api: &Api, path: &str, first: &Value, second: &Value) {
    let old = tag(api, path).await;
    assert_eq!(tag(api, path).await, old, "{path}");
    assert!(send(api, Method::PUT, path, &old, first).await.status < 300, "{path}");
    let new = tag(api, path).await;
    assert_ne!(new, old, "{path}");
    for (method, tag) in [(Method::PUT, &old), (Method::DELETE, &old), (Method::PUT, &format!("W/{new}"))] {
        let reply = send(api, method.clone(), path, tag, second).await;
        assert_eq!(reply.status, 412, "{method} {path}: {}", reply.text);
    }
    assert_eq!(tag(api, path).await, new, "{path}");
    assert!(send(api, Method::PUT, path, &format!("{old}, {new}"), second).await.status < 300, "{path}");
    assert!(api.put(path, first).await.status < 300, "{path}: without a precondition, any version is changed");
    assert_eq!(tag(api, path).await, new, "{path}: equal fields have equal versions");
    let any = send(api, Method::PUT, path, "*", second).await;
    assert!(any.status < 300, "{path}: {}", any.text);
    let newest = tag(api, path).await;
    done(send(api, Method::DELETE, path, &newest, &json!({})).await);
    refused(&send(api, Method::DELETE, path, &newest, &json!({})).await, 404, "missing");
}

async fn a_change_for_another_version_is_refused(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();

    let sales = group(&api, "Sales").await;
    let at = format!("/api/groups/{sales}");
    let old = tag(&api, &at).await;
    done(api.put(&at, &json!({"name": "Sales EU"})).await);
    let problem = refused(&send(&api, Method::PUT, &at, &old, &json!({"name": "Vertrieb"})).await, 412, "changed");
    let last = &problem["lastChange"];
    assert_eq!((&last["actorType"], &last["actorId"]), (&json!("USER"), &json!("root")), "{problem}");
    let entry = api.get(&format!("/api/audit-log/{}", last["key"].as_str().expect("a key"))).await;
    assert_eq!(entry.expect_status(200).json()["entity"]["key"], json!(sales));
    assert!(site.audit().await.iter().any(|entry| entry.reason.as_deref() == Some("changed")));

    // Without the permission to write, the version is not compared.
    refused(&send(&site.user("eve"), Method::PUT, &at, &old, &json!({"name": "x"})).await, 403, "forbidden");

    holds(&api, &at, &json!({"name": "A"}), &json!({"name": "B"})).await;
    created(api.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    holds(&api, "/api/tenants/acme", &json!({"name": "A"}), &json!({"name": "B"})).await;
    created(api.post("/api/roles", &json!({"name": "clerk", "description": ""})).await);
    let described = |description: &str| json!({"name": "clerk", "description": description});
    holds(&api, "/api/roles/clerk", &described("A"), &described("B")).await;
    let kind = |permission: &str| json!({"supportedPermissions": ["READ", permission]});
    let body = json!({"type": "invoice", "supportedPermissions": ["READ"]});
    created(api.post("/api/resource-types", &body).await);
    holds(&api, "/api/resource-types/invoice", &kind("PAY"), &kind("VOID")).await;

    // The version of a rule includes its targets, which a change replaces.
    let rule_for = |roles: &[&str]| rule("r", ("dep", "x"), "ROLE", roles);
    let made = created(api.post("/api/mapping-rules", &rule_for(&["Console"])).await);
    let at = format!("/api/mapping-rules/{}", made["id"].as_str().expect("an id"));
    holds(&api, &at, &rule_for(&["Optimize"]), &rule_for(&["Console", "Optimize"])).await;
}

async fn permissions_on_a_resource_have_a_version(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let sales = group(&api, "Sales").await;
    let of = |key: &str, permissions: &[&str]| {
        json!({"entityId": sales, "entityType": "GROUP", "resourceKey": key, "resourceType": "decision-definition",
            "permissions": permissions})
    };
    done(api.put("/api/authorizations", &of("a", &["READ", "DELETE"])).await);
    let version = async || {
        let listed = api.get("/api/authorizations?versions=true").await.expect_status(200).json();
        format!("\"{}\"", listed[0]["version"].as_str().expect("a version"))
    };
    let old = version().await;
    done(api.put("/api/authorizations", &of("a", &["READ"])).await);
    // The older form would give back what was revoked.
    let older = send(&api, Method::PUT, "/api/authorizations", &old, &of("a", &["READ", "DELETE", "UPDATE"])).await;
    refused(&older, 412, "changed");
    let mut moved = of("b", &["READ", "DELETE"]);
    moved["replaces"] = json!({"resourceKey": "a"});
    refused(&send(&api, Method::PUT, "/api/authorizations", &old, &moved).await, 412, "changed");
    let new = version().await;
    assert_ne!(new, old);
    done(send(&api, Method::PUT, "/api/authorizations", &new, &moved).await);
    // An entry that no longer exists is not created again.
    refused(&send(&api, Method::PUT, "/api/authorizations", &new, &of("a", &["READ"])).await, 412, "changed");
    let plain =
        api.get(&format!("/api/authorizations?entityType=GROUP&entityId={sales}")).await.expect_status(200).json();
    assert_eq!(plain, json!([of("b", &["DELETE", "READ"])]));
}

async fn the_cluster_api_accepts_the_same_precondition(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let named = |name: &str| json!({"name": name, "description": ""});
    created(api.post("/v2/groups", &json!({"groupId": "g", "name": "G"})).await);
    holds_in_cluster(&api, "/v2/groups/g", &named("A"), &named("B")).await;
    created(api.post("/v2/users", &json!({"username": "ann", "password": "secret"})).await);
    let person = |name: &str| json!({"name": name, "email": ""});
    holds_in_cluster(&api, "/v2/users/ann", &person("A"), &person("B")).await;
    created(api.post("/v2/users", &json!({"username": "ben", "password": "secret"})).await);
    let key = local.allow("ben", "GROUP", "*", &["READ", "DELETE"]).await;
    let of = |permissions: &[&str]| {
        json!({"ownerType": "USER", "ownerId": "ben", "resourceType": "GROUP", "resourceId": "*",
            "permissionTypes": permissions})
    };
    holds_in_cluster(&api, &format!("/v2/authorizations/{key}"), &of(&["READ"]), &of(&["READ", "UPDATE"])).await;
}

/// A change for the version before is refused, in the format of this API.
async fn holds_in_cluster(api: &Api, path: &str, first: &Value, second: &Value) {
    let old = tag(api, path).await;
    assert!(api.put(path, first).await.status < 300, "{path}");
    for method in [Method::PUT, Method::DELETE] {
        let problem = send(api, method, path, &old, second).await.expect_status(412).json();
        let mut members: Vec<&str> = problem.as_object().expect("a problem").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["detail", "instance", "status", "title", "type"], "{problem}");
    }
    let new = tag(api, path).await;
    assert!(send(api, Method::PUT, path, &new, second).await.status < 300, "{path}");
    assert!(send(api, Method::DELETE, path, &tag(api, path).await, &json!({})).await.status < 300, "{path}");
}

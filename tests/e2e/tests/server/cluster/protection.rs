//! Protected operations, set-up, and visibility by permission.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{found, refused, search};
use crate::support::{Local, Store, created, done, shows};

const DEFAULT_ROLES: [&str; 6] = ["admin", "app-integrations", "connectors", "readonly-admin", "rpa", "task-worker"];

#[tokio::test]
async fn the_default_roles_and_tenant_stay_and_their_members_do_not() {
    let local = Local::shared().await;
    let api = local.admin();
    for role in DEFAULT_ROLES {
        let path = format!("/v2/roles/{role}");
        let before = api.get(&path).await.expect_status(200).json();
        refused(&api.put(&path, &json!({"name": "Mine"})).await, 403, "FORBIDDEN");
        refused(&api.delete(&path).await, 403, "FORBIDDEN");
        shows(api.get(&path).await, &before);
        refused(&api.post("/v2/roles", &json!({"roleId": role, "name": "n"})).await, 409, "ALREADY_EXISTS");

        let body = json!({"filter": {"ownerType": "ROLE", "ownerId": role}, "page": {"limit": 1}});
        let (items, total) = found(api.post("/v2/authorizations/search", &body).await);
        let key = items[0]["authorizationKey"].as_str().expect("a key");
        let path = format!("/v2/authorizations/{key}");
        let change = json!({"ownerType": "CLIENT", "ownerId": "c", "resourceType": "RESOURCE", "resourceId": "*",
            "permissionTypes": ["READ"]});
        refused(&api.put(&path, &change).await, 403, "FORBIDDEN");
        refused(&api.delete(&path).await, 403, "FORBIDDEN");
        shows(api.get(&path).await, &items[0]);
        assert_eq!(found(api.post("/v2/authorizations/search", &body).await).1, total);

        // Existing permissions of a default role are reported as duplicates. Others are rejected.
        let scope = ["resourceId", "resourcePropertyName"].into_iter().find(|key| !items[0][*key].is_null());
        let scope = scope.expect("a scope");
        let again = json!({"ownerType": "ROLE", "ownerId": role, "resourceType": items[0]["resourceType"],
            scope: items[0][scope], "permissionTypes": items[0]["permissionTypes"]});
        refused(&api.post("/v2/authorizations", &again).await, 409, "ALREADY_EXISTS");
        let more = json!({"ownerType": "ROLE", "ownerId": role, "resourceType": "TENANT",
            "resourceId": "one", "permissionTypes": ["DELETE"]});
        let status = if role == "admin" { (409, "ALREADY_EXISTS") } else { (403, "FORBIDDEN") };
        refused(&api.post("/v2/authorizations", &more).await, status.0, status.1);
        assert_eq!(found(api.post("/v2/authorizations/search", &body).await).1, total);

        done(api.put(&format!("/v2/roles/{role}/clients/protected"), &json!({})).await);
        done(api.delete(&format!("/v2/roles/{role}/clients/protected")).await);
    }
    let tenant = "/v2/tenants/%3Cdefault%3E";
    let before = api.get(tenant).await.expect_status(200).json();
    refused(&api.put(tenant, &json!({"name": "Mine"})).await, 403, "FORBIDDEN");
    refused(&api.delete(tenant).await, 403, "FORBIDDEN");
    shows(api.get(tenant).await, &before);
    done(api.put(&format!("{tenant}/clients/protected"), &json!({})).await);
    done(api.delete(&format!("{tenant}/clients/protected")).await);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let local = Local::start(Store::sqlite()).await;
    let api = local.admin();
    refused(&api.delete("/v2/roles/admin/users/demo").await, 409, "INVALID_STATE");
    refused(&api.delete("/v2/users/demo").await, 409, "INVALID_STATE");
    assert_eq!(search(&api, "/v2/roles/admin/users/search", json!({}), "username").await, ["demo"]);
    local.user("second").await;
    done(api.put("/v2/roles/admin/users/second", &json!({})).await);
    done(api.delete("/v2/users/demo").await);
    refused(&api.get("/v2/topology").await, 401, "Unauthorized");
    let second = local.anonymous().basic("second", "secret");
    refused(&second.delete("/v2/roles/admin/users/second").await, 409, "INVALID_STATE");
}

#[tokio::test]
async fn the_first_administrator_is_made_by_anybody_and_the_second_by_nobody() {
    let launch = Store::sqlite().launch(&["serve"]).env("IDENTITY_PROFILE", "builtin");
    let server = launch.start().await;
    let anonymous = server.http();
    let body = |name: &str| json!({"username": name, "password": "secret", "email": "first@example.org"});
    // Rejected requests leave the set-up open.
    for wrong in [json!({}), json!({"username": "a b", "password": "p"}), json!([])] {
        assert_eq!(anonymous.post("/v2/setup/user", &wrong).await.status, 400);
    }
    let made = created(anonymous.post("/v2/setup/user", &body("first")).await);
    assert_eq!(made, json!({"username": "first", "name": "", "email": "first@example.org"}));
    let first = anonymous.basic("first", "secret");
    assert_eq!(search(&first, "/v2/roles/admin/users/search", json!({}), "username").await, ["first"]);
    for who in [anonymous, &first] {
        for name in ["first", "second"] {
            refused(&who.post("/v2/setup/user", &body(name)).await, 403, "FORBIDDEN");
        }
    }
    assert_eq!(search(&first, "/v2/users/search", json!({}), "username").await, ["first"]);
}

#[tokio::test]
async fn searches_show_and_count_what_may_be_seen() {
    let local = Local::shared().await;
    let nobody = local.user("sees").await;
    let only_themselves = async |body: Value| {
        let (items, total) = found(nobody.post("/v2/users/search", &body).await);
        assert_eq!((items, total), (vec![json!({"username": "sees", "name": "", "email": ""})], 1));
    };
    only_themselves(json!({})).await;
    only_themselves(json!({"filter": {"username": {"$like": "*"}}, "sort": [{"field": "name"}]})).await;
    for path in ["groups", "roles", "tenants", "mapping-rules", "authorizations", "roles/admin/users"] {
        assert_eq!(found(nobody.post(&format!("/v2/{path}/search"), &json!({})).await), (Vec::new(), 0), "{path}");
    }

    local.allow("sees", "ROLE", "rpa", &["READ"]).await;
    local.allow("sees", "ROLE", "connectors", &["READ"]).await;
    assert_eq!(search(&nobody, "/v2/roles/search", json!({}), "roleId").await, ["connectors", "rpa"]);
    // Members are visible to callers who may see the container.
    let api = local.admin();
    for role in ["rpa", "task-worker"] {
        done(api.put(&format!("/v2/roles/{role}/users/sees"), &json!({})).await);
    }
    assert_eq!(search(&nobody, "/v2/roles/rpa/users/search", json!({}), "username").await, ["sees"]);
    assert_eq!(found(nobody.post("/v2/roles/task-worker/users/search", &json!({})).await).1, 0);
    // Roles in a tenant, and mapping rules anywhere, are filtered by the permission on themselves.
    created(api.post("/v2/tenants", &json!({"tenantId": "sees", "name": "n"})).await);
    for role in ["rpa", "task-worker"] {
        done(api.put(&format!("/v2/tenants/sees/roles/{role}"), &json!({})).await);
    }
    assert_eq!(search(&nobody, "/v2/tenants/sees/roles/search", json!({}), "roleId").await, ["rpa"]);
}

#[tokio::test]
async fn who_may_not_is_told_what_would_be_needed() {
    let local = Local::shared().await;
    let nobody = local.user("may.not").await;
    let api = local.admin();
    created(api.post("/v2/groups", &json!({"groupId": "may.not", "name": "n"})).await);
    for (path, kind) in [
        ("users/demo", "USER"),
        ("groups/may.not", "GROUP"),
        ("groups/unknown", "GROUP"),
        ("roles/admin", "ROLE"),
        ("tenants/t", "TENANT"),
        ("mapping-rules/m", "MAPPING_RULE"),
        ("authorizations/1", "AUTHORIZATION"),
    ] {
        let detail = refused(&nobody.get(&format!("/v2/{path}")).await, 403, "FORBIDDEN");
        assert!(detail.contains("READ") && detail.contains(kind), "{detail}");
    }
    let group = json!({"name": "Mine"});
    refused(&nobody.put("/v2/groups/may.not", &group).await, 403, "FORBIDDEN");
    refused(&nobody.delete("/v2/groups/may.not").await, 403, "FORBIDDEN");
    refused(&nobody.put("/v2/groups/may.not/users/may.not", &json!({})).await, 403, "FORBIDDEN");
    // A permission on one group covers neither other groups nor creation.
    local.allow("may.not", "GROUP", "may.not", &["CREATE", "UPDATE"]).await;
    assert_eq!(nobody.put("/v2/groups/may.not", &group).await.status, 200);
    done(nobody.put("/v2/groups/may.not/users/demo", &json!({})).await);
    refused(&nobody.delete("/v2/groups/may.not").await, 403, "FORBIDDEN");
    refused(&nobody.put("/v2/groups/unknown", &group).await, 403, "FORBIDDEN");
    refused(&nobody.post("/v2/groups", &json!({"groupId": "may.not.2", "name": "n"})).await, 403, "FORBIDDEN");
    local.allow("may.not", "GROUP", "*", &["CREATE"]).await;
    created(nobody.post("/v2/groups", &json!({"groupId": "may.not.2", "name": "n"})).await);
    // Validation errors precede missing permissions.
    refused(&nobody.post("/v2/roles", &json!({})).await, 400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn set_up_stays_closed_when_the_administrator_administers_by_a_group() {
    let local = Local::start(Store::sqlite()).await;
    let api = local.admin();
    created(api.post("/v2/groups", &json!({"groupId": "ops", "name": "Operations"})).await);
    done(api.put("/v2/groups/ops/users/demo", &json!({})).await);
    done(api.put("/v2/roles/admin/groups/ops", &json!({})).await);
    done(api.delete("/v2/roles/admin/users/demo").await);
    let stranger = json!({"username": "stranger", "password": "secret", "email": "stranger@example.org"});
    refused(&local.anonymous().post("/v2/setup/user", &stranger).await, 403, "FORBIDDEN");
    let page = local.anonymous().get("/auth/setup").await;
    assert_eq!((page.status, page.header("location")), (303, Some("/auth/login")));
    assert_eq!(search(&api, "/v2/users/search", json!({}), "username").await, ["demo"]);
}

#[tokio::test]
async fn set_up_that_is_closed_refuses_without_reading_the_body() {
    let local = Local::shared().await;
    let address = local.anonymous().base().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let head = "POST /v2/setup/user HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer));
    read.await.expect("an answer before the body").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 403");
}

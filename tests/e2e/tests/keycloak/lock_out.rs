//! No change over `/api` removes the last administrator, or this server's own API.

use identity_testkit::{Api, Keycloak, Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const ROLE: &str = "ManagementIdentity";
/// The sentence of the profile `builtin`.
const SENTENCE: &str = "the change would remove the last principal that can administer through the management API; \
    grant that access to another principal first.";

/// Platform whose only administrator is the user `demo`.
struct OneAdministrator {
    platform: Platform,
    demo: Api,
    /// Path of the user `demo`.
    path: String,
}

impl OneAdministrator {
    async fn start() -> Option<Self> {
        let platform = Platform::start().await?;
        let demo = platform.user(DEMO.0, DEMO.1).await;
        let path = format!("/api/users/{}", id_of(&demo, "/api/users?search=demo").await);
        let one = Self { platform, demo, path };
        one.revoke_from_machine().await;
        Some(one)
    }

    /// Revokes the permission of the machine client, which each start of a server grants.
    async fn revoke_from_machine(&self) {
        let machine = id_of(&self.demo, &format!("/api/clients?search={}", MACHINE.0)).await;
        let write = format!("/api/clients/{machine}/permissions/{AUDIENCE}/write");
        _ = self.demo.delete(&write).await.expect_status(204);
    }

    async fn locks_out(&self, method: Method, path: &str, body: &Value) {
        let reply = self.demo.send(self.demo.request(method.clone(), path).json(body)).await;
        is_lock_out(&reply, &format!("{method} {path}"));
    }

    /// Creates a user and returns its ID.
    async fn user(&self, name: &str) -> String {
        self.platform.realm.user(name, "pw").await
    }

    async fn assign(&self, user: &str, role: &str) {
        let path = format!("/api/users/{user}/roles");
        _ = self.demo.post(&path, &json!({"roleName": role})).await.expect_status(204);
    }
}

fn is_lock_out(reply: &Reply, what: &str) {
    let body = reply.json();
    let found = (reply.status, &body["reason"], &body["errors"], &body["detail"]);
    assert_eq!(found, (409, &json!("lock_out"), &json!(["LOCK_OUT"]), &json!(SENTENCE)), "{what} {reply:?}");
}

/// Returns the ID of the first element of a list.
async fn id_of(api: &Api, list: &str) -> String {
    let found = api.get(list).await.expect_status(200).json();
    found[0]["id"].as_str().unwrap_or_else(|| panic!("{list} {found}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_administrator_and_the_api_stay() {
    let Some(one) = OneAdministrator::start().await else { return };
    let none = Value::Null;
    let disabled = json!({"enabled": false});
    one.locks_out(Method::PUT, &one.path, &disabled).await;
    one.locks_out(Method::DELETE, &format!("{}/roles/{ROLE}", one.path), &none).await;
    one.locks_out(Method::DELETE, &format!("/api/roles/{ROLE}"), &none).await;
    one.locks_out(Method::DELETE, &format!("/api/roles/{ROLE}/permissions/{AUDIENCE}/write"), &none).await;
    let api = id_of(&one.demo, &format!("/api/resource-servers?search={AUDIENCE}")).await;
    one.locks_out(Method::DELETE, &format!("/api/resource-servers/{api}"), &none).await;
    for definition in ["read", "write"] {
        one.locks_out(Method::DELETE, &format!("/api/resource-servers/{api}/permissions/{definition}"), &none).await;
    }
    _ = one.demo.put(&format!("/api/resource-servers/{api}"), &json!({"name": "Renamed"})).await.expect_status(204);
    for kind in ["ROLE", "USER", "CLIENT"] {
        let failures = format!("/api/audit-log?result=FAIL&entityType={kind}");
        let failures = one.demo.get(&failures).await.expect_status(200).json();
        assert!(texts(&failures, "reason").iter().any(|reason| reason == "lock_out"), "{kind} {failures:#}");
    }
    // A disabled user does not administer, and an enabled one does.
    let ann = one.user("ann").await;
    one.assign(&ann, ROLE).await;
    let path = format!("/api/users/{ann}");
    _ = one.demo.put(&path, &disabled).await.expect_status(204);
    one.locks_out(Method::PUT, &one.path, &disabled).await;
    _ = one.demo.put(&path, &json!({"enabled": true})).await.expect_status(204);
    _ = one.demo.put(&one.path, &disabled).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_group_with_an_enabled_member_keeps_its_role() {
    let Some(one) = OneAdministrator::start().await else { return };
    let (none, realm) = (Value::Null, &one.platform.realm);
    let top = realm.create("/groups", &json!({"name": "top"})).await;
    let middle = realm.create(&format!("/groups/{top}/children"), &json!({"name": "middle"})).await;
    let low = realm.create(&format!("/groups/{middle}/children"), &json!({"name": "low"})).await;
    _ = one.demo.post(&format!("/api/groups/{middle}/roles"), &json!({"roleName": ROLE})).await.expect_status(204);
    let demo = one.path.trim_start_matches("/api/users/");
    let members = format!("/api/groups/{low}/users");
    _ = one.demo.post(&members, &json!({"userId": demo})).await.expect_status(204);
    // The user holds the permission through the parent group.
    _ = one.demo.delete(&format!("{}/roles/{ROLE}", one.path)).await.expect_status(204);
    one.locks_out(Method::DELETE, &format!("{members}/{demo}"), &none).await;
    one.locks_out(Method::DELETE, &format!("/api/groups/{middle}/roles/{ROLE}"), &none).await;
    for group in [&top, &middle, &low] {
        one.locks_out(Method::DELETE, &format!("/api/groups/{group}"), &none).await;
    }
    one.locks_out(Method::DELETE, &format!("/api/roles/{ROLE}"), &none).await;
    one.locks_out(Method::PUT, &one.path, &json!({"enabled": false})).await;
    // The refused deletion of a group leaves nothing behind: the group can still be granted access.
    created(one.demo.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    let tenant = json!({"groupIds": [top]});
    _ = one.demo.post("/api/tenants/acme/groups", &tenant).await.expect_status(204);
    let ann = one.user("ann").await;
    _ = one.demo.post(&format!("/api/groups/{middle}/users"), &json!({"userId": ann})).await.expect_status(204);
    one.locks_out(Method::DELETE, &format!("/api/groups/{middle}"), &none).await;
    _ = one.demo.delete(&format!("/api/groups/{low}")).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn composite_roles_keep_the_permission() {
    let Some(one) = OneAdministrator::start().await else { return };
    let none = Value::Null;
    let realm = one.platform.realm.api().await;
    let body = json!({"name": "Outer", "attributes": {"camunda_role": ["true"]}, "composite": true,
        "composites": {"realm": [ROLE]}});
    _ = realm.post("/roles", &body).await.expect_status(201);
    let ann = one.user("ann").await;
    one.assign(&ann, "Outer").await;
    // A composite role holds the permission for `ann`.
    _ = one.demo.put(&one.path, &json!({"enabled": false})).await.expect_status(204);
    let ann_api = one.platform.user("ann", "pw").await;
    for path in ["/api/roles/Outer".to_owned(), format!("/api/roles/{ROLE}"), format!("/api/users/{ann}/roles/Outer")] {
        is_lock_out(&ann_api.send(ann_api.request(Method::DELETE, &path).json(&none)).await, &path);
    }
    // The role of all users gives the permission to all users.
    let everybody = realm.get("").await.expect_status(200).json()["defaultRole"]["id"].clone();
    let outer = realm.get("/roles/Outer").await.expect_status(200).json();
    let composites = format!("/roles-by-id/{}/composites", everybody.as_str().unwrap_or_default());
    _ = realm.post(&composites, &json!([outer])).await.expect_status(204);
    _ = ann_api.delete(&format!("/api/users/{ann}/roles/Outer")).await.expect_status(204);
    is_lock_out(&ann_api.delete("/api/roles/Outer").await, "Outer");
    one.user("ben").await;
    _ = ann_api.put(&format!("/api/users/{ann}"), &json!({"enabled": false})).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_can_be_the_last_administrator() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    let server = launch.start().await;
    let machine = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    let path = format!("/api/clients/{}", id_of(&machine, &format!("/api/clients?search={}", MACHINE.0)).await);
    // The service account of the server's own client does not count.
    let own = realm.api().await.get("/clients?clientId=identity").await.json()[0]["id"].clone();
    let own = realm.service_account(own.as_str().unwrap_or_default()).await;
    realm.grant(&own, AUDIENCE, &["write"]).await;
    for path in [format!("{path}/permissions/{AUDIENCE}/write"), path.clone()] {
        is_lock_out(&machine.delete(&path).await, &path);
    }
    let ann = realm.user("ann", "pw").await;
    let role = json!({"roleName": ROLE});
    _ = machine.post(&format!("/api/users/{ann}/roles"), &role).await.expect_status(204);
    _ = machine.delete(&path).await.expect_status(204);
}

/// Removes the role from two users at the same time, each at one server. Returns the status codes.
async fn remove_both(one: &Api, two: &Api, users: [&str; 2]) -> [u16; 2] {
    let path = |user: &str| format!("/api/users/{user}/roles/{ROLE}");
    let paths = users.map(path);
    let (first, second) = tokio::join!(one.delete(&paths[0]), two.delete(&paths[1]));
    [first.status, second.status]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_who_remove_each_other_at_two_servers_do_not_both_succeed() {
    let Some(one) = OneAdministrator::start().await else { return };
    let other: Server = one.platform.launch.start().await;
    one.revoke_from_machine().await;
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let none: [u16; 2] = [409, 409];
    for round in 0..10 {
        one.assign(&ann, ROLE).await;
        one.assign(&bob, ROLE).await;
        // Only `ann` and `bob` administer, so their tokens are used.
        let token = |name| one.platform.realm.user_token(LOGIN, (name, "pw"));
        let first = one.platform.server.http().bearer(token("ann").await);
        let second = other.http().bearer(token("bob").await);
        _ = first.delete(&format!("{}/roles/{ROLE}", one.path)).await.expect_status(204);
        let found = remove_both(&first, &second, [&bob, &ann]).await;
        assert_ne!(found, [204, 204], "round {round}: no administrator remains");
        assert_ne!(found, none, "round {round}: one of the changes is permitted");
        // The remaining administrator restores the others.
        let remaining = if found[0] == 204 { &first } else { &second };
        let demo = format!("{}/roles", one.path);
        _ = remaining.post(&demo, &json!({"roleName": ROLE})).await.expect_status(204);
    }
}

//! Changes by callers whose permissions were revoked after their token was issued.

use std::time::Duration;

use identity_testkit::{Api, Keycloak, Relay};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const PASSWORD: &str = "correct horse";
const ROLE: &str = "ManagementIdentity";

/// Creates a user who is an administrator. Returns the user's ID and an API client with the user's current token.
async fn administrator(platform: &Platform, admin: &Api, name: &str) -> (String, Api) {
    let id = platform.realm.user(name, PASSWORD).await;
    let role = json!({"roleName": ROLE});
    _ = admin.post(&format!("/api/users/{id}/roles"), &role).await.expect_status(204);
    let api = platform.user(name, PASSWORD).await;
    _ = api.post("/api/groups", &json!({"name": format!("group of {name}")})).await.expect_status(201);
    (id, api)
}

/// Asserts that typical actions of a removed administrator are answered with one of these statuses.
async fn refused(id: &str, api: &Api, statuses: &[u16]) {
    let attempts = [
        (Method::POST, format!("/api/users/{id}/roles"), json!({"roleName": ROLE})),
        (Method::PUT, format!("/api/users/{id}"), json!({"enabled": true})),
        (Method::POST, "/api/clients".to_owned(), json!({"name": "Back door", "clientId": "back-door", "type": "M2M"})),
        (Method::POST, "/api/groups".to_owned(), json!({"name": "Back door"})),
        (Method::POST, "/api/tenants".to_owned(), json!({"tenantId": "back-door", "name": "Back door"})),
    ];
    for (method, path, body) in attempts {
        let reply = api.send(api.request(method.clone(), &path).json(&body)).await;
        assert!(statuses.contains(&reply.status), "{method} {path}: {reply:?}");
    }
}

async fn roles_of(platform: &Platform, id: &str) -> Vec<String> {
    let held = platform.realm.api().await.get(&format!("/users/{id}/role-mappings/realm")).await.expect_status(200);
    texts(&held.json(), "name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_was_taken_away_does_not_give_itself_back_at_any_server() {
    let Some(platform) = Platform::start().await else { return };
    let other = platform.launch.start().await;
    let admin = platform.admin().await;
    let (id, bob) = administrator(&platform, &admin, "bob").await;
    let bob_elsewhere = other.http().bearer(platform.realm.user_token(LOGIN, ("bob", PASSWORD)).await);
    _ = bob.get("/api/groups").await.expect_status(200);
    _ = admin.delete(&format!("/api/users/{id}/roles/{ROLE}")).await.expect_status(204);
    refused(&id, &bob, &[403]).await;
    refused(&id, &bob_elsewhere, &[403]).await;
    assert!(!roles_of(&platform, &id).await.contains(&ROLE.to_owned()));
    // Reads with the token are rejected too: here at once, on the other server within seconds.
    assert_eq!(bob.get("/api/groups").await.status, 403);
    eventually("the other server knows", async || bob_elsewhere.get("/api/groups").await.status == 403).await;

    // A new token carries the current permissions.
    _ = admin.post(&format!("/api/users/{id}/roles"), &json!({"roleName": ROLE})).await.expect_status(204);
    let bob = platform.user("bob", PASSWORD).await;
    _ = bob.post("/api/groups", &json!({"name": "again"})).await.expect_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_was_taken_away_in_keycloak_changes_nothing_any_more() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let (id, bob) = administrator(&platform, &admin, "bob").await;
    let realm = platform.realm.api().await;
    let path = format!("/users/{id}/role-mappings/realm");
    let held = realm.get(&path).await.expect_status(200).json();
    let removed: Vec<&Value> = held.as_array().into_iter().flatten().filter(|role| role["name"] == ROLE).collect();
    _ = realm.send(realm.request(Method::DELETE, &path).json(&removed)).await.expect_status(204);
    // A confirmation is cached for two seconds.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    refused(&id, &bob, &[403]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_or_deleted_person_changes_nothing_any_more() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let (id, bob) = administrator(&platform, &admin, "bob").await;
    _ = admin.put(&format!("/api/users/{id}"), &json!({"enabled": false})).await.expect_status(204);
    refused(&id, &bob, &[401]).await;
    let user = platform.realm.api().await.get(&format!("/users/{id}")).await.expect_status(200).json();
    assert_eq!(user["enabled"], json!(false));

    let (id, eve) = administrator(&platform, &admin, "eve").await;
    _ = platform.realm.api().await.delete(&format!("/users/{id}")).await.expect_status(204);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    refused(&id, &eve, &[401]).await;
    let answer = eve.post("/api/groups", &json!({"name": "x"})).await.expect_status(401).json();
    assert_eq!(answer["reason"], "token_subject", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_whose_permission_was_taken_away_changes_nothing_any_more() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let secret = "a-secret-of-some-length";
    let new = json!({"name": "Robot", "clientId": "robot", "type": "M2M", "secret": secret});
    let robot = created(admin.post("/api/clients", &new).await);
    let path = format!("/api/clients/{}/permissions", robot["id"].as_str().unwrap_or_default());
    for definition in ["read", "write"] {
        let permission = json!({"definition": definition, "resourceServerAudience": AUDIENCE});
        _ = admin.post(&path, &permission).await.expect_status(204);
    }
    let api = platform.server.http().bearer(platform.realm.client_token("robot", secret).await);
    _ = api.post("/api/groups", &json!({"name": "by a robot"})).await.expect_status(201);
    _ = admin.delete(&format!("{path}/{AUDIENCE}/write")).await.expect_status(204);
    assert_eq!(api.post("/api/groups", &json!({"name": "by a robot again"})).await.status, 403);
    assert_eq!(api.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await.status, 403);
    assert_eq!(api.get("/api/groups").await.status, 200, "what it still may do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_refused_when_keycloak_cannot_confirm_its_caller() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let relay = Relay::to(keycloak.base()).await;
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(relay.base(), &realm.name)
        .env("IDENTITY_AUTH_PROVIDER_ISSUER_URL", realm.issuer())
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE);
    let platform = Platform { server: launch.start().await, realm, launch };
    let admin = platform.admin().await;
    relay.delay(Duration::from_secs(20));
    let refused = admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await.expect_status(503);
    assert!(refused.header("Retry-After").is_some());
    relay.delay(Duration::ZERO);
    eventually("it answers again", async || admin.get("/api/users").await.status == 200).await;
    let tenants = admin.get("/api/tenants").await.expect_status(200).json();
    assert!(!texts(&tenants, "tenantId").contains(&"t".to_owned()), "nothing was made: {tenants}");
    eventually("changes go on", async || {
        let reply = admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await;
        matches!(reply.status, 201 | 409)
    })
    .await;
}

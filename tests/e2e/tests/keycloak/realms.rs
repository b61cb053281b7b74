//! Realm set-up: creation from nothing, use of existing realms, and idempotence across restarts.

use identity_testkit::Keycloak;
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realm_is_made_with_all_that_is_configured_and_only_once() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let roles = admin.get("/api/roles").await.expect_status(200).json();
    assert_eq!(
        texts(&roles, "name"),
        ["Default user role", "ManagementIdentity", "Optimize", "Web Modeler", "Web Modeler Admin"]
    );
    let apis = admin.get("/api/resource-servers").await.expect_status(200).json();
    assert_eq!(texts(&apis, "audience"), [AUDIENCE, "optimize-api", "web-modeler-api", "web-modeler-public-api"]);
    let clients = admin.get("/api/clients").await.expect_status(200).json();
    assert_eq!(texts(&clients, "clientId"), ["camunda-identity", "login", "machine", "optimize", "web-modeler"]);
    assert_eq!(texts(&clients, "type"), ["CONFIDENTIAL", "CONFIDENTIAL", "M2M", "CONFIDENTIAL", "PUBLIC"]);
    let optimize = clients[3]["id"].as_str().unwrap_or_default();
    let shown = admin.get(&format!("/api/clients/{optimize}")).await.expect_status(200).json();
    assert_eq!(shown["redirectUris"], json!(["/api/authentication/callback"]));
    let secret = admin.get(&format!("/api/clients/{optimize}/secret")).await.expect_status(200).json();
    assert_eq!(secret["secret"], "optimize-s3cret");
    let permissions = admin.get("/api/roles/Web%20Modeler/permissions").await.expect_status(200).json();
    assert_eq!(
        permissions,
        json!([
            {"definition": "read:users", "resourceServerAudience": AUDIENCE},
            {"definition": "write:*", "resourceServerAudience": "web-modeler-api"},
        ])
    );
    let users = admin.get("/api/users?search=demo").await.expect_status(200).json();
    assert_eq!(users[0]["name"], "Demo User");
    let output = platform.server.says("keycloak.entity.created").await;
    assert!(!output.contains("keycloak.entity.failed"), "{output}");
    for secret in [MACHINE.1, DEMO.1, "optimize-s3cret"] {
        assert!(!output.contains(secret), "{output}");
    }

    let Platform { launch, server, realm } = platform;
    _ = server.terminate().await;
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.entity.created"), "{}", server.output());
    // Configured values that an administrator removed are restored, and nothing else changes.
    let platform = Platform { launch, server, realm };
    let id = users[0]["id"].as_str().unwrap_or_default();
    let path = format!("/api/users/{id}/roles/Web%20Modeler");
    _ = platform.admin().await.delete(&path).await.expect_status(204);
    _ = platform.server.terminate().await;
    let server = platform.launch.start().await;
    let output = server.says("keycloak.entity.created").await;
    assert_eq!(output.matches("keycloak.entity.created").count(), 1, "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_make_one_realm() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(keycloak.base(), &realm.name);
    let servers = tokio::join!(launch.start(), launch.start(), launch.start());
    for server in [&servers.0, &servers.1, &servers.2] {
        assert!(!server.output().contains("keycloak.entity.failed"), "{}", server.output());
    }
    let api = servers.1.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    assert_eq!(texts(&api.get("/api/groups").await.expect_status(200).json(), "name"), ["Vertrieb / Süd"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realm_that_is_there_is_used_with_three_roles_and_nothing_foreign_is_touched() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let grafana = realm.client("grafana", "theirs", &["https://grafana.example/*"], json!({"name": "Grafana"})).await;
    let seen = async || {
        let mut client = realm.api().await.get(&format!("/clients/{grafana}")).await.json();
        // The list is unordered.
        if let Some(scopes) = client["defaultClientScopes"].as_array_mut() {
            scopes.sort_by_key(ToString::to_string);
        }
        client
    };
    let before = seen().await;
    let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    let launch = launch
        .env("KEYCLOAK_CLIENTS_1_ID", "grafana")
        .env("KEYCLOAK_CLIENTS_1_TYPE", "CONFIDENTIAL")
        .env("KEYCLOAK_CLIENTS_1_REDIRECT_URIS", "https://evil.example/*");
    let server = launch.start().await;
    server.says("client grafana: client `grafana` already exists and is not managed by this server").await;
    assert_eq!(seen().await, before);

    let api = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    assert_eq!(texts(&api.get("/api/clients").await.expect_status(200).json(), "clientId"), ["identity", "machine"]);
    assert_eq!(api.get(&format!("/api/clients/{grafana}/secret")).await.status, 404);
    assert_eq!(api.delete(&format!("/api/clients/{grafana}")).await.status, 404);
    let taken = json!({"name": "Mine", "clientId": "grafana", "type": "PUBLIC"});
    let refused = api.post("/api/clients", &taken).await.expect_status(409).json();
    assert_eq!(refused["reason"], "foreign");
    let group = created(api.post("/api/groups", &json!({"name": "A group"})).await);
    assert_eq!(group["name"], "A group");
}

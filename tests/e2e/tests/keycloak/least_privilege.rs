//! Commands of docs/keycloak.md, run as an operator pastes them, and the server with the resulting client.

use std::process::Command;

use identity_testkit::{KEYCLOAK_ADMIN, Keycloak, Launch};
use serde_json::json;

use crate::support::*;

const PAGE: &str = include_str!("../../../../docs/keycloak.md");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_commands_make_the_client_that_this_server_needs() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let commands =
        PAGE.split("```").find(|part| part.contains("kcadm.sh create clients")).expect("the page has commands");
    let commands = commands.trim_start_matches("sh").replace("-r platform", &format!("-r {}", realm.name));
    let (user, password) = KEYCLOAK_ADMIN;
    let sign_in = format!(
        "kcadm.sh config credentials --server {} --realm master --user {user} --password {password}",
        keycloak.base()
    );
    let home = tempfile::tempdir().expect("a directory");
    let bin = keycloak.home().join("bin");
    let script = format!("set -e\nPATH={}:$PATH\n{sign_in}\n{commands}", bin.display());
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).env("HOME", home.path()).env("IDENTITY_CLIENT_SECRET", "own-s3cret");
    let done = tokio::task::spawn_blocking(move || shell.output()).await.expect("it ends").expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let account = realm.api().await.get("/users?username=service-account-identity").await.expect_status(200).json();
    let path = format!("/users/{}/role-mappings", account[0]["id"].as_str().unwrap_or_default());
    let held = realm.api().await.get(&path).await.expect_status(200).json();
    let mut roles = texts(&held["clientMappings"]["realm-management"]["mappings"], "name");
    roles.sort();
    assert_eq!(roles, ["manage-clients", "manage-realm", "manage-users"]);

    let launch = Launch::new(&["serve"])
        .env("IDENTITY_SERVER_ADDRESS", "127.0.0.1")
        .env("IDENTITY_PROFILE", "keycloak")
        .env("KEYCLOAK_URL", keycloak.base())
        .env("KEYCLOAK_REALM", &realm.name)
        .env("IDENTITY_CLIENT_ID", "identity")
        .env("IDENTITY_CLIENT_SECRET", "own-s3cret")
        .env("KEYCLOAK_CLIENTS_0_ID", MACHINE.0)
        .env("KEYCLOAK_CLIENTS_0_SECRET", MACHINE.1)
        .env("KEYCLOAK_CLIENTS_0_TYPE", "M2M")
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_RESOURCE_SERVER_ID", AUDIENCE)
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_DEFINITION", "write")
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_RESOURCE_SERVER_ID", AUDIENCE)
        .env("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_DEFINITION", "read");
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.entity.failed"), "{}", server.output());
    let admin = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    for (path, body) in [
        ("/api/users", json!({"username": "ann"})),
        ("/api/groups", json!({"name": "a group"})),
        ("/api/roles", json!({"name": "a role"})),
        ("/api/clients", json!({"name": "an app", "clientId": "app", "type": "M2M"})),
        ("/api/resource-servers", json!({"name": "an API", "audience": "api", "permissions": [{"definition": "p"}]})),
    ] {
        created(admin.post(path, &body).await);
        _ = admin.get(path).await.expect_status(200);
    }
}

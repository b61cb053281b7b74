//! Wire compatibility with the published client of Java applications: its requests, and its reading of the responses.

use std::path::Path;
use std::process::{Command, Stdio};

use identity_testkit::{Relay, skip_without};
use serde_json::{Value, json};

use crate::support::*;

/// Returns the class path of the client, if it is built (`mvn package` in tests/clients/java).
fn program() -> Option<String> {
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/java/target"));
    let jar = home.join("java-client-1.jar");
    if !jar.exists() {
        skip_without("JAVA_CLIENT", "the Java client is not built: run `mvn package` in tests/clients/java");
        return None;
    }
    Some(format!("{}:{}/dependency/*", jar.display(), home.display()))
}

async fn ask(classes: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new("java");
    command.args(["-cp", classes, "client.Main"]).args(arguments).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || command.output()).await.ok().and_then(Result::ok);
    let output = output.unwrap_or_else(|| panic!("java does not run"));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_java_client_is_at_home() {
    let Some(classes) = program() else { return };
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let users = admin.get("/api/users?search=demo").await.json();
    let demo = users[0]["id"].as_str().unwrap_or_default();
    let groups = admin.get("/api/groups").await.json();
    let group = groups[0]["id"].as_str().unwrap_or_default();
    created(admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await);
    _ = admin.post("/api/tenants/t/applications", &json!({"applicationIds": [MACHINE.0]})).await.expect_status(204);
    _ = admin.post("/api/tenants/t/groups", &json!({"groupIds": [group]})).await.expect_status(204);
    let body = json!({"entityId": group, "entityType": "GROUP", "resourceKey": "*",
        "resourceType": "process-definition", "permissions": ["READ"]});
    assert!(admin.put("/api/authorizations", &body).await.status < 300);
    let relay = Relay::to(platform.server.http().base()).await;
    let issuer = platform.realm.issuer();

    // A service: client credentials grant, its token, permissions and tenants.
    let arguments = ["KEYCLOAK", relay.base(), &issuer, MACHINE.0, MACHINE.1, AUDIENCE, "", demo];
    let answers = ask(&classes, &arguments).await;
    let audiences = answers["audience"].as_array().cloned().unwrap_or_default();
    assert!(audiences.contains(&json!(AUDIENCE)), "{answers:#}");
    let mut permissions: Vec<_> = answers["permissions"].as_array().cloned().unwrap_or_default();
    permissions.sort_by_key(ToString::to_string);
    let all = ["read", "read:secrets", "read:users", "write"].map(|definition| json!(definition));
    assert_eq!(permissions, all, "{answers:#}");
    assert_eq!(answers["tenants"], json!([{"tenantId": "t", "name": "T"}]));
    assert_eq!((&answers["isM2M"], &answers["clientId"]), (&json!(true), &json!(MACHINE.0)), "{answers:#}");
    assert_eq!(answers["usersAvailable"], true);
    let known = json!([{"id": demo, "username": "demo", "name": "Demo User", "email": "demo@example.org"}]);
    assert_eq!(answers["usersById"], known);

    // A user, as an application sees the user.
    let token = platform.realm.user_token(LOGIN, DEMO).await;
    let arguments = ["KEYCLOAK", relay.base(), &issuer, MACHINE.0, MACHINE.1, AUDIENCE, &token, demo];
    let answers = ask(&classes, &arguments).await;
    assert_eq!(answers["user"], known[0], "{answers:#}");
    assert_eq!(answers["tenants"], json!([{"tenantId": "t", "name": "T"}]));
    let all = json!([{"resourceKey": "*", "resourceType": "process-definition", "permissions": ["READ"]}]);
    assert_eq!(answers["authorizations"], all);
    assert_eq!(answers["users"][0]["username"], "demo");
    let mut asked: Vec<_> = relay.take().into_iter().map(|one| format!("{} {}", one.method, one.target)).collect();
    asked.sort();
    asked.dedup();
    assert_eq!(
        asked,
        [
            "GET /api/authorizations/for-token".to_owned(),
            "GET /api/tenants/for-token".to_owned(),
            "GET /api/users?search=a".to_owned(),
            "GET /api/users?search=a&resultSize=2&page=1".to_owned(),
            format!("GET /api/users?userIds={demo}"),
        ]
    );

    // With any other provider, the client also requests permissions and groups from this server.
    let arguments = ["GENERIC", relay.base(), &issuer, MACHINE.0, MACHINE.1, AUDIENCE, &token];
    let answers = ask(&classes, &arguments).await;
    assert_eq!(answers["groups"], json!([group]), "{answers:#}");
    let permissions = answers["getPermissions"].as_array().cloned().unwrap_or_default();
    let all = ["read", "read:secrets", "read:users", "write"].map(|definition| json!(definition));
    assert_eq!(permissions, all, "{answers:#}");
    let asked: Vec<_> = relay.take().into_iter().map(|one| one.target).collect();
    assert!(asked.contains(&format!("/api/permissions/for-token?audience={AUDIENCE}")), "{asked:?}");
    assert!(asked.contains(&"/api/groups/for-token".to_owned()), "{asked:?}");
}

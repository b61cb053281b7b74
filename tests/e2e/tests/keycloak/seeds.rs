//! Users of the configuration: an account receives the configured access only if this server created it, or if it is
//! identified by more than a username.

use identity_testkit::{Keycloak, Launch, Realm};
use serde_json::json;

use crate::support::*;

async fn launch(realm: &Realm<'_>) -> Launch {
    let launch = existing(realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    launch
        .env("KEYCLOAK_USERS_0_USERNAME", DEMO.0)
        .env("KEYCLOAK_USERS_0_PASSWORD", DEMO.1)
        .env("KEYCLOAK_USERS_0_ROLES_0", "ManagementIdentity")
        .env("KEYCLOAK_USERS_0_GROUPS_0", "Owners")
}

async fn roles(realm: &Realm<'_>, user: &str) -> Vec<String> {
    let path = format!("/users/{user}/role-mappings/realm");
    texts(&realm.api().await.get(&path).await.expect_status(200).json(), "name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_another_made_is_given_nothing_for_its_name() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let stranger = realm.user(DEMO.0, "theirs").await;
    let launch = launch(&realm).await;
    let server = launch.start().await;
    assert!(!roles(&realm, &stranger).await.contains(&"ManagementIdentity".to_owned()));
    server.says("keycloak.entity.failed").await;
    let health = server.management().get("/actuator/health").await.json().to_string();
    assert!(health.contains("its username does not prove an identity"), "{health}");
    _ = server.terminate().await;

    // A link of another user has no effect, the configured link has.
    let provider = json!({"alias": "corporate", "providerId": "oidc", "enabled": true, "config": {"clientId": "x",
        "clientSecret": "x", "authorizationUrl": "https://idp.example/a", "tokenUrl": "https://idp.example/t"}});
    _ = realm.api().await.post("/identity-provider/instances", &provider).await.expect_status(201);
    let link = json!({"identityProvider": "corporate", "userId": "42", "userName": "demo"});
    _ = realm
        .api()
        .await
        .post(&format!("/users/{stranger}/federated-identity/corporate"), &link)
        .await
        .expect_status(204);
    let linked = |user: &str| {
        launch
            .clone()
            .env("IDENTITY_KEYCLOAK_USERS_0_IDENTITY_PROVIDER", "corporate")
            .env("IDENTITY_KEYCLOAK_USERS_0_IDENTITY_PROVIDER_USER_ID", user)
    };
    let server = linked("41").start().await;
    server.says("keycloak.entity.failed").await;
    assert!(!roles(&realm, &stranger).await.contains(&"ManagementIdentity".to_owned()));
    _ = server.terminate().await;
    let server = linked("42").start().await;
    assert!(!server.output().contains("keycloak.entity.failed"), "{}", server.output());
    assert!(roles(&realm, &stranger).await.contains(&"ManagementIdentity".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_this_server_made_or_the_configuration_names_by_id_has_what_is_configured() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = launch(&realm).await;
    let server = launch.start().await;
    let found = realm.api().await.get(&format!("/users?username={}&exact=true", DEMO.0)).await.json();
    let demo = found[0]["id"].as_str().unwrap_or_default().to_owned();
    let management = "ManagementIdentity".to_owned();
    assert!(roles(&realm, &demo).await.contains(&management));
    // A revoked role is restored on the next start.
    let role = realm.api().await.get("/roles/ManagementIdentity").await.json();
    let path = format!("/users/{demo}/role-mappings/realm");
    let removing = realm.api().await;
    let removed = removing.send(removing.request(reqwest::Method::DELETE, &path).json(&json!([role]))).await;
    _ = removed.expect_status(204);
    _ = server.terminate().await;
    let server = launch.start().await;
    assert!(roles(&realm, &demo).await.contains(&management), "{}", server.output());
    _ = server.terminate().await;

    // A new account with the same username is a different account until the configuration names its ID.
    _ = realm.api().await.delete(&format!("/users/{demo}")).await.expect_status(204);
    let successor = realm.user(DEMO.0, "theirs").await;
    let server = launch.start().await;
    server.says("keycloak.entity.failed").await;
    assert!(!roles(&realm, &successor).await.contains(&management));
    _ = server.terminate().await;
    let server = launch.env("IDENTITY_KEYCLOAK_USERS_0_ID", &successor).start().await;
    assert!(roles(&realm, &successor).await.contains(&management), "{}", server.output());
}

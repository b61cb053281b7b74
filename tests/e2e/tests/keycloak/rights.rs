//! Permissions come from the realm: a client that maps claims grants nothing, and a revocation takes effect.

use identity_testkit::{Api, Keycloak, Realm, Server};
use serde_json::{Value, json};

use crate::support::*;

/// Adds a mapper for a hard-coded claim to a client.
async fn map(realm: &Realm<'_>, client: &str, claim: &str, value: &str, kind: &str) {
    let mapper = json!({"name": claim, "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {"claim.name": claim, "claim.value": value, "jsonType.label": kind, "access.token.claim": "true"}});
    _ = realm.api().await.post(&format!("/clients/{client}/protocol-mappers/models"), &mapper).await.expect_status(201);
}

/// Creates a foreign client whose tokens nevertheless have the audience of this server.
async fn minting(realm: &Realm<'_>, id: &str) -> String {
    let client = realm.client(id, "mint-s3cret", &[], json!({})).await;
    map(realm, &client, "aud", AUDIENCE, "String").await;
    let claimed = json!({AUDIENCE: ["read", "write", "read:secrets"]}).to_string();
    map(realm, &client, "permissions", &claimed, "JSON").await;
    client
}

fn asks(server: &Server, token: String) -> Api {
    server.http().bearer(token)
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_that_a_client_maps_into_tokens_give_nothing() {
    let Some(platform) = Platform::start().await else { return };
    minting(&platform.realm, "mint").await;
    platform.realm.user("ann", "pw").await;
    let ann = platform.realm.user_token(("mint", "mint-s3cret"), ("ann", "pw")).await;
    for token in [ann, platform.realm.client_token("mint", "mint-s3cret").await] {
        let api = asks(&platform.server, token);
        assert_eq!(api.get("/api/me/permissions").await.expect_status(200).json(), json!([]));
        assert_eq!(api.get("/api/users").await.status, 403);
        assert_eq!(api.post("/api/groups", &json!({"name": "x"})).await.status, 403);
        let path = format!("/api/permissions/for-token?audience={AUDIENCE}");
        assert_eq!(api.get(&path).await.expect_status(200).json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_or_client_that_a_client_maps_into_tokens_is_refused() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let users = admin.get("/api/users?search=demo").await.json();
    let as_demo = minting(&platform.realm, "as-demo").await;
    map(&platform.realm, &as_demo, "sub", &id(&users[0]), "String").await;
    let as_machine = minting(&platform.realm, "as-machine").await;
    map(&platform.realm, &as_machine, "client_id", MACHINE.0, "String").await;
    platform.realm.user("ann", "pw").await;
    for client in ["as-demo", "as-machine"] {
        let ann = platform.realm.user_token((client, "mint-s3cret"), ("ann", "pw")).await;
        let itself = platform.realm.client_token(client, "mint-s3cret").await;
        for (token, own) in [(ann, false), (itself, client == "as-machine")] {
            let refused = asks(&platform.server, token).get("/api/users").await;
            let found = (refused.status, refused.json()["reason"].clone());
            // Keycloak's own mapper of `client_id` may take precedence over the client's. The token is then the
            // client's own, without permissions.
            let is_own = own && found == (403, json!("forbidden"));
            assert!(is_own || found == (401, json!("token_subject")), "{client} {refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_away_here_is_gone_from_tokens_at_once() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let users = admin.get("/api/users?search=demo").await.json();
    let path = format!("/api/users/{}", id(&users[0]));
    let demo = platform.user(DEMO.0, DEMO.1).await;
    _ = demo.get("/api/groups").await.expect_status(200);
    _ = admin.delete(&format!("{path}/roles/ManagementIdentity")).await.expect_status(204);
    assert_eq!(demo.get("/api/groups").await.status, 403);
    _ = demo.get("/api/users").await.expect_status(200);
    _ = admin.put(&path, &json!({"enabled": false})).await.expect_status(204);
    assert_eq!(demo.get("/api/users").await.expect_status(401).json()["reason"], "token_subject");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_start_warns_of_registration_that_lets_others_choose_claims() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    let server = launch.start().await;
    server.says("keycloak.registration.open").await;
    let health = server.management().get("/actuator/health").await.expect_status(200).json().to_string();
    assert!(health.contains("`oidc-usermodel-attribute-mapper`"), "{health}");

    let kind = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
    let policies = realm.api().await.get(&format!("/components?type={kind}")).await.expect_status(200).json();
    let policies = policies.as_array().map_or(&[][..], Vec::as_slice);
    for policy in policies.iter().filter(|policy| policy["providerId"] == "allowed-protocol-mappers") {
        let mut policy = policy.clone();
        policy["config"]["allowed-protocol-mapper-types"] = json!(["oidc-full-name-mapper"]);
        let path = format!("/components/{}", id(&policy));
        _ = realm.api().await.put(&path, &policy).await.expect_status(204);
    }
    _ = server.terminate().await;
    let server = launch.start().await;
    assert!(!server.output().contains("keycloak.registration.open"), "{}", server.output());
}

//! Tests of the Keycloak helpers and the relay.

use identity_testkit::{Api, Keycloak, Relay};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn realms_have_clients_and_users_who_get_tokens() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let web = realm.client("web", "s3cret", &["http://127.0.0.1:1/callback"], json!({})).await;
    let ann = realm.user("ann", "pw").await;
    realm.grant(&realm.service_account(&web).await, "realm-management", &["view-users"]).await;
    assert_eq!(realm.user_token(("web", "s3cret"), ("ann", "pw")).await.split('.').count(), 3);
    let bearer = realm.client_token("web", "s3cret").await;
    let users = Api::new(format!("{}/admin/realms/{}", realm.base(), realm.name)).bearer(bearer).get("/users").await;
    assert_eq!(users.expect_status(200).json()[0]["id"], ann.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_keycloak_keeps_what_it_had() {
    let Some(keycloak) = Keycloak::start().await else { return };
    let (base, name) = (keycloak.base().to_owned(), keycloak.realm().await.name);
    let keycloak = keycloak.restart().await;
    assert_eq!(keycloak.base(), base);
    _ = keycloak.existing(name).user("ann", "pw").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_counts_and_answers() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let relay = Relay::to(keycloak.base()).await;
    let through = Api::new(relay.base());
    _ = through.get("/realms/master?x=1").await.expect_status(200);
    relay.answer("GET /realms/master", 503, 1);
    assert_eq!(through.get("/realms/master").await.status, 503);
    _ = through.get("/realms/master").await.expect_status(200);
    let passed = relay.take();
    assert_eq!(
        passed.iter().map(|one| one.target.as_str()).collect::<Vec<_>>(),
        ["/realms/master?x=1", "/realms/master", "/realms/master"]
    );
    assert!(relay.take().is_empty());
    assert!(passed.first().unwrap().headers.contains(&"host".to_owned()));
}

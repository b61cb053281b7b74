//! Clients that this server makes: narrow in what their tokens carry, exact in where browsers are sent back to.

use identity_testkit::{Browser, Keycloak, Realm};
use reqwest::Url;
use serde_json::{Value, json};

use crate::sign_in::form;
use crate::support::*;

async fn shown(realm: &Realm<'_>, client_id: &str) -> Value {
    let found = realm.api().await.get(&format!("/clients?clientId={client_id}")).await.expect_status(200).json();
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_made_with_narrow_scope_consent_and_proof_as_their_type_needs() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    for (id, kind, consent) in [("app", "CONFIDENTIAL", true), ("page", "PUBLIC", true), ("job", "M2M", false)] {
        let uris: &[&str] = if kind == "M2M" { &[] } else { &["https://app.example/callback"] };
        let new = json!({"name": id, "clientId": id, "type": kind, "redirectUris": uris});
        created(admin.post("/api/clients", &new).await);
        let made = shown(&platform.realm, id).await;
        assert_eq!((&made["fullScopeAllowed"], &made["consentRequired"]), (&json!(false), &json!(consent)), "{made:#}");
        let proof = made["attributes"].get("pkce.code.challenge.method");
        assert_eq!(proof, (kind == "PUBLIC").then_some(&json!("S256")), "{made:#}");
    }
    // What the configuration names is the operator's own.
    for (id, proof) in [("web-modeler", Some(&json!("S256"))), ("optimize", None), ("camunda-identity", None)] {
        let made = shown(&platform.realm, id).await;
        assert_eq!((&made["fullScopeAllowed"], &made["consentRequired"]), (&json!(false), &json!(false)), "{made:#}");
        assert_eq!(made["attributes"].get("pkce.code.challenge.method"), proof, "{made:#}");
    }
    let pattern = json!({"name": "x", "clientId": "x", "type": "PUBLIC", "redirectUris": ["https://app.example/*"]});
    let refused = admin.post("/api/clients", &pattern).await.expect_status(400).json();
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("must be exact")), "{refused}");
    let found = admin.get("/api/clients?search=app").await.json();
    let app = format!("/api/clients/{}", found[0]["id"].as_str().unwrap_or_default());
    let change = json!({"name": "App", "redirectUris": ["https://app.example/callback", "https://app.example/*"]});
    _ = admin.put(&app, &change).await.expect_status(400);
    let change = json!({"name": "App", "redirectUris": ["https://app.example/callback", "https://app.example/other"]});
    _ = admin.put(&app, &change).await.expect_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realm_administrators_token_from_such_a_client_administers_no_realm() {
    let Some(platform) = Platform::start().await else { return };
    let realm = &platform.realm;
    let administrator = realm.user("administrator", "pw").await;
    realm.grant(&administrator, "realm-management", &["realm-admin"]).await;
    let admin = platform.admin().await;
    let callback = "https://app.example/callback";
    let new = json!({"name": "app", "clientId": "app", "type": "CONFIDENTIAL", "secret": "app-s3cret-of-length",
        "redirectUris": [callback]});
    created(admin.post("/api/clients", &new).await);

    let mut browser = Browser::default();
    let mut start = Url::parse(&format!("{}/protocol/openid-connect/auth", realm.issuer())).expect("a URL");
    start.query_pairs_mut().extend_pairs([
        ("client_id", "app"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("redirect_uri", callback),
    ]);
    // Not without the user's consent.
    let page = browser.get(start).await.expect_status(200);
    let credentials = [("username", "administrator"), ("password", "pw"), ("credentialId", "")];
    let asked = browser.submit(form(&page), &credentials).await;
    let asked = match asked.location() {
        Some(next) => browser.get(next).await,
        None => asked,
    };
    assert_eq!(asked.status, 200, "{asked:?}");
    let back = browser.submit(form(&asked), &[("accept", "Yes")]).await.location().expect("the way back");
    let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "app-s3cret-of-length"),
        ("redirect_uri", callback),
        ("code", code.as_deref().unwrap_or_default()),
    ];
    let token = identity_testkit::Api::new(realm.issuer()).post_form("/protocol/openid-connect/token", &fields).await;
    let token = token.expect_status(200).json()["access_token"].as_str().unwrap_or_default().to_owned();
    let users = format!("/admin/realms/{}/users", realm.name);
    assert_eq!(identity_testkit::Api::new(realm.base()).bearer(token).get(&users).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_the_configuration_names_are_narrowed_at_the_start() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    let server = launch.start().await;
    let machine = shown(&realm, MACHINE.0).await;
    let path = format!("/clients/{}", machine["id"].as_str().unwrap_or_default());
    let mut wide = machine.clone();
    wide["fullScopeAllowed"] = json!(true);
    wide["attributes"]["custom"] = json!("kept");
    _ = realm.api().await.put(&path, &wide).await.expect_status(204);
    _ = server.terminate().await;
    let server = launch.start().await;
    let narrowed = shown(&realm, MACHINE.0).await;
    assert_eq!(narrowed["fullScopeAllowed"], json!(false));
    assert_eq!(narrowed["attributes"]["custom"], json!("kept"));
    // Its tokens still carry what it may do.
    let api = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    _ = api.get("/api/groups").await.expect_status(200);
}

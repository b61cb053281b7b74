//! Clients that this server creates: narrow token scope and exact redirect URIs.

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
    // Clients from the configuration are first-party, so they require no consent.
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
    // Sign-in requires the user's consent.
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
async fn clients_that_exist_keep_what_is_not_configured() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = existing(&realm, &["manage-clients", "manage-realm", "manage-users"]).await;
    let launch = launch
        .env("KEYCLOAK_CLIENTS_1_ID", "page")
        .env("KEYCLOAK_CLIENTS_1_NAME", "Page")
        .env("KEYCLOAK_CLIENTS_1_TYPE", "PUBLIC")
        .env("KEYCLOAK_CLIENTS_1_ROOT_URL", "https://page.example")
        .env("KEYCLOAK_CLIENTS_1_REDIRECT_URIS_0", "/callback");
    _ = launch.start().await.terminate().await;
    // Recreates both clients, as another program would.
    let mut kept = Vec::new();
    for (id, more) in [
        (MACHINE.0, json!({"secret": MACHINE.1, "serviceAccountsEnabled": true})),
        ("page", json!({"publicClient": true, "rootUrl": "https://page.example"})),
    ] {
        let made = shown(&realm, id).await;
        let path = format!("/clients/{}", made["id"].as_str().unwrap_or_default());
        _ = realm.api().await.delete(&path).await.expect_status(204);
        let mut client = json!({"clientId": id, "name": "Theirs", "fullScopeAllowed": true, "consentRequired": true,
            "directAccessGrantsEnabled": true, "redirectUris": ["https://theirs.example/*"], "webOrigins": ["+"],
            "defaultClientScopes": [SCOPE, "basic", "profile", "roles"], "attributes": {"custom": "kept"}});
        if let (Value::Object(client), Value::Object(more)) = (&mut client, more) {
            client.extend(more);
        }
        _ = realm.api().await.post("/clients", &client).await.expect_status(201);
        kept.push((id, shown(&realm, id).await));
    }
    let server = launch.start().await;
    for (id, before) in kept {
        let mut after = shown(&realm, id).await;
        if id == "page" {
            assert_eq!(after["redirectUris"], json!(["https://theirs.example/*", "/callback"]));
            after["redirectUris"] = before["redirectUris"].clone();
        }
        assert_eq!(after, before, "{id}");
    }
    server.says("keycloak.client.full_scope").await;
    // The configured permissions were assigned.
    let api = server.http().bearer(realm.client_token(MACHINE.0, MACHINE.1).await);
    _ = api.get("/api/groups").await.expect_status(200);
}

//! Behavior of the provider that other tests rely on.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_testkit::{Api, Browser, OidcProvider};
use reqwest::Url;
use serde_json::{Value, json};

async fn provider() -> Option<OidcProvider> {
    OidcProvider::start(json!({
        "clients": [
            {"client_id": "svc", "client_secret": "s3cret", "claims": {"department": "it"}},
            {"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]},
            {
                "client_id": "spa",
                "token_endpoint_auth_method": "none",
                "redirect_uris": ["http://127.0.0.1:1/spa"],
            },
        ],
        "users": {
            "ann": {"preferred_username": "ann", "groups": ["engineering"], "roles": {"nested": ["admin"]}},
            "bob": {"preferred_username": "bob"},
        },
        "accessTokenTtl": 60,
    }))
    .await
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a token in three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

async fn published_keys(provider: &OidcProvider) -> Vec<Value> {
    let metadata = provider.api().get("/.well-known/openid-configuration").await.expect_status(200).json();
    let jwks = Api::new(metadata["jwks_uri"].as_str().unwrap()).get("").await.expect_status(200).json();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn discovery_names_the_issuer() {
    let Some(provider) = provider().await else { return };
    let metadata = provider.api().get("/.well-known/openid-configuration").await.expect_status(200).json();
    assert_eq!(metadata["issuer"], provider.issuer());
    assert_eq!(provider.issuer(), format!("http://127.0.0.1:{}", provider.port()));
}

#[tokio::test]
async fn a_client_gets_a_jwt_for_the_audience_with_its_claims() {
    let Some(provider) = provider().await else { return };
    let token = provider.client_token("svc", "s3cret", "identity-api").await.unwrap();
    assert_eq!(part(&token, 0)["typ"], "at+jwt");
    assert_eq!(part(&token, 0)["alg"], "RS256");
    let claims = part(&token, 1);
    assert_eq!(claims["iss"], provider.issuer());
    assert_eq!(claims["aud"], "identity-api");
    assert_eq!(claims["client_id"], "svc");
    assert_eq!(claims["department"], "it");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let Some(provider) = provider().await else { return };
    let refusal = provider.client_token("svc", "wrong", "identity-api").await.unwrap_err();
    assert_eq!((refusal.status, &refusal.json()["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn a_user_gets_a_jwt_with_the_users_claims() {
    let Some(provider) = provider().await else { return };
    for client in ["web", "spa"] {
        let token = provider.user_token("ann", client, "identity-api").await;
        let claims = part(&token, 1);
        assert_eq!(claims["sub"], "ann");
        assert_eq!(claims["aud"], "identity-api");
        assert_eq!(claims["client_id"], client);
        assert_eq!(claims["groups"], json!(["engineering"]));
        assert_eq!(claims["roles"], json!({"nested": ["admin"]}));
    }
}

#[tokio::test]
async fn without_an_audience_the_access_token_opens_userinfo_and_the_others_are_there_too() {
    let Some(provider) = provider().await else { return };
    let tokens = provider.user_tokens("ann", "web", None).await;
    let id_token = part(tokens["id_token"].as_str().unwrap(), 1);
    assert_eq!(id_token["aud"], "web");
    assert_eq!(id_token["groups"], json!(["engineering"]));

    let access = tokens["access_token"].as_str().unwrap();
    let user = provider.api().bearer(access).get("/me").await.expect_status(200).json();
    assert_eq!(user["preferred_username"], "ann");

    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let refreshed = provider.api().basic("web", "s3cret").post_form("/token", &refresh).await.expect_status(200);
    assert_ne!(refreshed.json()["access_token"], access);
}

#[tokio::test]
async fn a_configured_audience_holds_where_no_resource_is_named() {
    let config = json!({
        "audience": "identity-api",
        "clients": [{"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]}],
        "users": {"ann": {}},
    });
    let Some(provider) = OidcProvider::start(config).await else { return };
    let tokens = provider.user_tokens("ann", "web", None).await;
    assert_eq!(part(tokens["access_token"].as_str().unwrap(), 1)["aud"], "identity-api");
}

#[tokio::test]
async fn a_browser_stays_signed_in() {
    let Some(provider) = provider().await else { return };
    let mut browser = Browser::default();
    let query = "client_id=web&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&response_type=code&scope=openid\
                 &state=x&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let authorize = Url::parse(&format!("{}/auth?{query}", provider.issuer())).unwrap();
    let back = provider.sign_in(&mut browser, authorize.clone(), "ann").await;
    assert_eq!((back.path(), back.port()), ("/callback", Some(1)));
    assert!(browser.cookie("_session").is_some());

    let again = browser.get(authorize).await.location().unwrap();
    assert_eq!(again.path(), "/callback");
}

#[tokio::test]
async fn rotation_signs_with_a_new_key_and_withdrawal_drops_the_old() {
    let Some(provider) = provider().await else { return };
    let old = part(&provider.client_token("svc", "s3cret", "a").await.unwrap(), 0)["kid"].clone();
    provider.rotate_keys().await;
    let new = part(&provider.client_token("svc", "s3cret", "a").await.unwrap(), 0)["kid"].clone();
    assert_ne!(old, new);
    assert_eq!(published_keys(&provider).await, [new.clone(), old]);
    provider.withdraw_old_keys().await;
    assert_eq!(published_keys(&provider).await, [new]);
}

#[tokio::test]
async fn an_outage_answers_503_until_it_is_over() {
    let Some(provider) = provider().await else { return };
    provider.down().await;
    assert_eq!(provider.api().get("/jwks").await.status, 503);
    assert_eq!(provider.client_token("svc", "s3cret", "a").await.unwrap_err().status, 503);
    provider.up().await;
    assert_eq!(provider.api().get("/jwks").await.status, 200);
}

#[tokio::test]
async fn the_process_ends_with_its_owner() {
    let Some(provider) = provider().await else { return };
    let port = provider.port();
    drop(provider);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

//! Authorization requests.

use identity_core::port::{AuthorizationRequest, IdentityProvider as _};
use serde_json::json;

use super::support::*;
use crate::tests::support::*;
use crate::{EndpointUrls, IssuerSettings, OidcProvider};

fn usual() -> Parameters {
    pairs(&[
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "st&ate=1"),
        ("nonce", "n-1"),
        ("code_challenge", "challenge"),
        ("code_challenge_method", "S256"),
    ])
}

fn again() -> AuthorizationRequest {
    AuthorizationRequest { reauthenticate: true, ..request() }
}

#[tokio::test]
async fn everything_that_binds_the_answer_is_sent() {
    let login = Login::new().await;
    let (url, query) = login.authorization(&request()).await;
    assert_eq!(url.as_str(), format!("{}/auth", login.provider.issuer));
    assert_eq!(query, usual());
    let (_, query) = login.authorization(&again()).await;
    assert_eq!(query, [usual(), pairs(&[("prompt", "login")])].concat());
    assert_eq!(login.provider.hits(), (1, 1), "asked once");
}

#[tokio::test]
async fn operators_add_to_it() {
    let login = Login::with(|settings| {
        settings.scopes = vec!["openid".to_owned(), "api:read".to_owned()];
        settings.resources = vec!["urn:a".to_owned(), "https://b.example/".to_owned()];
        settings.prompt = Some("consent login".to_owned());
        settings.extra_parameters = pairs(&[("kc_idp_hint", "a&b"), ("ui_locales", "de")]);
    })
    .await;
    let (_, query) = login.authorization(&request()).await;
    let mut expected = usual();
    expected[3].1 = "openid api:read".to_owned();
    expected.extend(pairs(&[
        ("resource", "urn:a"),
        ("resource", "https://b.example/"),
        ("prompt", "consent login"),
        ("kc_idp_hint", "a&b"),
        ("ui_locales", "de"),
    ]));
    assert_eq!(query, expected);
    let (_, query) = login.authorization(&again()).await;
    assert!(query.contains(&("prompt".to_owned(), "login consent".to_owned())), "{query:?}");
    login.redeem().await.unwrap();
    let (_, form) = login.asked().await;
    assert_eq!(form["resource"], "urn:a", "an access token is for one audience");
}

#[tokio::test]
async fn the_endpoints_own_query_stays() {
    let login = Login::new().await;
    let named = format!("{}/auth?p=B2C_1&x=1", login.provider.issuer);
    login.provider.discovery.shows(&with(document(&login.provider), json!({"authorization_endpoint": named})));
    let (_, query) = login.authorization(&request()).await;
    assert_eq!(query, [pairs(&[("p", "B2C_1"), ("x", "1")]), usual()].concat());
}

#[tokio::test]
async fn an_endpoint_can_be_configured() {
    let login = Login::with(|settings| {
        settings.endpoints =
            EndpointUrls { authorization: Some("https://front.example/go?a=1".to_owned()), ..EndpointUrls::default() };
    })
    .await;
    let (url, query) = login.authorization(&request()).await;
    assert_eq!((url.as_str(), &query[0]), ("https://front.example/go", &("a".to_owned(), "1".to_owned())));
}

#[tokio::test]
async fn a_provider_without_the_endpoint_is_told_so() {
    let login = Login::new().await;
    for named in [json!(null), json!(7), json!("ftp://id.example"), json!("http://id.example/auth")] {
        let login = Login::at("/realms/a", login.settings.kind, |_| {}).await;
        login.provider.discovery.shows(&with(document(&login.provider), json!({"authorization_endpoint": named})));
        let refusal = refused(login.client.authorization_url(&request()).await);
        assert_eq!(refusal.code(), "provider_malformed", "{named}");
    }
}

#[tokio::test]
async fn browsers_take_the_front_channel_and_this_server_the_back_channel() {
    let login = Login::new().await;
    let front = "https://login.example.com/realms/a";
    let back = login.provider.issuer.clone();
    let at = |name: &str| format!("{front}/{name}");
    login.provider.discovery.shows(&json!({
        "issuer": front, "jwks_uri": at("certs"), "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"), "end_session_endpoint": at("logout"), "revocation_endpoint": at("revoke"),
    }));
    let setup = Setup::new(vec![IssuerSettings { back_channel: Some(back), ..settings(front) }]);
    let mut registration = login.settings.clone();
    registration.issuer = front.to_owned();
    let client = OidcProvider::new(registration, &setup.verifier).unwrap();
    assert!(client.authorization_url(&request()).await.unwrap().starts_with(&at("auth?")));
    assert!(client.end_session_url(&ending()).await.unwrap().unwrap().starts_with(&at("logout?")));
    login.gives(&with(login.id_claims(), json!({"iss": front})));
    let somebody = client.redeem(&response(None), &sent()).await.unwrap();
    client.revoke(somebody.refresh_token.as_ref().unwrap()).await.unwrap();
    assert_eq!((login.token.hits(), login.info.hits(), login.revocation.hits()), (1, 1, 1));
}

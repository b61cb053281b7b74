//! Revocation of refresh tokens.

use identity_core::port::IdentityProvider as _;
use identity_core::port::RefusedSignIn::{Client, Provider};
use identity_core::value::Secret;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::support::*;
use crate::tests::support::*;

fn token() -> Secret {
    Secret::new("r-1".to_owned())
}

#[tokio::test]
async fn a_token_is_revoked() {
    let login = Login::new().await;
    login.revocation.answers(ResponseTemplate::new(200));
    login.client.revoke(&token()).await.unwrap();
    let (request, form) = login.asked().await;
    assert_eq!(request.url.path(), "/realms/a/revoke");
    let form: Parameters = form.into_iter().collect();
    assert_eq!(form, pairs(&[("token", "r-1"), ("token_type_hint", "refresh_token")]));
    assert!(request.headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_outage_is_survived_within_bounds() {
    let login = Login::new().await;
    login.revocation.fails();
    assert!(is_unavailable(&login.client.revoke(&token()).await));
    assert_eq!(login.revocation.hits(), 3);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let login = Login::new().await;
    for (status, code, expected) in [
        (400, "unsupported_token_type", Provider("unsupported_token_type".to_owned())),
        (401, "invalid_client", Client),
    ] {
        let before = login.revocation.hits();
        login.revocation.answers(ResponseTemplate::new(status).set_body_json(json!({"error": code})));
        assert_eq!(refused(login.client.revoke(&token()).await), expected);
        assert_eq!(login.revocation.hits(), before + 1);
    }
}

#[tokio::test]
async fn a_provider_that_revokes_nothing_is_no_error() {
    let login = Login::new().await;
    login.provider.discovery.shows(&with(document(&login.provider), json!({"revocation_endpoint": null})));
    assert_eq!(login.client.revoke(&token()).await, Ok(()));
    assert_eq!(login.revocation.hits(), 0);
}

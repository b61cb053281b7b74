//! ID tokens in place of access tokens, where the audience is the client for user sign-in.

use identity_core::entity::RejectedToken::Type;
use serde_json::{Value, json};

use super::support::*;
use crate::IssuerSettings;

/// The client id, which is also an audience of access tokens.
const CLIENT: &str = AUDIENCE;

async fn setup(change: impl FnOnce(&mut IssuerSettings)) -> (Provider, Setup) {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let mut settings = IssuerSettings { client_id: Some(CLIENT.to_owned()), ..provider.settings() };
    change(&mut settings);
    let setup = Setup::new(vec![settings]);
    (provider, setup)
}

/// Claims without any mark of an access token or of an ID token. The required claims of ID tokens (OpenID Connect Core
/// 1.0 §2) are included.
fn id_token(provider: &Provider, audience: Value) -> Value {
    with(provider.claims(), json!({"aud": audience, "scope": null, "nbf": null}))
}

fn id_tokens() -> Vec<Value> {
    vec![
        json!({}),
        json!({"nonce": "n"}),
        json!({"at_hash": "h", "nonce": "n", "sid": "s", "auth_time": NOW}),
        json!({"azp": CLIENT}),
        json!({"at_hash": "h", "scope": "openid"}),
        json!({"c_hash": "h", "scp": ["openid"]}),
        json!({"typ": "ID", "scope": "openid"}),
        json!({"typ": "JWT"}),
        json!({"token_use": "id", "scope": "openid"}),
        json!({"token_use": 1}),
    ]
}

#[tokio::test]
async fn rejects_id_tokens_for_the_client_that_is_an_audience() {
    let (provider, setup) = setup(|_| {}).await;
    for audience in [json!(CLIENT), json!([CLIENT]), json!([CLIENT, "other-api"])] {
        for marks in id_tokens() {
            let token = KEY.token(&with(id_token(&provider, audience.clone()), marks.clone()));
            assert_eq!(setup.refusal(&token).await, Type, "{audience}: {marks}");
        }
    }
}

#[tokio::test]
async fn accepts_tokens_for_the_client_that_are_marked_as_access_tokens() {
    let (provider, setup) = setup(|_| {}).await;
    let bare = id_token(&provider, json!(CLIENT));
    for marks in [
        json!({"typ": "Bearer", "nonce": "n"}),
        json!({"typ": "at+jwt"}),
        json!({"token_use": "access"}),
        json!({"scope": "openid", "nonce": "n"}),
        json!({"scp": ["a"]}),
    ] {
        let token = KEY.token(&with(bare.clone(), marks.clone()));
        assert!(setup.verify(&token).await.is_ok(), "{marks}");
    }
    let typed = with(KEY.header(), json!({"typ": "at+jwt"}));
    assert!(setup.verify(&KEY.token_with(&typed, &with(bare, json!({"at_hash": "h"})))).await.is_ok());
}

#[tokio::test]
async fn other_audiences_need_no_mark() {
    let (provider, setup) = setup(|_| {}).await;
    let bare = id_token(&provider, json!("other-api"));
    assert!(setup.verify(&KEY.token(&bare)).await.is_ok());
    assert_eq!(setup.refusal(&KEY.token(&with(bare, json!({"nonce": "n"})))).await, Type);
}

/// Dex builds access tokens like ID tokens (`server/oauth2.go`, `newAccessToken`).
#[tokio::test]
async fn an_operator_can_accept_tokens_that_look_like_id_tokens() {
    let (provider, setup) = setup(|settings| settings.accept_id_tokens = true).await;
    for audience in [json!(CLIENT), json!([CLIENT]), json!(["other-api"])] {
        let dex = with(id_token(&provider, audience.clone()), json!({"at_hash": "h"}));
        assert!(setup.verify(&KEY.token(&dex)).await.is_ok(), "{audience}");
        for marks in [json!({"typ": "ID"}), json!({"token_use": "id"}), json!({"events": {}}), json!({"cnf": {}})] {
            assert_eq!(setup.refusal(&KEY.token(&with(dex.clone(), marks.clone()))).await, Type, "{marks}");
        }
    }
}

#[tokio::test]
async fn an_access_token_of_entra_names_its_client() {
    let provider = Provider::start("", &[&KEY]).await;
    let issuer = "https://login.microsoftonline.com/tenant/v2.0";
    let setup = Setup::new(vec![IssuerSettings {
        jwks_url: Some(format!("{}/certs", provider.server.uri())),
        client_id: Some(CLIENT.to_owned()),
        ..settings(issuer)
    }]);
    let id_token = with(claims(issuer), json!({"aud": CLIENT, "ver": "2.0", "scope": null}));
    assert_eq!(setup.refusal(&KEY.token(&id_token)).await, Type);
    assert!(setup.verify(&KEY.token(&with(id_token, json!({"azp": CLIENT})))).await.is_ok());
}

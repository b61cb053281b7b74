//! Logout: redirects to the provider, and logout tokens.

use identity_core::entity::RejectedToken::{
    Algorithm, Audience, ClaimType, Expired, MissingClaim, NotYetValid, Signature, UnknownKey,
};
use identity_core::port::RefusedSignIn::{self, Issuer, LogoutToken, Token};
use identity_core::port::{EndSessionRequest, IdentityProvider as _, LogoutNotice};
use identity_core::value::Secret;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::support::*;
use crate::tests::support::*;
use crate::{EndpointUrls, ProviderKind};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn claims(login: &Login) -> Value {
    json!({
        "iss": login.provider.issuer, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "j-1", "events": {EVENT: {}},
        "sub": "f:1", "sid": "s-1",
    })
}

fn header(typ: Value) -> Value {
    with(KEY.header(), json!({"typ": typ}))
}

async fn refusal(login: &Login, token: &str) -> RefusedSignIn {
    refused(login.client.logout_token(token).await)
}

#[tokio::test]
async fn a_logout_token_says_who_and_which_session() {
    let login = Login::new().await;
    let expires_at = OffsetDateTime::from_unix_timestamp(NOW + 181).unwrap();
    for (change, subject, session) in [
        (json!({}), Some("f:1"), Some("s-1")),
        (json!({"sub": null}), None, Some("s-1")),
        (json!({"sid": null}), Some("f:1"), None),
        (json!({"typ": "Logout"}), Some("f:1"), Some("s-1")),
        (json!({"events": {EVENT: {}, "revoke_offline_access": true}}), Some("f:1"), Some("s-1")),
    ] {
        let token = KEY.token_with(&header(json!("logout+jwt")), &with(claims(&login), change));
        let notice = login.client.logout_token(&token).await.unwrap();
        let expected = LogoutNotice {
            id: "j-1".to_owned(),
            expires_at,
            subject: subject.map(str::to_owned),
            provider_session: session.map(str::to_owned),
        };
        assert_eq!(notice, expected);
    }
}

/// A provider that sets an `exp` in a hundred years must not fill the store with ids.
#[tokio::test]
async fn an_id_is_remembered_until_its_token_is_too_old_whatever_its_expiry() {
    let login = Login::new().await;
    for expiry in [NOW - 59, NOW + 1, NOW + 120, NOW + 100 * 365 * 86_400] {
        for issued in [NOW - 180, NOW, NOW + 60] {
            let token = KEY.token(&with(claims(&login), json!({"exp": expiry, "iat": issued})));
            let notice = login.client.logout_token(&token).await.unwrap();
            assert_eq!(notice.expires_at.unix_timestamp(), issued + 181, "{expiry} {issued}");
        }
    }
    // The token is accepted until one second before that time, and rejected from then on.
    let token = |issued| KEY.token(&with(claims(&login), json!({"exp": NOW + 9_999, "iat": issued})));
    assert!(login.client.logout_token(&token(NOW - 180)).await.is_ok());
    assert_eq!(refusal(&login, &token(NOW - 181)).await, LogoutToken("it is too old"));
}

#[tokio::test]
async fn every_violation_has_its_reason() {
    let login = Login::new().await;
    let no_event = || LogoutToken("its `events` contains no logout event");
    let wrong_type = |claim: &str| Token(ClaimType(claim.to_owned()));
    let missing = |claim: &str| Token(MissingClaim(claim.to_owned()));
    for (change, expected) in [
        (json!({"iss": "https://other.example"}), Issuer),
        (json!({"iss": null}), missing("iss")),
        (json!({"aud": AUDIENCE}), Token(Audience)),
        (json!({"aud": null}), Token(Audience)),
        (json!({"exp": null}), missing("exp")),
        (json!({"exp": NOW - 60}), Token(Expired)),
        (json!({"iat": null}), missing("iat")),
        (json!({"iat": "now"}), wrong_type("iat")),
        (json!({"iat": NOW + 61}), Token(NotYetValid)),
        (json!({"iat": NOW - 181}), LogoutToken("it is too old")),
        (json!({"jti": null}), LogoutToken("it has no `jti`")),
        (json!({"jti": 1}), wrong_type("jti")),
        (json!({"jti": ""}), wrong_type("jti")),
        (json!({"nonce": "n-1"}), LogoutToken("it must not have a `nonce`")),
        (json!({"nonce": null, "events": null}), no_event()),
        (json!({"events": {}}), no_event()),
        (json!({"events": {EVENT: true}}), no_event()),
        (json!({"events": [EVENT]}), no_event()),
        (json!({"events": {"http://schemas.openid.net/event/other": {}}}), no_event()),
        (json!({"sub": null, "sid": null}), LogoutToken("it has neither `sub` nor `sid`")),
        (json!({"sub": 1.5}), wrong_type("sub")),
        (json!({"sid": {}}), wrong_type("sid")),
        (json!({"typ": "ID"}), LogoutToken("its `typ` is not `logout`")),
    ] {
        let token = KEY.token_with(&header(json!("logout+jwt")), &with(claims(&login), change.clone()));
        assert_eq!(refusal(&login, &token).await, expected, "{change}");
    }
    let oldest = KEY.token(&with(claims(&login), json!({"iat": NOW - 180})));
    assert!(login.client.logout_token(&oldest).await.is_ok());
}

#[tokio::test]
async fn a_logout_token_is_signed() {
    let login = Login::new().await;
    let stranger = Signer::new("key-1", crate::SigningAlgorithm::Rs256);
    for (token, expected) in [
        (stranger.token(&claims(&login)), Token(Signature)),
        (KEY.token_with(&with(KEY.header(), json!({"alg": "none"})), &claims(&login)), Token(Algorithm)),
        (KEY.token_with(&with(KEY.header(), json!({"alg": "HS256"})), &claims(&login)), Token(Algorithm)),
        (KEY.token_with(&with(KEY.header(), json!({"kid": "key-9"})), &claims(&login)), Token(UnknownKey)),
    ] {
        assert_eq!(refusal(&login, &token).await, expected);
    }
    login.provider.jwks.fails();
    let login = Login::new().await;
    login.provider.jwks.fails();
    assert!(is_unavailable(&login.client.logout_token(&KEY.token(&claims(&login))).await), "no refusal");
}

#[tokio::test]
async fn other_tokens_are_no_logout_tokens() {
    let login = Login::new().await;
    let other = LogoutToken("its header has another `typ` than `logout+jwt`");
    for typ in ["at+jwt", "secevent+jwt", "dpop+jwt"] {
        let token = KEY.token_with(&header(json!(typ)), &claims(&login));
        assert_eq!(refusal(&login, &token).await, other, "{typ}");
    }
    let id_token = KEY.token(&login.id_claims());
    assert_eq!(refusal(&login, &id_token).await, LogoutToken("it must not have a `nonce`"));
    let strict = Login::with(|settings| settings.require_logout_token_type = true).await;
    for (typ, accepted) in [
        (json!("logout+jwt"), true),
        (json!("application/logout+jwt"), true),
        (json!("JWT"), false),
        (Value::Null, false),
    ] {
        let token = |login: &Login| KEY.token_with(&header(typ.clone()), &claims(login));
        assert!(login.client.logout_token(&token(&login)).await.is_ok(), "{typ}");
        assert_eq!(strict.client.logout_token(&token(&strict)).await.is_ok(), accepted, "{typ}");
    }
}

#[tokio::test]
async fn browsers_are_sent_to_sign_out() {
    let login = Login::new().await;
    let hinted = EndSessionRequest { logout_hint: Some("ann".to_owned()), ..ending() };
    let url = login.client.end_session_url(&hinted).await.unwrap().unwrap();
    let (url, query) = taken_apart(&url);
    assert_eq!(url.as_str(), format!("{}/logout", login.provider.issuer));
    let expected = pairs(&[
        ("id_token_hint", "header.payload.signature"),
        ("client_id", CLIENT),
        ("post_logout_redirect_uri", "https://identity.example/?signed-out"),
        ("state", "st"),
        ("logout_hint", "ann"),
    ]);
    assert_eq!(query, expected);
    let long = EndSessionRequest { id_token: Secret::new("x".repeat(7_000)), ..ending() };
    let url = login.client.end_session_url(&long).await.unwrap().unwrap();
    assert!(!url.contains("id_token_hint") && url.contains("client_id=web"), "urls have bounds");
}

#[tokio::test]
async fn or_are_not() {
    let login = Login::with(|settings| settings.logout_at_provider = false).await;
    assert_eq!(login.client.end_session_url(&ending()).await, Ok(None));
    assert_eq!(login.provider.hits(), (0, 0));
    let login = Login::new().await;
    login.provider.discovery.shows(&with(document(&login.provider), json!({"end_session_endpoint": null})));
    assert_eq!(login.client.end_session_url(&ending()).await, Ok(None));
}

#[tokio::test]
async fn auth0_has_a_way_of_its_own_unless_it_follows_the_standard() {
    let login = Login::at("/", ProviderKind::Auth0, |_| {}).await;
    login.provider.discovery.shows(&with(document(&login.provider), json!({"end_session_endpoint": null})));
    let url = login.client.end_session_url(&ending()).await.unwrap().unwrap();
    let (url, query) = taken_apart(&url);
    assert_eq!(url.as_str(), format!("{}v2/logout", login.provider.issuer));
    assert_eq!(query, pairs(&[("client_id", CLIENT), ("returnTo", "https://identity.example/?signed-out")]));
    let change = |settings: &mut crate::ProviderSettings| {
        let end_session = Some("https://tenant.example/oidc/logout".to_owned());
        settings.endpoints = EndpointUrls { end_session, ..EndpointUrls::default() };
    };
    let login = Login::at("/", ProviderKind::Auth0, change).await;
    let url = login.client.end_session_url(&ending()).await.unwrap().unwrap();
    assert!(url.starts_with("https://tenant.example/oidc/logout?id_token_hint="), "{url}");
}

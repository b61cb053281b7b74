//! Session refresh: new claims, kept claims, and rejected responses.

use identity_core::entity::RejectedToken::{Audience, Expired, NoPrincipal};
use identity_core::port::RefusedSignIn::{Grant, Nonce, Subject, Token};
use identity_core::port::{ClaimSource, IdentityProvider as _, SignedIn};
use identity_core::value::Secret;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::*;
use crate::UserInfoMode;
use crate::tests::support::*;

/// A token response without a new ID token.
fn renewed() -> Value {
    json!({"access_token": "opaque-2", "token_type": "bearer", "expires_in": 120, "refresh_token": "r-2"})
}

async fn signed_in(login: &Login) -> SignedIn {
    login.info.shows(&json!({"sub": "f:1", "department": "x"}));
    let access = with(login.provider.claims(), json!({"groups": ["a"], "preferred_username": "ann"}));
    login.answers(&with(tokens(&KEY.token(&login.id_claims())), json!({"access_token": KEY.token(&access)})));
    login.redeem().await.unwrap()
}

#[tokio::test]
async fn the_refresh_token_rotates_and_the_rest_stays() {
    let login = Login::new().await;
    let known = signed_in(&login).await;
    login.clock.forward(30);
    let access = with(login.provider.claims(), json!({"groups": ["b"]}));
    login.answers(&with(renewed(), json!({"access_token": KEY.token(&access)})));
    let now = login.client.refresh(&known).await.unwrap();
    assert_eq!(now.refresh_token, Some(Secret::new("r-2".to_owned())));
    assert_eq!(now.renewal_due_at.unix_timestamp(), NOW + 30 + 120);
    assert_eq!(now.claims.get("groups"), Some(&json!(["b"])), "what the provider says anew");
    assert_eq!(
        (&now.id_token, &now.subject, &now.provider_session),
        (&known.id_token, &known.subject, &known.provider_session)
    );
    assert_eq!((&now.principal, &now.display_name, &now.email), (&known.principal, &known.display_name, &known.email));
    let (_, form) = login.asked().await;
    let form: Parameters = form.into_iter().collect();
    assert_eq!(form, pairs(&[("grant_type", "refresh_token"), ("refresh_token", "r-1")]));

    login.answers(&with(renewed(), json!({"refresh_token": null})));
    assert_eq!(login.client.refresh(&now).await.unwrap().refresh_token, now.refresh_token, "without rotation");
}

#[tokio::test]
async fn an_access_token_that_is_no_longer_for_this_service_takes_its_claims_with_it() {
    let login = Login::new().await;
    let known = signed_in(&login).await;
    assert_eq!(known.provenance.get("preferred_username"), Some(&ClaimSource::AccessToken));
    login.answers(&renewed());
    let now = login.client.refresh(&known).await.unwrap();
    assert_eq!(now.groups.as_deref(), Some(&[][..]), "rights that were withdrawn do not live on");
    assert_eq!(now.principal.id(), "ann", "the id token still says who it is");
    assert_eq!(now.provenance.get("preferred_username"), Some(&ClaimSource::IdToken));
    assert_eq!(now.provenance.get("nonce"), None);
}

#[tokio::test]
async fn userinfo_is_asked_anew_and_stays_as_it_was_without_an_answer() {
    let login = Login::new().await;
    let known = signed_in(&login).await;
    login.answers(&renewed());
    login.info.fails();
    let same = login.client.refresh(&known).await.unwrap();
    assert_eq!(same.claims.get("department"), Some(&json!("x")));
    assert_eq!(same.provenance.get("department"), Some(&ClaimSource::UserInfo));
    login.info.shows(&json!({"sub": "f:1"}));
    assert_eq!(login.client.refresh(&known).await.unwrap().claims.get("department"), None);
    login.info.shows(&json!({"sub": "f:2"}));
    assert_eq!(refused(login.client.refresh(&known).await), Subject);
}

#[tokio::test]
async fn a_new_id_token_is_checked_and_counts() {
    let login = Login::new().await;
    let known = signed_in(&login).await;
    let give = |change: Value| {
        let id_token = KEY.token(&with(login.id_claims(), change));
        login.answers(&with(renewed(), json!({"id_token": id_token.clone()})));
        Secret::new(id_token)
    };
    for nonce in [json!("n-1"), Value::Null] {
        let id_token = give(json!({"nonce": nonce, "name": "Ann B", "sid": "s-2"}));
        let now = login.client.refresh(&known).await.unwrap();
        assert_eq!((now.display_name.as_deref(), now.provider_session.as_deref()), (Some("Ann B"), Some("s-2")));
        assert_eq!(now.id_token, id_token);
    }
    // A new ID token that is not valid or has another subject is rejected, even if UserInfo fails.
    login.info.answers(ResponseTemplate::new(401));
    for (change, expected) in [
        (json!({"sub": "f:2"}), Subject),
        (json!({"nonce": "n-2"}), Nonce),
        (json!({"aud": "other"}), Token(Audience)),
        (json!({"exp": NOW - 60}), Token(Expired)),
        (json!({"preferred_username": null}), Token(NoPrincipal)),
    ] {
        give(change.clone());
        assert_eq!(refused(login.client.refresh(&known).await), expected, "{change}");
    }
}

#[tokio::test]
async fn an_expired_id_token_of_before_is_no_hindrance() {
    let login = Login::with(|settings| settings.user_info = UserInfoMode::Off).await;
    let known = signed_in(&login).await;
    login.clock.forward(10_000);
    login.answers(&renewed());
    assert!(login.client.refresh(&known).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_that_no_longer_counts_is_sent_once() {
    let login = Login::new().await;
    let known = signed_in(&login).await;
    let before = login.token.hits();
    login.token.answers(ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})));
    assert_eq!(refused(login.client.refresh(&known).await), Grant);
    login.token.fails();
    assert!(is_unavailable(&login.client.refresh(&known).await));
    assert_eq!(login.token.hits(), before + 2);
    let without = SignedIn { refresh_token: None, ..known };
    assert_eq!(refused(login.client.refresh(&without).await), Grant);
    assert_eq!(login.token.hits(), before + 2);
}

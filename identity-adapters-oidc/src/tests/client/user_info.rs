//! Merged claims from all sources.

use identity_core::entity::RejectedToken;
use identity_core::port::ClaimSource::{AccessToken, IdToken, UserInfo};
use identity_core::port::ProviderError;
use identity_core::port::RefusedSignIn::{self, Subject, Token};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::*;
use crate::tests::support::*;
use crate::{ProviderKind, UserInfoMode};

/// A response of the token endpoint with an access token for this service.
fn with_access_token(access_claims: &Value, id_claims: &Value) -> Value {
    with(tokens(&KEY.token(id_claims)), json!({"access_token": KEY.token(access_claims)}))
}

#[tokio::test]
async fn claims_are_merged_and_say_where_they_come_from() {
    for prefer_id_token_claims in [false, true] {
        let login = Login::with(|settings| settings.prefer_id_token_claims = prefer_id_token_claims).await;
        let access = with(login.provider.claims(), json!({"groups": ["a"], "name": "Access", "email": null}));
        let id = with(login.id_claims(), json!({"name": "Id", "amr": ["pwd"]}));
        login.answers(&with_access_token(&access, &id));
        login.info.shows(&json!({"sub": "f:1", "name": "Info", "groups": ["b"], "department": "x", "exp": 1}));
        let somebody = login.redeem().await.unwrap();
        let name = if prefer_id_token_claims { "Id" } else { "Access" };
        assert_eq!(somebody.display_name.as_deref(), Some(name));
        assert_eq!(somebody.groups.as_ref().map(|groups| groups.len()), Some(1));
        assert_eq!(somebody.claims.get("department"), Some(&json!("x")));
        for (claim, source) in [
            ("groups", AccessToken),
            ("scope", AccessToken),
            ("name", if prefer_id_token_claims { IdToken } else { AccessToken }),
            ("email", IdToken),
            ("amr", IdToken),
            ("department", UserInfo),
        ] {
            assert_eq!(somebody.provenance.get(claim), Some(&source), "{claim}");
        }
        assert_eq!(somebody.provenance.len(), somebody.claims.names().count());
    }
}

#[tokio::test]
async fn an_access_token_that_is_none_for_this_service_is_not_read() {
    let login = Login::new().await;
    let good = with(login.provider.claims(), json!({"department": "access"}));
    for access_token in [
        "opaque".to_owned(),
        "a.b.c".to_owned(),
        KEY.token(&with(good.clone(), json!({"aud": "other"}))),
        KEY.token(&with(good.clone(), json!({"iss": "https://other.example"}))),
        KEY.token(&with(good.clone(), json!({"exp": NOW - 60}))),
        KEY.token(&with(good.clone(), json!({"typ": "ID"}))),
        Signer::new("key-1", crate::SigningAlgorithm::Rs256).token(&good),
        format!("{}{}", KEY.token(&good), "x".repeat(16 * 1024)),
    ] {
        login.answers(&with(tokens(&KEY.token(&login.id_claims())), json!({"access_token": access_token})));
        let somebody = login.redeem().await.unwrap();
        assert_eq!(somebody.claims.get("department"), None, "{access_token}");
    }
}

#[tokio::test]
async fn sources_about_different_people_are_refused() {
    let login = Login::new().await;
    let other = json!({"sub": "f:2"});
    login.answers(&with_access_token(&with(login.provider.claims(), other.clone()), &login.id_claims()));
    assert_eq!(login.refusal().await, Subject);
    login.gives(&login.id_claims());
    login.info.shows(&other);
    assert_eq!(login.refusal().await, Subject);
}

#[tokio::test]
async fn entra_has_another_subject_for_each_application_and_one_object_id() {
    let login = Login::at("/tenant/v2.0", ProviderKind::Microsoft, |_| {}).await;
    let id = with(login.id_claims(), json!({"ver": "2.0", "oid": "o-1"}));
    let access = with(login.provider.claims(), json!({"ver": "2.0", "sub": "other", "groups": ["a"]}));
    for (oid, accepted) in [(json!("o-1"), true), (json!("o-2"), false), (Value::Null, false)] {
        login.answers(&with_access_token(&with(access.clone(), json!({"oid": oid})), &id));
        match login.redeem().await {
            Ok(somebody) => assert!(accepted && somebody.subject == "f:1", "{oid}"),
            refusal => assert!(!accepted && refused(refusal) == Subject, "{oid}"),
        }
    }
}

fn broken() -> [ResponseTemplate; 6] {
    [
        ResponseTemplate::new(401),
        ResponseTemplate::new(503),
        ResponseTemplate::new(302).insert_header("location", "/realms/a/certs"),
        ResponseTemplate::new(200).set_body_string("eyJhbGciOiJSUzI1NiJ9.e30.x"),
        ok(&json!({"preferred_username": "no subject"})),
        ok(&json!({"sub": "x".repeat(600 * 1024)})),
    ]
}

#[tokio::test]
async fn no_answer_from_userinfo_is_no_reason_to_refuse() {
    let login = Login::new().await;
    for answer in broken() {
        login.info.answers(answer);
        assert_eq!(login.redeem().await.unwrap().principal.id(), "ann");
    }
}

#[tokio::test]
async fn unless_the_operator_needs_it() {
    let login = Login::with(|settings| settings.user_info = UserInfoMode::Required).await;
    assert!(login.redeem().await.is_ok());
    for answer in broken() {
        login.info.answers(answer);
        assert_eq!(login.refusal().await, RefusedSignIn::UserInfo);
    }
    let login = Login::with(|settings| settings.user_info = UserInfoMode::Required).await;
    login.provider.discovery.shows(&with(document(&login.provider), json!({"userinfo_endpoint": null})));
    assert_eq!(login.refusal().await, RefusedSignIn::UserInfo);
}

#[tokio::test]
async fn or_does_not_want_it() {
    let login = Login::with(|settings| settings.user_info = UserInfoMode::Off).await;
    login.info.shows(&json!({"sub": "f:2"}));
    assert!(login.redeem().await.is_ok());
    assert_eq!(login.info.hits(), 0);
}

#[tokio::test]
async fn a_provider_without_userinfo_is_asked_nothing() {
    let login = Login::new().await;
    login.provider.discovery.shows(&with(document(&login.provider), json!({"userinfo_endpoint": null})));
    assert!(login.redeem().await.is_ok());
    assert_eq!(login.info.hits(), 0);
}

#[tokio::test]
async fn who_cannot_be_named_because_userinfo_is_down_is_told_to_come_back() {
    let login = Login::new().await;
    login.gives(&with(login.id_claims(), json!({"preferred_username": null})));
    login.info.fails();
    assert!(matches!(login.redeem().await, Err(ProviderError::Unavailable { .. })));
    login.info.answers(ResponseTemplate::new(401));
    assert_eq!(login.refusal().await, Token(RejectedToken::NoPrincipal));
    login.info.shows(&json!({"sub": "f:1", "preferred_username": "bea"}));
    assert_eq!(login.redeem().await.unwrap().principal.id(), "bea");
}

#[tokio::test]
async fn userinfo_is_asked_with_the_access_token() {
    let login = Login::new().await;
    login.redeem().await.unwrap();
    let requests = login.provider.server.received_requests().await.unwrap();
    let asked = requests.iter().find(|request| request.url.path().ends_with("/userinfo")).unwrap();
    assert_eq!(asked.headers.get("authorization").unwrap(), "Bearer opaque");
}

//! Code exchange: the requests, the accepted responses, and the reasons for rejection.

use std::time::Duration;

use identity_core::entity::Principal;
use identity_core::port::RefusedSignIn::{self, Client, Grant, Issuer, Malformed};
use identity_core::port::{IdentityProvider as _, ProviderError};
use identity_core::value::Username;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::*;
use crate::tests::support::*;

#[tokio::test]
async fn a_code_becomes_somebody() {
    let login = Login::new().await;
    let somebody = login.redeem().await.unwrap();
    assert_eq!(somebody.principal, Principal::User(Username::parse("ann").unwrap()));
    assert_eq!((somebody.subject.as_str(), somebody.provider_session.as_deref()), ("f:1", Some("s-1")));
    assert_eq!(somebody.display_name.as_deref(), Some("Ann A"));
    assert_eq!(somebody.email.as_ref().map(|email| email.as_str()), Some("ann@example.com"));
    assert_eq!(somebody.refresh_token.as_ref().map(|token| token.expose()), Some("r-1"));
    assert_eq!(somebody.renewal_due_at.unix_timestamp(), NOW + 60);
    assert_eq!(somebody.claims.get("nonce"), None, "what is about the exchange is no claim of anybody");

    let (request, form) = login.asked().await;
    assert_eq!(request.url.path(), "/realms/a/token");
    let expected = [
        ("code", "code-1"),
        ("code_verifier", "verifier"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
    ];
    assert_eq!(form.into_iter().collect::<Parameters>(), pairs(&expected));
    assert!(request.headers.get("authorization").unwrap().to_str().unwrap().starts_with("Basic "));
}

#[tokio::test]
async fn another_providers_answer_is_refused_before_the_provider_hears_of_the_code() {
    let login = Login::new().await;
    let other = format!("{}/", login.provider.issuer);
    for issuer in [Some("https://evil.example"), Some(other.as_str()), Some(""), None] {
        assert_eq!(refused(login.client.redeem(&response(issuer), &sent()).await), Issuer, "{issuer:?}");
    }
    assert_eq!(login.token.hits(), 0);
}

#[tokio::test]
async fn a_provider_that_does_not_name_itself_may_be_silent_but_not_another() {
    let login = Login::new().await;
    let silent = with(document(&login.provider), json!({"authorization_response_iss_parameter_supported": null}));
    login.provider.discovery.shows(&silent);
    assert!(login.client.redeem(&response(None), &sent()).await.is_ok());
    assert_eq!(refused(login.client.redeem(&response(Some("https://evil.example")), &sent()).await), Issuer);
}

#[tokio::test]
async fn errors_have_reasons_of_their_own() {
    let login = Login::new().await;
    let answer = |status: u16, body: Value| ResponseTemplate::new(status).set_body_json(body);
    let provider = |code: &str| RefusedSignIn::Provider(code.to_owned());
    let neither = || Malformed("the response contains neither tokens nor an error");
    for (status, body, expected) in [
        (400, json!({"error": "invalid_grant", "error_description": "code used"}), Grant),
        (400, json!({"error": "invalid_client"}), Client),
        (401, json!({"error": "invalid_client"}), Client),
        (401, json!({}), Client),
        (403, json!({"error": "unauthorized_client"}), Client),
        (400, json!({"error": "invalid_target"}), provider("invalid_target")),
        (400, json!({"error": "<script>"}), neither()),
        (400, json!({"error": "x".repeat(65)}), neither()),
        (400, json!({"error": 7}), neither()),
        (404, json!([]), neither()),
        (204, json!({}), neither()),
    ] {
        login.token.answers(answer(status, body.clone()));
        assert_eq!(login.refusal().await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_provider_out_of_order_is_no_refusal_and_a_code_is_sent_once() {
    let login = Login::new().await;
    let error = |code: &str| ResponseTemplate::new(400).set_body_json(json!({"error": code}));
    for answer in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(503).set_body_json(json!({"error": "invalid_grant"})),
        ResponseTemplate::new(429),
        error("temporarily_unavailable"),
        error("server_error"),
    ] {
        let before = login.token.hits();
        login.token.answers(answer);
        assert_eq!(login.redeem().await, Err(ProviderError::Unavailable { retry_after: Duration::from_secs(5) }));
        assert_eq!(login.token.hits(), before + 1);
    }
}

#[tokio::test]
async fn nothing_works_before_discovery_does() {
    let login = Login::new().await;
    login.provider.discovery.fails();
    assert!(is_unavailable(&login.redeem().await));
    assert!(is_unavailable(&login.client.authorization_url(&request()).await));
    assert!(is_unavailable(&login.client.end_session_url(&ending()).await));
    login.provider.discovery.shows(&document(&login.provider));
    login.clock.forward(5);
    assert!(login.redeem().await.is_ok());
}

#[tokio::test]
async fn browsers_are_sent_to_the_provider_though_its_keys_cannot_be_had() {
    let login = Login::new().await;
    login.provider.jwks.fails();
    assert!(login.client.authorization_url(&request()).await.is_ok());
    assert!(is_unavailable(&login.redeem().await), "an id token cannot be checked");
}

#[tokio::test]
async fn answers_are_bounded_and_redirects_are_not_followed() {
    let login = Login::new().await;
    let elsewhere = Page::answering("POST", &login.provider.server, "/elsewhere", ok(&json!({}))).await;
    for status in [301, 302, 303, 307, 308] {
        let place = format!("{}/elsewhere", login.provider.server.uri());
        login.token.answers(ResponseTemplate::new(status).insert_header("location", place));
        assert_eq!(login.refusal().await, Malformed("the response is a redirect"));
    }
    assert_eq!(elsewhere.hits(), 0);
    let huge = json!({"access_token": "x".repeat(600 * 1024), "token_type": "Bearer"});
    login.token.answers(ok(&huge));
    assert_eq!(login.refusal().await, Malformed("the response is too large or malformed"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_none() {
    let login = Login::new().await;
    let good = || tokens(&KEY.token(&login.id_claims()));
    for (change, fault) in [
        (json!({"token_type": null}), "`token_type` is not `Bearer`"),
        (json!({"token_type": "DPoP"}), "`token_type` is not `Bearer`"),
        (json!({"access_token": null}), "`access_token` is missing"),
        (json!({"access_token": ""}), "`access_token` is not a string"),
        (json!({"access_token": {}}), "`access_token` is not a string"),
        (json!({"id_token": null}), "`id_token` is missing"),
        (json!({"id_token": 1}), "`id_token` is not a string"),
        (json!({"refresh_token": ["r"]}), "`refresh_token` is not a string"),
        (json!({"expires_in": -1}), "`expires_in` is not a number of seconds"),
        (json!({"expires_in": 1e300}), "`expires_in` is not a number of seconds"),
        (json!({"expires_in": "soon"}), "`expires_in` is not a number of seconds"),
    ] {
        login.answers(&with(good(), change.clone()));
        assert_eq!(login.refusal().await, Malformed(fault), "{change}");
    }
    for (body, fault) in [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("[]", "not a JSON object"),
        (r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#, "a member occurs twice"),
    ] {
        login.token.answers(ResponseTemplate::new(200).set_body_string(body));
        assert_eq!(login.refusal().await, Malformed(fault), "{body}");
    }
}

#[tokio::test]
async fn lifetimes_are_numbers_texts_or_five_minutes() {
    let login = Login::new().await;
    for (said, due) in [(json!(60), 60), (json!("3599"), 3599), (json!(0), 0), (Value::Null, 300)] {
        login.answers(&with(tokens(&KEY.token(&login.id_claims())), json!({"expires_in": said})));
        assert_eq!(login.redeem().await.unwrap().renewal_due_at.unix_timestamp(), NOW + due);
    }
}

#[tokio::test]
async fn a_slow_provider_is_given_up() {
    let login = Login::new().await;
    let setup = Setup::with(vec![login.provider.settings()], |settings| {
        settings.http.total_timeout = Duration::from_millis(300);
    });
    let client = crate::OidcProvider::new(login.settings.clone(), &setup.verifier).unwrap();
    setup.verifier.warm().await;
    login.token.answers(ok(&json!({})).set_delay(Duration::from_secs(30)));
    let outcome = client.redeem(&response(Some(&login.provider.issuer)), &sent()).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
}

//! UserInfo for claims that tokens lack: added claims, limits, and number of requests.

use std::sync::Arc;
use std::time::Duration;

use identity_core::entity::RejectedToken::{Audience, Expired, NoPrincipal, Signature, UserInfoMismatch};
use identity_core::entity::{Principal, VerifiedToken};
use identity_core::port::{TokenError, TokenVerifier as _};
use identity_core::value::Username;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, ResponseTemplate};

use super::support::*;
use crate::{IssuerSettings, UserInfoSettings};

/// A provider whose UserInfo endpoint returns `info`.
async fn start(info: &Value) -> (Provider, Page) {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let page = Page::at(&provider.server, "/realms/a/userinfo", ok(info)).await;
    provider.discovery.shows(&document(&provider, &provider.issuer));
    (provider, page)
}

fn document(provider: &Provider, base: &str) -> Value {
    let (jwks, info) = (format!("{base}/certs"), format!("{base}/userinfo"));
    json!({"issuer": provider.issuer, "jwks_uri": jwks, "userinfo_endpoint": info})
}

fn asking(provider: &Provider) -> IssuerSettings {
    IssuerSettings { user_info: Some(UserInfoSettings::default()), ..provider.settings() }
}

/// A token without the claims of the principal and of the groups.
fn thin(provider: &Provider) -> String {
    KEY.token(&with(provider.claims(), json!({"preferred_username": null, "name": null})))
}

fn info() -> Value {
    json!({"sub": "f:1", "preferred_username": "bea", "name": "Bea B", "groups": ["b", "a"], "department": "x"})
}

fn user(name: &str) -> Principal {
    Principal::User(Username::parse(name).unwrap())
}

fn groups(token: &VerifiedToken) -> Vec<&str> {
    token.groups.iter().flatten().map(|group| group.as_str()).collect()
}

#[tokio::test]
async fn userinfo_adds_what_the_token_lacks() {
    let (provider, page) = start(&info()).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let token = setup.verify(&thin(&provider)).await.unwrap();
    assert_eq!((&token.principal, groups(&token)), (&user("bea"), vec!["a", "b"]));
    assert_eq!(
        (token.display_name.as_deref(), token.claims.read().get("department")),
        (Some("Bea B"), Some(&json!("x")))
    );
    assert_eq!(token.claims.read().get("aud"), Some(&json!([AUDIENCE, "account"])));
    assert_eq!((provider.hits(), page.hits()), ((1, 1), 1), "discovery is not asked twice");
}

#[tokio::test]
async fn the_tokens_own_claims_win() {
    let more = json!({"email": "b@example.com", "exp": NOW + 9_999, "aud": "x", "address": {"a": 1, "b": 2}});
    let (provider, _) = start(&with(info(), more)).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let own = json!({"groups": ["own"], "address": {"a": 3}, "department": null});
    let token = KEY.token(&with(provider.claims(), own));
    let token = setup.verify(&token).await.unwrap();
    assert_eq!((&token.principal, groups(&token)), (&user("ann"), vec!["own"]));
    assert_eq!(token.email.as_ref().map(|email| email.as_str()), Some("ann@example.com"));
    assert_eq!(token.claims.read().get("address"), Some(&json!({"a": 3})), "whole claims, not parts of them");
    assert_eq!(
        (token.claims.read().get("exp"), token.expires_at.unix_timestamp()),
        (Some(&json!(NOW + 300)), NOW + 300)
    );
    assert_eq!(token.claims.read().get("department"), Some(&json!("x")));
}

#[tokio::test]
async fn a_claim_that_is_null_is_not_there() {
    let (provider, _) = start(&info()).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let mut claims = provider.claims();
    claims["preferred_username"] = Value::Null;
    assert_eq!(setup.verify(&KEY.token(&claims)).await.unwrap().principal, user("bea"));
}

#[tokio::test]
async fn another_subject_refuses_the_token_and_is_not_asked_about_at_once() {
    let (provider, page) = start(&with(info(), json!({"sub": "f:2"}))).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let token = KEY.token(&provider.claims());
    for _ in 0..3 {
        assert_eq!(setup.refusal(&token).await, UserInfoMismatch);
    }
    assert_eq!(page.hits(), 1);
    page.shows(&info());
    setup.clock.forward(5);
    assert_eq!(setup.verify(&token).await.unwrap().principal, user("ann"));
}

#[tokio::test]
async fn no_answer_is_no_reason_to_refuse() {
    let jwt = KEY.token(&info());
    let signed = ResponseTemplate::new(200).set_body_raw(jwt.into_bytes(), "application/jwt");
    let twice = r#"{"sub":"f:1","groups":["a"],"groups":["b"]}"#;
    let huge = with(info(), json!({"padding": "x".repeat(600_000)}));
    for answer in [
        ResponseTemplate::new(401),
        ResponseTemplate::new(500),
        ResponseTemplate::new(302).insert_header("location", "/realms/a/elsewhere"),
        ResponseTemplate::new(204),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_string(twice),
        ok(&json!([info()])),
        ok(&with(info(), json!({"sub": null}))),
        ok(&with(info(), json!({"sub": true}))),
        ok(&huge),
        signed,
    ] {
        let (provider, page) = start(&info()).await;
        let elsewhere = Page::at(&provider.server, "/realms/a/elsewhere", ok(&info())).await;
        page.answers(answer);
        let setup = Setup::new(vec![asking(&provider)]);
        let token = setup.verify(&KEY.token(&provider.claims())).await.unwrap();
        assert_eq!((&token.principal, groups(&token)), (&user("ann"), Vec::new()));
        assert_eq!((page.hits(), elsewhere.hits()), (1, 0));
    }
}

#[tokio::test]
async fn a_silent_endpoint_is_given_up() {
    let (provider, page) = start(&info()).await;
    let setup = Setup::with(vec![asking(&provider)], |settings| {
        settings.http.total_timeout = Duration::from_secs(2);
    });
    setup.verifier.warm().await;
    page.answers(ok(&info()).set_delay(Duration::from_secs(60)));
    let token = setup.verify(&KEY.token(&provider.claims())).await.unwrap();
    assert_eq!((groups(&token), page.hits()), (Vec::new(), 1));
}

#[tokio::test]
async fn who_cannot_be_named_because_the_endpoint_is_down_is_told_to_come_back() {
    let (provider, page) = start(&info()).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let token = thin(&provider);
    page.fails();
    for _ in 0..3 {
        let Err(TokenError::Unavailable { retry_after }) = setup.verify(&token).await else { panic!("an answer") };
        assert_eq!((retry_after, page.hits()), (Duration::from_secs(5), 1));
    }
    setup.clock.forward(5);
    page.answers(ResponseTemplate::new(403));
    assert_eq!(setup.refusal(&token).await, NoPrincipal, "the endpoint has nothing to say about it");
    setup.clock.forward(5);
    page.shows(&info());
    assert_eq!(setup.verify(&token).await.unwrap().principal, user("bea"));
}

#[tokio::test]
async fn an_answer_counts_for_a_while_and_the_lack_of_one_for_a_short_while() {
    let (provider, page) = start(&info()).await;
    let setup = Setup::new(vec![asking(&provider)]);
    let token = KEY.token(&with(provider.claims(), json!({"exp": NOW + 3_600})));
    let first = setup.verify(&token).await.unwrap();
    setup.clock.forward(299);
    assert!(Arc::ptr_eq(&first, &setup.verify(&token).await.unwrap()));
    assert_eq!(page.hits(), 1);
    page.fails();
    setup.clock.forward(1);
    for forward in [4, 1] {
        assert_eq!((groups(&setup.verify(&token).await.unwrap()), page.hits()), (Vec::new(), 2));
        setup.clock.forward(forward);
    }
    page.shows(&with(info(), json!({"groups": "c"})));
    assert_eq!((groups(&setup.verify(&token).await.unwrap()), page.hits()), (vec!["c"], 3));
}

#[tokio::test]
async fn an_answer_does_not_outlive_its_token() {
    let (provider, page) = start(&info()).await;
    let ttl = Duration::from_secs(3_600);
    let user_info = Some(UserInfoSettings { ttl, ..UserInfoSettings::default() });
    let setup = Setup::new(vec![IssuerSettings { user_info, ..provider.settings() }]);
    let token = thin(&provider);
    setup.verify(&token).await.unwrap();
    setup.clock.forward(300 + 60);
    assert_eq!((setup.refusal(&token).await, page.hits()), (Expired, 1));
}

#[tokio::test]
async fn a_burst_of_one_token_asks_once_though_the_first_caller_gives_up() {
    let (provider, page) = start(&info()).await;
    let setup = Setup::new(vec![asking(&provider)]);
    setup.verifier.warm().await;
    page.answers(ok(&info()).set_delay(Duration::from_secs(1)));
    let token: Arc<str> = Arc::from(thin(&provider));
    let gone = tokio::time::timeout(Duration::from_millis(20), setup.verify(&token)).await;
    assert!(gone.is_err());
    let calls = (0..100).map(|_| {
        let (verifier, token) = (Arc::clone(&setup.verifier), Arc::clone(&token));
        tokio::spawn(async move { verifier.verify(&token).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().principal, user("bea"));
    }
    assert_eq!(page.hits(), 1);
    setup.verify(&KEY.token(&with(provider.claims(), json!({"jti": "2"})))).await.unwrap();
    assert_eq!(page.hits(), 2, "another token is another question");
}

#[tokio::test]
async fn nobody_is_asked_unless_wanted_or_about_bad_tokens() {
    let (provider, page) = start(&info()).await;
    let off = Setup::new(vec![provider.settings()]);
    off.verify(&KEY.token(&provider.claims())).await.unwrap();
    assert_eq!(off.refusal(&thin(&provider)).await, NoPrincipal);
    let on = Setup::new(vec![asking(&provider)]);
    let (good, other) = (KEY.token(&provider.claims()), thin(&provider));
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    assert_eq!(on.refusal(&forged).await, Signature);
    assert_eq!(on.refusal(&KEY.token(&with(provider.claims(), json!({"aud": "x"})))).await, Audience);
    assert_eq!(on.refusal(&KEY.token(&with(provider.claims(), json!({"exp": NOW - 100})))).await, Expired);
    // No request, because nothing would bind the response to a token without a subject.
    let token = on.verify(&KEY.token(&with(provider.claims(), json!({"sub": null})))).await.unwrap();
    assert_eq!((groups(&token), page.hits()), (Vec::new(), 0));
}

#[tokio::test]
async fn the_endpoint_is_asked_through_the_back_channel_with_the_token() {
    let (provider, page) = start(&info()).await;
    let front = "https://login.example.com/realms/a";
    let mut document = document(&provider, front);
    document["issuer"] = json!(front);
    provider.discovery.shows(&document);
    let settings =
        IssuerSettings { back_channel: Some(provider.issuer.clone()), issuer: front.to_owned(), ..asking(&provider) };
    let token = KEY.token(&with(claims(front), json!({"preferred_username": null})));
    let bearer = Mock::given(method("GET"))
        .and(path("/realms/a/userinfo"))
        .and(header("authorization", format!("Bearer {token}").as_str()))
        .respond_with(ok(&with(info(), json!({"preferred_username": "cleo"}))))
        .with_priority(1);
    bearer.mount(&provider.server).await;
    let setup = Setup::new(vec![settings]);
    assert_eq!(setup.verify(&token).await.unwrap().principal, user("cleo"));
    assert_eq!(page.hits(), 0);
}

#[tokio::test]
async fn the_endpoint_can_be_configured() {
    let (provider, page) = start(&json!({"sub": "other"})).await;
    let own = Page::at(&provider.server, "/own", ok(&info())).await;
    let url = Some(format!("{}/own", provider.server.uri()));
    let jwks_url = Some(format!("{}/certs", provider.issuer));
    let user_info = Some(UserInfoSettings { url, ..UserInfoSettings::default() });
    let setup = Setup::new(vec![IssuerSettings { user_info, jwks_url, ..provider.settings() }]);
    assert_eq!(setup.verify(&thin(&provider)).await.unwrap().principal, user("bea"));
    assert_eq!((own.hits(), page.hits(), provider.hits()), (1, 0, (0, 1)));
}

#[tokio::test]
async fn a_provider_without_a_usable_endpoint_is_no_reason_to_refuse() {
    let (provider, page) = start(&info()).await;
    for endpoint in [Value::Null, json!(1), json!("junk"), json!("ftp://x.example/"), json!("http://x.example/info")] {
        provider.discovery.shows(&with(document(&provider, &provider.issuer), json!({"userinfo_endpoint": endpoint})));
        let setup = Setup::new(vec![asking(&provider)]);
        assert!(groups(&setup.verify(&KEY.token(&provider.claims())).await.unwrap()).is_empty(), "{endpoint}");
    }
    assert_eq!(page.hits(), 0);
}

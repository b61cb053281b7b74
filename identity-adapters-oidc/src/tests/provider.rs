//! Discovery and key sets: fetched on first use, once, kept up to date, and never a reason to reject a valid token.

use std::sync::Arc;
use std::time::Duration;

use identity_core::entity::RejectedToken::UnknownKey;
use identity_core::port::{TokenError, TokenVerifier as _};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::*;
use crate::{HttpSettings, IssuerSettings};

fn token(provider: &Provider, id: &str) -> String {
    KEY.token(&with(provider.claims(), json!({"jti": id})))
}

fn unknown(provider: &Provider, kid: &str) -> String {
    KEY.token_with(&with(KEY.header(), json!({"kid": kid})), &provider.claims())
}

#[tokio::test]
async fn a_cold_burst_asks_once() {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    provider.jwks.answers(ok(&jwks(&[&KEY])).set_delay(Duration::from_millis(300)));
    let setup = Setup::new(vec![provider.settings()]);
    let calls = (0..100).map(|n| {
        let (verifier, token) = (Arc::clone(&setup.verifier), token(&provider, &n.to_string()));
        tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert_eq!(provider.hits(), (1, 1));
}

#[tokio::test]
async fn a_cold_burst_at_a_dead_provider_asks_once_and_is_told_to_come_back() {
    let provider = Provider::start("", &[&KEY]).await;
    provider.discovery.answers(ResponseTemplate::new(500).set_delay(Duration::from_millis(300)));
    let setup = Setup::new(vec![provider.settings()]);
    let calls = (0..100).map(|n| {
        let (verifier, token) = (Arc::clone(&setup.verifier), token(&provider, &n.to_string()));
        tokio::spawn(async move { verifier.verify(&token).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let Err(TokenError::Unavailable { retry_after }) = call.await.unwrap() else { panic!("not unavailable") };
        assert_eq!(retry_after, Duration::from_secs(5));
    }
    assert_eq!(provider.hits(), (1, 0));
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_stop_the_others() {
    let provider = Provider::start("", &[&KEY]).await;
    provider.jwks.answers(ok(&jwks(&[&KEY])).set_delay(Duration::from_millis(300)));
    let setup = Setup::new(vec![provider.settings()]);
    let good = token(&provider, "1");
    let gone = tokio::time::timeout(Duration::from_millis(20), setup.verify(&good)).await;
    assert!(gone.is_err());
    assert!(setup.verify(&good).await.is_ok());
    assert_eq!(provider.hits(), (1, 1));
}

#[tokio::test]
async fn a_provider_that_is_down_at_start_comes_back() {
    let provider = Provider::start("", &[&KEY]).await;
    provider.discovery.fails();
    let setup = Setup::new(vec![provider.settings()]);
    assert_eq!(setup.verifier.issuers()[0].up, None);
    setup.verifier.warm().await;
    assert_eq!(setup.verifier.issuers()[0].up, Some(false));
    let good = token(&provider, "1");
    assert!(setup.is_unavailable(&good).await);
    provider.discovery.shows(&json!({"issuer": provider.issuer, "jwks_uri": format!("{}/certs", provider.issuer)}));
    setup.clock.forward(4);
    let Err(TokenError::Unavailable { retry_after }) = setup.verify(&good).await else { panic!("asked too soon") };
    assert_eq!((retry_after, provider.hits()), (Duration::from_secs(1), (1, 0)));
    setup.clock.forward(1);
    assert!(setup.verify(&good).await.is_ok());
    let status = &setup.verifier.issuers()[0];
    assert_eq!((status.up, &status.last_error), (Some(true), &None));
}

#[tokio::test]
async fn the_last_good_keys_outlive_their_provider() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    provider.discovery.fails();
    provider.jwks.fails();
    for n in 2..5 {
        setup.clock.forward(3_600);
        assert!(setup.verify(&token(&provider, &n.to_string())).await.is_ok());
    }
    // An unknown key may be new: the token is not rejected.
    assert!(setup.is_unavailable(&unknown(&provider, "new")).await);
    assert_eq!(setup.verifier.issuers()[0].up, Some(false));
    let error = setup.verifier.issuers()[0].last_error.clone().unwrap();
    assert!(error.ends_with("/certs answered with status 503"), "{error}");
}

#[tokio::test]
async fn bad_answers_are_not_keys() {
    let huge = json!({"keys": [], "padding": "x".repeat(600_000)});
    let redirect = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    for (answer, reason) in [
        (ResponseTemplate::new(500), "answered with status 500"),
        (ResponseTemplate::new(204), "answered with status 204"),
        (redirect, "answered with status 302, a redirect to http://127.0.0.1"),
        (ok(&json!("junk")), "answered with a malformed body"),
        (ok(&json!({"keys": {}})), "answered with a malformed body"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "answered with a malformed body"),
        (ok(&huge), "answered with more than 524288 bytes"),
    ] {
        let provider = Provider::start("", &[&KEY]).await;
        let elsewhere = Page::at(&provider.server, "/elsewhere", ok(&jwks(&[&KEY]))).await;
        provider.jwks.answers(answer);
        let setup = Setup::new(vec![provider.settings()]);
        assert!(setup.is_unavailable(&token(&provider, "1")).await, "{reason}");
        let error = setup.verifier.issuers()[0].last_error.clone().unwrap();
        assert!(error.contains(reason), "{error}");
        assert_eq!(elsewhere.hits(), 0);
        provider.jwks.shows(&jwks(&[&KEY]));
        setup.clock.forward(5);
        assert!(setup.verify(&token(&provider, "1")).await.is_ok(), "{reason}");
    }
}

#[tokio::test]
async fn a_slow_provider_is_not_waited_for() {
    let provider = Provider::start("", &[&KEY]).await;
    provider.jwks.answers(ok(&jwks(&[&KEY])).set_delay(Duration::from_secs(3_600)));
    let setup =
        Setup::with(vec![provider.settings()], |settings| settings.http.total_timeout = Duration::from_millis(500));
    assert!(setup.is_unavailable(&token(&provider, "1")).await);
    assert!(setup.verifier.issuers()[0].last_error.as_ref().unwrap().ends_with("timed out"));
}

#[tokio::test]
async fn an_unreachable_provider_is_named_with_its_reason() {
    let setup = Setup::new(vec![settings("http://127.0.0.1:1")]);
    assert!(setup.is_unavailable(&KEY.token(&claims("http://127.0.0.1:1"))).await);
    let error = setup.verifier.issuers()[0].last_error.clone().unwrap();
    assert!(
        error.starts_with("http://127.0.0.1:1/.well-known/openid-configuration error sending request: "),
        "{error}"
    );
}

#[tokio::test]
async fn discovery_must_be_about_the_issuer() {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let certs = format!("{}/certs", provider.issuer);
    for document in [
        json!({"issuer": format!("{}/", provider.issuer), "jwks_uri": certs}),
        json!({"issuer": "https://evil.example", "jwks_uri": certs}),
        json!({"jwks_uri": certs}),
        json!({"issuer": provider.issuer}),
        json!({"issuer": provider.issuer, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": provider.issuer, "jwks_uri": "http://keys.example/certs"}),
        json!([]),
    ] {
        provider.discovery.shows(&document);
        let setup = Setup::new(vec![provider.settings()]);
        assert!(setup.is_unavailable(&token(&provider, "1")).await, "{document}");
    }
    assert_eq!(provider.jwks.hits(), 0);
}

#[tokio::test]
async fn the_back_channel_is_where_the_provider_is_asked() {
    let front = "https://id.example/auth/realms/a";
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let token = KEY.token(&claims(front));
    let behind = || IssuerSettings { back_channel: Some(provider.issuer.clone()), ..settings(front) };
    for (issuer, jwks_uri) in [
        (front, format!("{front}/certs")),
        (front, format!("{}/certs", provider.issuer)),
        (provider.issuer.as_str(), format!("{}/certs", provider.issuer)),
    ] {
        provider.discovery.shows(&json!({"issuer": issuer, "jwks_uri": jwks_uri}));
        let setup = Setup::new(vec![behind()]);
        assert!(setup.verify(&token).await.is_ok(), "{issuer} {jwks_uri}");
        // The back channel is not an accepted issuer.
        assert!(matches!(
            setup.refusal(&KEY.token(&provider.claims())).await,
            identity_core::entity::RejectedToken::Issuer(_)
        ));
    }
    provider.discovery.shows(&json!({"issuer": "https://other.example", "jwks_uri": format!("{front}/certs")}));
    assert!(Setup::new(vec![behind()]).is_unavailable(&token).await);
}

#[tokio::test]
async fn an_issuer_may_end_in_a_slash() {
    let provider = Provider::start("/", &[&KEY]).await;
    assert!(provider.issuer.ends_with('/'));
    let setup = Setup::new(vec![provider.settings()]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    let without = claims(provider.issuer.trim_end_matches('/'));
    assert!(matches!(setup.refusal(&KEY.token(&without)).await, identity_core::entity::RejectedToken::Issuer(_)));
}

#[tokio::test]
async fn an_explicit_key_set_needs_no_discovery() {
    let provider = Provider::start("/a", &[&KEY]).await;
    let certs = format!("{}/certs", provider.issuer);
    let setup = Setup::new(vec![IssuerSettings { jwks_url: Some(certs), ..settings("not even a url") }]);
    assert!(setup.verify(&KEY.token(&claims("not even a url"))).await.is_ok());
    assert_eq!(provider.hits(), (0, 1));
}

#[tokio::test]
async fn a_storm_of_unknown_keys_costs_five_fetches_and_then_one_per_cool_down() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    let storm = async |round: &str| {
        let mut refused = 0;
        for n in 0..50 {
            match setup.verify(&unknown(&provider, &format!("{round}-{n}"))).await {
                Err(TokenError::Rejected(UnknownKey)) => refused += 1,
                Err(TokenError::Unavailable { retry_after }) => assert!(retry_after <= Duration::from_secs(10)),
                other => panic!("{other:?}"),
            }
        }
        (refused, provider.hits().1)
    };
    // Six fetches: the first one, because there are no keys, and a burst of five for unknown keys.
    assert_eq!(storm("1").await, (6, 6));
    setup.clock.forward(10);
    assert_eq!(storm("2").await, (1, 7));
    setup.clock.forward(10);
    assert_eq!(storm("3").await, (1, 8));
    setup.clock.forward(60);
    assert_eq!(storm("4").await, (5, 13));
    // During an outage, the result is "unavailable", and all tokens together cause a single fetch.
    setup.clock.forward(60);
    provider.jwks.fails();
    for n in 0..50 {
        assert!(setup.is_unavailable(&unknown(&provider, &n.to_string())).await);
    }
    assert_eq!(provider.hits().1, 14);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok(), "known keys are not held up");
}

#[tokio::test]
async fn a_key_that_was_looked_for_in_vain_is_unknown_until_the_keys_may_be_fetched_again() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    for _ in 0..20 {
        assert_eq!(setup.refusal(&unknown(&provider, "one")).await, UnknownKey);
    }
    assert_eq!(provider.hits(), (1, 1));
}

#[tokio::test]
async fn a_new_key_is_found_at_once_or_the_caller_is_told_when_to_try_again() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    provider.jwks.shows(&jwks(&[&KEY, &OTHER]));
    assert!(setup.verify(&OTHER.token(&provider.claims())).await.is_ok());
    assert_eq!(provider.hits(), (1, 2));
    // Five tokens with other unknown keys use up the fetches without delay.
    for n in 0..5 {
        let _ = setup.verify(&unknown(&provider, &n.to_string())).await;
    }
    let third = Signer::new("key-3", crate::SigningAlgorithm::EdDsa);
    provider.jwks.shows(&jwks(&[&KEY, &OTHER, &third]));
    let rotated = third.token(&provider.claims());
    let Err(TokenError::Unavailable { retry_after }) = setup.verify(&rotated).await else { panic!("not unavailable") };
    assert_eq!(retry_after, Duration::from_secs(10));
    setup.clock.forward(10);
    assert!(setup.verify(&rotated).await.is_ok());
}

#[tokio::test]
async fn keys_are_renewed_with_age_and_follow_discovery() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    let moved = Page::at(&provider.server, "/moved", ok(&jwks(&[&OTHER]))).await;
    let jwks_uri = format!("{}/moved", provider.issuer);
    provider.discovery.shows(&json!({"issuer": provider.issuer, "jwks_uri": jwks_uri}));
    // Slightly old keys are served at once, and refreshed in the background.
    setup.clock.forward(600);
    assert!(setup.verify(&token(&provider, "2")).await.is_ok());
    // The single fetch for an unknown key joins the refresh or follows it; in both cases the key is found.
    setup.clock.forward(10);
    assert!(setup.verify(&OTHER.token(&provider.claims())).await.is_ok());
    assert_eq!(setup.refusal(&token(&provider, "3")).await, UnknownKey, "the former key is gone");
    assert!(moved.hits() >= 1);
    assert_eq!(provider.jwks.hits(), 1);
}

#[tokio::test]
async fn much_older_keys_are_renewed_before_they_are_used() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    provider.jwks.shows(&jwks(&[&OTHER]));
    setup.clock.forward(1_200);
    assert_eq!(setup.refusal(&token(&provider, "2")).await, UnknownKey);
    assert_eq!(provider.hits(), (2, 2));
}

#[tokio::test]
async fn keys_survive_a_discovery_that_fails_later() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    provider.discovery.fails();
    provider.jwks.shows(&jwks(&[&OTHER]));
    setup.clock.forward(1_200);
    assert!(setup.verify(&OTHER.token(&provider.claims())).await.is_ok());
    assert_eq!(provider.hits(), (2, 2));
}

#[tokio::test]
async fn a_dead_issuer_does_not_harm_another() {
    let (dead, alive) = (Provider::start("/a", &[&KEY]).await, Provider::start("/b", &[&KEY]).await);
    dead.discovery.fails();
    let setup = Setup::new(vec![dead.settings(), alive.settings()]);
    setup.verifier.warm().await;
    assert!(setup.is_unavailable(&token(&dead, "1")).await);
    assert!(setup.verify(&token(&alive, "1")).await.is_ok());
    assert_eq!(alive.hits(), (1, 1), "warmed once");
    let up: Vec<_> = setup.verifier.issuers().into_iter().map(|status| status.up).collect();
    assert_eq!(up, [Some(false), Some(true)]);
}

#[tokio::test]
async fn withdrawn_keys_are_withdrawn_even_if_none_is_left() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    assert!(setup.verify(&token(&provider, "1")).await.is_ok());
    provider.jwks.shows(&json!({"keys": Vec::<Value>::new()}));
    setup.clock.forward(1_200);
    assert_eq!(setup.refusal(&token(&provider, "2")).await, UnknownKey);
}

#[test]
fn calls_are_bounded_by_default() {
    let HttpSettings { connect_timeout, total_timeout, max_response_bytes, .. } = HttpSettings::default();
    assert!(connect_timeout <= Duration::from_secs(5) && total_timeout <= Duration::from_secs(10));
    assert!(max_response_bytes <= 1024 * 1024);
}

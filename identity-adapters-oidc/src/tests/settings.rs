//! Validation of settings, which reports all problems.

use std::sync::Arc;
use std::time::Duration;

use identity_core::port::Clock;

use super::support::*;
use crate::{IssuerSettings, OidcTokenVerifier, SettingsProblem, UserInfoSettings, VerifierSettings};

fn problems(issuers: Vec<IssuerSettings>, settings: VerifierSettings) -> Vec<SettingsProblem> {
    let clock: Arc<dyn Clock> = FakeClock::new();
    OidcTokenVerifier::new(issuers, settings, clock).err().map(|error| error.0).unwrap_or_default()
}

fn url_problem(change: impl FnOnce(&mut IssuerSettings)) -> Option<(&'static str, &'static str)> {
    let mut issuer = settings("https://id.example/a");
    change(&mut issuer);
    match problems(vec![issuer], VerifierSettings::default()).as_slice() {
        [] => None,
        [SettingsProblem::Url { setting, rule, .. }] => Some((setting, rule)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_is_reported_at_once() {
    let name = "https://id.example".to_owned();
    let bad = IssuerSettings { audiences: Vec::new(), algorithms: Vec::new(), ..settings(&name) };
    let blank = IssuerSettings { audiences: vec![" ".to_owned()], ..settings(&name) };
    let hasty = VerifierSettings { failure_back_off: Duration::ZERO, ..VerifierSettings::default() };
    let found = problems(vec![bad, blank], hasty);
    assert_eq!(
        found,
        [
            SettingsProblem::DuplicateIssuer(name.clone()),
            SettingsProblem::TooShort("failure_back_off"),
            SettingsProblem::NoAudience(name.clone()),
            SettingsProblem::NoAlgorithm(name.clone()),
            SettingsProblem::NoAudience(name),
        ]
    );
    assert_eq!(problems(Vec::new(), VerifierSettings::default()), [SettingsProblem::NoIssuer]);
}

#[test]
fn plain_http_must_be_asked_for() {
    const RULE: &str = "uses plain HTTP, which is not allowed for this issuer";
    let http = || "http://id.example/a".to_owned();
    assert_eq!(url_problem(|issuer| issuer.issuer = http()), Some(("issuer", RULE)));
    assert_eq!(url_problem(|issuer| issuer.back_channel = Some(http())), Some(("back_channel", RULE)));
    assert_eq!(url_problem(|issuer| issuer.jwks_url = Some(http())), Some(("jwks_url", RULE)));
    assert_eq!(url_problem(|issuer| issuer.extra_jwks_urls = vec![http()]), Some(("extra_jwks_urls", RULE)));
    let allowed = |issuer: &mut IssuerSettings| {
        issuer.issuer = http();
        issuer.allow_http = true;
    };
    assert_eq!(url_problem(allowed), None);
    for local in ["http://localhost:8080/a", "http://127.0.0.1/a", "http://[::1]:8080/a", "http://id.localhost/a"] {
        assert_eq!(url_problem(|issuer| issuer.issuer = local.to_owned()), None, "{local}");
    }
    for remote in ["http://localhost.example/a", "http://10.0.0.1/a", "http://0.0.0.0/a"] {
        assert_eq!(url_problem(|issuer| issuer.issuer = remote.to_owned()), Some(("issuer", RULE)), "{remote}");
    }
}

#[test]
fn urls_are_urls_without_secrets() {
    for (url, rule) in [
        ("id.example", "is not a URL"),
        ("", "is not a URL"),
        ("ftp://id.example", "is neither https nor http"),
        ("https://user:secret@id.example", "must not contain credentials"),
        ("https://id.example/#a", "must not have a fragment"),
    ] {
        assert_eq!(url_problem(|issuer| issuer.back_channel = Some(url.to_owned())), Some(("back_channel", rule)));
        assert_eq!(url_problem(|issuer| issuer.jwks_url = Some(url.to_owned())), Some(("jwks_url", rule)));
    }
    let query = || Some("https://id.example/keys?policy=p".to_owned());
    assert_eq!(url_problem(|issuer| issuer.jwks_url = query()), None);
    assert_eq!(url_problem(|issuer| issuer.back_channel = query()), Some(("back_channel", "must not have a query")));
}

#[test]
fn extra_authorities_must_be_certificates() {
    for pem in
        [b"".to_vec(), b"junk".to_vec(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()]
    {
        let mut verifier = VerifierSettings::default();
        verifier.http.extra_ca_pem = Some(pem);
        let found = problems(vec![settings("https://id.example")], verifier);
        assert!(matches!(found.as_slice(), [SettingsProblem::Http(_)]), "{found:?}");
    }
}

#[test]
fn algorithms_are_asymmetric() {
    use crate::SigningAlgorithm;
    for name in ["none", "HS256", "HS384", "HS512", "rs256", "RS1", "ES256K", ""] {
        assert!(name.parse::<SigningAlgorithm>().is_err(), "{name}");
    }
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    assert_eq!("Ed25519".parse(), Ok(SigningAlgorithm::EdDsa));
}

#[test]
fn userinfo_needs_a_place_and_pauses() {
    let at = |url: Option<&str>| Some(UserInfoSettings { url: url.map(str::to_owned), ..UserInfoSettings::default() });
    let keys = || Some("https://id.example/keys".to_owned());
    for (url, rule) in
        [("junk", "is not a URL"), ("http://id.example/u", "uses plain HTTP, which is not allowed for this issuer")]
    {
        assert_eq!(url_problem(|issuer| issuer.user_info = at(Some(url))), Some(("user_info.url", rule)));
    }
    let without_discovery = |url| {
        url_problem(|issuer| {
            issuer.user_info = at(url);
            issuer.jwks_url = keys();
        })
    };
    let rule = "must be set together with `jwks_url`, which disables discovery";
    assert_eq!(without_discovery(None), Some(("user_info.url", rule)));
    assert_eq!(without_discovery(Some("https://id.example/u")), None);
    let hasty = UserInfoSettings { url: None, ttl: Duration::ZERO, negative_ttl: Duration::from_millis(999) };
    let found = problems(
        vec![IssuerSettings { user_info: Some(hasty), ..settings("https://id.example") }],
        VerifierSettings::default(),
    );
    let expected = ["user_info.ttl", "user_info.negative_ttl"].map(SettingsProblem::TooShort);
    assert_eq!(found, expected);
}

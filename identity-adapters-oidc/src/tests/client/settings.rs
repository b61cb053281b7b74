//! Validation of registrations, which reports all problems.

use std::sync::Arc;

use identity_core::port::{Clock, IdentityProvider as _};
use identity_core::value::Secret;

use super::support::*;
use crate::SigningAlgorithm::{Es256, Rs256};
use crate::tests::support::*;
use crate::{
    ClientAuthentication, EndpointUrls, IssuerSettings, OidcProvider, ProviderKind, ProviderSettings, SettingsProblem,
};

const ISSUER: &str = "https://id.example/v2.0";

fn registration(kind: ProviderKind) -> ProviderSettings {
    let secret = Secret::new("secret".to_owned());
    ProviderSettings::new("main", kind, ISSUER, CLIENT, ClientAuthentication::SecretBasic(secret))
}

pub(super) fn problems(kind: ProviderKind, change: impl FnOnce(&mut ProviderSettings)) -> Vec<SettingsProblem> {
    let issuer = IssuerSettings { algorithms: vec![Rs256], ..settings(ISSUER) };
    let setup = Setup::new(vec![issuer]);
    let mut registration = registration(kind);
    change(&mut registration);
    OidcProvider::new(registration, &setup.verifier).err().map(|error| error.0).unwrap_or_default()
}

fn found(kind: ProviderKind, change: impl FnOnce(&mut ProviderSettings)) -> Vec<(&'static str, String)> {
    let problems = problems(kind, change).into_iter().map(|problem| match problem {
        SettingsProblem::Provider { provider, setting, rule } if provider == "main" => (setting, rule),
        other => panic!("{other:?}"),
    });
    problems.collect()
}

#[test]
fn a_plain_registration_is_good() {
    assert_eq!(found(ProviderKind::Generic, |_| {}), []);
    let setup = Setup::new(vec![settings(ISSUER)]);
    let provider = OidcProvider::new(registration(ProviderKind::Generic), &setup.verifier).unwrap();
    assert_eq!((provider.id(), provider.display_name(), provider.issuer()), ("main", "main", ISSUER));
}

#[test]
fn everything_is_reported_at_once() {
    let found = found(ProviderKind::Auth0, |settings| {
        settings.client_id = " ".to_owned();
        settings.scopes = vec!["profile".to_owned(), "a b".to_owned(), String::new()];
        settings.resources = vec!["urn:a".to_owned(), " ".to_owned()];
        settings.prompt = Some(String::new());
        settings.extra_parameters = pairs(&[("", "x"), ("ui_locales", "de"), ("state", "x")]);
        settings.id_token_algorithms = vec![Es256];
        settings.endpoints = EndpointUrls {
            token: Some("http://id.example/token".to_owned()),
            end_session: Some("id.example".to_owned()),
            ..EndpointUrls::default()
        };
        settings.authentication = ClientAuthentication::SecretPost(Secret::new(String::new()));
    });
    let expected = [
        ("client_id", "must not be blank"),
        ("issuer", "must end in `/` for a provider of this kind"),
        ("scopes", "must include `openid`"),
        ("scopes", "must not contain spaces, quotes or backslashes"),
        ("resources", "must be limited to 1 for a provider of this kind"),
        ("resources", "must not be blank"),
        ("prompt", "must not be blank"),
        ("extra_parameters", "must not have blank names"),
        ("extra_parameters", "must not include `state`"),
        ("id_token_algorithms", "must be among the issuer's algorithms"),
        ("endpoints.token", "uses plain HTTP, which is not allowed for this issuer"),
        ("endpoints.end_session", "is not a URL"),
        ("client_secret", "must not be blank"),
    ];
    assert_eq!(found, expected.map(|(setting, rule)| (setting, rule.to_owned())));
}

#[test]
fn no_parameter_replaces_one_of_the_protocol() {
    for name in [
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "resource",
        "audience",
        "request",
        "request_uri",
        "id_token_hint",
        "claims",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
    ] {
        let found = found(ProviderKind::Generic, |settings| settings.extra_parameters = pairs(&[(name, "x")]));
        assert_eq!(found, [("extra_parameters", format!("must not include `{name}`"))]);
    }
}

#[test]
fn an_age_is_a_number() {
    for (age, good) in [("0", true), ("600", true), ("-1", false), ("", false), ("PT5M", false)] {
        let found = found(ProviderKind::Generic, |settings| settings.extra_parameters = pairs(&[("max_age", age)]));
        assert_eq!(found.is_empty(), good, "{age}: {found:?}");
    }
}

#[test]
fn without_discovery_the_endpoints_are_configured() {
    let issuer = IssuerSettings { jwks_url: Some("https://id.example/keys".to_owned()), ..settings(ISSUER) };
    let setup = Setup::new(vec![issuer]);
    let found = OidcProvider::new(registration(ProviderKind::Generic), &setup.verifier).err().unwrap().to_string();
    assert!(
        found.contains("`endpoints.authorization` must be set") && found.contains("`endpoints.token` must be set"),
        "{found}"
    );
    let endpoints = EndpointUrls {
        authorization: Some("https://id.example/auth".to_owned()),
        token: Some("https://id.example/token".to_owned()),
        ..EndpointUrls::default()
    };
    let registration = ProviderSettings { endpoints, ..registration(ProviderKind::Generic) };
    assert!(OidcProvider::new(registration, &setup.verifier).is_ok());
}

#[test]
fn the_issuer_is_one_of_the_verifiers() {
    for other in ["https://id.example/v2.0/", "https://other.example", ""] {
        let found = found(ProviderKind::Generic, |settings| settings.issuer = other.to_owned());
        assert_eq!(found, [("issuer", "must be an issuer whose tokens are accepted".to_owned())], "{other}");
    }
}

#[test]
fn kinds_have_rules() {
    assert_eq!(found(ProviderKind::Microsoft, |_| {}), []);
    let resources = found(ProviderKind::Microsoft, |settings| settings.resources = vec!["api://a".to_owned()]);
    assert_eq!(
        resources,
        [("resources", "must be empty for a provider of this kind, which selects resources by scopes".to_owned())]
    );
    let v1 = "https://sts.windows.net/t/";
    let setup = Setup::new(vec![settings(v1)]);
    let registration = ProviderSettings { issuer: v1.to_owned(), ..registration(ProviderKind::Microsoft) };
    let error = OidcProvider::new(registration, &setup.verifier).err().unwrap();
    assert_eq!(error.to_string(), "the provider `main`: `issuer` must end in `/v2.0` for a provider of this kind");
}

#[test]
fn nobody_is_asked() {
    // There is no runtime, so a request would panic.
    let clock: Arc<dyn Clock> = FakeClock::new();
    let verifier =
        crate::OidcTokenVerifier::new(vec![settings(ISSUER)], crate::VerifierSettings::default(), clock).unwrap();
    assert!(OidcProvider::new(registration(ProviderKind::Keycloak), &verifier).is_ok());
}

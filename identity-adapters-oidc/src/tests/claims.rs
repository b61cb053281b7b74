//! Tokens with a valid signature and wrong claims.

use identity_core::entity::RejectedToken::{self, *};
use serde_json::{Value, json};

use super::support::*;
use crate::IssuerSettings;

async fn setup() -> (Provider, Setup) {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    (provider, setup)
}

fn wrong_type(name: &str) -> RejectedToken {
    ClaimType(name.to_owned())
}

/// A token with a raw JSON value for a claim, for values such as `null` that `with` cannot set.
fn raw(claims: &Value, name: &str, value: &str) -> String {
    let rest = with(claims.clone(), json!({name: null})).to_string();
    KEY.sign(&KEY.header().to_string(), &format!("{{\"{name}\":{value},{}", rest.strip_prefix('{').unwrap()))
}

#[tokio::test]
async fn times_are_numbers() {
    let (provider, setup) = setup().await;
    for name in ["exp", "nbf", "iat"] {
        let later = NOW + 300;
        for value in [
            "true",
            "\"\"",
            "[]",
            "{}",
            "-1",
            "1e300",
            "-1e300",
            "-0.5",
            "99999999999999999999",
            "253402300800",
            &format!("\"{later}\""),
            &format!("[{later}]"),
            "9223372036854775807",
        ] {
            let refusal = setup.refusal(&raw(&provider.claims(), name, value)).await;
            assert_eq!(refusal, wrong_type(name), "{name}: {value}");
        }
    }
    // A null claim counts as absent.
    assert!(setup.verify(&raw(&provider.claims(), "nbf", "null")).await.is_ok());
    assert!(setup.verify(&raw(&provider.claims(), "iat", "null")).await.is_ok());
    let refusal = setup.refusal(&raw(&provider.claims(), "exp", "null")).await;
    assert_eq!(refusal, MissingClaim("exp".to_owned()));
    let fraction = raw(&provider.claims(), "exp", &format!("{}.75", NOW + 300));
    assert_eq!(setup.verify(&fraction).await.unwrap().expires_at.unix_timestamp(), NOW + 300);
}

#[tokio::test]
async fn times_hold_within_the_skew() {
    let (provider, setup) = setup().await;
    let cases = [
        (json!({"exp": NOW - 59}), None),
        (json!({"exp": NOW - 60}), Some(Expired)),
        (json!({"exp": 0}), Some(Expired)),
        (json!({"exp": null}), Some(MissingClaim("exp".to_owned()))),
        (json!({"nbf": NOW + 60}), None),
        (json!({"nbf": NOW + 61}), Some(NotYetValid)),
        (json!({"iat": NOW + 60}), None),
        (json!({"iat": NOW + 61}), Some(NotYetValid)),
        (json!({"nbf": null, "iat": null}), None),
    ];
    for (changes, expected) in cases {
        let token = KEY.token(&with(provider.claims(), changes.clone()));
        match expected {
            Some(expected) => assert_eq!(setup.refusal(&token).await, expected, "{changes}"),
            None => assert!(setup.verify(&token).await.is_ok(), "{changes}"),
        }
    }
    let exact =
        Setup::new(vec![crate::IssuerSettings { clock_skew: std::time::Duration::ZERO, ..provider.settings() }]);
    assert_eq!(exact.refusal(&KEY.token(&with(provider.claims(), json!({"exp": NOW})))).await, Expired);
}

#[tokio::test]
async fn the_audience_must_be_one_of_ours() {
    let (provider, setup) = setup().await;
    for (value, expected) in [
        (format!("\"{AUDIENCE}\""), None),
        (format!("[\"x\", \"{AUDIENCE}\"]"), None),
        ("\"other-api\"".to_owned(), None),
        ("\"identity\"".to_owned(), Some(Audience)),
        (format!("\"{AUDIENCE}-2\""), Some(Audience)),
        (format!("\"{AUDIENCE} x\""), Some(Audience)),
        ("\"IDENTITY-API\"".to_owned(), Some(Audience)),
        ("\"\"".to_owned(), Some(Audience)),
        ("[]".to_owned(), Some(Audience)),
        ("null".to_owned(), Some(Audience)),
        ("7".to_owned(), Some(wrong_type("aud"))),
        (format!("{{\"{AUDIENCE}\":true}}"), Some(wrong_type("aud"))),
        (format!("[\"{AUDIENCE}\", 7]"), None),
        (format!("[null, \"{AUDIENCE}\", null]"), None),
        ("[null, 7]".to_owned(), Some(Audience)),
        (format!("[[\"{AUDIENCE}\"]]"), Some(Audience)),
    ] {
        let token = raw(&provider.claims(), "aud", &value);
        match expected {
            Some(expected) => assert_eq!(setup.refusal(&token).await, expected, "{value}"),
            None => assert!(setup.verify(&token).await.is_ok(), "{value}"),
        }
    }
    let missing = KEY.token(&with(provider.claims(), json!({"aud": null})));
    assert_eq!(setup.refusal(&missing).await, Audience);
}

#[tokio::test]
async fn the_issuer_is_compared_byte_for_byte() {
    let (provider, setup) = setup().await;
    for other in [
        format!("{}/", provider.issuer),
        provider.issuer.to_uppercase(),
        provider.issuer.replace("/realms/a", "/realms/A"),
        provider.issuer.replace("/realms/a", "/realms/%61"),
        format!("{} ", provider.issuer),
        String::new(),
    ] {
        assert_eq!(setup.refusal(&KEY.token(&claims(&other))).await, Issuer(other));
    }
    assert_eq!(setup.refusal(&raw(&provider.claims(), "iss", "7")).await, wrong_type("iss"));
    assert_eq!(setup.refusal(&raw(&provider.claims(), "iss", "null")).await, wrong_type("iss"));
    let missing = KEY.token(&with(provider.claims(), json!({"iss": null})));
    assert_eq!(setup.refusal(&missing).await, MissingClaim("iss".to_owned()));
    assert_eq!(provider.hits(), (0, 0));
}

#[tokio::test]
async fn a_named_issuer_is_shortened_and_on_one_line() {
    let (_provider, setup) = setup().await;
    let Issuer(named) = setup.refusal(&KEY.token(&claims(&format!("a\n{}", "b".repeat(5_000))))).await else {
        panic!("another refusal")
    };
    assert!(named.starts_with("a\\nb") && named.len() < 300);
}

#[tokio::test]
async fn other_kinds_of_tokens_are_no_access_tokens() {
    let (provider, setup) = setup().await;
    let bare = with(provider.claims(), json!({"scope": null}));
    for changes in [
        json!({"typ": "ID", "scope": "openid"}),
        json!({"typ": "Refresh", "scope": "openid"}),
        json!({"typ": "Offline", "scope": "openid"}),
        json!({"typ": "Logout"}),
        json!({"typ": "DPoP", "scope": "openid"}),
        json!({"typ": 7}),
        json!({"nonce": "n"}),
        json!({"at_hash": "h"}),
        json!({"c_hash": "h"}),
        json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "scope": "openid"}),
        json!({"cnf": {"jkt": "thumbprint"}, "scope": "openid"}),
        json!({"cnf": {"x5t#S256": "thumbprint"}, "typ": "Bearer"}),
    ] {
        assert_eq!(setup.refusal(&KEY.token(&with(bare.clone(), changes.clone()))).await, Type, "{changes}");
    }
    // A null claim counts as absent.
    for name in ["cnf", "events", "nonce", "at_hash", "typ", "token_use"] {
        assert!(setup.verify(&raw(&bare, name, "null")).await.is_ok(), "{name}");
    }
    assert_eq!(setup.refusal(&raw(&with(bare.clone(), json!({"nonce": "n"})), "scope", "null")).await, Type);
    for changes in [
        json!({}),
        json!({"typ": "Bearer", "nonce": "n"}),
        json!({"scope": "openid", "nonce": "n"}),
        json!({"scp": ["a"], "nonce": "n"}),
    ] {
        assert!(setup.verify(&KEY.token(&with(bare.clone(), changes.clone()))).await.is_ok(), "{changes}");
    }
    let typed = with(KEY.header(), json!({"typ": "at+jwt"}));
    assert!(setup.verify(&KEY.token_with(&typed, &with(bare, json!({"nonce": "n"})))).await.is_ok());
}

#[tokio::test]
async fn a_strict_issuer_demands_the_type() {
    let provider = Provider::start("", &[&KEY]).await;
    let strict = IssuerSettings { require_access_token_type: true, ..provider.settings() };
    let setup = Setup::new(vec![strict]);
    for typ in [json!(null), json!("JWT")] {
        let header = with(KEY.header(), json!({"typ": typ}));
        assert_eq!(setup.refusal(&KEY.token_with(&header, &provider.claims())).await, Type);
    }
    let header = with(KEY.header(), json!({"typ": "at+jwt"}));
    assert!(setup.verify(&KEY.token_with(&header, &provider.claims())).await.is_ok());
}

#[tokio::test]
async fn entra_tokens_must_be_of_the_second_version() {
    let provider = Provider::start("", &[&KEY]).await;
    let issuer = "https://login.microsoftonline.com/tenant/v2.0";
    let entra = IssuerSettings { jwks_url: Some(format!("{}/certs", provider.server.uri())), ..settings(issuer) };
    let setup = Setup::new(vec![entra]);
    let v2 = with(claims(issuer), json!({"ver": "2.0", "azp": "app"}));
    assert!(setup.verify(&KEY.token(&v2)).await.is_ok());
    for ver in [json!("1.0"), json!(2.0), json!(null)] {
        assert_eq!(setup.refusal(&KEY.token(&with(v2.clone(), json!({"ver": ver})))).await, EntraV1);
    }
    let v1 = with(claims("https://sts.windows.net/tenant/"), json!({"ver": "1.0"}));
    assert_eq!(setup.refusal(&KEY.token(&v1)).await, EntraV1);
    let lookalike = "https://sts.windows.net.evil.example/";
    assert_eq!(setup.refusal(&KEY.token(&claims(lookalike))).await, Issuer(lookalike.to_owned()));
    // An ID token without `nonce` and hashes. It is recognized because it has neither `azp` nor `scope`.
    let id_token = with(v2, json!({"azp": null, "scope": null}));
    assert_eq!(setup.refusal(&KEY.token(&id_token)).await, Type);
}

#[tokio::test]
async fn groups_and_principals_come_from_claims() {
    let (provider, setup) = setup().await;
    let verify = |changes: Value| KEY.token(&with(provider.claims(), changes));
    let groups = |token: &identity_core::entity::VerifiedToken| {
        let groups = token.groups.as_ref().unwrap();
        groups.iter().map(|group| group.as_str().to_owned()).collect::<Vec<_>>()
    };
    let list = setup.verify(&verify(json!({"groups": ["b", "a", "b"]}))).await.unwrap();
    assert_eq!(groups(&list), ["a", "b"]);
    let one = setup.verify(&verify(json!({"groups": "/a/b"}))).await.unwrap();
    assert_eq!(groups(&one), ["/a/b"]);
    // A bad element is ignored; the principal is kept.
    let long = "x".repeat(275);
    let odd = setup.verify(&verify(json!({"groups": ["ops", long, 12, {"a": 1}, ["a"], null, true]}))).await.unwrap();
    assert_eq!(groups(&odd), ["12", "ops"]);
    for nothing in [json!({"groups": {"a": 1}}), json!({"groups": [["a"]]}), json!({"groups": true})] {
        assert_eq!(groups(&setup.verify(&verify(nothing)).await.unwrap()), [""; 0]);
    }
    let client = setup.verify(&verify(json!({"client_id": "app"}))).await.unwrap();
    assert!(matches!(&client.principal, identity_core::entity::Principal::Client(id) if id.as_str() == "app"));
    let numeric = setup.verify(&verify(json!({"client_id": 42}))).await.unwrap();
    assert_eq!(numeric.principal.id(), "42");
    let numeric = setup.verify(&verify(json!({"preferred_username": 123_456_789}))).await.unwrap();
    assert_eq!(numeric.principal.id(), "123456789");
    assert_eq!(setup.refusal(&verify(json!({"client_id": 1.5}))).await, wrong_type("client_id"));
    assert_eq!(setup.refusal(&verify(json!({"preferred_username": null}))).await, NoPrincipal);
    let plain = setup.verify(&verify(json!({"name": "", "email": "nobody"}))).await.unwrap();
    assert_eq!((&plain.display_name, &plain.email), (&None, &None));
}

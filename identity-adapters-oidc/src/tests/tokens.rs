//! Tokens with an invalid form, header or signature.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity_core::entity::RejectedToken::{self, *};
use identity_core::port::{Evidence, TokenError, TokenVerifier as _};
use identity_core::value::Claims;
use serde_json::{Value, json};

use super::support::*;
use crate::SigningAlgorithm;

async fn setup() -> (Provider, Setup) {
    let provider = Provider::start("/realms/a", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    (provider, setup)
}

#[tokio::test]
async fn a_good_token_speaks_for_its_user() {
    let (provider, setup) = setup().await;
    let token = setup.verify(&KEY.token(&provider.claims())).await.unwrap();
    assert_eq!(*token.issuer, *provider.issuer);
    assert_eq!(token.principal.id(), "ann");
    assert_eq!(token.groups.as_deref(), Some([].as_slice()));
    assert_eq!(token.display_name.as_deref(), Some("Ann A"));
    assert_eq!(token.email.as_ref().map(|email| email.as_str()), Some("ann@example.com"));
    assert_eq!(token.expires_at.unix_timestamp(), NOW + 300);
    assert_eq!(token.claims.read().get("sub"), Some(&json!("f:1")));
}

#[tokio::test]
async fn a_good_token_passes_every_check_of_an_inspection() {
    let (provider, setup) = setup().await;
    let inspection = setup.verifier.inspect(Evidence::Token(&KEY.token(&provider.claims()))).await;
    assert!(inspection.steps.iter().all(|step| step.passed == Some(true)), "{:?}", inspection.steps);
    assert_eq!(inspection.principal.map(|principal| principal.id().to_owned()).as_deref(), Some("ann"));
    assert_eq!(inspection.claims.map(|claims| claims.as_value().clone()), Some(provider.claims()));
    let claims = Claims::new(provider.claims()).unwrap();
    let without = setup.verifier.inspect(Evidence::Claims(&claims)).await;
    assert!(without.steps.iter().all(|step| step.passed == Some(true)), "{:?}", without.steps);
    assert!(without.steps.iter().all(|step| step.check != "signature"));
}

#[tokio::test]
async fn every_algorithm_that_can_be_allowed_verifies() {
    for algorithm in SigningAlgorithm::ALL {
        let key = Signer::new("k", algorithm);
        let provider = Provider::start("", &[&key]).await;
        let all = crate::IssuerSettings { algorithms: vec![algorithm], ..provider.settings() };
        let token = key.token(&provider.claims());
        assert!(Setup::new(vec![all]).verify(&token).await.is_ok(), "{algorithm}");
        // An issuer that allows all other algorithms rejects the token.
        let others = SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm).collect();
        let others = crate::IssuerSettings { algorithms: others, ..provider.settings() };
        assert_eq!(Setup::new(vec![others]).refusal(&token).await, Algorithm, "{algorithm}");
    }
}

#[tokio::test]
async fn a_header_chooses_no_algorithm_and_brings_no_key() {
    let (provider, setup) = setup().await;
    let cases: Vec<(Value, RejectedToken)> = vec![
        (json!({"alg": "none"}), Algorithm),
        (json!({"alg": "None"}), Algorithm),
        (json!({"alg": "rs256"}), Algorithm),
        (json!({"alg": "HS256"}), Algorithm),
        (json!({"alg": ""}), Algorithm),
        (json!({"alg": 7}), Algorithm),
        (json!({"alg": ["RS256"]}), Algorithm),
        (json!({"alg": null}), Algorithm),
        (json!({"jwk": KEY.jwk()}), Header("jwk")),
        (json!({"crit": ["urn:x"], "urn:x": 1}), Header("crit")),
        (json!({"crit": []}), Header("crit")),
        (json!({"crit": ["exp"]}), Header("crit")),
        (json!({"b64": false}), Header("b64")),
        (json!({"b64": false, "crit": ["b64"]}), Header("crit")),
        (json!({"kid": 1}), Malformed("`kid` is not a string")),
        (json!({"typ": 1}), Malformed("`typ` is not a string")),
        (json!({"typ": "logout+jwt"}), Type),
        (json!({"typ": "dpop+jwt"}), Type),
        (json!({"typ": "secevent+jwt"}), Type),
        (json!({"typ": ""}), Type),
        (json!({"alg": "RS384"}), Signature),
        (json!({"alg": "PS256"}), Signature),
    ];
    for (changes, expected) in cases {
        let token = KEY.token_with(&with(KEY.header(), changes.clone()), &provider.claims());
        assert_eq!(setup.refusal(&token).await, expected, "{changes}");
    }
    for changes in [
        json!({"typ": null}),
        json!({"typ": "jwt"}),
        json!({"typ": "AT+JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"jku": "https://evil.example/keys", "x5u": "https://evil.example/cert", "x5t": "abc"}),
    ] {
        let token = KEY.token_with(&with(KEY.header(), changes.clone()), &provider.claims());
        assert!(setup.verify(&token).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let (provider, setup) = setup().await;
    let jwk = KEY.jwk();
    let n = jwk["n"].as_str().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(KEY.modulus()));
    for secret in [KEY.modulus(), n.as_bytes().to_vec(), pem.into_bytes(), jwk.to_string().into_bytes(), Vec::new()] {
        for (name, algorithm) in
            [("HS256", hmac::HMAC_SHA256), ("RS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)]
        {
            let header = with(KEY.header(), json!({"alg": name})).to_string();
            let signed =
                format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(provider.claims().to_string()));
            let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), signed.as_bytes());
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
            let expected = if name == "RS256" { Signature } else { Algorithm };
            assert_eq!(setup.refusal(&token).await, expected);
        }
    }
}

#[tokio::test]
async fn a_token_is_read_in_one_way_only() {
    let (provider, setup) = setup().await;
    let header = KEY.header().to_string();
    let payload = provider.claims().to_string();
    let twice = Malformed("a member occurs twice");
    let open = |text: &str, more: &str| format!("{{{more},{}", text.strip_prefix('{').unwrap());
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = [
        (open(&header, r#""alg":"none""#), payload.clone(), twice.clone()),
        (open(&header, r#""\u0061lg":"none""#), payload.clone(), twice.clone()),
        (header.clone(), open(&payload, r#""iss":"https://evil.example""#), twice.clone()),
        (header.clone(), open(&payload, r#""\u0069ss":"https://evil.example""#), twice.clone()),
        (header.clone(), open(&payload, r#""x":{"a":1,"\u0061":2}"#), twice),
        (open(&header, &format!(r#""x":{deep}"#)), payload.clone(), Malformed("nested too deeply")),
        (header.clone(), open(&payload, &format!(r#""x":{deep}"#)), Malformed("nested too deeply")),
        (header.clone(), format!("{payload}{{}}"), Malformed("not JSON")),
        (format!("{header}x"), payload.clone(), Malformed("not JSON")),
        ("[]".to_owned(), payload.clone(), Malformed("not a JSON object")),
        (header.clone(), "\"text\"".to_owned(), Malformed("not a JSON object")),
        (header.clone(), String::new(), Malformed("not JSON")),
    ];
    for (header, payload, expected) in cases {
        assert_eq!(setup.refusal(&KEY.sign(&header, &payload)).await, expected);
    }
}

#[tokio::test]
async fn the_form_is_exact() {
    let (provider, setup) = setup().await;
    let good = KEY.token(&provider.claims());
    let parts: Vec<&str> = good.split('.').collect();
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{good}."),
        format!("{good}.x"),
        format!(".{}.{}", parts[1], parts[2]),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        good.replace('.', ".="),
        "a.b.c.d.e".to_owned(),
    ] {
        assert!(matches!(setup.refusal(&bad).await, Malformed(_)), "{bad}");
    }
    assert_eq!(setup.refusal(&format!("{}.{}.", parts[0], parts[1])).await, Signature);
    let stripped = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    assert_eq!(setup.refusal(&format!("{stripped}.{}.", parts[1])).await, Algorithm);
    assert!(setup.verify(&good).await.is_ok());
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let (provider, setup) = setup().await;
    let good = KEY.token(&provider.claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let forged = URL_SAFE_NO_PAD.encode(with(provider.claims(), json!({"preferred_username": "root"})).to_string());
    let (header, _) = signed.split_once('.').unwrap();
    assert_eq!(setup.refusal(&format!("{header}.{forged}.{signature}")).await, Signature);
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[7] ^= 1;
    assert_eq!(setup.refusal(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))).await, Signature);
}

#[tokio::test]
async fn size_is_bounded_before_anything_else() {
    let (provider, setup) = setup().await;
    let long = "x".repeat(1_000_000);
    let in_header = KEY.token_with(&with(KEY.header(), json!({"x": long})), &provider.claims());
    let in_payload = KEY.token(&with(provider.claims(), json!({"x": long})));
    for token in [in_header, in_payload, long] {
        assert_eq!(setup.refusal(&token).await, TooLarge(65_536));
    }
    assert_eq!(provider.hits(), (0, 0));
    let fits = KEY.token(&with(provider.claims(), json!({"x": "x".repeat(10_000)})));
    assert!(setup.verify(&fits).await.is_ok());
    let small = Setup::with(vec![provider.settings()], |settings| settings.max_token_bytes = fits.len() - 1);
    assert_eq!(small.refusal(&fits).await, TooLarge(fits.len() - 1));
}

#[tokio::test]
async fn what_can_be_refused_without_keys_asks_nobody() {
    let (provider, setup) = setup().await;
    for token in [
        KEY.token_with(&with(KEY.header(), json!({"alg": "none"})), &provider.claims()),
        KEY.token_with(&with(KEY.header(), json!({"typ": "logout+jwt"})), &provider.claims()),
        KEY.token(&claims("https://evil.example")),
        "a.b.c".to_owned(),
    ] {
        assert!(matches!(setup.verify(&token).await, Err(TokenError::Rejected(_))));
    }
    assert_eq!(provider.hits(), (0, 0));
}

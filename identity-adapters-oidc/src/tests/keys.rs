//! Key selection.

use identity_core::entity::RejectedToken::{Signature, UnknownKey};
use serde_json::{Value, json};

use super::support::*;
use crate::IssuerSettings;
use crate::SigningAlgorithm::*;

fn without_kid(signer: &Signer) -> Value {
    with(signer.header(), json!({"kid": null}))
}

#[tokio::test]
async fn a_key_must_fit_the_algorithm() {
    for changes in [
        json!({"alg": "RS512"}),
        json!({"alg": "HS256"}),
        json!({"alg": "none"}),
        json!({"alg": "RSA-OAEP", "use": "enc"}),
        json!({"use": "enc"}),
        json!({"use": "tls"}),
        json!({"key_ops": ["encrypt"]}),
        json!({"key_ops": []}),
        json!({"kty": "EC"}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"n": null}),
        json!({"n": ""}),
        json!({"n": 7}),
        json!({"n": "!!"}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": ""}),
        json!({"kid": "another"}),
    ] {
        let provider = Provider::start("", &[]).await;
        // A second, valid key shows that a bad key does not affect the rest of the set.
        provider.jwks.shows(&json!({"keys": [with(KEY.jwk(), changes.clone()), "junk", OTHER.jwk()]}));
        let setup = Setup::new(vec![provider.settings()]);
        assert_eq!(setup.refusal(&KEY.token(&provider.claims())).await, UnknownKey, "{changes}");
        assert!(setup.verify(&OTHER.token(&provider.claims())).await.is_ok(), "{changes}");
    }
    for changes in [json!({"alg": "RS256"}), json!({"use": null}), json!({"key_ops": ["verify"]}), json!({"x": "y"})] {
        let provider = Provider::start("", &[]).await;
        provider.jwks.shows(&json!({"keys": [with(KEY.jwk(), changes.clone())]}));
        let setup = Setup::new(vec![provider.settings()]);
        assert!(setup.verify(&KEY.token(&provider.claims())).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn weak_rsa_keys_are_ignored() {
    use base64::Engine as _;
    let short = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&KEY.modulus()[..128]);
    let padded = [[0].as_slice(), &KEY.modulus()].concat();
    let padded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(padded);
    let provider = Provider::start("", &[]).await;
    provider.jwks.shows(&json!({"keys": [with(KEY.jwk(), json!({"n": short}))]}));
    let setup = Setup::new(vec![provider.settings()]);
    assert_eq!(setup.refusal(&KEY.token(&provider.claims())).await, UnknownKey);
    provider.jwks.shows(&json!({"keys": [with(KEY.jwk(), json!({"n": padded}))]}));
    setup.clock.forward(60);
    assert!(setup.verify(&KEY.token(&provider.claims())).await.is_ok());
}

#[tokio::test]
async fn without_a_key_id_every_key_that_fits_is_tried() {
    let second = Signer::new("key-3", Rs256);
    let stranger = Signer::new("key-1", Rs256);
    let provider = Provider::start("", &[&KEY, &second, &OTHER]).await;
    let setup = Setup::new(vec![provider.settings()]);
    for signer in [&KEY, &second, &OTHER] {
        let token = signer.token_with(&without_kid(signer), &provider.claims());
        assert!(setup.verify(&token).await.is_ok());
    }
    let forged = stranger.token_with(&without_kid(&stranger), &provider.claims());
    assert_eq!(setup.refusal(&forged).await, Signature);
    // Keys of additional key sets are tried as well.
    let extra = Page::at(&provider.server, "/extra", ok(&jwks(&[&second]))).await;
    provider.jwks.shows(&jwks(&[&KEY]));
    let two =
        IssuerSettings { extra_jwks_urls: vec![format!("{}/extra", provider.server.uri())], ..provider.settings() };
    let token = second.token_with(&without_kid(&second), &provider.claims());
    assert!(Setup::new(vec![two]).verify(&token).await.is_ok());
    assert_eq!(extra.hits(), 1);
}

#[tokio::test]
async fn few_keys_are_tried_for_a_token_without_a_key_id() {
    let keys: Vec<Signer> = (0..9).map(|n| Signer::new(&format!("k{n}"), Es256)).collect();
    let provider = Provider::start("", &keys.iter().collect::<Vec<_>>()).await;
    let setup = Setup::new(vec![provider.settings()]);
    let token = |signer: &Signer| signer.token_with(&without_kid(signer), &provider.claims());
    assert!(setup.verify(&token(&keys[7])).await.is_ok());
    assert_eq!(setup.refusal(&token(&keys[8])).await, Signature);
    assert!(setup.verify(&keys[8].token(&provider.claims())).await.is_ok(), "a name finds it");
}

#[tokio::test]
async fn keys_without_a_name_count_for_tokens_that_name_none_of_the_others() {
    let provider = Provider::start("", &[]).await;
    let nameless = |signer: &Signer| with(signer.jwk(), json!({"kid": null}));
    let second = Signer::new("key-3", Rs256);
    provider.jwks.shows(&json!({"keys": [nameless(&KEY), nameless(&second)]}));
    let setup = Setup::new(vec![provider.settings()]);
    for signer in [&KEY, &second] {
        assert!(setup.verify(&signer.token(&provider.claims())).await.is_ok());
        let token = signer.token_with(&without_kid(signer), &provider.claims());
        assert!(setup.verify(&token).await.is_ok());
    }
    let stranger = Signer::new("key-9", Rs256);
    assert_eq!(setup.refusal(&stranger.token(&provider.claims())).await, UnknownKey);
}

#[tokio::test]
async fn keys_are_read_as_providers_write_them() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let padded = URL_SAFE.encode(KEY.modulus());
    assert!(padded.ends_with('='));
    let coordinate = |name: &str| -> Vec<u8> {
        let text = OTHER.jwk()[name].as_str().unwrap().to_owned();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
    };
    let signed = URL_SAFE.encode([&[0][..], &coordinate("x")].concat());
    for (signer, changes) in [
        (&KEY, json!({"n": padded, "e": "AQAB"})),
        (&KEY, json!({"n": STANDARD.encode(KEY.modulus())})),
        (&OTHER, json!({"x": STANDARD.encode(coordinate("x")), "y": URL_SAFE.encode(coordinate("y"))})),
        (&OTHER, json!({"x": signed})),
    ] {
        let provider = Provider::start("", &[]).await;
        provider.jwks.shows(&json!({"keys": [with(signer.jwk(), changes.clone())]}));
        let setup = Setup::new(vec![provider.settings()]);
        assert!(setup.verify(&signer.token(&provider.claims())).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn a_key_id_is_compared_and_nothing_else() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    setup.verify(&KEY.token(&provider.claims())).await.unwrap();
    for kid in ["../../../../etc/passwd", "key-1' OR '1'='1", "KEY-1", "key-1\u{0}", "", "https://evil.example/k"] {
        let header = with(KEY.header(), json!({"kid": kid}));
        assert_eq!(setup.refusal(&KEY.token_with(&header, &provider.claims())).await, UnknownKey, "{kid}");
        setup.clock.forward(10);
    }
    let asked: Vec<_> = provider.server.received_requests().await.unwrap();
    assert!(
        asked.iter().all(|request| request.url.path().ends_with("/certs") || request.url.path().contains("well-known"))
    );
}

#[tokio::test]
async fn issuers_do_not_vouch_for_each_other() {
    let (a, b) = (Provider::start("/a", &[&KEY]).await, Provider::start("/b", &[&OTHER]).await);
    let setup = Setup::new(vec![a.settings(), b.settings()]);
    assert!(setup.verify(&KEY.token(&a.claims())).await.is_ok());
    assert!(setup.verify(&OTHER.token(&b.claims())).await.is_ok());
    assert_eq!(setup.refusal(&KEY.token(&b.claims())).await, UnknownKey);
    let impostor = Signer::new("key-1", Rs256);
    let c = Provider::start("/c", &[&impostor]).await;
    let setup = Setup::new(vec![a.settings(), c.settings()]);
    assert_eq!(setup.refusal(&KEY.token(&c.claims())).await, Signature);
    assert_eq!(setup.refusal(&impostor.token(&a.claims())).await, Signature);
}

#[tokio::test]
async fn issuers_have_their_own_audiences_and_claims() {
    let (a, b) = (Provider::start("/a", &[&KEY]).await, Provider::start("/b", &[&KEY]).await);
    let mut other = IssuerSettings { audiences: vec!["b-api".to_owned()], ..b.settings() };
    other.claims.username = selector("sub");
    let setup = Setup::new(vec![a.settings(), other]);
    assert!(matches!(setup.refusal(&KEY.token(&b.claims())).await, identity_core::entity::RejectedToken::Audience));
    let token = KEY.token(&with(b.claims(), json!({"aud": "b-api"})));
    assert_eq!(setup.verify(&token).await.unwrap().principal.id(), "f:1");
}

#[tokio::test]
async fn more_key_sets_are_asked_in_order_and_a_failing_one_falls_through() {
    let third = Signer::new("key-3", EdDsa);
    let provider = Provider::start("", &[&KEY]).await;
    let broken = Page::at(&provider.server, "/extra-1", ok(&json!("junk"))).await;
    let extra = Page::at(&provider.server, "/extra-2", ok(&jwks(&[&third]))).await;
    let url = |name: &str| format!("{}/{name}", provider.server.uri());
    let settings = IssuerSettings { extra_jwks_urls: vec![url("extra-1"), url("extra-2")], ..provider.settings() };
    let setup = Setup::new(vec![settings]);
    assert!(setup.verify(&KEY.token(&provider.claims())).await.is_ok());
    assert_eq!((broken.hits(), extra.hits()), (0, 0), "the first set has the key");
    assert!(setup.verify(&third.token(&provider.claims())).await.is_ok());
    assert_eq!((provider.jwks.hits(), broken.hits(), extra.hits()), (1, 1, 1));
    // The key may be in the unreadable set: the token is not rejected.
    assert!(setup.is_unavailable(&OTHER.token(&provider.claims())).await);
    assert_eq!(setup.verifier.issuers()[0].up, Some(true));
    assert!(setup.verifier.issuers()[0].last_error.as_ref().unwrap().contains("/extra-1"));
    broken.shows(&jwks(&[&OTHER]));
    setup.clock.forward(60);
    assert!(setup.verify(&OTHER.token(&provider.claims())).await.is_ok());
    // If the first set fails, the others are still used.
    provider.jwks.fails();
    provider.discovery.fails();
    setup.clock.forward(60);
    let fresh = with(provider.claims(), json!({"jti": "2"}));
    assert!(setup.verify(&third.token(&fresh)).await.is_ok());
}

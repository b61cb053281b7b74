//! Invalid ID tokens, and ID tokens for another client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::entity::RejectedToken::{
    Algorithm, Audience, ClaimType, EntraV1, Expired, Header, Issuer, Malformed, MissingClaim, NoPrincipal,
    NotYetValid, Signature, TooLarge, Type, UnknownKey,
};
use identity_core::port::RefusedSignIn::{self, AccessTokenHash, AuthorizedParty, Nonce, Token, TooLongAgo};
use serde_json::{Value, json};

use super::support::*;
use crate::ProviderKind;
use crate::SigningAlgorithm::*;
use crate::tests::support::*;

fn wrong_type(claim: &str) -> RefusedSignIn {
    Token(ClaimType(claim.to_owned()))
}

fn missing(claim: &str) -> RefusedSignIn {
    Token(MissingClaim(claim.to_owned()))
}

#[tokio::test]
async fn a_wrong_claim_is_refused_for_its_own_reason() {
    let login = Login::new().await;
    let other = format!("{}/", login.provider.issuer);
    for (change, expected) in [
        (json!({"iss": null}), missing("iss")),
        (json!({"iss": 1}), wrong_type("iss")),
        (json!({"iss": other}), Token(Issuer(other.clone()))),
        (json!({"aud": null}), Token(Audience)),
        (json!({"aud": AUDIENCE}), Token(Audience)),
        (json!({"aud": "web2"}), Token(Audience)),
        (json!({"aud": ["web2"]}), Token(Audience)),
        (json!({"aud": 1}), wrong_type("aud")),
        (json!({"aud": ["web", "other"], "azp": "other"}), AuthorizedParty),
        (json!({"azp": "other"}), AuthorizedParty),
        (json!({"azp": ["web"]}), wrong_type("azp")),
        (json!({"exp": null}), missing("exp")),
        (json!({"exp": NOW - 60}), Token(Expired)),
        (json!({"exp": "1e9"}), wrong_type("exp")),
        (json!({"iat": null}), missing("iat")),
        (json!({"iat": NOW + 61}), Token(NotYetValid)),
        (json!({"iat": [NOW]}), wrong_type("iat")),
        (json!({"nbf": NOW + 61}), Token(NotYetValid)),
        (json!({"nonce": null}), Nonce),
        (json!({"nonce": "n-2"}), Nonce),
        (json!({"nonce": ["n-1"]}), Nonce),
        (json!({"sub": null}), missing("sub")),
        (json!({"sub": ""}), wrong_type("sub")),
        (json!({"sub": 7.5}), wrong_type("sub")),
        (json!({"sid": 7}), wrong_type("sid")),
        (json!({"typ": "Bearer"}), Token(Type)),
        (json!({"typ": "Logout"}), Token(Type)),
        (json!({"events": {}}), Token(Type)),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), AccessTokenHash),
        (json!({"at_hash": 1}), wrong_type("at_hash")),
        (json!({"preferred_username": null}), Token(NoPrincipal)),
        (json!({"preferred_username": ["ann", "ben"]}), wrong_type("preferred_username")),
    ] {
        login.gives(&with(login.id_claims(), change.clone()));
        assert_eq!(login.refusal().await, expected, "{change}");
    }
    for change in [
        json!({"aud": ["web"]}),
        json!({"aud": ["web", "other"], "azp": "web"}),
        json!({"aud": ["web", "other"]}),
        json!({"azp": "web"}),
        json!({"aud": ["web", 1]}),
        json!({"preferred_username": ["ann"]}),
        json!({"preferred_username": 123_456_789}),
        json!({"groups": [1, "x".repeat(275), {}]}),
        json!({"exp": NOW - 59}),
        json!({"iat": NOW + 60}),
        json!({"typ": "ID"}),
    ] {
        login.gives(&with(login.id_claims(), change.clone()));
        assert!(login.redeem().await.is_ok(), "{change}");
    }
}

#[tokio::test]
async fn a_person_signs_in_whatever_client_the_tokens_name() {
    let login = Login::new().await;
    login.gives(&with(login.id_claims(), json!({"client_id": "web", "azp": "web"})));
    assert_eq!(login.redeem().await.unwrap().principal.id(), "ann");
    login.gives(&with(login.id_claims(), json!({"client_id": "web", "preferred_username": null})));
    assert_eq!(login.refusal().await, Token(NoPrincipal), "a client does not sign in");
}

#[tokio::test]
async fn a_wrong_header_is_refused() {
    let login = Login::new().await;
    for (change, expected) in [
        (json!({"alg": "none"}), Algorithm),
        (json!({"alg": "HS256"}), Algorithm),
        (json!({"alg": "ES256"}), UnknownKey),
        (json!({"alg": null}), Algorithm),
        (json!({"typ": "at+jwt"}), Type),
        (json!({"typ": "logout+jwt"}), Type),
        (json!({"kid": "key-9"}), UnknownKey),
        (json!({"kid": "../../etc/passwd"}), UnknownKey),
        (json!({"jwk": KEY.jwk()}), Header("jwk")),
        (json!({"crit": ["exp"], "exp": 1}), Header("crit")),
    ] {
        login.answers(&tokens(&KEY.token_with(&with(KEY.header(), change.clone()), &login.id_claims())));
        assert_eq!(login.refusal().await, Token(expected), "{change}");
    }
}

#[tokio::test]
async fn a_token_that_its_issuer_did_not_sign_is_refused() {
    let login = Login::new().await;
    let good = KEY.token(&login.id_claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let forged = URL_SAFE_NO_PAD.encode(with(login.id_claims(), json!({"preferred_username": "eve"})).to_string());
    let unsigned = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
    let payload = signed.split_once('.').unwrap().1;
    // The public key must not work as a shared secret (RFC 8725 §2.1).
    let symmetric = with(KEY.header(), json!({"alg": "HS256"})).to_string();
    let symmetric = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(symmetric));
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, KEY.jwk()["n"].as_str().unwrap().as_bytes());
    let code = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&secret, symmetric.as_bytes()));
    for (token, expected) in [
        (format!("{header}.{forged}.{signature}"), Signature),
        (format!("{signed}.AAAA"), Signature),
        (format!("{signed}."), Signature),
        (format!("{unsigned}.{payload}."), Algorithm),
        (format!("{symmetric}.{code}"), Algorithm),
        (signed.to_owned(), Malformed("not three segments")),
        (format!("{good}.a.b"), Malformed("not three segments")),
        (format!("{}.{}", good, "x".repeat(64 * 1024)), TooLarge(64 * 1024)),
        (Signer::new("key-1", Rs256).token(&login.id_claims()), Signature),
    ] {
        login.answers(&tokens(&token));
        assert_eq!(login.refusal().await, Token(expected), "{token}");
    }
}

#[tokio::test]
async fn the_operator_says_which_algorithms_id_tokens_may_have() {
    let login = Login::with(|settings| settings.id_token_algorithms = vec![Es256]).await;
    assert_eq!(login.refusal().await, Token(Algorithm));
    login.answers(&tokens(&OTHER.token(&login.id_claims())));
    assert!(login.redeem().await.is_ok());
}

#[tokio::test]
async fn the_hash_of_the_access_token_has_the_signatures_strength() {
    // Computed with another implementation: base64url(digest("opaque")[..half]).
    for (algorithm, hash) in [
        (Rs256, "bSKYhMEmi7CrMtjaMV0P5Q"),
        (Es384, "r4fRMzLLjsZ2n1Iv3-hxo7piIBhARm0O"),
        (Ps512, "fbMJhlShp9jmuAqXBJET-ShZLVNUaW7dkNnxSGjGex8"),
        (EdDsa, "fbMJhlShp9jmuAqXBJET-ShZLVNUaW7dkNnxSGjGex8"),
    ] {
        let signer = Signer::new("key-3", algorithm);
        let login = Login::new().await;
        login.provider.jwks.shows(&jwks(&[&signer]));
        login.answers(&tokens(&signer.token(&with(login.id_claims(), json!({"at_hash": hash})))));
        assert!(login.redeem().await.is_ok(), "{algorithm}");
        login.answers(&with(
            tokens(&signer.token(&with(login.id_claims(), json!({"at_hash": hash})))),
            json!({"access_token": "other"}),
        ));
        assert_eq!(login.refusal().await, AccessTokenHash, "{algorithm}");
    }
}

#[tokio::test]
async fn an_operator_can_want_people_to_have_signed_in_of_late() {
    let login = Login::with(|settings| settings.extra_parameters = pairs(&[("max_age", "600")])).await;
    for (auth_time, expected) in [
        (json!(NOW), None),
        (json!(NOW - 660), None),
        (json!(NOW - 661), Some(TooLongAgo)),
        (Value::Null, Some(missing("auth_time"))),
        (json!("now"), Some(wrong_type("auth_time"))),
    ] {
        login.gives(&with(login.id_claims(), json!({"auth_time": auth_time})));
        assert_eq!(login.redeem().await.err(), expected.map(Into::into), "{auth_time}");
    }
}

#[tokio::test]
async fn entra_tokens_are_of_the_second_version() {
    let login = Login::at("/tenant/v2.0", ProviderKind::Microsoft, |_| {}).await;
    for (version, expected) in [(json!("2.0"), None), (json!("1.0"), Some(EntraV1)), (Value::Null, Some(EntraV1))] {
        login.gives(&with(login.id_claims(), json!({"ver": version})));
        assert_eq!(login.redeem().await.err(), expected.map(|reason| Token(reason).into()));
    }
    let v1 = "https://sts.windows.net/72f988bf/";
    login.gives(&with(login.id_claims(), json!({"ver": "1.0", "iss": v1})));
    assert_eq!(login.refusal().await, Token(EntraV1));
}

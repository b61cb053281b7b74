//! Client authentication.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::prelude::BASE64_STANDARD;
use identity_core::value::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::*;
use crate::SigningAlgorithm::{self, *};
use crate::jwk::KeySet;
use crate::tests::support::*;
use crate::{
    AssertionAudience, AssertionSettings, ClientAuthentication, KeyFile, KeyId, ProviderKind, SettingsProblem,
    Thumbprint, TlsSettings,
};

/// Writes a file in `folder`.
fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn pem(folder: &TempDir, signer: &Signer) -> KeyFile {
    let key = write(folder, "key.pem", pem_of("PRIVATE KEY", &signer.pkcs8()));
    let certificate = write(folder, "certificate.pem", pem_of("CERTIFICATE", &certificate_of(signer)));
    KeyFile::Pem { key, certificate: Some(certificate) }
}

/// Files made with common tools: OpenSSL 3, with its current and its legacy algorithms, and the JDK's keytool.
fn pkcs12_file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src/tests/client/pkcs12", name].iter().collect()
}

fn pkcs12(name: &str) -> KeyFile {
    let file = pkcs12_file(name);
    KeyFile::Pkcs12 { file, password: Secret::new("changeit".to_owned()), alias: Some("signing".to_owned()) }
}

/// Header and claims of the assertion that a login sends. Asserts that `signer`, if given, signed it.
async fn assertion(login: &Login, signer: Option<&Signer>) -> (Value, Value) {
    login.redeem().await.unwrap();
    let (request, form) = login.asked().await;
    assert!(!request.headers.contains_key("authorization") && !form.contains_key("client_secret"));
    assert_eq!(form["client_id"], CLIENT);
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let (signed, signature) = form["client_assertion"].rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    if let Some(signer) = signer {
        let keys = KeySet::parse(jwks(&[signer]).to_string().as_bytes(), &[signer.algorithm]).unwrap();
        let key = keys.fitting(signer.algorithm).next().unwrap();
        assert!(key.verifies(signed.as_bytes(), &signature));
    }
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(header), read(claims))
}

async fn asserting(kind: ProviderKind, settings: AssertionSettings) -> Login {
    let suffix = match kind {
        ProviderKind::Microsoft => "/tenant/v2.0",
        ProviderKind::Auth0 => "/",
        _ => "/realms/a",
    };
    let login = Login::at(suffix, kind, |registration| {
        registration.authentication = ClientAuthentication::PrivateKeyJwt(settings);
    })
    .await;
    login.gives(&with(login.id_claims(), json!({"ver": "2.0"})));
    login
}

#[tokio::test]
async fn secrets_go_into_the_form_only_where_that_is_wanted() {
    let secret = || Secret::new(SECRET.to_owned());
    let login = Login::with(|settings| settings.authentication = ClientAuthentication::SecretPost(secret())).await;
    login.redeem().await.unwrap();
    let (request, form) = login.asked().await;
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), (CLIENT, SECRET));
    assert!(!request.headers.contains_key("authorization"));

    let login = Login::with(|settings| settings.authentication = ClientAuthentication::None).await;
    login.redeem().await.unwrap();
    let (request, form) = login.asked().await;
    assert_eq!((form["client_id"].as_str(), form.contains_key("client_secret")), (CLIENT, false));
    assert!(!request.headers.contains_key("authorization"));
}

#[tokio::test]
async fn names_and_secrets_are_encoded_before_they_go_into_the_header() {
    let login = Login::with(|settings| settings.client_id = "https://a.example/web:1".to_owned()).await;
    login.refusal().await;
    let (request, _) = login.asked().await;
    let header = request.headers.get("authorization").unwrap().to_str().unwrap();
    let pair = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"https%3A%2F%2Fa.example%2Fweb%3A1:s3+cr%3Aet%2F%C3%BC", "RFC 6749 appendix B");
}

#[tokio::test]
async fn an_assertion_is_short_lived_single_and_for_the_issuer_alone() {
    let (folder, signer) = (TempDir::new().unwrap(), Signer::new("key-3", Ps256));
    let settings = AssertionSettings { algorithm: Some(Ps256), ..AssertionSettings::new(pem(&folder, &signer)) };
    let login = asserting(ProviderKind::Keycloak, settings).await;
    let (header, claims) = assertion(&login, Some(&signer)).await;
    assert_eq!(header, json!({"alg": "PS256", "typ": "JWT"}));
    let id = claims["jti"].as_str().unwrap().to_owned();
    assert!(id.len() >= 22, "128 bits");
    let expected = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": login.provider.issuer, "iat": NOW, "exp": NOW + 60, "jti": id,
    });
    assert_eq!(claims, expected);
    let (_, next) = assertion(&login, Some(&signer)).await;
    assert_ne!(next["jti"], claims["jti"]);
}

#[tokio::test]
async fn every_kind_of_key_signs() {
    for algorithm in SigningAlgorithm::ALL {
        let (folder, signer) = (TempDir::new().unwrap(), Signer::new("key-3", algorithm));
        let settings =
            AssertionSettings { algorithm: Some(algorithm), ..AssertionSettings::new(pem(&folder, &signer)) };
        let login = asserting(ProviderKind::Generic, settings).await;
        let (header, _) = assertion(&login, Some(&signer)).await;
        assert_eq!(header["alg"], algorithm.name());
    }
}

#[tokio::test]
async fn the_algorithm_follows_the_key_and_the_key_may_have_any_form() {
    let folder = TempDir::new().unwrap();
    let (rsa, ec, ed) = (Signer::new("a", Rs256), Signer::new("b", Es384), Signer::new("c", EdDsa));
    // An RSA key in PKCS#8 contains its PKCS#1 form, after a header of 26 bytes (RFC 5208 §5).
    let pkcs1 = rsa.pkcs8()[26..].to_vec();
    let sec1 = ec.sec1();
    for (signer, label, der) in [
        (&rsa, "PRIVATE KEY", rsa.pkcs8()),
        (&rsa, "RSA PRIVATE KEY", pkcs1),
        (&ec, "PRIVATE KEY", ec.pkcs8()),
        (&ec, "EC PRIVATE KEY", sec1),
        (&ed, "PRIVATE KEY", ed.pkcs8()),
    ] {
        let key = write(&folder, "any.pem", pem_of(label, &der));
        let login =
            asserting(ProviderKind::Generic, AssertionSettings::new(KeyFile::Pem { key, certificate: None })).await;
        let (header, _) = assertion(&login, Some(signer)).await;
        assert_eq!(header["alg"], signer.algorithm.name(), "{label}");
    }
}

#[tokio::test]
async fn certificates_are_named_as_the_kind_wants_it() {
    const OPENSSL: (&str, &str) = ("JjPmVI1gq4zw0wZmhr91mIm5bYQ", "9PISvpBiY4q6tuPbEyF54dSvkJMnxQKbNI3YjpwfPn8");
    const KEYTOOL: (&str, &str) = ("fY3bELfOTgBPUfnwRitN5-QaYhY", "5S7FQY3Lnpx6J7WisRl3Q2nPIyHhW0E3B3HIrfRPALI");
    use ProviderKind::{Generic, Microsoft};
    for (file, (sha1, sha256)) in [("openssl.p12", OPENSSL), ("openssl-legacy.p12", OPENSSL), ("keytool.p12", KEYTOOL)]
    {
        for (kind, thumbprint, expected) in [
            (Generic, None, json!({})),
            (Generic, Some(Thumbprint::Sha256), json!({"x5t#S256": sha256})),
            (Microsoft, None, json!({"x5t": sha1})),
            (Microsoft, Some(Thumbprint::Sha256), json!({"x5t#S256": sha256})),
            (Microsoft, Some(Thumbprint::None), json!({})),
        ] {
            let login = asserting(kind, AssertionSettings { thumbprint, ..AssertionSettings::new(pkcs12(file)) }).await;
            let (header, _) = assertion(&login, None).await;
            assert_eq!(header, with(json!({"alg": "ES256", "typ": "JWT"}), expected), "{file} {kind:?} {thumbprint:?}");
        }
    }
}

#[tokio::test]
async fn keys_are_named_by_the_operator_or_by_themselves() {
    for (key_id, expected) in [
        (KeyId::Fixed("2026-a".to_owned()), "2026-a"),
        (KeyId::PublicKeyDigest, "eXTADM1QoA6AoyB3QzPZDEPWmHK3TJ5u1u-HQIMhyGI"),
    ] {
        let settings = AssertionSettings { key_id: Some(key_id), ..AssertionSettings::new(pkcs12("openssl.p12")) };
        let login = asserting(ProviderKind::Keycloak, settings).await;
        assert_eq!(assertion(&login, None).await.0["kid"], expected);
    }
}

#[tokio::test]
async fn whom_an_assertion_is_for_is_the_kinds_or_the_operators_choice() {
    use AssertionAudience::{Fixed, Issuer, TokenEndpoint};
    use ProviderKind::{Auth0, Generic, Keycloak, Microsoft};
    for (kind, audience, expected) in [
        (Generic, None, "issuer"),
        (Keycloak, None, "issuer"),
        (Auth0, None, "issuer"),
        (Microsoft, None, "token"),
        (Microsoft, Some(Issuer), "issuer"),
        (Generic, Some(TokenEndpoint), "token"),
        (Generic, Some(Fixed("urn:a".to_owned())), "urn:a"),
    ] {
        let settings = AssertionSettings { audience, ..AssertionSettings::new(pkcs12("openssl.p12")) };
        let login = asserting(kind, settings).await;
        let token_url = format!("{}/token", login.provider.issuer.trim_end_matches('/'));
        let expected = match expected {
            "issuer" => login.provider.issuer.as_str(),
            "token" => &token_url,
            other => other,
        };
        assert_eq!(assertion(&login, None).await.1["aud"], expected, "{kind:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_at_the_start_and_tell_no_secret() {
    let folder = TempDir::new().unwrap();
    let (signer, other) = (Signer::new("a", Es256), Signer::new("b", Es256));
    let key = pem_of("PRIVATE KEY", &signer.pkcs8());
    let count = std::cell::Cell::new(0);
    let file = |content: &str| {
        count.set(count.get() + 1);
        write(&folder, &format!("{}.pem", count.get()), content)
    };
    let pem = |content: &str, certificate: Option<String>| {
        let certificate = certificate.map(|content| file(&content));
        AssertionSettings::new(KeyFile::Pem { key: file(content), certificate })
    };
    let archive = |password: &str, alias: Option<&str>| {
        let file = pkcs12_file("openssl.p12");
        let (password, alias) = (Secret::new(password.to_owned()), alias.map(str::to_owned));
        AssertionSettings::new(KeyFile::Pkcs12 { file, password, alias })
    };
    let certificate = |signer| pem_of("CERTIFICATE", &certificate_of(signer));
    let cases = [
        (pem("junk", None), "the file must contain an unencrypted private key in PEM"),
        (
            pem(&key.replace("PRIVATE", "ENCRYPTED PRIVATE"), None),
            "the file must contain an unencrypted private key in PEM",
        ),
        (pem(&pem_of("PRIVATE KEY", b"junk"), None), "the key is too weak or its type is not supported"),
        (
            AssertionSettings { algorithm: Some(Rs256), ..pem(&key, None) },
            "the key is too weak or not suitable for RS256",
        ),
        (
            AssertionSettings { algorithm: Some(Es384), ..pem(&key, None) },
            "the key is too weak or not suitable for ES384",
        ),
        (
            AssertionSettings { thumbprint: Some(Thumbprint::Sha256), ..pem(&key, None) },
            "a thumbprint requires a certificate",
        ),
        (archive("wrong", None), "the file is not PKCS#12, or the password is wrong"),
        (archive("changeit", Some("other")), "the file contains no private key with this alias"),
    ];
    for (settings, expected) in cases {
        assert_eq!(problem(settings), Some(("assertion.key", expected.to_owned())));
    }
    for (content, expected) in [
        (certificate(&other), "none of the certificates matches the private key"),
        ("junk".to_owned(), "the file must contain a certificate in PEM"),
    ] {
        assert_eq!(problem(pem(&key, Some(content))), Some(("assertion.key", expected.to_owned())));
    }
    let chain = format!("{}{}", certificate(&other), certificate(&signer));
    assert_eq!(problem(pem(&key, Some(chain))), None, "the key's own is looked for");
    assert_eq!(problem(archive("changeit", None)), None, "the only one needs no name");
    let missing = folder.path().join("missing.pem");
    let missing = AssertionSettings::new(KeyFile::Pem { key: missing, certificate: None });
    assert!(problem(missing).unwrap().1.contains("missing.pem"));
}

/// The problem with the settings, if any.
fn problem(settings: AssertionSettings) -> Option<(&'static str, String)> {
    problem_of(ClientAuthentication::PrivateKeyJwt(settings))
}

fn problem_of(authentication: ClientAuthentication) -> Option<(&'static str, String)> {
    let found = super::settings::problems(ProviderKind::Generic, |settings| settings.authentication = authentication);
    match found.as_slice() {
        [] => None,
        [SettingsProblem::Provider { setting, rule, .. }] => Some((setting, rule.clone())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn certificates_for_tls_must_be_usable() {
    let folder = TempDir::new().unwrap();
    let (signer, other) = (Signer::new("a", Es256), Signer::new("b", Es256));
    let certificate = |signer| write(&folder, "certificate.pem", pem_of("CERTIFICATE", &certificate_of(signer)));
    let key = write(&folder, "key.pem", pem_of("PRIVATE KEY", &signer.pkcs8()));
    let tls = |certificate: PathBuf, key: &PathBuf| {
        problem_of(ClientAuthentication::TlsCertificate(TlsSettings { certificate, key: key.clone() }))
    };
    assert_eq!(tls(certificate(&signer), &key), None);
    assert_eq!(tls(certificate(&other), &key).unwrap().0, "certificate", "another's key");
    assert_eq!(tls(key.clone(), &key).unwrap().0, "certificate", "no certificate");
    assert_eq!(tls(write(&folder, "junk.pem", "junk"), &key).unwrap().0, "certificate");
}

#[test]
fn secrets_are_there() {
    for blank in ["", " "] {
        let secret = Secret::new(blank.to_owned());
        let expected = Some(("client_secret", "must not be blank".to_owned()));
        assert_eq!(problem_of(ClientAuthentication::SecretBasic(secret.clone())), expected);
        assert_eq!(problem_of(ClientAuthentication::SecretPost(secret)), expected);
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!(
        "{:?} {:?}",
        ClientAuthentication::SecretBasic(Secret::new("hunter2".to_owned())),
        ClientAuthentication::PrivateKeyJwt(AssertionSettings::new(pkcs12("openssl.p12")))
    );
    assert!(!shown.contains("hunter2") && !shown.contains("changeit"), "{shown}");
}

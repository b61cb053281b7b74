//! Tests of `identity-adapters-oidc` against a certified provider: sign-in, token refresh, revocation, logout and
//! machine tokens, with every client authentication method.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod support;

use identity_adapters_oidc::{
    AssertionSettings, ClientAuthentication, KeyFile, KeyId, MachineTokenRequest, MachineTokens, SigningAlgorithm,
};
use identity_core::port::{
    AuthorizationResponse, ClaimSource, EndSessionRequest, IdentityProvider as _, PendingSignIn, ProviderError,
    RefusedSignIn,
};
use identity_core::value::Secret;
use identity_testkit::Browser;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use reqwest::Url;
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::*;

#[tokio::test]
async fn every_way_of_client_authentication_goes_the_whole_way() {
    let keys = Keys::new();
    let signing = KeyPair::generate().unwrap();
    let assertion = |key: &KeyPair| {
        let key = KeyFile::Pem { key: keys.write("client.pem", &key.serialize_pem()), certificate: None };
        ClientAuthentication::PrivateKeyJwt(AssertionSettings {
            key_id: Some(KeyId::Fixed("client-key".to_owned())),
            ..AssertionSettings::new(key)
        })
    };
    let secret = || Secret::new(SECRET.to_owned());
    let clients = vec![
        client("public", &json!({"token_endpoint_auth_method": "none"})),
        client("basic", &json!({"client_secret": SECRET})),
        client("post", &json!({"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"})),
        client(
            "assertion",
            &json!({
                "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
                "jwks": {"keys": [jwk(&signing, "client-key")]},
            }),
        ),
        client(
            "certificate",
            &json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "O=tests,CN=web"}),
        ),
    ];
    let Some(real) = provider(clients, Some(keys.mutual_tls())).await else { return };
    for (id, authentication) in [
        ("public", ClientAuthentication::None),
        ("basic", ClientAuthentication::SecretBasic(secret())),
        ("post", ClientAuthentication::SecretPost(secret())),
        ("assertion", assertion(&signing)),
        ("certificate", ClientAuthentication::TlsCertificate(keys.showing("web"))),
    ] {
        let client = relying_party(&real, &keys, id, authentication, |_| {});
        whole_way(&real, &client).await;
    }
    for (id, authentication) in [
        ("basic", ClientAuthentication::SecretBasic(Secret::new("wrong".to_owned()))),
        ("post", ClientAuthentication::SecretPost(Secret::new("wrong".to_owned()))),
        ("assertion", ClientAuthentication::SecretBasic(secret())),
        ("basic", ClientAuthentication::None),
        ("assertion", assertion(&KeyPair::generate().unwrap())),
        ("certificate", ClientAuthentication::TlsCertificate(keys.showing("another"))),
        ("certificate", ClientAuthentication::None),
    ] {
        let client = relying_party(&real, &keys, id, authentication, |_| {});
        let response = come_back(&real, &client, &mut Browser::default()).await;
        assert_eq!(refused(client.redeem(&response, &sent()).await), RefusedSignIn::Client, "{id}");
    }
}

#[tokio::test]
async fn every_kind_of_key_that_the_provider_knows_signs_assertions() {
    let keys = Keys::new();
    let pairs = [
        ("ES256", KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), SigningAlgorithm::Es256),
        ("EdDSA", KeyPair::generate_for(&PKCS_ED25519).unwrap(), SigningAlgorithm::EdDsa),
        ("RS256", KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(), SigningAlgorithm::Rs256),
        ("PS256", KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(), SigningAlgorithm::Ps256),
    ];
    let clients = pairs.iter().map(|(name, pair, _)| {
        client(
            name,
            &json!({
                "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": name,
                "jwks": {"keys": [public(pair)]},
            }),
        )
    });
    let Some(real) = provider(clients.collect(), None).await else { return };
    for (name, pair, algorithm) in &pairs {
        let key = KeyFile::Pem { key: keys.write("client.pem", &pair.serialize_pem()), certificate: None };
        let settings = AssertionSettings { algorithm: Some(*algorithm), ..AssertionSettings::new(key) };
        let tokens = machine(&real, &keys, name, ClientAuthentication::PrivateKeyJwt(settings));
        tokens.token(&MachineTokenRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn keys_and_certificates_change_without_a_restart() {
    let keys = Keys::new();
    let (old, new, stranger) =
        (KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let clients = vec![
        client(
            "assertion",
            &json!({
                "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
                "jwks": {"keys": [jwk(&old, "a"), jwk(&new, "b")]},
            }),
        ),
        client(
            "certificate",
            &json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "O=tests,CN=web"}),
        ),
    ];
    let Some(real) = provider(clients, Some(keys.mutual_tls())).await else { return };
    let outcome = async |tokens: &MachineTokens| {
        let request = MachineTokenRequest { resources: vec!["urn:audience:api".to_owned()], scopes: Vec::new() };
        let token = tokens.token(&request).await?;
        tokens.forget(&request, &token);
        Ok::<_, ProviderError>(())
    };

    let replace = |pair: &KeyPair| keys.write("client.pem", &pair.serialize_pem());
    let key = KeyFile::Pem { key: replace(&old), certificate: None };
    let settings = ClientAuthentication::PrivateKeyJwt(AssertionSettings::new(key));
    let by_key = machine(&real, &keys, "assertion", settings);
    assert_eq!(outcome(&by_key).await, Ok(()));
    replace(&new);
    assert_eq!(outcome(&by_key).await, Ok(()));
    keys.write("client.pem", "half written");
    assert_eq!(outcome(&by_key).await, Ok(()), "the last good one counts");
    replace(&stranger);
    assert_eq!(refused(outcome(&by_key).await), RefusedSignIn::Client, "the changed one counts");

    let by_certificate =
        machine(&real, &keys, "certificate", ClientAuthentication::TlsCertificate(keys.showing("web")));
    assert_eq!(outcome(&by_certificate).await, Ok(()));
    keys.showing("web");
    assert_eq!(outcome(&by_certificate).await, Ok(()));
    keys.showing("another");
    assert_eq!(refused(outcome(&by_certificate).await), RefusedSignIn::Client);
}

#[tokio::test]
async fn an_access_token_for_this_service_is_a_source_of_claims() {
    let keys = Keys::new();
    let Some(real) = provider(vec![client("web", &json!({"client_secret": SECRET}))], None).await else { return };
    let with_resource = relying_party(&real, &keys, "web", secret(), |settings| {
        settings.resources = vec!["urn:audience:identity-api".to_owned()];
    });
    let somebody = sign_in(&real, &with_resource, &mut Browser::default()).await;
    assert_eq!(somebody.provenance.get("groups"), Some(&ClaimSource::AccessToken));
    assert_eq!(somebody.claims.get("aud"), Some(&json!("identity-api")));
    assert_eq!(somebody.principal.id(), "ann", "though `client_id` is among the claims");
    let renewed = with_resource.refresh(&somebody).await.unwrap();
    assert_eq!(renewed.provenance.get("groups"), Some(&ClaimSource::AccessToken));

    let without = relying_party(&real, &keys, "web", secret(), |_| {});
    let somebody = sign_in(&real, &without, &mut Browser::default()).await;
    assert_eq!(somebody.provenance.get("groups"), Some(&ClaimSource::IdToken));
}

#[tokio::test]
async fn codes_and_refresh_tokens_count_once_and_for_whom_they_were_given() {
    let keys = Keys::new();
    let clients = ["web", "other"].map(|id| client(id, &json!({"client_secret": SECRET})));
    let Some(real) = provider(clients.to_vec(), None).await else { return };
    let web = relying_party(&real, &keys, "web", secret(), |_| {});
    let other = relying_party(&real, &keys, "other", secret(), |_| {});
    let mut browser = Browser::default();

    let response = come_back(&real, &web, &mut browser).await;
    assert_eq!(refused(other.redeem(&response, &sent()).await), RefusedSignIn::Grant, "another client's code");

    let response = come_back(&real, &web, &mut browser).await;
    let stranger = PendingSignIn { code_verifier: Secret::new("x".repeat(43)), ..sent() };
    assert_eq!(refused(web.redeem(&response, &stranger).await), RefusedSignIn::Grant, "another browser's code");

    let response = come_back(&real, &web, &mut browser).await;
    let mixed_up = AuthorizationResponse { issuer: Some("https://evil.example".to_owned()), ..response.clone() };
    assert_eq!(refused(web.redeem(&mixed_up, &sent()).await), RefusedSignIn::Issuer);
    let unnamed = AuthorizationResponse { issuer: None, ..response.clone() };
    assert_eq!(refused(web.redeem(&unnamed, &sent()).await), RefusedSignIn::Issuer);
    assert!(web.redeem(&response, &sent()).await.is_ok(), "the provider has not heard of the code before");
    assert_eq!(refused(web.redeem(&response, &sent()).await), RefusedSignIn::Grant, "a code used twice");

    let response = come_back(&real, &web, &mut browser).await;
    let replayed = PendingSignIn { nonce: "nonce-2".to_owned(), ..sent() };
    assert_eq!(refused(web.redeem(&response, &replayed).await), RefusedSignIn::Nonce);

    let somebody = sign_in(&real, &web, &mut browser).await;
    let renewed = web.refresh(&somebody).await.unwrap();
    assert_eq!(refused(web.refresh(&somebody).await), RefusedSignIn::Grant, "a refresh token shown twice");
    assert_eq!(refused(web.refresh(&renewed).await), RefusedSignIn::Grant, "which ends them all");
}

#[tokio::test]
async fn a_provider_says_who_has_signed_out_there() {
    let keys = Keys::new();
    let receiver = MockServer::start().await;
    Mock::given(wiremock::matchers::path("/logout")).respond_with(ResponseTemplate::new(200)).mount(&receiver).await;
    let registration = json!({
        "client_secret": SECRET, "backchannel_logout_uri": format!("{}/logout", receiver.uri()),
    });
    let Some(real) = provider(vec![client("web", &registration)], None).await else { return };
    let web = relying_party(&real, &keys, "web", secret(), |settings| settings.require_logout_token_type = true);
    let mut browser = Browser::default();
    let somebody = sign_in(&real, &web, &mut browser).await;
    let id_token = somebody.id_token.clone();
    let ending = EndSessionRequest {
        id_token: id_token.clone(),
        return_uri: SIGNED_OUT.to_owned(),
        state: "s".to_owned(),
        logout_hint: None,
    };
    let url = web.end_session_url(&ending).await.unwrap().unwrap();
    real.sign_out(&mut browser, Url::parse(&url).unwrap()).await;

    let requests = receiver.received_requests().await.unwrap();
    let body = String::from_utf8(requests[0].body.clone()).unwrap();
    let token = body.strip_prefix("logout_token=").unwrap();
    let notice = web.logout_token(token).await.unwrap();
    assert_eq!(notice.provider_session, somebody.provider_session);
    assert!(notice.provider_session.is_some() && !notice.id.is_empty());
    assert!(web.logout_token(id_token.expose()).await.is_err(), "an id token is none");
}

#[tokio::test]
async fn services_get_tokens_that_the_verifier_takes() {
    let keys = Keys::new();
    let Some(real) = provider(vec![client("svc", &json!({"client_secret": SECRET}))], None).await else { return };
    let tokens = machine(&real, &keys, "svc", secret());
    let request = MachineTokenRequest { resources: vec!["urn:audience:identity-api".to_owned()], scopes: Vec::new() };
    let token = tokens.token(&request).await.unwrap();
    let verifier = verifier(&real, &keys);
    let verified = identity_core::port::TokenVerifier::verify(&verifier, token.token.expose()).await.unwrap();
    assert_eq!(verified.principal.id(), "svc");
    assert_eq!(tokens.token(&request).await.unwrap(), token, "it is kept");
    real.down().await;
    assert_eq!(tokens.token(&request).await.unwrap(), token, "through an outage");
    tokens.forget(&request, &token);
    assert!(matches!(tokens.token(&request).await, Err(ProviderError::Unavailable { .. })));
}

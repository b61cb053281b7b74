//! The client of `identity-adapters-oidc` at a certified provider: sign-in, renewal, revocation, logout and tokens for
//! services, with every way of client authentication.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_adapters_oidc::{
    AssertionSettings, ClientAuthentication, IssuerSettings, KeyFile, KeyId, MachineTokenRequest, MachineTokenSettings,
    MachineTokens, OidcProvider, OidcTokenVerifier, ProviderKind, ProviderSettings, SigningAlgorithm, TlsSettings,
    VerifierSettings,
};
use identity_core::port::{
    AuthorizationRequest, AuthorizationResponse, ClaimSource, Clock, Ending, IdentityProvider as _, ProviderError,
    RefusedSignIn, Sent, SignedIn,
};
use identity_core::resolve::PrincipalClaims;
use identity_core::value::{ClaimSelector, Secret};
use identity_testkit::{Browser, OidcProvider as RealProvider};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
    PKCS_RSA_SHA256, PublicKeyData as _,
};
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use wiremock::{Mock, MockServer, ResponseTemplate};

const CALLBACK: &str = "https://identity.example/auth/login-callback";
const SIGNED_OUT: &str = "https://identity.example/signed-out";
const SECRET: &str = "s3cr:et/%+&=?-and-more-of-it";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Keys and certificates that were made for one test.
struct Keys {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Keys {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { folder: TempDir::new().unwrap(), authority }
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A certificate of the authority for `name`, and its key, both in PEM.
    fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "tests");
        (params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem())
    }

    /// The settings of a client that shows a certificate for `name`.
    fn showing(&self, name: &str) -> TlsSettings {
        let (certificate, key) = self.certificate(name);
        TlsSettings { certificate: self.write("tls.pem", &certificate), key: self.write("tls.key", &key) }
    }

    fn mutual_tls(&self) -> Value {
        let (cert, key) = self.certificate("provider");
        json!({"cert": cert, "key": key, "ca": self.authority.pem()})
    }
}

/// A public key on P-256 as the provider wants it.
fn jwk(key: &KeyPair, kid: &str) -> Value {
    let (x, y) = key.der_bytes()[1..].split_at(32);
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": text(x), "y": text(y)})
}

/// A client's registration, besides what all have.
fn client(id: &str, extra: &Value) -> Value {
    let mut client = json!({
        "client_id": id, "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT],
        "backchannel_logout_uri": "http://127.0.0.1:1/logout", "backchannel_logout_session_required": true,
    });
    client.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    client
}

async fn provider(clients: Vec<Value>, mutual_tls: Option<Value>) -> Option<RealProvider> {
    RealProvider::start(json!({
        "clients": clients,
        "users": {"ann-1": {"preferred_username": "ann", "name": "Ann A", "groups": ["engineering"]}},
        "accessTokenTtl": 60,
        "mutualTls": mutual_tls,
    }))
    .await
}

fn verifier(provider: &RealProvider, keys: &Keys) -> OidcTokenVerifier {
    let selector = |text| ClaimSelector::parse(text).unwrap();
    let claims = PrincipalClaims {
        username: selector("preferred_username"),
        client_id: Some(selector("client_id")),
        groups: Some(selector("groups")),
        prefer_username: false,
    };
    let issuer = IssuerSettings::new(provider.issuer(), vec!["identity-api".to_owned()], claims);
    let mut settings = VerifierSettings::default();
    settings.http.extra_ca_pem = Some(keys.authority.pem().into_bytes());
    OidcTokenVerifier::new(vec![issuer], settings, Arc::new(Now)).unwrap()
}

fn relying_party(
    provider: &RealProvider,
    keys: &Keys,
    id: &str,
    authentication: ClientAuthentication,
    change: impl FnOnce(&mut ProviderSettings),
) -> OidcProvider {
    let mut settings = ProviderSettings::new("main", ProviderKind::Generic, provider.issuer(), id, authentication);
    change(&mut settings);
    OidcProvider::new(settings, &verifier(provider, keys)).unwrap()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::SecretBasic(Secret::new(SECRET.to_owned()))
}

/// What the browser brings back.
async fn come_back(real: &RealProvider, client: &OidcProvider, browser: &mut Browser) -> AuthorizationResponse {
    let request = AuthorizationRequest {
        redirect_uri: CALLBACK.to_owned(),
        state: "state-1".to_owned(),
        nonce: "nonce-1".to_owned(),
        code_challenge: CHALLENGE.to_owned(),
        reauthenticate: false,
    };
    let url = client.authorization_url(&request).await.unwrap();
    let back = real.sign_in(browser, Url::parse(&url).unwrap(), "ann-1").await;
    assert!(back.as_str().starts_with(CALLBACK), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some("state-1"));
    let code = Secret::new(parameter(&back, "code").unwrap());
    AuthorizationResponse { code, issuer: parameter(&back, "iss") }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn sent() -> Sent {
    let code_verifier = Secret::new(VERIFIER.to_owned());
    Sent { redirect_uri: CALLBACK.to_owned(), code_verifier, nonce: "nonce-1".to_owned() }
}

async fn sign_in(real: &RealProvider, client: &OidcProvider, browser: &mut Browser) -> SignedIn {
    let response = come_back(real, client, browser).await;
    client.redeem(&response, &sent()).await.unwrap()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, ProviderError>) -> RefusedSignIn {
    match outcome {
        Err(ProviderError::Refused(reason)) => reason,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// Signs in, renews, gives the refresh token back and signs out.
async fn whole_way(real: &RealProvider, client: &OidcProvider) {
    let mut browser = Browser::default();
    let somebody = sign_in(real, client, &mut browser).await;
    assert_eq!((somebody.principal.id(), somebody.subject.as_str()), ("ann", "ann-1"));
    assert_eq!(somebody.display_name.as_deref(), Some("Ann A"));
    assert_eq!(somebody.groups.as_ref().map(Vec::len), Some(1));
    assert!(somebody.provider_session.is_some());
    assert!(somebody.renewal_due_at <= Now.now() + time::Duration::minutes(1), "as the provider says");

    let renewed = client.refresh(&somebody).await.unwrap();
    assert_ne!(renewed.refresh_token, somebody.refresh_token, "it rotates");
    assert_eq!((&renewed.principal, &renewed.provider_session), (&somebody.principal, &somebody.provider_session));

    client.revoke(renewed.refresh_token.as_ref().unwrap()).await.unwrap();
    assert_eq!(refused(client.refresh(&renewed).await), RefusedSignIn::Grant);

    let ending = Ending {
        id_token: renewed.id_token,
        return_uri: SIGNED_OUT.to_owned(),
        state: "state-2".to_owned(),
        logout_hint: None,
    };
    let url = client.end_session_url(&ending).await.unwrap().unwrap();
    let back = real.sign_out(&mut browser, Url::parse(&url).unwrap()).await;
    assert_eq!(back.as_str(), format!("{SIGNED_OUT}?state=state-2"));
}

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

/// Any public key as the provider wants it.
fn public(pair: &KeyPair) -> Value {
    let (bytes, text) = (pair.der_bytes(), |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    match bytes.len() {
        32 => json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": text(bytes)}),
        65 => jwk(pair, "any"),
        // RFC 8017 §A.1.1: the modulus has 256 bytes after its sign.
        _ => json!({"kty": "RSA", "use": "sig", "n": text(&bytes[9..9 + 256]), "e": "AQAB"}),
    }
}

fn machine(real: &RealProvider, keys: &Keys, id: &str, authentication: ClientAuthentication) -> MachineTokens {
    let mut settings = MachineTokenSettings::new(ProviderKind::Generic, real.issuer(), id, authentication);
    settings.http.extra_ca_pem = Some(keys.authority.pem().into_bytes());
    MachineTokens::new(&settings, Arc::new(Now)).unwrap()
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
    let stranger = Sent { code_verifier: Secret::new("x".repeat(43)), ..sent() };
    assert_eq!(refused(web.redeem(&response, &stranger).await), RefusedSignIn::Grant, "another browser's code");

    let response = come_back(&real, &web, &mut browser).await;
    let mixed_up = AuthorizationResponse { issuer: Some("https://evil.example".to_owned()), ..response.clone() };
    assert_eq!(refused(web.redeem(&mixed_up, &sent()).await), RefusedSignIn::Issuer);
    let unnamed = AuthorizationResponse { issuer: None, ..response.clone() };
    assert_eq!(refused(web.redeem(&unnamed, &sent()).await), RefusedSignIn::Issuer);
    assert!(web.redeem(&response, &sent()).await.is_ok(), "the provider has not heard of the code before");
    assert_eq!(refused(web.redeem(&response, &sent()).await), RefusedSignIn::Grant, "a code used twice");

    let response = come_back(&real, &web, &mut browser).await;
    let replayed = Sent { nonce: "nonce-2".to_owned(), ..sent() };
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
    let ending = Ending {
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

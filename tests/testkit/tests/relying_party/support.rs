//! Provider, keys, certificates and clients for these tests.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_adapters_oidc::{
    ClientAuthentication, IssuerSettings, MachineTokenSettings, MachineTokens, OidcProvider, OidcTokenVerifier,
    ProviderKind, ProviderSettings, TlsSettings, VerifierSettings,
};
use identity_core::port::{
    AuthorizationRequest, AuthorizationResponse, Clock, EndSessionRequest, IdentityProvider as _, PendingSignIn,
    ProviderError, RefusedSignIn, SignedIn,
};
use identity_core::resolve::{PrincipalClaims, UsernameCase};
use identity_core::value::{ClaimSelector, Namespace, Secret};
use identity_testkit::{Browser, OidcProvider as RealProvider};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PublicKeyData as _};
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

pub(crate) const CALLBACK: &str = "https://identity.example/auth/login-callback";
pub(crate) const SIGNED_OUT: &str = "https://identity.example/signed-out";
pub(crate) const SECRET: &str = "s3cr:et/%+&=?-and-more-of-it";
/// Code verifier and challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// Keys and certificates of one test.
pub(crate) struct Keys {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { folder: TempDir::new().unwrap(), authority }
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Returns a certificate for `name`, signed by the authority, and its key, both in PEM.
    pub(crate) fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "tests");
        (params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem())
    }

    /// Returns TLS settings of a client that presents a certificate for `name`.
    pub(crate) fn showing(&self, name: &str) -> TlsSettings {
        let (certificate, key) = self.certificate(name);
        TlsSettings { certificate: self.write("tls.pem", &certificate), key: self.write("tls.key", &key) }
    }

    pub(crate) fn mutual_tls(&self) -> Value {
        let (cert, key) = self.certificate("provider");
        json!({"cert": cert, "key": key, "ca": self.authority.pem()})
    }
}

/// Returns a P-256 public key in the provider's JWK format.
pub(crate) fn jwk(key: &KeyPair, kid: &str) -> Value {
    let (x, y) = key.der_bytes()[1..].split_at(32);
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": text(x), "y": text(y)})
}

/// Returns a client registration: the common members and `extra`.
pub(crate) fn client(id: &str, extra: &Value) -> Value {
    let mut client = json!({
        "client_id": id, "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT],
        "backchannel_logout_uri": "http://127.0.0.1:1/logout", "backchannel_logout_session_required": true,
    });
    client.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    client
}

pub(crate) async fn provider(clients: Vec<Value>, mutual_tls: Option<Value>) -> Option<RealProvider> {
    RealProvider::start(json!({
        "clients": clients,
        "users": {"ann-1": {"preferred_username": "ann", "name": "Ann A", "groups": ["engineering"]}},
        "accessTokenTtl": 60,
        "mutualTls": mutual_tls,
    }))
    .await
}

pub(crate) fn verifier(provider: &RealProvider, keys: &Keys) -> OidcTokenVerifier {
    let selector = |text| ClaimSelector::parse(text).unwrap();
    let claims = PrincipalClaims {
        username: selector("preferred_username"),
        client_id: Some(selector("client_id")),
        groups: Some(selector("groups").into()),
        prefer_username: false,
        username_case: UsernameCase::Exact,
        namespace: Namespace::whole(),
    };
    let issuer = IssuerSettings::new(provider.issuer(), vec!["identity-api".to_owned()], claims);
    let mut settings = VerifierSettings::default();
    settings.http.extra_ca_pem = Some(keys.authority.pem().into_bytes());
    OidcTokenVerifier::new(vec![issuer], settings, Arc::new(Now)).unwrap()
}

pub(crate) fn relying_party(
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

pub(crate) fn secret() -> ClientAuthentication {
    ClientAuthentication::SecretBasic(Secret::new(SECRET.to_owned()))
}

/// Returns the authorization response that the browser brings back.
pub(crate) async fn come_back(
    real: &RealProvider,
    client: &OidcProvider,
    browser: &mut Browser,
) -> AuthorizationResponse {
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

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

pub(crate) fn sent() -> PendingSignIn {
    let code_verifier = Secret::new(VERIFIER.to_owned());
    PendingSignIn { redirect_uri: CALLBACK.to_owned(), code_verifier, nonce: "nonce-1".to_owned() }
}

pub(crate) async fn sign_in(real: &RealProvider, client: &OidcProvider, browser: &mut Browser) -> SignedIn {
    let response = come_back(real, client, browser).await;
    client.redeem(&response, &sent()).await.unwrap()
}

pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, ProviderError>) -> RefusedSignIn {
    match outcome {
        Err(ProviderError::Refused(reason)) => reason,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// Signs in, refreshes, revokes the refresh token and signs out.
pub(crate) async fn whole_way(real: &RealProvider, client: &OidcProvider) {
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

    let ending = EndSessionRequest {
        id_token: renewed.id_token,
        return_uri: SIGNED_OUT.to_owned(),
        state: "state-2".to_owned(),
        logout_hint: None,
    };
    let url = client.end_session_url(&ending).await.unwrap().unwrap();
    let back = real.sign_out(&mut browser, Url::parse(&url).unwrap()).await;
    assert_eq!(back.as_str(), format!("{SIGNED_OUT}?state=state-2"));
}

/// Returns any public key in the provider's JWK format.
pub(crate) fn public(pair: &KeyPair) -> Value {
    let (bytes, text) = (pair.der_bytes(), |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    match bytes.len() {
        32 => json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": text(bytes)}),
        65 => jwk(pair, "any"),
        // RFC 8017 §A.1.1: the modulus has 256 bytes after its sign byte.
        _ => json!({"kty": "RSA", "use": "sig", "n": text(&bytes[9..9 + 256]), "e": "AQAB"}),
    }
}

pub(crate) fn machine(
    real: &RealProvider,
    keys: &Keys,
    id: &str,
    authentication: ClientAuthentication,
) -> MachineTokens {
    let mut settings = MachineTokenSettings::new(ProviderKind::Generic, real.issuer(), id, authentication);
    settings.http.extra_ca_pem = Some(keys.authority.pem().into_bytes());
    MachineTokens::new(&settings, Arc::new(Now)).unwrap()
}

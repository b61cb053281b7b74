//! Test support: a provider for user sign-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_core::port::{
    AuthorizationRequest, AuthorizationResponse, EndSessionRequest, IdentityProvider as _, PendingSignIn,
    ProviderError, RefusedSignIn, SignedIn,
};
use identity_core::value::Secret;
use rcgen::CertificateParams;
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use url::Url;
use wiremock::Request;

use crate::tests::support::*;
use crate::{ClientAuthentication, OidcProvider, ProviderKind, ProviderSettings};

pub(super) const CLIENT: &str = "web";
pub(super) const SECRET: &str = "s3 cr:et/ü";
pub(super) const CALLBACK: &str = "https://identity.example/auth/login-callback";

/// The parameters of a URL or a form in order, including duplicates.
pub(super) type Parameters = Vec<(String, String)>;

/// A provider with all endpoints for a login, and its client.
pub(super) struct Login {
    pub(super) provider: Provider,
    pub(super) token: Page,
    pub(super) info: Page,
    pub(super) revocation: Page,
    pub(super) clock: Arc<FakeClock>,
    pub(super) settings: ProviderSettings,
    pub(super) client: OidcProvider,
}

impl Login {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut ProviderSettings)) -> Self {
        Self::at("/realms/a", ProviderKind::Generic, change).await
    }

    pub(super) async fn at(suffix: &str, kind: ProviderKind, change: impl FnOnce(&mut ProviderSettings)) -> Self {
        let provider = Provider::start(suffix, &[&KEY, &OTHER]).await;
        let (server, base) = (&provider.server, suffix.trim_end_matches('/'));
        let token = Page::answering("POST", server, &format!("{base}/token"), ok(&json!({}))).await;
        let revocation = Page::answering("POST", server, &format!("{base}/revoke"), ok(&json!({}))).await;
        let info = Page::at(server, &format!("{base}/userinfo"), ok(&json!({"sub": "f:1"}))).await;
        provider.discovery.shows(&document(&provider));
        let authentication = ClientAuthentication::SecretBasic(Secret::new(SECRET.to_owned()));
        let mut settings = ProviderSettings::new("main", kind, provider.issuer.clone(), CLIENT, authentication);
        change(&mut settings);
        let setup = Setup::new(vec![provider.settings()]);
        let client = OidcProvider::new(settings.clone(), &setup.verifier).unwrap();
        let login = Self { provider, token, info, revocation, clock: setup.clock, settings, client };
        login.gives(&login.id_claims());
        login
    }

    /// The claims of a valid ID token.
    pub(super) fn id_claims(&self) -> Value {
        json!({
            "iss": self.provider.issuer, "aud": CLIENT, "sub": "f:1", "exp": NOW + 300, "iat": NOW, "nonce": "n-1",
            "sid": "s-1", "preferred_username": "ann", "name": "Ann A", "email": "ann@example.com",
        })
    }

    /// Makes the token endpoint return an opaque access token and an ID token with these claims.
    pub(super) fn gives(&self, id_claims: &Value) {
        self.answers(&tokens(&KEY.token(id_claims)));
    }

    pub(super) fn answers(&self, body: &Value) {
        self.token.shows(body);
    }

    pub(super) async fn redeem(&self) -> Result<SignedIn, ProviderError> {
        self.client.redeem(&response(Some(&self.provider.issuer)), &sent()).await
    }

    pub(super) async fn refusal(&self) -> RefusedSignIn {
        refused(self.redeem().await)
    }

    /// The last POST request to the provider, and its form parameters.
    pub(super) async fn asked(&self) -> (Request, BTreeMap<String, String>) {
        let requests = self.provider.server.received_requests().await.unwrap();
        let last = requests.into_iter().rfind(|request| request.method == "POST").unwrap();
        let form = url::form_urlencoded::parse(&last.body).into_owned().collect();
        (last, form)
    }

    pub(super) async fn authorization(&self, request: &AuthorizationRequest) -> (Url, Parameters) {
        taken_apart(&self.client.authorization_url(request).await.unwrap())
    }
}

pub(super) fn document(provider: &Provider) -> Value {
    let at = |name: &str| format!("{}/{name}", provider.issuer.trim_end_matches('/'));
    json!({
        "issuer": provider.issuer, "jwks_uri": at("certs"), "authorization_endpoint": at("auth"),
        "token_endpoint": at("token"), "userinfo_endpoint": at("userinfo"), "revocation_endpoint": at("revoke"),
        "end_session_endpoint": at("logout"), "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    })
}

pub(super) fn tokens(id_token: &str) -> Value {
    json!({
        "access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r-1",
        "id_token": id_token,
    })
}

pub(super) fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        redirect_uri: CALLBACK.to_owned(),
        state: "st&ate=1".to_owned(),
        nonce: "n-1".to_owned(),
        code_challenge: "challenge".to_owned(),
        reauthenticate: false,
    }
}

pub(super) fn response(issuer: Option<&str>) -> AuthorizationResponse {
    AuthorizationResponse { code: Secret::new("code-1".to_owned()), issuer: issuer.map(str::to_owned) }
}

pub(super) fn sent() -> PendingSignIn {
    let code_verifier = Secret::new("verifier".to_owned());
    PendingSignIn { redirect_uri: CALLBACK.to_owned(), code_verifier, nonce: "n-1".to_owned() }
}

pub(super) fn ending() -> EndSessionRequest {
    EndSessionRequest {
        id_token: Secret::new("header.payload.signature".to_owned()),
        return_uri: "https://identity.example/?signed-out".to_owned(),
        state: "st".to_owned(),
        logout_hint: None,
    }
}

pub(super) fn refused<T: std::fmt::Debug>(outcome: Result<T, ProviderError>) -> RefusedSignIn {
    match outcome {
        Err(ProviderError::Refused(reason)) => reason,
        other => panic!("not a refusal: {other:?}"),
    }
}

pub(super) fn is_unavailable<T>(outcome: &Result<T, ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Unavailable { .. }))
}

/// A URL without its query, and the query in the order in which the tests list the parameters of requests. That order
/// has no meaning (RFC 6749 §3.1); other parameters keep theirs.
pub(super) fn taken_apart(url: &str) -> (Url, Parameters) {
    const LISTED: [&str; 14] = [
        "response_type",
        "id_token_hint",
        "client_id",
        "redirect_uri",
        "scope",
        "post_logout_redirect_uri",
        "state",
        "logout_hint",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "prompt",
        "returnTo",
    ];
    let mut url = Url::parse(url).unwrap();
    let query: Parameters = url.query_pairs().into_owned().collect();
    let is_listed = |name: &str| LISTED.contains(&name);
    let first = query.iter().take_while(|(name, _)| !is_listed(name)).cloned();
    let listed = LISTED.iter().flat_map(|listed| query.iter().filter(move |(name, _)| name == listed)).cloned();
    let last = query.iter().skip_while(|(name, _)| !is_listed(name)).filter(|(name, _)| !is_listed(name)).cloned();
    let query = first.chain(listed).chain(last).collect();
    url.set_query(None);
    (url, query)
}

pub(super) fn pairs(parameters: &[(&str, &str)]) -> Parameters {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Encodes DER as PEM (RFC 7468).
pub(super) fn pem_of(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

/// A self-signed certificate for the key.
pub(super) fn certificate_of(signer: &Signer) -> Vec<u8> {
    let der = PrivatePkcs8KeyDer::from(signer.pkcs8());
    let pair = rcgen::KeyPair::try_from(&der).unwrap();
    CertificateParams::new(vec!["identity.example".to_owned()]).unwrap().self_signed(&pair).unwrap().der().to_vec()
}

//! Client authentication at a provider's token and revocation endpoints.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::port::Clock;
use identity_core::value::Secret;
use oauth2::{AuthType, ClientId, ClientSecret};
use serde_json::json;

use super::files::Reloaded;
use super::key::SigningKey;
use super::kinds::ProviderQuirks;
use super::settings::{AssertionAudience, AssertionSettings, ClientAuthentication, TlsSettings};
use super::token::TokenClient;
use crate::discovery::Endpoints;
use crate::http::Http;

/// Lifetime of a client assertion (`exp` minus `iat`) in seconds.
const ASSERTION_LIFETIME: i64 = 60;

/// Value of the form parameter `client_assertion_type` (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Credentials of a client, with loaded keys and certificates.
pub(crate) struct Credentials {
    client_id: String,
    proof: Proof,
    http: Http,
    clock: Arc<dyn Clock>,
}

enum Proof {
    None,
    Basic(Secret),
    Post(Secret),
    Assertion { key: Arc<Reloaded<SigningKey>>, audience: AssertionAudience },
    Certificate(Arc<Reloaded<Http>>),
}

/// Authentication data of one request: a client with its credentials, further parameters, and the HTTP client, which may
/// present a certificate.
pub(crate) struct Proven {
    pub(crate) client: TokenClient,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) http: Http,
}

impl Credentials {
    /// Reads the key and certificate files, if any. An error is the name of the setting and the violated rule.
    pub(crate) fn new(
        client_id: &str,
        authentication: &ClientAuthentication,
        habits: &'static ProviderQuirks,
        http: Http,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, (&'static str, String)> {
        let proof = match authentication {
            ClientAuthentication::None => Proof::None,
            ClientAuthentication::SecretBasic(secret) => Proof::Basic(given(secret)?),
            ClientAuthentication::SecretPost(secret) => Proof::Post(given(secret)?),
            ClientAuthentication::PrivateKeyJwt(settings) => assertion(settings, habits, Arc::clone(&clock))?,
            ClientAuthentication::TlsCertificate(settings) => certificate(settings, &http, Arc::clone(&clock))?,
        };
        Ok(Self { client_id: client_id.to_owned(), proof, http, clock })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether the client authenticates with a certificate, so that the provider's mutual TLS endpoints apply.
    pub(crate) fn with_certificate(&self) -> bool {
        matches!(self.proof, Proof::Certificate(_))
    }

    /// Returns the registered name of the authentication method (OpenID Connect Core 1.0 §9, RFC 8705 §2).
    pub(crate) fn method(&self) -> &'static str {
        match &self.proof {
            Proof::None => "none",
            Proof::Basic(_) => "client_secret_basic",
            Proof::Post(_) => "client_secret_post",
            Proof::Assertion { .. } => "private_key_jwt",
            Proof::Certificate(_) => "tls_client_auth",
        }
    }

    /// Returns the HTTP client for requests without client authentication in form or header, such as UserInfo requests.
    /// It presents the client certificate, if there is one.
    pub(crate) async fn http(&self) -> Http {
        match &self.proof {
            Proof::Certificate(showing) => Http::clone(&*showing.get().await),
            _ => self.http.clone(),
        }
    }

    /// Returns the authentication data for one request. `None` if an assertion cannot be signed, for example because
    /// the system has no randomness.
    pub(crate) async fn prove(&self, issuer: &str, endpoints: &Endpoints, token_url: &str) -> Option<Proven> {
        let client = TokenClient::new(ClientId::new(self.client_id.clone()));
        let text = |secret: &Secret| ClientSecret::new(secret.expose().to_owned());
        let mut parameters = Vec::new();
        // Each request uses exactly one authentication method (RFC 6749 §2.3.1).
        let client = match &self.proof {
            Proof::None | Proof::Certificate(_) => client,
            Proof::Basic(secret) => client.set_client_secret(text(secret)).set_auth_type(AuthType::BasicAuth),
            Proof::Post(secret) => client.set_client_secret(text(secret)).set_auth_type(AuthType::RequestBody),
            Proof::Assertion { key, audience } => {
                let audience = match audience {
                    AssertionAudience::Issuer => issuer,
                    AssertionAudience::TokenEndpoint => endpoints.token_as_named.as_deref().unwrap_or(token_url),
                    AssertionAudience::Fixed(text) => text,
                };
                let assertion = self.assert(&*key.get().await, audience)?;
                parameters.push(("client_assertion_type", JWT_BEARER.to_owned()));
                parameters.push(("client_assertion", assertion));
                client
            }
        };
        Some(Proven { client, parameters, http: self.http().await })
    }

    /// Returns a signed client assertion (RFC 7523 §3, OpenID Connect Core 1.0 §9) with a random `jti`, valid for 60 s.
    fn assert(&self, key: &SigningKey, audience: &str) -> Option<String> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        let now = self.clock.now().unix_timestamp();
        key.sign(&json!({
            "iss": self.client_id, "sub": self.client_id, "aud": audience, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now, "exp": now.saturating_add(ASSERTION_LIFETIME),
        }))
    }
}

fn given(secret: &Secret) -> Result<Secret, (&'static str, String)> {
    if secret.expose().trim().is_empty() {
        return Err(("client_secret", "must not be blank".to_owned()));
    }
    Ok(secret.clone())
}

fn assertion(
    settings: &AssertionSettings,
    habits: &'static ProviderQuirks,
    clock: Arc<dyn Clock>,
) -> Result<Proof, (&'static str, String)> {
    let audience = match (&settings.audience, habits.asserts_to_token_endpoint) {
        (Some(AssertionAudience::Fixed(text)), _) if text.trim().is_empty() => {
            return Err(("assertion.audience", "must not be blank".to_owned()));
        }
        (Some(audience), _) => audience.clone(),
        (None, true) => AssertionAudience::TokenEndpoint,
        (None, false) => AssertionAudience::Issuer,
    };
    let (files, settings) = (settings.key.files(), settings.clone());
    let read = move |contents: &[Vec<u8>]| SigningKey::read(contents, &settings, habits.thumbprint);
    let key = Reloaded::new(files, clock, read).map_err(|reason| ("assertion.key", reason))?;
    Ok(Proof::Assertion { key: Arc::new(key), audience })
}

fn certificate(settings: &TlsSettings, http: &Http, clock: Arc<dyn Clock>) -> Result<Proof, (&'static str, String)> {
    let http = http.clone();
    let read = move |contents: &[Vec<u8>]| http.showing(&contents.join(&b"\n"[..]));
    let files = vec![settings.certificate.clone(), settings.key.clone()];
    let showing = Reloaded::new(files, clock, read).map_err(|reason| ("certificate", reason))?;
    Ok(Proof::Certificate(Arc::new(showing)))
}

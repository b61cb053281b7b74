//! Back-channel requests of a client to its provider, and the interpretation of responses.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use identity_core::port::{Clock, ProviderError, RefusedSignIn};
use identity_core::value::{Secret, strict_json_object};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RevocationUrl, Scope, TokenUrl,
};
use serde_json::Value;
use url::Url;

use super::authentication::{Credentials, Proven};
use super::settings::EndpointUrls;
use super::telemetry::ClientTelemetry;
use super::token::{CheckedBody, Grant, Tokens, checked, failure};
use crate::discovery::{Endpoint, Endpoints, Found};
use crate::http::{Answer, FetchError, Http};
use crate::settings::fetched_url;

/// Delays before the two retries of repeatable requests.
const RETRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Refusal of a request with a return address that is not a URL.
pub(super) const NOT_A_URL: RefusedSignIn = RefusedSignIn::Malformed("the redirect URI is not a URL");

/// A client registered at a provider: its credentials, endpoint overrides and telemetry.
pub(crate) struct RelyingParty {
    pub(crate) issuer: Arc<str>,
    pub(crate) credentials: Credentials,
    pub(crate) overrides: BTreeMap<Endpoint, Url>,
    pub(crate) telemetry: ClientTelemetry,
    pub(crate) clock: Arc<dyn Clock>,
    /// Time after which a caller may retry, reported with the error that the provider is unavailable.
    pub(crate) back_off: Duration,
}

impl RelyingParty {
    /// Returns the URL of an endpoint: the configured one, or else the discovered one.
    pub(crate) fn url(&self, endpoints: &Endpoints, endpoint: Endpoint) -> Found {
        match self.overrides.get(&endpoint) {
            Some(url) => Ok(url.clone()),
            None => endpoints.url(endpoint, self.credentials.with_certificate()),
        }
    }

    /// Like [`Self::url`], for a required endpoint. If it is missing or unusable, logs a warning and returns an error.
    pub(crate) fn needed(&self, endpoints: &Endpoints, endpoint: Endpoint) -> Result<Url, RefusedSignIn> {
        self.url(endpoints, endpoint).map_err(|rule| {
            self.telemetry.warn_of_endpoint(self.clock.now(), endpoint, rule);
            RefusedSignIn::Malformed("a required endpoint is missing or cannot be used")
        })
    }

    pub(crate) fn unavailable(&self) -> ProviderError {
        ProviderError::Unavailable { retry_after: self.back_off }
    }

    /// Requests tokens without retries: a code or refresh token is valid once, and a lost response may have consumed
    /// it. [`patiently`] retries a grant that is not consumed. `parameters` are added to those of the grant.
    pub(crate) async fn tokens(
        &self,
        endpoints: &Endpoints,
        grant: Grant<'_>,
        parameters: &[(&'static str, String)],
    ) -> Result<Tokens, ProviderError> {
        let url = self.needed(endpoints, Endpoint::Token)?;
        let Proven { client, parameters: proof, http } = self.prove(endpoints, &url).await?;
        let accept = |answer: &Answer| (answer.status == 200).then(|| checked(&answer.body));
        let call = Call { party: self, endpoints, request: "token", url: &url, http, accept };
        let client = client.set_token_uri(TokenUrl::from_url(url.clone()));
        let parameters = proof.into_iter().chain(parameters.iter().cloned());
        // The requests of `oauth2` have no common trait.
        macro_rules! send {
            ($request:expr) => {
                parameters
                    .fold($request, |request, (name, value)| request.add_extra_param(name, value))
                    .request_async(&call)
            };
        }
        let text = |secret: &Secret| secret.expose().to_owned();
        let answer = match grant {
            Grant::Code { code, verifier, redirect_uri } => {
                let redirect_uri = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| NOT_A_URL)?;
                let request = client.exchange_code(AuthorizationCode::new(text(code)));
                let request = request.set_pkce_verifier(PkceCodeVerifier::new(text(verifier)));
                send!(request.set_redirect_uri(Cow::Owned(redirect_uri))).await
            }
            Grant::Refresh(token) => send!(client.exchange_refresh_token(&RefreshToken::new(text(token)))).await,
            Grant::Client { scopes } => {
                let scopes = scopes.iter().cloned().map(Scope::new);
                send!(client.exchange_client_credentials().add_scopes(scopes)).await
            }
        };
        answer.map(Tokens::from).map_err(failure)
    }

    /// Counts the outcome of a request that the provider answered. Requests without an answer are counted in `failed`.
    fn count<T>(&self, what: &'static str, outcome: &Result<T, ProviderError>) {
        let code = match outcome {
            Ok(_) => "ok",
            Err(ProviderError::Refused(reason)) => reason.code(),
            Err(ProviderError::Unavailable { .. }) => "unavailable",
        };
        self.telemetry.asked(what, code);
    }

    /// Revokes a refresh token (RFC 7009 §2), with retries during an outage. Does nothing without a revocation
    /// endpoint.
    pub(crate) async fn revoke(&self, endpoints: &Endpoints, token: &Secret) -> Result<(), ProviderError> {
        let Ok(url) = self.url(endpoints, Endpoint::Revocation) else { return Ok(()) };
        patiently(|| self.revoke_at(&url, endpoints, token)).await
    }

    async fn revoke_at(&self, url: &Url, endpoints: &Endpoints, token: &Secret) -> Result<(), ProviderError> {
        let Proven { client, parameters, http } = self.prove(endpoints, url).await?;
        let accept = |answer: &Answer| (200..300).contains(&answer.status).then(|| Ok(Vec::new()));
        let call = Call { party: self, endpoints, request: "revoke", url, http, accept };
        // `oauth2` accepts only HTTPS here. Whether a provider may use plain HTTP is decided with its endpoints, and the
        // request is sent to `url`.
        let mut secure = url.clone();
        let _ = secure.set_scheme("https");
        let client = client.set_revocation_url(RevocationUrl::from_url(secure));
        let request = client.revoke_token(RefreshToken::new(token.expose().to_owned()).into());
        let request =
            request.map_err(|_| RefusedSignIn::Malformed("a required endpoint is missing or cannot be used"))?;
        let request =
            parameters.into_iter().fold(request, |request, (name, value)| request.add_extra_param(name, value));
        request.request_async(&call).await.map_err(failure)
    }

    async fn prove(&self, endpoints: &Endpoints, url: &Url) -> Result<Proven, ProviderError> {
        let proven = self.credentials.prove(&self.issuer, endpoints, url.as_str()).await;
        proven.ok_or_else(|| self.unavailable())
    }

    fn failed(&self, what: &'static str, url: &Url, error: &FetchError) -> ProviderError {
        self.telemetry.asked(what, error.code());
        self.telemetry.warn_of_outage(self.clock.now(), what, url, error);
        if error.is_outage() {
            self.unavailable()
        } else {
            RefusedSignIn::Malformed("the response is too large or malformed").into()
        }
    }

    /// Returns the error for a status other than 200 (RFC 6749 §5.2). Only the error code is read from the body,
    /// because descriptions may contain anything.
    fn refusal(&self, answer: &Answer, endpoints: &Endpoints) -> ProviderError {
        if matches!(answer.status, 429 | 500..) {
            return self.unavailable();
        }
        let members = strict_json_object(&answer.body).unwrap_or_default();
        let code = members.get("error").and_then(Value::as_str).filter(|code| is_code(code));
        let reason = match (code, answer.status) {
            (Some("invalid_grant"), _) => RefusedSignIn::Grant,
            (Some("invalid_client" | "unauthorized_client"), _) | (None, 401) => {
                self.telemetry.warn_of_refusal(self.clock.now(), &self.credentials, endpoints);
                RefusedSignIn::Client
            }
            (Some("temporarily_unavailable" | "server_error"), _) => return self.unavailable(),
            (Some(code), _) => RefusedSignIn::Provider(code.to_owned()),
            (None, 300..=399) => RefusedSignIn::Malformed("the response is a redirect"),
            (None, _) => RefusedSignIn::Malformed("the response contains neither tokens nor an error"),
        };
        reason.into()
    }
}

/// The HTTP client of one request that `oauth2` prepares. It checks the response before that crate parses it.
struct Call<'p> {
    party: &'p RelyingParty,
    endpoints: &'p Endpoints,
    /// Name of the request in metrics and logs.
    request: &'static str,
    url: &'p Url,
    http: Http,
    /// Returns the checked body of a successful response, and `None` for any other status.
    accept: fn(&Answer) -> Option<CheckedBody>,
}

impl<'c> AsyncHttpClient<'c> for Call<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderError>> + Send + 'c>>;

    fn call(&'c self, prepared: HttpRequest) -> Self::Future {
        let Self { party, endpoints, request, url, http, accept } = self;
        Box::pin(async move {
            let answer = http.post(url, prepared).await.map_err(|error| party.failed(request, url, &error))?;
            let outcome = match accept(&answer) {
                Some(body) => body.map_err(ProviderError::from),
                None => Err(party.refusal(&answer, endpoints)),
            };
            party.count(request, &outcome);
            outcome.map(HttpResponse::new)
        })
    }
}

/// Retries a call up to twice while the provider is unavailable. Only for requests that consume nothing.
pub(crate) async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>>,
{
    for pause in RETRIES {
        match ask().await {
            Err(ProviderError::Unavailable { .. }) => tokio::time::sleep(pause).await,
            outcome => return outcome,
        }
    }
    ask().await
}

/// Parses the configured endpoint URLs. Passes the setting and the violated rule of an invalid URL to `refuse`.
pub(crate) fn overrides(
    urls: &EndpointUrls,
    allow_http: bool,
    mut refuse: impl FnMut(&'static str, &'static str),
) -> BTreeMap<Endpoint, Url> {
    let mut found = BTreeMap::new();
    for (endpoint, setting, text) in [
        (Endpoint::Authorization, "endpoints.authorization", &urls.authorization),
        (Endpoint::Token, "endpoints.token", &urls.token),
        (Endpoint::UserInfo, "endpoints.user_info", &urls.user_info),
        (Endpoint::EndSession, "endpoints.end_session", &urls.end_session),
        (Endpoint::Revocation, "endpoints.revocation", &urls.revocation),
    ] {
        match text.as_deref().map(|text| fetched_url(text, allow_http)) {
            None => {}
            Some(Ok(url)) => drop(found.insert(endpoint, url)),
            Some(Err(rule)) => refuse(setting, rule),
        }
    }
    found
}

/// Whether the text is an OAuth error code (RFC 6749 §5.2) that is short enough for logs: 1 to 64 bytes.
fn is_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

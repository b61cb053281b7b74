//! Back-channel requests of a client to its provider, and the interpretation of responses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use identity_core::port::{Clock, ProviderError, RefusedSignIn};
use identity_core::value::{Secret, strict_json_object};
use serde_json::{Map, Value};
use url::Url;

use super::authentication::Credentials;
use super::settings::EndpointUrls;
use super::telemetry::ClientTelemetry;
use crate::discovery::{Endpoint, Endpoints, Found};
use crate::http::{Answer, FetchError};
use crate::settings::fetched_url;

/// Delays before the two retries of repeatable requests.
const RETRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Assumed lifetime of an access token if the response has no `expires_in`.
const DEFAULT_LIFETIME: time::Duration = time::Duration::minutes(5);

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

/// Successful response of a token endpoint (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) lifetime: time::Duration,
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
    /// it.
    pub(crate) async fn tokens(
        &self,
        endpoints: &Endpoints,
        form: Vec<(&'static str, String)>,
    ) -> Result<Tokens, ProviderError> {
        let url = self.needed(endpoints, Endpoint::Token)?;
        let answer = self.post("token", endpoints, &url, form).await?;
        let tokens = if answer.status == 200 { self.read(&answer.body) } else { Err(self.refusal(&answer, endpoints)) };
        self.count("token", &tokens);
        tokens
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

    /// Requests tokens, with retries during an outage. Only for grants that a request does not consume.
    pub(crate) async fn repeatable_tokens(
        &self,
        endpoints: &Endpoints,
        form: Vec<(&'static str, String)>,
    ) -> Result<Tokens, ProviderError> {
        patiently(|| self.tokens(endpoints, form.clone())).await
    }

    /// Revokes a refresh token (RFC 7009 §2), with retries during an outage. Does nothing without a revocation
    /// endpoint.
    pub(crate) async fn revoke(&self, endpoints: &Endpoints, token: &Secret) -> Result<(), ProviderError> {
        let Ok(url) = self.url(endpoints, Endpoint::Revocation) else { return Ok(()) };
        patiently(|| self.revoke_at(&url, endpoints, token)).await
    }

    async fn revoke_at(&self, url: &Url, endpoints: &Endpoints, token: &Secret) -> Result<(), ProviderError> {
        let form = vec![("token", token.expose().to_owned()), ("token_type_hint", "refresh_token".to_owned())];
        let answer = self.post("revoke", endpoints, url, form).await?;
        let is_done = (200..300).contains(&answer.status);
        let outcome = if is_done { Ok(()) } else { Err(self.refusal(&answer, endpoints)) };
        self.count("revoke", &outcome);
        outcome
    }

    async fn post(
        &self,
        what: &'static str,
        endpoints: &Endpoints,
        url: &Url,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Answer, ProviderError> {
        let proven = self.credentials.prove(&self.issuer, endpoints, url.as_str()).await;
        let proven = proven.ok_or_else(|| self.unavailable())?;
        form.extend(proven.form);
        proven.http.post(url, &form, proven.login).await.map_err(|error| self.failed(what, url, &error))
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

    fn read(&self, body: &[u8]) -> Result<Tokens, ProviderError> {
        let members = strict_json_object(body).map_err(RefusedSignIn::Malformed)?;
        let text = |name: &'static str, fault: &'static str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(Secret::new(text.clone()))),
            Some(_) => Err(RefusedSignIn::Malformed(fault)),
        };
        // A client must not use a token of an unknown type (RFC 6749 §7.1).
        let is_bearer = |kind: &str| kind.eq_ignore_ascii_case("bearer");
        if !members.get("token_type").and_then(Value::as_str).is_some_and(is_bearer) {
            return Err(RefusedSignIn::Malformed("`token_type` is not `Bearer`").into());
        }
        let access_token = text("access_token", "`access_token` is not a string")?;
        Ok(Tokens {
            access_token: access_token.ok_or(RefusedSignIn::Malformed("`access_token` is missing"))?,
            id_token: text("id_token", "`id_token` is not a string")?,
            refresh_token: text("refresh_token", "`refresh_token` is not a string")?,
            lifetime: lifetime(&members)?,
        })
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

/// Retries a call up to twice while the provider is unavailable.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, ProviderError>
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

/// Returns `expires_in`, in seconds (default: 5 minutes). Some providers send it as a string.
fn lifetime(members: &Map<String, Value>) -> Result<time::Duration, RefusedSignIn> {
    let seconds = match members.get("expires_in") {
        None | Some(Value::Null) => return Ok(DEFAULT_LIFETIME),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.ok_or(RefusedSignIn::Malformed("`expires_in` is not a number of seconds"))?;
    Ok(time::Duration::seconds(seconds.into()))
}

//! Requests of a client to its provider, and what the answers mean.

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

/// Pauses before requests that may be repeated are repeated.
const RETRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// How long a token is taken to be good when the provider does not say (5 minutes).
const USUAL_LIFETIME: time::Duration = time::Duration::minutes(5);

/// A client at its provider.
pub(crate) struct RelyingParty {
    pub(crate) issuer: Arc<str>,
    pub(crate) credentials: Credentials,
    pub(crate) overrides: BTreeMap<Endpoint, Url>,
    pub(crate) telemetry: ClientTelemetry,
    pub(crate) clock: Arc<dyn Clock>,
    /// How soon to ask again after a failure.
    pub(crate) back_off: Duration,
}

/// What a token endpoint gave (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) lifetime: time::Duration,
}

impl RelyingParty {
    /// An endpoint: the configured one, or the discovered one.
    pub(crate) fn url(&self, endpoints: &Endpoints, endpoint: Endpoint) -> Found {
        match self.overrides.get(&endpoint) {
            Some(url) => Ok(url.clone()),
            None => endpoints.url(endpoint, self.credentials.with_certificate()),
        }
    }

    /// An endpoint that nothing goes without.
    pub(crate) fn needed(&self, endpoints: &Endpoints, endpoint: Endpoint) -> Result<Url, RefusedSignIn> {
        self.url(endpoints, endpoint).map_err(|rule| {
            self.telemetry.warn_of_endpoint(self.clock.now(), endpoint, rule);
            RefusedSignIn::Malformed("it lacks an endpoint, or names one that cannot be used")
        })
    }

    pub(crate) fn unavailable(&self) -> ProviderError {
        ProviderError::Unavailable { retry_after: self.back_off }
    }

    /// Asks for tokens, once: a code or refresh token counts once, and a lost answer may have used it up.
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

    /// Counts what an answer said. That there was none is counted where that is found out.
    fn count<T>(&self, what: &'static str, outcome: &Result<T, ProviderError>) {
        let code = match outcome {
            Ok(_) => "ok",
            Err(ProviderError::Refused(reason)) => reason.code(),
            Err(ProviderError::Unavailable { .. }) => "unavailable",
        };
        self.telemetry.asked(what, code);
    }

    /// Asks for tokens again if the provider cannot be asked at first, for grants that nothing uses up.
    pub(crate) async fn repeatable_tokens(
        &self,
        endpoints: &Endpoints,
        form: Vec<(&'static str, String)>,
    ) -> Result<Tokens, ProviderError> {
        patiently(|| self.tokens(endpoints, form.clone())).await
    }

    /// Revokes a refresh token (RFC 7009 §2). A token that the provider does not know is as good as revoked.
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
            RefusedSignIn::Malformed("the answer is too large, or not one").into()
        }
    }

    fn read(&self, body: &[u8]) -> Result<Tokens, ProviderError> {
        let members = strict_json_object(body).map_err(RefusedSignIn::Malformed)?;
        let text = |name: &'static str, fault: &'static str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(Secret::new(text.clone()))),
            Some(_) => Err(RefusedSignIn::Malformed(fault)),
        };
        // A client must not use a token of a type that it does not understand (RFC 6749 §7.1).
        let is_bearer = |kind: &str| kind.eq_ignore_ascii_case("bearer");
        if !members.get("token_type").and_then(Value::as_str).is_some_and(is_bearer) {
            return Err(RefusedSignIn::Malformed("`token_type` is not `Bearer`").into());
        }
        let access_token = text("access_token", "`access_token` is not a text")?;
        Ok(Tokens {
            access_token: access_token.ok_or(RefusedSignIn::Malformed("there is no `access_token`"))?,
            id_token: text("id_token", "`id_token` is not a text")?,
            refresh_token: text("refresh_token", "`refresh_token` is not a text")?,
            lifetime: lifetime(&members)?,
        })
    }

    /// What an answer other than 200 means (RFC 6749 §5.2). Of its text, only the error's code is looked at: descriptions
    /// may hold anything.
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
            (None, 300..=399) => RefusedSignIn::Malformed("the answer is a redirection"),
            (None, _) => RefusedSignIn::Malformed("the answer is neither tokens nor an error"),
        };
        reason.into()
    }
}

/// Asks again if the provider cannot be asked at first.
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

/// What this provider's endpoints are configured to be, or what is wrong with them.
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

/// A code of an OAuth error as its grammar has it (RFC 6749 §5.2), of a length that may be logged.
fn is_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// `expires_in` in seconds; some providers write it as a text.
fn lifetime(members: &Map<String, Value>) -> Result<time::Duration, RefusedSignIn> {
    let seconds = match members.get("expires_in") {
        None | Some(Value::Null) => return Ok(USUAL_LIFETIME),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.ok_or(RefusedSignIn::Malformed("`expires_in` is not a number of seconds"))?;
    Ok(time::Duration::seconds(seconds.into()))
}

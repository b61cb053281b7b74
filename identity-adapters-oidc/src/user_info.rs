//! Claims from a provider's UserInfo endpoint (OpenID Connect Core 1.0 §5.3, docs/reference/orchestration-cluster.md
//! §5.5).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use identity_core::entity::RejectedToken;
use identity_core::port::{Clock, TokenError};
use identity_core::value::{strict_json_object, text_or_integer};
use serde_json::{Map, Value};
use time::Duration;
use url::Url;

use crate::cache::{Fingerprint, Term, Verified, VerifiedTokens};
use crate::http::{FetchError, Http};
use crate::issuer::Shared;
use crate::settings::{IssuerSettings, UserInfoSettings, fetched_url};
use crate::settings_error::SettingsProblem;
use crate::single_flight::SingleFlight;
use crate::validated_token::ValidatedToken;

/// Client of one issuer's UserInfo endpoint. Concurrent requests for the same token share one call (single flight).
pub(crate) struct UserInfo {
    /// Configured URL of the endpoint; `None` to use the discovered one.
    url: Option<Url>,
    ttl: Duration,
    negative_ttl: Duration,
    http: Http,
    clock: Arc<dyn Clock>,
    flights: Arc<SingleFlight<Fingerprint, Verified>>,
}

impl UserInfo {
    /// Creates the client of an issuer's UserInfo endpoint; `None` if the settings do not enable it. Adds invalid
    /// settings to `problems`.
    pub(crate) fn of(
        settings: &IssuerSettings,
        shared: &Shared,
        problems: &mut Vec<SettingsProblem>,
    ) -> Option<Arc<Self>> {
        let wanted = settings.user_info.as_ref()?;
        for (name, length) in [("user_info.ttl", wanted.ttl), ("user_info.negative_ttl", wanted.negative_ttl)] {
            if length < StdDuration::from_secs(1) {
                problems.push(SettingsProblem::TooShort(name));
            }
        }
        let url = match &wanted.url {
            Some(text) => fetched_url(text, settings.allow_http).map(Some),
            None if settings.jwks_url.is_some() => {
                Err("must be set together with `jwks_url`, which disables discovery")
            }
            None => Ok(None),
        };
        let refuse = |rule| SettingsProblem::Url { issuer: settings.issuer.clone(), setting: "user_info.url", rule };
        let url = url.map_err(|rule| problems.push(refuse(rule))).ok()?;
        Some(Arc::new(Self::new(wanted, url, shared.http.clone(), Arc::clone(&shared.clock))))
    }

    fn new(settings: &UserInfoSettings, url: Option<Url>, http: Http, clock: Arc<dyn Clock>) -> Self {
        let of = |duration| Duration::try_from(duration).unwrap_or(Duration::MAX);
        let (ttl, negative_ttl) = (of(settings.ttl), of(settings.negative_ttl));
        Self { url, ttl, negative_ttl, http, clock, flights: SingleFlight::new() }
    }

    /// Returns the verification result of a token, from its own claims merged with UserInfo. The result is cached
    /// before any caller receives it.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        token: &str,
        fingerprint: Fingerprint,
        genuine: ValidatedToken,
        cache: &VerifiedTokens,
    ) -> Result<Verified, TokenError> {
        let known = || cache.get(&fingerprint, self.clock.now());
        let flight = self.flights.join(fingerprint, known, || {
            let (this, token, cache) = (Arc::clone(self), token.to_owned(), cache.clone());
            async move {
                let verified = this.augment(&token, genuine).await;
                cache.insert(fingerprint, verified.clone());
                verified
            }
        });
        // No value means that the runtime shuts down.
        let retry_after = self.negative_ttl.unsigned_abs();
        flight.landed().await.ok_or(TokenError::Unavailable { retry_after })
    }

    async fn augment(&self, token: &str, mut genuine: ValidatedToken) -> Verified {
        let answer = self.fetch(token, &genuine).await;
        let now = self.clock.now();
        let telemetry = &genuine.issuer.telemetry;
        let negative = Some(Term { since: now, length: self.negative_ttl });
        match answer {
            Ok(info) if subject(&info) != subject(&genuine.claims) => {
                telemetry.user_info_fetched("other_subject");
                genuine.refused(TokenError::Rejected(RejectedToken::UserInfoMismatch), negative)
            }
            Ok(info) => {
                telemetry.user_info_fetched("ok");
                merge(&mut genuine.claims, info);
                let verified = genuine.speaks(Some(Term { since: now, length: self.ttl }));
                // The provider's data may be corrected: a rejection is cached only briefly.
                if verified.outcome.is_ok() { verified } else { Verified { term: negative, ..verified } }
            }
            Err((url, error)) => {
                telemetry.user_info_fetched(error.code());
                telemetry.warn_of_user_info(now, &format!("{url} {error}"));
                let verified = genuine.speaks(negative);
                // The claim that names the principal may be in the response that failed. An outage must not cause a
                // rejection.
                if error.is_outage() && verified.outcome == Err(TokenError::Rejected(RejectedToken::NoPrincipal)) {
                    let retry_after = self.negative_ttl.unsigned_abs();
                    return Verified { outcome: Err(TokenError::Unavailable { retry_after }), ..verified };
                }
                verified
            }
        }
    }

    /// Requests UserInfo. An error includes the URL that failed, without its query.
    async fn fetch(&self, token: &str, genuine: &ValidatedToken) -> Result<Map<String, Value>, (String, FetchError)> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => genuine.issuer.user_info_url().map_err(|error| (genuine.issuer.name.to_string(), error))?,
        };
        fetch(&self.http, &url, token).await.map_err(|error| (without_query(url), error))
    }
}

/// Requests UserInfo with an access token and returns the claims. The response must have a `sub` (§5.3.2).
pub(crate) async fn fetch(http: &Http, url: &Url, token: &str) -> Result<Map<String, Value>, FetchError> {
    let body = http.get_as(url, token).await?;
    let info = strict_json_object(&body).map_err(|fault| FetchError::Malformed(fault.to_owned()))?;
    let named = info.get("sub").and_then(text_or_integer).is_some();
    if named { Ok(info) } else { Err(FetchError::Malformed("no `sub`".to_owned())) }
}

/// Returns the claim `sub` as text. Some providers send a number.
fn subject(claims: &Map<String, Value>) -> Option<Cow<'_, str>> {
    claims.get("sub").and_then(text_or_integer)
}

/// Formats a URL without its query, for logs.
pub(crate) fn without_query(mut url: Url) -> String {
    url.set_query(None);
    url.to_string()
}

/// Adds claims from `info` that the token lacks. A null claim of the token counts as absent.
fn merge(claims: &mut Map<String, Value>, info: Map<String, Value>) {
    for (name, value) in info {
        let claim = claims.entry(name).or_insert(Value::Null);
        if claim.is_null() {
            *claim = value;
        }
    }
}

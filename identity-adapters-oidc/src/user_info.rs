//! What a provider's UserInfo endpoint adds to a token (OpenID Connect Core 1.0 §5.3, orchestration reference §5.5).

use std::borrow::Cow;
use std::sync::Arc;

use identity_core::port::{Clock, RejectedToken, TokenError};
use identity_core::value::{strict_json_object, text_or_integer};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::cache::{Fingerprint, Verified, VerifiedTokens};
use crate::flight::Flights;
use crate::http::{FetchError, Http};
use crate::settings::UserInfoSettings;
use crate::verifier::Genuine;

/// How long an answer counts. A clock that is set back does not prolong it beyond its length.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    since: OffsetDateTime,
    length: Duration,
}

impl Term {
    pub(crate) fn holds(&self, now: OffsetDateTime) -> bool {
        (now - self.since).abs() < self.length
    }
}

/// The way to one issuer's UserInfo endpoint, and who waits for it.
pub(crate) struct UserInfo {
    /// Where it is, when discovery shall not say.
    url: Option<Url>,
    ttl: Duration,
    negative_ttl: Duration,
    http: Http,
    clock: Arc<dyn Clock>,
    flights: Arc<Flights<Fingerprint, Verified>>,
}

impl UserInfo {
    pub(crate) fn new(settings: &UserInfoSettings, url: Option<Url>, http: Http, clock: Arc<dyn Clock>) -> Self {
        let of = |duration| Duration::try_from(duration).unwrap_or(Duration::MAX);
        let (ttl, negative_ttl) = (of(settings.ttl), of(settings.negative_ttl));
        Self { url, ttl, negative_ttl, http, clock, flights: Flights::new() }
    }

    /// What is found out about a genuine token, its own claims and those of UserInfo taken together. It is put into the
    /// cache before anybody hears of it.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        token: &str,
        fingerprint: Fingerprint,
        genuine: Genuine,
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
        // Without a value the runtime is going down.
        let retry_after = self.negative_ttl.unsigned_abs();
        flight.landed().await.ok_or(TokenError::Unavailable { retry_after })
    }

    async fn augment(&self, token: &str, mut genuine: Genuine) -> Verified {
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
                // What is wrong may be put right at the provider: a refusal is not kept for long.
                if verified.outcome.is_ok() { verified } else { Verified { term: negative, ..verified } }
            }
            Err((url, error)) => {
                telemetry.user_info_fetched(error.code());
                telemetry.warn_of_user_info(now, &format!("{url} {error}"));
                let verified = genuine.speaks(negative);
                // The missing name may be what could not be asked for: that is no reason to refuse the token.
                if error.is_outage() && verified.outcome == Err(TokenError::Rejected(RejectedToken::NoPrincipal)) {
                    let retry_after = self.negative_ttl.unsigned_abs();
                    return Verified { outcome: Err(TokenError::Unavailable { retry_after }), ..verified };
                }
                verified
            }
        }
    }

    /// Asks the provider. An error comes with the URL that failed, without its query.
    async fn fetch(&self, token: &str, genuine: &Genuine) -> Result<Map<String, Value>, (String, FetchError)> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => genuine.issuer.user_info_url().map_err(|error| (genuine.issuer.name.to_string(), error))?,
        };
        fetch(&self.http, &url, token).await.map_err(|error| (without_query(url), error))
    }
}

/// What the endpoint says about the bearer of a token. It must name its subject (§5.3.2).
pub(crate) async fn fetch(http: &Http, url: &Url, token: &str) -> Result<Map<String, Value>, FetchError> {
    let body = http.get_as(url, token).await?;
    let info = strict_json_object(&body).map_err(|fault| FetchError::Malformed(fault.to_owned()))?;
    let named = info.get("sub").and_then(text_or_integer).is_some();
    if named { Ok(info) } else { Err(FetchError::Malformed("no `sub`".to_owned())) }
}

/// The claim `sub`. Some providers write a number.
fn subject(claims: &Map<String, Value>) -> Option<Cow<'_, str>> {
    claims.get("sub").and_then(text_or_integer)
}

/// For logs.
pub(crate) fn without_query(mut url: Url) -> String {
    url.set_query(None);
    url.to_string()
}

/// Adds what the token does not say itself. A claim that is null is not there.
fn merge(claims: &mut Map<String, Value>, info: Map<String, Value>) {
    for (name, value) in info {
        let claim = claims.entry(name).or_insert(Value::Null);
        if claim.is_null() {
            *claim = value;
        }
    }
}

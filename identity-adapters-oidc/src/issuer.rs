//! One issuer: requirements for its tokens, and the sources of its keys.

use std::sync::Arc;

use identity_core::entity::RejectedToken;
use identity_core::port::{Clock, KnownApis, TokenError};
use identity_core::resolve::{ClaimedGroups, PrincipalClaims};
use identity_core::value::{Claims, GroupId};
use serde_json::{Map, Value};
use time::Duration;

use crate::algorithm::SigningAlgorithm;
use crate::checks::{self, Kinds};
use crate::compact::{Compact, Header};
use crate::discovery::{Discovery, Endpoints};
use crate::http::{FetchError, Http};
use crate::jwk::Key;
use crate::keys::{KeySource, Location, Need, Pacing, State};
use crate::settings::{IssuerSettings, base_url, fetched_url};
use crate::settings_error::SettingsProblem;
use crate::telemetry::Telemetry;

/// Maximum number of keys that are tried to verify one token.
const MAX_CANDIDATES: usize = 8;

/// Health of an issuer's key sets, as of the last fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerStatus {
    /// Issuer URL, as configured.
    pub issuer: Arc<str>,
    /// Whether the last fetch of its first key set succeeded; `None` before the first fetch.
    pub up: Option<bool>,
    /// Whether keys are available for verification, even if they are outdated.
    pub has_keys: bool,
    /// Error of the last fetch of one of its key sets, if that fetch failed.
    pub last_error: Option<String>,
}

/// HTTP client, clock and fetch intervals, which all issuers share.
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pacing: Pacing,
}

pub(crate) struct Issuer {
    pub(crate) name: Arc<str>,
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    pub(crate) claims: PrincipalClaims,
    pub(crate) clock_skew: Duration,
    pub(crate) require_access_token_type: bool,
    pub(crate) allow_http: bool,
    pub(crate) kinds: Kinds,
    pub(crate) http: Http,
    clock: Arc<dyn Clock>,
    /// Time after which a caller may retry after a failed request to the provider.
    pub(crate) back_off: Duration,
    pub(crate) telemetry: Arc<Telemetry>,
    /// The key sets, in lookup order.
    pub(crate) sources: Vec<Arc<KeySource>>,
}

impl Issuer {
    /// Creates an issuer without contacting it. If any setting is invalid, returns all problems.
    pub(crate) fn new(settings: IssuerSettings, shared: &Shared) -> Result<Self, Vec<SettingsProblem>> {
        let mut problems = Vec::new();
        if settings.audiences.is_empty() || settings.audiences.iter().any(|audience| audience.trim().is_empty()) {
            problems.push(SettingsProblem::NoAudience(settings.issuer.clone()));
        }
        if settings.algorithms.is_empty() {
            problems.push(SettingsProblem::NoAlgorithm(settings.issuer.clone()));
        }
        let locations = locations(&settings, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let name: Arc<str> = Arc::from(settings.issuer);
        let telemetry = Arc::new(Telemetry::new(Arc::clone(&name)));
        let source = |(index, location)| {
            Arc::new(KeySource {
                location,
                is_primary: index == 0,
                algorithms: settings.algorithms.clone(),
                pacing: shared.pacing,
                http: shared.http.clone(),
                clock: Arc::clone(&shared.clock),
                telemetry: Arc::clone(&telemetry),
                state: State::default(),
            })
        };
        let sources = locations.into_iter().enumerate().map(source).collect();
        Ok(Self {
            kinds: Kinds {
                is_entra: checks::is_entra(&name),
                client_id: settings.client_id,
                accept_id_tokens: settings.accept_id_tokens,
                habits: settings.habits,
            },
            audiences: settings.audiences,
            algorithms: settings.algorithms,
            claims: settings.claims,
            clock_skew: Duration::try_from(settings.clock_skew).unwrap_or(Duration::MAX),
            require_access_token_type: settings.require_access_token_type,
            allow_http: settings.allow_http,
            http: shared.http.clone(),
            clock: Arc::clone(&shared.clock),
            back_off: shared.pacing.back_off,
            name,
            telemetry,
            sources,
        })
    }

    /// Returns the key that made a token's signature.
    ///
    /// A token with a `kid` is tried with the keys of that `kid`, and only if there are none with the keys without one.
    /// A token without a `kid` is tried with all keys that fit its algorithm.
    ///
    /// A key is unknown only if every key set was fetched for it and none has it. While one set cannot be fetched, the
    /// result is "unavailable", because that set may have the key.
    pub(crate) async fn key_of(&self, compact: &Compact<'_>, header: &Header) -> Result<Arc<Key>, TokenError> {
        let signature = compact.signature().map_err(TokenError::Rejected)?;
        let (kid, algorithm) = (header.kid.as_deref(), header.algorithm);
        let mut unavailable = None;
        for need in [Need::Known, Need::Fresh] {
            unavailable = None;
            let mut others = Vec::new();
            for source in &self.sources {
                match source.keys(need, kid).await {
                    Ok(keys) => match kid {
                        Some(kid) => {
                            let named: Vec<_> = keys.named(kid, algorithm).cloned().collect();
                            if !named.is_empty() {
                                return signing(named, compact, &signature);
                            }
                            others.extend(keys.unnamed(algorithm).cloned());
                        }
                        None => others.extend(keys.fitting(algorithm).cloned()),
                    },
                    Err(left) => unavailable = unavailable.max(Some(left)),
                }
            }
            match signing(others, compact, &signature) {
                // The key with that `kid` may be new: the key sets are fetched again.
                Err(_) if kid.is_some() => {}
                Err(TokenError::Rejected(RejectedToken::UnknownKey)) => {}
                Err(_) if unavailable.is_some() => break,
                outcome => return outcome,
            }
        }
        Err(match unavailable {
            Some(left) => TokenError::Unavailable { retry_after: left.max(Duration::SECOND).unsigned_abs() },
            None => TokenError::Rejected(RejectedToken::UnknownKey),
        })
    }

    /// Returns descriptions of the published keys that cannot be used, each with the reason.
    pub(crate) fn key_faults(&self) -> Vec<String> {
        self.sources.iter().flat_map(|source| source.faults()).collect()
    }

    /// Checks that the token has one of the issuer's audiences, or one of `apis` if given.
    pub(crate) fn audience(&self, claims: &Map<String, Value>, apis: Option<&KnownApis>) -> Result<(), RejectedToken> {
        checks::audience(claims, self.kinds.habits.audience_claim.as_deref(), |audience| {
            self.audiences.iter().any(|expected| expected == audience) || apis.is_some_and(|apis| apis.has(audience))
        })
    }

    /// Returns the groups in the claims; `None` if the claims do not determine them. Ignored values are counted and
    /// logged.
    pub(crate) fn groups(&self, reading: &PrincipalClaims, claims: &Claims) -> Option<Vec<GroupId>> {
        let ClaimedGroups { groups, remarks } = reading.groups(claims);
        let claim = reading.groups.as_ref().map(|reader| reader.selector.as_str());
        self.telemetry.remarks(self.clock.now(), claim, &remarks);
        groups
    }

    /// Returns the `iss` of this issuer's access tokens. It differs from the issuer itself only for some providers.
    pub(crate) fn token_name(&self) -> &str {
        self.kinds.habits.access_token_issuer.as_deref().unwrap_or(&self.name)
    }

    /// Whether the endpoints of this issuer come from discovery.
    pub(crate) fn asks_discovery(&self) -> bool {
        self.sources.first().is_some_and(|primary| matches!(primary.location, Location::Discovered(_)))
    }

    /// Returns the discovered endpoints, or the delay before a retry as the error.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>, Duration> {
        match self.sources.first() {
            Some(primary) => primary.endpoints().await,
            None => Err(self.back_off),
        }
    }

    /// Returns the UserInfo endpoint from discovery. Sends no request; fails before the first successful discovery.
    pub(crate) fn user_info_url(&self) -> Result<url::Url, FetchError> {
        let unknown = || Err(FetchError::UserInfoEndpoint("is not known"));
        self.sources.first().map_or_else(unknown, |source| source.user_info_url())
    }

    pub(crate) fn status(&self) -> IssuerStatus {
        let health: Vec<_> = self.sources.iter().map(|source| source.health()).collect();
        IssuerStatus {
            issuer: Arc::clone(&self.name),
            has_keys: self.sources.iter().any(|source| source.has_keys()),
            up: health.first().and_then(|(up, _)| *up),
            last_error: health.into_iter().find_map(|(_, error)| error),
        }
    }
}

/// Returns the key that verifies the signature. Tries at most [`MAX_CANDIDATES`] distinct keys.
fn signing(keys: Vec<Arc<Key>>, compact: &Compact<'_>, signature: &Vec<u8>) -> Result<Arc<Key>, TokenError> {
    let mut distinct: Vec<Arc<Key>> = Vec::new();
    for key in keys {
        if distinct.len() < MAX_CANDIDATES && !distinct.iter().any(|other| other.is_same_material(&key)) {
            distinct.push(key);
        }
    }
    if distinct.is_empty() {
        return Err(TokenError::Rejected(RejectedToken::UnknownKey));
    }
    let found = distinct.into_iter().find(|key| key.verifies(compact.signed, signature));
    found.ok_or(TokenError::Rejected(RejectedToken::Signature))
}

/// Returns the locations of the key sets, in lookup order. Adds invalid URLs to `problems`.
fn locations(settings: &IssuerSettings, problems: &mut Vec<SettingsProblem>) -> Vec<Location> {
    let mut refuse = |setting, rule| {
        problems.push(SettingsProblem::Url { issuer: settings.issuer.clone(), setting, rule });
    };
    if settings.issuer.trim().is_empty() {
        refuse("issuer", "must not be blank");
    }
    let mut read = |setting, url: Result<url::Url, &'static str>| url.map_err(|rule| refuse(setting, rule)).ok();
    let allow_http = settings.allow_http;
    let back = settings.back_channel.as_ref().map(|text| (text, read("back_channel", base_url(text, allow_http))));
    let primary = match &settings.jwks_url {
        Some(text) => read("jwks_url", fetched_url(text, allow_http)).map(Location::Fixed),
        None => read("issuer", base_url(&settings.issuer, allow_http)).map(|front| {
            let back = back.and_then(|(text, url)| Some((text.clone(), url?)));
            Location::Discovered(Box::new(Discovery::new(Arc::from(settings.issuer.as_str()), front, back, allow_http)))
        }),
    };
    let mut extra = Vec::new();
    for text in &settings.extra_jwks_urls {
        extra.extend(read("extra_jwks_urls", fetched_url(text, allow_http)).map(Location::Fixed));
    }
    primary.into_iter().chain(extra).collect()
}

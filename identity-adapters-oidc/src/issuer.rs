//! One issuer: what its tokens must be, and where its keys are.

use std::sync::Arc;

use identity_core::port::{Clock, KnownApis, RejectedToken, TokenError};
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
use crate::settings::{IssuerSettings, SettingsProblem, base_url, fetched_url};
use crate::telemetry::Telemetry;
use crate::user_info::UserInfo;

/// Keys that one token is tried with at most.
const MAX_CANDIDATES: usize = 8;

/// How an issuer fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerStatus {
    /// The issuer.
    pub issuer: Arc<str>,
    /// Whether the last fetch of its first key set succeeded; `None` before the first.
    pub up: Option<bool>,
    /// Whether there are keys to verify its tokens with, fresh or not.
    pub has_keys: bool,
    /// Why the last fetch of one of its key sets failed, if one did.
    pub last_error: Option<String>,
}

/// What all issuers share.
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
    /// How soon to ask again after a failure.
    pub(crate) back_off: Duration,
    pub(crate) telemetry: Arc<Telemetry>,
    /// In the order in which they are asked.
    pub(crate) sources: Vec<Arc<KeySource>>,
    pub(crate) user_info: Option<Arc<UserInfo>>,
}

impl Issuer {
    /// All that is wrong with the settings, or an issuer that has not been asked yet.
    pub(crate) fn new(settings: IssuerSettings, shared: &Shared) -> Result<Self, Vec<SettingsProblem>> {
        let mut problems = Vec::new();
        if settings.audiences.is_empty() || settings.audiences.iter().any(|audience| audience.trim().is_empty()) {
            problems.push(SettingsProblem::NoAudience(settings.issuer.clone()));
        }
        if settings.algorithms.is_empty() {
            problems.push(SettingsProblem::NoAlgorithm(settings.issuer.clone()));
        }
        let locations = locations(&settings, &mut problems);
        let user_info = user_info(&settings, shared, &mut problems);
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
            user_info,
        })
    }

    /// The key that made a token's signature.
    ///
    /// A token that names a key is tried with the keys of that name, and only if there is none with those that have no name. A
    /// token that names none is tried with those that fit.
    ///
    /// A key is unknown only if every key set was fetched for it and none has it. As long as one cannot be fetched, the key may
    /// be there.
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
                // The key of that name may be a new one.
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

    /// What is wrong with keys that the issuer publishes and that cannot be used.
    pub(crate) fn key_faults(&self) -> Vec<String> {
        self.sources.iter().flat_map(|source| source.faults()).collect()
    }

    /// Checks that claims are for one of its audiences, or for one of `apis`.
    pub(crate) fn audience(
        &self,
        claims: Option<&Map<String, Value>>,
        apis: Option<&KnownApis>,
    ) -> Result<(), RejectedToken> {
        let claims = claims.ok_or(RejectedToken::Audience)?;
        checks::audience(claims, self.kinds.habits.audience_claim.as_deref(), |audience| {
            self.audiences.iter().any(|expected| expected == audience) || apis.is_some_and(|apis| apis.has(audience))
        })
    }

    /// The groups that claims name. What is left out is counted and warned about.
    pub(crate) fn groups(&self, reading: &PrincipalClaims, claims: &Claims) -> Option<Vec<GroupId>> {
        let ClaimedGroups { groups, remarks } = reading.groups(claims);
        let claim = reading.groups.as_ref().map(|reader| reader.selector.as_str());
        self.telemetry.remarks(self.clock.now(), claim, &remarks);
        groups
    }

    /// The issuer that its access tokens name.
    pub(crate) fn token_name(&self) -> &str {
        self.kinds.habits.access_token_issuer.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is asked where its endpoints are.
    pub(crate) fn asks_discovery(&self) -> bool {
        self.sources.first().is_some_and(|primary| matches!(primary.location, Location::Discovered(_)))
    }

    /// Where the endpoints are, or how long to wait before asking again.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>, Duration> {
        match self.sources.first() {
            Some(primary) => primary.endpoints().await,
            None => Err(self.back_off),
        }
    }

    /// Where discovery said UserInfo is.
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

/// The one of these keys that made the signature.
fn signing(keys: Vec<Arc<Key>>, compact: &Compact<'_>, signature: &[u8]) -> Result<Arc<Key>, TokenError> {
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

/// The way to UserInfo, if it shall be asked.
fn user_info(settings: &IssuerSettings, shared: &Shared, problems: &mut Vec<SettingsProblem>) -> Option<Arc<UserInfo>> {
    let wanted = settings.user_info.as_ref()?;
    for (name, length) in [("user_info.ttl", wanted.ttl), ("user_info.negative_ttl", wanted.negative_ttl)] {
        if length < std::time::Duration::from_secs(1) {
            problems.push(SettingsProblem::TooShort(name));
        }
    }
    let url = match &wanted.url {
        Some(text) => fetched_url(text, settings.allow_http).map(Some),
        None if settings.jwks_url.is_some() => Err("is needed beside `jwks_url`, because discovery is not asked"),
        None => Ok(None),
    };
    let refuse = |rule| SettingsProblem::Url { issuer: settings.issuer.clone(), setting: "user_info.url", rule };
    let url = url.map_err(|rule| problems.push(refuse(rule))).ok()?;
    Some(Arc::new(UserInfo::new(wanted, url, shared.http.clone(), Arc::clone(&shared.clock))))
}

/// Where the keys are, in the order in which they are asked.
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

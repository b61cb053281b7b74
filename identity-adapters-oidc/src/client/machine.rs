//! Access tokens for services, by the client credentials grant (RFC 6749 §4.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_core::port::{Clock, ProviderError, RefusedSignIn};
use identity_core::value::Secret;
use time::{Duration, OffsetDateTime};

use super::authentication::Credentials;
use super::kinds::ProviderQuirks;
use super::relying_party::{RelyingParty, overrides, patiently};
use super::settings::{ClientAuthentication, EndpointUrls};
use super::telemetry::ClientTelemetry;
use super::token::{Grant, Tokens};
use crate::discovery::{Discovery, Endpoints};
use crate::http::{Http, HttpSettings};
use crate::provider_kind::ProviderKind;
use crate::settings::base_url;
use crate::settings_error::{SettingsError, SettingsProblem};
use crate::single_flight::SingleFlight;

/// Pause after a failed token request, in which the provider is not called again.
const BACK_OFF: Duration = Duration::seconds(5);

/// Maximum age of a discovery document before it is requested again.
const REDISCOVERY: Duration = Duration::minutes(10);

/// Settings of a service's client registration at the provider that issues its tokens.
#[derive(Clone, Debug)]
pub struct MachineTokenSettings {
    /// Kind of provider, which selects defaults such as the assertion audience.
    pub kind: ProviderKind,
    /// Issuer URL of the provider, such as `https://login.example.com/realms/a`.
    pub issuer: String,
    /// Base URL for calls from this machine, if it differs from the issuer.
    pub back_channel: Option<String>,
    /// URL of the token endpoint. If set, discovery is disabled.
    pub token_url: Option<String>,
    /// Whether to accept plain `http` for hosts other than this machine (default: false).
    pub allow_http: bool,
    /// Client id of the service at the provider.
    pub client_id: String,
    /// Method and credentials of client authentication at the token endpoint.
    pub authentication: ClientAuthentication,
    /// Timeouts, size limit and trust anchors of calls to the provider.
    pub http: HttpSettings,
}

impl MachineTokenSettings {
    /// Creates settings with discovery at the issuer and TLS required.
    #[must_use]
    pub fn new(
        kind: ProviderKind,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        authentication: ClientAuthentication,
    ) -> Self {
        Self {
            kind,
            issuer: issuer.into(),
            back_channel: None,
            token_url: None,
            allow_http: false,
            client_id: client_id.into(),
            authentication,
            http: HttpSettings::default(),
        }
    }
}

/// Scopes and audiences of a token. The cache has one entry for each distinct request and no size limit, so the values
/// must not come from user input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MachineTokenRequest {
    /// Requested scopes, in the order of the `scope` parameter. If empty, the parameter is omitted.
    pub scopes: Vec<String>,
    /// Requested audiences, sent as `resource` (RFC 8707), or as `audience` to Auth0. For Entra, use scopes instead.
    pub resources: Vec<String>,
}

/// An access token for calls to other services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineToken {
    /// The token, to be sent as `Authorization: Bearer`.
    pub token: Secret,
    /// Expiry time of the token, from `expires_in` of the response.
    pub expires_at: OffsetDateTime,
}

/// Requests access tokens for a service, caches them, and renews them before they expire. Cheap to clone; clones share
/// the cache.
///
/// Concurrent callers for the same token share one request. A token is renewed in the background after three quarters
/// of its lifetime, and no longer returned after nine tenths. A request that fails because of a provider outage is
/// retried twice. After that, callers immediately get the error for 5 s, or the old token while it is valid.
#[derive(Clone)]
pub struct MachineTokens(Arc<Inner>);

struct Inner {
    party: RelyingParty,
    habits: &'static ProviderQuirks,
    /// Discovery and its HTTP client; `None` if the token endpoint is configured.
    discovery: Option<(Discovery, Http)>,
    discovered: Mutex<Option<(Arc<Endpoints>, OffsetDateTime)>>,
    kept: Mutex<HashMap<MachineTokenRequest, CachedToken>>,
    flights: Arc<SingleFlight<MachineTokenRequest, Outcome>>,
}

type Outcome = Result<Arc<MachineToken>, ProviderError>;

/// Cached token or failure for one [`MachineTokenRequest`].
#[derive(Clone)]
struct CachedToken {
    /// The last token, and the time until which it is returned.
    token: Option<(Arc<MachineToken>, OffsetDateTime)>,
    /// Earliest time of the next request to the provider.
    due: OffsetDateTime,
    failure: Option<ProviderError>,
}

impl CachedToken {
    fn usable(&self, now: OffsetDateTime) -> Option<&Arc<MachineToken>> {
        self.token.as_ref().filter(|(_, until)| now < *until).map(|(token, _)| token)
    }

    /// Returns the result that is available without a request to the provider: a usable token, or the error of a recent
    /// failure.
    fn outcome(&self, now: OffsetDateTime) -> Option<Outcome> {
        let resting = self.failure.as_ref().filter(|_| now < self.due);
        self.usable(now).map(|token| Ok(Arc::clone(token))).or_else(|| resting.cloned().map(Err))
    }
}

impl MachineTokens {
    /// Creates a client without contacting the provider. Key files are read now, and again when they change.
    ///
    /// # Errors
    /// If any setting is invalid; the error lists all problems. An unreachable provider is not an error.
    pub fn new(settings: &MachineTokenSettings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let refuse = |setting, rule| SettingsProblem::Url { issuer: settings.issuer.clone(), setting, rule };
        let mut base = |setting, text: &str| {
            base_url(text, settings.allow_http).map_err(|rule| problems.push(refuse(setting, rule))).ok()
        };
        let name: Arc<str> = Arc::from(settings.issuer.as_str());
        let back = settings.back_channel.as_ref().map(|text| (text.clone(), base("back_channel", text)));
        let discovery = settings.token_url.is_none().then(|| {
            let back = back.and_then(|(text, url)| Some((text, url?)));
            Some(Discovery::new(Arc::clone(&name), base("issuer", &settings.issuer)?, back, settings.allow_http))
        });
        let urls = EndpointUrls { token: settings.token_url.clone(), ..EndpointUrls::default() };
        let overrides = overrides(&urls, settings.allow_http, |_, rule| problems.push(refuse("token_url", rule)));
        let http = Http::new(&settings.http).map_err(|problem| problems.push(problem)).ok();
        let habits = ProviderQuirks::of(settings.kind);
        let refuse = |setting, rule| SettingsProblem::Provider { provider: settings.issuer.clone(), setting, rule };
        let credentials = http.as_ref().and_then(|http| {
            let clock = Arc::clone(&clock);
            let made = Credentials::new(&settings.client_id, &settings.authentication, habits, http.clone(), clock);
            let refuse =
                |(setting, rule)| SettingsProblem::Provider { provider: settings.issuer.clone(), setting, rule };
            made.map_err(|problem| problems.push(refuse(problem))).ok()
        });
        if settings.client_id.trim().is_empty() {
            problems.push(refuse("client_id", "must not be blank".to_owned()));
        }
        let (Some(http), Some(credentials)) = (http, credentials.filter(|_| problems.is_empty())) else {
            return Err(SettingsError(problems));
        };
        Ok(Self(Arc::new(Inner {
            party: RelyingParty {
                issuer: Arc::clone(&name),
                credentials,
                overrides,
                telemetry: ClientTelemetry::new(name),
                clock,
                back_off: BACK_OFF.unsigned_abs(),
            },
            habits,
            discovery: discovery.flatten().map(|discovery| (discovery, http)),
            discovered: Mutex::default(),
            kept: Mutex::default(),
            flights: SingleFlight::new(),
        })))
    }

    /// Returns a token with at least one tenth of its lifetime left. Requires a Tokio runtime.
    ///
    /// # Errors
    /// If the provider rejects the request or is unavailable, and there is no valid cached token.
    pub async fn token(&self, request: &MachineTokenRequest) -> Result<Arc<MachineToken>, ProviderError> {
        let inner = &self.0;
        let now = inner.party.clock.now();
        let kept = inner.kept().get(request).cloned();
        if let Some(outcome) = kept.as_ref().and_then(|kept| kept.outcome(now)) {
            if kept.is_some_and(|kept| kept.due <= now) {
                drop(inner.ask(request, |kept| kept.due > now));
            }
            return outcome;
        }
        let landed = inner.ask(request, |kept| kept.outcome(now).is_some()).landed().await;
        landed.unwrap_or_else(|| Err(inner.party.unavailable()))
    }

    /// Removes a token that a service rejected from the cache, so that the next call requests a new one.
    pub fn forget(&self, request: &MachineTokenRequest, token: &MachineToken) {
        let mut kept = self.0.kept();
        let is_kept = kept.get(request).and_then(|kept| kept.token.as_ref()).is_some_and(|(kept, _)| **kept == *token);
        if is_kept {
            kept.remove(request);
        }
    }
}

impl Inner {
    /// Joins the request in flight for a token, or starts one, unless the cached state satisfies `does`.
    fn ask(
        self: &Arc<Self>,
        request: &MachineTokenRequest,
        does: impl FnOnce(&CachedToken) -> bool,
    ) -> crate::single_flight::Flight<Outcome> {
        let now = self.party.clock.now();
        let known = || self.kept().get(request).filter(|kept| does(kept)).and_then(|kept| kept.outcome(now));
        self.flights.join(request.clone(), known, || {
            let (this, request) = (Arc::clone(self), request.clone());
            async move {
                let outcome = this.fetch(&request).await;
                this.keep(request, outcome)
            }
        })
    }

    async fn fetch(&self, request: &MachineTokenRequest) -> Result<Tokens, ProviderError> {
        let endpoints = self.endpoints().await?;
        let resources: Vec<_> = match self.habits.resource {
            Some((name, _)) => request.resources.iter().map(|resource| (name, resource.clone())).collect(),
            None if request.resources.is_empty() => Vec::new(),
            None => return Err(RefusedSignIn::Malformed("this provider selects resources by scopes").into()),
        };
        let grant = Grant::Client { scopes: &request.scopes };
        patiently(|| self.party.tokens(&endpoints, grant, &resources)).await
    }

    /// Returns the discovered endpoints. During an outage, the last good discovery document stays in use.
    async fn endpoints(&self) -> Result<Arc<Endpoints>, ProviderError> {
        let Some((discovery, http)) = &self.discovery else { return Ok(Arc::default()) };
        let now = self.party.clock.now();
        let known = self.discovered().clone();
        if let Some((endpoints, at)) = &known
            && (now - *at).abs() < REDISCOVERY
        {
            return Ok(Arc::clone(endpoints));
        }
        match (discovery.ask(http).await, known) {
            (Ok(found), _) => {
                self.party.telemetry.asked("discovery", "ok");
                *self.discovered() = Some((Arc::clone(&found.endpoints), now));
                Ok(found.endpoints)
            }
            (Err(error), known) => {
                self.party.telemetry.asked("discovery", error.code());
                self.party.telemetry.warn_of_outage(now, "discovery", discovery.document(), &error);
                known.map(|(endpoints, _)| endpoints).ok_or_else(|| self.party.unavailable())
            }
        }
    }

    fn keep(&self, request: MachineTokenRequest, outcome: Result<Tokens, ProviderError>) -> Outcome {
        let now = self.party.clock.now();
        let mut kept = self.kept();
        let former = kept.get(&request).and_then(|kept| kept.token.clone());
        let fresh = match outcome {
            Ok(tokens) => {
                let after = |tenths: i32| now.saturating_add(tokens.lifetime * tenths / 20);
                let token = MachineToken { token: tokens.access_token, expires_at: after(20) };
                CachedToken { token: Some((Arc::new(token), after(18))), due: after(15), failure: None }
            }
            Err(error) => CachedToken { token: former, due: now.saturating_add(BACK_OFF), failure: Some(error) },
        };
        let outcome = match (&fresh.failure, &fresh.token) {
            (None, Some((token, _))) => Ok(Arc::clone(token)),
            _ => fresh.outcome(now).unwrap_or_else(|| Err(self.party.unavailable())),
        };
        kept.insert(request, fresh);
        outcome
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<MachineTokenRequest, CachedToken>> {
        // No code panics while it holds a lock; after a panic, the map would still be consistent.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discovered(&self) -> MutexGuard<'_, Option<(Arc<Endpoints>, OffsetDateTime)>> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

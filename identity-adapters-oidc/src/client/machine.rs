//! Tokens for services: the client credentials grant (RFC 6749 §4.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_core::port::{Clock, ProviderError, RefusedSignIn};
use identity_core::value::Secret;
use time::{Duration, OffsetDateTime};

use super::authentication::Credentials;
use super::kinds::Habits;
use super::relying_party::{RelyingParty, Tokens, overrides};
use super::settings::{ClientAuthentication, EndpointUrls, ProviderKind};
use super::telemetry::ClientTelemetry;
use crate::discovery::{Discovery, Endpoints};
use crate::flight::Flights;
use crate::http::{Http, HttpSettings};
use crate::settings::{SettingsError, SettingsProblem, base_url};

/// How long nobody asks after a failure.
const BACK_OFF: Duration = Duration::seconds(5);

/// How long a discovery document counts.
const REDISCOVERY: Duration = Duration::minutes(10);

/// A service at the provider that gives it tokens.
#[derive(Clone, Debug)]
pub struct MachineTokenSettings {
    /// Whose habits the provider has.
    pub kind: ProviderKind,
    /// The issuer.
    pub issuer: String,
    /// Where the provider is reached from here, when that is not the issuer.
    pub back_channel: Option<String>,
    /// Where tokens are, when discovery shall not be asked.
    pub token_url: Option<String>,
    /// Accept plain `http` for hosts other than this one.
    pub allow_http: bool,
    /// The service's name at the provider.
    pub client_id: String,
    /// How it proves to be that client.
    pub authentication: ClientAuthentication,
    /// How the provider is called.
    pub http: HttpSettings,
}

impl MachineTokenSettings {
    /// Discovery at the issuer, TLS required.
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

/// What a token is wanted for. Tokens are kept for each of these; it is for programs to say, not for their users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MachineTokenRequest {
    /// The scopes.
    pub scopes: Vec<String>,
    /// The audiences, by `resource` (RFC 8707), or by `audience` at Auth0. Entra's are named by scopes.
    pub resources: Vec<String>,
}

/// A token to call others with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineToken {
    /// The token, for `Authorization: Bearer`.
    pub token: Secret,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// Gets a service its tokens, keeps them, and renews them before they expire. Cheap to clone; clones share what is kept.
///
/// Several callers that need the same token wait for one request. A token is renewed in the background when three quarters
/// of its life are over, and no longer given out when nine tenths are. A request that fails because the provider is out of
/// order is repeated twice; then there is a pause of 5 s in which callers get the failure at once, or the old token as
/// long as it is good.
#[derive(Clone)]
pub struct MachineTokens(Arc<Inner>);

struct Inner {
    party: RelyingParty,
    habits: &'static Habits,
    /// The way to ask where the endpoints are, unless the token endpoint is configured.
    discovery: Option<(Discovery, Http)>,
    discovered: Mutex<Option<(Arc<Endpoints>, OffsetDateTime)>>,
    kept: Mutex<HashMap<MachineTokenRequest, Kept>>,
    flights: Arc<Flights<MachineTokenRequest, Outcome>>,
}

type Outcome = Result<Arc<MachineToken>, ProviderError>;

/// What is known of a token.
#[derive(Clone)]
struct Kept {
    /// The last one, and until when it is given out.
    token: Option<(Arc<MachineToken>, OffsetDateTime)>,
    /// When the provider may be asked again.
    due: OffsetDateTime,
    failure: Option<ProviderError>,
}

impl Kept {
    fn usable(&self, now: OffsetDateTime) -> Option<&Arc<MachineToken>> {
        self.token.as_ref().filter(|(_, until)| now < *until).map(|(token, _)| token)
    }

    /// What a caller gets without anybody being asked.
    fn outcome(&self, now: OffsetDateTime) -> Option<Outcome> {
        let resting = self.failure.as_ref().filter(|_| now < self.due);
        self.usable(now).map(|token| Ok(Arc::clone(token))).or_else(|| resting.cloned().map(Err))
    }
}

impl MachineTokens {
    /// Asks nobody yet. Key files are read now, and again when they change.
    ///
    /// # Errors
    /// When the settings cannot be used, with everything that is wrong with them. An unreachable provider is no error.
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
        let habits = Habits::of(settings.kind);
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
            flights: Flights::new(),
        })))
    }

    /// A token that is good for a while. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the provider refuses or cannot be asked, and there is no good token from before.
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

    /// Forgets a token that was refused where it was shown, so that the next one is a new one.
    pub fn forget(&self, request: &MachineTokenRequest, token: &MachineToken) {
        let mut kept = self.0.kept();
        let is_kept = kept.get(request).and_then(|kept| kept.token.as_ref()).is_some_and(|(kept, _)| **kept == *token);
        if is_kept {
            kept.remove(request);
        }
    }
}

impl Inner {
    /// Joins the request for a token, or makes it, unless what is kept does by now.
    fn ask(
        self: &Arc<Self>,
        request: &MachineTokenRequest,
        does: impl FnOnce(&Kept) -> bool,
    ) -> crate::flight::Flight<Outcome> {
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
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        if !request.scopes.is_empty() {
            form.push(("scope", request.scopes.join(" ")));
        }
        match self.habits.resource {
            Some((name, _)) => form.extend(request.resources.iter().map(|resource| (name, resource.clone()))),
            None if request.resources.is_empty() => {}
            None => return Err(RefusedSignIn::Malformed("resources are named by scopes at this provider").into()),
        }
        self.party.repeatable_tokens(&endpoints, form).await
    }

    /// Where tokens are. The last good answer counts as long as there is no newer one.
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
                Kept { token: Some((Arc::new(token), after(18))), due: after(15), failure: None }
            }
            Err(error) => Kept { token: former, due: now.saturating_add(BACK_OFF), failure: Some(error) },
        };
        let outcome = match (&fresh.failure, &fresh.token) {
            (None, Some((token, _))) => Ok(Arc::clone(token)),
            _ => fresh.outcome(now).unwrap_or_else(|| Err(self.party.unavailable())),
        };
        kept.insert(request, fresh);
        outcome
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<MachineTokenRequest, Kept>> {
        // Nothing panics while it holds a lock; if something did, what it left would still be whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discovered(&self) -> MutexGuard<'_, Option<(Arc<Endpoints>, OffsetDateTime)>> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

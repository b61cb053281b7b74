//! User sign-in at an OpenID provider: the implementation of the port [`IdentityProvider`].

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Principal, RejectedToken};
use identity_core::port::{
    AuthorizationRequest, AuthorizationResponse, ClaimSource, EndSessionRequest, IdentityProvider, LogoutNotice,
    PendingSignIn, ProviderError, RefusedSignIn, SignedIn, TokenError,
};
use identity_core::resolve::PrincipalClaims;
use identity_core::value::{Claims, Secret, text_or_integer};
use serde_json::{Map, Value};
use time::Duration;

use super::authentication::Credentials;
use super::claims::{Sources, from_source};
use super::kinds::ProviderQuirks;
use super::problems::Problems;
use super::relying_party::{RelyingParty, overrides};
use super::settings::{ProviderSettings, UserInfoMode};
use super::signed::{Expected, IdToken};
use super::telemetry::ClientTelemetry;
use super::token::{Grant, Tokens};
use crate::compact::Compact;
use crate::discovery::{Endpoint, Endpoints};
use crate::http::FetchError;
use crate::issuer::Issuer;
use crate::settings_error::SettingsError;
use crate::user_info::{self, without_query};
use crate::validated_token::about;
use crate::verifier::{OidcTokenVerifier, Unverified};

/// An OpenID provider for user sign-in. The crate documentation lists the checks of a sign-in.
pub struct OidcProvider {
    pub(super) settings: ProviderSettings,
    pub(super) habits: &'static ProviderQuirks,
    pub(super) scopes: Vec<String>,
    pub(super) issuer: Arc<Issuer>,
    pub(super) party: RelyingParty,
    expected: Expected,
    /// Mapping of claims to a user. Without client id claim, as a sign-in never yields a client.
    claims: PrincipalClaims,
}

impl OidcProvider {
    /// Creates a provider without contacting it. It shares keys, discovery and HTTP client with the verifier, whose
    /// issuers must include the provider's. Key files are read now, and again when they change.
    ///
    /// # Errors
    /// If any setting is invalid; the error lists all problems. An unreachable provider is not an error.
    pub fn new(settings: ProviderSettings, verifier: &OidcTokenVerifier) -> Result<Self, SettingsError> {
        let mut problems = Problems::of(&settings);
        let Some(issuer) = verifier.issuer(&settings.issuer) else {
            problems.add("issuer", "must be an issuer whose tokens are accepted");
            return Err(SettingsError(problems.found));
        };
        let habits = ProviderQuirks::of(settings.kind);
        problems.look(habits, issuer);
        let clock = Arc::clone(&verifier.clock);
        let overrides = overrides(&settings.endpoints, issuer.allow_http, |setting, rule| problems.add(setting, rule));
        let credentials = Credentials::new(
            &settings.client_id,
            &settings.authentication,
            habits,
            issuer.http.clone(),
            Arc::clone(&clock),
        );
        let credentials = credentials.map_err(|(setting, rule)| problems.add(setting, rule)).ok();
        let Some(credentials) = credentials.filter(|_| problems.found.is_empty()) else {
            return Err(SettingsError(problems.found));
        };
        Ok(Self {
            habits,
            scopes: own_or(&settings.scopes, || habits.scopes(&settings.client_id)),
            expected: Expected {
                issuer: Arc::clone(issuer),
                client_id: settings.client_id.clone(),
                algorithms: own_or(&settings.id_token_algorithms, || issuer.algorithms.clone()),
                second_version: issuer.kinds.is_entra || habits.second_version,
                max_token_bytes: verifier.max_token_bytes,
            },
            claims: PrincipalClaims { client_id: None, ..issuer.claims.clone() },
            party: RelyingParty {
                issuer: Arc::clone(&issuer.name),
                credentials,
                overrides,
                telemetry: ClientTelemetry::new(Arc::clone(&issuer.name)),
                clock,
                back_off: issuer.back_off.unsigned_abs(),
            },
            issuer: Arc::clone(issuer),
            settings,
        })
    }

    pub(super) async fn endpoints(&self) -> Result<Arc<Endpoints>, ProviderError> {
        let endpoints = self.issuer.endpoints().await;
        endpoints.map_err(|left| ProviderError::Unavailable { retry_after: left.unsigned_abs() })
    }

    /// Requests tokens, for the first configured resource if the provider kind supports the parameter `resource` (RFC
    /// 8707).
    async fn tokens(&self, endpoints: &Endpoints, grant: Grant<'_>) -> Result<Tokens, ProviderError> {
        let resource = match (self.habits.resource, self.settings.resources.first()) {
            (Some(("resource", _)), Some(resource)) => Some(("resource", resource.clone())),
            _ => None,
        };
        self.party.tokens(endpoints, grant, resource.as_slice()).await
    }

    /// Returns the claims of an access token that is valid for this service. Its user must be that of the ID token. A
    /// token for another audience is opaque to this server and yields no claims.
    async fn access_token(
        &self,
        token: &str,
        id_token: &Map<String, Value>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let readable = Some(token).filter(|token| token.len() <= self.expected.max_token_bytes);
        let readable = readable.and_then(|token| Compact::split(token).ok());
        let ours = |name: &str| (name == self.issuer.token_name()).then_some(&self.issuer);
        let Some(Ok(unverified)) = readable.map(|compact| Unverified::read(compact, ours)) else {
            return Ok(Map::new());
        };
        let claims = match unverified.check(self.party.clock.now(), None).await {
            Ok(genuine) => genuine.claims,
            Err(TokenError::Rejected(_)) => return Ok(Map::new()),
            Err(TokenError::Unavailable { retry_after }) => return Err(ProviderError::Unavailable { retry_after }),
        };
        let same = |name| claims.get(name).is_some_and(|value| id_token.get(name) == Some(value));
        let is_other = claims.contains_key("sub") && !same("sub") && !same(self.habits.same_person);
        if is_other { Err(RefusedSignIn::Subject.into()) } else { Ok(claims) }
    }

    /// Requests UserInfo, unless the configured mode is off. The response must have the `sub` of the ID token.
    async fn user_info(
        &self,
        endpoints: &Endpoints,
        token: &str,
        subject: &str,
    ) -> Result<UserInfoAnswer, ProviderError> {
        if self.settings.user_info == UserInfoMode::Off {
            return Ok(UserInfoAnswer::NotAsked);
        }
        let telemetry = &self.issuer.telemetry;
        let now = self.party.clock.now();
        let (place, error) = match self.party.url(endpoints, Endpoint::UserInfo) {
            Ok(url) => match user_info::fetch(&self.party.credentials.http().await, &url, token).await {
                Ok(info) if info.get("sub").and_then(text_or_integer).as_deref() == Some(subject) => {
                    telemetry.user_info_fetched("ok");
                    return Ok(UserInfoAnswer::Claims(info));
                }
                Ok(_) => {
                    telemetry.user_info_fetched("other_subject");
                    return Err(RefusedSignIn::Subject.into());
                }
                Err(error) => (without_query(url), error),
            },
            // A provider without this endpoint is not a failure, unless UserInfo is required.
            Err(_) if self.settings.user_info == UserInfoMode::FailSoft => return Ok(UserInfoAnswer::NotAsked),
            Err(rule) => (self.settings.issuer.clone(), FetchError::UserInfoEndpoint(rule)),
        };
        telemetry.user_info_fetched(error.code());
        telemetry.warn_of_user_info(now, &format!("{place} {error}"));
        match (self.settings.user_info, error.is_outage()) {
            (UserInfoMode::Required, _) => Err(RefusedSignIn::UserInfo.into()),
            (_, is_outage) => Ok(UserInfoAnswer::Failed { is_outage }),
        }
    }

    /// Builds the sign-in result from access token, ID token and UserInfo. `known` is the previous result if a session
    /// is refreshed.
    async fn signed_in(
        &self,
        endpoints: &Endpoints,
        tokens: Tokens,
        id_token: IdToken,
        raw_id_token: Secret,
        known: Option<&SignedIn>,
    ) -> Result<SignedIn, ProviderError> {
        let now = self.party.clock.now();
        let access_token = self.access_token(tokens.access_token.expose(), &id_token.claims).await?;
        let answer = self.user_info(endpoints, tokens.access_token.expose(), &id_token.subject).await?;
        let is_outage = matches!(answer, UserInfoAnswer::Failed { is_outage: true });
        let user_info = match answer {
            UserInfoAnswer::Claims(claims) => claims,
            UserInfoAnswer::NotAsked => Map::new(),
            // On refresh, the claims of the last successful UserInfo response are kept.
            UserInfoAnswer::Failed { .. } => {
                known.map_or_else(Map::new, |known| from_source(known, ClaimSource::UserInfo))
            }
        };
        let sources = Sources { access_token, id_token: id_token.claims, user_info };
        let (claims, provenance) = sources.merged(self.settings.prefer_id_token_claims);
        let claims = Claims::from(claims);
        let principal = self.claims.principal(&claims).map_err(|reason| match reason {
            // The username claim may be in the UserInfo response that failed. An outage must not cause a rejection.
            RejectedToken::NoPrincipal if is_outage => self.party.unavailable(),
            reason => RefusedSignIn::Token(reason).into(),
        })?;
        let groups = self.issuer.groups(&self.claims, &claims);
        let (display_name, email) = about(&claims);
        Ok(SignedIn {
            subject: id_token.subject,
            provider_session: id_token.session.or_else(|| known.and_then(|known| known.provider_session.clone())),
            principal,
            groups,
            display_name,
            email,
            claims,
            provenance,
            id_token: raw_id_token,
            refresh_token: tokens.refresh_token.or_else(|| known.and_then(|known| known.refresh_token.clone())),
            renewal_due_at: now.saturating_add(tokens.lifetime),
        })
    }
}

fn own_or<T: Clone>(own: &[T], usual: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if own.is_empty() { usual() } else { own.to_vec() }
}

enum UserInfoAnswer {
    NotAsked,
    Claims(Map<String, Value>),
    Failed { is_outage: bool },
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    fn id(&self) -> &str {
        &self.settings.id
    }

    fn display_name(&self) -> &str {
        &self.settings.display_name
    }

    fn issuer(&self) -> &str {
        &self.issuer.name
    }

    fn holds(&self, principal: &Principal) -> bool {
        self.claims.namespace.holds(principal.id())
    }

    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError> {
        let endpoints = self.endpoints().await?;
        Ok(self.authorization(self.party.needed(&endpoints, Endpoint::Authorization)?, request)?)
    }

    async fn redeem(&self, response: &AuthorizationResponse, sent: &PendingSignIn) -> Result<SignedIn, ProviderError> {
        let endpoints = self.endpoints().await?;
        // The issuer is checked before the code is sent to the provider (RFC 9207 §2.4).
        match &response.issuer {
            Some(issuer) if *issuer != *self.issuer.name => return Err(RefusedSignIn::Issuer.into()),
            None if endpoints.names_itself => return Err(RefusedSignIn::Issuer.into()),
            _ => {}
        }
        let (code, verifier) = (&response.code, &sent.code_verifier);
        let grant = Grant::Code { code, verifier, redirect_uri: &sent.redirect_uri };
        let mut tokens = self.tokens(&endpoints, grant).await?;
        let raw = tokens.id_token.take().ok_or(RefusedSignIn::Malformed("`id_token` is missing"))?;
        let now = self.party.clock.now();
        let id_token = self.expected.id_token(raw.expose(), tokens.access_token.expose(), now).await?;
        if id_token.claims.get("nonce").and_then(Value::as_str) != Some(&sent.nonce) {
            return Err(RefusedSignIn::Nonce.into());
        }
        if let Some(seconds) = self.settings.max_age().flatten() {
            id_token.is_recent(Duration::seconds(seconds.into()), now.saturating_sub(self.issuer.clock_skew))?;
        }
        self.signed_in(&endpoints, tokens, id_token, raw, None).await
    }

    async fn refresh(&self, known: &SignedIn) -> Result<SignedIn, ProviderError> {
        let refresh_token = known.refresh_token.as_ref().ok_or(RefusedSignIn::Grant)?;
        let endpoints = self.endpoints().await?;
        let mut tokens = self.tokens(&endpoints, Grant::Refresh(refresh_token)).await?;
        // Claims of the earlier ID token, which was validated when it was received.
        let former = Compact::split(known.id_token.expose()).and_then(|compact| compact.payload());
        let former = former.map_err(RefusedSignIn::Token)?;
        let (id_token, raw) = match tokens.id_token.take() {
            None => {
                let session = known.provider_session.clone();
                (IdToken { claims: former, subject: known.subject.clone(), session }, known.id_token.clone())
            }
            Some(raw) => {
                let now = self.party.clock.now();
                let fresh = self.expected.id_token(raw.expose(), tokens.access_token.expose(), now).await?;
                // A nonce is optional here, but must be unchanged if present (OpenID Connect Core 1.0 §12.2).
                if fresh.claims.get("nonce").is_some_and(|nonce| former.get("nonce") != Some(nonce)) {
                    return Err(RefusedSignIn::Nonce.into());
                }
                (fresh, raw)
            }
        };
        if id_token.subject != known.subject {
            return Err(RefusedSignIn::Subject.into());
        }
        self.signed_in(&endpoints, tokens, id_token, raw, Some(known)).await
    }

    async fn revoke(&self, refresh_token: &Secret) -> Result<(), ProviderError> {
        let endpoints = self.endpoints().await?;
        self.party.revoke(&endpoints, refresh_token).await
    }

    async fn end_session_url(&self, ending: &EndSessionRequest) -> Result<Option<String>, ProviderError> {
        if !self.settings.logout_at_provider {
            return Ok(None);
        }
        let endpoints = self.endpoints().await?;
        let url = self.party.url(&endpoints, Endpoint::EndSession).ok();
        Ok(self.end_session(url, ending)?)
    }

    async fn logout_token(&self, token: &str) -> Result<LogoutNotice, ProviderError> {
        let strict = self.settings.require_logout_token_type;
        self.expected.logout_token(token, strict, self.party.clock.now()).await
    }
}

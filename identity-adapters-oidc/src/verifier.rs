//! Token verifier: validates a token in compact form and resolves its principal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use identity_core::entity::{RejectedToken, VerifiedToken};
use identity_core::port::{Clock, Evidence, Inspection, KnownApis, TokenError, TokenVerifier};
use identity_core::value::text_or_integer;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::cache::{Fingerprint, VerifiedTokens};
use crate::checks::{self, Lifetime};
use crate::compact::{Compact, Header};
use crate::http::{Http, excerpt};
use crate::issuer::{Issuer, IssuerStatus, Shared};
use crate::keys::Pacing;
use crate::settings::{IssuerSettings, VerifierSettings};
use crate::settings_error::{SettingsError, SettingsProblem};
use crate::telemetry;
use crate::user_info::UserInfo;
use crate::validated_token::ValidatedToken;

/// Verifies access tokens of OpenID Connect providers. The crate documentation lists the checks.
pub struct OidcTokenVerifier {
    issuers: Vec<Arc<Issuer>>,
    /// UserInfo clients by issuer, for the issuers with enabled UserInfo requests.
    user_info: BTreeMap<Arc<str>, Arc<UserInfo>>,
    cache: VerifiedTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_token_bytes: usize,
}

/// A decoded token of a configured issuer, before signature verification.
pub(crate) struct Unverified<'t> {
    compact: Compact<'t>,
    header: Header,
    payload: Map<String, Value>,
    issuer: Arc<Issuer>,
}

impl OidcTokenVerifier {
    /// Creates a verifier without contacting any provider. Install the process's metrics recorder first.
    ///
    /// # Errors
    /// If any setting is invalid; the error lists all problems. An unreachable provider is not an error.
    pub fn new(
        issuers: Vec<IssuerSettings>,
        settings: VerifierSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let mut problems = problems(&issuers, &settings);
        let http = Http::new(&settings.http).map_err(|problem| problems.push(problem)).ok();
        let (mut built, mut user_info) = (Vec::new(), BTreeMap::new());
        if let Some(http) = http {
            let shared = Shared { http, clock: Arc::clone(&clock), pacing: Pacing::new(&settings) };
            for settings in issuers {
                let mut unusable = Vec::new();
                let endpoint = UserInfo::of(&settings, &shared, &mut unusable);
                match Issuer::new(settings, &shared) {
                    Ok(issuer) => {
                        user_info.extend(endpoint.map(|endpoint| (Arc::clone(&issuer.name), endpoint)));
                        built.push(Arc::new(issuer));
                    }
                    Err(found) => problems.extend(found),
                }
                problems.append(&mut unusable);
            }
        }
        if !problems.is_empty() {
            return Err(SettingsError(problems));
        }
        Ok(Self {
            issuers: built,
            user_info,
            cache: VerifiedTokens::new(settings.cache_entries),
            clock,
            max_token_bytes: settings.max_token_bytes,
        })
    }

    /// Returns the status of all issuers, in the order of the settings. Sends no request.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerStatus> {
        self.issuers.iter().map(|issuer| issuer.status()).collect()
    }

    /// Concurrently fetches the keys of all issuers that have none yet, and waits until each fetch succeeded or failed.
    /// Requires a Tokio runtime.
    pub async fn warm(&self) {
        let sources = self.issuers.iter().flat_map(|issuer| &issuer.sources);
        let flights: Vec<_> = sources.filter_map(|source| source.warm()).collect();
        for flight in flights {
            flight.end().await;
        }
    }

    pub(crate) fn all_issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.issuers.iter().map(Arc::as_ref)
    }

    pub(crate) fn max_token_bytes(&self) -> usize {
        self.max_token_bytes
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Returns the rejection of a token whose issuer is not configured.
    pub(crate) fn unknown_issuer(&self, name: &str) -> RejectedToken {
        if checks::is_entra_v1(name) { RejectedToken::EntraV1 } else { RejectedToken::Issuer(excerpt(name)) }
    }

    /// Resolves the principal of a validated token, with UserInfo if configured. No UserInfo request is made for a
    /// token without a subject, because nothing would bind the response to it.
    async fn settle(
        &self,
        token: &str,
        print: Fingerprint,
        genuine: ValidatedToken,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        if let Some(user_info) = self.user_info.get(&genuine.issuer.name)
            && genuine.claims.get("sub").and_then(text_or_integer).is_some()
        {
            return user_info.ask(token, print, genuine, &self.cache).await?.outcome;
        }
        let verified = genuine.speaks(None);
        self.cache.insert(print, verified.clone());
        verified.outcome
    }

    /// Returns the configured issuer whose access tokens have this `iss`.
    pub(crate) fn issuer(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.issuers.iter().find(|issuer| issuer.token_name() == name)
    }
}

impl<'t> Unverified<'t> {
    /// Decodes header and payload, and selects the issuer by the claim `iss`. Reads no other claim.
    pub(crate) fn read<'i>(
        compact: Compact<'t>,
        issuer: impl FnOnce(&str) -> Option<&'i Arc<Issuer>>,
    ) -> Result<Self, RejectedToken> {
        let header = compact.header()?;
        let payload = compact.payload()?;
        let name = checks::issuer(&payload)?;
        let Some(issuer) = issuer(name) else {
            let is_entra_v1 = checks::is_entra_v1(name);
            return Err(if is_entra_v1 { RejectedToken::EntraV1 } else { RejectedToken::Issuer(excerpt(name)) });
        };
        Ok(Self { issuer: Arc::clone(issuer), compact, header, payload })
    }

    /// Verifies algorithm, type, signature, audience and lifetime. The audiences of `apis`, if given, are accepted in
    /// addition to those of the issuer.
    pub(crate) async fn check(
        self,
        now: OffsetDateTime,
        apis: Option<&KnownApis>,
    ) -> Result<ValidatedToken, TokenError> {
        let Self { compact, header, payload, issuer } = self;
        let refuse = TokenError::Rejected;
        if !issuer.algorithms.contains(&header.algorithm) {
            return Err(refuse(RejectedToken::Algorithm));
        }
        let habits = &issuer.kinds.habits;
        let says_access_token =
            checks::says_access_token(header.typ.as_deref(), &habits.access_token_types).map_err(refuse)?;
        if issuer.require_access_token_type && !says_access_token {
            return Err(refuse(RejectedToken::Type));
        }
        let key = issuer.key_of(&compact, &header).await?;
        let lifetime = Self::check_claims(&payload, &issuer, says_access_token, now, apis).map_err(refuse)?;
        let is_for_issuers_audience = issuer.audience(&payload, None).is_ok();
        Ok(ValidatedToken {
            claims: payload,
            issuer,
            lifetime,
            key,
            bytes: compact.signed.len(),
            is_for_issuers_audience,
        })
    }

    fn check_claims(
        claims: &Map<String, Value>,
        issuer: &Issuer,
        says_access_token: bool,
        now: OffsetDateTime,
        apis: Option<&KnownApis>,
    ) -> Result<Lifetime, RejectedToken> {
        if issuer.kinds.is_entra {
            checks::entra_version(claims)?;
        }
        checks::kind(claims, says_access_token, &issuer.kinds)?;
        issuer.audience(claims, apis)?;
        let lifetime = Lifetime::read(claims)?;
        lifetime.check(now, issuer.clock_skew)?;
        Ok(lifetime)
    }
}

#[async_trait]
impl TokenVerifier for OidcTokenVerifier {
    /// Verifies a token for one of its issuer's audiences. Must be called on a Tokio runtime.
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify_as(token, None).await
    }

    /// Verifies a token for one of its issuer's audiences, or one of `apis`. Must be called on a Tokio runtime.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify_as(token, Some(apis)).await
    }

    /// Runs all checks as separate steps, for diagnosis. Must be called on a Tokio runtime.
    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection {
        match evidence {
            Evidence::Token(token) => self.inspect_token(token).await,
            Evidence::Claims(claims) => self.inspect_claims(claims),
        }
    }
}

impl OidcTokenVerifier {
    /// Verifies a token for one of its issuer's audiences or, if given, one of `apis`. Uses the cache.
    async fn verify_as(&self, token: &str, apis: Option<&KnownApis>) -> Result<Arc<VerifiedToken>, TokenError> {
        let unattributed = |rejected: RejectedToken| {
            telemetry::refused_unattributed(rejected.code());
            TokenError::Rejected(rejected)
        };
        if token.len() > self.max_token_bytes {
            return Err(unattributed(RejectedToken::TooLarge(self.max_token_bytes)));
        }
        let compact = Compact::split(token).map_err(unattributed)?;
        let now = self.clock.now();
        let fingerprint = match apis {
            None => Fingerprint::of(token),
            Some(_) => Fingerprint::for_resolution(token),
        };
        if let Some(known) = self.cache.get(&fingerprint, now) {
            for source in &known.issuer.sources {
                source.refresh_if_due(now);
            }
            // The set of this installation's APIs may have changed since the token was cached.
            let outcome = match (known.outcome, apis) {
                (Ok(token), Some(_)) if !known.is_for_issuers_audience => {
                    let claims = token.claims.read();
                    let members = claims.as_value().as_object().ok_or(RejectedToken::Audience);
                    let accepted = members.and_then(|members| known.issuer.audience(members, apis));
                    accepted.map(|()| token).map_err(TokenError::Rejected)
                }
                (outcome, _) => outcome,
            };
            match &outcome {
                Ok(_) => known.issuer.telemetry.accepted_from_cache(),
                Err(error) => known.issuer.telemetry.refused(error),
            }
            return outcome;
        }
        let unverified = Unverified::read(compact, |name| self.issuer(name)).map_err(unattributed)?;
        let issuer = Arc::clone(&unverified.issuer);
        let outcome = match unverified.check(now, apis).await {
            Ok(genuine) => self.settle(token, fingerprint, genuine).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(_) => issuer.telemetry.accepted(),
            Err(error) => issuer.telemetry.refused(error),
        }
        outcome
    }
}

/// Returns problems that concern several issuers, and problems with the settings common to all issuers.
fn problems(issuers: &[IssuerSettings], settings: &VerifierSettings) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    if issuers.is_empty() {
        problems.push(SettingsProblem::NoIssuer);
    }
    for (index, issuer) in issuers.iter().enumerate() {
        let names = |settings: &IssuerSettings| {
            [Some(settings.issuer.clone()), settings.habits.access_token_issuer.clone()].into_iter().flatten()
        };
        let is_other = |name: &String| issuers.iter().take(index).flat_map(names).any(|other| other == *name);
        problems.extend(names(issuer).filter(is_other).map(SettingsProblem::DuplicateIssuer));
    }
    for (name, pause) in [
        ("refresh_after", settings.refresh_after),
        ("unknown_key_cool_down", settings.unknown_key_cool_down),
        ("failure_back_off", settings.failure_back_off),
    ] {
        if pause < StdDuration::from_secs(1) {
            problems.push(SettingsProblem::TooShort(name));
        }
    }
    problems
}

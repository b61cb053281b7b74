//! The verifier: from a token in compact form to who it speaks for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use identity_core::port::{
    Clock, Evidence, Inspection, KnownApis, RejectedToken, TokenError, TokenVerifier, VerifiedToken,
};
use identity_core::value::{Claims, Email, text_or_integer};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::cache::{Fingerprint, Verified, VerifiedTokens};
use crate::checks::{self, Lifetime};
use crate::compact::{Compact, Header};
use crate::http::{Http, excerpt};
use crate::issuer::{Issuer, IssuerStatus, Shared};
use crate::jwk::Key;
use crate::keys::Pacing;
use crate::settings::{IssuerSettings, SettingsError, SettingsProblem, VerifierSettings};
use crate::telemetry;
use crate::user_info::Term;

/// Verifies the access tokens of OpenID Connect providers. See the crate's documentation.
pub struct OidcTokenVerifier {
    issuers: Vec<Arc<Issuer>>,
    cache: VerifiedTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_token_bytes: usize,
}

/// A token of a configured issuer, before its signature is checked.
pub(crate) struct Unverified<'t> {
    compact: Compact<'t>,
    header: Header,
    payload: Map<String, Value>,
    issuer: Arc<Issuer>,
}

/// A token that passed all checks; whom it speaks for is still open.
pub(crate) struct Genuine {
    pub(crate) claims: Map<String, Value>,
    pub(crate) issuer: Arc<Issuer>,
    lifetime: Lifetime,
    key: Arc<Key>,
    bytes: usize,
}

impl OidcTokenVerifier {
    /// A verifier that has asked no provider yet. Install the process's metrics recorder first.
    ///
    /// # Errors
    /// When the settings cannot be used, with everything that is wrong with them. An unreachable provider is no error.
    pub fn new(
        issuers: Vec<IssuerSettings>,
        settings: VerifierSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let mut problems = problems(&issuers, &settings);
        let http = Http::new(&settings.http).map_err(|problem| problems.push(problem)).ok();
        let mut built = Vec::new();
        if let Some(http) = http {
            let shared = Shared { http, clock: Arc::clone(&clock), pacing: Pacing::new(&settings) };
            for issuer in issuers {
                match Issuer::new(issuer, &shared) {
                    Ok(issuer) => built.push(Arc::new(issuer)),
                    Err(found) => problems.extend(found),
                }
            }
        }
        if !problems.is_empty() {
            return Err(SettingsError(problems));
        }
        Ok(Self {
            issuers: built,
            cache: VerifiedTokens::new(settings.cache_entries),
            clock,
            max_token_bytes: settings.max_token_bytes,
        })
    }

    /// How the issuers fare, in the order of the settings. Asks nobody.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerStatus> {
        self.issuers.iter().map(|issuer| issuer.status()).collect()
    }

    /// Fetches the keys of all issuers that have none yet, all at once, and waits until that succeeded or failed. Needs a
    /// tokio runtime.
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

    /// The refusal of a token whose issuer is none of ours.
    pub(crate) fn unknown_issuer(&self, name: &str) -> RejectedToken {
        if checks::is_entra_v1(name) { RejectedToken::EntraV1 } else { RejectedToken::Issuer(excerpt(name)) }
    }

    /// Whom a genuine token speaks for, with the help of UserInfo where that is wanted. A token without a subject is not
    /// asked about: nothing would tie the answer to it.
    async fn settle(
        &self,
        token: &str,
        print: Fingerprint,
        genuine: Genuine,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        if let Some(user_info) = genuine.issuer.user_info.clone()
            && genuine.claims.get("sub").and_then(text_or_integer).is_some()
        {
            return user_info.ask(token, print, genuine, &self.cache).await?.outcome;
        }
        let verified = genuine.speaks(None);
        self.cache.insert(print, verified.clone());
        verified.outcome
    }

    /// One of the issuers.
    pub(crate) fn issuer(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.issuers.iter().find(|issuer| issuer.token_name() == name)
    }
}

impl<'t> Unverified<'t> {
    /// The cheap part: everything that can be refused before a signature is checked. Of the payload, only the issuer is
    /// looked at.
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

    /// The token, if it is an access token for this service, or for one of `apis`.
    pub(crate) async fn check(self, now: OffsetDateTime, apis: Option<&KnownApis>) -> Result<Genuine, TokenError> {
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
        Ok(Genuine { claims: payload, issuer, lifetime, key, bytes: compact.signed.len() })
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
        issuer.audience(Some(claims), apis)?;
        let lifetime = Lifetime::read(claims)?;
        lifetime.check(now, issuer.clock_skew)?;
        Ok(lifetime)
    }
}

#[async_trait]
impl TokenVerifier for OidcTokenVerifier {
    /// Must be called on a tokio runtime.
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify_as(token, None).await
    }

    /// Must be called on a tokio runtime.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify_as(token, Some(apis)).await
    }

    /// Must be called on a tokio runtime.
    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection {
        match evidence {
            Evidence::Token(token) => self.inspect_token(token).await,
            Evidence::Claims(claims) => self.inspect_claims(claims),
        }
    }
}

impl OidcTokenVerifier {
    /// Verifies a token for the issuer's audiences, or for one of `apis`, too.
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
            // What is an API of this installation may have changed.
            let outcome = match (known.outcome, apis) {
                (Ok(token), Some(_)) => match known.issuer.audience(token.claims.as_value().as_object(), apis) {
                    Ok(()) => Ok(token),
                    Err(reason) => Err(TokenError::Rejected(reason)),
                },
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

impl Genuine {
    /// What is found out when the claims are as they are.
    pub(crate) fn speaks(self, term: Option<Term>) -> Verified {
        let Self { claims, issuer, lifetime, key, bytes } = self;
        let outcome = speaks_for(claims, &issuer, &lifetime).map(Arc::new).map_err(TokenError::Rejected);
        Verified { outcome, lifetime, key, issuer, bytes, term }
    }

    pub(crate) fn refused(self, error: TokenError, term: Option<Term>) -> Verified {
        let Self { issuer, lifetime, key, bytes, .. } = self;
        Verified { outcome: Err(error), lifetime, key, issuer, bytes, term }
    }
}

/// Whom the claims of a good token speak for.
fn speaks_for(
    claims: Map<String, Value>,
    issuer: &Issuer,
    lifetime: &Lifetime,
) -> Result<VerifiedToken, RejectedToken> {
    let claims = Claims::from(claims);
    let principal = issuer.claims.principal(&claims)?;
    let (display_name, email) = about(&claims);
    Ok(VerifiedToken {
        permissions: BTreeSet::new(),
        issuer: Arc::clone(&issuer.name),
        principal,
        groups: issuer.groups(&issuer.claims, &claims),
        display_name,
        email,
        expires_at: lifetime.expires_at,
        claims: claims.clone(),
    })
}

/// What to call somebody, and where to write to them.
pub(crate) fn about(claims: &Claims) -> (Option<String>, Option<Email>) {
    let text = |name| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    (text("name").map(str::to_owned), text("email").and_then(|text| Email::parse(text).ok()))
}

/// What is wrong with the settings besides what each issuer finds itself.
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

//! Validation of tokens that a provider signs for its client: ID tokens and logout tokens.

use std::sync::Arc;

use aws_lc_rs::digest::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::entity::RejectedToken;
use identity_core::port::{ProviderError, RefusedSignIn, TokenError};
use identity_core::value::text_or_integer;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::algorithm::SigningAlgorithm;
use crate::checks::{self, Lifetime};
use crate::compact::Compact;
use crate::http::excerpt;
use crate::issuer::Issuer;

/// Requirements for tokens that a provider issues to this server's client.
pub(crate) struct Expected {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) client_id: String,
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    /// Whether tokens must have the claim `ver` with the value `2.0`.
    pub(crate) second_version: bool,
    pub(crate) max_token_bytes: usize,
}

/// A token with valid issuer, type, algorithm, signature, audience and lifetime.
pub(crate) struct Signed {
    pub(crate) claims: Map<String, Value>,
    pub(crate) algorithm: SigningAlgorithm,
}

impl Expected {
    /// Performs the checks common to ID tokens and logout tokens (OpenID Connect Core 1.0 §3.1.3.7, Back-Channel Logout
    /// 1.0 §2.6). `is_type` returns whether a `typ` in the header is accepted.
    pub(crate) async fn check(
        &self,
        token: &str,
        is_type: impl Fn(Option<&str>) -> bool + Send,
        now: OffsetDateTime,
    ) -> Result<Signed, ProviderError> {
        let refuse = |reason| ProviderError::from(RefusedSignIn::Token(reason));
        if token.len() > self.max_token_bytes {
            return Err(refuse(RejectedToken::TooLarge(self.max_token_bytes)));
        }
        let compact = Compact::split(token).map_err(refuse)?;
        let header = compact.header().map_err(refuse)?;
        let claims = compact.payload().map_err(refuse)?;
        let issuer = checks::issuer(&claims).map_err(refuse)?;
        if *issuer != *self.issuer.name {
            let is_entra_v1 = checks::is_entra_v1(issuer);
            return Err(refuse(if is_entra_v1 {
                RejectedToken::EntraV1
            } else {
                RejectedToken::Issuer(excerpt(issuer))
            }));
        }
        if !self.algorithms.contains(&header.algorithm) {
            return Err(refuse(RejectedToken::Algorithm));
        }
        if !is_type(header.typ.as_deref()) {
            return Err(refuse(RejectedToken::Type));
        }
        self.issuer.key_of(&compact, &header).await.map_err(|error| match error {
            TokenError::Rejected(reason) => refuse(reason),
            TokenError::Unavailable { retry_after } => ProviderError::Unavailable { retry_after },
        })?;
        self.check_claims(&claims, now).map_err(refuse)?;
        Ok(Signed { claims, algorithm: header.algorithm })
    }

    fn check_claims(&self, claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), RejectedToken> {
        if self.second_version {
            checks::entra_version(claims)?;
        }
        checks::audience(claims, None, |audience| *audience == self.client_id)?;
        if !claims.contains_key("iat") {
            return Err(RejectedToken::MissingClaim("iat".to_owned()));
        }
        Lifetime::read(claims)?.check(now, self.issuer.clock_skew)
    }

    /// Validates an ID token (OpenID Connect Core 1.0 §3.1.3.7), except for nonce and subject, which the caller
    /// compares.
    pub(crate) async fn id_token(
        &self,
        token: &str,
        access_token: &str,
        now: OffsetDateTime,
    ) -> Result<IdToken, ProviderError> {
        let is_jwt = |typ: Option<&str>| typ.is_none_or(|typ| typ.eq_ignore_ascii_case("jwt"));
        let Signed { claims, algorithm, .. } = self.check(token, is_jwt, now).await?;
        let refuse = |reason| ProviderError::from(RefusedSignIn::Token(reason));
        // Rejects other tokens that issuers sign with the same keys (RFC 8725 §3.12): security event tokens, and tokens
        // with another payload `typ`, as Keycloak sets it.
        let is_id =
            text(&claims, "typ").map_err(refuse)?.is_none_or(|typ| is_jwt(Some(typ)) || typ.eq_ignore_ascii_case("id"));
        if claims.get("events").is_some_and(|events| !events.is_null()) || !is_id {
            return Err(refuse(RejectedToken::Type));
        }
        self.authorized_party(&claims)?;
        if let Some(hash) = text(&claims, "at_hash").map_err(refuse)?
            && hash != half_hash(algorithm, access_token)
        {
            return Err(RefusedSignIn::AccessTokenHash.into());
        }
        let subject = subject(&claims).map_err(refuse)?;
        let subject = subject.ok_or_else(|| refuse(RejectedToken::MissingClaim("sub".to_owned())))?;
        let session = text(&claims, "sid").map_err(refuse)?.map(str::to_owned);
        Ok(IdToken { claims, subject, session })
    }

    /// Checks that `azp`, if present, is this client. It is optional even with several audiences (OpenID Connect Core
    /// 1.0 incorporating errata set 2 §3.1.3.7).
    fn authorized_party(&self, claims: &Map<String, Value>) -> Result<(), RefusedSignIn> {
        match text(claims, "azp").map_err(RefusedSignIn::Token)? {
            Some(party) if party == self.client_id => Ok(()),
            None => Ok(()),
            Some(_) => Err(RefusedSignIn::AuthorizedParty),
        }
    }
}

/// A validated ID token, with its subject (`sub`) and session id (`sid`).
pub(crate) struct IdToken {
    pub(crate) claims: Map<String, Value>,
    pub(crate) subject: String,
    pub(crate) session: Option<String>,
}

impl IdToken {
    /// Checks that the user authenticated at most `age` before `now` (OpenID Connect Core 1.0 §3.1.3.7, step 13).
    pub(crate) fn is_recent(&self, age: Duration, now: OffsetDateTime) -> Result<(), RefusedSignIn> {
        let at = checks::numeric_date(&self.claims, "auth_time").map_err(RefusedSignIn::Token)?;
        let missing = || RefusedSignIn::Token(RejectedToken::MissingClaim("auth_time".to_owned()));
        let is_recent = at.ok_or_else(missing)?.saturating_add(age) >= now;
        if is_recent { Ok(()) } else { Err(RefusedSignIn::TooLongAgo) }
    }
}

/// Returns an optional string claim. Null counts as absent; an empty string or another type is an error.
pub(crate) fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Result<Option<&'c str>, RejectedToken> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(RejectedToken::ClaimType(name.to_owned())),
    }
}

/// Returns the claim `sub` as text. Some providers send a number.
pub(crate) fn subject(claims: &Map<String, Value>) -> Result<Option<String>, RejectedToken> {
    match claims.get("sub") {
        Some(Value::Number(_)) => {
            let number = claims.get("sub").and_then(text_or_integer).map(|text| text.into_owned());
            number.map(Some).ok_or_else(|| RejectedToken::ClaimType("sub".to_owned()))
        }
        _ => Ok(text(claims, "sub")?.map(str::to_owned)),
    }
}

/// Returns the expected `at_hash`: the left half of the token's digest (OpenID Connect Core 1.0 §3.1.3.6).
fn half_hash(algorithm: SigningAlgorithm, token: &str) -> String {
    let hash = digest(algorithm.digest(), token.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}

//! From a raw token to who it speaks for.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

#[cfg(doc)]
use super::Freshness;
use super::{Evidence, Inspection};
use crate::entity::{Permission, Principal};
use crate::value::{Claims, Email, GroupId};

/// Verifies bearer tokens.
///
/// Contract: a token is accepted only if its signature, issuer, audience, type and times hold. Nothing of a refused token is
/// kept or logged. A provider that cannot be asked is [`TokenError::Unavailable`], never a refusal.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Checks a token in compact serialisation (RFC 7515 §7.1), without the `Bearer` prefix.
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError>;

    /// The same for a change: what a directory says of the principal is asked now ([`Freshness::Current`]).
    async fn verify_now(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verify(token).await
    }

    /// The same as [`verify`](TokenVerifier::verify) for a question about the token's own bearer: an audience in `apis` counts,
    /// too. Issuer, signature, kind and times are checked as ever. What is accepted here may not call anything else.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError>;

    /// Looks at a token, or at claims, check by check. What fails [`verify`](TokenVerifier::verify) fails a check here.
    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection;
}

/// The APIs of this installation, by the audiences of their tokens.
#[derive(Clone)]
pub struct KnownApis(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl KnownApis {
    /// Those audiences for which `is_known` holds.
    pub fn new(is_known: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_known))
    }

    /// Whether tokens for this audience are for an API of this installation.
    #[must_use]
    pub fn has(&self, audience: &str) -> bool {
        (self.0)(audience)
    }
}

impl fmt::Debug for KnownApis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownApis")
    }
}

/// A token that was checked, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Who issued it, byte for byte.
    pub issuer: Arc<str>,
    /// Who it speaks for.
    pub principal: Principal,
    /// The caller's groups, when this issuer's groups come from a claim; they replace the stored ones.
    pub groups: Option<Vec<GroupId>>,
    /// The permissions on APIs that the token itself brings, beside those of stored roles.
    pub permissions: BTreeSet<Permission>,
    /// All its claims.
    pub claims: Claims,
    /// The claim `name`, when it is there.
    pub display_name: Option<String>,
    /// The claim `email`, when it is there and an address.
    pub email: Option<Email>,
    /// When it stops being valid.
    pub expires_at: OffsetDateTime,
}

/// Why there is no verified token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is refused: 401.
    #[error("the token is refused: {0}")]
    Rejected(RejectedToken),
    /// The token may be good, but what its issuer must say about it cannot be had now: 503.
    #[error("the issuer cannot be asked")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

/// Why a token is refused. [`RejectedToken::code`] is stable and public; the message holds nothing of the token but its
/// issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectedToken {
    /// Longer than this server reads, in bytes.
    #[error("the token is larger than {0} bytes; an operator can raise `authentication.max-token-bytes`")]
    TooLarge(usize),
    /// Not three base64url segments with JSON objects, duplicate members, or nested too deeply.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// An algorithm that this issuer may not use; `none` among them.
    #[error("the token's algorithm is not allowed for its issuer")]
    Algorithm,
    /// A header parameter that must be understood and is not (RFC 7515 §4.1.11), or one that brings its own key.
    #[error("the token's header has an unsupported parameter: {0}")]
    Header(&'static str),
    /// Another kind of token: an ID token, a logout token.
    #[error("the token is not an access token")]
    Type,
    /// The issuer is none of the configured ones.
    #[error("the token's issuer is not configured here: {0}")]
    Issuer(String),
    /// An Entra token of the first version.
    #[error("the token is in the entra v1 format; set `requestedAccessTokenVersion` to 2 in the app registration")]
    EntraV1,
    /// The issuer has no key of that id.
    #[error("the token's key is not one of its issuer's")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature does not hold")]
    Signature,
    /// The audience is missing, or another.
    #[error("the token is for another audience")]
    Audience,
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before `nbf`, or issued in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// A claim that must be there and is not.
    #[error("the token lacks the claim `{0}`")]
    MissingClaim(String),
    /// A claim of the wrong JSON type.
    #[error("the token's claim `{0}` has the wrong type")]
    ClaimType(String),
    /// Neither the username claim nor the client id claim is in the token.
    #[error("the token names neither a user nor a client")]
    NoPrincipal,
    /// The claim holds a name that is in another issuer's namespace.
    #[error("the token's claim `{0}` begins with the prefix of another provider's namespace")]
    Namespace(String),
    /// Its issuer's UserInfo endpoint answered for another subject (OpenID Connect Core 1.0 §5.3.2).
    #[error("the token's subject is not the one that the issuer's userinfo endpoint names")]
    UserInfoMismatch,
    /// The directory has no such subject, the subject is disabled, or the token names another principal or session than the
    /// directory does.
    #[error("the directory does not confirm the token's subject: {0}")]
    Subject(&'static str),
}

impl RejectedToken {
    /// The reason code, for problem documents and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "token_too_large",
            Self::Malformed(_) => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::Header(_) => "token_header",
            Self::Type => "token_type",
            Self::Issuer(_) => "token_issuer",
            Self::EntraV1 => "token_entra_v1",
            Self::UnknownKey => "token_unknown_key",
            Self::Signature => "token_signature",
            Self::Audience => "token_audience",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::MissingClaim(_) => "token_missing_claim",
            Self::ClaimType(_) => "token_claim_type",
            Self::NoPrincipal => "token_no_principal",
            Self::Namespace(_) => "token_namespace",
            Self::UserInfoMismatch => "token_userinfo_mismatch",
            Self::Subject(_) => "token_subject",
        }
    }
}

//! Verified access tokens, and the reasons for which a token is rejected.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::{Memo, Permission, Principal};
use crate::value::{Claims, Email, GroupId, StoredClaims};

/// Contents of an access token that passed all checks.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Issuer, byte for byte as in the claim `iss`.
    pub issuer: Arc<str>,
    /// User or client that the token identifies.
    pub principal: Principal,
    /// Groups from a claim or the directory; they replace the group memberships in the policy store. `None` if the
    /// memberships in the policy store apply.
    pub groups: Option<Vec<GroupId>>,
    /// API permissions that come with the token, in addition to the permissions of stored roles.
    pub permissions: BTreeSet<Permission>,
    /// All claims of the token, as JSON text to save memory.
    pub claims: StoredClaims,
    /// Display name from the claim `name`, if present and not empty.
    pub display_name: Option<String>,
    /// E-mail address from the claim `email`, if present and valid.
    pub email: Option<Email>,
    /// Time from which the token is rejected as expired.
    pub expires_at: OffsetDateTime,
    /// Cache of the last value computed from the token, such as its resolved subject.
    pub memo: Memo,
}

impl VerifiedToken {
    /// Creates the contents of a token without groups, permissions, name and email address. The memberships and permissions
    /// of the policy store apply.
    #[must_use]
    pub fn new(issuer: impl Into<Arc<str>>, principal: Principal, claims: &Claims, expires_at: OffsetDateTime) -> Self {
        Self {
            issuer: issuer.into(),
            principal,
            groups: None,
            permissions: BTreeSet::new(),
            claims: StoredClaims::from(claims),
            display_name: None,
            email: None,
            expires_at,
            memo: Memo::default(),
        }
    }
}

/// Reason why a token is rejected. [`RejectedToken::code`] is stable and public. The message contains nothing of the
/// token except its issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectedToken {
    /// The token is larger than this configured maximum, in bytes.
    #[error("the token is larger than {0} bytes; an operator can raise `authentication.max-token-bytes`")]
    TooLarge(usize),
    /// The token is not three base64url segments (RFC 7515 §7.1), or their JSON is invalid or ambiguous.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The signature algorithm (`alg`) is not allowed for the issuer. `none` is never allowed.
    #[error("the token's algorithm is not allowed for its issuer")]
    Algorithm,
    /// The header contains an unsupported parameter: a critical extension (RFC 7515 §4.1.11, RFC 7797) or an embedded
    /// key (RFC 8725 §3.10).
    #[error("the token's header has an unsupported parameter: {0}")]
    Header(&'static str),
    /// The token is not an access token but, for example, an ID token or a logout token.
    #[error("the token is not an access token")]
    Type,
    /// No provider with this issuer (`iss`) is configured.
    #[error("the token's issuer is not configured: {0}")]
    Issuer(String),
    /// The token has the v1 format of Microsoft Entra ID; only the v2 format is supported.
    #[error("the token is in the Entra v1 format; set `requestedAccessTokenVersion` to 2 in the app registration")]
    EntraV1,
    /// None of the published keys of the issuer has the key id (`kid`) of the token.
    #[error("the token's key is not among the keys of its issuer")]
    UnknownKey,
    /// The signature does not match the key of the issuer.
    #[error("the token's signature is invalid")]
    Signature,
    /// The audience (`aud`) is missing or does not include an accepted one.
    #[error("the token is for another audience")]
    Audience,
    /// The expiration time (`exp`) has passed.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet (`nbf`), or its issue time (`iat`) is in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// The token lacks this required claim.
    #[error("the token lacks the claim `{0}`")]
    MissingClaim(String),
    /// This claim has the wrong JSON type, such as a number instead of a string.
    #[error("the token's claim `{0}` has the wrong type")]
    ClaimType(String),
    /// The token contains neither the configured username claim nor the configured client id claim.
    #[error("the token identifies neither a user nor a client")]
    NoPrincipal,
    /// A name in this claim begins with the namespace prefix of another issuer, such as `partner~`.
    #[error("the token's claim `{0}` begins with the prefix of another provider's namespace")]
    Namespace(String),
    /// The UserInfo endpoint of the issuer returned another subject (OpenID Connect Core 1.0 §5.3.2).
    #[error("the token's subject differs from the subject in the issuer's UserInfo response")]
    UserInfoMismatch,
    /// The directory rejects the token: the subject is unknown or disabled, or the principal or session differs.
    #[error("the directory rejected the token's subject: {0}")]
    Subject(&'static str),
}

impl RejectedToken {
    /// Stable reason code for problem documents and metrics, such as `token_expired`.
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

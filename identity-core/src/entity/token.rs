//! Verified tokens, and the reasons to reject one.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::{Memo, Permission, Principal};
use crate::value::{Email, GroupId, StoredClaims};

/// A verified token and its contents.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Issuer, byte for byte as in the claim `iss`.
    pub issuer: Arc<str>,
    /// Principal of the token.
    pub principal: Principal,
    /// Groups from a claim or from the directory, which replace the group memberships in the policy store. `None` if
    /// the memberships in the policy store apply instead.
    pub groups: Option<Vec<GroupId>>,
    /// API permissions that come with the token, in addition to those of stored roles.
    pub permissions: BTreeSet<Permission>,
    /// All claims.
    pub claims: StoredClaims,
    /// Claim `name`, if present.
    pub display_name: Option<String>,
    /// Claim `email`, if present and a valid address.
    pub email: Option<Email>,
    /// Expiration time.
    pub expires_at: OffsetDateTime,
    /// The last value that was computed from the token, such as its subject.
    pub memo: Memo,
}

/// Reason why a token is rejected. [`RejectedToken::code`] is stable and public. The message contains nothing of the
/// token except its issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectedToken {
    /// The token exceeds this size, in bytes.
    #[error("the token is larger than {0} bytes; an operator can raise `authentication.max-token-bytes`")]
    TooLarge(usize),
    /// The token is not three base64url segments with JSON objects, has duplicate members, or is nested too deeply.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The algorithm is not allowed for the issuer; `none` is never allowed.
    #[error("the token's algorithm is not allowed for its issuer")]
    Algorithm,
    /// The header requires an extension, none of which is supported (RFC 7515 §4.1.11, RFC 7797), or contains a key
    /// (RFC 8725 §3.10).
    #[error("the token's header has an unsupported parameter: {0}")]
    Header(&'static str),
    /// The token is not an access token, but for example an ID token or a logout token.
    #[error("the token is not an access token")]
    Type,
    /// The issuer is not configured.
    #[error("the token's issuer is not configured: {0}")]
    Issuer(String),
    /// The token has the Entra v1 format.
    #[error("the token is in the Entra v1 format; set `requestedAccessTokenVersion` to 2 in the app registration")]
    EntraV1,
    /// The issuer has no key with this id.
    #[error("the token's key is not among the keys of its issuer")]
    UnknownKey,
    /// The signature is not valid.
    #[error("the token's signature is invalid")]
    Signature,
    /// The audience is missing or different.
    #[error("the token is for another audience")]
    Audience,
    /// The token has expired (`exp`).
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet (`nbf`), or was issued in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// A required claim is missing.
    #[error("the token lacks the claim `{0}`")]
    MissingClaim(String),
    /// A claim has the wrong JSON type.
    #[error("the token's claim `{0}` has the wrong type")]
    ClaimType(String),
    /// The token contains neither the username claim nor the client id claim.
    #[error("the token identifies neither a user nor a client")]
    NoPrincipal,
    /// A claim contains a name in the namespace of another issuer.
    #[error("the token's claim `{0}` begins with the prefix of another provider's namespace")]
    Namespace(String),
    /// The UserInfo endpoint of the issuer returned another subject (OpenID Connect Core 1.0 §5.3.2).
    #[error("the token's subject differs from the subject in the issuer's UserInfo response")]
    UserInfoMismatch,
    /// The directory does not contain the subject, the subject is disabled, or the principal or session in the token
    /// differs from the directory.
    #[error("the directory rejected the token's subject: {0}")]
    Subject(&'static str),
}

impl RejectedToken {
    /// Reason code, for problem documents and metrics.
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

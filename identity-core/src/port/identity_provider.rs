//! Port of OpenID providers, for user sign-in.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::entity::{Principal, RejectedToken};
use crate::value::{Claims, Email, GroupId, Secret};

/// An OpenID provider for user sign-in, from the perspective of the relying party.
///
/// Contract: responses from the browser or the provider are accepted only after all checks of OpenID Connect Core 1.0
/// §3.1.3.7 and RFC 9207. An unavailable provider is [`ProviderError::Unavailable`], never [`ProviderError::Refused`].
/// Logs and errors never contain any part of a code, token or secret.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Id of the provider in the configuration.
    fn id(&self) -> &str;

    /// Display name.
    fn display_name(&self) -> &str;

    /// Issuer, byte for byte as in its tokens.
    fn issuer(&self) -> &str;

    /// Returns true if the principal's id is in the namespace of the issuer. Sessions of other principals do not belong
    /// to this provider.
    fn holds(&self, principal: &Principal) -> bool;

    /// Returns the authorization URL (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1). Always uses PKCE with the
    /// method `S256`.
    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError>;

    /// Exchanges the authorization code for tokens. Checks the issuer of the response before sending the code.
    async fn redeem(&self, response: &AuthorizationResponse, sent: &PendingSignIn) -> Result<SignedIn, ProviderError>;

    /// Renews a sign-in with its refresh token (OpenID Connect Core 1.0 §12). Values that the provider does not return
    /// again are kept. [`RefusedSignIn::Grant`] if the provider rejects the refresh token, or if there is none.
    async fn refresh(&self, known: &SignedIn) -> Result<SignedIn, ProviderError>;

    /// Revokes a refresh token (RFC 7009). Succeeds if the provider has no revocation endpoint.
    async fn revoke(&self, refresh_token: &Secret) -> Result<(), ProviderError>;

    /// Returns the URL for sign-out at the provider (OpenID Connect RP-Initiated Logout 1.0 §2). `None` if the provider
    /// does not support it or the operator disabled it.
    async fn end_session_url(&self, ending: &EndSessionRequest) -> Result<Option<String>, ProviderError>;

    /// Validates a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6). Callers must detect replayed tokens.
    /// [`RefusedSignIn::Issuer`] if another provider issued it.
    async fn logout_token(&self, token: &str) -> Result<LogoutNotice, ProviderError>;
}

/// Parameters of an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Redirect URI, exactly as registered at the provider.
    pub redirect_uri: String,
    /// State, which binds the response to the browser (RFC 6749 §10.12).
    pub state: String,
    /// Nonce, which binds the ID token to the request.
    pub nonce: String,
    /// PKCE challenge of the method `S256` (RFC 7636 §4.2).
    pub code_challenge: String,
    /// Whether the provider must prompt for credentials again (`prompt=login`).
    pub reauthenticate: bool,
}

/// Parameters of an authorization response.
#[derive(Clone, Debug)]
pub struct AuthorizationResponse {
    /// Authorization code.
    pub code: Secret,
    /// Parameter `iss` (RFC 9207).
    pub issuer: Option<String>,
}

/// Values of an authorization request that are needed to redeem its response.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    /// Redirect URI of the request.
    pub redirect_uri: String,
    /// PKCE verifier for the challenge of the request.
    pub code_verifier: Secret,
    /// Nonce of the request.
    pub nonce: String,
}

/// A completed sign-in: the principal and the claims of the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    /// Subject: the id that the provider assigned (`sub`).
    pub subject: String,
    /// Session id that the provider assigned (`sid`), for logout.
    pub provider_session: Option<String>,
    /// Principal that the claims resolve to.
    pub principal: Principal,
    /// Groups from a claim of this provider, which replace the group memberships in the policy store. `None` if the
    /// memberships in the policy store apply instead.
    pub groups: Option<Vec<GroupId>>,
    /// Display name.
    pub display_name: Option<String>,
    /// E-mail address.
    pub email: Option<Email>,
    /// All claims, merged from all sources.
    pub claims: Claims,
    /// Source of each top-level claim, by claim name.
    pub provenance: BTreeMap<String, ClaimSource>,
    /// ID token, used as a hint for logout.
    pub id_token: Secret,
    /// Refresh token, if the provider issued one.
    pub refresh_token: Option<Secret>,
    /// Expiration time of the access token, at which a renewal is due.
    pub renewal_due_at: OffsetDateTime,
}

/// Source of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClaimSource {
    /// The access token, if it was issued for this service.
    AccessToken,
    /// The ID token.
    IdToken,
    /// The UserInfo endpoint.
    UserInfo,
}

/// Parameters of a logout request to the provider.
#[derive(Clone, Debug)]
pub struct EndSessionRequest {
    /// ID token of the sign-in.
    pub id_token: Secret,
    /// Post-logout redirect URI, exactly as registered at the provider.
    pub return_uri: String,
    /// State, which the provider returns in the redirect.
    pub state: String,
    /// Hint that identifies the user whose session ends (`logout_hint`), for providers that do not accept an ID token
    /// as a hint.
    pub logout_hint: Option<String>,
}

/// A validated logout token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Id of the token (`jti`), for replay detection.
    pub id: String,
    /// Time from which the token is rejected as expired. Its id must be remembered until then.
    pub expires_at: OffsetDateTime,
    /// Subject whose sessions end (`sub`). All of them end, unless `provider_session` selects one.
    pub subject: Option<String>,
    /// Session that ends (`sid`).
    pub provider_session: Option<String>,
}

/// Error of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider rejected the request, or its response failed validation.
    #[error("the sign-in was rejected: {0}")]
    Refused(RefusedSignIn),
    /// The provider is unavailable.
    #[error("the provider is unavailable")]
    Unavailable {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
}

/// Reason why a sign-in, renewal or logout is rejected. [`RefusedSignIn::code`] is stable and public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedSignIn {
    /// The response comes from another provider: a mix-up attack (RFC 9207 §2.4).
    #[error("the response comes from another provider")]
    Issuer,
    /// The provider rejected the code or refresh token: already used, expired, or issued to another client.
    #[error("the provider rejected the authorization code or the refresh token")]
    Grant,
    /// The provider rejected this server's client credentials. Operator action is required.
    #[error("the provider rejected this server's client credentials")]
    Client,
    /// The provider returned another OAuth error, with this code.
    #[error("the provider returned the error `{0}`")]
    Provider(String),
    /// The response is incomplete or cannot be parsed.
    #[error("the provider's response is malformed: {0}")]
    Malformed(&'static str),
    /// The ID token or logout token failed the checks that apply to all tokens.
    #[error(transparent)]
    Token(RejectedToken),
    /// The nonce of the ID token does not match the request.
    #[error("the ID token's nonce does not match the request")]
    Nonce,
    /// The ID token was issued to another client (`azp`).
    #[error("the ID token's authorized party is another client")]
    AuthorizedParty,
    /// The `at_hash` of the ID token does not match the access token.
    #[error("the ID token's `at_hash` does not match the access token")]
    AccessTokenHash,
    /// The user authenticated longer ago than the operator allows (`max_age`, OpenID Connect Core 1.0 §3.1.2.1).
    #[error("the last sign-in at the provider is too long ago")]
    TooLongAgo,
    /// The subject (`sub`) differs from that of the sign-in to renew, or between the provider's responses.
    #[error("the provider's responses have different subjects")]
    Subject,
    /// UserInfo is required but unavailable.
    #[error("the provider's UserInfo endpoint is unavailable")]
    UserInfo,
    /// The token is not a valid logout token.
    #[error("the logout token was rejected: {0}")]
    LogoutToken(&'static str),
}

impl RefusedSignIn {
    /// Reason code, for pages, audit entries and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Issuer => "issuer_mismatch",
            Self::Grant => "grant_refused",
            Self::Client => "client_refused",
            Self::Provider(_) => "provider_error",
            Self::Malformed(_) => "provider_malformed",
            Self::Token(reason) => reason.code(),
            Self::Nonce => "nonce_mismatch",
            Self::AuthorizedParty => "authorized_party",
            Self::AccessTokenHash => "access_token_hash",
            Self::TooLongAgo => "authentication_age",
            Self::Subject => "subject_mismatch",
            Self::UserInfo => "userinfo_unavailable",
            Self::LogoutToken(_) => "logout_token",
        }
    }
}

impl From<RefusedSignIn> for ProviderError {
    fn from(reason: RefusedSignIn) -> Self {
        Self::Refused(reason)
    }
}

//! Sign-in of people at an OpenID provider.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::RejectedToken;
use crate::entity::Principal;
use crate::value::{Claims, Email, GroupId, Secret};

/// An OpenID provider at which people sign in, as its relying party.
///
/// Contract: what comes back from the browser or the provider is believed only after every check of OpenID Connect Core 1.0
/// §3.1.3.7 and RFC 9207. A provider that cannot be asked is [`ProviderError::Unavailable`], never a refusal. Nothing of a
/// code, a token or a secret is logged or put into an error.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// What the configuration calls it.
    fn id(&self) -> &str;

    /// What people call it.
    fn display_name(&self) -> &str;

    /// The issuer, byte for byte as in its tokens.
    fn issuer(&self) -> &str;

    /// Whether this id is in the namespace of the issuer: a session of any other principal is not this provider's.
    fn holds(&self, principal: &Principal) -> bool;

    /// Where to send the browser (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1). Always with PKCE, method `S256`.
    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError>;

    /// Redeems what the browser brought back. Checks the response's issuer before the provider hears of the code.
    async fn redeem(&self, response: &AuthorizationResponse, sent: &Sent) -> Result<SignedIn, ProviderError>;

    /// Renews a sign-in by its refresh token (OpenID Connect Core 1.0 §12). What the provider does not say anew stays as it
    /// was. [`RefusedSignIn::Grant`] when the provider no longer takes the refresh token, or there is none.
    async fn refresh(&self, known: &SignedIn) -> Result<SignedIn, ProviderError>;

    /// Revokes a refresh token (RFC 7009). A provider without a revocation endpoint is no error.
    async fn revoke(&self, refresh_token: &Secret) -> Result<(), ProviderError>;

    /// Where to send the browser to sign out at the provider, too (OpenID Connect RP-Initiated Logout 1.0 §2). `None` when the
    /// provider offers no such thing, or the operator does not want it.
    async fn end_session_url(&self, ending: &Ending) -> Result<Option<String>, ProviderError>;

    /// Checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6) but for its replay.
    /// [`RefusedSignIn::Issuer`] when it is another provider's.
    async fn logout_token(&self, token: &str) -> Result<LogoutNotice, ProviderError>;
}

/// What the browser is sent to the provider with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Where the provider sends the browser back, exactly as it is registered there.
    pub redirect_uri: String,
    /// Binds the answer to the browser (RFC 6749 §10.12).
    pub state: String,
    /// Binds the ID token to the request.
    pub nonce: String,
    /// The S256 challenge (RFC 7636 §4.2).
    pub code_challenge: String,
    /// Whether the provider must ask for credentials again (`prompt=login`).
    pub reauthenticate: bool,
}

/// What the browser brought back from the provider.
#[derive(Clone, Debug)]
pub struct AuthorizationResponse {
    /// The code.
    pub code: Secret,
    /// The parameter `iss` (RFC 9207).
    pub issuer: Option<String>,
}

/// What was sent, for comparison.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The redirect URI of the request.
    pub redirect_uri: String,
    /// The verifier behind the request's challenge.
    pub code_verifier: Secret,
    /// The request's nonce.
    pub nonce: String,
}

/// Somebody who signed in, and what the provider says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    /// The subject: the provider's own id of them.
    pub subject: String,
    /// The provider's own id of the session (`sid`), for logout.
    pub provider_session: Option<String>,
    /// Who they are here.
    pub principal: Principal,
    /// Their groups, when this provider's groups come from a claim; they replace the stored ones.
    pub groups: Option<Vec<GroupId>>,
    /// What to call them.
    pub display_name: Option<String>,
    /// Where to write to them.
    pub email: Option<Email>,
    /// All that is claimed of them, from all sources.
    pub claims: Claims,
    /// Where each claim was found, by its name at the top level.
    pub provenance: BTreeMap<String, ClaimSource>,
    /// The ID token, as a hint for logout.
    pub id_token: Secret,
    /// The refresh token, from a provider that gives one.
    pub refresh_token: Option<Secret>,
    /// When the access token expires, and so a renewal is due.
    pub renewal_due_at: OffsetDateTime,
}

/// Where a claim was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClaimSource {
    /// In the access token, where it is one for this service.
    AccessToken,
    /// In the ID token.
    IdToken,
    /// At the UserInfo endpoint.
    UserInfo,
}

/// What the browser is sent to the provider with to sign out there.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The ID token of the sign-in.
    pub id_token: Secret,
    /// Where the provider sends the browser afterwards, exactly as it is registered there.
    pub return_uri: String,
    /// Comes back with the browser.
    pub state: String,
    /// Whose session it is, for providers that know no hint (`logout_hint`).
    pub logout_hint: Option<String>,
}

/// A provider's word that somebody has signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The token's id (`jti`), so that it counts once.
    pub id: String,
    /// From when on the token is refused for its age. Its id must be remembered until then.
    pub expires_at: OffsetDateTime,
    /// Whose sessions end, all of them unless one is named.
    pub subject: Option<String>,
    /// Which session ends (`sid`).
    pub provider_session: Option<String>,
}

/// Why a provider does not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It refuses, or what it says cannot be believed.
    #[error("the sign-in is refused: {0}")]
    Refused(RefusedSignIn),
    /// It cannot be asked now.
    #[error("the provider cannot be asked")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

/// Why a sign-in, renewal or logout is refused. [`RefusedSignIn::code`] is stable and public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedSignIn {
    /// The answer is another provider's: a mix-up (RFC 9207 §2.4).
    #[error("the answer comes from another provider")]
    Issuer,
    /// The provider does not take the code or the refresh token: used before, expired, or somebody else's.
    #[error("the provider no longer takes the code or the refresh token")]
    Grant,
    /// The provider does not take this server's credentials. An operator must look.
    #[error("the provider refuses this server's own credentials")]
    Client,
    /// The provider answers with another OAuth error; its code.
    #[error("the provider answers with the error `{0}`")]
    Provider(String),
    /// The provider's answer lacks something, or cannot be read.
    #[error("the provider's answer is malformed: {0}")]
    Malformed(&'static str),
    /// The ID token or logout token does not pass the checks that all tokens must pass.
    #[error(transparent)]
    Token(RejectedToken),
    /// The ID token answers another request.
    #[error("the id token's nonce is not the one that was sent")]
    Nonce,
    /// The ID token was issued to another client.
    #[error("the id token's authorized party is another client")]
    AuthorizedParty,
    /// The access token is not the one that the ID token was issued with.
    #[error("the id token's `at_hash` does not fit the access token")]
    AccessTokenHash,
    /// The credentials were shown longer ago than the operator wants (`max_age`, OpenID Connect Core 1.0 §3.1.2.1).
    #[error("the last sign-in at the provider is too long ago")]
    TooLongAgo,
    /// The subject is another one than before, or than in another source.
    #[error("the provider's answers are about different subjects")]
    Subject,
    /// UserInfo is required and cannot be had.
    #[error("the provider's userinfo endpoint does not answer")]
    UserInfo,
    /// The logout token is none.
    #[error("the logout token is refused: {0}")]
    LogoutToken(&'static str),
}

impl RefusedSignIn {
    /// The reason code, for pages, audit records and metrics.
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

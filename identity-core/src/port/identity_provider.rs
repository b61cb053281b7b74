//! Port of OpenID providers: user sign-in with the authorization code flow, renewal and logout.

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
    /// Id of the provider in the configuration of this server.
    fn id(&self) -> &str;

    /// Name of the provider to show to users.
    fn display_name(&self) -> &str;

    /// Issuer identifier of the provider, byte for byte as in the claim `iss` of its tokens.
    fn issuer(&self) -> &str;

    /// Returns true if the issuer can assign the id of this principal, according to its namespace. A session of any
    /// other principal does not belong to this provider.
    fn holds(&self, principal: &Principal) -> bool;

    /// Returns the URL of the provider to which the browser is redirected for sign-in (RFC 6749 §4.1.1, OpenID Connect
    /// Core 1.0 §3.1.2.1). The URL always contains a PKCE challenge of the method `S256`.
    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError>;

    /// Exchanges the authorization code for tokens and validates them. `sent` contains the values of the request that
    /// started the sign-in. The issuer of the response is checked before the code is sent.
    async fn redeem(&self, response: &AuthorizationResponse, sent: &PendingSignIn) -> Result<SignedIn, ProviderError>;

    /// Renews a sign-in with its refresh token (OpenID Connect Core 1.0 §12). Values that the provider does not return
    /// again are taken from `known`. Fails with [`RefusedSignIn::Grant`] if the provider rejects the refresh token, or
    /// if `known` has none.
    async fn refresh(&self, known: &SignedIn) -> Result<SignedIn, ProviderError>;

    /// Revokes a refresh token (RFC 7009). Does nothing and succeeds if the provider has no revocation endpoint.
    async fn revoke(&self, refresh_token: &Secret) -> Result<(), ProviderError>;

    /// Returns the URL to which the browser is redirected for logout at the provider (OpenID Connect RP-Initiated
    /// Logout 1.0 §2). `None` if the provider does not support it or the operator disabled it.
    async fn end_session_url(&self, ending: &EndSessionRequest) -> Result<Option<String>, ProviderError>;

    /// Validates a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6). Does not detect replays; callers must
    /// remember [`LogoutNotice::id`]. Fails with [`RefusedSignIn::Issuer`] if another provider issued the token.
    async fn logout_token(&self, token: &str) -> Result<LogoutNotice, ProviderError>;
}

/// Parameters of an authorization request that differ between sign-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Redirect URI of this server, exactly as registered at the provider.
    pub redirect_uri: String,
    /// Random `state`, which binds the response to the browser and prevents CSRF (RFC 6749 §10.12).
    pub state: String,
    /// Random `nonce`, which the ID token repeats, so that a token from another sign-in is detected.
    pub nonce: String,
    /// PKCE challenge: the base64url-encoded SHA-256 digest of the verifier (method `S256`, RFC 7636 §4.2).
    pub code_challenge: String,
    /// Whether the user must enter the credentials again despite a session at the provider (`prompt=login`).
    pub reauthenticate: bool,
}

/// Parameters of a successful authorization response, which the browser delivers to the redirect URI.
#[derive(Clone, Debug)]
pub struct AuthorizationResponse {
    /// Authorization code (`code`), which can be redeemed once.
    pub code: Secret,
    /// Issuer of the response (`iss`, RFC 9207). `None` if the provider does not send it.
    pub issuer: Option<String>,
}

/// Values of an authorization request that are kept until its response arrives.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    /// Redirect URI of the request, which the token request must repeat (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    /// PKCE verifier from which the challenge of the request was derived (RFC 7636 §4.1).
    pub code_verifier: Secret,
    /// Nonce of the request, compared with the claim `nonce` of the ID token.
    pub nonce: String,
}

/// A completed sign-in of a user: principal, claims and tokens from the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    /// Id that the provider assigned to the user (`sub`).
    pub subject: String,
    /// Id that the provider assigned to its session (`sid`), for back-channel and front-channel logout.
    pub provider_session: Option<String>,
    /// User that the claims identify. The id includes the namespace of the provider, if there is one.
    pub principal: Principal,
    /// Groups from a claim of the provider; they replace the group memberships in the policy store. `None` if the
    /// memberships in the policy store apply.
    pub groups: Option<Vec<GroupId>>,
    /// Display name from the claim `name`, if present.
    pub display_name: Option<String>,
    /// E-mail address from the claim `email`, if present and valid.
    pub email: Option<Email>,
    /// Claims of the access token, the ID token and the UserInfo response, merged into one object.
    pub claims: Claims,
    /// Token or endpoint from which each top-level claim was taken, by claim name.
    pub provenance: BTreeMap<String, ClaimSource>,
    /// Encoded ID token, sent back to the provider as `id_token_hint` at logout.
    pub id_token: Secret,
    /// Refresh token. `None` if the provider issued none; the sign-in cannot be renewed then.
    pub refresh_token: Option<Secret>,
    /// Expiration time of the access token. The sign-in must be renewed from then on.
    pub renewal_due_at: OffsetDateTime,
}

/// Token or endpoint from which a claim was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ClaimSource {
    /// The access token. Its claims are used only if it was issued for this service.
    AccessToken,
    /// The ID token (OpenID Connect Core 1.0 §2).
    IdToken,
    /// The response of the UserInfo endpoint (OpenID Connect Core 1.0 §5.3).
    UserInfo,
}

/// Parameters of a logout request to the provider (OpenID Connect RP-Initiated Logout 1.0 §2).
#[derive(Clone, Debug)]
pub struct EndSessionRequest {
    /// ID token of the sign-in that ends (`id_token_hint`).
    pub id_token: Secret,
    /// URI to which the provider redirects the browser afterwards (`post_logout_redirect_uri`), exactly as registered.
    pub return_uri: String,
    /// Opaque `state`, which the provider returns unchanged in that redirect.
    pub state: String,
    /// User whose session ends (`logout_hint`), for providers that do not accept an ID token as a hint.
    pub logout_hint: Option<String>,
}

/// Contents of a validated logout token: the sessions to end, and the values for replay detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Id of the token (`jti`). Callers store it and reject a second token with the same id.
    pub id: String,
    /// Time from which the token is rejected as expired. Callers must remember its id until then.
    pub expires_at: OffsetDateTime,
    /// User whose sessions end (`sub`): all of them, unless `provider_session` selects one.
    pub subject: Option<String>,
    /// The only provider session to end (`sid`). `None` if all sessions of `subject` end.
    pub provider_session: Option<String>,
}

/// Failure of a call to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider rejected the request, or its response failed validation.
    #[error("the sign-in was rejected: {0}")]
    Refused(RefusedSignIn),
    /// The provider is unreachable, or the data needed to validate its response is.
    #[error("the provider is unavailable")]
    Unavailable {
        /// Time to wait before the caller repeats the request.
        retry_after: Duration,
    },
}

/// Reason why a sign-in, renewal or logout is rejected. The codes of [`RefusedSignIn::code`] are stable and public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedSignIn {
    /// The response or logout token comes from another issuer, or the response lacks the `iss` that the provider
    /// announces. Prevents mix-up attacks (RFC 9207 §2.4).
    #[error("the response comes from another provider")]
    Issuer,
    /// The provider rejected the code or refresh token: already used, expired, or issued to another client.
    #[error("the provider rejected the authorization code or the refresh token")]
    Grant,
    /// The provider rejected the client credentials of this server. The operator must correct the configuration.
    #[error("the provider rejected this server's client credentials")]
    Client,
    /// The provider returned an OAuth error with this code that no other variant covers (RFC 6749 §5.2).
    #[error("the provider returned the error `{0}`")]
    Provider(String),
    /// The response of the provider is incomplete or cannot be parsed.
    #[error("the provider's response is malformed: {0}")]
    Malformed(&'static str),
    /// The ID token or logout token failed a check that applies to all tokens, such as signature, issuer or lifetime.
    #[error(transparent)]
    Token(RejectedToken),
    /// The claim `nonce` of the ID token differs from the nonce of the request: the token may be replayed.
    #[error("the ID token's nonce does not match the request")]
    Nonce,
    /// The ID token was issued to another client: its claim `azp` is not the client id of this server.
    #[error("the ID token's authorized party is another client")]
    AuthorizedParty,
    /// The claim `at_hash` of the ID token does not match the access token (OpenID Connect Core 1.0 §3.1.3.6).
    #[error("the ID token's `at_hash` does not match the access token")]
    AccessTokenHash,
    /// The user authenticated longer ago than the operator allows (`max_age`, OpenID Connect Core 1.0 §3.1.2.1).
    #[error("the last sign-in at the provider is too long ago")]
    TooLongAgo,
    /// The subject (`sub`) differs between the provider's responses, or from the sign-in to renew.
    #[error("the provider's responses have different subjects")]
    Subject,
    /// The UserInfo endpoint is unavailable, although the sign-in requires its response.
    #[error("the provider's UserInfo endpoint is unavailable")]
    UserInfo,
    /// The token is not a valid logout token (OpenID Connect Back-Channel Logout 1.0 §2.6). Contains the failed rule.
    #[error("the logout token was rejected: {0}")]
    LogoutToken(&'static str),
}

impl RefusedSignIn {
    /// Stable reason code for error pages, audit entries and metrics, such as `nonce_mismatch`.
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

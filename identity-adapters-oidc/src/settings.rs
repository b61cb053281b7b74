//! Settings of issuers and of token verification.

use std::time::Duration;

use identity_core::resolve::PrincipalClaims;
use url::{Host, Url};

use crate::algorithm::SigningAlgorithm;
use crate::habits::TokenHabits;
use crate::http::HttpSettings;

/// Settings of one issuer whose tokens are accepted.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// Front-channel URL of the issuer, compared byte for byte with `iss`.
    pub issuer: String,
    /// Accepted audiences: `aud` must contain at least one. Must not be empty.
    pub audiences: Vec<String>,
    /// Mapping of claims to a principal (user or client) and its groups.
    pub claims: PrincipalClaims,
    /// Base URL for calls from this server, if it differs from the issuer. Discovery uses it. In discovered URLs that
    /// this server calls, it replaces the issuer's URL.
    pub back_channel: Option<String>,
    /// URL of the key set. If set, discovery is disabled.
    pub jwks_url: Option<String>,
    /// URLs of additional key sets, searched in this order after the first.
    pub extra_jwks_urls: Vec<String>,
    /// Tolerated clock skew of the issuer (default: 60 s).
    pub clock_skew: Duration,
    /// Accepted signature algorithms (default: all).
    pub algorithms: Vec<SigningAlgorithm>,
    /// Whether to accept only tokens with the header type `at+jwt` (RFC 9068 §2.1; default: false).
    pub require_access_token_type: bool,
    /// Client id for user sign-in at this issuer. Every ID token for that client has it as audience; tokens with this
    /// audience must therefore be marked as access tokens.
    pub client_id: Option<String>,
    /// Whether to accept tokens that cannot be distinguished from ID tokens, for providers such as Dex whose access
    /// tokens have the claims of ID tokens. ID tokens for one of the audiences then count as access tokens.
    pub accept_id_tokens: bool,
    /// Provider-specific properties of access tokens; see [`TokenHabits::of`] for the defaults of a provider kind.
    pub habits: TokenHabits,
    /// Whether to accept plain `http` for hosts other than this machine (default: false).
    pub allow_http: bool,
    /// UserInfo requests for claims that tokens lack. `None`, the default, disables them.
    pub user_info: Option<UserInfoSettings>,
}

impl IssuerSettings {
    /// Creates settings with discovery at the issuer, the default algorithms, TLS required, and the default token
    /// types.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audiences: Vec<String>, claims: PrincipalClaims) -> Self {
        Self {
            issuer: issuer.into(),
            audiences,
            claims,
            back_channel: None,
            jwks_url: None,
            extra_jwks_urls: Vec::new(),
            clock_skew: Duration::from_secs(60),
            algorithms: SigningAlgorithm::ALL.to_vec(),
            require_access_token_type: false,
            client_id: None,
            accept_id_tokens: false,
            habits: TokenHabits::default(),
            allow_http: false,
            user_info: None,
        }
    }
}

/// Settings for UserInfo requests for claims that tokens lack (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Debug)]
pub struct UserInfoSettings {
    /// URL of the endpoint, in place of the discovered one. Required with [`IssuerSettings::jwks_url`], which disables
    /// discovery.
    pub url: Option<String>,
    /// How long a response is cached (default: 5 minutes), but not longer than the token is valid.
    pub ttl: Duration,
    /// Delay before a retry after a failed request (default: 5 s). Until then, only the token's own claims are used.
    pub negative_ttl: Duration,
}

impl Default for UserInfoSettings {
    fn default() -> Self {
        Self { url: None, ttl: Duration::from_secs(300), negative_ttl: Duration::from_secs(5) }
    }
}

/// Settings of token verification that are common to all issuers.
#[derive(Clone, Debug)]
pub struct VerifierSettings {
    /// Maximum length of a token in bytes (default: 64 KiB).
    pub max_token_bytes: usize,
    /// Maximum number of cached tokens (default: 10,000). A longer token counts once per 16 KiB. Zero disables the
    /// cache.
    pub cache_entries: u64,
    /// Age at which keys are refreshed (default: 10 minutes; at least 1 s).
    pub refresh_after: Duration,
    /// Interval between fetches for unknown keys, after five fetches in a row without delay (default: 10 s; at least 1
    /// s).
    pub unknown_key_cool_down: Duration,
    /// Minimum interval between fetches while there are no keys (default: 5 s; at least 1 s).
    pub failure_back_off: Duration,
    /// Timeouts, size limit and trust anchors of calls to providers.
    pub http: HttpSettings,
}

impl Default for VerifierSettings {
    fn default() -> Self {
        Self {
            max_token_bytes: 64 * 1024,
            cache_entries: 10_000,
            refresh_after: Duration::from_secs(600),
            unknown_key_cool_down: Duration::from_secs(10),
            failure_back_off: Duration::from_secs(5),
            http: HttpSettings::default(),
        }
    }
}

/// Parses the URL of a document or endpoint. Plain HTTP is accepted only for this machine, unless `allow_http` is set.
/// An error completes a sentence that begins with the name of the setting.
pub(crate) fn fetched_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => return Err("uses plain HTTP, which is not allowed for this issuer"),
        _ => return Err("is neither https nor http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain credentials");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    Ok(url)
}

/// Like [`fetched_url`], for a base URL, which must not have a query (OpenID Connect Discovery 1.0 §2).
pub(crate) fn base_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = fetched_url(text, allow_http)?;
    if url.query().is_some() { Err("must not have a query") } else { Ok(url) }
}

/// Whether the host of the URL is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

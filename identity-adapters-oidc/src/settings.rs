//! What an operator says about issuers and about verification.

use std::fmt;
use std::time::Duration;

use identity_core::resolve::PrincipalClaims;
use url::{Host, Url};

use crate::algorithm::SigningAlgorithm;
use crate::habits::TokenHabits;
use crate::http::HttpSettings;

/// One issuer whose tokens are accepted.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// The issuer as tokens name it, compared byte for byte with `iss`: its front-channel URL.
    pub issuer: String,
    /// Who tokens must be for: at least one must be in `aud`. Never empty.
    pub audiences: Vec<String>,
    /// Which claims say whom a token speaks for.
    pub claims: PrincipalClaims,
    /// Where the provider is reached from here, when that is not the issuer: discovery is asked there, and a key set that
    /// discovery places under the issuer is asked there too.
    pub back_channel: Option<String>,
    /// Where the keys are, when discovery shall not be asked.
    pub jwks_url: Option<String>,
    /// More key sets, asked in this order after the first has been.
    pub extra_jwks_urls: Vec<String>,
    /// How far the issuer's clock may be off (60 s).
    pub clock_skew: Duration,
    /// The algorithms that this issuer's signatures may have.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Accept only tokens whose header says `at+jwt` (RFC 9068 §2.1).
    pub require_access_token_type: bool,
    /// The client id with which people sign in at this issuer. Tokens that have it as their audience must be marked as
    /// access tokens, because every ID token for that client has it, too.
    pub client_id: Option<String>,
    /// Accept tokens that cannot be told from ID tokens: for providers that build access tokens like ID tokens, such as Dex.
    /// ID tokens for one of the audiences then count as access tokens.
    pub accept_id_tokens: bool,
    /// What is particular about the issuer's access tokens.
    pub habits: TokenHabits,
    /// Accept plain `http` for hosts other than this one.
    pub allow_http: bool,
    /// Ask UserInfo for claims that tokens lack. Off when `None`.
    pub user_info: Option<UserInfoSettings>,
}

impl IssuerSettings {
    /// Discovery at the issuer, the default algorithms, TLS required, token types as most providers write them.
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

/// How UserInfo is asked for claims that tokens lack (OpenID Connect Core 1.0 §5.3).
#[derive(Clone, Debug)]
pub struct UserInfoSettings {
    /// Where it is, when discovery shall not say. Needed beside [`IssuerSettings::jwks_url`], which does without discovery.
    pub url: Option<String>,
    /// How long an answer counts (5 minutes); never longer than the token.
    pub ttl: Duration,
    /// How long a token counts without an answer before it is asked for again (5 s).
    pub negative_ttl: Duration,
}

impl Default for UserInfoSettings {
    fn default() -> Self {
        Self { url: None, ttl: Duration::from_secs(300), negative_ttl: Duration::from_secs(5) }
    }
}

/// What holds for all issuers.
#[derive(Clone, Debug)]
pub struct VerifierSettings {
    /// Longest token in bytes (64 KiB).
    pub max_token_bytes: usize,
    /// Most verified tokens kept (10 000); a longer token counts as one for each 16 KiB. Zero keeps none.
    pub cache_entries: u64,
    /// Age at which keys are fetched again (10 minutes).
    pub refresh_after: Duration,
    /// Least time between two fetches because of an unknown key (10 s).
    pub unknown_key_cool_down: Duration,
    /// Least time between two fetches while no keys could be had (5 s).
    pub failure_back_off: Duration,
    /// How providers are called.
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

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(pub Vec<SettingsProblem>);

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// No issuer at all.
    #[error("no issuer is configured")]
    NoIssuer,
    /// The same issuer twice.
    #[error("the issuer `{0}` is configured twice")]
    DuplicateIssuer(String),
    /// Without an audience, a token for any other service would do here.
    #[error("the issuer `{0}` needs at least one audience, and none may be blank")]
    NoAudience(String),
    /// No algorithm is left.
    #[error("the issuer `{0}` needs at least one algorithm")]
    NoAlgorithm(String),
    /// A URL that cannot be used.
    #[error("the issuer `{issuer}`: `{setting}` {rule}")]
    Url {
        /// The issuer.
        issuer: String,
        /// The setting that holds the URL.
        setting: &'static str,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// Something about a provider at which people sign in.
    #[error("the provider `{provider}`: `{setting}` {rule}")]
    Provider {
        /// What the configuration calls it.
        provider: String,
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        rule: String,
    },
    /// A pause so short that a provider would be flooded.
    #[error("`{0}` must be at least one second")]
    TooShort(&'static str),
    /// The HTTP client cannot be made.
    #[error("the http client cannot be made: {0}")]
    Http(String),
}

/// Reads the URL of something that is fetched.
pub(crate) fn fetched_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a url")?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => return Err("is plain http, which is not allowed for this issuer"),
        _ => return Err("is neither https nor http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold credentials");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    Ok(url)
}

/// Reads a URL that others are built upon (OpenID Connect Discovery 1.0 §2: no query).
pub(crate) fn base_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = fetched_url(text, allow_http)?;
    if url.query().is_some() { Err("must not have a query") } else { Ok(url) }
}

/// Whether the host is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

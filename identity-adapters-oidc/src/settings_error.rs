//! Errors for invalid settings.

use std::fmt;

/// All problems that were found in the settings. The message lists them, separated by semicolons.
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

/// One problem with the settings of an issuer, of a provider, or of verification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsProblem {
    /// No issuer is configured, so no token could be accepted.
    #[error("no issuer is configured")]
    NoIssuer,
    /// Two issuers have the same `iss`, which this variant contains.
    #[error("the issuer `{0}` is configured twice")]
    DuplicateIssuer(String),
    /// An issuer has no audience. Without one, tokens for any other service would be accepted.
    #[error("the issuer `{0}` must have at least one audience, and none may be blank")]
    NoAudience(String),
    /// An issuer has an empty list of signature algorithms.
    #[error("the issuer `{0}` must have at least one algorithm")]
    NoAlgorithm(String),
    /// A URL of an issuer cannot be used.
    #[error("the issuer `{issuer}`: `{setting}` {rule}")]
    Url {
        /// The issuer whose URL is invalid, as configured.
        issuer: String,
        /// Name of the setting that contains the URL.
        setting: &'static str,
        /// The violated rule, such as "must not have a query".
        rule: &'static str,
    },
    /// A setting of a sign-in provider, or of a service's client registration, is invalid.
    #[error("the provider `{provider}`: `{setting}` {rule}")]
    Provider {
        /// Name of the provider in the configuration, or the issuer of a service's client registration.
        provider: String,
        /// Name of the invalid setting, such as `client_id`.
        setting: &'static str,
        /// The violated rule, such as "must not be blank".
        rule: String,
    },
    /// A pause is so short that a provider would be flooded with requests. Contains the name of the setting.
    #[error("`{0}` must be at least one second")]
    TooShort(&'static str),
    /// The HTTP client cannot be built, for example because the extra authorities contain no certificate.
    #[error("the HTTP client cannot be created: {0}")]
    Http(String),
}

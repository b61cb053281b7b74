//! Problems with the settings.

use std::fmt;

/// All problems with the settings.
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

/// One problem with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// There is no issuer.
    #[error("no issuer is configured")]
    NoIssuer,
    /// An issuer is configured twice.
    #[error("the issuer `{0}` is configured twice")]
    DuplicateIssuer(String),
    /// An issuer has no audience. Without one, tokens for any other service would be accepted.
    #[error("the issuer `{0}` must have at least one audience, and none may be blank")]
    NoAudience(String),
    /// An issuer has no algorithm.
    #[error("the issuer `{0}` must have at least one algorithm")]
    NoAlgorithm(String),
    /// A URL cannot be used.
    #[error("the issuer `{issuer}`: `{setting}` {rule}")]
    Url {
        /// The issuer.
        issuer: String,
        /// The setting with the URL.
        setting: &'static str,
        /// The violated rule.
        rule: &'static str,
    },
    /// A setting of a sign-in provider is not valid.
    #[error("the provider `{provider}`: `{setting}` {rule}")]
    Provider {
        /// The provider's name in the configuration.
        provider: String,
        /// The setting.
        setting: &'static str,
        /// The violated rule.
        rule: String,
    },
    /// A pause is so short that a provider would be flooded with requests.
    #[error("`{0}` must be at least one second")]
    TooShort(&'static str),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be created: {0}")]
    Http(String),
}

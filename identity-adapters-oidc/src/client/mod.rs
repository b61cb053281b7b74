//! OAuth 2.0 and OpenID Connect client: user sign-in at a provider, and access tokens for services.

mod authentication;
mod claims;
pub(crate) mod files;
mod front_channel;
mod key;
mod kinds;
mod logout_token;
mod machine;
mod problems;
mod provider;
mod relying_party;
mod settings;
mod signed;
mod telemetry;
mod token;

pub use machine::{MachineToken, MachineTokenRequest, MachineTokenSettings, MachineTokens};
pub use provider::OidcProvider;
pub use settings::{
    AssertionAudience, AssertionSettings, ClientAuthentication, EndpointUrls, KeyFile, KeyId, ProviderSettings,
    Thumbprint, TlsSettings, UserInfoMode,
};

//! TBD
mod algorithm;
mod cache;
mod checks;
mod compact;
mod discovery;
mod http;
mod issuer;
mod json;
mod jwk;
mod keys;
mod settings;
mod telemetry;
mod verifier;

pub use algorithm::{SigningAlgorithm, UnknownAlgorithm};
pub use http::{HttpSettings, http_client};
pub use issuer::IssuerStatus;
pub use settings::{IssuerSettings, SettingsError, SettingsProblem, VerifierSettings};
pub use verifier::OidcTokenVerifier;

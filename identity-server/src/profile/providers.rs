//! Identity providers whose tokens a profile accepts.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::port::{IdentityProvider, TokenVerifier};

use super::AssemblyError;
use crate::config::Config;

/// Identity providers of a profile: the issuers of access tokens, and the providers at which users sign in.
#[async_trait]
pub trait Providers: Send + Sync {
    /// Returns the verifier of access tokens.
    fn verifier(&self) -> Arc<dyn TokenVerifier>;

    /// Builds the providers at which users sign in: those with a configured client. Sends no request.
    ///
    /// # Errors
    /// Returns an error if the settings of a client are unusable.
    fn sign_in(&self, config: &Config) -> Result<Vec<Arc<dyn IdentityProvider>>, AssemblyError>;

    /// Fetches the signing keys of the issuers that have none.
    async fn warm(&self);

    /// Returns the status of each issuer, in their configured order.
    fn issuers(&self) -> Vec<IssuerStatus>;
}

/// Status of an issuer of access tokens.
pub struct IssuerStatus {
    /// Issuer URL, as configured.
    pub issuer: Arc<str>,
    /// Whether the last fetch of its first key set succeeded; `None` before the first fetch.
    pub up: Option<bool>,
    /// Whether keys are available for verification, even if they are outdated.
    pub has_keys: bool,
    /// Error of the last fetch of one of its key sets, if that fetch failed.
    pub last_error: Option<String>,
}

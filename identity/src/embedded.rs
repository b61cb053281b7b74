//! Authentication and decisions in one value.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "oidc")]
use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, SettingsError, VerifierSettings};
use identity_adapters_system::SystemClock;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::Engine;
use identity_core::port::{AuditLog, Clock, PolicyStore, StoreError, TokenVerifier};
use identity_core::service::{Authentication, AuthenticationError, Caller};
use identity_core::world::Sources;
use tokio::task::JoinHandle;

/// Default of [`IdentityBuilder::max_age`].
const MAX_AGE: Duration = Duration::from_secs(60);

/// Verifies tokens, resolves their bearers and decides, with the policies of a store.
///
/// Follows the changes that other processes make to the store, until it is dropped. Clone the [`Arc`]s that it returns to
/// share its parts.
pub struct Identity {
    engine: Arc<Engine>,
    authentication: Arc<Authentication>,
    following: JoinHandle<()>,
}

/// Settings of an [`Identity`], with these defaults: the clock of the system, no trusted issuers, groups with stored
/// members, the built-in resource types, and 60 seconds for which unconfirmed policies apply.
pub struct IdentityBuilder {
    policy: Arc<dyn PolicyStore>,
    audit: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    sources: Sources,
    verifier: Option<Arc<dyn TokenVerifier>>,
    max_age: Option<Duration>,
}

impl Identity {
    /// Starts to configure an instance on the policies of a store, such as the fields `policy` and `audit` of
    /// `SqliteStores` or `PostgresStores`.
    pub fn on(policy: Arc<dyn PolicyStore>, audit: Arc<dyn AuditLog>) -> IdentityBuilder {
        let sources = Sources::Provider { groups_claimed: false };
        IdentityBuilder { policy, audit, clock: Arc::new(SystemClock), sources, verifier: None, max_age: Some(MAX_AGE) }
    }

    /// Verifies a bearer token, given without the prefix `Bearer`, and resolves its bearer. [`Caller::may`] and
    /// [`Caller::decide`] then decide.
    ///
    /// # Errors
    /// When the token is rejected, no issuer is trusted, or the keys of its issuer are unavailable.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, AuthenticationError> {
        self.authentication.bearer(token, None).await
    }

    /// Returns the authentication, for [`BearerLayer`](crate::prelude) of `tower` and the extractor of `actix-web`.
    #[must_use]
    pub fn authentication(&self) -> Arc<Authentication> {
        Arc::clone(&self.authentication)
    }

    /// Returns the engine, which holds the current world and changes it.
    #[must_use]
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl IdentityBuilder {
    /// Trusts the access tokens of these issuers.
    ///
    /// # Errors
    /// If a setting is invalid; the error lists all problems. An unreachable provider is not an error.
    #[cfg(feature = "oidc")]
    pub fn trusting(self, issuers: Vec<IssuerSettings>) -> Result<Self, SettingsError> {
        let verifier = OidcTokenVerifier::new(issuers, VerifierSettings::default(), Arc::clone(&self.clock))?;
        Ok(self.verifier(Arc::new(verifier)))
    }

    /// Verifies tokens with `verifier`.
    #[must_use]
    pub fn verifier(self, verifier: Arc<dyn TokenVerifier>) -> Self {
        Self { verifier: Some(verifier), ..self }
    }

    /// Sets where users, clients and groups come from.
    #[must_use]
    pub fn sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// Sets for how long policies apply that the store has not confirmed, such as during an outage of the database (default:
    /// 60 seconds). Authentication then fails with [`AuthenticationError::Stale`]. With `None`, they apply without limit, and
    /// revoked access may remain effective.
    #[must_use]
    pub fn max_age(self, max_age: Option<Duration>) -> Self {
        Self { max_age, ..self }
    }

    /// Replaces the clock, for tests. Call it before [`IdentityBuilder::trusting`].
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Loads the policies and starts to follow changes. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(self) -> Result<Identity, StoreError> {
        let Self { policy, audit, clock, sources, verifier, max_age } = self;
        let engine = Engine::start(policy, audit, clock, sources, ResourceCatalog::standard()).await?;
        let engine = Arc::new(engine.refusing_beyond(max_age));
        let authentication = Arc::new(Authentication::new(Arc::clone(&engine), verifier, None));
        let followed = Arc::clone(&engine);
        let following = tokio::spawn(async move { followed.follow().await });
        Ok(Identity { engine, authentication, following })
    }
}

//! Profiles: which ports there are, and so which services and surfaces. The only place that names them.

#[cfg(feature = "builtin")]
mod builtin;
#[cfg(feature = "oidc")]
mod oidc;

use std::sync::Arc;
use std::time::Duration;

use identity_adapters_oidc::{OidcTokenVerifier, SettingsError};
use identity_core::engine::Engine;
use identity_core::port::{Clock, Ids, PasswordHasher};
use identity_core::service::{Authentication, Authorizations, Gate, Groups, MappingRules, Roles, Tenants};
use identity_core::world::Sources;
use identity_http::{Limits, Surfaces};

use crate::config::{Config, Profile};

/// How long a request may wait for a revision that it demands.
const REVISION_WAIT: Duration = Duration::from_secs(2);

/// A profile's services.
pub struct Assembled {
    /// What is served.
    pub surfaces: Surfaces,
    /// What verifies tokens, in the profiles that have tokens.
    pub verifier: Option<Arc<OidcTokenVerifier>>,
}

/// Why a profile cannot be assembled.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// It was left out of this build.
    #[error("the profile `{0}` is not compiled in; build with the cargo feature `{0}`")]
    NotCompiledIn(&'static str),
    /// It is not there yet.
    #[error("the profile `{0}` is not served by this version")]
    NotServed(&'static str),
    /// The issuers' settings cannot be used.
    #[error("the providers cannot be used")]
    Providers(#[from] SettingsError),
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed: {0}")]
    Hasher(String),
}

/// Where the principals of the profile come from.
///
/// # Errors
/// When the profile is not in this build.
pub fn sources(config: &Config) -> Result<Sources, AssemblyError> {
    match config.profile {
        #[cfg(feature = "builtin")]
        Profile::Builtin => Ok(Sources::BuiltIn),
        #[cfg(feature = "oidc")]
        Profile::Oidc => Ok(oidc::sources(config)),
        #[cfg(feature = "keycloak")]
        Profile::Keycloak => Err(AssemblyError::NotServed("keycloak")),
        #[cfg(not(all(feature = "builtin", feature = "oidc", feature = "keycloak")))]
        other => Err(AssemblyError::NotCompiledIn(other.as_str())),
    }
}

/// What hashes passwords, in the profiles that have passwords.
///
/// # Errors
/// When this machine cannot make a hash.
pub fn password_hasher(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn PasswordHasher>>, AssemblyError> {
    match config.profile {
        #[cfg(feature = "builtin")]
        Profile::Builtin => builtin::password_hasher(config, clock).map(Some),
        _ => Ok(None),
    }
}

/// Builds the services that the profile has.
///
/// # Errors
/// When the profile is not in this build, or its settings cannot be used.
pub fn assemble(
    config: &Config,
    engine: &Arc<Engine>,
    hasher: Option<Arc<dyn PasswordHasher>>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> Result<Assembled, AssemblyError> {
    let verifier = match config.profile {
        #[cfg(feature = "oidc")]
        Profile::Oidc => Some(oidc::verifier(config, clock)?),
        _ => None,
    };
    let bearer = verifier.clone().map(|verifier| verifier as _);
    let gate = || Gate::new(Arc::clone(engine));
    let features = config.features;
    // Rules match tokens: without tokens there is nothing to manage.
    let has_rules = verifier.is_some();
    let surfaces = Surfaces {
        engine: Arc::clone(engine),
        authentication: Arc::new(Authentication::new(Arc::clone(engine), bearer, hasher)),
        groups: Some(Arc::new(Groups::new(gate(), Arc::clone(ids)))),
        roles: Some(Arc::new(Roles::new(gate()))),
        tenants: features.tenants.then(|| Arc::new(Tenants::new(gate()))),
        mapping_rules: has_rules.then(|| Arc::new(MappingRules::new(gate()))),
        authorizations: features.resource_authorizations.then(|| Arc::new(Authorizations::new(gate()))),
        ids: Arc::clone(ids),
        limits: Limits { body_bytes: config.server.max_body_bytes, revision_wait: REVISION_WAIT },
    };
    Ok(Assembled { surfaces, verifier })
}

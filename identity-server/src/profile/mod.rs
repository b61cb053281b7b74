//! Profiles: which ports there are, and so which services and surfaces. The only place that names them.

#[cfg(feature = "builtin")]
mod builtin;
#[cfg(feature = "oidc")]
mod oidc;
mod sign_in;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use identity_adapters_oidc::{OidcTokenVerifier, SettingsError};
use identity_core::engine::Engine;
use identity_core::port::{AuditLog, Clock, Ids, PasswordHasher, SessionStore};
use identity_core::service::cluster::{
    ClusterAuthorizations, ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, ClusterUsers, Members,
    Setup,
};
use identity_core::service::{AuditLogs, Authentication, Authorizations, Gate, Groups, MappingRules, Roles, Tenants};
use identity_core::world::Sources;
use identity_http::{About, Cluster, FirstAdministrator, Https, IdRules, Limits, SignIn, Surfaces, TrustedProxies};

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

/// What every profile is made of.
pub struct Parts<'p> {
    /// Holds the world.
    pub engine: &'p Arc<Engine>,
    /// What was done and refused.
    pub audit: &'p Arc<dyn AuditLog>,
    /// Where browser sessions are kept.
    pub sessions: &'p Arc<dyn SessionStore>,
    /// What hashes passwords, in the profiles that have passwords.
    pub hasher: Option<Arc<dyn PasswordHasher>>,
    /// The time of day.
    pub clock: &'p Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: &'p Arc<dyn Ids>,
    /// Where the API listens.
    pub listening: SocketAddr,
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
    /// The machine has no randomness.
    #[error("the machine has no randomness")]
    NoRandomness,
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
pub fn assemble(config: &Config, parts: Parts<'_>) -> Result<Assembled, AssemblyError> {
    let Parts { engine, audit, sessions, hasher, clock, ids, listening } = parts;
    let verifier = match config.profile {
        #[cfg(feature = "oidc")]
        Profile::Oidc => Some(oidc::verifier(config, clock)?),
        _ => None,
    };
    let bearer = verifier.clone().map(|verifier| verifier as _);
    let gate = || Gate::management(Arc::clone(engine));
    let features = config.features;
    // Rules match tokens: without tokens there is nothing to manage.
    let has_rules = verifier.is_some();
    let cluster = cluster(config, engine, audit, hasher.as_ref());
    let sign_in = sign_in::sign_in(config, engine, sessions, verifier.as_deref(), hasher.is_some(), listening)?;
    let sign_in = sign_in.map(|sign_in| {
        let first = |setup: &Arc<Setup>| FirstAdministrator { setup: Arc::clone(setup), ids: cluster.ids.clone() };
        SignIn { setup: cluster.setup.as_ref().map(first), ..sign_in }
    });
    let surfaces = Surfaces {
        engine: Arc::clone(engine),
        authentication: Arc::new(
            Authentication::new(Arc::clone(engine), bearer, hasher).unprotected(config.authentication.unprotected_api),
        ),
        groups: Some(Arc::new(Groups::new(gate(), Arc::clone(ids)))),
        roles: Some(Arc::new(Roles::new(gate()))),
        tenants: features.tenants.then(|| Arc::new(Tenants::new(gate()))),
        mapping_rules: has_rules.then(|| Arc::new(MappingRules::new(gate()))),
        authorizations: features.resource_authorizations.then(|| Arc::new(Authorizations::new(gate()))),
        audit_logs: Some(Arc::new(AuditLogs::new(gate(), Arc::clone(audit)))),
        cluster: Some(cluster),
        sign_in,
        base_path: config.server.base_path.clone(),
        https: Https(sign_in::is_https(config)),
        ids: Arc::clone(ids),
        limits: Limits { body_bytes: config.server.max_body_bytes, revision_wait: REVISION_WAIT },
        proxies: TrustedProxies::new(&config.server.trusted_proxies),
    };
    Ok(Assembled { surfaces, verifier })
}

/// The services of the Orchestration Cluster API, which the profiles with stored users or tokens have alike.
fn cluster(
    config: &Config,
    engine: &Arc<Engine>,
    audit: &Arc<dyn AuditLog>,
    hasher: Option<&Arc<dyn PasswordHasher>>,
) -> Cluster {
    let switches = &config.switches;
    let gate = || Gate::cluster(Arc::clone(engine), switches.authorizations_enabled);
    let users = hasher.map(|hasher| Arc::new(ClusterUsers::new(gate(), Arc::clone(hasher))));
    let setup = hasher.map(|hasher| Arc::new(Setup::new(Arc::clone(engine), Arc::clone(hasher))));
    let groups_stored = engine.world().sources() != Sources::Provider { groups_claimed: true };
    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        host: config.server.address.ip().to_string(),
        port: config.server.address.port(),
        can_logout: true,
        is_login_delegated: users.is_none(),
        is_multi_tenancy_enabled: switches.tenant_checks_enabled,
        max_request_size: config.server.max_body_bytes,
    };
    Cluster {
        users,
        setup,
        groups: groups_stored.then(|| Arc::new(ClusterGroups::new(gate()))),
        roles: Arc::new(ClusterRoles::new(gate())),
        tenants: switches.tenant_api_enabled.then(|| Arc::new(ClusterTenants::new(gate()))),
        mapping_rules: Arc::new(ClusterMappingRules::new(gate())),
        members: Arc::new(Members::new(gate())),
        authorizations: Arc::new(ClusterAuthorizations::new(gate())),
        audit_logs: Arc::new(AuditLogs::new(gate(), Arc::clone(audit))),
        ids: IdRules::new(switches.id_pattern.whole().clone(), switches.id_pattern.source()),
        about,
    }
}

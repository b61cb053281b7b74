//! Profiles: which ports there are, and so which services and surfaces. The only place that names them.

#[cfg(feature = "builtin")]
mod builtin;
#[cfg(feature = "oidc")]
mod oidc;

use std::sync::Arc;
use std::time::Duration;

use identity_adapters_oidc::{OidcTokenVerifier, SettingsError};
use identity_core::engine::Engine;
use identity_core::port::{AuditLog, Clock, Ids, PasswordHasher, TokenVerifier};
use identity_core::service::access::{Access, Logins};
use identity_core::service::cluster::{
    ClusterAuthorizations, ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, ClusterUsers, Members,
    Setup,
};
use identity_core::service::{AuditLogs, Authentication, Authorizations, Gate, Groups, MappingRules, Roles, Tenants};
use identity_core::world::Sources;
use identity_http::{About, Cluster, Decisions, IdRules, Limits, Surfaces};

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
    audit: &Arc<dyn AuditLog>,
    hasher: Option<Arc<dyn PasswordHasher>>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> Result<Assembled, AssemblyError> {
    let verifier = match config.profile {
        #[cfg(feature = "oidc")]
        Profile::Oidc => Some(oidc::verifier(config, clock)?),
        _ => None,
    };
    let bearer: Option<Arc<dyn TokenVerifier>> = verifier.clone().map(|verifier| verifier as _);
    let logins = Arc::new(Logins::new(config.access.recent_callers, config.access.keep_claims));
    let decisions = decisions(config, engine, audit, bearer.clone(), &logins);
    let gate = || Gate::management(Arc::clone(engine));
    let features = config.features;
    // Rules match tokens: without tokens there is nothing to manage.
    let has_rules = verifier.is_some();
    let cluster = cluster(config, engine, audit, hasher.as_ref());
    let surfaces = Surfaces {
        engine: Arc::clone(engine),
        authentication: Arc::new(
            Authentication::new(Arc::clone(engine), bearer, hasher)
                .unprotected(config.authentication.unprotected_api)
                .noting(logins),
        ),
        groups: Some(Arc::new(Groups::new(gate(), Arc::clone(ids)))),
        roles: Some(Arc::new(Roles::new(gate()))),
        tenants: features.tenants.then(|| Arc::new(Tenants::new(gate()))),
        mapping_rules: has_rules.then(|| Arc::new(MappingRules::new(gate()))),
        authorizations: features.resource_authorizations.then(|| Arc::new(Authorizations::new(gate()))),
        decisions: Some(decisions),
        cluster: Some(cluster),
        ids: Arc::clone(ids),
        limits: Limits { body_bytes: config.server.max_body_bytes, revision_wait: REVISION_WAIT },
    };
    Ok(Assembled { surfaces, verifier })
}

/// Decisions as a service.
fn decisions(
    config: &Config,
    engine: &Arc<Engine>,
    audit: &Arc<dyn AuditLog>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    logins: &Arc<Logins>,
) -> Decisions {
    let per_second = config.access.questions_per_second;
    let access = Access::new(Arc::clone(engine), Arc::clone(audit), verifier, Arc::clone(logins), per_second);
    let public = config.server.public_url.as_ref().filter(|url| url.scheme() == "https");
    Decisions { access: Arc::new(access), identifier: public.map(|url| Arc::from(url.as_str().trim_end_matches('/'))) }
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

//! Profiles: selects the ports of a profile, and builds its services and HTTP surfaces.

mod apis;
#[cfg(feature = "builtin")]
mod builtin;
mod directory;
mod entities;
mod factory;
#[cfg(feature = "keycloak")]
mod keycloak;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(any(feature = "oidc", feature = "keycloak"))]
mod openid;
mod providers;
mod sign_in;
mod stored;

pub use directory::{Directory, DirectoryNotReady, Ports, Shared};
pub use providers::{IssuerStatus, Providers};

use std::net::SocketAddr;
use std::sync::Arc;

use identity_core::engine::Engine;
use identity_core::port::{
    AuditLog, Clock, DeletionJournal, Ids, InstallationStore, PasswordHasher, SessionStore, TokenVerifier,
};
use identity_core::service::access::{Access, SubjectLookup};
use identity_core::service::recent_callers::{LastSignIns, RecentCallers};
use identity_core::service::{AuditLogs, Authentication, Authorizations, Authorizer, Deletions, MappingRules};
use identity_core::world::Sources;
use identity_http::actuator::Operations;
use identity_http::{
    BodyLimits, Cluster, Decisions, FirstAdministrator, Hosts, Https, Limits, Quota, SignIn, Surfaces, TrustedProxies,
};

use crate::config::{Config, Finding, Profile};
use factory::PortFactory;
use identity_adapters_system::SystemCrypto;

/// Services of a profile, ready to be served.
pub struct Assembled {
    /// HTTP surfaces to serve: the APIs and sign-in.
    pub surfaces: Surfaces,
    /// Identity providers, in profiles that accept tokens. Their issuers are part of the health status.
    pub providers: Option<Arc<dyn Providers>>,
    /// Last sign-ins, in profiles that accept tokens and keep claims. They are to be saved periodically.
    pub last_sign_ins: Option<Arc<LastSignIns>>,
    /// Deletion service, in profiles with a directory. It also completes interrupted deletions.
    pub deletions: Option<Arc<Deletions>>,
}

/// Dependencies from which the services of a profile are built.
pub struct Parts<'p> {
    /// Engine that holds the world (all policy data in memory).
    pub engine: &'p Arc<Engine>,
    /// Audit log of changes and refusals.
    pub audit: &'p Arc<dyn AuditLog>,
    /// Journal of deletions in a directory, from which interrupted ones are resumed.
    pub deletions: &'p Arc<dyn DeletionJournal>,
    /// Store of the policy documents that were applied.
    pub installation: &'p Arc<dyn InstallationStore>,
    /// Store of browser sessions.
    pub sessions: &'p Arc<dyn SessionStore>,
    /// Password hasher, in profiles with passwords; without one, password sign-in is disabled.
    pub hasher: Option<Arc<dyn PasswordHasher>>,
    /// Clock against which the validity of tokens is checked.
    pub clock: &'p Arc<dyn Clock>,
    /// Generator of unique ids, such as those of new groups.
    pub ids: &'p Arc<dyn Ids>,
    /// Health of the server, which the admin UI shows.
    pub operations: &'p Arc<dyn Operations>,
    /// Address on which the API listens, used as public URL if none is configured.
    pub listening: SocketAddr,
    /// External directory of users, groups, roles and clients, in profiles that have one.
    pub directory: Option<&'p dyn Directory>,
}

/// Reason why the services of a profile cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// This build lacks the profile; contains the name of the cargo feature to enable.
    #[error("the profile `{0}` is not compiled in; build with the cargo feature `{0}`")]
    NotCompiledIn(&'static str),
    /// The Keycloak settings are unusable; contains the reason.
    #[error("Keycloak cannot be used: {0}")]
    Keycloak(String),
    /// The settings of the identity providers are unusable.
    #[error("the providers cannot be used")]
    Providers(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A configured file, such as a CA file, cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Path of the file, as configured.
        path: String,
        /// The underlying I/O error.
        source: std::io::Error,
    },
    /// The system random number generator failed, so that no session key can be created.
    #[error("the system random number generator failed")]
    NoRandomness,
    /// The password hasher could not be created; contains the reason.
    #[error("passwords cannot be hashed: {0}")]
    Hasher(String),
}

/// Returns the factory of the profile's ports: the only place that depends on the compiled profiles.
fn factory(profile: Profile) -> Result<&'static dyn PortFactory, AssemblyError> {
    match profile {
        #[cfg(feature = "builtin")]
        Profile::Builtin => Ok(&builtin::Builtin),
        #[cfg(feature = "oidc")]
        Profile::Oidc => Ok(&oidc::Oidc),
        #[cfg(feature = "keycloak")]
        Profile::Keycloak => Ok(&keycloak::KeycloakProfile),
        #[cfg(not(all(feature = "builtin", feature = "oidc", feature = "keycloak")))]
        other => Err(AssemblyError::NotCompiledIn(other.as_str())),
    }
}

/// Finds provider and directory settings that would abort start-up. Sends no request.
#[must_use]
pub fn settings_problems(config: &Config) -> Vec<Finding> {
    match factory(config.profile) {
        Ok(factory) => factory.problems(config),
        Err(error) => vec![Finding::new("profile", error.to_string())],
    }
}

/// Builds the directory of the configured profile; `None` if the profile has none. Sends no request.
///
/// # Errors
/// Returns an error if this build lacks the profile, or the settings of the directory are unusable.
pub fn directory(config: &Config, shared: Shared) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
    factory(config.profile)?.directory(config, shared)
}

/// Returns the host names that requests may be addressed to. These are the names of this machine and of the public URL,
/// if so configured or if the API is unprotected on this machine only; otherwise any.
#[must_use]
pub fn hosts(config: &Config) -> Hosts {
    let authentication = &config.authentication;
    let open_here = authentication.unprotected_api && !authentication.unprotected_api_on_network;
    if config.server.local_names_only || open_here {
        Hosts::local(config.server.public_url.as_ref().and_then(|url| url.host_str()))
    } else {
        Hosts::any()
    }
}

/// Returns the source of the profile's principals: this server's store, or an identity provider.
///
/// # Errors
/// Returns an error if this build lacks the profile.
pub fn sources(config: &Config) -> Result<Sources, AssemblyError> {
    Ok(factory(config.profile)?.sources(config))
}

/// Builds the password hasher; `None` in profiles without passwords. Starts one thread per core.
///
/// # Errors
/// Returns an error if this build lacks the profile, or random bytes or threads are unavailable.
pub fn password_hasher(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn PasswordHasher>>, AssemblyError> {
    factory(config.profile)?.password_hasher(config, clock)
}

/// Builds the identity providers; `None` in profiles that do not accept tokens. Sends no request.
///
/// # Errors
/// Returns an error if this build lacks the profile, or the settings of the providers are unusable.
pub fn providers(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Providers>>, AssemblyError> {
    factory(config.profile)?.providers(config, clock)
}

/// Builds the services and HTTP surfaces of the configured profile.
///
/// # Errors
/// Returns an error if this build lacks the profile, or its settings are unusable.
pub fn assemble(config: &Config, parts: Parts<'_>) -> Result<Assembled, AssemblyError> {
    let Parts {
        engine,
        audit,
        deletions,
        installation,
        sessions,
        hasher,
        clock,
        ids,
        operations,
        listening,
        directory,
    } = parts;
    let providers = providers(config, clock)?;
    let bearer = providers.as_ref().map(|providers| match directory {
        Some(directory) => directory.verifying(providers.verifier()),
        None => providers.verifier(),
    });
    let entities = match directory {
        Some(directory) => directory::entities(directory.ports(), engine, deletions, ids),
        None => stored::entities(config, engine, audit, installation, hasher.as_ref(), ids),
    };
    let logins = Arc::new(RecentCallers::new(config.access.recent_callers, config.access.kept_claims));
    let entitlements = directory.map(Directory::entitlements);
    let people = sign_in::People {
        providers: providers.as_deref(),
        passwords: hasher.is_some(),
        entitlements: entitlements.clone(),
        logins: Arc::clone(&logins),
    };
    let sign_in = sign_in::sign_in(config, engine, sessions, people, listening)?;
    let last_sign_ins = match &providers {
        Some(_) => sign_in::last_sign_ins(config, sessions, &logins)?.map(Arc::new),
        None => None,
    };
    let lookup = SubjectLookup::new(Arc::clone(engine), Arc::clone(&logins))
        .in_sessions(sign_in.as_ref().map(|sign_in| Arc::clone(&sign_in.sessions)))
        .in_sign_ins(last_sign_ins.clone())
        .in_directory(entitlements);
    let decisions = decisions(config, engine, audit, bearer.clone(), &logins, lookup);
    let setup = entities.cluster.as_ref().and_then(first_administrator);
    let sign_in = sign_in.map(|sign_in| SignIn { setup, ..sign_in });
    let mut authentication = Authentication::new(Arc::clone(engine), bearer, hasher)
        // This instance only computes digests, which need no key.
        .storing_familiarity(Arc::clone(sessions), Arc::new(SystemCrypto::new(Vec::new())))
        .unprotected(config.authentication.unprotected_api)
        .noting(logins);
    if let Some(apis) = apis::resolved(config) {
        authentication = authentication.resolving_for(apis);
    }
    let features = config.features;
    // Mapping rules match token claims. Profiles without tokens, or with a directory that assigns roles, have none.
    let has_rules = providers.is_some() && directory.is_none();
    let authorizer = || Authorizer::management(Arc::clone(engine));
    let surfaces = Surfaces {
        engine: Arc::clone(engine),
        authentication: Arc::new(authentication),
        people: entities.people,
        clients: entities.clients,
        apis: entities.apis,
        groups: Some(entities.groups),
        bulk: entities.bulk,
        memberships: entities.memberships,
        names: Some(entities.names),
        roles: Some(entities.roles),
        tenants: features.tenants.then_some(entities.tenants),
        mapping_rules: has_rules.then(|| Arc::new(MappingRules::new(authorizer()))),
        authorizations: features.resource_authorizations.then(|| Arc::new(Authorizations::new(authorizer()))),
        decisions: Some(decisions),
        audit_logs: Some(Arc::new(AuditLogs::new(authorizer(), Arc::clone(audit)))),
        operations: Some(Arc::clone(operations)),
        cluster: entities.cluster,
        sign_in,
        base_path: config.server.base_path.clone(),
        https: Https(sign_in::is_https(config)),
        ids: Arc::clone(ids),
        limits: Limits { bodies: body_limits(config), ..Limits::default() },
        hosts: hosts(config),
        proxies: TrustedProxies::new(&config.server.trusted_proxies),
    };
    Ok(Assembled { surfaces, providers, last_sign_ins, deletions: entities.deletions })
}

/// Returns the set-up of the first administrator, in profiles with passwords.
fn first_administrator(cluster: &Cluster) -> Option<FirstAdministrator> {
    Some(FirstAdministrator { setup: cluster.setup.clone()?, ids: cluster.ids.clone() })
}

/// Returns the configured limits on request bodies, with a quota that all connections share.
fn body_limits(config: &Config) -> BodyLimits {
    let server = &config.server;
    BodyLimits {
        max_bytes: server.max_body_bytes,
        timeout: server.body_timeout,
        min_rate: server.min_rate,
        buffered: Arc::new(Quota::new(server.buffered_bytes.total, server.buffered_bytes.each)),
    }
}

/// Builds the decision API. It is identified by the public URL, if that uses HTTPS.
fn decisions(
    config: &Config,
    engine: &Arc<Engine>,
    audit: &Arc<dyn AuditLog>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    logins: &Arc<RecentCallers>,
    lookup: SubjectLookup,
) -> Decisions {
    let per_second = config.access.questions_per_second;
    let access = Access::new(Arc::clone(engine), Arc::clone(audit), verifier, Arc::clone(logins), per_second);
    let access = access.looking_up(lookup);
    let public = config.server.public_url.as_ref().filter(|url| url.scheme() == "https");
    Decisions { access: Arc::new(access), identifier: public.map(|url| Arc::from(url.as_str().trim_end_matches('/'))) }
}

#[cfg(test)]
mod tests {
    use crate::config::Sources;

    use super::*;

    /// Services that embed the APIs, and the server, apply the same limits unless others are configured.
    #[test]
    fn default_limits_of_bodies_are_those_of_the_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("identity.yaml");
        std::fs::write(&file, "profile: builtin\n").unwrap();
        let config = Sources { files: vec![file], ..Sources::default() }.load().unwrap().config;
        // Quotas are compared by their text: they count, so that they implement no equality.
        assert_eq!(format!("{:?}", body_limits(&config)), format!("{:?}", BodyLimits::default()));
    }
}

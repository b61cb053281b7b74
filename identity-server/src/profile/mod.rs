//! Profiles: which ports there are, and so which services and surfaces. The only place that names them.

mod apis;
#[cfg(feature = "builtin")]
mod builtin;
mod findings;
#[cfg(feature = "keycloak")]
mod keycloak;
#[cfg(any(feature = "oidc", feature = "keycloak"))]
mod oidc;
mod sign_in;

pub use findings::settings_problems;
pub(crate) use findings::verifier;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_oidc::{OidcTokenVerifier, SettingsError};
use identity_core::engine::Engine;
use identity_core::port::{
    ApiDirectory, AuditLog, ClientDirectory, Clock, DeletionJournal, Entitlements, EntityLocks, GroupDirectory, Ids,
    PasswordHasher, RoleDirectory, SessionStore, TokenVerifier, UserDirectory,
};
use identity_core::service::access::{Access, Logins};
use identity_core::service::cluster::{
    ClusterAuthorizations, ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, ClusterUsers, Members,
    Setup,
};
use identity_core::service::{
    Apis, AuditLogs, Authentication, Authorizations, Clients, Cutoffs, Deletions, DirectoryRecipients, Gate, Groups,
    MappingRules, MemberDirectories, Memberships, People, Roles, Tenants,
};
use identity_core::value::Secret;
use identity_core::world::Sources;
use identity_http::{
    About, BodyLimits, Cluster, Decisions, FirstAdministrator, Hosts, Https, IdRules, Limits, Quota, SignIn, Surfaces,
    TrustedProxies,
};

use crate::config::{Config, Profile};
use crate::crypto::SystemCrypto;

/// How long a request may wait for a revision that it demands.
const REVISION_WAIT: Duration = Duration::from_secs(2);

/// A profile's services.
pub struct Assembled {
    /// What is served.
    pub surfaces: Surfaces,
    /// What verifies tokens, in the profiles that have tokens.
    pub verifier: Option<Arc<OidcTokenVerifier>>,
    /// What deletes in a directory, in the profiles that have one, and has to finish what was interrupted.
    pub deletions: Option<Arc<Deletions>>,
}

/// What every profile is made of.
pub struct Parts<'p> {
    /// Holds the world.
    pub engine: &'p Arc<Engine>,
    /// What was done and refused.
    pub audit: &'p Arc<dyn AuditLog>,
    /// What is being deleted in a directory.
    pub deletions: &'p Arc<dyn DeletionJournal>,
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
    /// Where users, groups, roles and clients live, when they do not live here.
    pub directory: Option<&'p dyn Directory>,
}

/// Why a profile cannot be assembled.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// It was left out of this build.
    #[error("the profile `{0}` is not compiled in; build with the cargo feature `{0}`")]
    NotCompiledIn(&'static str),
    /// Keycloak's settings cannot be used.
    #[error("keycloak cannot be used: {0}")]
    Keycloak(String),
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

/// Where users, groups, roles and clients live, when they do not live here.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Makes what is missing of what the configuration wants there. Safe with several replicas.
    async fn initialise(&self, engine: &Engine) -> Result<(), NotYet>;

    /// Looks for what is missing of what the configuration wants there, and changes nothing: what would be made, a line each.
    async fn missing(&self) -> Result<Vec<String>, NotYet>;

    /// The directory as ports.
    fn ports(&self) -> Ports;

    /// What adds to a verified token what the directory knows of its principal.
    fn verifying(&self, tokens: Arc<dyn TokenVerifier>) -> Arc<dyn TokenVerifier>;

    /// What the directory knows of whoever signed in.
    fn entitlements(&self) -> Arc<dyn Entitlements>;

    /// This server's own client there and its secret, with which people sign in.
    async fn own_client(&self) -> Result<Option<(String, Secret)>, NotYet>;

    /// Why the directory cannot be used at the moment.
    fn last_problem(&self) -> Option<String>;

    /// What an operator should change in the directory, although it works.
    fn advice(&self) -> Option<String>;
}

/// Why a directory is not as it shall be. Trying again may help.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotYet(pub String);

/// What replicas share for the changes that they make in a directory.
pub struct Shared {
    /// One change per entity at a time.
    pub locks: Arc<dyn EntityLocks>,
    /// Tokens that are no longer believed.
    pub cutoffs: Arc<Cutoffs>,
    /// The id of the installation; `None` where nothing is changed.
    pub installation: Option<String>,
}

/// A directory's ports.
pub struct Ports {
    /// Users.
    pub users: Arc<dyn UserDirectory>,
    /// Groups.
    pub groups: Arc<dyn GroupDirectory>,
    /// Roles.
    pub roles: Arc<dyn RoleDirectory>,
    /// Applications.
    pub clients: Arc<dyn ClientDirectory>,
    /// APIs.
    pub apis: Arc<dyn ApiDirectory>,
}

impl Ports {
    /// Where members of tenants live.
    #[must_use]
    pub fn of_members(&self) -> MemberDirectories {
        MemberDirectories {
            users: Arc::clone(&self.users),
            groups: Arc::clone(&self.groups),
            clients: Arc::clone(&self.clients),
        }
    }
}

/// The profile's directory, if it has one.
///
/// # Errors
/// When its settings cannot be used.
pub fn directory(
    config: &Config,
    #[cfg_attr(not(feature = "keycloak"), expect(unused_variables, reason = "no profile has a directory"))]
    shared: Shared,
) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
    match config.profile {
        #[cfg(feature = "keycloak")]
        Profile::Keycloak => keycloak::directory(config, shared),
        _ => Ok(None),
    }
}

/// More authorities that may sign the certificates of whom this server calls.
#[cfg(any(feature = "oidc", feature = "keycloak"))]
fn extra_authorities(authentication: &crate::config::Authentication) -> Result<Option<Vec<u8>>, AssemblyError> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|source| AssemblyError::File { path: path.display().to_string(), source })
    };
    authentication.ca_file.as_ref().map(read).transpose()
}

/// The names that requests may be for.
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
        // Groups come with whoever calls, though not in their tokens.
        Profile::Keycloak => Ok(Sources::Provider { groups_claimed: true }),
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
    let Parts { engine, audit, deletions, sessions, hasher, clock, ids, listening, directory } = parts;
    let verifier = match config.profile {
        #[cfg(feature = "oidc")]
        Profile::Oidc => Some(oidc::verifier(config, clock)?),
        #[cfg(feature = "keycloak")]
        Profile::Keycloak => Some(keycloak::verifier(config, clock)?),
        _ => None,
    };
    let bearer = verifier.clone().map(|verifier| verifier as Arc<dyn TokenVerifier>);
    let bearer = match directory {
        Some(directory) => bearer.map(|tokens| directory.verifying(tokens)),
        None => bearer,
    };
    let ports = directory.map(Directory::ports);
    let logins = Arc::new(Logins::new(config.access.recent_callers, config.access.keep_claims));
    let decisions = decisions(config, engine, audit, bearer.clone(), &logins);
    let gate = || Gate::management(Arc::clone(engine));
    let features = config.features;
    // Rules match tokens that say what their bearer is: without tokens, or where a directory says it, there are none.
    let has_rules = verifier.is_some() && ports.is_none();
    // The Orchestration Cluster manages what lives here.
    let cluster = ports.is_none().then(|| cluster(config, engine, audit, hasher.as_ref()));
    let entitlements = directory.map(Directory::entitlements);
    let people = sign_in::People {
        verifier: verifier.as_deref(),
        passwords: hasher.is_some(),
        entitlements,
        logins: Arc::clone(&logins),
    };
    let sign_in = sign_in::sign_in(config, engine, sessions, people, listening)?;
    let setup = cluster.as_ref().and_then(|cluster| Some((cluster.setup.clone()?, cluster.ids.clone())));
    let setup = setup.map(|(setup, ids)| FirstAdministrator { setup, ids });
    let sign_in = sign_in.map(|sign_in| SignIn { setup, ..sign_in });
    let mut groups = Groups::new(gate(), Arc::clone(ids));
    let mut roles = Roles::new(gate());
    let mut tenants = Tenants::new(gate());
    let ports = ports.map(|ports| {
        let members = ports.of_members();
        let recipients = DirectoryRecipients::new(Arc::clone(deletions), members.clone());
        engine.confirm_recipients(Arc::new(recipients));
        let deletions = Deletions::new(Arc::clone(engine), Arc::clone(deletions), Arc::clone(ids), members);
        (ports, Arc::new(deletions))
    });
    if let Some((ports, deletions)) = &ports {
        groups = groups.in_directory(Arc::clone(&ports.groups), Arc::clone(deletions));
        roles = roles.in_directory(Arc::clone(&ports.roles));
        tenants = tenants.of_directories(ports.of_members());
    }
    let mut authentication = Authentication::new(Arc::clone(engine), bearer, hasher)
        // Only its digests are used, which need no key.
        .storing_familiarity(Arc::clone(sessions), Arc::new(SystemCrypto::new(Vec::new())))
        .unprotected(config.authentication.unprotected_api)
        .noting(logins);
    if let Some(apis) = apis::resolved(config) {
        authentication = authentication.resolving_for(apis);
    }
    let surfaces = Surfaces {
        engine: Arc::clone(engine),
        authentication: Arc::new(authentication),
        people: ports.as_ref().map(|(ports, _)| Arc::new(People::new(gate(), Arc::clone(&ports.users)))),
        clients: ports.as_ref().map(|(ports, deletions)| {
            Arc::new(Clients::new(gate(), Arc::clone(&ports.clients), Arc::clone(deletions)))
        }),
        apis: ports.as_ref().map(|(ports, _)| Arc::new(Apis::new(gate(), Arc::clone(&ports.apis)))),
        groups: Some(Arc::new(groups)),
        memberships: ports.is_none().then(|| Arc::new(Memberships::new(gate()))),
        roles: Some(Arc::new(roles)),
        tenants: features.tenants.then(|| Arc::new(tenants)),
        mapping_rules: has_rules.then(|| Arc::new(MappingRules::new(gate()))),
        authorizations: features.resource_authorizations.then(|| Arc::new(Authorizations::new(gate()))),
        decisions: Some(decisions),
        audit_logs: Some(Arc::new(AuditLogs::new(gate(), Arc::clone(audit)))),
        cluster,
        sign_in,
        base_path: config.server.base_path.clone(),
        https: Https(sign_in::is_https(config)),
        ids: Arc::clone(ids),
        limits: Limits { bodies: body_limits(config), revision_wait: REVISION_WAIT },
        hosts: hosts(config),
        proxies: TrustedProxies::new(&config.server.trusted_proxies),
    };
    Ok(Assembled { surfaces, verifier, deletions: ports.map(|(_, deletions)| deletions) })
}

/// The bounds of request bodies.
fn body_limits(config: &Config) -> BodyLimits {
    let server = &config.server;
    BodyLimits {
        max_bytes: server.max_body_bytes,
        timeout: server.body_timeout,
        min_rate: server.body_min_rate,
        buffered: Arc::new(Quota::new(server.buffered_bytes.total, server.buffered_bytes.each)),
    }
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

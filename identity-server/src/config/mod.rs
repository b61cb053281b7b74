//! Configuration: merges files, environment variables and flags into one validated [`Config`].
//!
//! The sources are merged into a tree of texts (`tree`), from which typed values are read (`reader`). The key list
//! (`table`) defines all keys and their types. All problems are reported at once ([`Problems`]).
//!
//! The *replaced services* are Management Identity (docs/reference/management-api.md §4) and the identity part of the
//! Orchestration Cluster (docs/reference/orchestration-cluster.md §6). Most of their properties are accepted as well
//! (`legacy_names`, `legacy`).

mod access;
mod activation;
mod assignment;
mod audit;
mod authentication;
mod bootstrap;
mod choices;
mod client;
mod components;
mod consistency;
mod datasource;
#[cfg(test)]
mod docs;
mod document;
mod duration;
mod environment;
mod facts;
mod files;
mod imports;
mod initialization;
mod key;
mod keycloak;
mod legacy;
mod legacy_names;
mod log;
mod lookup;
mod members;
mod names;
mod origins;
mod placeholder;
mod problem;
mod profiles;
mod reader;
mod server;
mod session;
mod store;
mod switches;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod unused;
mod urls;
mod variables;
mod yaml;

pub use access::Access;
pub use audit::Audit;
pub use authentication::{Authentication, Provider, TokenHabits, UserInfoAugmentation};
pub use bootstrap::{Bootstrap, InitialClaim, MappingRuleSeed, TenantSeed, UserSeed};
pub use choices::{ClaimForm, LogFormat, PostgresTls, Profile, ProviderKind, Thumbprint, UserInfo as SignInUserInfo};
pub use client::{Assertion, Client, ClientAuthentication, Endpoints as ClientEndpoints, KeyFile};
pub use components::{Component, ComponentApplication, Components};
pub use consistency::Consistency;
pub use initialization::Initialization;
pub use keycloak::{ApplicationSeed, ComponentSeed, DirectoryUserSeed, KeycloakAccess, KeycloakConfig};
pub use log::Log;
pub use members::{AuthorizationSeed, PartySeed};
pub use origins::Origins;
pub use problem::{Finding, Problem, Problems};
pub use server::{PerAddress, Server};
pub use session::Session;
pub use store::{PasswordFile, Postgres, PostgresTarget, Store};
pub use switches::{IdPattern, Switches};
pub use tree::Origin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use facts::Facts;
use files::Files;
use problem::Collector;
use reader::Reader;
use tree::Node;

/// JSON schema of configuration files, as printed by `identity-server config-schema`.
pub const SCHEMA: &str = include_str!("../../configuration.schema.json");

/// Validated configuration of the server, the result of [`Sources::load`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Deployment profile: selects the system that stores users and clients.
    pub profile: Profile,
    /// Listening addresses of the server, and limits on requests and connections.
    pub server: Server,
    /// Database that stores the policy data, audit log and sessions.
    pub store: Store,
    /// Accepted token issuers, and other settings for the authentication of requests.
    pub authentication: Authentication,
    /// Timeouts, limits and keys of browser sessions.
    pub session: Session,
    /// Configured components of the platform, with their APIs, roles and applications.
    pub components: Components,
    /// Keycloak settings; `Some` in the profile `keycloak` only.
    pub keycloak: Option<KeycloakConfig>,
    /// Start-up data in the form of Management Identity.
    pub bootstrap: Bootstrap,
    /// Start-up data in the form of the Orchestration Cluster.
    pub initialization: Initialization,
    /// Switches of the Orchestration Cluster API, such as whether permissions are checked.
    pub switches: Switches,
    /// Rate limit of the decision API, and its record of recent callers.
    pub access: Access,
    /// Maximum age of the data that decisions use.
    pub consistency: Consistency,
    /// Maximum age and number of audit log entries.
    pub audit: Audit,
    /// Optional features: tenants, and authorizations on resources.
    pub features: Features,
    /// Level and format of the log.
    pub log: Log,
}

/// Optional features, which are enabled by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Whether tenants other than the default one are supported.
    pub tenants: bool,
    /// Whether authorizations on individual resources are checked and managed.
    pub resource_authorizations: bool,
}

/// Configuration sources, in ascending precedence. [`Sources::load`] merges them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Defaults that the command sets, as paths and values.
    pub assumed: Vec<(&'static str, String)>,
    /// YAML files to read; later files take precedence.
    pub files: Vec<PathBuf>,
    /// Whether the file was found at a default path, rather than named by `--config` or `IDENTITY_CONFIG`.
    pub found: bool,
    /// Environment variables by name. Unknown names are ignored, unless they have a prefix of this server.
    pub environment: BTreeMap<String, String>,
    /// Command-line flags that set keys, such as `--port`.
    pub flags: Vec<Flag>,
}

/// Command-line flag that sets a key.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Name of the flag, such as `--port`.
    pub name: &'static str,
    /// Path of the key that the flag sets, such as `server.port`.
    pub path: &'static str,
    /// Value of the key as text, which is parsed like a value in a file.
    pub value: String,
}

/// Validated configuration with its warnings and the origins of its values.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The merged and validated values of all sources.
    pub config: Config,
    /// Warnings for the log, one line each: settings without effect, and unsafe settings.
    pub warnings: Vec<String>,
    /// Origins of the values, such as file and line, for messages about problems that are found later.
    pub origins: Origins,
}

impl Sources {
    /// Reads, merges and validates all sources.
    ///
    /// # Errors
    /// Returns all problems of the configuration, not only the first.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let problems = Collector::default();
        let mut tree = Node::default();
        for (path, value) in &self.assumed {
            // The tree is empty, so this cannot conflict.
            let _nothing = tree.set(&names::fill(path, Vec::new()), value.clone(), Origin::Command);
        }
        let (mut warnings, mut method, mut facts) = (Vec::new(), None, Facts::default());
        let mut used = BTreeSet::new();
        if let Some(path) = self.files.first().filter(|_| self.found) {
            warnings.push(format!("{}: read, as neither `--config` nor IDENTITY_CONFIG names a file", path.display()));
        }
        let mut files = Files::open(&self.files, &self.environment, &problems);
        let mut last = files.take_json();
        files.append(imports::of_variables(&self.environment, &mut warnings));
        if let Some(json) = &mut last {
            used.append(&mut json.used);
            files.append(std::mem::take(&mut json.imports));
        }
        // Values in an unreadable source are unknown, so they must not be reported as missing.
        let mut readable = !last.as_ref().is_some_and(|json| matches!(json.tree, Node::Broken));
        while let Some(document) = files.next() {
            readable &= !matches!(document.tree, Node::Broken);
            tree.overlay(document.tree);
            warnings.extend(document.warnings);
            method = document.method.or(method);
            facts.add(document.facts);
            used.extend(document.used);
            files.import(document.imports);
        }
        readable &= files.readable;
        warnings.append(&mut files.warnings);
        let overlaid = environment::overlay(&mut tree, &self.environment, &used, &problems);
        warnings.extend(overlaid.warnings);
        facts.add(overlaid.facts);
        method = overlaid.method.or(method);
        if let Some(json) = last {
            tree.overlay(json.tree);
            warnings.extend(json.warnings);
            facts.add(json.facts);
            method = json.method.or(method);
        }
        warnings.extend(environment::choose_profile(&mut tree, files.profiles(), &facts, method.as_ref(), &problems));
        for Flag { name, path, value } in &self.flags {
            let _flags_win = tree.set(&names::fill(path, Vec::new()), value.clone(), Origin::Flag(name));
        }
        warnings.extend(legacy::complete(&mut tree, &facts, &used, &problems));
        let config = if readable { Config::read(&Reader::new(&tree, &problems, &facts)) } else { None };
        warnings.extend(problems.warnings());
        match (config, problems.problems()) {
            (Some(config), None) => {
                warnings.extend(config.dangers());
                Ok(Loaded { config, warnings, origins: Origins::of(&tree) })
            }
            (_, problems) => Err(problems.unwrap_or(Problems(Vec::new()))),
        }
    }
}

impl Config {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let profile = from.require_choice("profile", &Profile::WORDS);
        let server = Server::read(&from.section("server"));
        let store = Store::read(&from.section("store"));
        let mut authentication = Authentication::read(&from.section("authentication"), profile);
        let own = authentication.as_ref().and_then(Authentication::client);
        let components = Components::read(from);
        let keycloak = KeycloakConfig::read(&from.section("keycloak"), profile, own, &components);
        if let (Some(keycloak), Some(authentication)) = (&keycloak, &mut authentication) {
            authentication.compare_realms(keycloak, from);
            authentication.default_to(keycloak);
        }
        let session = Session::read(&from.section("session"));
        if let (Some(store), Some(session), Some(authentication)) = (&store, &session, &authentication)
            && authentication.signs_in_at_providers()
            && authentication.client_secret().is_none()
            && matches!(store, Store::Postgres(_))
            // The secret of this server's own client in Keycloak becomes available when the realm is initialized.
            && keycloak.is_none()
            && session.key.is_none()
        {
            from.section("session").problem(
                "encryption-key",
                "is required for sign-in with `store.postgres` and without a client secret: 32 random bytes in \
                 base64, as `openssl rand -base64 32` prints them, the same on all replicas",
            );
        }
        let providers = authentication.as_ref().map_or(&[][..], |authentication| &authentication.providers);
        let bootstrap = Bootstrap::read(&from.section("bootstrap"), profile, providers);
        let switches = Switches::read(from);
        let pattern = switches.as_ref().map(|switches| &switches.id_pattern);
        let context = initialization::Context::new(&bootstrap, pattern, authentication.as_ref());
        let initialization = Initialization::read(&from.section("initialization"), profile, &context);
        if let (Some(server), Some(authentication)) = (&server, &authentication) {
            let (open, address) = (authentication.unprotected_api, server.address.ip());
            if open && !address.is_loopback() && !authentication.unprotected_api_on_network {
                from.section("authentication").problem(
                    "unprotected-api",
                    "gives every client on the network all permissions; listen on 127.0.0.1 (`server.address`), or \
                     permit it by `authentication.unprotected-api-on-network`",
                );
            }
        }
        let access = Access::read(&from.section("access"));
        let consistency = Consistency::read(&from.section("consistency"));
        let audit = Audit::read(&from.section("audit"));
        let features = Features::read(&from.section("features"));
        let log = Log::read(&from.section("log"));
        Some(Self {
            profile: profile?,
            server: server?,
            store: store?,
            authentication: authentication?,
            session: session?,
            components,
            keycloak,
            bootstrap,
            initialization,
            switches: switches?,
            access: access?,
            consistency: consistency?,
            audit: audit?,
            features: features?,
            log: log?,
        })
    }

    /// Returns warnings about permitted but unsafe settings, one line each.
    fn dangers(&self) -> impl Iterator<Item = String> {
        let unprotected = self.authentication.unprotected_api.then(|| {
            format!(
                "DANGER: the API is unprotected (`authentication.unprotected-api`): requests to {} need no \
                 credentials and have all permissions",
                self.server.address
            )
        });
        unprotected.into_iter().chain(self.authentication.dangers())
    }
}

impl Features {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let tenants = from.flag("tenants");
        let resource_authorizations = from.flag("resource-authorizations");
        Some(Self { tenants: tenants?, resource_authorizations: resource_authorizations? })
    }
}

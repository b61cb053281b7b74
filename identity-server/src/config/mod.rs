//! Configuration: from files, environment and flags to one value in which everything has been checked.
//!
//! The sources are laid over each other as a tree of texts ([`tree`]); readers take typed values out of it ([`reader`]).
//! All of it follows one list of keys ([`table`]), and everything that is wrong is reported at once ([`Problems`]).

mod access;
mod activation;
mod audit;
mod authentication;
mod bootstrap;
mod client;
mod components;
mod consistency;
mod datasource;
#[cfg(test)]
mod docs;
mod document;
mod duration;
mod environment;
mod files;
mod foreign;
mod initialization;
mod key;
mod keycloak;
mod legacy;
mod log;
mod members;
mod names;
mod placeholder;
mod places;
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
mod variables;
mod yaml;

pub use access::Access;
pub use audit::Audit;
pub use authentication::{Authentication, ClaimForm, Provider, ProviderKind, TokenHabits, UserInfoAugmentation};
pub use bootstrap::{Bootstrap, InitialClaim, MappingRuleSeed, TenantSeed, UserSeed};
pub use client::{
    Assertion, Client, ClientAuthentication, Endpoints as ClientEndpoints, KeyFile, UserInfo as SignInUserInfo,
};
pub use components::{Component, ComponentApplication, Components};
pub use consistency::Consistency;
pub use initialization::Initialization;
pub use keycloak::{ApplicationSeed, ComponentSeed, DirectoryUserSeed, KeycloakAccess, KeycloakConfig};
pub use log::{Log, LogFormat};
pub use members::{AuthorizationSeed, PartySeed};
pub use places::{Finding, Places};
pub use problem::{Problem, Problems};
pub use server::{PerAddress, Server};
pub use session::Session;
pub use store::{Postgres, PostgresTarget, PostgresTls, Store};
pub use switches::{IdPattern, Switches};
pub use tree::Origin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use files::Files;
use legacy::Facts;
use problem::Collector;
use reader::Reader;
use tree::Node;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where users and clients live.
    pub profile: Profile,
    /// What listens where.
    pub server: Server,
    /// Where policy data is kept.
    pub store: Store,
    /// Whose tokens are believed.
    pub authentication: Authentication,
    /// How long browsers stay signed in.
    pub session: Session,
    /// What the components of the platform have.
    pub components: Components,
    /// The Keycloak that users live in, in the profile `keycloak`.
    pub keycloak: Option<KeycloakConfig>,
    /// What is made at start.
    pub bootstrap: Bootstrap,
    /// What else is made at start.
    pub initialization: Initialization,
    /// What the Orchestration Cluster's API can have switched off.
    pub switches: Switches,
    /// Decisions as a service.
    pub access: Access,
    /// How old the data may be that decisions are made in.
    pub consistency: Consistency,
    /// How long the audit log is kept.
    pub audit: Audit,
    /// What can be switched off.
    pub features: Features,
    /// What is logged.
    pub log: Log,
}

/// Where users and clients live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// In Keycloak.
    Keycloak,
    /// At an OpenID Connect provider.
    Oidc,
    /// Here.
    Builtin,
}

/// What can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Tenants other than the default one.
    pub tenants: bool,
    /// Access to single resources.
    pub resource_authorizations: bool,
}

/// Where configuration comes from. Later ones win.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What the command assumes: paths and values.
    pub assumed: Vec<(&'static str, String)>,
    /// YAML files.
    pub files: Vec<PathBuf>,
    /// Whether the file was found in a usual place, without being named.
    pub found: bool,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// What was said on the command line.
    pub flags: Vec<Flag>,
}

/// A key given on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag's name: `--port`.
    pub name: &'static str,
    /// The key's path.
    pub path: &'static str,
    /// The value.
    pub value: String,
}

/// A configuration, and what the user should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is understood but has no effect, and what is dangerous, a line each: for the log.
    pub warnings: Vec<String>,
    /// Where the values came from.
    pub places: Places,
}

impl Sources {
    /// Reads everything.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let problems = Collector::default();
        let mut tree = Node::default();
        for (path, value) in &self.assumed {
            // Nothing is there yet that could be contradicted.
            let _nothing = tree.set(&names::fill(path, Vec::new()), value.clone(), Origin::Command);
        }
        let (mut warnings, mut method, mut facts) = (Vec::new(), None, Facts::default());
        let mut used = BTreeSet::new();
        if let Some(path) = self.files.first().filter(|_| self.found) {
            warnings.push(format!("{}: read, as neither `--config` nor IDENTITY_CONFIG names a file", path.display()));
        }
        let mut files = Files::open(&self.files, &self.environment, &problems);
        while let Some(document) = files.next() {
            tree.overlay(document.tree);
            warnings.extend(document.warnings);
            method = document.method.or(method);
            facts.add(document.facts);
            used.extend(document.used);
            files.import(document.imports);
        }
        let readable = files.readable;
        warnings.append(&mut files.warnings);
        let overlaid = environment::overlay(&mut tree, &self.environment, &used, method, &problems);
        warnings.extend(overlaid.warnings);
        facts.add(overlaid.facts);
        for Flag { name, path, value } in &self.flags {
            let _flags_win = tree.set(&names::fill(path, Vec::new()), value.clone(), Origin::Flag(name));
        }
        warnings.extend(legacy::complete(&mut tree, &facts));
        // What an unreadable file says is not missing.
        let config = if readable { Config::read(&Reader::new(&tree, &problems, &facts)) } else { None };
        warnings.extend(problems.warnings());
        match (config, problems.problems()) {
            (Some(config), None) => {
                warnings.extend(config.dangers());
                Ok(Loaded { config, warnings, places: Places::of(&tree) })
            }
            (_, problems) => Err(problems.unwrap_or(Problems(Vec::new()))),
        }
    }
}

impl Config {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let profile = from.require_choice("profile", Profile::parse);
        let server = Server::read(&from.section("server"));
        let store = Store::read(&from.section("store"));
        let mut authentication = Authentication::read(&from.section("authentication"), profile);
        let own = authentication.as_ref().and_then(Authentication::client);
        let components = Components::read(from);
        let keycloak = KeycloakConfig::read(&from.section("keycloak"), profile, own, &components);
        if let (Some(keycloak), Some(authentication)) = (&keycloak, &mut authentication) {
            authentication.default_to(keycloak);
        }
        let session = Session::read(&from.section("session"));
        if let (Some(store), Some(session), Some(authentication)) = (&store, &session, &authentication)
            && authentication.signs_in_at_providers()
            && authentication.client_secret().is_none()
            && matches!(store, Store::Postgres(_))
            // The secret of this server's own client in Keycloak is known once the realm is there.
            && keycloak.is_none()
            && session.key.is_none()
        {
            from.section("session").problem(
                "encryption-key",
                "is required for sign-in with `store.postgres` and without a client secret: 32 random bytes in base64, as \
                 `openssl rand -base64 32` prints them, the same on all replicas",
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
                    "would let everybody on the network do everything; listen on 127.0.0.1 (`server.address`), or set \
                     `authentication.unprotected-api-on-network` if that is what you want",
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

    /// Settings that are allowed and unsafe, a line each.
    fn dangers(&self) -> impl Iterator<Item = String> {
        let unprotected = self.authentication.unprotected_api.then(|| {
            format!(
                "DANGER: the API is unprotected (`authentication.unprotected-api`): whoever reaches {} needs no credentials \
                 and may do everything",
                self.server.address
            )
        });
        unprotected.into_iter().chain(self.authentication.dangers())
    }
}

impl Profile {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "keycloak" => Some(Self::Keycloak),
            "oidc" => Some(Self::Oidc),
            "builtin" => Some(Self::Builtin),
            _ => None,
        }
    }

    /// The profile's name, and that of the cargo feature that compiles it in.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keycloak => "keycloak",
            Self::Oidc => "oidc",
            Self::Builtin => "builtin",
        }
    }
}

impl Features {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let tenants = from.flag("tenants");
        let resource_authorizations = from.flag("resource-authorizations");
        Some(Self { tenants: tenants?, resource_authorizations: resource_authorizations? })
    }
}

//! The Keycloak that users, groups, roles and clients live in (management reference §7.1, §7.3, §8.2).

use std::time::Duration;

use identity_core::entity::{ClientKind, NewClient, NewPerson, Permission};
use identity_core::value::{Audience, ClientId, Email, Name, PermissionName, RedirectUri, RoleId, Secret, Username};
use url::Url;

use super::Profile;
use super::authentication::safe_url;
use super::bootstrap::unique;
use super::client::{Client, IMPLIED_ID};
use super::components::{Components, client_kind};
use super::names::canonical;
use super::reader::{Reader, filled};

/// The Keycloak that users, groups, roles and clients live in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeycloakConfig {
    /// Its base URL.
    pub url: Url,
    /// The realm that is managed.
    pub realm: String,
    /// Whether it may be reached without TLS on another host.
    pub allow_insecure_http: bool,
    /// Who asks it.
    pub access: KeycloakAccess,
    /// This server's own client.
    pub client_id: ClientId,
    /// The secret of that client, where this server makes it.
    pub own_client_secret: Option<Secret>,
    /// The components of the platform that are set up.
    pub components: Vec<ComponentSeed>,
    /// More applications.
    pub clients: Vec<ApplicationSeed>,
    /// Groups.
    pub groups: Vec<Name>,
    /// Users.
    pub users: Vec<DirectoryUserSeed>,
    /// Whether access of what Keycloak no longer has is removed.
    pub remove_orphans: bool,
    /// How often it is looked for.
    pub orphan_interval: Duration,
    /// Whether a realm of another installation is taken over.
    pub take_over: bool,
}

/// Who asks Keycloak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeycloakAccess {
    /// An administrator of all realms, who can make the realm.
    Administrator {
        /// Their realm.
        realm: String,
        /// The client that they sign in at.
        client_id: ClientId,
        /// Their name.
        user: String,
        /// Their password.
        password: Secret,
    },
    /// This server's own client, in a realm that is there.
    Client(Secret),
}

/// A component of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSeed {
    /// What it is called: `optimize`.
    pub key: String,
    /// Its client's id, instead of the usual one.
    pub client_id: Option<ClientId>,
    /// Its client's secret.
    pub secret: Option<Secret>,
    /// Where it is.
    pub root_url: Option<RedirectUri>,
}

impl ComponentSeed {
    /// A component of which nothing more is configured.
    #[must_use]
    pub fn named(key: &str) -> Self {
        Self { key: key.to_owned(), client_id: None, secret: None, root_url: None }
    }
}

/// An application, and what it may do for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSeed {
    /// The application.
    pub client: NewClient,
    /// What it may do for itself.
    pub permissions: Vec<Permission>,
}

/// A user in Keycloak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUserSeed {
    /// The user.
    pub person: NewPerson,
    /// The account's id, when another than this server made it.
    pub id: Option<Username>,
    /// An identity provider's alias and the user's id there, to which the account must be linked.
    pub link: Option<(String, String)>,
    /// Their roles.
    pub roles: Vec<RoleId>,
    /// Their groups, by name.
    pub groups: Vec<Name>,
}

impl KeycloakConfig {
    /// `None` in other profiles, or when something is wrong.
    pub(super) fn read(
        from: &Reader<'_>,
        profile: Option<Profile>,
        own: Option<&Client>,
        presets: &Components,
    ) -> Option<Self> {
        if profile != Some(Profile::Keycloak) {
            return None;
        }
        let allow_insecure_http = from.flag("allow-insecure-http");
        let url = from.require("url", |text| safe_url(text.trim_end_matches('/'), allow_insecure_http == Some(true)));
        let realm = from.get("realm", managed_realm);
        let known = own.map_or(IMPLIED_ID, |client| client.id.as_str());
        let client_id = from.get("client-id", ClientId::parse).or_else(|| ClientId::parse(known).ok());
        let own_client_secret = from.secret_of_length("own-client-secret", Secret::CONFIGURED_CLIENT_SECRET_MIN);
        let access = access(from, own.and_then(Client::secret));
        let orphans = from.section("orphans");
        let remove_orphans = orphans.flag("remove");
        let orphan_interval = orphans.duration("interval", Duration::from_secs(1)..=Duration::from_secs(7 * 86400));
        let take_over = from.flag("take-over");
        let clients = unique(&from.items("clients"), "id", application, |one| one.client.client_id.as_str());
        let users =
            unique(&from.items("users"), "username", |one| user(one, presets), |one| one.person.username.as_str());
        let group = |one: &Reader<'_>| one.require("name", Name::parse);
        let groups = unique(&from.items("groups"), "name", group, Name::as_str);
        let components = from.entries("init").into_iter();
        let components = components.filter_map(|(key, entry)| component(key, &entry, presets)).collect();
        Some(Self {
            url: url?,
            realm: realm?,
            allow_insecure_http: allow_insecure_http?,
            access: access?,
            client_id: client_id?,
            own_client_secret,
            components,
            clients,
            groups,
            users,
            remove_orphans: remove_orphans?,
            orphan_interval: orphan_interval?,
            take_over: take_over?,
        })
    }

    /// The issuer of the realm's tokens, when it is not configured.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.url.as_str().trim_end_matches('/'), self.realm)
    }
}

/// The realm `master` administers all realms: managing it would give every administrator here power over Keycloak.
fn managed_realm(text: &str) -> Result<String, &'static str> {
    match filled(text)? {
        "master" => Err("must be another realm than `master`, which administers all realms"),
        realm => Ok(realm.to_owned()),
    }
}

fn access(from: &Reader<'_>, known: Option<&Secret>) -> Option<KeycloakAccess> {
    if let Some(secret) = from.secret("client-secret").or_else(|| known.cloned()) {
        return Some(KeycloakAccess::Client(secret));
    }
    let setup = from.section("setup");
    if !setup.given("password") && !setup.given("password-file") {
        from.problem(
            "",
            "needs `keycloak.setup.password`, to make the realm, or `keycloak.client-secret`, to use one that is there",
        );
        return None;
    }
    let realm = setup.get("realm", |text| filled(text).map(str::to_owned));
    let client_id = setup.get("client-id", ClientId::parse);
    let user = setup.get("user", |text| filled(text).map(str::to_owned));
    let password = setup.secret("password");
    Some(KeycloakAccess::Administrator { realm: realm?, client_id: client_id?, user: user?, password: password? })
}

fn component(key: &str, from: &Reader<'_>, presets: &Components) -> Option<ComponentSeed> {
    #[cfg(feature = "keycloak")]
    if identity_adapters_keycloak::preset(&canonical(key)).is_none() && presets.get(key).is_none() {
        from.problem("", "is not a component that is known; define it under `components`");
        return None;
    }
    #[cfg(not(feature = "keycloak"))]
    let _unused = presets;
    let client_id = from.get("client-id", ClientId::parse);
    let secret = from.secret_of_length("secret", Secret::CONFIGURED_CLIENT_SECRET_MIN);
    let root_url = from.get("root-url", |text| RedirectUri::parse(text.trim_end_matches('/')));
    Some(ComponentSeed { key: canonical(key), client_id, secret, root_url })
}

fn application(from: &Reader<'_>) -> Option<ApplicationSeed> {
    let client_id = from.require("id", ClientId::parse);
    let name = from.get("name", Name::parse);
    let kind = client_kind(from);
    let secret = from.secret_of_length("secret", Secret::CONFIGURED_CLIENT_SECRET_MIN);
    let root_url = from.get("root-url", |text| RedirectUri::parse(text.trim_end_matches('/')));
    let redirect_uris = from.list("redirect-uris", RedirectUri::parse);
    if kind == ClientKind::Public && secret.is_some() {
        from.problem("secret", "is for other types: a public client has none");
    }
    let permissions = from.items("permissions");
    let permissions = permissions.iter().filter_map(permission).collect();
    let client_id = client_id?;
    let name = name.or_else(|| Name::parse(client_id.as_str()).ok())?;
    let client = NewClient { client_id, name, kind, secret, root_url, redirect_uris };
    Some(ApplicationSeed { client, permissions })
}

fn permission(from: &Reader<'_>) -> Option<Permission> {
    let audience = from.require("resource-server-id", Audience::parse);
    let definition = from.require("definition", PermissionName::parse);
    Some(Permission { audience: audience?, definition: definition? })
}

/// The role of before release 8.8, and the one that it became.
const OLD_ROLE: (&str, &str) = ("Identity", "ManagementIdentity");

/// A role by its present name, unless a component has one of the old name.
fn renamed(role: RoleId, presets: &Components) -> RoleId {
    let (old, new) = OLD_ROLE;
    if role.as_str() != old || presets.roles().iter().any(|known| known.id == role) {
        return role;
    }
    RoleId::parse(new).unwrap_or(role)
}

fn user(from: &Reader<'_>, presets: &Components) -> Option<DirectoryUserSeed> {
    let username = from.require("username", Name::parse);
    let password = from.secret_of_length("password", Secret::CONFIGURED_PASSWORD_MIN);
    let email = from.get("email", Email::parse);
    let first_name = from.get("first-name", Name::parse);
    let last_name = from.get("last-name", Name::parse);
    let roles = from.list("roles", RoleId::parse).into_iter().map(|role| renamed(role, presets)).collect();
    let groups = from.list("groups", Name::parse);
    let id = from.get("id", Username::parse);
    let provider = from.get("identity-provider", |text| filled(text).map(str::to_owned));
    let provider_user = from.get("identity-provider-user-id", |text| filled(text).map(str::to_owned));
    if provider.is_some() != provider_user.is_some() {
        from.problem("identity-provider", "and `identity-provider-user-id` are given together, or neither");
    }
    let link = provider.zip(provider_user);
    let person = NewPerson { username: username?, first_name, last_name, email, enabled: true, password };
    Some(DirectoryUserSeed { person, id, link, roles, groups })
}

//! Keycloak settings (docs/reference/management-api.md §7.1, §7.3, §8.2).

use std::time::Duration;

use identity_core::entity::{ClientKind, NewClient, NewDirectoryUser, Permission};
use identity_core::value::{Audience, ClientId, Email, Name, PermissionName, RedirectUri, RoleId, Secret, Username};
use url::Url;

use super::choices::Profile;
use super::client::{Client, IMPLIED_ID};
use super::components::{Components, client_kind};
use super::names::canonical;
use super::reader::{Reader, filled, unique};
use super::urls::safe_url;

/// Settings of the Keycloak server that stores users, groups, roles and clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeycloakConfig {
    /// Base URL of Keycloak, including its relative path, without trailing slash.
    pub url: Url,
    /// Name of the managed realm (default: `camunda-platform`); never `master`.
    pub realm: String,
    /// Whether `http` is permitted for hosts other than this machine (default: false).
    pub allow_insecure_http: bool,
    /// How this server authenticates to Keycloak's Admin REST API: as an administrator, or as a client.
    pub access: KeycloakAccess,
    /// Client id of this server in the realm.
    pub client_id: ClientId,
    /// Secret for this server's client, if this server creates it. If `None`, Keycloak generates one.
    pub own_client_secret: Option<Secret>,
    /// Components of the platform to set up, with their APIs, roles and clients.
    pub components: Vec<ComponentSeed>,
    /// Further applications to create in the realm.
    pub clients: Vec<ApplicationSeed>,
    /// Groups to create, by top-level name or path, such as `/division/admins`.
    pub groups: Vec<Name>,
    /// Users to create, with their roles and groups.
    pub users: Vec<DirectoryUserSeed>,
    /// Whether to remove the stored data of users, groups and clients that no longer exist in Keycloak.
    pub remove_orphans: bool,
    /// Interval between searches for such data (default: 1 h).
    pub orphan_interval: Duration,
    /// Whether to take over a realm of another installation at start-up (default: false).
    pub take_over: bool,
}

/// How this server authenticates to Keycloak's Admin REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeycloakAccess {
    /// Administrator of all realms, who can create the realm.
    Administrator {
        /// Realm of the administrator (default: `master`).
        realm: String,
        /// Client id for the administrator's sign-in (default: `admin-cli`).
        client_id: ClientId,
        /// Username of the administrator (default: `admin`).
        user: String,
        /// Password of the administrator; required for this variant.
        password: Secret,
    },
    /// Client secret of this server's own client, in an existing realm.
    Client(Secret),
}

/// Component of the platform to set up in Keycloak. Its values override the preset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSeed {
    /// Canonical name of the component, such as `optimize`.
    pub key: String,
    /// Client id; `None` uses the default of the component.
    pub client_id: Option<ClientId>,
    /// Client secret; `None` lets Keycloak generate one. Ignored for public clients.
    pub secret: Option<Secret>,
    /// Root URL of the component, to which its redirect URIs are relative.
    pub root_url: Option<RedirectUri>,
}

impl ComponentSeed {
    /// Creates a component with this key, whose client keeps its default id and has no root URL or secret.
    #[must_use]
    pub fn named(key: &str) -> Self {
        Self { key: key.to_owned(), client_id: None, secret: None, root_url: None }
    }
}

/// Further application to create in Keycloak, and the permissions of its service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSeed {
    /// Members of the client at its creation: id, name, kind, secret and URLs.
    pub client: NewClient,
    /// Permissions that the application itself (its service account) has.
    pub permissions: Vec<Permission>,
}

/// User to create in Keycloak, with roles and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUserSeed {
    /// Members of the user at its creation, including the initial password.
    pub person: NewDirectoryUser,
    /// Account id, if this server did not create the account.
    pub id: Option<Username>,
    /// Alias of an identity provider and the user's id there. The account must be linked to that identity.
    pub link: Option<(String, String)>,
    /// Ids of the roles to assign to the user. Other roles of the user stay.
    pub roles: Vec<RoleId>,
    /// Groups of the user, by name or path.
    pub groups: Vec<Name>,
}

impl KeycloakConfig {
    /// Reads the settings; `None` in other profiles, or if they are invalid.
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
        let own_client_secret = from.secret("own-client-secret");
        let access = access(from, own.and_then(Client::secret));
        let orphans = from.section("orphans");
        let remove_orphans = orphans.flag("remove");
        let orphan_interval = orphans.duration("interval");
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

    /// Returns the default issuer of the realm's tokens: `URL/realms/REALM`.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.url.as_str().trim_end_matches('/'), self.realm)
    }
}

/// Rejects the realm `master`. It administers all realms, so managing it would give every administrator here control
/// over Keycloak.
fn managed_realm(text: &str) -> Result<String, &'static str> {
    match filled(text)? {
        "master" => Err("must not be `master`, the realm that administers all realms"),
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
            "requires `keycloak.setup.password`, to create the realm, or `keycloak.client-secret`, to use an \
             existing one",
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
        from.problem("", "is not a known component; define it under `components`");
        return None;
    }
    #[cfg(not(feature = "keycloak"))]
    let _unused = presets;
    let client_id = from.get("client-id", ClientId::parse);
    let secret = from.secret("secret");
    let root_url = from.get("root-url", |text| RedirectUri::parse(text.trim_end_matches('/')));
    Some(ComponentSeed { key: canonical(key), client_id, secret, root_url })
}

fn application(from: &Reader<'_>) -> Option<ApplicationSeed> {
    let client_id = from.require("id", ClientId::parse);
    let name = from.get("name", Name::parse);
    let kind = client_kind(from);
    let secret = from.secret("secret");
    let root_url = from.get("root-url", |text| RedirectUri::parse(text.trim_end_matches('/')));
    let redirect_uris = from.list("redirect-uris", RedirectUri::parse);
    if kind == ClientKind::Public && secret.is_some() {
        from.problem("secret", "is not permitted for public clients");
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

/// Name of a role before release 8.8, and its current name.
const OLD_ROLE: (&str, &str) = ("Identity", "ManagementIdentity");

/// Renames the old role, unless a component defines a role with the old name.
fn renamed(role: RoleId, presets: &Components) -> RoleId {
    let (old, new) = OLD_ROLE;
    if role.as_str() != old || presets.roles().iter().any(|known| known.id == role) {
        return role;
    }
    RoleId::parse(new).unwrap_or(role)
}

fn user(from: &Reader<'_>, presets: &Components) -> Option<DirectoryUserSeed> {
    let username = from.require("username", Name::parse);
    let password = from.secret("password");
    let email = from.get("email", Email::parse);
    let first_name = from.get("first-name", Name::parse);
    let last_name = from.get("last-name", Name::parse);
    let roles = from.list("roles", RoleId::parse).into_iter().map(|role| renamed(role, presets)).collect();
    let groups = from.list("groups", Name::parse);
    let id = from.get("id", Username::parse);
    let provider = from.get("identity-provider", |text| filled(text).map(str::to_owned));
    let provider_user = from.get("identity-provider-user-id", |text| filled(text).map(str::to_owned));
    if provider.is_some() != provider_user.is_some() {
        from.problem("identity-provider", "and `identity-provider-user-id` require each other");
    }
    let link = provider.zip(provider_user);
    let person = NewDirectoryUser { username: username?, first_name, last_name, email, enabled: true, password };
    Some(DirectoryUserSeed { person, id, link, roles, groups })
}

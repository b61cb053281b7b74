//! Components of the platform, with their applications, APIs and roles (docs/reference/management-api.md §4).

use std::collections::{BTreeMap, BTreeSet};

use identity_core::entity::{ApiPermission, ClientKind, Permission, Role};
use identity_core::preset::{self, IDENTITY_AUDIENCE};
use identity_core::value::{Audience, ClientId, Description, Name, PermissionName, RedirectUri, RoleId, Secret};

use super::choices::CLIENT_KINDS;
use super::names::canonical;
use super::reader::Reader;

/// Configured components of the platform, by canonical name (lower case, without dashes and underscores).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components(BTreeMap<String, Component>);

/// Configured entities of a component. A list replaces the built-in one; `None` keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Applications of the component, which are created in the profile `keycloak` only.
    pub applications: Option<Vec<ComponentApplication>>,
    /// APIs, each with audience, display name and permissions.
    pub apis: Option<Vec<(Audience, Name, Vec<ApiPermission>)>>,
    /// Roles of the component, with their permissions.
    pub roles: Option<Vec<Role>>,
}

/// Application (OAuth 2.0 client) of a component, to be created in Keycloak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentApplication {
    /// OAuth 2.0 client id of the application.
    pub client_id: ClientId,
    /// Display name of the application. Default: the client id.
    pub name: Name,
    /// Client type: confidential (default), machine-to-machine or public.
    pub kind: ClientKind,
    /// Client secret; `None` lets Keycloak generate one.
    pub secret: Option<Secret>,
    /// Root URL, to which redirect URIs are relative; without trailing slash.
    pub root_url: Option<RedirectUri>,
    /// Permitted redirect URIs: URLs, or paths below the root URL.
    pub redirect_uris: Vec<RedirectUri>,
    /// Permissions that the application itself (its service account) has.
    pub permissions: Vec<Permission>,
}

/// Canonical name of this server's own component.
const IDENTITY: &str = "identity";

impl Components {
    pub(super) fn read(from: &Reader<'_>) -> Self {
        let mut all = BTreeMap::new();
        for (key, entry) in from.entries("components") {
            if all.insert(canonical(key), Component::read(&entry)).is_some() {
                entry.problem("", "is set twice, in two spellings");
            }
        }
        let mut components = Self(all);
        components.name_own_api();
        components
    }

    /// Returns the component with this name, in any spelling: `web-modeler` equals `webModeler`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Component> {
        self.0.get(&canonical(key))
    }

    /// Returns the roles of all components. Permissions of roles with equal ids are merged.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let mut roles: BTreeMap<RoleId, Role> = BTreeMap::new();
        for role in self.0.values().flat_map(|component| component.roles.iter().flatten()) {
            match roles.get_mut(&role.id) {
                Some(known) => known.permissions.extend(role.permissions.iter().cloned()),
                None => _ = roles.insert(role.id.clone(), role.clone()),
            }
        }
        roles.into_values().collect()
    }

    /// Returns the audiences of the APIs of all components.
    #[must_use]
    pub fn audiences(&self) -> BTreeSet<Audience> {
        let apis = self.0.values().flat_map(|component| component.apis.iter().flatten());
        apis.map(|(audience, ..)| audience.clone()).collect()
    }

    /// Copies permissions on this server's own API to its built-in audience, which permission checks use. The API may
    /// be configured with another audience.
    fn name_own_api(&mut self) {
        let Ok(own) = Audience::parse(IDENTITY_AUDIENCE) else { return };
        let apis = self.0.get(IDENTITY).and_then(|component| component.apis.clone()).unwrap_or_default();
        let others: Vec<Audience> =
            apis.iter().map(|(audience, ..)| audience.clone()).filter(|audience| *audience != own).collect();
        if others.is_empty() {
            return;
        }
        let permitted = |permission: &Permission| {
            others.contains(&permission.audience).then(|| Permission { audience: own.clone(), ..permission.clone() })
        };
        for component in self.0.values_mut() {
            for role in component.roles.iter_mut().flatten() {
                let more: Vec<Permission> = role.permissions.iter().filter_map(permitted).collect();
                role.permissions.extend(more);
            }
            for application in component.applications.iter_mut().flatten() {
                let more: Vec<Permission> = application.permissions.iter().filter_map(permitted).collect();
                application.permissions.extend(more);
            }
        }
        if let Some(known) = self.0.get_mut(IDENTITY).and_then(|component| component.apis.as_mut())
            && !known.iter().any(|(audience, ..)| *audience == own)
            && let Some((_, name, permissions)) = apis.into_iter().next()
        {
            known.push((own, name, permissions));
        }
    }
}

impl Component {
    fn read(from: &Reader<'_>) -> Self {
        let given = |name: &str| from.given(name).then(|| from.items(name));
        Self {
            applications: given("applications").map(|all| all.iter().filter_map(application).collect()),
            apis: given("apis").map(|all| all.iter().filter_map(api).collect()),
            roles: given("roles").map(|all| all.iter().filter_map(role).collect()),
        }
    }
}

fn application(from: &Reader<'_>) -> Option<ComponentApplication> {
    let client_id = from.require("id", ClientId::parse);
    let name = from.get("name", Name::parse);
    let kind = client_kind(from);
    let secret = from.secret("secret");
    let root_url = from.get("root-url", |text| RedirectUri::parse(text.trim_end_matches('/')));
    let redirect_uris = from.list("redirect-uris", RedirectUri::parse);
    let permissions = from.items("permissions").iter().filter_map(permission).collect();
    let client_id = client_id?;
    let name = name.or_else(|| Name::parse(client_id.as_str()).ok())?;
    Some(ComponentApplication { client_id, name, kind, secret, root_url, redirect_uris, permissions })
}

/// Reads the type of an application; the default is confidential.
pub(super) fn client_kind(from: &Reader<'_>) -> ClientKind {
    from.choice("type", &CLIENT_KINDS).unwrap_or(ClientKind::Confidential)
}

fn api(from: &Reader<'_>) -> Option<(Audience, Name, Vec<ApiPermission>)> {
    let audience = from.require("audience", Audience::parse);
    let name = from.get("name", Name::parse);
    let permissions = from.items("permissions");
    let permissions = permissions.iter().filter_map(|one| {
        let definition = one.require("definition", PermissionName::parse);
        let description = one.get("description", Description::parse).unwrap_or_default();
        Some(ApiPermission { definition: definition?, description })
    });
    let permissions = permissions.collect();
    let audience = audience?;
    let name = name.or_else(|| Name::parse(audience.as_str()).ok())?;
    Some((audience, name, permissions))
}

fn role(from: &Reader<'_>) -> Option<Role> {
    let id = from.require("name", RoleId::parse);
    if id.as_ref().is_some_and(preset::is_protected_role) {
        from.problem("name", "is a default role of the orchestration cluster, which cannot be changed");
    }
    let description = from.get("description", Description::parse).unwrap_or_default();
    let permissions = from.items("permissions").iter().filter_map(permission).collect();
    let id = id?;
    Some(Role { description, permissions, ..Role::new(id.clone(), Name::from(&id)) })
}

fn permission(from: &Reader<'_>) -> Option<Permission> {
    let audience = from.require("audience", Audience::parse);
    let definition = from.require("definition", PermissionName::parse);
    Some(Permission { audience: audience?, definition: definition? })
}

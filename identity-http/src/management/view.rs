//! What several resources show, and the bodies that several take.

use std::collections::BTreeSet;

use identity_core::entity::{Authorization, Group, Party, Role, Scope, Tenant};
use identity_core::value::{PermissionName, ResourceTypeName};
use identity_core::world::World;
use serde::Serialize;
use utoipa::ToSchema;

/// A group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupView {
    id: String,
    name: String,
    /// Always empty: there are no organizations here.
    organization_id: String,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self { id: group.id.to_string(), name: group.name.to_string(), organization_id: String::new() }
    }
}

/// A group, where only its id and name are shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupReference {
    id: String,
    name: String,
}

impl GroupReference {
    /// A group as a member; one that only tokens know has its id for a name.
    pub(crate) fn new(world: &World, group: &Party) -> Self {
        let name = world.group(group.id()).map_or_else(|| group.id().to_owned(), |group| group.name.to_string());
        Self { id: group.id().to_owned(), name }
    }
}

impl From<Group> for GroupReference {
    fn from(group: Group) -> Self {
        Self { id: group.id.to_string(), name: group.name.to_string() }
    }
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleView {
    /// The role's key.
    name: String,
    description: String,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self { name: role.id.to_string(), description: role.description.as_str().to_owned() }
    }
}

/// A tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    tenant_id: String,
    name: String,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self { tenant_id: tenant.id.to_string(), name: tenant.name.to_string() }
    }
}

/// A user. Of users who live at the provider only the id is known here.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: String,
    username: String,
    name: String,
    email: String,
}

impl UserView {
    pub(crate) fn new(world: &World, user: &Party) -> Self {
        let stored = world.user(user.id());
        let name = stored.and_then(|user| user.name.as_ref()).map(ToString::to_string);
        let email = stored.and_then(|user| user.email.as_ref()).map(ToString::to_string);
        Self {
            id: user.id().to_owned(),
            username: user.id().to_owned(),
            name: name.unwrap_or_else(|| user.id().to_owned()),
            email: email.unwrap_or_default(),
        }
    }
}

/// What may be done with a resource.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceAuthorizationView {
    /// A resource's key, or `*` for all.
    #[schema(example = "*")]
    resource_key: String,
    #[schema(example = "process-definition")]
    resource_type: String,
    #[schema(example = json!(["READ"]))]
    permissions: BTreeSet<String>,
}

impl ResourceAuthorizationView {
    /// `None` for what is granted by property, which these answers cannot say.
    pub(crate) fn new(
        resource_type: &ResourceTypeName,
        scope: &Scope,
        permissions: BTreeSet<PermissionName>,
    ) -> Option<Self> {
        Some(Self {
            resource_key: scope.resource_id()?.to_owned(),
            resource_type: resource_type.to_string(),
            permissions: permissions.iter().map(ToString::to_string).collect(),
        })
    }

    pub(crate) fn of(authorization: Authorization) -> Option<Self> {
        Self::new(&authorization.resource_type, &authorization.scope, authorization.permissions)
    }
}

//! Defaults of a new installation, as data: the default roles with their permissions and authorizations, and the
//! permissions of this service's own API.

mod cluster;
mod management;

use crate::value::RoleId;

/// Audience of this service's own API (docs/reference/management-api.md §4.1).
pub const IDENTITY_AUDIENCE: &str = "camunda-identity-resource-server";
/// Audiences of the platform's APIs (docs/reference/management-api.md §4.1), including this service's own.
pub const PLATFORM_AUDIENCES: [&str; 9] = [
    IDENTITY_AUDIENCE,
    "optimize-api",
    "console-api",
    "web-modeler-api",
    "web-modeler-public-api",
    "orchestration-api",
    "operate-api",
    "tasklist-api",
    "zeebe-api",
];
/// Permission for all read operations of the management API (`/api`).
pub const READ: &str = "read";
/// Permission for user look-ups only.
pub const READ_USERS: &str = "read:users";
/// Permission for client secrets. Operations on secrets require it in addition to their other permissions.
pub const READ_SECRETS: &str = "read:secrets";
/// Permission for all changes through the management API (`/api`).
pub const WRITE: &str = "write";
/// Id of the administrator role. It holds [`READ`], [`READ_USERS`], [`WRITE`] and all permissions on all resource types
/// that exist when the role is created.
pub const ADMIN_ROLE: &str = "admin";

/// Definition of a default role, with its authorizations.
pub(crate) struct Preset {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// Permissions of APIs: an audience, and the definitions of permissions of that API.
    pub(crate) permissions: &'static [(&'static str, &'static [&'static str])],
    pub(crate) grants: Grants,
    pub(crate) in_default_tenant: bool,
}

pub(crate) enum Grants {
    /// Permissions on all resources of each of these types.
    OnAll(&'static [(&'static str, &'static [&'static str])]),
    /// A resource type, properties of it, and permissions on the resources that name the caller in one of the
    /// properties.
    OnProperties(&'static str, &'static [&'static str], &'static [&'static str]),
    /// Every permission of every resource type.
    Everything,
    /// Every read-only permission of every resource type.
    Looking,
}

/// Returns the definitions of all default roles.
pub(crate) fn roles() -> impl Iterator<Item = &'static Preset> {
    cluster::ROLES.iter().chain(management::ROLES)
}

/// Returns whether a role is a protected default. Only its members can be changed.
#[must_use]
pub fn is_protected_role(role: &RoleId) -> bool {
    protected_roles().any(|id| id == role.as_str())
}

/// Returns the ids of the protected default roles.
pub(crate) fn protected_roles() -> impl Iterator<Item = &'static str> {
    cluster::ROLES.iter().map(|preset| preset.id)
}

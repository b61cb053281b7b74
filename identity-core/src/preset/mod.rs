//! Defaults of a new installation: roles with their permissions and authorizations, and the permission names of this
//! service's own API.

mod cluster;
mod management;

use crate::value::RoleId;

/// Audience (`aud`) of tokens for this service's own API (docs/reference/management-api.md §4.1).
pub const IDENTITY_AUDIENCE: &str = "camunda-identity-resource-server";
/// Audiences of the platform's APIs, including this service's own (docs/reference/management-api.md §4.1).
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
/// Permission to read everything in the management API (`/api`), except client secrets.
pub const READ: &str = "read";
/// Permission to look up users in the management API (`/api`), without other read access.
pub const READ_USERS: &str = "read:users";
/// Permission to read or regenerate client secrets, required in addition to the permissions of the operation.
pub const READ_SECRETS: &str = "read:secrets";
/// Permission to change everything in the management API (`/api`).
pub const WRITE: &str = "write";
/// Id of the administrator role. It holds [`READ`], [`READ_USERS`], [`WRITE`] and every permission on every resource
/// type that exists when the role is created.
pub const ADMIN_ROLE: &str = "admin";

/// A role to create in a new installation, with its authorizations.
pub(crate) struct Preset {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// API permissions, as pairs of an audience and the names of permissions of that API.
    pub(crate) permissions: &'static [(&'static str, &'static [&'static str])],
    pub(crate) grants: Grants,
    pub(crate) in_default_tenant: bool,
}

pub(crate) enum Grants {
    /// Grants these permissions on all resources of each of these types.
    OnAll(&'static [(&'static str, &'static [&'static str])]),
    /// Grants permissions on resources that name the caller in a property. Fields: type, properties, permissions.
    OnProperties(&'static str, &'static [&'static str], &'static [&'static str]),
    /// Grants every permission of every resource type.
    Everything,
    /// Grants every read-only permission (`READ`, `READ_…`, `ACCESS`) of every resource type.
    Looking,
}

/// Returns all default roles: first those of the Orchestration Cluster, then those of Management Identity.
pub(crate) fn roles() -> impl Iterator<Item = &'static Preset> {
    cluster::ROLES.iter().chain(management::ROLES)
}

/// Returns true for the default roles of the Orchestration Cluster. Administrators can change only their members.
#[must_use]
pub fn is_protected_role(role: &RoleId) -> bool {
    protected_roles().any(|id| id == role.as_str())
}

/// Returns the ids of the roles for which [`is_protected_role`] returns true.
pub fn protected_roles() -> impl Iterator<Item = &'static str> {
    cluster::ROLES.iter().map(|preset| preset.id)
}

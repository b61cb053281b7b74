//! Response types that several resources share.

use std::collections::BTreeSet;

use identity_core::entity::{Authorization, Condition, Group, Party, Role, Scope, Tenant};
use identity_core::service::{ApplicationSummary, UserSummary};
use identity_core::value::{PermissionName, ResourceTypeName};
use serde::Serialize;
use utoipa::ToSchema;

use crate::condition::ComparisonBody;

/// A group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupView {
    id: String,
    name: String,
    /// Always empty: organizations are not supported.
    organization_id: String,
    /// Absent if it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    description: String,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.to_string(),
            organization_id: String::new(),
            description: group.description.to_string(),
        }
    }
}

/// Id and name of a group.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupReference {
    id: String,
    name: String,
}

impl From<Group> for GroupReference {
    fn from(group: Group) -> Self {
        Self { id: group.id.to_string(), name: group.name.to_string() }
    }
}

impl From<(Party, String)> for GroupReference {
    fn from((group, name): (Party, String)) -> Self {
        Self { id: group.id().to_owned(), name }
    }
}

/// A role.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleView {
    /// Key of the role.
    name: String,
    /// Display name, if it differs from the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    description: String,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        let display_name = (role.name.as_str() != role.id.as_str()).then(|| role.name.to_string());
        Self { name: role.id.to_string(), display_name, description: role.description.as_str().to_owned() }
    }
}

/// A tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    tenant_id: String,
    name: String,
    /// Absent if it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    description: String,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.id.to_string(),
            name: tenant.name.to_string(),
            description: tenant.description.to_string(),
        }
    }
}

/// A user. For users managed by an identity provider, only the id is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: String,
    username: String,
    name: String,
    email: String,
    /// Whether the user can sign in and has access. Always true for users of an identity provider without a directory.
    enabled: bool,
}

impl From<UserSummary> for UserView {
    fn from(user: UserSummary) -> Self {
        Self { id: user.id, username: user.username, name: user.name, email: user.email, enabled: user.enabled }
    }
}

/// An application. For applications managed by an identity provider, only the client id is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationView {
    id: String,
    client_id: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "M2M")]
    kind: &'static str,
}

impl From<ApplicationSummary> for ApplicationView {
    fn from(application: ApplicationSummary) -> Self {
        Self {
            id: application.id,
            client_id: application.client_id,
            name: application.name,
            kind: application.kind.as_str(),
        }
    }
}

/// Permissions on a resource.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceAuthorizationView {
    /// Resource key, or `*` for all resources.
    #[schema(example = "*")]
    resource_key: String,
    #[schema(example = "process-definition", value_type = String)]
    resource_type: ResourceTypeName,
    #[schema(example = json!(["READ"]), value_type = BTreeSet<String>)]
    permissions: BTreeSet<PermissionName>,
    /// Additional condition of the authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ComparisonBody>>)]
    condition: Option<Condition>,
}

impl ResourceAuthorizationView {
    /// Creates the view of a grant without a condition. `None` for a grant by property, which this format cannot
    /// express.
    pub(crate) fn new(
        resource_type: ResourceTypeName,
        scope: &Scope,
        permissions: BTreeSet<PermissionName>,
    ) -> Option<Self> {
        Some(Self { resource_key: scope.resource_id()?.to_owned(), resource_type, permissions, condition: None })
    }

    pub(crate) fn of(authorization: Authorization) -> Option<Self> {
        let view = Self::new(authorization.resource_type, &authorization.scope, authorization.permissions)?;
        Some(Self { condition: authorization.condition, ..view })
    }
}

//! Changes: the writes of single rows that make up a commit. The change log stores them, and the other replicas replay
//! them.

use serde::{Deserialize, Serialize};

use crate::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, ResourceTypeName, RoleId, TenantId, Username};

/// Write of one row, validated before it is stored.
///
/// Within a commit, all references to an entity are removed before the entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", content = "of", rename_all = "snake_case")]
pub enum Change {
    /// Creates or replaces a user.
    UserPut(User),
    /// Removes the user with this username.
    UserRemoved(Username),
    /// Creates or replaces a group.
    GroupPut(Group),
    /// Removes the group with this id.
    GroupRemoved(GroupId),
    /// Creates or replaces a role, including its permissions.
    RolePut(Role),
    /// Removes the role with this id.
    RoleRemoved(RoleId),
    /// Creates or replaces a tenant.
    TenantPut(Tenant),
    /// Removes the tenant with this id.
    TenantRemoved(TenantId),
    /// Creates or replaces a mapping rule.
    MappingRulePut(MappingRule),
    /// Removes the mapping rule with this id.
    MappingRuleRemoved(MappingRuleId),
    /// Adds a direct member to a group, role or tenant.
    MemberAdded(Membership),
    /// Removes a direct member from a group, role or tenant.
    MemberRemoved(Membership),
    /// Creates the authorization with this key, or replaces it.
    AuthorizationPut(Authorization),
    /// Removes the authorization with this key.
    AuthorizationRemoved(AuthorizationKey),
    /// Creates or replaces a custom resource type.
    ResourceTypePut(CustomType),
    /// Removes the custom resource type with this name.
    ResourceTypeRemoved(ResourceTypeName),
}

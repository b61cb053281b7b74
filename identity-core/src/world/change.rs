//! Changes: the writes of single rows that make up a commit. The change log stores them, and the other replicas replay
//! them.

use serde::{Deserialize, Serialize};

use crate::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, ResourceTypeName, RoleId, TenantId, Username};

/// One change to one row, validated before it is written.
///
/// Within a commit, all references to an entity are removed before the entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", content = "of", rename_all = "snake_case")]
pub enum Change {
    /// Creates or replaces a user.
    UserPut(User),
    /// Removes a user.
    UserRemoved(Username),
    /// Creates or replaces a group.
    GroupPut(Group),
    /// Removes a group.
    GroupRemoved(GroupId),
    /// Creates or replaces a role, including its permissions.
    RolePut(Role),
    /// Removes a role.
    RoleRemoved(RoleId),
    /// Creates or replaces a tenant.
    TenantPut(Tenant),
    /// Removes a tenant.
    TenantRemoved(TenantId),
    /// Creates or replaces a mapping rule.
    MappingRulePut(MappingRule),
    /// Removes a mapping rule.
    MappingRuleRemoved(MappingRuleId),
    /// Adds a membership.
    MemberAdded(Membership),
    /// Removes a membership.
    MemberRemoved(Membership),
    /// Creates or replaces an authorization.
    AuthorizationPut(Authorization),
    /// Removes an authorization.
    AuthorizationRemoved(AuthorizationKey),
    /// Creates or replaces a custom resource type.
    ResourceTypePut(CustomType),
    /// Removes a custom resource type.
    ResourceTypeRemoved(ResourceTypeName),
}

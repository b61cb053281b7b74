//! Changes: the rows that a commit writes, the log keeps and a follower replays.

use serde::{Deserialize, Serialize};

use crate::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, ResourceTypeName, RoleId, TenantId, Username};

/// One change of one row. Already validated; replaying it cannot be refused.
///
/// The removal of an entity is preceded, in the same commit, by the removal of whatever refers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", content = "of", rename_all = "snake_case")]
pub enum Change {
    /// A user is as given.
    UserPut(User),
    /// A user is gone.
    UserRemoved(Username),
    /// A group is as given.
    GroupPut(Group),
    /// A group is gone.
    GroupRemoved(GroupId),
    /// A role is as given, its permissions included.
    RolePut(Role),
    /// A role is gone.
    RoleRemoved(RoleId),
    /// A tenant is as given.
    TenantPut(Tenant),
    /// A tenant is gone.
    TenantRemoved(TenantId),
    /// A mapping rule is as given.
    MappingRulePut(MappingRule),
    /// A mapping rule is gone.
    MappingRuleRemoved(MappingRuleId),
    /// Somebody is a member.
    MemberAdded(Membership),
    /// Somebody is no longer a member.
    MemberRemoved(Membership),
    /// An authorization is as given.
    AuthorizationPut(Authorization),
    /// An authorization is gone.
    AuthorizationRemoved(AuthorizationKey),
    /// An operator's resource type is as given.
    ResourceTypePut(CustomType),
    /// An operator's resource type is gone.
    ResourceTypeRemoved(ResourceTypeName),
}

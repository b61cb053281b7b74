//! Net effect of a list of changes: the final state of each changed row.

use std::collections::BTreeMap;

use identity_core::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use identity_core::value::AuthorizationKey;
use identity_core::world::Change;

/// Final state of each changed row, by key. `None` stands for a row to delete.
pub(super) type NetRows<'c, K, V> = BTreeMap<K, Option<&'c V>>;

/// Net effect of a list of changes: the last change of each row wins. Rows of different tables do not depend on each
/// other, so all rows of a table can be written together.
#[derive(Debug, Default)]
pub(super) struct Net<'c> {
    /// Built-in users by username.
    pub(super) users: NetRows<'c, &'c str, User>,
    /// Groups by id.
    pub(super) groups: NetRows<'c, &'c str, Group>,
    /// Roles by id, with their permissions.
    pub(super) roles: NetRows<'c, &'c str, Role>,
    /// Tenants by id.
    pub(super) tenants: NetRows<'c, &'c str, Tenant>,
    /// Mapping rules by id.
    pub(super) mapping_rules: NetRows<'c, &'c str, MappingRule>,
    /// Memberships. They have no columns other than the key.
    pub(super) memberships: NetRows<'c, &'c Membership, Membership>,
    /// Authorizations by key, with their permissions.
    pub(super) authorizations: NetRows<'c, AuthorizationKey, Authorization>,
    /// Custom resource types by name.
    pub(super) custom_types: NetRows<'c, &'c str, CustomType>,
}

impl<'c> Net<'c> {
    /// Reduces a list of changes to the final state of each changed row.
    pub(super) fn of(changes: &'c [Change]) -> Self {
        let mut net = Self::default();
        for change in changes {
            match change {
                Change::UserPut(user) => _ = net.users.insert(user.username.as_str(), Some(user)),
                Change::UserRemoved(id) => _ = net.users.insert(id.as_str(), None),
                Change::GroupPut(group) => _ = net.groups.insert(group.id.as_str(), Some(group)),
                Change::GroupRemoved(id) => _ = net.groups.insert(id.as_str(), None),
                Change::RolePut(role) => _ = net.roles.insert(role.id.as_str(), Some(role)),
                Change::RoleRemoved(id) => _ = net.roles.insert(id.as_str(), None),
                Change::TenantPut(tenant) => _ = net.tenants.insert(tenant.id.as_str(), Some(tenant)),
                Change::TenantRemoved(id) => _ = net.tenants.insert(id.as_str(), None),
                Change::MappingRulePut(rule) => _ = net.mapping_rules.insert(rule.id.as_str(), Some(rule)),
                Change::MappingRuleRemoved(id) => _ = net.mapping_rules.insert(id.as_str(), None),
                Change::MemberAdded(membership) => _ = net.memberships.insert(membership, Some(membership)),
                Change::MemberRemoved(membership) => _ = net.memberships.insert(membership, None),
                Change::AuthorizationPut(entry) => _ = net.authorizations.insert(entry.key, Some(entry)),
                Change::AuthorizationRemoved(key) => _ = net.authorizations.insert(*key, None),
                Change::ResourceTypePut(kind) => _ = net.custom_types.insert(kind.name.as_str(), Some(kind)),
                Change::ResourceTypeRemoved(name) => _ = net.custom_types.insert(name.as_str(), None),
            }
        }
        net
    }
}

//! What a commit comes to, for stores that write rows in bulk.

use std::collections::BTreeMap;

use crate::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use crate::value::AuthorizationKey;
use crate::world::Change;

/// By key, what the row shall be; `None` for one that shall be gone.
pub type NetRows<'c, K, V> = BTreeMap<K, Option<&'c V>>;

/// What a list of changes comes to: the last word on every row. Rows of different tables do not depend on each other, so
/// the rows of one table can be written together.
#[derive(Debug, Default)]
pub struct Net<'c> {
    /// Built-in users.
    pub users: NetRows<'c, &'c str, User>,
    /// Groups.
    pub groups: NetRows<'c, &'c str, Group>,
    /// Roles, with their permissions.
    pub roles: NetRows<'c, &'c str, Role>,
    /// Tenants.
    pub tenants: NetRows<'c, &'c str, Tenant>,
    /// Mapping rules.
    pub mapping_rules: NetRows<'c, &'c str, MappingRule>,
    /// Memberships.
    pub memberships: NetRows<'c, &'c Membership, Membership>,
    /// Authorizations, with their permissions.
    pub authorizations: NetRows<'c, AuthorizationKey, Authorization>,
    /// Operators' resource types.
    pub custom_types: NetRows<'c, &'c str, CustomType>,
}

impl<'c> Net<'c> {
    /// The last word of `changes`.
    #[must_use]
    pub fn of(changes: &'c [Change]) -> Self {
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

/// The rows to write, and the keys of those to delete.
#[must_use]
pub fn split<K: Copy, V>(rows: NetRows<'_, K, V>) -> (Vec<&V>, Vec<K>) {
    let gone = rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| *key).collect();
    (rows.into_values().flatten().collect(), gone)
}

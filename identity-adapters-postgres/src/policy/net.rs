//! What a list of changes comes to: the last word on every row.
//!
//! Rows of different tables do not depend on each other, so the rows of one table can be written together.

use std::collections::BTreeMap;

use identity_core::entity::{Authorization, Group, MappingRule, Membership, Role, Tenant, User};
use identity_core::value::AuthorizationKey;
use identity_core::world::Change;

/// By key, what the row shall be; `None` for one that shall be gone.
pub(super) type Rows<'c, K, V> = BTreeMap<K, Option<&'c V>>;

#[derive(Default)]
pub(super) struct Net<'c> {
    pub(super) users: Rows<'c, &'c str, User>,
    pub(super) groups: Rows<'c, &'c str, Group>,
    pub(super) roles: Rows<'c, &'c str, Role>,
    pub(super) tenants: Rows<'c, &'c str, Tenant>,
    pub(super) mapping_rules: Rows<'c, &'c str, MappingRule>,
    pub(super) memberships: Rows<'c, &'c Membership, Membership>,
    pub(super) authorizations: Rows<'c, AuthorizationKey, Authorization>,
}

impl<'c> Net<'c> {
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
            }
        }
        net
    }
}

/// The rows to write, and the keys of those to delete.
pub(super) fn split<K: Copy, V>(rows: Rows<'_, K, V>) -> (Vec<&V>, Vec<K>) {
    let gone = rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| *key).collect();
    (rows.into_values().flatten().collect(), gone)
}

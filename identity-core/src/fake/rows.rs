use std::collections::{BTreeMap, BTreeSet};

use crate::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, ResourceTypeName, RoleId, TenantId, Username};
use crate::world::Change;

/// Policy data that results from a sequence of changes, without the indexes of the world. Reference model for tests of
/// stores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    users: BTreeMap<Username, User>,
    groups: BTreeMap<GroupId, Group>,
    roles: BTreeMap<RoleId, Role>,
    tenants: BTreeMap<TenantId, Tenant>,
    mapping_rules: BTreeMap<MappingRuleId, MappingRule>,
    memberships: BTreeSet<Membership>,
    authorizations: BTreeMap<AuthorizationKey, Authorization>,
    custom_types: BTreeMap<ResourceTypeName, CustomType>,
}

impl Rows {
    /// Applies changes in order to empty data and returns the result.
    pub fn replay<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Self {
        let mut rows = Self::default();
        changes.into_iter().for_each(|change| rows.apply(change));
        rows
    }

    /// Applies one change. Neither references nor preconditions are checked.
    pub fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::UserPut(user) => drop(self.users.insert(user.username.clone(), user)),
            Change::UserRemoved(id) => drop(self.users.remove(&id)),
            Change::GroupPut(group) => drop(self.groups.insert(group.id.clone(), group)),
            Change::GroupRemoved(id) => drop(self.groups.remove(&id)),
            Change::RolePut(role) => drop(self.roles.insert(role.id.clone(), role)),
            Change::RoleRemoved(id) => drop(self.roles.remove(&id)),
            Change::TenantPut(tenant) => drop(self.tenants.insert(tenant.id.clone(), tenant)),
            Change::TenantRemoved(id) => drop(self.tenants.remove(&id)),
            Change::MappingRulePut(rule) => drop(self.mapping_rules.insert(rule.id.clone(), rule)),
            Change::MappingRuleRemoved(id) => drop(self.mapping_rules.remove(&id)),
            Change::MemberAdded(membership) => _ = self.memberships.insert(membership),
            Change::MemberRemoved(membership) => _ = self.memberships.remove(&membership),
            Change::AuthorizationPut(entry) => drop(self.authorizations.insert(entry.key, entry)),
            Change::AuthorizationRemoved(key) => drop(self.authorizations.remove(&key)),
            Change::ResourceTypePut(kind) => drop(self.custom_types.insert(kind.name.clone(), kind)),
            Change::ResourceTypeRemoved(name) => drop(self.custom_types.remove(&name)),
        }
    }

    /// Returns changes that create this data when applied to empty data. An entity precedes the changes that refer to
    /// it.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let users = self.users.values().cloned().map(Change::UserPut);
        let groups = self.groups.values().cloned().map(Change::GroupPut);
        let roles = self.roles.values().cloned().map(Change::RolePut);
        let tenants = self.tenants.values().cloned().map(Change::TenantPut);
        let mapping_rules = self.mapping_rules.values().cloned().map(Change::MappingRulePut);
        let memberships = self.memberships.iter().cloned().map(Change::MemberAdded);
        let authorizations = self.authorizations.values().cloned().map(Change::AuthorizationPut);
        let types = self.custom_types.values().cloned().map(Change::ResourceTypePut);
        types
            .chain(users)
            .chain(groups)
            .chain(roles)
            .chain(tenants)
            .chain(mapping_rules)
            .chain(memberships)
            .chain(authorizations)
            .collect()
    }
}

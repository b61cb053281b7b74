//! Converts a world, or the difference between two worlds, into row changes.

use std::sync::Arc;

use imbl::ordmap::DiffItem;
use imbl::ordset;

use super::{Change, Symbol, World};
use crate::entity::Membership;

impl World {
    /// Returns the changes that rebuild this world from an empty one. Entities come before the rows that refer to them.
    pub fn rows(&self) -> impl Iterator<Item = Change> + '_ {
        let users = self.users().cloned().map(Change::UserPut);
        let groups = self.groups().cloned().map(Change::GroupPut);
        let roles = self.roles().cloned().map(Change::RolePut);
        let tenants = self.tenants().cloned().map(Change::TenantPut);
        let rules = self.mapping_rules().cloned().map(Change::MappingRulePut);
        let members = self.members.pairs().filter_map(|pair| self.membership(pair)).map(Change::MemberAdded);
        let authorizations = self.authorizations().map(Change::AuthorizationPut);
        let types = self.custom_types().cloned().map(Change::ResourceTypePut);
        types.chain(users).chain(groups).chain(roles).chain(tenants).chain(rules).chain(members).chain(authorizations)
    }

    /// Returns the changes that turn this world into `after`, removals first. If one of the worlds was derived from the
    /// other, the cost depends on the size of the difference, not of the worlds.
    pub(crate) fn changes_to(&self, after: &Self) -> Vec<Change> {
        if !after.names.continue_from(&self.names) && !self.names.continue_from(&after.names) {
            let mut same_names = Self::new(self.sources, Arc::clone(&self.built_in));
            same_names.names = self.names.clone();
            let rows: Vec<Change> = after.rows().collect();
            return self.changes_to(&same_names.replay(after.revision, &rows).0);
        }
        let mut gone = Vec::new();
        let mut come = Vec::new();
        for item in self.authorizations.diff(&after.authorizations) {
            match item {
                DiffItem::Remove(key, _) => gone.push(Change::AuthorizationRemoved(*key)),
                // An update of the custom type changed only the bit positions of the permissions, not the
                // authorization.
                DiffItem::Update { old: (key, old), new: (_, new) }
                    if self.written_out(*key, old) == after.written_out(*key, new) => {}
                DiffItem::Add(key, record) | DiffItem::Update { new: (key, record), .. } => {
                    come.extend(after.written_out(*key, record).map(Change::AuthorizationPut));
                }
            }
        }
        let [left, joined] = self.members.difference(&after.members);
        gone.extend(left.into_iter().filter_map(|pair| self.membership(pair)).map(Change::MemberRemoved));
        let joined = joined.into_iter().filter_map(|pair| after.membership(pair)).map(Change::MemberAdded);

        let mut entities = Vec::new();
        macro_rules! entities {
            ($($map:ident: $put:ident, $removed:ident;)+) => {$(
                for item in self.$map.diff(&after.$map) {
                    match item {
                        DiffItem::Remove(id, _) => gone.push(Change::$removed(id.clone())),
                        DiffItem::Add(_, new) | DiffItem::Update { new: (_, new), .. } => {
                            entities.push(Change::$put(new.as_ref().clone()));
                        }
                    }
                }
            )+};
        }
        entities! {
            users: UserPut, UserRemoved;
            groups: GroupPut, GroupRemoved;
            roles: RolePut, RoleRemoved;
            tenants: TenantPut, TenantRemoved;
            mapping_rules: MappingRulePut, MappingRuleRemoved;
            custom_types: ResourceTypePut, ResourceTypeRemoved;
        }
        gone.into_iter().chain(entities).chain(joined).chain(come).collect()
    }

    fn membership(&self, (member, container): (Symbol, Symbol)) -> Option<Membership> {
        Membership::new(self.names.container(container)?, self.names.party(member)?).ok()
    }
}

impl super::Members {
    /// Returns all memberships as `(member, container)` pairs.
    fn pairs(&self) -> impl Iterator<Item = (Symbol, Symbol)> + '_ {
        self.by_member().iter().copied()
    }

    /// Returns the memberships that exist only in `self`, then those that exist only in `other`.
    fn difference(&self, other: &Self) -> [Vec<(Symbol, Symbol)>; 2] {
        let [mut left, mut joined] = [Vec::new(), Vec::new()];
        for item in self.by_member().diff(other.by_member()) {
            match item {
                ordset::DiffItem::Remove(pair) => left.push(*pair),
                ordset::DiffItem::Add(pair) => joined.push(*pair),
            }
        }
        [left, joined]
    }
}

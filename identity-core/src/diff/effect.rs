//! What a change means for those whom it reaches.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::entity::{Authorization, Condition, Container, Party, Permission, Scope};
use crate::resolve::Subject;
use crate::search::what_can;
use crate::value::{GroupId, PermissionName, ResourceTypeName, RoleId, TenantId};
use crate::world::{Change, World};

/// What one party gains and loses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// A user, a client, or a mapping rule: whoever's token matches it.
    pub party: Party,
    /// What they have only after the change.
    pub gained: Vec<AccessItem>,
    /// What they had only before it.
    pub lost: Vec<AccessItem>,
}

/// Something that one can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccessItem {
    /// Membership of a group.
    Group {
        /// Which.
        group: GroupId,
    },
    /// A role.
    Role {
        /// Which.
        role: RoleId,
    },
    /// Membership of a tenant.
    Tenant {
        /// Which.
        tenant: TenantId,
    },
    /// A permission of an API.
    Permission {
        /// Which.
        permission: Permission,
    },
    /// Access to resources.
    Resource {
        /// Their type.
        resource_type: ResourceTypeName,
        /// Which of them.
        scope: Scope,
        /// What may be done with them.
        permission: PermissionName,
        /// What must hold besides.
        #[serde(skip_serializing_if = "Option::is_none")]
        condition: Option<Condition>,
    },
}

/// The effects on parties, for as long as `may_go_on` says so.
pub(super) fn effects(before: &World, after: &World, changes: &[Change], may_go_on: impl Fn() -> bool) -> Vec<Effect> {
    let mut reached = BTreeSet::new();
    for party in changes.iter().flat_map(|change| touched(change).into_iter().chain(former_owner(before, change))) {
        reach(before, &party, &mut reached);
        reach(after, &party, &mut reached);
    }
    reached
        .into_iter()
        .take_while(|_| may_go_on())
        .filter_map(|party| {
            let (had, has) = (access(before, &party), access(after, &party));
            let gained: Vec<AccessItem> = has.difference(&had).cloned().collect();
            let lost: Vec<AccessItem> = had.difference(&has).cloned().collect();
            (!gained.is_empty() || !lost.is_empty()).then_some(Effect { party, gained, lost })
        })
        .collect()
}

/// The owner that an authorization had before a change of it.
fn former_owner(before: &World, change: &Change) -> Option<Party> {
    match change {
        Change::AuthorizationPut(Authorization { key, .. }) | Change::AuthorizationRemoved(key) => {
            before.authorization(*key).map(|authorization| authorization.owner)
        }
        _ => None,
    }
}

/// The party whose access a change is about, as the change has it.
fn touched(change: &Change) -> Option<Party> {
    match change {
        Change::MemberAdded(membership) | Change::MemberRemoved(membership) => Some(membership.member().clone()),
        Change::AuthorizationPut(authorization) => Some(authorization.owner.clone()),
        Change::RolePut(role) => Some(Party::Role(role.id.clone())),
        Change::RoleRemoved(id) => Some(Party::Role(id.clone())),
        Change::UserPut(_)
        | Change::UserRemoved(_)
        | Change::GroupPut(_)
        | Change::GroupRemoved(_)
        | Change::TenantPut(_)
        | Change::TenantRemoved(_)
        | Change::MappingRulePut(_)
        | Change::MappingRuleRemoved(_)
        | Change::AuthorizationRemoved(_)
        | Change::ResourceTypePut(_)
        | Change::ResourceTypeRemoved(_) => None,
    }
}

/// Adds the users, clients and rules that are this party or members of it.
fn reach(world: &World, party: &Party, reached: &mut BTreeSet<Party>) {
    let container = match party {
        Party::User(_) | Party::Client(_) | Party::MappingRule(_) => {
            reached.insert(party.clone());
            return;
        }
        Party::Group(id) => Container::Group(id.clone()),
        Party::Role(id) => Container::Role(id.clone()),
    };
    for member in world.members(&container) {
        reach(world, &member, reached);
    }
}

/// Everything that a party has.
fn access(world: &World, party: &Party) -> BTreeSet<AccessItem> {
    let mut items = BTreeSet::new();
    let mut seen = BTreeSet::new();
    collect(world, party, &mut seen, &mut items);
    items
}

fn collect(world: &World, party: &Party, seen: &mut BTreeSet<Party>, items: &mut BTreeSet<AccessItem>) {
    if !seen.insert(party.clone()) {
        return;
    }
    for Authorization { resource_type, scope, permissions, condition, .. } in world.owned_by(party) {
        items.extend(permissions.into_iter().map(|permission| AccessItem::Resource {
            resource_type: resource_type.clone(),
            scope: scope.clone(),
            permission,
            condition: condition.clone(),
        }));
    }
    if let Party::Role(id) = party {
        let permissions = world.role(id.as_str()).into_iter().flat_map(|role| role.permissions.iter().cloned());
        items.extend(permissions.map(|permission| AccessItem::Permission { permission }));
    }
    for container in world.memberships(party) {
        match container {
            Container::Group(group) => {
                collect(world, &Party::Group(group.clone()), seen, items);
                items.insert(AccessItem::Group { group });
            }
            Container::Role(role) => {
                collect(world, &Party::Role(role.clone()), seen, items);
                items.insert(AccessItem::Role { role });
            }
            Container::Tenant(tenant) => {
                items.insert(AccessItem::Tenant { tenant });
            }
        }
    }
}

/// Everything that a subject has, whatever it is that they have it through.
#[must_use]
pub fn holdings(world: &World, subject: &Subject) -> BTreeSet<AccessItem> {
    let mut items = BTreeSet::new();
    items.extend(subject.groups.iter().cloned().map(|group| AccessItem::Group { group }));
    items.extend(subject.tenants.iter().cloned().map(|tenant| AccessItem::Tenant { tenant }));
    for role in &subject.roles {
        let permissions = world.role(role.as_str()).into_iter().flat_map(|role| role.permissions.iter().cloned());
        items.extend(permissions.map(|permission| AccessItem::Permission { permission }));
        items.insert(AccessItem::Role { role: role.clone() });
    }
    for held in what_can(world, subject) {
        let Authorization { resource_type, scope, permissions, condition, .. } = held;
        items.extend(permissions.into_iter().map(|permission| AccessItem::Resource {
            resource_type: resource_type.clone(),
            scope: scope.clone(),
            permission,
            condition: condition.clone(),
        }));
    }
    items
}

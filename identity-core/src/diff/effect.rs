//! Effects of a change on the access of parties.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::entity::{Authorization, Condition, Container, Party, Permission, Scope};
use crate::resolve::Subject;
use crate::search::what_can;
use crate::value::{GroupId, PermissionName, ResourceTypeName, RoleId, TenantId};
use crate::world::{Change, World};

/// Access that one party gains and loses through a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// User, client or mapping rule. The access of a mapping rule applies to the callers whose tokens match it.
    pub party: Party,
    /// Access held only after the change.
    pub gained: Vec<AccessItem>,
    /// Access held only before the change.
    pub lost: Vec<AccessItem>,
}

/// Single item of access: a membership, a role, a permission of an API, or a permission on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccessItem {
    /// Membership of a group.
    Group {
        /// Id of the group.
        group: GroupId,
    },
    /// Assignment of a role, directly or through a group.
    Role {
        /// Id of the role.
        role: RoleId,
    },
    /// Membership of a tenant.
    Tenant {
        /// Id of the tenant.
        tenant: TenantId,
    },
    /// Permission of an API.
    Permission {
        /// Audience and name of the permission.
        permission: Permission,
    },
    /// Permission on resources of a type.
    Resource {
        /// Name of the resource type.
        resource_type: ResourceTypeName,
        /// Covered resources: one id, all resources of the type, or those that match a property.
        scope: Scope,
        /// Name of the permission.
        permission: PermissionName,
        /// Condition that must also hold. `None` if the access is unconditional.
        #[serde(skip_serializing_if = "Option::is_none")]
        condition: Option<Condition>,
    },
}

/// Computes the effects on each affected party. Stops early when `may_go_on` returns `false`.
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

/// Returns the owner that a changed or removed authorization had before the change. `None` for all other changes.
fn former_owner(before: &World, change: &Change) -> Option<Party> {
    match change {
        Change::AuthorizationPut(Authorization { key, .. }) | Change::AuthorizationRemoved(key) => {
            before.authorization(*key).map(|authorization| authorization.owner)
        }
        _ => None,
    }
}

/// Returns the party whose access a change affects. `None` if the change does not contain the party or affects no
/// access.
fn touched(change: &Change) -> Option<Party> {
    match change {
        Change::MemberAdded(membership) | Change::MemberRemoved(membership) => Some(membership.member().clone()),
        Change::AuthorizationPut(authorization) => Some(authorization.owner.clone()),
        Change::RolePut(role) => Some(Party::Role(role.id.clone())),
        Change::RoleRemoved(id) => Some(Party::Role(id.clone())),
        Change::UserPut(user) => Some(Party::User(user.username.clone())),
        Change::UserRemoved(_)
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

/// Adds `party` itself, or the direct and indirect members of a group or role, if they are users, clients or mapping
/// rules.
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

/// Returns the access of a party from its own grants and from its direct and indirect stored memberships. An inactive user
/// has none.
fn access(world: &World, party: &Party) -> BTreeSet<AccessItem> {
    let mut items = BTreeSet::new();
    if matches!(party, Party::User(username) if world.is_inactive(username.as_str())) {
        return items;
    }
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

/// Returns the effective access of a subject: its groups, roles and tenants, the permissions of its roles, and all
/// authorizations that apply to it.
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

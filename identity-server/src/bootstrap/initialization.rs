//! Start-up data of the Orchestration Cluster (docs/reference/orchestration-cluster.md §6.3). The Orchestration Cluster
//! leaves existing entities unchanged; this server updates them as configured. Memberships and authorizations are only
//! added.

use identity_core::apply::{Command, NewAuthorization};
use identity_core::entity::{Group, MappingRule, Role, Tenant};
use identity_core::world::World;

use crate::config::Initialization;

/// Returns the commands for all configured entities except users. Entities precede the commands that refer to them.
pub(super) fn commands(wanted: &Initialization, world: &World) -> Vec<Command> {
    let types = wanted.resource_types.iter().filter_map(|kind| match world.custom_type(kind.name.as_str()) {
        None => Some(Command::CreateResourceType(kind.clone())),
        // Existing permissions and properties may be in use, so none is removed.
        Some(old) => {
            let mut new = old.clone();
            new.permissions.extend(kind.permissions.iter().cloned());
            new.properties.extend(kind.properties.iter().cloned());
            (new != *old).then_some(Command::UpdateResourceType(new))
        }
    });
    let rules = wanted.mapping_rules.iter().filter_map(|rule| match world.mapping_rule(rule.id.as_str()) {
        None => Some(Command::CreateMappingRule(rule.clone())),
        // The kind of a rule is immutable, and its name is not configurable.
        Some(old) => {
            let new = MappingRule { name: old.name.clone(), kind: old.kind, ..rule.clone() };
            (new != *old).then_some(Command::UpdateMappingRule(new))
        }
    });
    let groups = wanted.groups.iter().filter_map(|group| match world.group(group.id.as_str()) {
        None => Some(Command::CreateGroup(group.clone())),
        Some(old) => (group != old).then(|| Command::UpdateGroup(Group::clone(group))),
    });
    let roles = wanted.roles.iter().filter_map(|role| match world.role(role.id.as_str()) {
        None => Some(Command::CreateRole(role.clone())),
        // API permissions of these roles are not configurable, so existing ones stay.
        Some(old) => {
            let new = Role { permissions: old.permissions.clone(), ..role.clone() };
            (new != *old).then_some(Command::UpdateRole(new))
        }
    });
    let tenants = wanted.tenants.iter().filter_map(|tenant| match world.tenant(tenant.id.as_str()) {
        None => Some(Command::CreateTenant(tenant.clone())),
        Some(old) => (tenant != old).then(|| Command::UpdateTenant(Tenant::clone(tenant))),
    });
    let missing = wanted.memberships.iter().filter(|one| !world.is_member(one.container(), one.member()));
    let members = missing.cloned().map(Command::AddMember);
    let authorizations = missing_grants(&wanted.authorizations, world).into_iter().map(Command::CreateAuthorization);
    types.chain(rules).chain(groups).chain(roles).chain(tenants).chain(members).chain(authorizations).collect()
}

/// Returns the permissions in `wanted` that neither the world nor a preceding element of `wanted` grants.
pub(super) fn missing_grants(wanted: &[NewAuthorization], world: &World) -> Vec<NewAuthorization> {
    let mut missing: Vec<NewAuthorization> = Vec::new();
    for one in wanted {
        let mut new = one.clone();
        for old in world.owned_by(&one.owner) {
            if (&old.resource_type, &old.scope, &old.condition) == (&one.resource_type, &one.scope, &one.condition) {
                new.permissions.retain(|permission| !old.permissions.contains(permission));
            }
        }
        for earlier in &missing {
            let same_place = earlier.resource_type == one.resource_type && earlier.scope == one.scope;
            if earlier.owner == one.owner && same_place && earlier.condition == one.condition {
                new.permissions.retain(|permission| !earlier.permissions.contains(permission));
            }
        }
        if !new.permissions.is_empty() {
            missing.push(new);
        }
    }
    missing
}

//! Who can do something, and what can somebody do. Answers agree with [`decide`](crate::decide::decide), in both
//! directions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::decide::{Question, Target};
use crate::entity::{Authorization, Party, Permission, Scope};
use crate::matrix::Family;
use crate::resolve::Subject;
use crate::value::{Audience, PermissionName, ResourceTypeName};
use crate::world::{Kind, Run, Sym, World};

/// Somebody who can, and the party through which they can: themselves, a group, a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Allowed {
    /// A user, a client, or a mapping rule: whoever's token matches it.
    pub party: Party,
    /// What holds the grant.
    pub through: Party,
}

/// Everybody whom the stored data lets do something, each with one way. Questions about tenants answer with their members.
/// Those whom only a token's claims make members of a group cannot be known.
#[must_use]
pub fn who_can(world: &World, question: &Question<'_>) -> Vec<Allowed> {
    let mut found = BTreeMap::new();
    let names = world.names();
    let mut add = |holder: Sym| {
        if let Some(through) = names.party(holder) {
            expand(world, holder, &through, &mut found);
        }
    };
    match *question {
        Question::Permission { audience, definition } => {
            if let (Ok(audience), Ok(definition)) = (Audience::parse(audience), PermissionName::parse(definition)) {
                world
                    .roles_with(&Permission { audience, definition })
                    .filter_map(|role| names.get(Kind::Role, role.id.as_str()))
                    .for_each(&mut add);
            }
        }
        Question::Resource { access, target } => {
            let grants = |run: &Run| -> Vec<Sym> {
                run.iter()
                    .filter(|grant| grant.permissions.intersects(access.permissions))
                    .map(|grant| grant.owner)
                    .collect()
            };
            let on_id = match target {
                Target::All | Target::Described(None, _) => None,
                Target::Id(id) | Target::WithProperties(id, _) | Target::Described(Some(id), _) => {
                    world.run_on_id(access.resource_type, id)
                }
            };
            for run in world.run_on_any(access.resource_type).into_iter().chain(on_id) {
                grants(run).into_iter().for_each(&mut add);
            }
        }
        Question::Tenant(tenant) => {
            if let Some(tenant) = names.get(Kind::Tenant, tenant.as_str()) {
                world.member_index().all_members(tenant).for_each(&mut add);
            }
        }
    }
    found.into_iter().map(|(party, through)| Allowed { party, through }).collect()
}

/// Adds whoever is this holder: members of groups and roles, theirs in turn.
fn expand(world: &World, holder: Sym, through: &Party, found: &mut BTreeMap<Party, Party>) {
    match holder.kind() {
        Kind::User | Kind::Client | Kind::MappingRule => {
            if let Some(party) = world.names().party(holder) {
                found.entry(party).or_insert_with(|| through.clone());
            }
        }
        Kind::Group | Kind::Role => {
            for member in world.member_index().all_members(holder) {
                expand(world, member, through, found);
            }
        }
        Kind::Tenant | Kind::ResourceType => {}
    }
}

/// The authorizations that a subject has, through any of its owners, in the order of owners.
pub fn what_can<'w>(world: &'w World, subject: &'w Subject) -> impl Iterator<Item = Authorization> + 'w {
    subject.owners().iter().flat_map(|owner| world.owned_by_symbol(owner))
}

/// What a subject can do with the resources of some families of types: the union over its owners, by type and scope. What
/// depends on a condition is left out: whether it holds is a question of its own.
#[must_use]
pub fn resources_of(
    world: &World,
    subject: &Subject,
    families: &[Family],
) -> BTreeMap<(ResourceTypeName, Scope), BTreeSet<PermissionName>> {
    let mut found: BTreeMap<_, BTreeSet<PermissionName>> = BTreeMap::new();
    let unconditional = what_can(world, subject).filter(|authorization| authorization.condition.is_none());
    for Authorization { resource_type, scope, permissions, .. } in unconditional {
        let kind = world.matrix().index(resource_type.as_str()).and_then(|index| world.matrix().get(index));
        if kind.is_some_and(|kind| families.contains(&kind.family)) {
            found.entry((resource_type, scope)).or_default().extend(permissions);
        }
    }
    found
}

/// The permissions of one API that a subject's roles hold or their token brings, in order.
#[must_use]
pub fn permissions_of(world: &World, subject: &Subject, audience: &str) -> BTreeSet<PermissionName> {
    subject
        .roles
        .iter()
        .filter_map(|role| world.role(role.as_str()))
        .flat_map(|role| &role.permissions)
        .chain(&subject.permissions)
        .filter(|permission| permission.audience.as_str() == audience)
        .map(|permission| permission.definition.clone())
        .collect()
}

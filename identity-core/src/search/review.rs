//! Access reviews in both directions: the parties that have an access, and the effective permissions of a subject. Both
//! apply the rules of [`decide`](crate::decide::decide) to stored data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::Family;
use crate::decide::{Question, Target};
use crate::entity::{Authorization, Party, Permission, Scope};
use crate::resolve::Subject;
use crate::value::{Audience, PermissionName, ResourceTypeName};
use crate::world::{Kind, Run, Symbol, World};

/// Party that has an access, and the holder of the grant that gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Allowed {
    /// User, client or mapping rule. A mapping rule stands for every caller whose token matches it.
    pub party: Party,
    /// Holder of the grant: the party itself, or a group or role that the party is a member of.
    pub through: Party,
}

/// Returns all parties that have an access according to the stored data, each with one holder of a grant. For a tenant,
/// these are its members. Grants on a property and conditional grants are not evaluated. Parties that are members of a
/// group only by the claims of a token are not included, and neither are inactive users.
#[must_use]
pub fn who_can(world: &World, question: &Question<'_>) -> Vec<Allowed> {
    let mut found = BTreeMap::new();
    let names = world.names();
    let mut add = |holder: Symbol| {
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
            let grants = |run: &Run| -> Vec<Symbol> {
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

/// Adds the holder itself or, for a group or role, its direct and indirect members. Omits inactive users.
fn expand(world: &World, holder: Symbol, through: &Party, found: &mut BTreeMap<Party, Party>) {
    match holder.kind() {
        Kind::User | Kind::Client | Kind::MappingRule => {
            if let Some(party) = world.names().party(holder).filter(|party| !is_inactive(world, party)) {
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

/// Whether a party is an inactive user.
pub(super) fn is_inactive(world: &World, party: &Party) -> bool {
    matches!(party, Party::User(username) if world.is_inactive(username.as_str()))
}

/// Returns all authorizations that apply to a subject: those of its principal, mapping rules, groups and roles. They
/// are grouped by owner.
pub fn what_can<'w>(world: &'w World, subject: &'w Subject) -> impl Iterator<Item = Authorization> + 'w {
    subject.owners().iter().flat_map(|owner| world.owned_by_symbol(owner))
}

/// Returns the effective permissions of a subject on the resources of some families of types, by type and scope. They
/// are the union over the subject's owners. Conditional authorizations are left out, because their outcome requires a
/// separate decision.
#[must_use]
pub fn resources_of(
    world: &World,
    subject: &Subject,
    families: &[Family],
) -> BTreeMap<(ResourceTypeName, Scope), BTreeSet<PermissionName>> {
    let mut found: BTreeMap<_, BTreeSet<PermissionName>> = BTreeMap::new();
    let unconditional = what_can(world, subject).filter(|authorization| authorization.condition.is_none());
    for Authorization { resource_type, scope, permissions, .. } in unconditional {
        let kind = world.catalog().index(resource_type.as_str()).and_then(|index| world.catalog().get(index));
        if kind.is_some_and(|kind| families.contains(&kind.family)) {
            found.entry((resource_type, scope)).or_default().extend(permissions);
        }
    }
    found
}

/// Returns the permissions on one API that the roles or the token of a subject grant, sorted.
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

//! The nearest edges that are missing, each of which would turn a no into a yes.

use super::{NearMiss, Question, Remedy, Target, access_in_words};
use crate::decide::{facts, property};
use crate::entity::{Authorization, Container, Membership, Party, Permission, Principal, Scope};
use crate::matrix::Access;
use crate::resolve::Subject;
use crate::value::{Audience, PermissionName, ResourceId};
use crate::world::{Grant, Run, World};

/// More suggestions than this help nobody.
const MOST: usize = 8;

pub(super) fn edges(world: &World, subject: &Subject, question: &Question<'_>) -> Vec<NearMiss> {
    match *question {
        Question::Permission { audience, definition } => permission(world, subject, audience, definition),
        Question::Resource { access, target } => resource(world, subject, access, target),
        Question::Tenant(tenant) => vec![miss(Remedy::JoinTenant { tenant: tenant.clone() })],
    }
}

fn miss(remedy: Remedy) -> NearMiss {
    NearMiss { remedy, through: None }
}

fn permission(world: &World, subject: &Subject, audience: &str, definition: &str) -> Vec<NearMiss> {
    let wanted = match (Audience::parse(audience), PermissionName::parse(definition)) {
        (Ok(audience), Ok(definition)) => Some(Permission { audience, definition }),
        _ => None,
    };
    let mut misses: Vec<NearMiss> = wanted
        .iter()
        .flat_map(|wanted| world.roles_with(wanted))
        .filter_map(|role| joining(subject, Container::Role(role.id.clone())))
        .map(miss)
        .collect();
    if let Some(wanted) = wanted {
        misses.extend(
            subject
                .roles
                .iter()
                .filter_map(|role| world.role(role.as_str()))
                .map(|role| miss(Remedy::ExtendRole { role: role.id.clone(), permission: wanted.clone() })),
        );
    }
    if misses.is_empty() {
        misses.push(miss(Remedy::CreateRole { permission: definition.to_owned(), audience: audience.to_owned() }));
    }
    misses.truncate(MOST);
    misses
}

fn resource(world: &World, subject: &Subject, access: Access, target: Target<'_>) -> Vec<NearMiss> {
    let places = || {
        let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
        world.run_on_any(access.resource_type).into_iter().chain(on_id)
    };
    let (resource_type, permissions) = access_in_words(world, access);
    let mut misses = Vec::new();

    let owned = |grant: &Grant| subject.owners().contains(grant.owner);
    let near = |run: &Run, test: &dyn Fn(&Grant) -> bool| -> Vec<Authorization> {
        run.iter().filter(test).filter_map(|grant| world.authorization(grant.key)).take(MOST).collect()
    };
    for run in places() {
        for authorization in near(run, &owned) {
            for permission in &permissions {
                let remedy = Remedy::ExtendAuthorization { permission: permission.clone() };
                misses.push(NearMiss { remedy, through: Some(authorization.clone()) });
            }
        }
    }
    let names = world.matrix().get(access.resource_type).map_or(&[][..], |kind| &kind.properties);
    for named in target.properties(names).filter(|named| !property::names_caller(subject, named)) {
        let Some(run) = world.run_on_property(access.resource_type, named.name) else { continue };
        for authorization in near(run, &|grant| owned(grant) && grant.permissions.intersects(access.permissions)) {
            let remedy = Remedy::NameInProperty { property: named.name.to_owned() };
            misses.push(NearMiss { remedy, through: Some(authorization) });
        }
    }
    for run in world.conditional_runs(access.resource_type, target.id()) {
        let mine = near(run, &|grant| owned(grant) && grant.permissions.intersects(access.permissions));
        for authorization in mine {
            let failing = |condition| facts::failing(condition, subject, target).cloned().collect();
            let remedy =
                Remedy::SatisfyCondition { failing: authorization.condition.as_ref().map_or_else(Vec::new, failing) };
            misses.push(NearMiss { remedy, through: Some(authorization) });
        }
    }
    for run in places() {
        for authorization in near(run, &|grant| !owned(grant) && grant.permissions.intersects(access.permissions)) {
            let container = match &authorization.owner {
                Party::Group(group) => Container::Group(group.clone()),
                Party::Role(role) => Container::Role(role.clone()),
                Party::User(_) | Party::Client(_) | Party::MappingRule(_) => continue,
            };
            if let Some(remedy) = joining(subject, container) {
                misses.push(NearMiss { remedy, through: Some(authorization) });
            }
        }
    }
    let scope = target.id().and_then(|id| ResourceId::parse(id).ok()).map_or(Scope::Any, Scope::Id);
    misses.truncate(MOST - 1);
    misses.push(miss(Remedy::CreateAuthorization {
        owner: subject.principal.clone(),
        resource_type,
        scope,
        permissions,
    }));
    misses
}

/// Joining a container, if the caller can: stored memberships of groups do not count for those whose groups are claimed.
fn joining(subject: &Subject, container: Container) -> Option<Remedy> {
    if subject.groups_claimed && matches!(container, Container::Group(_)) {
        return None;
    }
    let member = match &subject.principal {
        Principal::User(username) => Party::User(username.clone()),
        Principal::Client(client) => Party::Client(client.clone()),
    };
    Membership::new(container, member).ok().map(|membership| Remedy::AddMember { membership })
}

//! The nearest edges that are missing, each of which would turn a no into a yes; what is likeliest meant first.

use super::near::Near;
use super::{NearMiss, Question, Remedy, Target, access_in_words};
use crate::decide::{facts, property};
use crate::entity::{Authorization, Container, Membership, Party, Permission, Principal, Scope};
use crate::matrix::{Access, PermissionSet};
use crate::resolve::Subject;
use crate::value::{Audience, Claims, PermissionName, ResourceId};
use crate::world::{Grant, Run, World};

/// More suggestions than this help nobody.
const MOST: usize = 8;

/// How far a change is from what its author meant: a slip before something that was forgotten, and that before something that
/// nobody ever thought of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Distance {
    /// Two spellings of one thing, or the wrong one of two.
    Slip,
    /// Something leads nowhere that could lead here.
    LooseEnd,
    /// The resource is theirs, but for this.
    Extension,
    /// Others have it, and no more than it.
    Other,
    /// Nobody was ever given just this.
    New,
    /// Others have it, with all of its kind.
    Broad,
}

pub(super) type Found = Vec<(Distance, NearMiss)>;

pub(super) fn edges(
    world: &World,
    subject: &Subject,
    claims: Option<&Claims>,
    question: &Question<'_>,
) -> Vec<NearMiss> {
    let mut found = Near { world, subject, claims, question }.found();
    let last = match *question {
        Question::Permission { audience, definition } => permission(world, subject, audience, definition, &mut found),
        Question::Resource { access, target } => Some(resource(world, subject, access, target, &mut found)),
        Question::Tenant(tenant) => Some(Remedy::JoinTenant { tenant: tenant.clone() }),
    };
    let last = last.map(NearMiss::alone);
    found.extend(last.clone().map(|last| (Distance::New, last)));
    found.sort_by_key(|(distance, _)| *distance);
    let mut misses: Vec<NearMiss> = Vec::new();
    for (_, miss) in found {
        if misses.len() < MOST && !misses.contains(&miss) {
            misses.push(miss);
        }
    }
    // Always possible, and so always named.
    if let Some(last) = last
        && !misses.contains(&last)
    {
        misses.pop();
        misses.push(last);
    }
    misses
}

impl NearMiss {
    pub(super) fn alone(remedy: Remedy) -> Self {
        Self { remedy, through: None }
    }
}

fn permission(world: &World, subject: &Subject, audience: &str, definition: &str, found: &mut Found) -> Option<Remedy> {
    if let (Ok(audience), Ok(definition)) = (Audience::parse(audience), PermissionName::parse(definition)) {
        let wanted = Permission { audience, definition };
        let joins = world.roles_with(&wanted).filter_map(|role| joining(subject, Container::Role(role.id.clone())));
        found.extend(joins.take(MOST).map(|remedy| (Distance::Other, NearMiss::alone(remedy))));
        let own = subject.roles.iter().filter_map(|role| world.role(role.as_str())).take(MOST);
        found.extend(own.map(|role| {
            let remedy = Remedy::ExtendRole { role: role.id.clone(), permission: wanted.clone() };
            (Distance::Other, NearMiss::alone(remedy))
        }));
    }
    let create = || Remedy::CreateRole { permission: definition.to_owned(), audience: audience.to_owned() };
    found.is_empty().then(create)
}

fn resource(world: &World, subject: &Subject, access: Access, target: Target<'_>, found: &mut Found) -> Remedy {
    let places = || {
        let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
        world.run_on_any(access.resource_type).into_iter().chain(on_id)
    };
    let (resource_type, permissions) = access_in_words(world, access);
    let owned = |run: &Run, wanted: PermissionSet| -> Vec<Authorization> {
        run.all(subject.owners(), wanted).filter_map(|grant| world.authorization(grant.key)).take(MOST).collect()
    };
    let mut miss = |distance, remedy, through| found.push((distance, NearMiss { remedy, through: Some(through) }));

    for authorization in places().flat_map(|run| owned(run, PermissionSet::ALL)) {
        for permission in &permissions {
            let remedy = Remedy::ExtendAuthorization { permission: permission.clone() };
            miss(Distance::Extension, remedy, authorization.clone());
        }
    }
    let names = world.matrix().get(access.resource_type).map_or(&[][..], |kind| &kind.properties);
    for named in target.properties(names).filter(|named| !property::names_caller(subject, named)) {
        let Some(run) = world.run_on_property(access.resource_type, named.name) else { continue };
        for authorization in owned(run, access.permissions) {
            let remedy = Remedy::NameInProperty { property: named.name.to_owned() };
            miss(Distance::Slip, remedy, authorization);
        }
    }
    for run in world.conditional_runs(access.resource_type, target.id()) {
        for authorization in owned(run, access.permissions) {
            let failing = |condition| facts::failing(condition, subject, target).cloned().collect();
            let failing = authorization.condition.as_ref().map_or_else(Vec::new, failing);
            miss(Distance::Slip, Remedy::SatisfyCondition { failing }, authorization);
        }
    }
    let others =
        |grant: &Grant| grant.permissions.intersects(access.permissions) && !subject.owners().contains(grant.owner);
    for run in places() {
        for authorization in run.iter().filter(others).take(MOST).filter_map(|grant| world.authorization(grant.key)) {
            let container = match &authorization.owner {
                Party::Group(group) => Container::Group(group.clone()),
                Party::Role(role) => Container::Role(role.clone()),
                Party::User(_) | Party::Client(_) | Party::MappingRule(_) => continue,
            };
            if let Some(remedy) = joining(subject, container) {
                let distance = if authorization.scope == Scope::Any { Distance::Broad } else { Distance::Other };
                miss(distance, remedy, authorization);
            }
        }
    }
    let scope = target.id().and_then(|id| ResourceId::parse(id).ok()).map_or(Scope::Any, Scope::Id);
    Remedy::CreateAuthorization { owner: subject.principal.clone(), resource_type, scope, permissions }
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

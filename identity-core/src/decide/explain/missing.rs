//! The nearest edges that are missing, each of which would turn a no into a yes; what is likeliest meant first.

use super::near::Near;
use super::{NearMiss, Question, Remedy, Target, access_in_words};
use crate::decide::{facts, property};
use crate::entity::{Container, Membership, Party, Permission, Principal, Scope};
use crate::matrix::{Access, PermissionSet};
use crate::resolve::Subject;
use crate::value::{Audience, AuthorizationKey, Claims, PermissionName, ResourceId};
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

/// What was found: how far it is, what to change, and the authorization that they would then have access through. Only what is
/// shown is written out.
pub(super) type Found = Vec<(Distance, Remedy, Option<AuthorizationKey>)>;

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
    found.extend(last.clone().map(|last| (Distance::New, last, None)));
    found.sort_by_key(|(distance, ..)| *distance);
    let mut nearest = Found::new();
    for (distance, remedy, through) in found {
        let is_new = |(_, other, by): &(Distance, Remedy, _)| (other, by) != (&remedy, &through);
        if nearest.len() < MOST && nearest.iter().all(is_new) {
            nearest.push((distance, remedy, through));
        }
    }
    // Always possible, and so always named.
    if let Some(last) = last
        && nearest.iter().all(|(_, remedy, _)| *remedy != last)
    {
        nearest.pop();
        nearest.push((Distance::New, last, None));
    }
    let written_out = |(_, remedy, through): (_, _, Option<AuthorizationKey>)| NearMiss {
        remedy,
        through: through.and_then(|key| world.authorization(key)),
    };
    nearest.into_iter().map(written_out).collect()
}

fn permission(world: &World, subject: &Subject, audience: &str, definition: &str, found: &mut Found) -> Option<Remedy> {
    if let (Ok(audience), Ok(definition)) = (Audience::parse(audience), PermissionName::parse(definition)) {
        let wanted = Permission { audience, definition };
        let joins = world.roles_with(&wanted).filter_map(|role| joining(subject, Container::Role(role.id.clone())));
        found.extend(joins.take(MOST).map(|remedy| (Distance::Other, remedy, None)));
        let own = subject.roles.iter().filter_map(|role| world.role(role.as_str())).take(MOST);
        found.extend(own.map(|role| {
            let remedy = Remedy::ExtendRole { role: role.id.clone(), permission: wanted.clone() };
            (Distance::Other, remedy, None)
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
    let owned = |run: &Run, wanted: PermissionSet| -> Vec<AuthorizationKey> {
        run.all(subject.owners(), wanted).map(|grant| grant.key).take(MOST).collect()
    };
    let mut miss = |distance, remedy, through| found.push((distance, remedy, Some(through)));

    for key in places().flat_map(|run| owned(run, PermissionSet::ALL)) {
        for permission in &permissions {
            miss(Distance::Extension, Remedy::ExtendAuthorization { permission: permission.clone() }, key);
        }
    }
    let names = world.matrix().get(access.resource_type).map_or(&[][..], |kind| &kind.properties);
    for named in target.properties(names).filter(|named| !property::names_caller(subject, named)) {
        let Some(run) = world.run_on_property(access.resource_type, named.name) else { continue };
        for key in owned(run, access.permissions) {
            miss(Distance::Slip, Remedy::NameInProperty { property: named.name.to_owned() }, key);
        }
    }
    for run in world.conditional_runs(access.resource_type, target.id()) {
        for key in owned(run, access.permissions) {
            let failing = |condition| facts::failing(condition, subject, target).cloned().collect();
            let failing = world.condition(key).map_or_else(Vec::new, failing);
            miss(Distance::Slip, Remedy::SatisfyCondition { failing }, key);
        }
    }
    let others =
        |grant: &Grant| grant.permissions.intersects(access.permissions) && !subject.owners().contains(grant.owner);
    let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
    let on_any = world.run_on_any(access.resource_type);
    for (distance, run) in [(Distance::Other, on_id), (Distance::Broad, on_any)] {
        for grant in run.into_iter().flat_map(|run| run.iter().filter(others).take(MOST)) {
            let container = world.names().container(grant.owner);
            if let Some(remedy) = container.and_then(|container| joining(subject, container)) {
                miss(distance, remedy, grant.key);
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

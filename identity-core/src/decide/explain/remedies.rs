//! Remedies: the changes that would allow a denied request. The most likely intention comes first.

use super::candidate::{Distance, Found, Through};
use super::misconfigurations::{Denial, Goal, Reach, SCAN_LIMIT};
use super::{NearMiss, Question, Remedy, Target, access_in_words, reach};
use crate::catalog::{Access, PermissionSet};
use crate::decide::{condition, decide, property};
use crate::entity::{Container, Membership, Party, Permission, Principal, Scope};
use crate::resolve::{Subject, resolve_as_active};
use crate::value::{Audience, Claims, PermissionName, ResourceId, Username};
use crate::world::{Grant, Run, World};

/// Maximum number of suggestions in one explanation.
const MAX_SUGGESTIONS: usize = 8;
/// Maximum number of suggestions that grant more than was requested.
const MAX_BROAD_SUGGESTIONS: usize = 2;

/// Returns the remedies of a denied request, nearest first. Never empty.
pub(super) fn nearest(
    world: &World,
    subject: &Subject,
    claims: Option<&Claims>,
    question: &Question<'_>,
) -> Vec<NearMiss> {
    if let (true, Principal::User(user)) = (subject.inactive, &subject.principal) {
        return vec![reactivation(world, user, question)];
    }
    let denial = Denial { world, subject, claims, question };
    let goals = denial.goals();
    let mut found = Found::with_capacity(2 * MAX_SUGGESTIONS);
    denial.find_misconfigurations(&goals, &mut found);
    let last = match *question {
        Question::Permission { audience, definition } => permission(world, subject, audience, definition, &mut found),
        Question::Resource { access, target } => Some(resource(world, subject, (access, target), &goals, &mut found)),
        Question::Tenant(tenant) => Some(Remedy::JoinTenant { tenant: tenant.clone() }),
    };
    // The last remedy is always possible, so a place in the result is reserved for it.
    let mut kept = usize::from(last.is_some());
    found.extend(last.map(|last| (Distance::New, last, None)));
    found.sort_by_cached_key(|(distance, remedy, through)| {
        (*distance, reach::of(world, subject, remedy, through.as_ref()))
    });
    let mut nearest = Found::with_capacity(MAX_SUGGESTIONS);
    for (distance, remedy, through) in found {
        kept -= usize::from(distance == Distance::New);
        let is_new = |(_, other, by): &(Distance, Remedy, _)| (by, other) != (&through, &remedy);
        if nearest.len() + kept < MAX_SUGGESTIONS && nearest.iter().all(is_new) {
            nearest.push((distance, remedy, through));
        }
    }
    let written_out = |through| match through {
        Through::Granted(grant, resource_type, scope) => world.of_grant(grant, resource_type, scope),
        Through::Keyed(key) => world.authorization(key),
    };
    let miss =
        |(_, remedy, through): (_, _, Option<Through>)| NearMiss { remedy, through: through.and_then(written_out) };
    nearest.into_iter().map(miss).collect()
}

/// Returns the reactivation of a user, with the authorization through which the user would then have access.
fn reactivation(world: &World, user: &Username, question: &Question<'_>) -> NearMiss {
    let restored = resolve_as_active(world, &Principal::User(user.clone()));
    let through = decide(world, &restored, question).authorization().and_then(|key| world.authorization(key));
    NearMiss { remedy: Remedy::Reactivate { user: user.clone() }, through }
}

fn permission(world: &World, subject: &Subject, audience: &str, definition: &str, found: &mut Found) -> Option<Remedy> {
    if let (Ok(audience), Ok(definition)) = (Audience::parse(audience), PermissionName::parse(definition)) {
        let wanted = Permission { audience, definition };
        let mut roles: Vec<_> = world.roles_with(&wanted).collect();
        roles.sort_by_key(|role| role.permissions.len());
        let joins = roles.into_iter().filter_map(|role| joining(subject, Container::Role(role.id.clone())));
        found.extend(joins.take(MAX_SUGGESTIONS).map(|remedy| (Distance::Other, remedy, None)));
        let own = subject.roles.iter().filter_map(|role| world.role(role.as_str())).take(MAX_SUGGESTIONS);
        found.extend(own.map(|role| {
            let remedy = Remedy::ExtendRole { role: role.id.clone(), permission: wanted.clone() };
            (Distance::Other, remedy, None)
        }));
    }
    let create = || Remedy::CreateRole { permission: definition.to_owned(), audience: audience.to_owned() };
    found.is_empty().then(create)
}

fn resource(
    world: &World,
    subject: &Subject,
    (access, target): (Access, Target<'_>),
    goals: &[Goal],
    found: &mut Found,
) -> Remedy {
    let (resource_type, permissions) = access_in_words(world, access);
    let scope = target.id().and_then(|id| ResourceId::parse(id).ok()).map_or(Scope::Any, Scope::Id);
    let owned = |run: &Run, wanted: PermissionSet| -> Vec<Grant> {
        run.all(subject.owners(), wanted).take(MAX_SUGGESTIONS).collect()
    };
    let here = |grant, scope: &Scope| Through::Granted(grant, access.resource_type, scope.clone());
    let mut miss = |distance, remedy, through| found.push((distance, remedy, Some(through)));
    let mut extensions = Vec::new();

    let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
    // The subject contains the types on which it has grants on all resources. For other types, the grants are not
    // scanned.
    let has_on_any = subject.owners().had_on_all(Access { permissions: PermissionSet::ALL, ..access });
    let on_any = has_on_any.then(|| world.run_on_any(access.resource_type)).flatten();
    for (run, scope) in [(on_any, &Scope::Any), (on_id, &scope)] {
        for grant in run.into_iter().flat_map(|run| owned(run, PermissionSet::ALL)) {
            extensions.push(here(grant, scope));
        }
    }
    let names = world.catalog().get(access.resource_type).map_or(&[][..], |kind| &kind.properties);
    for named in target.properties(names).filter(|named| !property::names_caller(subject, named)) {
        let Some(run) = world.run_on_property(access.resource_type, named.name) else { continue };
        for Grant { key, .. } in owned(run, access.permissions) {
            miss(Distance::Slip, Remedy::NameInProperty { property: named.name.to_owned() }, Through::Keyed(key));
        }
    }
    let mut unsatisfied = Vec::new();
    for grant in world
        .conditional_runs(access.resource_type, target.id())
        .flat_map(|run| run.all(subject.owners(), PermissionSet::ALL).take(SCAN_LIMIT))
    {
        let Some(condition) = world.condition(grant.key) else { continue };
        let failing: Vec<_> = condition::failing(condition, subject, target).cloned().collect();
        if grant.permissions.intersects(access.permissions) {
            unsatisfied.push((failing, grant.key));
        } else if failing.is_empty() {
            extensions.push(Through::Keyed(grant.key));
        }
    }
    for through in extensions {
        for permission in &permissions {
            let remedy = Remedy::ExtendAuthorization { permission: permission.clone() };
            miss(Distance::Extension, remedy, through.clone());
        }
    }
    // An authorization was more likely intended if fewer of its comparisons fail.
    unsatisfied.sort_by_key(|(failing, _)| failing.len());
    for (failing, key) in unsatisfied {
        miss(Distance::Slip, Remedy::SatisfyCondition { failing }, Through::Keyed(key));
    }
    for (distance, reaches, most) in [
        (Distance::Other, &[Reach::Resource, Reach::Condition][..], MAX_SUGGESTIONS),
        (Distance::Broad, &[Reach::Type], MAX_BROAD_SUGGESTIONS),
    ] {
        let joins = goals.iter().filter_map(|goal| match goal {
            Goal::Holder(grant, reach) if reaches.contains(reach) && !subject.owners().contains(grant.owner) => {
                let remedy = joining(subject, world.names().container(grant.owner)?)?;
                let through = match reach {
                    Reach::Resource => here(*grant, &scope),
                    Reach::Type => here(*grant, &Scope::Any),
                    Reach::Condition => Through::Keyed(grant.key),
                };
                Some((remedy, through))
            }
            Goal::Holder(..) | Goal::Container(_) => None,
        });
        joins.take(most).for_each(|(remedy, through)| miss(distance, remedy, through));
    }
    Remedy::CreateAuthorization { owner: subject.principal.clone(), resource_type, scope, permissions }
}

/// Returns the change that adds the caller to a container. `None` if stored memberships do not apply, as for groups
/// that come from the caller's token.
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

//! Searches by access: principals, resources and actions for which [`decide`] returns an allow
//! decision. Results are sorted by id.
//!
//! The searches use stored data only. Results do not include principals whose access depends on memberships from a
//! token. They do not include resources that occur in no authorization and that this service does not store.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::SearchBudget;
use crate::catalog::Access;
use crate::decide::{Facts, Question, Target, decide};
use crate::entity::{Permission, Principal, Scope};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::{Audience, PermissionName};
use crate::world::{Grant, Kind, Symbol, World};

/// Number of steps of the search budget that one decision costs.
const DECISION_STEPS: usize = 50;

/// Returns the users, or the clients if `clients` is set, for which the question is allowed, sorted by id. Each
/// principal is resolved by id alone, without the claims of a token. Only ids after `after` are returned. Ends early
/// when the budget is exhausted.
pub fn principals_who_can<'a>(
    world: &'a World,
    question: &'a Question<'a>,
    clients: bool,
    after: Option<&str>,
    budget: &'a SearchBudget,
) -> impl Iterator<Item = Principal> + use<'a> {
    let kind = if clients { Kind::Client } else { Kind::User };
    let mut candidates = BTreeMap::new();
    for holder in holders(world, question) {
        spread(world, holder, kind, &mut candidates);
    }
    let mut later = candidates;
    if let Some(after) = after {
        later.retain(|id: &&str, _| *id > after);
    }
    later.into_values().take_while(|_| budget.take(DECISION_STEPS)).filter_map(move |symbol| {
        let principal = world.names().party(symbol).and_then(|party| party.principal())?;
        let subject = resolve(world, ResolveInput::by_id(world, &principal));
        decide(world, &subject, question).allowed().then_some(principal)
    })
}

/// Returns the parties with a matching grant, permission or tenant membership. They are candidates: properties and
/// conditions are not evaluated.
fn holders(world: &World, question: &Question<'_>) -> BTreeSet<Symbol> {
    let names = world.names();
    match *question {
        Question::Permission { audience, definition } => {
            match (Audience::parse(audience), PermissionName::parse(definition)) {
                (Ok(audience), Ok(definition)) => world
                    .roles_with(&Permission { audience, definition })
                    .filter_map(|role| names.get(Kind::Role, role.id.as_str()))
                    .collect(),
                _ => BTreeSet::new(),
            }
        }
        Question::Tenant(tenant) => match names.get(Kind::Tenant, tenant.as_str()) {
            Some(tenant) => world.member_index().all_members(tenant).collect(),
            None => BTreeSet::new(),
        },
        Question::Resource { access, target } => {
            let place = access.resource_type;
            let properties = world.catalog().get(place).map_or(&[][..], |kind| &kind.properties);
            let on_id = target.id().and_then(|id| world.run_on_id(place, id));
            let on_properties =
                target.properties(properties).filter_map(|named| world.run_on_property(place, named.name));
            let unconditional = world.run_on_any(place).into_iter().chain(on_id).chain(on_properties);
            let gives = |grant: &Grant| grant.permissions.intersects(access.permissions);
            unconditional
                .chain(world.conditional_runs(place, target.id()))
                .flat_map(|run| run.iter().filter(gives).map(|grant| grant.owner).collect::<Vec<_>>())
                .collect()
        }
    }
}

/// Adds the holder itself, or the direct and indirect members of a group or role, if they are of the kind `kind`.
fn spread<'w>(world: &'w World, holder: Symbol, kind: Kind, found: &mut BTreeMap<&'w str, Symbol>) {
    match holder.kind() {
        Kind::Group | Kind::Role => {
            for member in world.member_index().all_members(holder) {
                spread(world, member, kind, found);
            }
        }
        other if other == kind => {
            if let Some(id) = world.names().text(holder) {
                found.insert(id, holder);
            }
        }
        _ => {}
    }
}

/// Returns the ids of the resources of a type to which a subject has an access, sorted. If the access covers all
/// resources, the result contains `*`, the resources that occur in authorizations, and those that this service stores.
/// Otherwise, only the resources that the subject's own authorizations name are examined. Incomplete if the budget is
/// exhausted.
#[must_use]
pub fn resources_that(
    world: &World,
    subject: &Subject,
    access: Access,
    facts: &Facts<'_>,
    budget: &SearchBudget,
) -> Vec<String> {
    let allowed = |id: Option<&str>| {
        if !budget.take(DECISION_STEPS) {
            return false;
        }
        let question = Question::Resource { access, target: Target::Described(id, facts) };
        decide(world, subject, &question).allowed()
    };
    let all = allowed(None);
    let mut ids: BTreeSet<String> = BTreeSet::new();
    if all {
        ids.extend(world.named_resources(access.resource_type).map(ToString::to_string));
        ids.extend(kept(world, access));
        ids.insert("*".to_owned());
    } else {
        let records = subject.owners().iter().flat_map(|owner| world.records_of(owner));
        let named =
            records.filter(|(_, record)| record.would_give(access)).filter_map(|(_, record)| match &record.scope {
                Scope::Id(id) => Some(id.to_string()),
                Scope::Any | Scope::Property(_) => None,
            });
        ids.extend(named);
        ids.retain(|id| allowed(Some(id)));
    }
    ids.into_iter().collect()
}

/// Returns the ids of the stored entities that are resources of a type. Empty for types without stored entities.
fn kept(world: &World, access: Access) -> Vec<String> {
    let Some(kind) = world.catalog().get(access.resource_type) else { return Vec::new() };
    match kind.name.as_str() {
        "USER" => world.users().map(|user| user.username.to_string()).collect(),
        "GROUP" => world.groups().map(|group| group.id.to_string()).collect(),
        "ROLE" => world.roles().map(|role| role.id.to_string()).collect(),
        "TENANT" => world.tenants().map(|tenant| tenant.id.to_string()).collect(),
        "MAPPING_RULE" => world.mapping_rules().map(|rule| rule.id.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// Returns the permissions of a subject on one resource of a type, sorted by name. With `id` set to `None`, returns
/// those on all resources of the type. Incomplete if the budget is exhausted.
#[must_use]
pub fn actions_on(
    world: &World,
    subject: &Subject,
    resource_type: &str,
    id: Option<&str>,
    facts: &Facts<'_>,
    budget: &SearchBudget,
) -> Vec<PermissionName> {
    let Some(kind) = world.catalog().find(resource_type) else { return Vec::new() };
    let may = |name: &&PermissionName| {
        budget.take(DECISION_STEPS)
            && world.catalog().access(resource_type, name.as_str()).is_ok_and(|access| {
                let question = Question::Resource { access, target: Target::Described(id, facts) };
                decide(world, subject, &question).allowed()
            })
    };
    kind.permissions.iter().filter(may).cloned().collect()
}

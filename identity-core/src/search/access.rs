//! Who may, with which resources, and what: each answer a list in the order of ids, and each of its elements something that
//! [`decide`](crate::decide::decide) says yes to. What cannot be known from here is in no answer: members by token, and
//! resources that no authorization names.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::SearchBudget;
use crate::decide::{Facts, Question, Target, decide};
use crate::entity::{Permission, Principal, Scope};
use crate::matrix::Access;
use crate::resolve::{Presented, Subject, resolve};
use crate::value::{Audience, PermissionName};
use crate::world::{Grant, Kind, Sym, World};

/// Steps that one decision takes.
const DECISION_STEPS: usize = 50;

/// The users, or the clients, who are known by their id alone to have an access, by id, those after `after` only. Ends early
/// when the budget is used up.
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
        let subject = resolve(world, Presented::by_id(world, &principal));
        decide(world, &subject, question).allowed().then_some(principal)
    })
}

/// Whatever holds a grant that may answer the question.
fn holders(world: &World, question: &Question<'_>) -> BTreeSet<Sym> {
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
            let properties = world.matrix().get(place).map_or(&[][..], |kind| &kind.properties);
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

/// Adds whoever of a kind is this holder, or a member of it.
fn spread<'w>(world: &'w World, holder: Sym, kind: Kind, found: &mut BTreeMap<&'w str, Sym>) {
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

/// The resources of a type that somebody has an access to, by id: those that authorizations name and those that are kept here.
/// With `*` among them, when they have it to all. Incomplete when the budget is used up.
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

/// The resources of a type that are entities here.
fn kept(world: &World, access: Access) -> Vec<String> {
    let Some(kind) = world.matrix().get(access.resource_type) else { return Vec::new() };
    match kind.name.as_str() {
        "USER" => world.users().map(|user| user.username.to_string()).collect(),
        "GROUP" => world.groups().map(|group| group.id.to_string()).collect(),
        "ROLE" => world.roles().map(|role| role.id.to_string()).collect(),
        "TENANT" => world.tenants().map(|tenant| tenant.id.to_string()).collect(),
        "MAPPING_RULE" => world.mapping_rules().map(|rule| rule.id.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// What somebody may do with a resource of a type, or with all, in the order of names.
#[must_use]
pub fn actions_on(
    world: &World,
    subject: &Subject,
    resource_type: &str,
    id: Option<&str>,
    facts: &Facts<'_>,
) -> Vec<PermissionName> {
    let Some(kind) = world.matrix().find(resource_type) else { return Vec::new() };
    let may = |name: &&PermissionName| {
        world.matrix().access(resource_type, name.as_str()).is_ok_and(|access| {
            let question = Question::Resource { access, target: Target::Described(id, facts) };
            decide(world, subject, &question).allowed()
        })
    };
    kind.permissions.iter().filter(may).cloned().collect()
}

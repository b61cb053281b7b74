//! Builds the path from the caller to the grant on which an allow decision is based.

use super::{Basis, Ground, Step};
use crate::entity::{Container, Membership, Party, Permission};
use crate::resolve::Subject;
use crate::value::{Audience, Name, PermissionName};
use crate::world::{Kind, Symbol, World};

pub(super) fn of(world: &World, subject: &Subject, basis: &Basis<'_>) -> Vec<Step> {
    let mut steps = vec![Step::Principal { principal: subject.principal.clone() }];
    match basis.0 {
        Ground::Authorization { key, owner } => {
            steps.extend(to(world, subject, owner));
            steps.extend(world.authorization(key).map(|authorization| Step::Authorization { authorization }));
        }
        Ground::Permission { role, audience, definition } => {
            steps.extend(to(world, subject, role));
            if let (Some(Party::Role(role)), Ok(audience), Ok(definition)) =
                (world.names().party(role), Audience::parse(audience), PermissionName::parse(definition))
            {
                steps.push(Step::Permission { role, permission: Permission { audience, definition } });
            }
        }
        Ground::ClaimedPermission { audience, definition } => {
            if let (Ok(audience), Ok(definition)) = (Audience::parse(audience), PermissionName::parse(definition)) {
                steps.push(Step::ClaimedPermission { permission: Permission { audience, definition } });
            }
        }
        Ground::Tenant(tenant) => {
            if let Some(tenant) = world.names().get(Kind::Tenant, tenant.as_str()) {
                steps.extend(into(world, subject, tenant));
            }
        }
    }
    steps
}

/// Returns the steps from the caller to one of its mapping rules, groups or roles. Empty if `party` is the principal
/// itself.
fn to(world: &World, subject: &Subject, party: Symbol) -> Vec<Step> {
    match party.kind() {
        Kind::User | Kind::Client | Kind::Tenant | Kind::ResourceType => Vec::new(),
        Kind::MappingRule => {
            let text = world.names().text(party);
            let rule = text.and_then(|id| world.mapping_rule(id));
            rule.map(|rule| Step::Rule {
                rule: rule.id.clone(),
                name: rule.name.clone(),
                claim: rule.selector.clone(),
                value: rule.value.clone(),
            })
            .into_iter()
            .collect()
        }
        Kind::Group if subject.groups_claimed => match world.names().party(party) {
            Some(Party::Group(group)) => vec![Step::ClaimedGroup { group }],
            _ => Vec::new(),
        },
        Kind::Group | Kind::Role => into(world, subject, party),
    }
}

/// Returns the shortest path by which the caller is a member of a container: directly, or through a rule, group or
/// role.
fn into(world: &World, subject: &Subject, container: Symbol) -> Vec<Step> {
    let mut ways: Vec<Vec<Step>> = subject
        .owners()
        .iter()
        .filter(|member| *member != container && world.member_index().contains(container, *member))
        .filter_map(|member| {
            let container = container_of(world, container)?;
            let name = name_of(world, &container).cloned();
            let membership = Membership::new(container, world.names().party(member)?).ok()?;
            let mut steps = to(world, subject, member);
            steps.push(Step::Member { membership, name });
            Some(steps)
        })
        .collect();
    ways.sort_by_key(Vec::len);
    ways.into_iter().next().unwrap_or_default()
}

fn name_of<'w>(world: &'w World, container: &Container) -> Option<&'w Name> {
    match container {
        Container::Group(id) => world.group(id.as_str()).map(|group| &group.name),
        Container::Role(id) => world.role(id.as_str()).map(|role| &role.name),
        Container::Tenant(id) => world.tenant(id.as_str()).map(|tenant| &tenant.name),
    }
}

fn container_of(world: &World, symbol: Symbol) -> Option<Container> {
    world.names().container(symbol)
}

//! All paths from a party to its grants. Groups are only members of roles and tenants, and roles only of tenants, so
//! paths are short.

use super::review::is_inactive;
use crate::decide::Question;
use crate::entity::{Authorization, Party, Permission};
use crate::resolve::Subject;
use crate::value::{Audience, PermissionName, TenantId};
use crate::world::{Grant, Kind, Sources, Symbol, World};

/// Right at the end of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Authorization that a party on the path owns.
    Authorization(Authorization),
    /// Permission that a role on the path holds, or that a token or directory grants.
    Permission(Permission),
    /// Tenant that a party on the path is a member of.
    Tenant(TenantId),
}

/// Party at the start, then the groups and roles through which the path leads, then the right at its end.
pub type Path = (Party, Vec<Party>, End);

/// Returns all paths to the rights that a question requires, regardless of properties and conditions. Paths begin at
/// active users, clients and mapping rules and, if groups come from the token, at groups.
pub fn to<'w>(world: &'w World, question: &Question<'_>) -> impl Iterator<Item = Path> + use<'w> {
    let ends: Vec<(Symbol, End)> = match *question {
        Question::Permission { audience, definition } => {
            match (Audience::parse(audience), PermissionName::parse(definition)) {
                (Ok(audience), Ok(definition)) => {
                    let wanted = Permission { audience, definition };
                    let roles = world.roles_with(&wanted);
                    let symbols = roles.filter_map(|role| world.names().get(Kind::Role, role.id.as_str()));
                    symbols.map(|role| (role, End::Permission(wanted.clone()))).collect()
                }
                _ => Vec::new(),
            }
        }
        Question::Tenant(tenant) => {
            let symbol = world.names().get(Kind::Tenant, tenant.as_str());
            let members = symbol.into_iter().flat_map(|symbol| world.member_index().all_members(symbol));
            members.map(|member| (member, End::Tenant(tenant.clone()))).collect()
        }
        Question::Resource { access, target } => {
            let place = access.resource_type;
            let properties = world.catalog().get(place).map_or(&[][..], |kind| &kind.properties);
            let on_properties = properties.iter().filter_map(|name| world.run_on_property(place, name.as_str()));
            let on_id = target.id().and_then(|id| world.run_on_id(place, id));
            let runs = world.run_on_any(place).into_iter().chain(on_id).chain(on_properties);
            let runs = runs.chain(world.conditional_runs(place, target.id()));
            let gives = |grant: &Grant| grant.permissions.intersects(access.permissions);
            let grants = runs.flat_map(|run| run.iter().filter(gives).collect::<Vec<_>>());
            grants
                .filter_map(|grant| Some((grant.owner, End::Authorization(world.authorization(grant.key)?))))
                .collect()
        }
    };
    ends.into_iter().flat_map(move |(holder, end)| {
        let mut found = Vec::new();
        down(world, holder, &mut Vec::new(), &mut found);
        found.into_iter().map(move |(party, through)| (party, through, end.clone()))
    })
}

/// Follows memberships from a container down to the parties at which paths begin.
fn down(world: &World, party: Symbol, trail: &mut Vec<Party>, found: &mut Vec<(Party, Vec<Party>)>) {
    let Some(named) = world.names().party(party) else { return };
    let by_token = world.sources() == Sources::Provider { groups_claimed: true };
    match party.kind() {
        Kind::Role | Kind::Group if !(party.kind() == Kind::Group && by_token) => {
            trail.push(named);
            for member in world.member_index().all_members(party) {
                down(world, member, trail, found);
            }
            trail.pop();
        }
        _ if is_inactive(world, &named) => {}
        _ => found.push((named, trail.iter().rev().cloned().collect())),
    }
}

/// Returns all paths from a subject to its authorizations, permissions and tenants. Permissions that a token or directory
/// grants have no path. An inactive user has none.
pub fn from<'w>(world: &'w World, subject: &'w Subject) -> impl Iterator<Item = Path> + use<'w> {
    let names = world.names();
    let principal = names.of_principal(&subject.principal).filter(|_| !subject.inactive);
    let rules = subject.mapping_rules.iter().filter_map(|id| names.get(Kind::MappingRule, id.as_str()));
    let claimed = subject.groups.iter().filter(|_| subject.groups_claimed);
    let claimed = claimed.filter_map(|id| names.get(Kind::Group, id.as_str()));
    let starts: Vec<Symbol> = principal.into_iter().chain(rules).chain(claimed).collect();
    let granted = subject.permissions.iter().cloned().map(End::Permission);
    let granted = granted.map(|end| (Party::from(subject.principal.clone()), Vec::new(), end));
    granted.chain(starts.into_iter().flat_map(move |start| {
        let mut found = Vec::new();
        if let Some(party) = names.party(start) {
            up(world, start, subject.groups_claimed, &party, &mut Vec::new(), &mut found);
        }
        found
    }))
}

/// Follows memberships up from `here` and collects the rights of each container.
fn up(world: &World, here: Symbol, by_token: bool, party: &Party, through: &mut Vec<Party>, found: &mut Vec<Path>) {
    let mut end = |end| found.push((party.clone(), through.clone(), end));
    world.owned_by_symbol(here).map(End::Authorization).for_each(&mut end);
    if let Some(Party::Role(id)) = world.names().party(here) {
        let permissions = world.role(id.as_str()).into_iter().flat_map(|role| role.permissions.iter().cloned());
        permissions.map(End::Permission).for_each(&mut end);
    }
    for container in world.member_index().containers(here) {
        match container.kind() {
            Kind::Tenant => {
                let tenant = world.names().text(container).map(TenantId::from_shared);
                found.extend(tenant.map(|tenant| (party.clone(), through.clone(), End::Tenant(tenant))));
            }
            Kind::Group if by_token => {}
            _ => {
                if let Some(named) = world.names().party(container) {
                    through.push(named);
                    up(world, container, by_token, party, through, found);
                    through.pop();
                }
            }
        }
    }
}

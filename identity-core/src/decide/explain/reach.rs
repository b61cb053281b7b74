//! Reach of a suggested change: how many principals get access, and how much. Among equally likely suggestions, the one
//! with the least reach comes first.

use super::Remedy;
use super::candidate::Through;
use crate::entity::{Container, Permission};
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::resolve::Subject;
use crate::world::{Kind, Symbol, World};

/// Maximum number of members and of authorizations that are counted. Larger numbers count as this one.
const COUNTED: usize = 1000;

/// Reach of a change. The fields are compared in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReachOf {
    /// Whether it makes administrators of this service.
    administers: bool,
    /// Number of principals that get access.
    principals: usize,
    /// Number of permissions and authorizations that they get.
    rights: usize,
}

/// Returns the reach of a suggestion. Suggestions that change no stored access have none.
pub(super) fn of(world: &World, subject: &Subject, remedy: &Remedy, through: Option<&Through>) -> ReachOf {
    let names = world.names();
    match remedy {
        Remedy::AddMember { membership } => {
            let member = names.of_party(membership.member());
            let (administers, rights) = given_by(world, membership.container());
            let principals = member.map_or(1, |member| members(world, member));
            ReachOf { administers, principals, rights }
        }
        Remedy::ExtendRole { role, permission } => {
            let administers = is_administration(permission);
            let principals = names.get(Kind::Role, role.as_str()).map_or(0, |role| members(world, role));
            ReachOf { administers, principals, rights: 1 }
        }
        Remedy::ExtendAuthorization { .. } => {
            let owner = through.and_then(|through| match through {
                Through::Granted(grant, ..) => Some(grant.owner),
                Through::Keyed(key) => world.record_of(*key).map(|record| record.owner),
            });
            let is_own = owner == names.of_principal(&subject.principal);
            let principals = owner.filter(|_| !is_own).map_or(1, |owner| members(world, owner));
            ReachOf { administers: false, principals, rights: 1 }
        }
        Remedy::CreateAuthorization { .. } | Remedy::JoinTenant { .. } => {
            ReachOf { administers: false, principals: 1, rights: 1 }
        }
        _ => ReachOf::default(),
    }
}

/// Returns the number of principals behind a party: 1 for a user or client, the direct members of a group or role. A
/// mapping rule stands for any number of principals.
fn members(world: &World, party: Symbol) -> usize {
    match party.kind() {
        Kind::Group | Kind::Role => world.member_index().all_members(party).take(COUNTED).count(),
        Kind::MappingRule => COUNTED,
        _ => 1,
    }
}

/// Returns whether a permission lets its holder change everything in this service.
fn is_administration(permission: &Permission) -> bool {
    permission.audience.as_str() == IDENTITY_AUDIENCE && permission.definition.as_str() == WRITE
}

/// Returns whether the members of a container administer this service, and the number of their rights.
fn given_by(world: &World, container: &Container) -> (bool, usize) {
    let names = world.names();
    // A role without members and authorizations has no symbol.
    let own = match container {
        Container::Role(id) => world.role(id.as_str()),
        Container::Group(_) | Container::Tenant(_) => None,
    };
    let mut held: Vec<Symbol> = names.of_container(container).into_iter().collect();
    held.extend(held.clone().into_iter().flat_map(|symbol| world.member_index().containers(symbol)));
    let through = held.iter().skip(1).filter(|held| held.kind() == Kind::Role);
    let roles = own.into_iter().chain(through.filter_map(|role| world.role(names.text(*role)?.as_ref())));
    let (mut administers, mut rights) = (false, 0);
    for role in roles {
        rights += role.permissions.len();
        administers |= role.permissions.iter().any(is_administration);
    }
    rights += held.iter().map(|held| world.records_of(*held).take(COUNTED).count()).sum::<usize>();
    (administers, rights)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::apply::{Command, apply, missing_defaults};
    use crate::catalog::ResourceCatalog;
    use crate::decide::{Authority, Explanation, Question, Remedy, decide};
    use crate::entity::{Container, Membership, Party, Permission, Principal, Role};
    use crate::preset::{ADMIN_ROLE, IDENTITY_AUDIENCE, READ};
    use crate::resolve::{ResolveInput, resolve};
    use crate::value::{Audience, Name, PermissionName, RoleId, Username};
    use crate::world::{Sources, World};

    #[test]
    fn suggests_the_least_access_first_and_administration_last() {
        let world = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let world = apply(&world, &missing_defaults(&world), Authority::Server).unwrap().world;
        let permission = |definition: &str| Permission {
            audience: Audience::parse(IDENTITY_AUDIENCE).unwrap(),
            definition: PermissionName::parse(definition).unwrap(),
        };
        let reader = |id: &str, permissions: &[&str]| {
            let mut role = Role::new(RoleId::parse(id).unwrap(), Name::parse(id).unwrap());
            role.permissions = permissions.iter().map(|definition| permission(definition)).collect();
            Command::CreateRole(role)
        };
        let ann = Username::parse("ann").unwrap();
        let helper = Membership::new(Container::Role(RoleId::parse("helper").unwrap()), Party::User(ann.clone()));
        let many = (0..3).map(|number| {
            let party = Party::User(Username::parse(&format!("user-{number}")).unwrap());
            Command::AddMember(Membership::new(Container::Role(RoleId::parse("helper").unwrap()), party).unwrap())
        });
        let commands: Vec<Command> = [
            reader("a-writer", &[READ, "write"]),
            reader("b-reader", &[READ, "read:users"]),
            reader("c-reader", &[READ]),
            reader("helper", &["read:users"]),
            Command::AddMember(helper.unwrap()),
        ]
        .into_iter()
        .chain(many)
        .collect();
        let world = Arc::new(apply(&world, &commands, Authority::Administrator).unwrap().world);
        let ann = Principal::User(ann);
        let subject = resolve(&world, ResolveInput::from(&ann));
        let decision = decide(&world, &subject, &Question::permission(IDENTITY_AUDIENCE, READ));
        let Explanation::Deny(misses) = decision.explain(&world, &subject) else { panic!("it is denied") };
        let suggested: Vec<String> = misses
            .into_iter()
            .filter_map(|miss| match miss.remedy {
                Remedy::AddMember { membership } => Some(membership.container().id().to_owned()),
                Remedy::ExtendRole { role, .. } => Some(format!("extend {role}")),
                _ => None,
            })
            .collect();
        let place =
            |wanted: &str| suggested.iter().position(|id| id == wanted).unwrap_or_else(|| panic!("{suggested:?}"));
        assert!(place("c-reader") < place("b-reader"), "{suggested:?}");
        assert!(
            place("b-reader") < place("extend helper"),
            "the person before the role with four members: {suggested:?}"
        );
        assert!(place("extend helper") < place("a-writer"), "{suggested:?}");
        assert!(place("readonly-admin") < place(ADMIN_ROLE), "{suggested:?}");
        assert!(place("readonly-admin") < place("a-writer"), "{suggested:?}");
    }
}

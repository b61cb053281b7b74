//! Lock-out protection: refuses a change that would remove the last administrator.
//!
//! There are two administrative powers, one for each HTTP API. If a principal that can sign in holds a power before a
//! change, such a principal must also hold it afterwards. An installation without an administrator is not restricted.

use super::{AdminPower, Refusal};
use crate::entity::{Permission, User};
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::value::{Audience, PermissionName};
use crate::world::{Kind, Sources, Symbol, World};

/// Returns whether a principal that can sign in holds an administrative power, directly or through memberships. The
/// same check prevents the removal of the last administrator and closes the set-up of the first one.
#[must_use]
pub fn is_administered(world: &World) -> bool {
    AdminPower::ALL.into_iter().any(|power| has_holder(world, power))
}

/// Whether each power is held by a principal that can sign in, in the order of [`AdminPower::ALL`].
pub(super) struct Powers([bool; AdminPower::ALL.len()]);

impl Powers {
    pub(super) fn of(world: &World) -> Self {
        Self(AdminPower::ALL.map(|power| has_holder(world, power)))
    }

    /// Returns [`Refusal::LockOut`] if a power is lost in `after`. Otherwise the powers of `after` become the new
    /// baseline.
    pub(super) fn refuse_loss(&mut self, after: &World) -> Result<(), Refusal> {
        let before = std::mem::replace(self, Self::of(after));
        let mut powers = AdminPower::ALL.into_iter().zip(before.0.into_iter().zip(self.0));
        match powers.find(|(_, (before, after))| *before && !after) {
            Some((power, _)) => Err(Refusal::LockOut(power)),
            None => Ok(()),
        }
    }
}

fn has_holder(world: &World, power: AdminPower) -> bool {
    holders(world, power).any(|holder| leads_to_sign_in(world, holder))
}

/// Returns the direct holders of a power: the roles that hold the permission, or the owners of the authorization.
pub(crate) fn holders(world: &World, power: AdminPower) -> Box<dyn Iterator<Item = Symbol> + '_> {
    match power {
        AdminPower::WriteApi => {
            let (Ok(audience), Ok(definition)) = (Audience::parse(IDENTITY_AUDIENCE), PermissionName::parse(WRITE))
            else {
                return Box::new(std::iter::empty());
            };
            let write = Permission { audience, definition };
            let roles = world.roles_with(&write);
            Box::new(roles.filter_map(|role| world.names().get(Kind::Role, role.id.as_str())))
        }
        AdminPower::Authorize => {
            let Ok(access) = world.catalog().access("AUTHORIZATION", "CREATE") else {
                return Box::new(std::iter::empty());
            };
            let run = world.run_on_any(access.resource_type);
            Box::new(run.into_iter().flat_map(move |run| run.giving(access.permissions)).map(|grant| grant.owner))
        }
    }
}

/// Returns whether the party, or one of its direct or indirect members, is a principal that can sign in.
fn leads_to_sign_in(world: &World, party: Symbol) -> bool {
    if has_members(world, party) {
        world.member_index().all_members(party).any(|member| leads_to_sign_in(world, member))
    } else {
        can_sign_in(world, party)
    }
}

/// Returns whether members of a party have its access. `false` for groups if tokens claim the groups, because stored
/// memberships then have no effect.
pub(crate) fn has_members(world: &World, party: Symbol) -> bool {
    match party.kind() {
        Kind::Group => world.sources() != Sources::Provider { groups_claimed: true },
        Kind::Role => true,
        _ => false,
    }
}

/// Returns whether a principal can sign in as this user or client, or with a token that matches the mapping rule or
/// claims the group.
pub(crate) fn can_sign_in(world: &World, party: Symbol) -> bool {
    let tokens = world.sources() != Sources::BuiltIn;
    let text = || world.names().text(party);
    match party.kind() {
        Kind::User => tokens || text().and_then(|username| world.user(username)).is_some_and(User::has_password),
        Kind::Client => tokens,
        Kind::MappingRule => tokens && text().is_some_and(|id| world.mapping_rule(id).is_some()),
        Kind::Group => world.sources() == Sources::Provider { groups_claimed: true },
        Kind::Role | Kind::Tenant | Kind::ResourceType => false,
    }
}

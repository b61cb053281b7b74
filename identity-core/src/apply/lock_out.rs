//! Lock-out: a change after which nobody could administer any more is refused.
//!
//! There are two ways to administer, one for each surface. Whichever somebody could use before a change, somebody must be able
//! to use after it. An installation that has no administrator yet is not held back.

use std::fmt;

use super::Refusal;
use crate::entity::Permission;
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::value::{Audience, PermissionName};
use crate::world::{Kind, Sources, Sym, World};

/// A way to administer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPower {
    /// The permission `write` of this service's API: every change over `/api`.
    WriteApi,
    /// The authorization to create authorizations, from which every other follows.
    Authorize,
}

impl AdminPower {
    /// Every power.
    pub const ALL: [Self; 2] = [Self::WriteApi, Self::Authorize];
}

impl fmt::Display for AdminPower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteApi => "administer through the management api",
            Self::Authorize => "grant authorizations",
        })
    }
}

/// Whether a principal that can sign in holds one of the powers, by any path: the same answer that refuses the loss of the
/// last administrator and closes the set-up of the first.
#[must_use]
pub fn is_administered(world: &World) -> bool {
    AdminPower::ALL.into_iter().any(|power| somebody_has(world, power))
}

pub(super) fn refuse_loss_of_power(before: &World, after: &World) -> Result<(), Refusal> {
    for power in AdminPower::ALL {
        if !somebody_has(after, power) && somebody_has(before, power) {
            return Err(Refusal::LockOut(power));
        }
    }
    Ok(())
}

fn somebody_has(world: &World, power: AdminPower) -> bool {
    holders(world, power).into_iter().any(|holder| can_be_somebody(world, holder))
}

/// The parties that are given a power themselves: roles that hold the permission, owners of the authorization.
pub(crate) fn holders(world: &World, power: AdminPower) -> Vec<Sym> {
    match power {
        AdminPower::WriteApi => {
            let (Ok(audience), Ok(definition)) = (Audience::parse(IDENTITY_AUDIENCE), PermissionName::parse(WRITE))
            else {
                return Vec::new();
            };
            let write = Permission { audience, definition };
            let roles = world.roles_with(&write);
            roles.filter_map(|role| world.names().get(Kind::Role, role.id.as_str())).collect()
        }
        AdminPower::Authorize => {
            let Ok(access) = world.matrix().access("AUTHORIZATION", "CREATE") else { return Vec::new() };
            let run = world.run_on_any(access.resource_type);
            run.into_iter().flat_map(|run| run.giving(access.permissions)).map(|grant| grant.owner).collect()
        }
    }
}

/// Whether somebody can sign in who is this party, or a member of it.
fn can_be_somebody(world: &World, party: Sym) -> bool {
    if has_members(world, party) {
        world.member_index().all_members(party).any(|member| can_be_somebody(world, member))
    } else {
        can_sign_in(world, party)
    }
}

/// Whether the stored members of a party are what it gives something to. Of a group that tokens claim, they are not.
pub(crate) fn has_members(world: &World, party: Sym) -> bool {
    match party.kind() {
        Kind::Group => world.sources() != Sources::Provider { groups_claimed: true },
        Kind::Role => true,
        _ => false,
    }
}

/// Whether a principal can sign in as this party, or with a token that speaks for it.
pub(crate) fn can_sign_in(world: &World, party: Sym) -> bool {
    let tokens = world.sources() != Sources::BuiltIn;
    let text = || world.names().text(party);
    match party.kind() {
        Kind::User => tokens || text().is_some_and(|username| world.user(username).is_some()),
        Kind::Client => tokens,
        Kind::MappingRule => tokens && text().is_some_and(|id| world.mapping_rule(id).is_some()),
        Kind::Group => world.sources() == Sources::Provider { groups_claimed: true },
        Kind::Role | Kind::Tenant | Kind::ResourceType => false,
    }
}

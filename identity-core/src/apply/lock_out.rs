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
    match power {
        AdminPower::WriteApi => {
            let (Ok(audience), Ok(definition)) = (Audience::parse(IDENTITY_AUDIENCE), PermissionName::parse(WRITE))
            else {
                return false;
            };
            world
                .roles_with(&Permission { audience, definition })
                .filter_map(|role| world.names().get(Kind::Role, role.id.as_str()))
                .any(|role| can_be_somebody(world, role))
        }
        AdminPower::Authorize => {
            let Ok(access) = world.matrix().access("AUTHORIZATION", "CREATE") else { return false };
            world.run_on_any(access.resource_type).is_some_and(|run| {
                run.iter().any(|grant| {
                    grant.permissions.intersects(access.permissions) && can_be_somebody(world, grant.owner)
                })
            })
        }
    }
}

/// Whether somebody can sign in who is this party, or a member of it.
fn can_be_somebody(world: &World, party: Sym) -> bool {
    let (tokens, groups_claimed) = match world.sources() {
        Sources::BuiltIn => (false, false),
        Sources::Provider { groups_claimed } => (true, groups_claimed),
    };
    let text = || world.names().text(party);
    match party.kind() {
        Kind::User => tokens || text().is_some_and(|username| world.user(username).is_some()),
        Kind::Client => tokens,
        Kind::MappingRule => tokens && text().is_some_and(|id| world.mapping_rule(id).is_some()),
        Kind::Group if groups_claimed => true,
        Kind::Group | Kind::Role => {
            world.member_index().all_members(party).any(|member| can_be_somebody(world, member))
        }
        Kind::Tenant | Kind::ResourceType => false,
    }
}

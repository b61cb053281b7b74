//! What goes with an entity (orchestration reference §2.5): its memberships and the authorizations that it owns. Those that
//! name it as their resource stay.

use super::{Draft, Refusal};
use crate::entity::{Authorization, Container, Membership, Party};
use crate::world::Change;

impl Draft {
    /// Removes everything that a party is a member of or owns.
    pub(super) fn remove_party(&mut self, party: &Party) -> Result<(), Refusal> {
        let containers: Vec<Container> = self.world.memberships(party).collect();
        for container in containers {
            self.unlink(container, party.clone())?;
        }
        let owned: Vec<Authorization> = self.world.owned_by(party).collect();
        for authorization in owned {
            self.record(Change::AuthorizationRemoved(authorization.key))?;
        }
        Ok(())
    }

    /// Removes all members of a container.
    pub(super) fn remove_members(&mut self, container: &Container) -> Result<(), Refusal> {
        let members: Vec<Party> = self.world.members(container).collect();
        for member in members {
            self.unlink(container.clone(), member)?;
        }
        Ok(())
    }

    fn unlink(&mut self, container: Container, member: Party) -> Result<(), Refusal> {
        match Membership::new(container, member) {
            Ok(membership) => self.record(Change::MemberRemoved(membership)),
            Err(_) => Ok(()),
        }
    }
}

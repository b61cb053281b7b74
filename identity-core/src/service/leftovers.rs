//! Creation of an entity whose ID existing authorizations already name as their resource.

use crate::apply::{Command, Refusal, deletions};
use crate::entity::AuditEntity;
use crate::search::exists;
use crate::world::World;

/// Handling of existing authorizations that name the ID of a new entity. They would otherwise apply to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// Refuses the creation with [`Refusal::Leftovers`]. The default.
    #[default]
    Refuse,
    /// Deletes these authorizations in the same commit that creates the entity.
    Remove,
}

impl Leftovers {
    /// Returns the commands that create `entity`, preceded by the deletion of such authorizations if requested.
    ///
    /// # Errors
    /// [`Refusal::Leftovers`] when authorizations on the entity exist and `self` is [`Leftovers::Refuse`].
    pub(super) fn creation(
        self,
        world: &World,
        entity: AuditEntity,
        commands: Vec<Command>,
    ) -> Result<Vec<Command>, Refusal> {
        if exists(world, entity.kind, &entity.key) == Some(true) {
            // The commands are refused later, because the entity already exists.
            return Ok(commands);
        }
        let keys = world.grants_on(entity.kind.as_str(), &entity.key);
        match self {
            Self::Remove => Ok(deletions(world, keys).into_iter().chain(commands).collect()),
            Self::Refuse => match keys.count() {
                0 => Ok(commands),
                count => Err(Refusal::Leftovers { entity, count }),
            },
        }
    }
}

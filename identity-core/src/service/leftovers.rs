//! Creation of an entity whose id authorizations name already: as their resource, from before it exists.

use crate::apply::{Command, Refusal, deletions};
use crate::entity::AuditEntity;
use crate::search::exists;
use crate::world::World;

/// Treatment of authorizations that name an entity before it is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// Refuses the creation.
    #[default]
    Refuse,
    /// Removes them in the same change.
    Remove,
}

impl Leftovers {
    /// The commands that create `entity`.
    ///
    /// # Errors
    /// `Leftovers` when authorizations name the entity and the caller did not confirm their removal.
    pub(super) fn creation(
        self,
        world: &World,
        entity: AuditEntity,
        commands: Vec<Command>,
    ) -> Result<Vec<Command>, Refusal> {
        if exists(world, entity.kind, &entity.key) == Some(true) {
            // Refused as a duplicate.
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

use super::{Draft, Refusal, thing};
use crate::entity::{Container, EntityKind, Group, Party};
use crate::value::GroupId;
use crate::world::Change;

impl Draft {
    pub(super) fn create_group(&mut self, group: &Group) -> Result<(), Refusal> {
        if self.world.group(group.id.as_str()).is_some() {
            return Err(Refusal::Exists(thing(EntityKind::Group, &group.id)));
        }
        self.remove_leftovers(EntityKind::Group, group.id.as_str())?;
        self.record(Change::GroupPut(group.clone()))
    }

    pub(super) fn update_group(&mut self, group: &Group) -> Result<(), Refusal> {
        self.existing_group(&group.id)?;
        self.record(Change::GroupPut(group.clone()))
    }

    pub(super) fn delete_group(&mut self, id: &GroupId) -> Result<(), Refusal> {
        self.existing_group(id)?;
        self.remove_members(&Container::Group(id.clone()))?;
        self.remove_party(&Party::Group(id.clone()))?;
        self.remove_grants_on(EntityKind::Group, id.as_str())?;
        self.record(Change::GroupRemoved(id.clone()))
    }

    fn existing_group(&self, id: &GroupId) -> Result<(), Refusal> {
        match self.world.group(id.as_str()) {
            Some(_) => Ok(()),
            None => Err(Refusal::Missing(thing(EntityKind::Group, id))),
        }
    }
}

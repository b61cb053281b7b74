use super::{Draft, Refusal, thing};
use crate::entity::{EntityKind, Party, User};
use crate::value::Username;
use crate::world::Change;

impl Draft {
    pub(super) fn create_user(&mut self, user: &User) -> Result<(), Refusal> {
        if self.world.user(user.username.as_str()).is_some() {
            return Err(Refusal::Exists(thing(EntityKind::User, &user.username)));
        }
        self.remove_leftovers(EntityKind::User, user.username.as_str())?;
        self.record(Change::UserPut(user.clone()))
    }

    pub(super) fn update_user(&mut self, user: &User) -> Result<(), Refusal> {
        self.existing_user(&user.username)?;
        self.record(Change::UserPut(user.clone()))
    }

    pub(super) fn delete_user(&mut self, username: &Username) -> Result<(), Refusal> {
        self.existing_user(username)?;
        self.remove_party(&Party::User(username.clone()))?;
        self.remove_grants_on(EntityKind::User, username.as_str())?;
        self.record(Change::UserRemoved(username.clone()))
    }

    fn existing_user(&self, username: &Username) -> Result<(), Refusal> {
        match self.world.user(username.as_str()) {
            Some(_) => Ok(()),
            None => Err(Refusal::Missing(thing(EntityKind::User, username))),
        }
    }
}

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
        let active = self.existing_user(&user.username)?.is_active();
        self.record(Change::UserPut(user.clone().with_active(active)))
    }

    pub(super) fn deactivate_user(&mut self, username: &Username) -> Result<(), Refusal> {
        self.set_active(username, false)
    }

    pub(super) fn reactivate_user(&mut self, username: &Username) -> Result<(), Refusal> {
        self.set_active(username, true)
    }

    pub(super) fn delete_user(&mut self, username: &Username) -> Result<(), Refusal> {
        self.existing_user(username)?;
        self.remove_party(&Party::User(username.clone()))?;
        self.remove_grants_on(EntityKind::User, username.as_str())?;
        self.record(Change::UserRemoved(username.clone()))
    }

    fn set_active(&mut self, username: &Username, active: bool) -> Result<(), Refusal> {
        let user = self.existing_user(username)?;
        if user.is_active() == active {
            return Ok(());
        }
        let user = user.clone().with_active(active);
        self.record(Change::UserPut(user))
    }

    fn existing_user(&self, username: &Username) -> Result<&User, Refusal> {
        self.world.user(username.as_str()).ok_or_else(|| Refusal::Missing(thing(EntityKind::User, username)))
    }
}

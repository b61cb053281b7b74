use super::{Answer, MemoryDirectory, State};
use crate::entity::Permission;
use crate::port::DirectoryError;
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::value::{GroupId, RoleId, Username};

impl MemoryDirectory {
    /// Applies a change that can take administration away: completely, or not at all.
    pub(super) fn take_away<T>(&self, change: impl FnOnce(&mut State) -> Answer<T>) -> Answer<T> {
        let mut state = self.state();
        let mut after = state.clone();
        let value = change(&mut after)?;
        if state.is_administered() && !after.is_administered() {
            return Err(DirectoryError::LockOut);
        }
        *state = after;
        Ok(value)
    }
}

impl State {
    /// Whether an enabled user or an application holds the permission `write` of this service's own API.
    fn is_administered(&self) -> bool {
        let is_write = |permission: &Permission| {
            permission.audience.as_str() == IDENTITY_AUDIENCE && permission.definition.as_str() == WRITE
        };
        let gives = |role: &RoleId| self.roles.get(role).is_some_and(|role| role.permissions.iter().any(is_write));
        let enabled = |user: &Username| self.people.get(user).is_some_and(|person| person.enabled);
        let has_members = |group: &GroupId| self.members.iter().any(|(of, user)| of == group && enabled(user));
        self.client_permissions.iter().any(|(_, permission)| is_write(permission))
            || self.user_roles.iter().any(|(user, role)| gives(role) && enabled(user))
            || self.group_roles.iter().any(|(group, role)| gives(role) && has_members(group))
    }
}

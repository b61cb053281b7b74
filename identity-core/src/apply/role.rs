use super::{Draft, Refusal, thing};
use crate::decide::Authority;
use crate::entity::{Container, EntityKind, Party, Permission, Role};
use crate::preset;
use crate::value::RoleId;
use crate::world::Change;

impl Draft {
    pub(super) fn create_role(&mut self, role: &Role) -> Result<(), Refusal> {
        if self.world.role(role.id.as_str()).is_some() {
            return Err(Refusal::Exists(thing(EntityKind::Role, &role.id)));
        }
        self.changeable_role(&role.id)?;
        self.remove_leftovers(EntityKind::Role, role.id.as_str())?;
        self.record(Change::RolePut(role.clone()))
    }

    pub(super) fn update_role(&mut self, role: &Role) -> Result<(), Refusal> {
        self.existing_role(&role.id)?;
        self.changeable_role(&role.id)?;
        self.record(Change::RolePut(role.clone()))
    }

    pub(super) fn delete_role(&mut self, id: &RoleId) -> Result<(), Refusal> {
        self.existing_role(id)?;
        self.changeable_role(id)?;
        self.remove_members(&Container::Role(id.clone()))?;
        self.remove_party(&Party::Role(id.clone()))?;
        self.remove_grants_on(EntityKind::Role, id.as_str())?;
        self.record(Change::RoleRemoved(id.clone()))
    }

    pub(super) fn grant_permission(&mut self, id: &RoleId, permission: &Permission) -> Result<(), Refusal> {
        let mut role = self.existing_role(id)?;
        self.changeable_role(id)?;
        if role.permissions.insert(permission.clone()) { self.record(Change::RolePut(role)) } else { Ok(()) }
    }

    pub(super) fn revoke_permission(&mut self, id: &RoleId, permission: &Permission) -> Result<(), Refusal> {
        let mut role = self.existing_role(id)?;
        self.changeable_role(id)?;
        if role.permissions.remove(permission) {
            self.record(Change::RolePut(role))
        } else {
            let key = format!("{}: {} of {}", id, permission.definition, permission.audience);
            Err(Refusal::Missing(thing(EntityKind::Role, key)))
        }
    }

    fn existing_role(&self, id: &RoleId) -> Result<Role, Refusal> {
        self.world.role(id.as_str()).cloned().ok_or_else(|| Refusal::Missing(thing(EntityKind::Role, id)))
    }

    /// Returns [`Refusal::Protected`] if an administrator would change a protected default role. The permissions of
    /// these roles are part of the installation.
    pub(super) fn changeable_role(&self, id: &RoleId) -> Result<(), Refusal> {
        match self.authority {
            Authority::Administrator if preset::is_protected_role(id) => {
                Err(Refusal::Protected(thing(EntityKind::Role, id)))
            }
            Authority::Administrator | Authority::Server => Ok(()),
        }
    }
}

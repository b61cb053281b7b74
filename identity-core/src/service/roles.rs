//! Roles and their permissions, as the management API sees them: the name is the key.

use std::collections::BTreeSet;

use super::{Caller, Gate, ListRequest, ServiceError, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, Permission, Role};
use crate::port::AuditDraft;
use crate::search::{Page, matches_text};
use crate::value::{Description, Name, RoleId};

/// Roles and their permissions.
pub struct Roles {
    gate: Gate,
}

impl Roles {
    /// Roles behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// The roles, by name.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Page<Role>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Role, "", |world| {
                let fits =
                    |role: &&Role| matches_text(list.search.as_deref(), &[role.id.as_str(), role.description.as_str()]);
                list.page.cut(world.roles().filter(fits)).map(Role::clone)
            })
            .await
    }

    /// One role.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError> {
        self.gate
            .read(caller, EntityKind::Role, name, |world| world.role(name).cloned())
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::Role, key: name.to_owned() }))
    }

    /// Creates a role, with permissions.
    ///
    /// # Errors
    /// When the caller may not write, or there is such a role.
    pub async fn create(
        &self,
        caller: &Caller,
        id: RoleId,
        description: Description,
        permissions: BTreeSet<Permission>,
    ) -> Result<Written<Role>, ServiceError> {
        let role = Role { name: Name::from(&id), id, description, permissions };
        Ok(self.gate.command(caller, Command::CreateRole(role.clone())).await?.with(role))
    }

    /// Gives a role another description. Its name is its key and stays.
    ///
    /// # Errors
    /// When the caller may not write, or there is no such role.
    pub async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        description: Description,
    ) -> Result<Written, ServiceError> {
        let entity = AuditEntity { kind: EntityKind::Role, key: id.to_string() };
        let attempt = AuditDraft { operation: AuditOperation::Update, entity: entity.clone(), related: None };
        self.gate
            .write(caller, attempt, |world| {
                let old = world.role(id.as_str()).ok_or(Refusal::Missing(entity))?;
                Ok(vec![Command::UpdateRole(Role { description, ..old.clone() })])
            })
            .await
    }

    /// Deletes a role, with everything that hangs on it.
    ///
    /// # Errors
    /// When the caller may not write, there is no such role, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteRole(id)).await
    }

    /// Adds a permission to a role, or removes it.
    ///
    /// # Errors
    /// When the caller may not write, there is no such role, or there is no such permission to remove.
    pub async fn change_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
        add: bool,
    ) -> Result<Written, ServiceError> {
        let command =
            if add { Command::GrantPermission(id, permission) } else { Command::RevokePermission(id, permission) };
        self.gate.command(caller, command).await
    }
}

//! Roles and their permissions, as the management API sees them: the name is the key.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Caller, Gate, Leftovers, ListRequest, ServiceError, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, Permission, Role};
use crate::port::{AuditDraft, DirectoryError, RoleDirectory};
use crate::preset::is_protected_role;
use crate::search::{Listing, matches_text};
use crate::value::{Description, Name, RoleId};
use crate::world::World;

/// Roles and their permissions.
pub struct Roles {
    gate: Gate,
    directory: Option<Arc<dyn RoleDirectory>>,
}

impl Roles {
    /// Roles behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, directory: None }
    }

    /// The same, of roles that live in a directory.
    #[must_use]
    pub fn in_directory(self, directory: Arc<dyn RoleDirectory>) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// The roles, by id; the default roles of the Orchestration Cluster only if they are asked for.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster_roles: bool,
    ) -> Result<Listing<Role>, ServiceError> {
        if let Some(directory) = &self.directory {
            return self.gate.ask(caller, (EntityKind::Role, ""), directory.list(list)).await;
        }
        let page = self
            .gate
            .read(caller, EntityKind::Role, "", |world| {
                let fits = |role: &&Role| {
                    let texts = [role.id.as_str(), role.name.as_str(), role.description.as_str()];
                    (with_cluster_roles || !is_protected_role(&role.id)) && matches_text(list.search.as_deref(), &texts)
                };
                list.page.cut(world.roles().filter(fits)).map(Role::clone)
            })
            .await?;
        Ok(page.into())
    }

    /// One role.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::Role, key: name.to_owned() });
        if let Some(directory) = &self.directory {
            let id = RoleId::parse(name).map_err(|_| missing())?;
            return self.gate.ask(caller, (EntityKind::Role, name), directory.find(&id)).await;
        }
        let found = self.gate.read(caller, EntityKind::Role, name, |world| world.role(name).cloned()).await?;
        found.ok_or_else(missing)
    }

    /// Creates a role, with permissions. Without a name it is called by its id.
    ///
    /// # Errors
    /// When the caller may not write, there is such a role, roles of the directory have no name, or authorizations on it are left and `leftovers` refuses them.
    pub async fn create(
        &self,
        caller: &Caller,
        id: RoleId,
        (name, description): (Option<Name>, Description),
        permissions: BTreeSet<Permission>,
        leftovers: Leftovers,
    ) -> Result<Written<Role>, ServiceError> {
        self.check_name(&id, name.as_ref())?;
        let role = Role { name: name.unwrap_or_else(|| Name::from(&id)), id, description, permissions };
        let attempt = draft(AuditOperation::Create, &role.id);
        if let Some(directory) = &self.directory {
            return Ok(self.gate.change(caller, attempt, directory.create(&role)).await?.with(role));
        }
        let (entity, command) = (attempt.entity.clone(), Command::CreateRole(role.clone()));
        let plan = |world: &World| leftovers.creation(world, entity, vec![command]);
        Ok(self.gate.write(caller, attempt, plan).await?.with(role))
    }

    /// Gives a role another description, and another name if there is one. Its id stays.
    ///
    /// # Errors
    /// When the caller may not write, there is no such role, or roles of the directory have no name.
    pub async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        (name, description): (Option<Name>, Description),
    ) -> Result<Written, ServiceError> {
        self.check_name(id, name.as_ref())?;
        let attempt = draft(AuditOperation::Update, id);
        if let Some(directory) = &self.directory {
            return self.gate.change(caller, attempt, directory.describe(id, &description)).await;
        }
        let entity = attempt.entity.clone();
        self.gate
            .write(caller, attempt, |world| {
                let old = world.role(id.as_str()).ok_or(Refusal::Missing(entity))?;
                let name = name.unwrap_or_else(|| old.name.clone());
                Ok(vec![Command::UpdateRole(Role { name, description, ..old.clone() })])
            })
            .await
    }

    /// A role that lives in a directory is called by its id.
    fn check_name(&self, id: &RoleId, name: Option<&Name>) -> Result<(), ServiceError> {
        match name {
            Some(name) if self.directory.is_some() && name.as_str() != id.as_str() => {
                Err(DirectoryError::Invalid("a role has no name beside its id there".to_owned()).into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Deletes a role, with everything that hangs on it.
    ///
    /// # Errors
    /// When the caller may not write, there is no such role, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError> {
        if let Some(directory) = &self.directory {
            return self.gate.change(caller, draft(AuditOperation::Delete, &id), directory.delete(&id)).await;
        }
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
        if let Some(directory) = &self.directory {
            let attempt = draft(AuditOperation::Update, &id);
            return self.gate.change(caller, attempt, directory.change_permission(&id, &permission, add)).await;
        }
        let command =
            if add { Command::GrantPermission(id, permission) } else { Command::RevokePermission(id, permission) };
        self.gate.command(caller, command).await
    }
}

fn draft(operation: AuditOperation, id: &RoleId) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind: EntityKind::Role, key: id.to_string() }, related: None }
}

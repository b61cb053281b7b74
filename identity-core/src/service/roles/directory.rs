use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Roles, draft, entity};
use crate::entity::{AuditDraft, AuditOperation, EntityKind, Field, FieldChanges, Permission, Role};
use crate::port::{DirectoryError, RoleDirectory};
use crate::search::List;
use crate::service::{Authorizer, Caller, Leftovers, ListRequest, ServiceError, Written};
use crate::value::{Description, Name, RoleId, Version};

/// Roles that a directory stores. The ID of such a role is also its name.
pub struct DirectoryRoles {
    authorizer: Authorizer,
    directory: Arc<dyn RoleDirectory>,
}

impl DirectoryRoles {
    /// Creates the service for the roles in `directory`. `authorizer` checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer, directory: Arc<dyn RoleDirectory>) -> Self {
        Self { authorizer, directory }
    }

    async fn version(&self, id: &RoleId) -> Result<Version, DirectoryError> {
        Ok(self.directory.find(id).await?.version())
    }
}

#[async_trait]
impl Roles for DirectoryRoles {
    async fn list(
        &self,
        caller: &Caller,
        list: &ListRequest,
        _with_cluster_roles: bool,
    ) -> Result<List<Role>, ServiceError> {
        Ok(self.authorizer.ask(caller, (EntityKind::Role, ""), self.directory.list(list)).await?.into())
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError> {
        let id = RoleId::parse(name).map_err(|_| ServiceError::Missing(entity(name)))?;
        self.authorizer.ask(caller, (EntityKind::Role, name), self.directory.find(&id)).await
    }

    async fn create(
        &self,
        caller: &Caller,
        id: RoleId,
        (name, description): (Option<Name>, Description),
        permissions: BTreeSet<Permission>,
        _leftovers: Leftovers,
    ) -> Result<Written<Role>, ServiceError> {
        require_id(name.as_ref(), &id)?;
        let name = name.unwrap_or_else(|| Name::from(&id));
        let role = Role { description, permissions, ..Role::new(id, name) };
        let attempt =
            AuditDraft { changes: FieldChanges::added(&role.fields()), ..draft(AuditOperation::Create, &role.id) };
        Ok(self.authorizer.change(caller, attempt, self.directory.create(&role)).await?.with(role))
    }

    async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        (name, description): (Option<Name>, Description),
    ) -> Result<Written, ServiceError> {
        require_id(name.as_ref(), id)?;
        let changes = FieldChanges::replaced(&vec![("description", Field::text(description.as_str()))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, id) };
        self.authorizer.require_unchanged(caller, &attempt, self.version(id)).await?;
        self.authorizer.change(caller, attempt, self.directory.describe(id, &description)).await
    }

    async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError> {
        let attempt = draft(AuditOperation::Delete, &id);
        self.authorizer.require_unchanged(caller, &attempt, self.version(&id)).await?;
        self.authorizer.change(caller, attempt, self.directory.delete(&id)).await
    }

    async fn grant_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError> {
        let changes = FieldChanges::added(&vec![("permissions", Permission::field([&permission]))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, &id) };
        self.authorizer.change(caller, attempt, self.directory.grant_permission(&id, &permission)).await
    }

    async fn revoke_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError> {
        let changes = FieldChanges::removed(&vec![("permissions", Permission::field([&permission]))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, &id) };
        self.authorizer.change(caller, attempt, self.directory.revoke_permission(&id, &permission)).await
    }
}

/// Fails if a name is given that differs from the ID, because roles in a directory have no separate name.
fn require_id(name: Option<&Name>, id: &RoleId) -> Result<(), ServiceError> {
    match name {
        Some(name) if name.as_str() != id.as_str() => {
            Err(DirectoryError::Invalid("a role has no name beside its id there".to_owned()).into())
        }
        Some(_) | None => Ok(()),
    }
}

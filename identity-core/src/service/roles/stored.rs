use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Roles, draft, entity};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditOperation, EntityKind, Permission, Role};
use crate::preset::protected_roles;
use crate::search::List;
use crate::service::{Authorizer, Caller, Leftovers, ListRequest, ServiceError, Written, lists};
use crate::value::{Description, Name, RoleId};
use crate::world::World;

/// Roles in the policy store.
pub struct StoredRoles {
    authorizer: Authorizer,
}

impl StoredRoles {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }
}

#[async_trait]
impl Roles for StoredRoles {
    async fn list(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster_roles: bool,
    ) -> Result<List<Role>, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::Role, "", |world| {
                let protected = protected_roles().filter(|_| !with_cluster_roles);
                let mut without: Vec<usize> = protected.filter_map(|id| world.role_position(id)).collect();
                without.sort_unstable();
                lists::entities(&caller.world, list, without, |_, role: &Role| role.clone())
            })
            .await
    }

    async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError> {
        let found = self.authorizer.read(caller, EntityKind::Role, name, |world| world.role(name).cloned()).await?;
        found.ok_or_else(|| ServiceError::Missing(entity(name)))
    }

    async fn create(
        &self,
        caller: &Caller,
        id: RoleId,
        (name, description): (Option<Name>, Description),
        permissions: BTreeSet<Permission>,
        leftovers: Leftovers,
    ) -> Result<Written<Role>, ServiceError> {
        let name = name.unwrap_or_else(|| Name::from(&id));
        let role = Role { description, permissions, ..Role::new(id, name) };
        let attempt = draft(AuditOperation::Create, &role.id);
        let (entity, command) = (attempt.entity.clone(), Command::CreateRole(role.clone()));
        let plan = |world: &World| leftovers.creation(world, entity, vec![command]);
        Ok(self.authorizer.write(caller, attempt, plan).await?.with(role))
    }

    async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        (name, description): (Option<Name>, Description),
    ) -> Result<Written, ServiceError> {
        self.authorizer
            .write(caller, draft(AuditOperation::Update, id), |world| {
                let old = world.role(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id.as_str())))?;
                let name = name.unwrap_or_else(|| old.name.clone());
                Ok(vec![Command::UpdateRole(Role { name, description, ..old.clone() })])
            })
            .await
    }

    async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteRole(id)).await
    }

    async fn grant_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::GrantPermission(id, permission)).await
    }

    async fn revoke_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::RevokePermission(id, permission)).await
    }
}

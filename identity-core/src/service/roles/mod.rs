//! Roles and their permissions for the management API, with the name as the key.

mod directory;
mod stored;

use std::collections::BTreeSet;

use async_trait::async_trait;

pub use directory::DirectoryRoles;
pub use stored::StoredRoles;

use super::{Caller, Leftovers, ListRequest, ServiceError, Written};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind, Permission, Role};
use crate::search::List;
use crate::value::{Description, Name, RoleId};

/// Manages roles and their permissions.
#[async_trait]
pub trait Roles: Send + Sync {
    /// Lists roles by ID. `with_cluster_roles` includes the default roles of the Orchestration Cluster.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    async fn list(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster_roles: bool,
    ) -> Result<List<Role>, ServiceError>;

    /// Returns a role.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such role.
    async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError>;

    /// Creates a role with permissions. The default name is the ID.
    ///
    /// # Errors
    /// When the caller lacks write permission, the ID is taken, the directory does not support names, or authorizations
    /// on the role exist and `leftovers` refuses them.
    async fn create(
        &self,
        caller: &Caller,
        id: RoleId,
        texts: (Option<Name>, Description),
        permissions: BTreeSet<Permission>,
        leftovers: Leftovers,
    ) -> Result<Written<Role>, ServiceError>;

    /// Replaces a role's description, and its name if one is given. The ID does not change.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such role, or the directory does not support names.
    async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        texts: (Option<Name>, Description),
    ) -> Result<Written, ServiceError>;

    /// Deletes a role with its memberships and authorizations.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such role, or no administrator would remain.
    async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError>;

    /// Grants a permission to a role.
    ///
    /// # Errors
    /// When the caller lacks write permission, or there is no such role.
    async fn grant_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError>;

    /// Revokes a permission of a role.
    ///
    /// # Errors
    /// When the caller lacks write permission, or there is no such role or no such permission of it.
    async fn revoke_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError>;
}

fn draft(operation: AuditOperation, id: &RoleId) -> AuditDraft {
    AuditDraft { operation, entity: entity(id.as_str()), related: None }
}

fn entity(key: &str) -> AuditEntity {
    AuditEntity { kind: EntityKind::Role, key: key.to_owned() }
}

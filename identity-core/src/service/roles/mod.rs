//! Roles in the management API, with their permissions on APIs. The name of a role is its key.

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

/// Manages roles and their permissions on APIs, in the store or in a directory.
#[async_trait]
pub trait Roles: Send + Sync {
    /// Lists roles by ID. Stored default roles of the Orchestration Cluster are included only with
    /// `with_cluster_roles`.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    async fn list(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster_roles: bool,
    ) -> Result<List<Role>, ServiceError>;

    /// Returns the role with this ID, including its permissions on APIs.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such role.
    async fn find(&self, caller: &Caller, name: &str) -> Result<Role, ServiceError>;

    /// Creates a role with permissions on APIs. Without a name, the ID serves as the name.
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

    /// Replaces the description of a role, and its name if one is given. The ID stays the same.
    ///
    /// # Errors
    /// When the caller lacks write permission, the role does not exist or is protected, or the directory does not
    /// support names.
    async fn describe(
        &self,
        caller: &Caller,
        id: &RoleId,
        texts: (Option<Name>, Description),
    ) -> Result<Written, ServiceError>;

    /// Deletes a role, its memberships, and the authorizations that it owns or that name it.
    ///
    /// # Errors
    /// When the caller lacks write permission, the role does not exist or is protected, or no administrator would
    /// remain.
    async fn delete(&self, caller: &Caller, id: RoleId) -> Result<Written, ServiceError>;

    /// Grants a role a permission on an API. Succeeds if the role already has it.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the role does not exist or is protected.
    async fn grant_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError>;

    /// Revokes a role's permission on an API.
    ///
    /// # Errors
    /// When the caller lacks write permission, the role does not exist or is protected, it lacks the permission, or no
    /// administrator would remain.
    async fn revoke_permission(
        &self,
        caller: &Caller,
        id: RoleId,
        permission: Permission,
    ) -> Result<Written, ServiceError>;
}

fn draft(operation: AuditOperation, id: &RoleId) -> AuditDraft {
    AuditDraft::new(operation, entity(id.as_str()))
}

fn entity(key: &str) -> AuditEntity {
    AuditEntity { kind: EntityKind::Role, key: key.to_owned() }
}

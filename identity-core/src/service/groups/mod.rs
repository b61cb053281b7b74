//! Groups for the management API, with a generated ID and a name.

mod directory;
mod stored;

use async_trait::async_trait;

pub use directory::DirectoryGroups;
pub use stored::StoredGroups;

use super::{Caller, ListRequest, ServiceError, UserSummary, Written};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Authorization, EntityKind, Group, Role};
use crate::search::List;
use crate::value::{GroupId, Name, RoleId, Username};

/// Manages groups, their members, roles and authorizations.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Lists groups by ID.
    ///
    /// # Errors
    /// When the caller lacks read permission or the directory fails.
    async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<Group>, ServiceError>;

    /// Returns a group.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such group, or the directory fails.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError>;

    /// Creates a group. Names need not be unique, except in a directory.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the directory has a group with this name.
    async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError>;

    /// Renames a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, or there is no such group.
    async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError>;

    /// Deletes a group with its memberships and authorizations.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such group, or no administrator would remain.
    async fn delete(&self, caller: &Caller, id: GroupId) -> Result<Written, ServiceError>;

    /// Lists a group's users.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such group.
    async fn users(&self, caller: &Caller, id: &str, list: &ListRequest) -> Result<List<UserSummary>, ServiceError>;

    /// Adds a user to a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, the group or the user does not exist, or nothing would change.
    async fn add_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError>;

    /// Removes a user from a group.
    ///
    /// # Errors
    /// As [`Groups::add_user`].
    async fn remove_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError>;

    /// Lists a group's roles.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such group.
    async fn roles(&self, caller: &Caller, id: &str) -> Result<List<Role>, ServiceError>;

    /// Assigns a role to a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, the group or the role does not exist, or nothing would change.
    async fn assign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError>;

    /// Removes a role from a group.
    ///
    /// # Errors
    /// As [`Groups::assign_role`].
    async fn unassign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError>;

    /// Lists the authorizations that a group owns.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such group.
    async fn authorizations(&self, caller: &Caller, id: &str) -> Result<List<Authorization>, ServiceError>;
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft { operation, entity: entity(key), related: None }
}

fn entity(key: &str) -> AuditEntity {
    AuditEntity { kind: EntityKind::Group, key: key.to_owned() }
}

//! Groups in the management API. A group has a generated ID and a display name.

mod directory;
mod stored;

use async_trait::async_trait;

pub use directory::DirectoryGroups;
pub use stored::StoredGroups;

use super::{Caller, ListRequest, ServiceError, UserSummary, Written};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Authorization, EntityKind, Group, Role};
use crate::search::List;
use crate::value::{GroupId, Name, RoleId, Username};

/// Manages groups with their members, roles and authorizations, in the store or in a directory.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Lists groups. A search matches any part of the name, ignoring case; stored groups are also found by ID.
    ///
    /// # Errors
    /// When the caller lacks read permission or the directory fails.
    async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<Group>, ServiceError>;

    /// Returns the group with this ID.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such group, or the directory fails.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError>;

    /// Creates a group with a generated ID. Names need not be unique, except in a directory.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the directory has a group with this name.
    async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError>;

    /// Changes the name of a group. The ID stays the same.
    ///
    /// # Errors
    /// When the caller lacks write permission, or there is no such group.
    async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError>;

    /// Deletes a group, its memberships, and the authorizations that it owns or that name it.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such group, or no administrator would remain.
    async fn delete(&self, caller: &Caller, id: GroupId) -> Result<Written, ServiceError>;

    /// Lists the users that are direct members of a group. Only the page of `list` is used, not its search text.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such group.
    async fn users(&self, caller: &Caller, id: &str, list: &ListRequest) -> Result<List<UserSummary>, ServiceError>;

    /// Adds a user to a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the group or the user does not exist. For stored groups, also when
    /// the user is already a member.
    async fn add_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError>;

    /// Removes a user from a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the group does not exist. For stored groups, also when the user is
    /// not a member or no administrator would remain.
    async fn remove_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError>;

    /// Lists the roles that are directly assigned to a group.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such group.
    async fn roles(&self, caller: &Caller, id: &str) -> Result<List<Role>, ServiceError>;

    /// Assigns a role to a group and thus to its members.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the group or the role does not exist. For stored groups, also when
    /// the group already has the role.
    async fn assign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError>;

    /// Removes a role from a group.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the role does not exist. For stored groups, also when the group does
    /// not have the role or no administrator would remain.
    async fn unassign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError>;

    /// Lists the authorizations that a group owns itself, oldest first.
    ///
    /// # Errors
    /// When the caller lacks read permission, or a stored group does not exist. An unknown group of a directory has
    /// none.
    async fn authorizations(&self, caller: &Caller, id: &str) -> Result<List<Authorization>, ServiceError>;
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft::new(operation, entity(key))
}

fn entity(key: &str) -> AuditEntity {
    AuditEntity { kind: EntityKind::Group, key: key.to_owned() }
}

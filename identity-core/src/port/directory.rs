//! Ports of an external directory that stores users, groups, roles, clients and APIs.

use std::time::Duration;

use async_trait::async_trait;

use crate::entity::{
    Api, ApiPermission, AuditEntity, Client, ClientChange, DirectoryUser, DirectoryUserChange, EntityKind, Group,
    NewClient, NewDirectoryUser, Permission, Role,
};
use crate::search::{ListRequest, Listing};
use crate::value::{
    Audience, ClientId, ClientKey, Description, GroupId, InvalidValue, Name, PermissionName, RoleId, Secret, Username,
};

/// Users of a directory.
///
/// Contract of all directories:
/// - Lists have a stable order. A search matches any part of the text, ignoring case.
/// - Reads reflect completed writes immediately.
/// - Changes are idempotent, except that creating an existing entity fails with [`DirectoryError::Conflict`].
/// - An operation on an unknown entity fails with [`DirectoryError::Missing`].
/// - After [`DirectoryError::Unavailable`], the change may or may not have been applied.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// Lists users. A search matches the username, first name, last name or e-mail address. Service accounts are
    /// excluded.
    async fn list(&self, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError>;

    /// Returns a user.
    async fn find(&self, id: &Username) -> Result<DirectoryUser, DirectoryError>;

    /// Returns the users that exist among `ids`, in any order.
    async fn find_all(&self, ids: &[Username]) -> Result<Vec<DirectoryUser>, DirectoryError>;

    /// Creates a user. Usernames are unique.
    async fn create(&self, new: &NewDirectoryUser) -> Result<DirectoryUser, DirectoryError>;

    /// Changes the names, e-mail address or enabled state of a user, and returns the user as stored afterwards. Fields
    /// that `change` does not set keep their values, even under concurrent changes. A changed address is marked as not
    /// verified. An invalid new address fails with [`DirectoryError::Member`]. If `change` disables the user, success
    /// guarantees that the user is disabled, even under concurrent changes.
    async fn update(&self, id: &Username, change: &DirectoryUserChange) -> Result<DirectoryUser, DirectoryError>;

    /// Lists the directly assigned roles of a user, by name, without permissions.
    async fn roles(&self, id: &Username) -> Result<Vec<Role>, DirectoryError>;

    /// Assigns a role to a user.
    async fn assign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError>;

    /// Removes a role from a user.
    async fn unassign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError>;

    /// Lists the groups of a user, by name.
    async fn groups(&self, id: &Username) -> Result<Vec<Group>, DirectoryError>;
}

/// Groups of a directory. For the contract, see [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait GroupDirectory: Send + Sync {
    /// Lists groups. A search matches the name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Group>, DirectoryError>;

    /// Returns a group.
    async fn find(&self, id: &GroupId) -> Result<Group, DirectoryError>;

    /// Returns the groups that exist among `ids`, in any order.
    async fn find_all(&self, ids: &[GroupId]) -> Result<Vec<Group>, DirectoryError>;

    /// Creates a group. Names are unique.
    async fn create(&self, name: &Name) -> Result<Group, DirectoryError>;

    /// Renames a group.
    async fn rename(&self, id: &GroupId, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes a group and its memberships. A group that does not exist fails with [`DirectoryError::Missing`].
    async fn delete(&self, id: &GroupId) -> Result<(), DirectoryError>;

    /// Lists the users in a group. A search text is ignored.
    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError>;

    /// Adds a user to a group.
    async fn add_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError>;

    /// Removes a user from a group.
    async fn remove_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError>;

    /// Lists the roles of a group, by name, without permissions.
    async fn roles(&self, id: &GroupId) -> Result<Vec<Role>, DirectoryError>;

    /// Assigns a role to a group.
    async fn assign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError>;

    /// Removes a role from a group.
    async fn unassign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError>;
}

/// Roles of a directory. For the contract, see [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RoleDirectory: Send + Sync {
    /// Lists roles without their permissions. A search matches the name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Role>, DirectoryError>;

    /// Returns a role with its permissions.
    async fn find(&self, id: &RoleId) -> Result<Role, DirectoryError>;

    /// Creates a role. Its permissions must exist.
    async fn create(&self, role: &Role) -> Result<(), DirectoryError>;

    /// Changes the description of a role.
    async fn describe(&self, id: &RoleId, description: &Description) -> Result<(), DirectoryError>;

    /// Deletes a role and all of its assignments.
    async fn delete(&self, id: &RoleId) -> Result<(), DirectoryError>;

    /// Adds a permission to a role.
    async fn grant_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError>;

    /// Removes a permission from a role.
    async fn revoke_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError>;
}

/// Clients (applications) of a directory. For the contract, see [`UserDirectory`]. Clients that this service does not
/// manage are hidden: they are not listed, and changing one fails with [`DirectoryError::Missing`]. Creating a client
/// with the client id of a hidden one fails with [`DirectoryError::Foreign`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// Lists clients. A search matches the client id.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Client>, DirectoryError>;

    /// Returns a client.
    async fn find(&self, key: &ClientKey) -> Result<Client, DirectoryError>;

    /// Returns the clients that exist among `ids`, in any order.
    async fn find_all(&self, ids: &[ClientId]) -> Result<Vec<Client>, DirectoryError>;

    /// Creates a client. Client ids are unique across clients and APIs.
    async fn create(&self, new: &NewClient) -> Result<Client, DirectoryError>;

    /// Changes the name, root URL or redirect URIs of a client. Fields that `change` does not set keep their values,
    /// even under concurrent changes; so do the client id, type and secret. An invalid new URI fails with
    /// [`DirectoryError::Member`].
    async fn update(&self, key: &ClientKey, change: &ClientChange) -> Result<(), DirectoryError>;

    /// Deletes a client.
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// Returns the secret of a client. `None` for public clients.
    async fn secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError>;

    /// Regenerates the secret of a client. On success, the old secret is no longer valid. Fails with
    /// [`DirectoryError::Invalid`] for public clients.
    async fn renew_secret(&self, key: &ClientKey) -> Result<Secret, DirectoryError>;

    /// Lists the permissions that a client holds on its own behalf, sorted.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<Permission>, DirectoryError>;

    /// Assigns an existing permission to a client. Fails with [`DirectoryError::Invalid`] for public clients.
    async fn grant_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError>;

    /// Removes a permission from a client. Fails with [`DirectoryError::Invalid`] for public clients.
    async fn revoke_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError>;
}

/// APIs of a directory, and the permissions that they define. For the contract, see [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiDirectory: Send + Sync {
    /// Lists APIs. A search matches the audience.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Api>, DirectoryError>;

    /// Returns an API.
    async fn find(&self, key: &ClientKey) -> Result<Api, DirectoryError>;

    /// Creates an API with permissions.
    async fn create(
        &self,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Api, DirectoryError>;

    /// Renames an API. The audience is immutable.
    async fn rename(&self, key: &ClientKey, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes an API and its permissions, including all assignments of the permissions.
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// Lists the permissions that an API defines, by name.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<ApiPermission>, DirectoryError>;

    /// Adds a permission to an API.
    async fn add_permission(&self, key: &ClientKey, permission: &ApiPermission) -> Result<(), DirectoryError>;

    /// Removes a permission from an API, including all assignments of the permission.
    async fn remove_permission(&self, key: &ClientKey, definition: &PermissionName) -> Result<(), DirectoryError>;
}

/// Error of a directory. Messages contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The entity does not exist.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// The entity already exists.
    #[error("{0} exists already")]
    Conflict(AuditEntity),
    /// The entity already exists and is not managed by this service.
    #[error("{0} already exists and is not managed by this server")]
    Foreign(AuditEntity),
    /// The entity is protected: changing it or reading its secret through this service would give control over the
    /// directory.
    #[error("{entity} is protected: {reason}")]
    Protected {
        /// Protected entity.
        entity: AuditEntity,
        /// Reason for the protection, and the place to manage the entity instead.
        reason: &'static str,
    },
    /// The entity is stored in a backend that the directory can only read, such as LDAP.
    #[error(
        "{0} comes from a storage that the directory can only read, such as LDAP; change the data of that storage there"
    )]
    ReadOnly(AuditEntity),
    /// The directory rejected the input.
    #[error("the directory does not accept the request: {0}")]
    Invalid(String),
    /// A member of a change has an invalid value.
    #[error("{0}: {1}")]
    Member(&'static str, InvalidValue),
    /// The directory denied the operation to this server. Operator action is required.
    #[error("the directory denied access to this server: {0}")]
    Refused(String),
    /// The directory is unreachable or overloaded, or returned an unreadable response.
    #[error("the directory is unavailable: {reason}")]
    Unavailable {
        /// Description of the failure, for operators.
        reason: String,
        /// Time to wait before a retry.
        retry_after: Duration,
    },
}

impl DirectoryError {
    /// Creates a [`DirectoryError::Missing`].
    #[must_use]
    pub fn missing(kind: EntityKind, key: impl ToString) -> Self {
        Self::Missing(AuditEntity { kind, key: key.to_string() })
    }

    /// Creates a [`DirectoryError::Conflict`].
    #[must_use]
    pub fn conflict(kind: EntityKind, key: impl ToString) -> Self {
        Self::Conflict(AuditEntity { kind, key: key.to_string() })
    }

    /// Reason code for the audit log.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Conflict(_) => "exists",
            Self::Foreign(_) => "foreign",
            Self::Protected { .. } => "protected",
            Self::ReadOnly(_) => "read_only",
            Self::Invalid(_) | Self::Member(..) => "invalid",
            Self::Refused(_) => "directory_refused",
            Self::Unavailable { .. } => "directory_unavailable",
        }
    }
}

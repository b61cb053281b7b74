//! Ports of an external directory, such as Keycloak, which stores users, groups, roles, clients and APIs.

use std::time::Duration;

use async_trait::async_trait;

use crate::apply::{AdminPower, Refusal};
use crate::entity::{
    Api, ApiPermission, AuditEntity, Client, ClientChange, DirectoryUser, DirectoryUserChange, EntityKind, Group,
    NewClient, NewDirectoryUser, Permission, Role,
};
use crate::search::{ListRequest, Listing};
use crate::value::{
    Audience, ClientId, ClientKey, Description, GroupId, InvalidValue, Name, PermissionName, RoleId, Secret, Username,
};

/// Users of a directory: search, creation, changes, and their roles and groups.
///
/// Contract of all directory ports:
/// - Lists have a stable order. A search text matches any part of the named fields, ignoring case.
/// - Reads reflect completed writes immediately.
/// - Changes are idempotent, except that creating an existing entity fails with [`DirectoryError::Conflict`].
/// - An operation on an unknown entity fails with [`DirectoryError::Missing`].
/// - After [`DirectoryError::Unavailable`], the change may or may not have been applied.
/// - A change after which no principal holds the permission `write` of this service's own API fails with
///   [`DirectoryError::LockOut`], and changes nothing. An enabled user or an application holds it, by any path of groups
///   and roles. A directory in which no principal holds it before the change is not restricted.
/// - The API with the audience [`IDENTITY_AUDIENCE`](crate::preset::IDENTITY_AUDIENCE) and its permissions `read` and
///   `write` cannot be removed: such a change fails with [`DirectoryError::LockOut`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// Lists one page of users. A search matches the username, first or last name, or e-mail address. Service accounts
    /// are excluded.
    async fn list(&self, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError>;

    /// Returns the user with this id, or [`DirectoryError::Missing`].
    async fn find(&self, id: &Username) -> Result<DirectoryUser, DirectoryError>;

    /// Returns the users with these ids in any order. Unknown ids are skipped.
    async fn find_all(&self, ids: &[Username]) -> Result<Vec<DirectoryUser>, DirectoryError>;

    /// Creates a user and returns it with its generated id. Fails with `Conflict` if the username is taken.
    async fn create(&self, new: &NewDirectoryUser) -> Result<DirectoryUser, DirectoryError>;

    /// Changes a user's names, e-mail address or enabled state, and returns the user as stored afterwards. Fields that
    /// `change` does not set keep their values, even under concurrent changes. A changed address is marked as not
    /// verified; an invalid one fails with [`DirectoryError::Member`]. If `change` disables the user, success
    /// guarantees that the user is disabled, even under concurrent changes.
    async fn update(&self, id: &Username, change: &DirectoryUserChange) -> Result<DirectoryUser, DirectoryError>;

    /// Lists the roles assigned directly to a user, not through groups: by name, without their permissions.
    async fn roles(&self, id: &Username) -> Result<Vec<Role>, DirectoryError>;

    /// Assigns a role to a user. Succeeds if the user already has it.
    async fn assign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError>;

    /// Removes a role from a user. Succeeds if the user does not have it.
    async fn unassign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError>;

    /// Lists the groups that a user is a member of, by name.
    async fn groups(&self, id: &Username) -> Result<Vec<Group>, DirectoryError>;
}

/// Groups of a directory. The general contract is at [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait GroupDirectory: Send + Sync {
    /// Lists one page of groups. A search matches the name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Group>, DirectoryError>;

    /// Returns the group with this id, or [`DirectoryError::Missing`].
    async fn find(&self, id: &GroupId) -> Result<Group, DirectoryError>;

    /// Returns the groups with these ids in any order. Unknown ids are skipped.
    async fn find_all(&self, ids: &[GroupId]) -> Result<Vec<Group>, DirectoryError>;

    /// Creates a group and returns it with its generated id. Fails with `Conflict` if the name is taken.
    async fn create(&self, name: &Name) -> Result<Group, DirectoryError>;

    /// Renames a group; its id and members stay. Fails with `Conflict` if another group has the name.
    async fn rename(&self, id: &GroupId, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes a group with its memberships and role assignments. A repetition fails with [`DirectoryError::Missing`].
    async fn delete(&self, id: &GroupId) -> Result<(), DirectoryError>;

    /// Lists one page of the users in a group. A search text in `list` is ignored.
    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError>;

    /// Adds a user to a group. Succeeds if the user is already a member.
    async fn add_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError>;

    /// Removes a user from a group. Succeeds if the user is not a member.
    async fn remove_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError>;

    /// Lists the roles assigned to a group, by name, without their permissions.
    async fn roles(&self, id: &GroupId) -> Result<Vec<Role>, DirectoryError>;

    /// Assigns a role to a group. Succeeds if the group already has it.
    async fn assign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError>;

    /// Removes a role from a group. Succeeds if the group does not have it.
    async fn unassign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError>;
}

/// Roles of a directory: named sets of API permissions. The general contract is at [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RoleDirectory: Send + Sync {
    /// Lists one page of roles, with empty permissions. A search matches the name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Role>, DirectoryError>;

    /// Returns the role with this id and its permissions, or [`DirectoryError::Missing`].
    async fn find(&self, id: &RoleId) -> Result<Role, DirectoryError>;

    /// Creates a role. Fails with [`DirectoryError::Missing`] if one of its permissions is not defined by an API.
    async fn create(&self, role: &Role) -> Result<(), DirectoryError>;

    /// Replaces the description of a role.
    async fn describe(&self, id: &RoleId, description: &Description) -> Result<(), DirectoryError>;

    /// Deletes a role and its assignments. A repetition fails with [`DirectoryError::Missing`].
    async fn delete(&self, id: &RoleId) -> Result<(), DirectoryError>;

    /// Adds a permission, which an API must define, to a role. Succeeds if the role already has it.
    async fn grant_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError>;

    /// Removes a permission from a role. Succeeds if the role does not have it.
    async fn revoke_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError>;
}

/// OAuth clients (applications) of a directory. The general contract is at [`UserDirectory`]. Clients that this service
/// does not manage are hidden: they are not listed, and changing one fails with [`DirectoryError::Missing`]. Creating a
/// client with the client id of a hidden one fails with [`DirectoryError::Foreign`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// Lists one page of clients. A search matches the client id.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Client>, DirectoryError>;

    /// Returns the client with this key, or [`DirectoryError::Missing`].
    async fn find(&self, key: &ClientKey) -> Result<Client, DirectoryError>;

    /// Returns the clients with these OAuth client ids in any order. Unknown ids are skipped.
    async fn find_all(&self, ids: &[ClientId]) -> Result<Vec<Client>, DirectoryError>;

    /// Creates a client and returns it with its generated key. Client ids are unique across clients and APIs.
    async fn create(&self, new: &NewClient) -> Result<Client, DirectoryError>;

    /// Changes the name, root URL or redirect URIs of a client. Fields that `change` does not set keep their values,
    /// even under concurrent changes; so do the client id, type and secret. An invalid new URI fails with
    /// [`DirectoryError::Member`].
    async fn update(&self, key: &ClientKey, change: &ClientChange) -> Result<(), DirectoryError>;

    /// Deletes a client and its permissions. A repetition fails with [`DirectoryError::Missing`].
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// Returns the current secret of a client in plain text. `None` for public clients, which have no secret.
    async fn secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError>;

    /// Replaces the secret of a client by a generated one and returns it. The old secret becomes invalid. Fails with
    /// [`DirectoryError::Invalid`] for public clients.
    async fn renew_secret(&self, key: &ClientKey) -> Result<Secret, DirectoryError>;

    /// Lists the API permissions that a client uses when it acts on its own behalf, sorted.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<Permission>, DirectoryError>;

    /// Assigns an existing permission to a client. Fails with [`DirectoryError::Invalid`] for public clients.
    async fn grant_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError>;

    /// Removes a permission from a client. Fails with [`DirectoryError::Invalid`] for public clients.
    async fn revoke_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError>;
}

/// APIs (resource servers) and the permissions they define. The general contract is at [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiDirectory: Send + Sync {
    /// Lists one page of APIs, without their permissions. A search matches the audience.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Api>, DirectoryError>;

    /// Returns the API with this key, without its permissions, or [`DirectoryError::Missing`].
    async fn find(&self, key: &ClientKey) -> Result<Api, DirectoryError>;

    /// Creates an API that defines these permissions. Fails with `Conflict` if a client or API has the audience.
    async fn create(
        &self,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Api, DirectoryError>;

    /// Changes the display name of an API. The audience is immutable.
    async fn rename(&self, key: &ClientKey, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes an API and its permissions, which are also removed from all roles and clients.
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// Lists the permissions that an API defines, with their descriptions, by name.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<ApiPermission>, DirectoryError>;

    /// Defines a new permission of an API. Fails with [`DirectoryError::Conflict`] if the API already defines it.
    async fn add_permission(&self, key: &ClientKey, permission: &ApiPermission) -> Result<(), DirectoryError>;

    /// Removes a permission from an API and from all roles and clients that hold it.
    async fn remove_permission(&self, key: &ClientKey, definition: &PermissionName) -> Result<(), DirectoryError>;
}

/// Failure of a directory operation. Messages contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The entity does not exist, or is hidden because this service does not manage it.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// An entity with this name or id already exists.
    #[error("{0} exists already")]
    Conflict(AuditEntity),
    /// The directory has an entity with this id that is hidden, because this service does not manage it.
    #[error("{0} already exists and is not managed by this server")]
    Foreign(AuditEntity),
    /// The entity is protected: changing it or reading its secret through this service would give control over the
    /// directory.
    #[error("{entity} is protected: {reason}")]
    Protected {
        /// The protected entity.
        entity: AuditEntity,
        /// Why the entity is protected, and where it can be managed instead.
        reason: &'static str,
    },
    /// The change would remove the last principal that can administer this service, or the API that administration
    /// requires.
    #[error("{}", Refusal::LockOut(AdminPower::WriteApi))]
    LockOut,
    /// The directory takes the entity from a backend that it can only read, such as LDAP.
    #[error(
        "{0} comes from a storage that the directory can only read, such as LDAP; change the data of that storage there"
    )]
    ReadOnly(AuditEntity),
    /// The directory rejected the input, with this explanation.
    #[error("the directory does not accept the request: {0}")]
    Invalid(String),
    /// A field of the request, given by its JSON name, has an invalid value.
    #[error("{0}: {1}")]
    Member(&'static str, InvalidValue),
    /// The directory denied the operation to this server. The operator must correct its permissions in the directory.
    #[error("the directory denied access to this server: {0}")]
    Refused(String),
    /// The directory is unreachable or overloaded, or returned an unreadable response. A retry may succeed.
    #[error("the directory is unavailable: {reason}")]
    Unavailable {
        /// Description of the failure, for the logs and operators.
        reason: String,
        /// Time to wait before the caller repeats the operation.
        retry_after: Duration,
    },
}

impl DirectoryError {
    /// Returns the entity that the error concerns, if there is one.
    #[must_use]
    pub fn entity(&self) -> Option<&AuditEntity> {
        match self {
            Self::Missing(entity)
            | Self::Conflict(entity)
            | Self::Foreign(entity)
            | Self::Protected { entity, .. }
            | Self::ReadOnly(entity) => Some(entity),
            Self::LockOut | Self::Invalid(_) | Self::Member(..) | Self::Refused(_) | Self::Unavailable { .. } => None,
        }
    }

    /// Creates a [`DirectoryError::Missing`] for the entity with this kind and key.
    #[must_use]
    pub fn missing(kind: EntityKind, key: impl ToString) -> Self {
        Self::Missing(AuditEntity { kind, key: key.to_string() })
    }

    /// Creates a [`DirectoryError::Conflict`] for the entity with this kind and key.
    #[must_use]
    pub fn conflict(kind: EntityKind, key: impl ToString) -> Self {
        Self::Conflict(AuditEntity { kind, key: key.to_string() })
    }

    /// Stable reason code for the audit log, such as `directory_unavailable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Conflict(_) => "exists",
            Self::Foreign(_) => "foreign",
            Self::Protected { .. } => "protected",
            Self::LockOut => Refusal::LockOut(AdminPower::WriteApi).code(),
            Self::ReadOnly(_) => "read_only",
            Self::Invalid(_) | Self::Member(..) => "invalid",
            Self::Refused(_) => "directory_refused",
            Self::Unavailable { .. } => "directory_unavailable",
        }
    }
}

//! Where users, groups, roles, clients and APIs live when they do not live in the world.

use std::time::Duration;

use async_trait::async_trait;

use crate::entity::{
    Api, ApiPermission, AuditEntity, Client, ClientChange, EntityKind, Group, NewClient, NewPerson, Permission, Person,
    PersonChange, Role,
};
use crate::search::{ListRequest, Listing};
use crate::value::{
    Audience, ClientId, ClientKey, Description, GroupId, InvalidValue, Name, PermissionName, RoleId, Secret, Username,
};

/// The people of a directory.
///
/// Contract of all directories: lists are in a stable order, and a search finds its text anywhere, whatever the case. What was
/// written is read at once. To do what is done already is no error, but to create what exists is
/// [`DirectoryError::Conflict`]. What there is not is [`DirectoryError::Missing`]. After [`DirectoryError::Unavailable`] a
/// change may have been made.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// People, searched by username, first and last name, and e-mail address. Accounts of services are not people.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Person>, DirectoryError>;

    /// One person.
    async fn find(&self, id: &Username) -> Result<Person, DirectoryError>;

    /// Those of these whom there are, in no order.
    async fn find_all(&self, ids: &[Username]) -> Result<Vec<Person>, DirectoryError>;

    /// Adds a person. Usernames are unique.
    async fn create(&self, new: &NewPerson) -> Result<Person, DirectoryError>;

    /// Changes a person's names, address, and whether they can sign in; returns the person as the directory then knows them.
    /// What `change` does not name keeps its value, also beside another change at the same time. An address that changes is
    /// no longer verified; [`DirectoryError::Member`] for a new one that is none. Success means that a person who was disabled is disabled.
    async fn update(&self, id: &Username, change: &PersonChange) -> Result<Person, DirectoryError>;

    /// The roles that they have themselves, by name, without the permissions.
    async fn roles(&self, id: &Username) -> Result<Vec<Role>, DirectoryError>;

    /// Gives them a role, or takes it.
    async fn change_role(&self, id: &Username, role: &RoleId, held: bool) -> Result<(), DirectoryError>;

    /// The groups that they are in, by name.
    async fn groups(&self, id: &Username) -> Result<Vec<Group>, DirectoryError>;
}

/// The groups of a directory. Contract: see [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait GroupDirectory: Send + Sync {
    /// Groups, searched by name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Group>, DirectoryError>;

    /// One group.
    async fn find(&self, id: &GroupId) -> Result<Group, DirectoryError>;

    /// Those of these that there are, in no order.
    async fn find_all(&self, ids: &[GroupId]) -> Result<Vec<Group>, DirectoryError>;

    /// Adds a group. Names are unique.
    async fn create(&self, name: &Name) -> Result<Group, DirectoryError>;

    /// Gives a group another name.
    async fn rename(&self, id: &GroupId, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes a group, with its memberships. To delete one that is gone is [`DirectoryError::Missing`].
    async fn delete(&self, id: &GroupId) -> Result<(), DirectoryError>;

    /// The people in a group; a search is ignored.
    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<Person>, DirectoryError>;

    /// Makes a person a member, or ends it.
    async fn change_member(&self, id: &GroupId, user: &Username, member: bool) -> Result<(), DirectoryError>;

    /// A group's roles, by name, without the permissions.
    async fn roles(&self, id: &GroupId) -> Result<Vec<Role>, DirectoryError>;

    /// Gives a group a role, or takes it.
    async fn change_role(&self, id: &GroupId, role: &RoleId, held: bool) -> Result<(), DirectoryError>;
}

/// The roles of a directory. Contract: see [`UserDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RoleDirectory: Send + Sync {
    /// Roles without their permissions, searched by name.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Role>, DirectoryError>;

    /// One role, with its permissions.
    async fn find(&self, id: &RoleId) -> Result<Role, DirectoryError>;

    /// Adds a role, with permissions that there must be.
    async fn create(&self, role: &Role) -> Result<(), DirectoryError>;

    /// Gives a role another description.
    async fn describe(&self, id: &RoleId, description: &Description) -> Result<(), DirectoryError>;

    /// Deletes a role; whoever had it has it no more.
    async fn delete(&self, id: &RoleId) -> Result<(), DirectoryError>;

    /// Adds a permission to a role, or removes it.
    async fn change_permission(&self, id: &RoleId, permission: &Permission, held: bool) -> Result<(), DirectoryError>;
}

/// The clients of a directory: the applications. Contract: see [`UserDirectory`]. Clients that are not Identity's are not
/// there: they are not listed, and a change of one is [`DirectoryError::Missing`]; to create one of the same client id is
/// [`DirectoryError::Foreign`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// Clients, searched by client id.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Client>, DirectoryError>;

    /// One client.
    async fn find(&self, key: &ClientKey) -> Result<Client, DirectoryError>;

    /// Those of these that there are, in no order.
    async fn find_all(&self, ids: &[ClientId]) -> Result<Vec<Client>, DirectoryError>;

    /// Adds a client. Client ids are unique, over clients and APIs.
    async fn create(&self, new: &NewClient) -> Result<Client, DirectoryError>;

    /// Changes a client's name, root URL and redirect URIs. What `change` does not name keeps its value, as do its id, kind and
    /// secret, also beside another change at the same time. [`DirectoryError::Member`] for a new address that is none.
    async fn update(&self, key: &ClientKey, change: &ClientChange) -> Result<(), DirectoryError>;

    /// Deletes a client.
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// A client's secret; public clients have none.
    async fn secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError>;

    /// Makes a new secret. Success means that the old one no longer counts. [`DirectoryError::Invalid`] for public clients.
    async fn renew_secret(&self, key: &ClientKey) -> Result<Secret, DirectoryError>;

    /// What a client may do for itself, in order.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<Permission>, DirectoryError>;

    /// Gives a client a permission, which there must be, or takes it. [`DirectoryError::Invalid`] for public clients.
    async fn change_permission(
        &self,
        key: &ClientKey,
        permission: &Permission,
        held: bool,
    ) -> Result<(), DirectoryError>;
}

/// The APIs of a directory, and the permissions that they know. Contract: see [`ClientDirectory`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiDirectory: Send + Sync {
    /// APIs, searched by audience.
    async fn list(&self, list: &ListRequest) -> Result<Listing<Api>, DirectoryError>;

    /// One API.
    async fn find(&self, key: &ClientKey) -> Result<Api, DirectoryError>;

    /// Adds an API, with permissions.
    async fn create(
        &self,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Api, DirectoryError>;

    /// Gives an API another name. Its audience never changes.
    async fn rename(&self, key: &ClientKey, name: &Name) -> Result<(), DirectoryError>;

    /// Deletes an API, with its permissions: whoever had one has it no more.
    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError>;

    /// The permissions that an API knows, by name.
    async fn permissions(&self, key: &ClientKey) -> Result<Vec<ApiPermission>, DirectoryError>;

    /// Adds a permission.
    async fn add_permission(&self, key: &ClientKey, permission: &ApiPermission) -> Result<(), DirectoryError>;

    /// Removes a permission: whoever had it has it no more.
    async fn remove_permission(&self, key: &ClientKey, definition: &PermissionName) -> Result<(), DirectoryError>;
}

/// What a directory can fail with. No message holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// There is no such thing.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// There is such a thing already.
    #[error("{0} exists already")]
    Conflict(AuditEntity),
    /// There is such a thing, and it is somebody else's.
    #[error("{0} exists and is not managed here")]
    Foreign(AuditEntity),
    /// There is such a thing, and changing it or reading its secret through this service would give power over the directory.
    #[error("{entity} is protected: {reason}")]
    Protected {
        /// What is protected.
        entity: AuditEntity,
        /// Why, and where it is managed instead.
        reason: &'static str,
    },
    /// What would change of it is kept in a storage that the directory may only read, such as LDAP.
    #[error(
        "{0} comes from a storage that the directory may only read, such as LDAP: what that storage keeps can be changed there alone"
    )]
    ReadOnly(AuditEntity),
    /// The directory does not take what it was given.
    #[error("the directory does not accept this: {0}")]
    Invalid(String),
    /// A member of a change has a value that it cannot have.
    #[error("{0}: {1}")]
    Member(&'static str, InvalidValue),
    /// The directory does not let this server do that. An operator has to mend it.
    #[error("the directory refuses this server: {0}")]
    Refused(String),
    /// The directory cannot be reached, is overloaded, or answers with something unreadable.
    #[error("the directory cannot be reached: {reason}")]
    Unavailable {
        /// What happened, for operators.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
}

impl DirectoryError {
    /// There is no such thing.
    #[must_use]
    pub fn missing(kind: EntityKind, key: impl ToString) -> Self {
        Self::Missing(AuditEntity { kind, key: key.to_string() })
    }

    /// There is such a thing already.
    #[must_use]
    pub fn conflict(kind: EntityKind, key: impl ToString) -> Self {
        Self::Conflict(AuditEntity { kind, key: key.to_string() })
    }

    /// The reason code, for the record.
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

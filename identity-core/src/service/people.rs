//! Users that are stored in a directory, such as Keycloak.

use std::sync::Arc;

use super::{Authorizer, Caller, ListRequest, ServiceError, Written, lists};
use crate::entity::{
    AuditDraft, AuditEntity, AuditOperation, Authorization, DirectoryUser, DirectoryUserChange, EntityKind,
    FieldChanges, Group, NewDirectoryUser, Party, Role,
};
use crate::port::{DirectoryError, UserDirectory};
use crate::search::{List, Listing};
use crate::value::{RoleId, Username};

/// Manages users in a directory, with their roles and groups. Their authorizations are read from the policy store.
pub struct People {
    authorizer: Authorizer,
    directory: Arc<dyn UserDirectory>,
}

impl People {
    /// Creates the service for the users in `directory`. `authorizer` checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer, directory: Arc<dyn UserDirectory>) -> Self {
        Self { authorizer, directory }
    }

    /// Lists users by username. A search matches the username, names or e-mail address, ignoring case.
    ///
    /// # Errors
    /// When the caller lacks read permission or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<DirectoryUser>, ServiceError> {
        self.authorizer.ask(caller, (EntityKind::User, ""), self.directory.list(list)).await
    }

    /// Returns the users with these IDs, in the order of `ids`.
    ///
    /// # Errors
    /// When the caller lacks read permission, one of the users does not exist, or the directory fails.
    pub async fn find_all(&self, caller: &Caller, ids: &[Username]) -> Result<Vec<DirectoryUser>, ServiceError> {
        let found = self.authorizer.ask(caller, (EntityKind::User, ""), self.directory.find_all(ids)).await?;
        let one = |id: &Username| {
            let person = found.iter().find(|person| person.id == *id).cloned();
            person.ok_or_else(|| DirectoryError::missing(EntityKind::User, id).into())
        };
        ids.iter().map(one).collect()
    }

    /// Returns the user with this ID, which unlike the username never changes.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such user, or the directory fails.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<DirectoryUser, ServiceError> {
        let key = user_id(id)?;
        self.authorizer.ask(caller, (EntityKind::User, id), self.directory.find(&key)).await
    }

    /// Creates a user. The username must be unique in the directory.
    ///
    /// # Errors
    /// When the caller lacks write permission, the username is taken, or the directory fails.
    pub async fn create(
        &self,
        caller: &Caller,
        new: &NewDirectoryUser,
    ) -> Result<Written<DirectoryUser>, ServiceError> {
        let changes = FieldChanges::added(&new.fields());
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Create, new.username.as_str()) };
        self.authorizer.change(caller, attempt, self.directory.create(new)).await
    }

    /// Updates the names, e-mail address or enabled state of a user. Returns the user as stored afterwards.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such user, or the directory fails.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        change: DirectoryUserChange,
    ) -> Result<Written<DirectoryUser>, ServiceError> {
        let key = user_id(id)?;
        let attempt = AuditDraft { changes: change.changes(), ..draft(AuditOperation::Update, id) };
        let version = async { Ok(self.directory.find(&key).await?.version()) };
        self.authorizer.require_unchanged(caller, &attempt, version).await?;
        self.authorizer.change(caller, attempt, self.directory.update(&key, &change)).await
    }

    /// Lists the roles that are assigned to a user directly, sorted by name and without their permissions.
    ///
    /// # Errors
    /// As [`People::find`].
    pub async fn roles(&self, caller: &Caller, id: &str) -> Result<Vec<Role>, ServiceError> {
        let key = user_id(id)?;
        self.authorizer.ask(caller, (EntityKind::User, id), self.directory.roles(&key)).await
    }

    /// Assigns a role to a user. Idempotent.
    ///
    /// # Errors
    /// When the caller lacks write permission, the user or the role does not exist, or the directory fails.
    pub async fn assign_role(&self, caller: &Caller, id: &str, role: &RoleId) -> Result<Written, ServiceError> {
        let key = user_id(id)?;
        let attempt = of_role(AuditOperation::Assign, id, role);
        self.authorizer.change(caller, attempt, self.directory.assign_role(&key, role)).await
    }

    /// Removes a role from a user. Idempotent.
    ///
    /// # Errors
    /// As [`People::assign_role`].
    pub async fn unassign_role(&self, caller: &Caller, id: &str, role: &RoleId) -> Result<Written, ServiceError> {
        let key = user_id(id)?;
        let attempt = of_role(AuditOperation::Unassign, id, role);
        self.authorizer.change(caller, attempt, self.directory.unassign_role(&key, role)).await
    }

    /// Lists the groups of a user, sorted by name.
    ///
    /// # Errors
    /// As [`People::find`].
    pub async fn groups(&self, caller: &Caller, id: &str) -> Result<Vec<Group>, ServiceError> {
        let key = user_id(id)?;
        self.authorizer.ask(caller, (EntityKind::User, id), self.directory.groups(&key)).await
    }

    /// Lists the authorizations that a user owns itself, oldest first. Those of its groups and roles are not included.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn authorizations(&self, caller: &Caller, id: &str) -> Result<List<Authorization>, ServiceError> {
        let owner = Party::User(user_id(id)?);
        self.authorizer.read(caller, EntityKind::Authorization, id, |_| lists::owned(&caller.world, owner)).await
    }
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft::new(operation, AuditEntity { kind: EntityKind::User, key: key.to_owned() })
}

/// Describes a role assignment for the audit log: the role is the entity, and the user is related to it.
fn of_role(operation: AuditOperation, id: &str, role: &RoleId) -> AuditDraft {
    let related = AuditEntity { kind: EntityKind::User, key: id.to_owned() };
    let entity = AuditEntity { kind: EntityKind::Role, key: role.to_string() };
    AuditDraft { related: Some(related), ..AuditDraft::new(operation, entity) }
}

/// Parses a user ID. An unparsable ID matches no user and fails like an unknown one.
fn user_id(text: &str) -> Result<Username, ServiceError> {
    Username::parse(text).map_err(|_| DirectoryError::missing(EntityKind::User, text).into())
}

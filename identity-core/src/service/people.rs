//! Users who live in a directory.

use std::sync::Arc;

use super::groups::assignment;
use super::{Caller, Gate, ListRequest, ServiceError, Written};
use crate::entity::{
    AuditEntity, AuditOperation, Authorization, EntityKind, Group, NewPerson, Party, Person, PersonChange, Role,
};
use crate::port::{AuditDraft, DirectoryError, UserDirectory};
use crate::search::Listing;
use crate::value::{RoleId, Username};

/// Users who live in a directory, their roles, groups and authorizations.
pub struct People {
    gate: Gate,
    directory: Arc<dyn UserDirectory>,
}

impl People {
    /// The users of `directory`, behind a gate.
    #[must_use]
    pub fn new(gate: Gate, directory: Arc<dyn UserDirectory>) -> Self {
        Self { gate, directory }
    }

    /// The users, by username.
    ///
    /// # Errors
    /// When the caller may not read, or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Person>, ServiceError> {
        self.gate.ask(caller, (EntityKind::User, ""), self.directory.list(list)).await
    }

    /// The users of these ids, in their order.
    ///
    /// # Errors
    /// When the caller may not read, one of them does not exist, or the directory fails.
    pub async fn find_all(&self, caller: &Caller, ids: &[Username]) -> Result<Vec<Person>, ServiceError> {
        let found = self.gate.ask(caller, (EntityKind::User, ""), self.directory.find_all(ids)).await?;
        let one = |id: &Username| {
            let person = found.iter().find(|person| person.id == *id).cloned();
            person.ok_or_else(|| DirectoryError::missing(EntityKind::User, id).into())
        };
        ids.iter().map(one).collect()
    }

    /// One user.
    ///
    /// # Errors
    /// When the caller may not read, there is none, or the directory fails.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Person, ServiceError> {
        let key = user_id(id)?;
        self.gate.ask(caller, (EntityKind::User, id), self.directory.find(&key)).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// When the caller may not write, there is one of that name, or the directory fails.
    pub async fn create(&self, caller: &Caller, new: &NewPerson) -> Result<Written<Person>, ServiceError> {
        let attempt = draft(AuditOperation::Create, new.username.as_str());
        self.gate.change(caller, attempt, self.directory.create(new)).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// When the caller may not write, there is none, or the directory fails.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        change: PersonChange,
    ) -> Result<Written<Person>, ServiceError> {
        let key = user_id(id)?;
        self.gate.change(caller, draft(AuditOperation::Update, id), self.directory.update(&key, &change)).await
    }

    /// The roles that a user has themselves.
    ///
    /// # Errors
    /// As [`People::find`].
    pub async fn roles(&self, caller: &Caller, id: &str) -> Result<Vec<Role>, ServiceError> {
        let key = user_id(id)?;
        self.gate.ask(caller, (EntityKind::User, id), self.directory.roles(&key)).await
    }

    /// Gives a user a role, or takes it.
    ///
    /// # Errors
    /// When the caller may not write, the user or the role does not exist, or the directory fails.
    pub async fn change_role(
        &self,
        caller: &Caller,
        id: &str,
        role: &RoleId,
        held: bool,
    ) -> Result<Written, ServiceError> {
        let key = user_id(id)?;
        let attempt = AuditDraft {
            operation: assignment(held),
            entity: AuditEntity { kind: EntityKind::Role, key: role.to_string() },
            related: Some(AuditEntity { kind: EntityKind::User, key: id.to_owned() }),
        };
        self.gate.change(caller, attempt, self.directory.change_role(&key, role, held)).await
    }

    /// The groups that a user is in.
    ///
    /// # Errors
    /// As [`People::find`].
    pub async fn groups(&self, caller: &Caller, id: &str) -> Result<Vec<Group>, ServiceError> {
        let key = user_id(id)?;
        self.gate.ask(caller, (EntityKind::User, id), self.directory.groups(&key)).await
    }

    /// The authorizations that a user owns themselves.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn authorizations(&self, caller: &Caller, id: &str) -> Result<Vec<Authorization>, ServiceError> {
        let owner = Party::User(user_id(id)?);
        self.gate.read(caller, EntityKind::Authorization, id, |world| world.owned_by(&owner).collect()).await
    }
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind: EntityKind::User, key: key.to_owned() }, related: None }
}

/// A text that is no id is the id of nobody.
fn user_id(text: &str) -> Result<Username, ServiceError> {
    Username::parse(text).map_err(|_| DirectoryError::missing(EntityKind::User, text).into())
}

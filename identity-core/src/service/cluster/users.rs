//! Built-in users.

use std::sync::Arc;

use super::{Search, attempt};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, User};
use crate::port::{PasswordHasher, StoreError};
use crate::search::entities::{Filter, UserField, UserFilter, users};
use crate::search::{Found, SearchBudget, SearchStopped};
use crate::service::{Caller, Gate, ServiceError, Written, user_creation};
use crate::value::{Email, Name, PasswordHash, Secret, Username};

/// Built-in users.
pub struct ClusterUsers {
    gate: Gate,
    hasher: Arc<dyn PasswordHasher>,
}

/// A user to create, or as it is to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they sign in with.
    pub username: Username,
    /// What to call them.
    pub name: Option<Name>,
    /// Where to write to them.
    pub email: Option<Email>,
}

impl NewUser {
    /// The user with a password.
    #[must_use]
    pub fn with(self, password: PasswordHash) -> User {
        User { username: self.username, name: self.name, email: self.email, password }
    }
}

impl ClusterUsers {
    /// Users behind a gate.
    #[must_use]
    pub fn new(gate: Gate, hasher: Arc<dyn PasswordHasher>) -> Self {
        Self { gate, hasher }
    }

    /// Creates a user.
    ///
    /// # Errors
    /// When the caller may not, or there is such a user.
    pub async fn create(
        &self,
        caller: &Caller,
        user: NewUser,
        password: &Secret,
    ) -> Result<Written<User>, ServiceError> {
        let attempt = attempt(AuditOperation::Create, EntityKind::User, user.username.as_str());
        // Hashing is expensive: only for those who may.
        self.gate.require(caller, &attempt).await?;
        let user = user.with(self.hash(password).await?);
        let commands = user_creation(user.clone());
        Ok(self.gate.write(caller, attempt, |_| Ok(commands)).await?.with(user))
    }

    /// Replaces a user's name and e-mail; and the password, if one is given.
    ///
    /// # Errors
    /// When the caller may not, or there is no such user.
    pub async fn update(
        &self,
        caller: &Caller,
        user: NewUser,
        password: Option<&Secret>,
    ) -> Result<Written<NewUser>, ServiceError> {
        let attempt = attempt(AuditOperation::Update, EntityKind::User, user.username.as_str());
        self.gate.require(caller, &attempt).await?;
        let hash = match password {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        let wanted = user.clone();
        let written = self
            .gate
            .write(caller, attempt, |world| {
                let missing = AuditEntity { kind: EntityKind::User, key: user.username.to_string() };
                let old = world.user(user.username.as_str()).ok_or(Refusal::Missing(missing))?;
                let password = hash.unwrap_or_else(|| old.password.clone());
                Ok(vec![Command::UpdateUser(user.with(password))])
            })
            .await?;
        Ok(written.with(wanted))
    }

    /// Deletes a user, with memberships and authorizations.
    ///
    /// # Errors
    /// When the caller may not, there is no such user, or nobody could administer without them.
    pub async fn delete(&self, caller: &Caller, username: Username) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteUser(username)).await
    }

    /// One user.
    ///
    /// # Errors
    /// When the caller may not see them, or there is none.
    pub async fn find(&self, caller: &Caller, username: &str) -> Result<User, ServiceError> {
        self.gate
            .read(caller, EntityKind::User, username, |world| world.user(username).cloned())
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::User, key: username.to_owned() }))
    }

    /// The users that the caller may see.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn search<'c>(
        &self,
        caller: &'c Caller,
        search: &Search<Filter<UserFilter>, UserField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c User>, SearchStopped> {
        let visible = self.gate.visible(caller, EntityKind::User);
        users(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    async fn hash(&self, password: &Secret) -> Result<PasswordHash, ServiceError> {
        let overloaded = || StoreError::Unavailable("the password could not be hashed".into());
        self.hasher.hash(password).await.ok_or_else(|| ServiceError::Store(overloaded()))
    }
}

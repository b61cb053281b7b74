//! Built-in users in the Orchestration Cluster API. They are stored here and sign in with a password.

use std::sync::Arc;

use super::{Search, attempt};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, EntityKind, User};
use crate::port::{PasswordHasher, StoreError};
use crate::search::entities::{Filter, UserField, UserFilter, users};
use crate::search::{Found, SearchBudget, SearchStopped};
use crate::service::{Authorizer, Caller, ServiceError, Written, user_creation};
use crate::value::{Email, Name, PasswordHash, Secret, Username};

/// Manages built-in users and their passwords.
pub struct ClusterUsers {
    authorizer: Authorizer,
    hasher: Arc<dyn PasswordHasher>,
}

/// Values of a user to create or to update, without the password.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name to sign in with. It is also the key of the user.
    pub username: Username,
    /// Display name; `None` for no name.
    pub name: Option<Name>,
    /// E-mail address; `None` for no address.
    pub email: Option<Email>,
}

impl NewUser {
    /// Returns the user to store, with this password hash.
    #[must_use]
    pub fn with(self, password: PasswordHash) -> User {
        User { name: self.name, email: self.email, ..User::new(self.username, password) }
    }
}

impl ClusterUsers {
    /// Creates the service. `hasher` hashes new passwords; `authorizer` checks the caller's permission.
    #[must_use]
    pub fn new(authorizer: Authorizer, hasher: Arc<dyn PasswordHasher>) -> Self {
        Self { authorizer, hasher }
    }

    /// Creates a user and grants it `READ` on itself.
    ///
    /// # Errors
    /// When the caller lacks the permission, the username is taken, or the password cannot be hashed.
    pub async fn create(
        &self,
        caller: &Caller,
        user: NewUser,
        password: &Secret,
    ) -> Result<Written<User>, ServiceError> {
        let attempt = attempt(AuditOperation::Create, EntityKind::User, user.username.as_str());
        // Hashing is expensive, so the permission is checked first.
        self.authorizer.require(caller, &attempt).await?;
        let user = user.with(self.hash(password).await?);
        let commands = user_creation(user.clone());
        Ok(self.authorizer.write(caller, attempt, |_| Ok(commands)).await?.with(user))
    }

    /// Replaces the name and the e-mail address of a user. Without `password`, the stored password is kept.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no such user, or the password cannot be hashed.
    pub async fn update(
        &self,
        caller: &Caller,
        user: NewUser,
        password: Option<&Secret>,
    ) -> Result<Written<NewUser>, ServiceError> {
        let attempt = attempt(AuditOperation::Update, EntityKind::User, user.username.as_str());
        self.authorizer.require(caller, &attempt).await?;
        let hash = match password {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        let wanted = user.clone();
        let written = self
            .authorizer
            .write(caller, attempt, |world| {
                let missing = AuditEntity { kind: EntityKind::User, key: user.username.to_string() };
                let old = world.user(user.username.as_str()).ok_or(Refusal::Missing(missing))?;
                let password = hash.unwrap_or_else(|| old.password.clone());
                Ok(vec![Command::UpdateUser(user.with(password))])
            })
            .await?;
        Ok(written.with(wanted))
    }

    /// Deletes a user, its memberships, and the authorizations that it owns or that name it.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no such user, or no administrator would remain.
    pub async fn delete(&self, caller: &Caller, username: Username) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteUser(username)).await
    }

    /// Returns the user with this username.
    ///
    /// # Errors
    /// When the caller lacks `READ` on the user, or there is no such user.
    pub async fn find(&self, caller: &Caller, username: &str) -> Result<User, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::User, username, |world| world.user(username).cloned())
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::User, key: username.to_owned() }))
    }

    /// Searches the users on which the caller has `READ`.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn search<'c>(
        &self,
        caller: &'c Caller,
        search: &Search<Filter<UserFilter>, UserField>,
        budget: &SearchBudget,
    ) -> Result<Found<&'c User>, SearchStopped> {
        let visible = self.authorizer.visible(caller, EntityKind::User);
        users(&caller.world, &visible, &search.filter, &search.sort, &search.window, budget)
    }

    async fn hash(&self, password: &Secret) -> Result<PasswordHash, ServiceError> {
        let overloaded = || StoreError::Unavailable("the password could not be hashed".into());
        self.hasher.hash(password).await.ok_or_else(|| ServiceError::Store(overloaded()))
    }
}

//! Built-in users in the Orchestration Cluster API. They are stored here and sign in with a password.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Search, attempt};
use crate::apply::{Command, Refusal};
use crate::decide::Permit;
use crate::engine::{NotPermitted, Origin, Requester};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, AuditResult, EntityKind, Principal, User};
use crate::port::{PasswordHasher, StoreError};
use crate::search::entities::{Filter, UserField, UserFilter, users};
use crate::search::{Found, List, SearchBudget, SearchStopped, SearchText};
use crate::service::{Authorizer, Caller, ListRequest, ServiceError, UserSummary, Written, user_creation};
use crate::value::{Email, Name, PasswordHash, Secret, Username};
use crate::world::World;

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

    /// Makes a user inactive: the user cannot sign in, has no access, and live sessions are rejected. Memberships and
    /// authorizations remain.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no such user, or no administrator would remain.
    pub async fn deactivate(&self, caller: &Caller, username: Username) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeactivateUser(username)).await
    }

    /// Makes an inactive user active again.
    ///
    /// # Errors
    /// When the caller lacks the permission, or there is no such user.
    pub async fn reactivate(&self, caller: &Caller, username: Username) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::ReactivateUser(username)).await
    }

    /// Replaces the password of a user. An inactive user remains inactive.
    ///
    /// # Errors
    /// When the caller lacks the permission, there is no such user, or the password cannot be hashed.
    pub async fn set_password(
        &self,
        caller: &Caller,
        username: &Username,
        password: &Secret,
    ) -> Result<Written, ServiceError> {
        let attempt = attempt(AuditOperation::Update, EntityKind::User, username.as_str());
        self.authorizer.require(caller, &attempt).await?;
        let hash = self.hash(password).await?;
        self.authorizer.write(caller, attempt, |world| replacement(world, username, hash)).await
    }

    /// Replaces the password of the caller itself, which needs no permission. The credential of `caller` must be the
    /// current password, verified for this request.
    ///
    /// # Errors
    /// When the password was changed or the user deactivated in the meantime, or the password cannot be hashed.
    pub async fn set_own_password(&self, caller: &Caller, password: &Secret) -> Result<Written, ServiceError> {
        let attempt = own_attempt(caller);
        let Principal::User(username) = &caller.subject.principal else {
            return Err(ServiceError::Missing(attempt.entity));
        };
        let hash = self.hash(password).await?;
        let plan = |world: &World| replacement(world, username, hash);
        let done = self.authorizer.engine().execute(&OwnRequest(caller), attempt, plan).await?;
        Ok(Written { value: (), revision: done.revision })
    }

    /// Records that the caller could not change its own password, because the current one was wrong.
    pub async fn record_wrong_password(&self, caller: &Caller, address: Option<IpAddr>) {
        let engine = self.authorizer.engine();
        let event = engine.failure(&OwnRequest(caller), own_attempt(caller), AuditResult::Denied, "password");
        engine.append_from(&event, address).await;
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

    /// Lists the users on which the caller has `READ`, by username. A search matches the username, the name or the
    /// e-mail address, ignoring case.
    #[must_use]
    pub fn list(&self, caller: &Caller, ListRequest { search, page }: &ListRequest) -> List<UserSummary> {
        let (world, page) = (Arc::clone(&caller.world), *page);
        let visible = self.authorizer.visible(caller, EntityKind::User);
        let sought = search.as_deref().map(SearchText::new);
        List::scan(move |budget| {
            let is_found = |user: &&User| {
                let texts = [
                    Some(user.username.as_str()),
                    user.name.as_ref().map(Name::as_str),
                    user.email.as_ref().map(Email::as_str),
                ];
                let texts: Vec<&str> = texts.into_iter().flatten().collect();
                visible.includes(user.username.as_str())
                    && sought.as_ref().is_none_or(|sought| sought.is_in(texts, budget))
            };
            page.cut(world.users().filter(is_found)).map(UserSummary::from)
        })
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

    /// Returns the current world, which contains the changes of this service that have succeeded.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.authorizer.engine().world()
    }

    async fn hash(&self, password: &Secret) -> Result<PasswordHash, ServiceError> {
        let overloaded = || StoreError::Unavailable("the password could not be hashed".into());
        self.hasher.hash(password).await.ok_or_else(|| ServiceError::Store(overloaded()))
    }
}

/// Returns the command that replaces the password hash of a user.
fn replacement(world: &World, username: &Username, hash: PasswordHash) -> Result<Vec<Command>, Refusal> {
    let missing = || Refusal::Missing(AuditEntity { kind: EntityKind::User, key: username.to_string() });
    let old = world.user(username.as_str()).ok_or_else(missing)?;
    Ok(vec![Command::UpdateUser(User { password: hash, ..old.clone() })])
}

fn own_attempt(caller: &Caller) -> AuditDraft {
    attempt(AuditOperation::Update, EntityKind::User, caller.subject.principal.id())
}

/// Change of a caller's own password. It is permitted while the caller's credential is valid.
struct OwnRequest<'c>(&'c Caller);

#[async_trait]
impl Requester for OwnRequest<'_> {
    fn origin(&self) -> Origin<'_> {
        self.0.origin()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        self.0.credential.check(now).await?.resolve(world)?;
        Ok(Permit::of_an_administrator())
    }
}

//! The first administrator (orchestration reference §1.8).

use std::net::IpAddr;
use std::sync::Arc;

use super::attempt;
use super::users::NewUser;
use crate::apply::{Command, Refusal};
use crate::decide::Permit;
use crate::engine::Engine;
use crate::entity::{Actor, AuditEntity, AuditOperation, AuditResult, Container, EntityKind, Membership, Party, User};
use crate::port::{PasswordHasher, StoreError};
use crate::preset::{self, ADMIN_ROLE};
use crate::service::throttle::Throttle;
use crate::service::{ServiceError, Written, user_creation};
use crate::value::{RoleId, Secret};

/// Lets anybody make the first administrator, and nobody a second one.
pub struct Setup {
    engine: Arc<Engine>,
    hasher: Arc<dyn PasswordHasher>,
    /// Refusals are recorded, and anybody can cause them: so many in a while, and no more.
    throttle: Throttle,
}

impl Setup {
    /// For the users of `engine`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, hasher: Arc<dyn PasswordHasher>) -> Self {
        Self { engine, hasher, throttle: Throttle::new() }
    }

    /// Whether there is no administrator yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !preset::has_administrator(&self.engine.world())
    }

    /// Creates the first administrator.
    ///
    /// # Errors
    /// [`Refusal::Protected`] as soon as there is one, which is recorded, and when there is such a user.
    pub async fn create(
        &self,
        user: NewUser,
        password: &Secret,
        address: Option<IpAddr>,
        request_id: Option<String>,
    ) -> Result<Written<User>, ServiceError> {
        let protected = || Refusal::Protected(AuditEntity { kind: EntityKind::Role, key: ADMIN_ROLE.to_owned() });
        let attempt = attempt(AuditOperation::Create, EntityKind::User, user.username.as_str());
        let Some(permit) = Permit::to_set_up(&self.engine.world(), request_id.clone()) else {
            let now = self.engine.clock().now();
            self.throttle
                .admit(self.throttle.attempt("", address), now)
                .map_err(|retry_after| ServiceError::Throttled { retry_after })?;
            let mut event = attempt.event(now, Actor::Anonymous, AuditResult::Denied, request_id);
            event.reason = Some("there is an administrator".to_owned());
            self.engine.append(&event).await;
            return Err(ServiceError::Refused(protected()));
        };
        let overloaded = || StoreError::Unavailable("the password could not be hashed".into());
        let hash = self.hasher.hash(password).await.ok_or_else(|| ServiceError::Store(overloaded()))?;
        let user = user.with(hash);
        let member = Party::User(user.username.clone());
        let role = RoleId::parse(ADMIN_ROLE).map_err(|_| ServiceError::Refused(protected()))?;
        let edge = Membership::new(Container::Role(role), member).map_err(|_| ServiceError::Refused(protected()))?;
        let mut commands = user_creation(user.clone());
        commands.push(Command::AddMember(edge));
        let done = self
            .engine
            // Asked again under the lock: of two who are first, one is.
            .execute(&permit, attempt, |world| {
                if preset::has_administrator(world) { Err(protected()) } else { Ok(commands) }
            })
            .await?;
        Ok(Written { value: user, revision: done.revision })
    }
}

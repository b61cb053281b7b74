//! Creation of the first administrator (docs/reference/orchestration-cluster.md §1.8).

use std::net::IpAddr;
use std::sync::Arc;

use super::attempt;
use super::users::NewUser;
use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::{Command, Refusal, is_administered};
use crate::decide::Permit;
use crate::engine::{Engine, NotPermitted, Origin, Requester};
use crate::entity::{Actor, AuditEntity, AuditOperation, AuditResult, Container, EntityKind, Membership, Party, User};
use crate::port::{PasswordHasher, StoreError};
use crate::preset::ADMIN_ROLE;
use crate::service::throttle::Throttle;
use crate::service::{ServiceError, Written, user_creation};
use crate::value::{RoleId, Secret};
use crate::world::World;

/// Creates the first administrator of an installation. Needs no credentials, but fails once there is an administrator.
pub struct Setup {
    engine: Arc<Engine>,
    hasher: Arc<dyn PasswordHasher>,
    /// Limits refused requests, because each is recorded and unauthenticated clients can send them.
    throttle: Throttle,
}

impl Setup {
    /// Creates the service. Users are stored by `engine`; `hasher` hashes their passwords.
    #[must_use]
    pub fn new(engine: Arc<Engine>, hasher: Arc<dyn PasswordHasher>) -> Self {
        Self { engine, hasher, throttle: Throttle::new() }
    }

    /// Whether set-up is possible: no principal that can sign in holds an administrative power, directly or through
    /// memberships.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !is_administered(&self.engine.world())
    }

    /// Fails if the installation has an administrator, and records the refusal. Call it before reading a request body.
    ///
    /// # Errors
    /// [`Refusal::Protected`] when there is an administrator; [`ServiceError::Throttled`] after too many refusals, from
    /// this address or from all addresses together.
    pub async fn require_open(&self, address: Option<IpAddr>, request_id: Option<&str>) -> Result<(), ServiceError> {
        if self.is_open() {
            return Ok(());
        }
        self.throttle
            .admit(self.throttle.attempt("", address), self.engine.clock().monotonic())
            .map_err(|retry_after| ServiceError::Throttled { retry_after })?;
        let attempt = attempt(AuditOperation::Create, EntityKind::User, "");
        let request = SetupRequest { request_id };
        let refusal = self.engine.failure(&request, attempt, AuditResult::Denied, ADMINISTERED);
        self.engine.append_from(&refusal, address).await;
        Err(ServiceError::Refused(protected()))
    }

    /// Creates the first administrator: a user with this password and the role `admin`.
    ///
    /// # Errors
    /// As [`Setup::require_open`], and when the username is taken, the password cannot be hashed, or the store fails.
    pub async fn create(
        &self,
        user: NewUser,
        password: &Secret,
        address: Option<IpAddr>,
        request_id: Option<&str>,
    ) -> Result<Written<User>, ServiceError> {
        self.require_open(address, request_id).await?;
        let overloaded = || StoreError::Unavailable("the password could not be hashed".into());
        let hash = self.hasher.hash(password).await.ok_or_else(|| ServiceError::Store(overloaded()))?;
        let user = user.with(hash);
        let member = Party::User(user.username.clone());
        let role = RoleId::parse(ADMIN_ROLE).map_err(|_| ServiceError::Refused(protected()))?;
        let edge = Membership::new(Container::Role(role), member).map_err(|_| ServiceError::Refused(protected()))?;
        let attempt = attempt(AuditOperation::Create, EntityKind::User, user.username.as_str());
        let mut commands = user_creation(user.clone());
        commands.push(Command::AddMember(edge));
        let done = self.engine.execute(&SetupRequest { request_id }, attempt, |_| Ok(commands)).await?;
        Ok(Written { value: user, revision: done.revision })
    }
}

/// Reason that the audit log states for a refused set-up.
const ADMINISTERED: &str = "an administrator exists";

fn protected() -> Refusal {
    Refusal::Protected(AuditEntity { kind: EntityKind::Role, key: ADMIN_ROLE.to_owned() })
}

/// Unauthenticated request to create the first administrator. It is permitted while there is none. If several arrive at
/// once, the revision lock lets only one succeed.
struct SetupRequest<'r> {
    request_id: Option<&'r str>,
}

#[async_trait]
impl Requester for SetupRequest<'_> {
    fn origin(&self) -> Origin<'_> {
        Origin { request_id: self.request_id, ..Origin::new(&Actor::Anonymous) }
    }

    async fn permit(&self, world: &World, _: OffsetDateTime) -> Result<Permit, NotPermitted> {
        if is_administered(world) { Err(protected().into()) } else { Ok(Permit::of_an_administrator()) }
    }
}

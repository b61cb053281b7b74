//! Authorization checks between the APIs and the engine. Permissions are checked at the start of a request, so that a
//! denial is cheap, and again in the revision to which a change is applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::{Command, Refusal, deletions};
use crate::cancellation::Cancellation;
use crate::decide::{Denied, Permit, Question, decide};
use crate::engine::{Committed, Engine, NotPermitted, Requester};
use crate::entity::{
    Actor, AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Membership, Party,
};
use crate::port::DirectoryError;
use crate::preset::{IDENTITY_AUDIENCE, READ, READ_USERS, WRITE};
use crate::resolve::Subject;
use crate::search::{Visible, visible};
use crate::world::World;

use super::{Caller, ServiceError, Written};

/// Returns the commands that delete all memberships and authorizations of a party, and the authorizations on it as a
/// resource.
pub fn forgetting(world: &World, party: &Party) -> Vec<Command> {
    let memberships = world.memberships(party).filter_map(|container| Membership::new(container, party.clone()).ok());
    let owned = world.owned_by(party).map(|authorization| authorization.key);
    let authorizations = deletions(world, owned.chain(world.grants_on(party.kind_name(), party.id())));
    memberships.map(Command::RemoveMember).chain(authorizations).collect()
}

/// Builds a membership. A party of a kind that the container does not accept is reported as missing.
fn membership(container: Container, member: Party) -> Result<Membership, ServiceError> {
    let missing = AuditEntity::from(&member);
    Membership::new(container, member).map_err(|_| ServiceError::Missing(missing))
}

/// Requester of a change by a caller. It resolves the caller and checks the permission in the revision to which the
/// change is applied.
pub(super) struct CallerRequest<'r> {
    pub(super) authorizer: &'r Authorizer,
    pub(super) caller: &'r Caller,
    pub(super) attempt: &'r AuditDraft,
}

#[async_trait]
impl Requester for CallerRequest<'_> {
    fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    fn issuer(&self) -> Option<Arc<str>> {
        self.caller.credential.issuer()
    }

    fn request_id(&self) -> Option<&str> {
        self.caller.request_id.as_deref()
    }

    fn cancellation(&self) -> Cancellation {
        self.caller.cancellation.clone()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.caller.credential.check(now).await?.resolve(world)?;
        self.authorizer.permit_in(world, self.caller, &subject, self.attempt)
    }
}

/// Returns the permit from the first allowed question, otherwise the denial of the first question. Without questions,
/// returns `Err(None)`.
fn any_of(world: &World, subject: &Subject, questions: &[Question<'_>]) -> Result<Permit, Option<Box<Denied>>> {
    let mut denied = None;
    for question in questions {
        match Permit::obtain(world, subject, question) {
            Ok(permit) => return Ok(permit),
            Err(no) => denied = denied.or(Some(no)),
        }
    }
    Err(denied)
}

/// Checks whether a caller has the permission that an API requires for a read or a change.
#[derive(Clone)]
pub struct Authorizer {
    engine: Arc<Engine>,
    asks: Policy,
}

/// The kind of permission that an API checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Permissions of this service's API (docs/reference/management-api.md §1.1): `read` for all views, `read:users`
    /// for views of users, `write` for all changes.
    Permissions,
    /// Authorizations on the entities themselves (docs/reference/orchestration-cluster.md §1, §3).
    Authorizations,
    /// None: authorizations are switched off (docs/reference/orchestration-cluster.md §4.1).
    Nothing,
}

impl Authorizer {
    /// Creates the authorizer of the management API.
    #[must_use]
    pub fn management(engine: Arc<Engine>) -> Self {
        Self { engine, asks: Policy::Permissions }
    }

    /// Creates the authorizer of the Orchestration Cluster API. With authorizations switched off, it permits every
    /// authenticated caller.
    #[must_use]
    pub fn cluster(engine: Arc<Engine>, authorizations_enabled: bool) -> Self {
        Self { engine, asks: if authorizations_enabled { Policy::Authorizations } else { Policy::Nothing } }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn shared_engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// Whether the authorizer checks authorizations.
    pub(super) fn asks_for_authorizations(&self) -> bool {
        self.asks == Policy::Authorizations
    }

    /// Whether the caller is permitted everything, because authorizations or authentication are switched off.
    pub(super) fn is_open_to(&self, caller: &Caller) -> bool {
        self.asks == Policy::Nothing || caller.actor == Actor::Anonymous
    }

    /// Returns the entities of a kind that the caller may see.
    #[must_use]
    pub fn visible(&self, caller: &Caller, kind: EntityKind) -> Visible {
        self.visible_resources(caller, kind.as_str())
    }

    /// Whether the caller may see one entity.
    #[must_use]
    pub fn shows(&self, caller: &Caller, kind: EntityKind, key: &str) -> bool {
        let entity = AuditEntity { kind, key: key.to_owned() };
        let attempt = AuditDraft { operation: AuditOperation::Read, entity, related: None };
        let ask = |question: &Question<'_>| decide(&caller.world, &caller.subject, question).allowed();
        self.is_open_to(caller) || self.questions(&caller.world, &attempt).iter().any(ask)
    }

    /// Returns the resources of a type that the caller may see. A type that does not exist has none.
    #[must_use]
    pub fn visible_resources(&self, caller: &Caller, resource_type: &str) -> Visible {
        if self.is_open_to(caller) {
            return Visible::All;
        }
        visible(&caller.world, &caller.subject, resource_type, "READ").unwrap_or(Visible::Only(BTreeSet::new()))
    }

    /// Reads the world after a permission check. Records a denial.
    ///
    /// # Errors
    /// When the caller lacks the permission.
    pub async fn read<T>(
        &self,
        caller: &Caller,
        kind: EntityKind,
        key: &str,
        look: impl FnOnce(&World) -> T,
    ) -> Result<T, ServiceError> {
        let entity = AuditEntity { kind, key: key.to_owned() };
        self.require(caller, &AuditDraft { operation: AuditOperation::Read, entity, related: None }).await?;
        Ok(look(&caller.world))
    }

    /// Queries a directory after a permission check. Records a denial.
    ///
    /// # Errors
    /// When the caller lacks the permission or the directory fails.
    pub async fn ask<T>(
        &self,
        caller: &Caller,
        (kind, key): (EntityKind, &str),
        question: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, ServiceError> {
        let entity = AuditEntity { kind, key: key.to_owned() };
        self.require(caller, &AuditDraft { operation: AuditOperation::Read, entity, related: None }).await?;
        Ok(question.await?)
    }

    /// Makes a change in a directory. Checks the permission in the latest revision immediately before the change.
    /// Records the outcome in the audit log.
    ///
    /// # Errors
    /// When the caller lacks the permission or the directory fails.
    pub async fn change<T>(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        change: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<Written<T>, ServiceError> {
        self.require(caller, &attempt).await?;
        self.permit(caller, &attempt).await?;
        let outcome = change.await;
        let failure = outcome.as_ref().err().map(DirectoryError::code);
        self.engine.append(&self.outcome(caller, attempt, failure)).await;
        Ok(Written { value: outcome?, revision: self.engine.world().revision() })
    }

    /// Returns the audit event of the operation that `attempt` describes: a success, or a failure with this code.
    pub(super) fn outcome(&self, caller: &Caller, attempt: AuditDraft, failure: Option<&str>) -> AuditEvent {
        let requester = CallerRequest { authorizer: self, caller, attempt: &attempt };
        match failure {
            Some(code) => self.engine.failure(&requester, attempt.clone(), AuditResult::Fail, code),
            None => self.engine.event(&requester, attempt.clone(), AuditResult::Success),
        }
    }

    /// Executes the commands that `plan` returns for the latest revision. `attempt` describes the change in the audit
    /// log if it is denied or refused, or has no effect.
    ///
    /// # Errors
    /// When the caller lacks the permission, the domain model refuses the change, or the store fails.
    pub async fn write(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Written, ServiceError> {
        let done = self.execute(caller, attempt, plan).await?;
        Ok(Written { value: (), revision: done.revision })
    }

    /// Makes a change like [`Authorizer::write`] and returns the changed rows.
    pub(super) async fn execute(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Committed, ServiceError> {
        self.require(caller, &attempt).await?;
        self.reach_issuer(caller).await?;
        let requester = CallerRequest { authorizer: self, caller, attempt: &attempt };
        Ok(self.engine.execute(&requester, attempt.clone(), plan).await?)
    }

    /// Checks the credential before the revision lock is acquired, so that an unavailable directory does not block
    /// other changes. Ignores an invalid credential, because the engine checks it again.
    ///
    /// # Errors
    /// When a system that the credential depends on is unavailable.
    pub(super) async fn reach_issuer(&self, caller: &Caller) -> Result<(), ServiceError> {
        match caller.credential.check(self.engine.clock().now()).await {
            Err(why @ NotPermitted::Unavailable { .. }) => Err(why.into()),
            _ => Ok(()),
        }
    }

    /// Makes a change with one command.
    ///
    /// # Errors
    /// As [`Authorizer::write`].
    pub async fn command(&self, caller: &Caller, command: Command) -> Result<Written, ServiceError> {
        self.write(caller, command.audit_draft(None), |_| Ok(vec![command])).await
    }

    /// Adds a member to a container.
    ///
    /// # Errors
    /// As [`Authorizer::write`].
    pub async fn add_member(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
    ) -> Result<Written, ServiceError> {
        self.command(caller, Command::AddMember(membership(container, member)?)).await
    }

    /// Removes a member from a container.
    ///
    /// # Errors
    /// As [`Authorizer::write`].
    pub async fn remove_member(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
    ) -> Result<Written, ServiceError> {
        self.command(caller, Command::RemoveMember(membership(container, member)?)).await
    }

    /// Checks the caller's permission in the world from which the request is answered. Records a denial.
    ///
    /// Use it for reads, and before expensive work for a change. The permission for a change is checked again in the
    /// revision to which the change is applied.
    ///
    /// # Errors
    /// When the caller lacks the permission.
    pub async fn require(&self, caller: &Caller, attempt: &AuditDraft) -> Result<(), ServiceError> {
        if self.is_open_to(caller) {
            return Ok(());
        }
        self.require_one_of(caller, attempt, &self.questions(&caller.world, attempt)).await
    }

    /// Decides in `world`, where the caller resolves to `subject`, whether the operation that `attempt` describes is
    /// permitted.
    pub(super) fn permit_in(
        &self,
        world: &World,
        caller: &Caller,
        subject: &Subject,
        attempt: &AuditDraft,
    ) -> Result<Permit, NotPermitted> {
        if self.is_open_to(caller) {
            return Ok(Permit::of_an_administrator());
        }
        any_of(world, subject, &self.questions(world, attempt)).map_err(|denied| match denied {
            Some(denied) => NotPermitted::Denied(denied),
            // Without a question there is no permit: fail closed.
            None => Refusal::Missing(attempt.entity.clone()).into(),
        })
    }

    /// Checks in the latest revision whether the caller may make a change that is stored outside the policy data, such
    /// as in Keycloak. Records a denial.
    ///
    /// Call it immediately before the change.
    ///
    /// # Errors
    /// When the caller lacks the permission or the store cannot be read.
    pub(super) async fn permit(&self, caller: &Caller, attempt: &AuditDraft) -> Result<Permit, ServiceError> {
        let requester = CallerRequest { authorizer: self, caller, attempt };
        Ok(self.engine.permit(&requester, attempt.clone()).await?)
    }

    /// Succeeds if one of the questions is allowed, otherwise records the denial.
    pub(super) async fn require_one_of(
        &self,
        caller: &Caller,
        attempt: &AuditDraft,
        questions: &[Question<'_>],
    ) -> Result<(), ServiceError> {
        let Err(denied) = any_of(&caller.world, &caller.subject, questions) else { return Ok(()) };
        let Some(mut denied) = denied else {
            // Without a question there is no permit: fail closed.
            return Err(ServiceError::Missing(attempt.entity.clone()));
        };
        let requester = CallerRequest { authorizer: self, caller, attempt };
        let event = self.engine.failure(&requester, attempt.clone(), AuditResult::Denied, &denied.question);
        self.engine.refuse(&event, &mut denied).await;
        Err(ServiceError::Denied(denied))
    }

    /// Returns the authorization questions for the operation that `attempt` describes. The operation is permitted if
    /// one of them is allowed.
    pub(super) fn questions<'q>(&self, world: &World, attempt: &'q AuditDraft) -> Vec<Question<'q>> {
        let AuditEntity { kind, key } = &attempt.entity;
        let permissions = |definitions: &[&'static str]| {
            definitions.iter().map(|definition| Question::permission(IDENTITY_AUDIENCE, definition)).collect()
        };
        let authorization = |permission| {
            let question = if attempt.operation == AuditOperation::Create || key.is_empty() {
                Question::all_resources(world.catalog(), kind.as_str(), permission)
            } else {
                Question::resource(world.catalog(), kind.as_str(), permission, key)
            };
            question.into_iter().collect()
        };
        match (self.asks, attempt.operation) {
            (Policy::Nothing, _) => Vec::new(),
            (Policy::Permissions, AuditOperation::Read) if *kind == EntityKind::User => {
                permissions(&[READ, READ_USERS])
            }
            (Policy::Permissions, AuditOperation::Read) => permissions(&[READ]),
            (Policy::Permissions, _) => permissions(&[WRITE]),
            (Policy::Authorizations, AuditOperation::Read) => authorization("READ"),
            (Policy::Authorizations, AuditOperation::Create) => authorization("CREATE"),
            (Policy::Authorizations, AuditOperation::Delete) => authorization("DELETE"),
            (Policy::Authorizations, AuditOperation::Update | AuditOperation::Assign | AuditOperation::Unassign) => {
                authorization("UPDATE")
            }
        }
    }
}

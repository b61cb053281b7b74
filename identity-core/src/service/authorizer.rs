//! Authorization checks between the APIs and the engine. A change is checked twice: at the start of its request, so
//! that a denial costs little, and again in the revision to which it is applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::{Command, Refusal, deletions};
use crate::decide::{Denied, Permit, Question, decide};
use crate::engine::{Committed, Engine, NotPermitted, Origin, Requester, WriteError};
use crate::entity::{
    Actor, AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Membership, Party,
};
use crate::port::DirectoryError;
use crate::preset::{IDENTITY_AUDIENCE, READ, READ_USERS, WRITE};
use crate::resolve::Subject;
use crate::search::{Visible, visible};
use crate::world::World;

use super::{Caller, ServiceError, Written};

/// Returns the commands that delete everything that refers to a party: its memberships, the authorizations that it
/// owns, and those on it as a resource.
pub fn forgetting(world: &World, party: &Party) -> Vec<Command> {
    let memberships = world.memberships(party).filter_map(|container| Membership::new(container, party.clone()).ok());
    let owned = world.owned_by(party).map(|authorization| authorization.key);
    let authorizations = deletions(world, owned.chain(world.grants_on(party.kind_name(), party.id())));
    memberships.map(Command::RemoveMember).chain(authorizations).collect()
}

/// Builds a membership. Fails with [`ServiceError::Missing`] if the container does not accept members of this kind.
fn membership(container: Container, member: Party) -> Result<Membership, ServiceError> {
    let missing = AuditEntity::from(&member);
    Membership::new(container, member).map_err(|_| ServiceError::Missing(missing))
}

/// Requester of a caller's change. The engine calls it under the revision lock to resolve the caller and to check the
/// permission in the latest revision.
pub(super) struct CallerRequest<'r> {
    pub(super) authorizer: &'r Authorizer,
    pub(super) caller: &'r Caller,
    pub(super) attempt: &'r AuditDraft,
}

#[async_trait]
impl Requester for CallerRequest<'_> {
    fn origin(&self) -> Origin<'_> {
        self.caller.origin()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.caller.credential.check(now).await?.resolve(world)?;
        let permit = self.authorizer.permit_in(world, self.caller, &subject, self.attempt)?;
        if self.caller.expected.is_some()
            && let Some(version) = world.version(&self.attempt.entity)
        {
            self.caller.expects(&self.attempt.entity, version)?;
        }
        Ok(permit)
    }
}

/// Returns the permit of the first allowed question. If none is allowed, returns the denial of the first question, or
/// `Err(None)` if there are no questions.
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

/// Authorizes callers: performs a read or a change only if they have the permission that the API requires.
#[derive(Clone)]
pub struct Authorizer {
    engine: Arc<Engine>,
    asks: Policy,
}

/// Kind of access right that an API requires of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Permissions on this service's API (docs/reference/management-api.md §1.1): `read` for reads, or `read:users` for
    /// reads of users; `write` for changes.
    Permissions,
    /// Authorizations on the affected entities (docs/reference/orchestration-cluster.md §1, §3), such as `UPDATE` on a
    /// group.
    Authorizations,
    /// Nothing: an operator has switched authorizations off (docs/reference/orchestration-cluster.md §4.1).
    Nothing,
}

impl Authorizer {
    /// Creates the authorizer of the management API, which requires the permissions `read`, `read:users` and `write`.
    #[must_use]
    pub fn management(engine: Arc<Engine>) -> Self {
        Self { engine, asks: Policy::Permissions }
    }

    /// Creates the authorizer of the Orchestration Cluster API. Without `authorizations_enabled`, every authenticated
    /// caller is permitted everything.
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

    /// Whether callers need authorizations on the affected entities.
    pub(super) fn asks_for_authorizations(&self) -> bool {
        self.asks == Policy::Authorizations
    }

    /// Whether the caller is permitted everything, because authorizations or authentication are switched off.
    pub(super) fn is_open_to(&self, caller: &Caller) -> bool {
        self.asks == Policy::Nothing || caller.actor == Actor::Anonymous
    }

    /// Returns the entities of a kind on which the caller has `READ`, to filter searches.
    #[must_use]
    pub fn visible(&self, caller: &Caller, kind: EntityKind) -> Visible {
        self.visible_resources(caller, kind.as_str())
    }

    /// Whether the caller may read one entity. Unlike [`Authorizer::read`], never records a denial.
    #[must_use]
    pub fn shows(&self, caller: &Caller, kind: EntityKind, key: &str) -> bool {
        let entity = AuditEntity { kind, key: key.to_owned() };
        let attempt = AuditDraft::new(AuditOperation::Read, entity);
        let ask = |question: &Question<'_>| decide(&caller.world, &caller.subject, question).allowed();
        self.is_open_to(caller) || self.questions(&caller.world, &attempt).iter().any(ask)
    }

    /// Returns the resources of a type on which the caller has `READ`; none if the type does not exist.
    #[must_use]
    pub fn visible_resources(&self, caller: &Caller, resource_type: &str) -> Visible {
        if self.is_open_to(caller) {
            return Visible::All;
        }
        visible(&caller.world, &caller.subject, resource_type, "READ").unwrap_or(Visible::Only(BTreeSet::new()))
    }

    /// Checks the permission to read an entity, or all of its kind if `key` is empty. Then returns the result of `look`
    /// on the caller's world. Records a denial.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] when the caller lacks the permission.
    pub async fn read<T>(
        &self,
        caller: &Caller,
        kind: EntityKind,
        key: &str,
        look: impl FnOnce(&World) -> T,
    ) -> Result<T, ServiceError> {
        let entity = AuditEntity { kind, key: key.to_owned() };
        self.require(caller, &AuditDraft::new(AuditOperation::Read, entity)).await?;
        Ok(look(&caller.world))
    }

    /// Checks the permission to read an entity, or all of its kind if `key` is empty. Then awaits `question`, a query
    /// to a directory. Records a denial.
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
        self.require(caller, &AuditDraft::new(AuditOperation::Read, entity)).await?;
        Ok(question.await?)
    }

    /// Makes a change in a directory by awaiting `change`, immediately after a permission check in the latest revision.
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

    /// Returns the audit event of an attempt: a success, or a failure with this reason code.
    pub(super) fn outcome(&self, caller: &Caller, attempt: AuditDraft, failure: Option<&str>) -> AuditEvent {
        let requester = CallerRequest { authorizer: self, caller, attempt: &attempt };
        match failure {
            Some(code) => self.engine.failure(&requester, attempt.clone(), AuditResult::Fail, code),
            None => self.engine.event(&requester, attempt.clone(), AuditResult::Success),
        }
    }

    /// Executes the commands that `plan` returns for the latest revision, all or none. `attempt` is recorded in the
    /// audit log if the change is denied, is refused, or has no effect.
    ///
    /// # Errors
    /// When the caller lacks the permission, the domain model refuses the change, the write queue is full, or the store
    /// fails.
    pub async fn write(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Written, ServiceError> {
        let done = self.execute(caller, attempt, plan).await?;
        Ok(Written { value: (), revision: done.revision })
    }

    /// Makes a change like [`Authorizer::write`]. Returns the changed rows, which contain generated keys.
    pub(super) async fn execute(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Committed, ServiceError> {
        self.require(caller, &attempt).await?;
        self.reach_issuer(caller).await?;
        let requester = CallerRequest { authorizer: self, caller, attempt: &attempt };
        match self.engine.execute(&requester, attempt.clone(), plan).await {
            Err(WriteError::Refused(Refusal::Changed(entity))) => Err(self.changed(caller, entity).await),
            other => Ok(other?),
        }
    }

    /// Checks the credential before the change acquires the revision lock, so that a slow directory does not block
    /// other changes. An invalid credential passes, because the engine rejects it later.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when a system that validates the credential is unavailable.
    pub(super) async fn reach_issuer(&self, caller: &Caller) -> Result<(), ServiceError> {
        match caller.credential.check(self.engine.clock().now()).await {
            Err(why @ NotPermitted::Unavailable { .. }) => Err(why.into()),
            _ => Ok(()),
        }
    }

    /// Makes a change that consists of one command. The audit entry is derived from the command.
    ///
    /// # Errors
    /// As [`Authorizer::write`].
    pub async fn command(&self, caller: &Caller, command: Command) -> Result<Written, ServiceError> {
        self.write(caller, command.audit_draft(), |_| Ok(vec![command])).await
    }

    /// Adds a party to a group, role or tenant.
    ///
    /// # Errors
    /// As [`Authorizer::write`], and when the container does not accept members of this kind.
    pub async fn add_member(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
    ) -> Result<Written, ServiceError> {
        self.command(caller, Command::AddMember(membership(container, member)?)).await
    }

    /// Removes a party from a group, role or tenant.
    ///
    /// # Errors
    /// As [`Authorizer::write`], and when the container does not accept members of this kind.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
    ) -> Result<Written, ServiceError> {
        self.command(caller, Command::RemoveMember(membership(container, member)?)).await
    }

    /// Checks the caller's permission in `caller.world`, the snapshot from which the request is answered. Records a
    /// denial.
    ///
    /// This is sufficient for reads. For a change, call it before expensive work such as hashing; the engine checks the
    /// permission again when it applies the change.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] when the caller lacks the permission.
    pub async fn require(&self, caller: &Caller, attempt: &AuditDraft) -> Result<(), ServiceError> {
        if self.is_open_to(caller) {
            return Ok(());
        }
        self.require_one_of(caller, attempt, &self.questions(&caller.world, attempt)).await
    }

    /// Decides whether the operation that `attempt` describes is permitted in `world`, where the caller resolves to
    /// `subject`.
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
            // Fail closed: without a question, nothing is permitted.
            None => Refusal::Missing(attempt.entity.clone()).into(),
        })
    }

    /// Checks in the latest revision whether the caller may make a change that is stored outside the policy data, such
    /// as in Keycloak. Records a denial.
    ///
    /// Call it immediately before the change, because the permission may have been revoked since the request started.
    ///
    /// # Errors
    /// When the caller lacks the permission or the store cannot be read.
    pub(super) async fn permit(&self, caller: &Caller, attempt: &AuditDraft) -> Result<Permit, ServiceError> {
        let requester = CallerRequest { authorizer: self, caller, attempt };
        Ok(self.engine.permit(&requester, attempt.clone()).await?)
    }

    /// Succeeds if one of the questions is allowed for the caller. Otherwise records the denial of the first question.
    pub(super) async fn require_one_of(
        &self,
        caller: &Caller,
        attempt: &AuditDraft,
        questions: &[Question<'_>],
    ) -> Result<(), ServiceError> {
        let Err(denied) = any_of(&caller.world, &caller.subject, questions) else { return Ok(()) };
        let Some(mut denied) = denied else {
            // Fail closed: without a question, nothing is permitted.
            return Err(ServiceError::Missing(attempt.entity.clone()));
        };
        let requester = CallerRequest { authorizer: self, caller, attempt };
        let event = self.engine.failure(&requester, attempt.clone(), AuditResult::Denied, &denied.question);
        self.engine.refuse(&event, &mut denied).await;
        Err(ServiceError::Denied(denied))
    }

    /// Returns the questions that decide the operation described by `attempt`. It is permitted if any of them is
    /// allowed. Empty if authorizations are switched off or the resource type is unknown.
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

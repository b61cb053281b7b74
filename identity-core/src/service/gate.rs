//! The gate between surfaces and the engine: asks what an attempt needs, early for a cheap refusal, and again where it takes
//! effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::{Command, Refusal, deletions};
use crate::decide::{Denied, Permit, Question, decide};
use crate::engine::{Done, Engine, NotPermitted, Requester};
use crate::entity::{
    Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Membership, Party,
};
use crate::port::{AuditDraft, DirectoryError};
use crate::preset::{IDENTITY_AUDIENCE, READ, READ_USERS, WRITE};
use crate::resolve::Subject;
use crate::search::{Visible, visible};
use crate::world::World;

use super::{Caller, ServiceError, Written};

/// The commands that take away everything that a party is a member of or owns, and the authorizations whose resource it is.
pub fn forgetting(world: &World, party: &Party) -> Vec<Command> {
    let memberships = world.memberships(party).filter_map(|container| Membership::new(container, party.clone()).ok());
    let owned = world.owned_by(party).map(|authorization| authorization.key);
    let authorizations = deletions(world, owned.chain(world.grants_on(party.kind_name(), party.id())));
    memberships.map(Command::RemoveMember).chain(authorizations).collect()
}

/// A caller's request to attempt something: the engine resolves the caller and decides where the attempt takes effect.
struct CallerRequest<'r> {
    gate: &'r Gate,
    caller: &'r Caller,
    attempt: &'r AuditDraft,
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

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.caller.credential.resolve(world, now).await?;
        if self.gate.is_open_to(self.caller) {
            return Ok(Permit::of_an_administrator());
        }
        let questions = self.gate.questions(world, self.attempt);
        any_of(world, &subject, &questions).map_err(|denied| match denied {
            Some(denied) => NotPermitted::Denied(denied),
            // No question, no permit: fail closed.
            None => Refusal::Missing(self.attempt.entity.clone()).into(),
        })
    }
}

/// The permit that one of the questions obtains; otherwise the denial of the first. Without questions there is neither.
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

/// What callers are asked for: a question for each attempt, which depends on the surface.
#[derive(Clone)]
pub struct Gate {
    engine: Arc<Engine>,
    asks: Asks,
}

/// How a surface asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Permissions of this service's API (management reference §1.1): `read` opens every view, `read:users` those of users,
    /// `write` every change.
    Permissions,
    /// Authorizations on the entities themselves (orchestration reference §1, §3).
    Authorizations,
    /// Nothing: authorizations are switched off (orchestration reference §4.1).
    Nothing,
}

impl Gate {
    /// The gate of the management API.
    #[must_use]
    pub fn management(engine: Arc<Engine>) -> Self {
        Self { engine, asks: Asks::Permissions }
    }

    /// The gate of the Orchestration Cluster API; with authorizations switched off, it lets everybody pass who
    /// authenticated.
    #[must_use]
    pub fn cluster(engine: Arc<Engine>, authorizations_enabled: bool) -> Self {
        Self { engine, asks: if authorizations_enabled { Asks::Authorizations } else { Asks::Nothing } }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn shared_engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// Whether authorizations are asked for.
    pub(super) fn asks_for_authorizations(&self) -> bool {
        self.asks == Asks::Authorizations
    }

    /// Whether everything is open to a caller: nothing is asked, or nobody had to authenticate.
    pub(super) fn is_open_to(&self, caller: &Caller) -> bool {
        self.asks == Asks::Nothing || caller.actor == Actor::Anonymous
    }

    /// The entities of a kind that the caller may see.
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

    /// The resources of a type that the caller may see. Of a type that does not exist, none.
    #[must_use]
    pub fn visible_resources(&self, caller: &Caller, resource_type: &str) -> Visible {
        if self.is_open_to(caller) {
            return Visible::All;
        }
        visible(&caller.world, &caller.subject, resource_type, "READ").unwrap_or(Visible::Only(BTreeSet::new()))
    }

    /// Reads the world, if the caller may.
    ///
    /// # Errors
    /// When they may not; the denial is recorded.
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

    /// Asks a directory, if the caller may.
    ///
    /// # Errors
    /// When they may not, or the directory fails.
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

    /// Has a directory change something, if the caller may: decided in the newest world, right before the change. The outcome
    /// is recorded.
    ///
    /// # Errors
    /// When they may not, or the directory fails.
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

    /// The record of what came of an attempt: a success, or a failure of this code.
    pub(super) fn outcome(&self, caller: &Caller, attempt: AuditDraft, failure: Option<&str>) -> AuditEvent {
        let requester = CallerRequest { gate: self, caller, attempt: &attempt };
        match failure {
            Some(code) => self.engine.failure(&requester, attempt.clone(), AuditResult::Fail, code),
            None => self.engine.event(&requester, attempt.clone(), AuditResult::Success),
        }
    }

    /// Makes a change, if the caller may: the commands that `plan` names for the newest world. `attempt` is what is
    /// recorded when they may not.
    ///
    /// # Errors
    /// When they may not, the model refuses, or the store fails.
    pub async fn write(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Written, ServiceError> {
        let done = self.execute(caller, attempt, plan).await?;
        Ok(Written { value: (), revision: done.revision })
    }

    /// The same, with the rows that it changed.
    pub(super) async fn execute(
        &self,
        caller: &Caller,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Done, ServiceError> {
        self.require(caller, &attempt).await?;
        // Asked before the lock, so that a directory that does not answer holds up no other change.
        let asked = caller.credential.resolve(&caller.world, self.engine.clock().now()).await;
        if let Err(why @ NotPermitted::Unavailable { .. }) = asked {
            return Err(why.into());
        }
        let requester = CallerRequest { gate: self, caller, attempt: &attempt };
        Ok(self.engine.execute(&requester, attempt.clone(), plan).await?)
    }

    /// Makes one change, if the caller may.
    ///
    /// # Errors
    /// As [`Gate::write`].
    pub async fn command(&self, caller: &Caller, command: Command) -> Result<Written, ServiceError> {
        self.write(caller, command.audit_draft(None), |_| Ok(vec![command])).await
    }

    /// Makes somebody a member of something, or ends it, if the caller may.
    ///
    /// # Errors
    /// As [`Gate::write`].
    pub async fn change_member(
        &self,
        caller: &Caller,
        container: Container,
        member: Party,
        add: bool,
    ) -> Result<Written, ServiceError> {
        let missing = AuditEntity::from(&member);
        let membership = Membership::new(container, member).map_err(|_| ServiceError::Missing(missing))?;
        self.command(caller, if add { Command::AddMember(membership) } else { Command::RemoveMember(membership) }).await
    }

    /// Decides early, in the world that the request is answered from, whether the caller may do what is attempted. A denial is
    /// recorded. For reads, and before anything expensive is done for a change; a change is decided again where it takes
    /// effect.
    ///
    /// # Errors
    /// When they may not.
    pub async fn require(&self, caller: &Caller, attempt: &AuditDraft) -> Result<(), ServiceError> {
        if self.is_open_to(caller) {
            return Ok(());
        }
        self.require_one_of(caller, attempt, &self.questions(&caller.world, attempt)).await
    }

    /// Decides in the newest world whether the caller may change something elsewhere than in the world. Ask right before the
    /// change. A denial is recorded.
    ///
    /// # Errors
    /// When they may not, or the store cannot be read.
    pub(super) async fn permit(&self, caller: &Caller, attempt: &AuditDraft) -> Result<Permit, ServiceError> {
        let requester = CallerRequest { gate: self, caller, attempt };
        Ok(self.engine.permit(&requester, attempt.clone()).await?)
    }

    /// Asks until one of the questions is answered with yes. Otherwise the denial is recorded.
    pub(super) async fn require_one_of(
        &self,
        caller: &Caller,
        attempt: &AuditDraft,
        questions: &[Question<'_>],
    ) -> Result<(), ServiceError> {
        let Err(denied) = any_of(&caller.world, &caller.subject, questions) else { return Ok(()) };
        let Some(mut denied) = denied else {
            // No question, no permit: fail closed.
            return Err(ServiceError::Missing(attempt.entity.clone()));
        };
        let requester = CallerRequest { gate: self, caller, attempt };
        let event = self.engine.failure(&requester, attempt.clone(), AuditResult::Denied, &denied.question);
        self.engine.refuse(&event, &mut denied).await;
        Err(ServiceError::Denied(denied))
    }

    /// The questions that an attempt comes down to; one yes is enough.
    pub(super) fn questions<'q>(&self, world: &World, attempt: &'q AuditDraft) -> Vec<Question<'q>> {
        let AuditEntity { kind, key } = &attempt.entity;
        let permissions = |definitions: &[&'static str]| {
            definitions.iter().map(|definition| Question::permission(IDENTITY_AUDIENCE, definition)).collect()
        };
        let authorization = |permission| {
            let question = if attempt.operation == AuditOperation::Create || key.is_empty() {
                Question::all_resources(world.matrix(), kind.as_str(), permission)
            } else {
                Question::resource(world.matrix(), kind.as_str(), permission, key)
            };
            question.into_iter().collect()
        };
        match (self.asks, attempt.operation) {
            (Asks::Nothing, _) => Vec::new(),
            (Asks::Permissions, AuditOperation::Read) if *kind == EntityKind::User => permissions(&[READ, READ_USERS]),
            (Asks::Permissions, AuditOperation::Read) => permissions(&[READ]),
            (Asks::Permissions, _) => permissions(&[WRITE]),
            (Asks::Authorizations, AuditOperation::Read) => authorization("READ"),
            (Asks::Authorizations, AuditOperation::Create) => authorization("CREATE"),
            (Asks::Authorizations, AuditOperation::Delete) => authorization("DELETE"),
            (Asks::Authorizations, AuditOperation::Update | AuditOperation::Assign | AuditOperation::Unassign) => {
                authorization("UPDATE")
            }
        }
    }
}

//! The gate between surfaces and the engine: asks, records denials, hands out permits.

use std::sync::Arc;

use crate::apply::{Command, Refusal};
use crate::decide::{Denied, Permit, Question};
use crate::engine::{Engine, WriteError};
use crate::entity::{Actor, AuditEntity, AuditOperation, AuditResult, Container, EntityKind, Membership, Party};
use crate::port::{AuditDraft, StoreError};
use crate::preset::{IDENTITY_AUDIENCE, READ, READ_USERS, WRITE};
use crate::resolve::Subject;
use crate::value::{Email, Revision};
use crate::world::World;

/// Somebody who authenticated, as a service knows them.
#[derive(Clone)]
pub struct Caller {
    /// The world that their request is answered from.
    pub world: Arc<World>,
    /// What they are in it.
    pub subject: Arc<Subject>,
    /// What to call them.
    pub display_name: Option<String>,
    /// Where to write to them.
    pub email: Option<Email>,
    /// The request that they made.
    pub request_id: Option<String>,
}

/// What a write came to, and the revision from which it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T = ()> {
    /// What there is now.
    pub value: T,
    /// The revision at which it holds.
    pub revision: Revision,
}

impl Written {
    /// The same write, with what it made.
    #[must_use]
    pub fn with<T>(self, value: T) -> Written<T> {
        Written { value, revision: self.revision }
    }
}

/// Why a service did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// They may not.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The model refuses.
    #[error(transparent)]
    Refused(Refusal),
    /// There is nothing of that key.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// The store cannot do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(refusal) => Self::Refused(refusal),
            WriteError::Store(error) => Self::Store(error),
        }
    }
}

/// What the management API asks of its callers (management reference §1.1): `read` opens every view, `read:users` those of
/// users, `write` every change.
#[derive(Clone)]
pub struct Gate {
    engine: Arc<Engine>,
}

impl Gate {
    /// A gate to this engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
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
        self.permit(caller, AuditDraft { operation: AuditOperation::Read, entity, related: None }).await?;
        Ok(look(&caller.world))
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
        let permit = self.permit(caller, attempt.clone()).await?;
        let done = self.engine.execute(&permit, attempt, plan).await?;
        Ok(Written { value: (), revision: done.revision })
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

    async fn permit(&self, caller: &Caller, attempt: AuditDraft) -> Result<Permit, ServiceError> {
        let definitions: &[&str] = match (attempt.operation, attempt.entity.kind) {
            (AuditOperation::Read, EntityKind::User) => &[READ, READ_USERS],
            (AuditOperation::Read, _) => &[READ],
            (
                AuditOperation::Create
                | AuditOperation::Update
                | AuditOperation::Delete
                | AuditOperation::Assign
                | AuditOperation::Unassign,
                _,
            ) => &[WRITE],
        };
        let mut denied = None;
        for definition in definitions {
            let question = Question::permission(IDENTITY_AUDIENCE, definition);
            match Permit::obtain(&caller.world, &caller.subject, &question, caller.request_id.clone()) {
                Ok(permit) => return Ok(permit),
                Err(no) => denied = denied.or(Some(no)),
            }
        }
        let Some(denied) = denied else {
            // No definition, no permit: fail closed.
            return Err(ServiceError::Missing(attempt.entity));
        };
        let actor = Actor::Principal(caller.subject.principal.clone());
        let now = self.engine.clock().now();
        let mut event = attempt.event(now, actor, AuditResult::Denied, caller.request_id.clone());
        event.reason = Some(denied.question.clone());
        self.engine.append(&event).await;
        Err(ServiceError::Denied(denied))
    }
}

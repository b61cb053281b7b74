//! Engine: holds the current world, commits changes to it, and applies the commits of other replicas.
//!
//! Readers load the world from an atomic pointer and never wait. A writer acquires the store's revision lock, which one
//! replica holds at a time, and reads the commits that its replica has missed. It checks in the latest revision whether
//! the change is permitted, runs [`apply`](crate::apply::apply) and commits. Writers that queued in the meantime share
//! the commit. A change is therefore checked and validated in exactly the revision to which it is applied, with any
//! number of replicas. The engine starts no tasks or timers: the server runs [`Engine::follow`], and callers that wait
//! for a revision supply their own timeout.

mod appender;
mod denials;
mod following;
mod recipients;
mod repeats;
mod request;
mod step;
mod turns;

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use event_listener::Event;
use tracing::{error, info};

use crate::apply::{Command, Draft, Refusal};
use crate::catalog::ResourceCatalog;
use crate::decide::{Authority, Denied, Permit};
use crate::entity::{AuditDraft, AuditEntity, AuditEvent, AuditResult};
use crate::port::{AuditLog, Clock, Commit, PolicyStore, StoreError};
use crate::value::Revision;
use crate::world::{Change, Sources, World};

pub use denials::Denials;
pub use following::{Following, StaleWorld};
pub use recipients::Recipients;
pub use request::{CredentialEnded, NotPermitted, Origin, Requester, ServerRequest};
pub use step::{Refused, Step};
pub use turns::Overloaded;

/// Holds the current world, commits changes to it and applies the commits of other replicas.
pub struct Engine {
    store: Arc<dyn PolicyStore>,
    appender: appender::Appender,
    clock: Arc<dyn Clock>,
    world: ArcSwap<World>,
    turns: turns::Turns,
    published: Event,
    confirmations: following::Confirmations,
    denials: Denials,
    recipients: OnceLock<Arc<dyn Recipients>>,
    repeats: repeats::Repeats,
}

/// Result of a successful write.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Revision at which the change is in effect.
    pub revision: Revision,
    /// Changed rows, in order. Empty if the write had no effect.
    pub changes: Vec<Change>,
    /// Number of skipped steps; see [`Step::skipping_existing`].
    pub skipped: usize,
}

/// Reason why a write failed. The world is unchanged, except possibly after an error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The requester is not, or no longer, permitted to make the change.
    #[error(transparent)]
    NotPermitted(NotPermitted),
    /// The commands violate a rule of the domain model, for example because an entity does not exist.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The write queue is full, or the write waited too long.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The request was cancelled while it waited in the write queue. Nothing was changed.
    #[error("the request was cancelled")]
    Cancelled,
    /// The policy store failed. The change may have been committed nevertheless; see [`Engine::execute`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotPermitted> for WriteError {
    fn from(error: NotPermitted) -> Self {
        match error {
            NotPermitted::Refused(refusal) => Self::Refused(refusal),
            NotPermitted::Store(error) => Self::Store(error),
            other => Self::NotPermitted(other),
        }
    }
}

impl Engine {
    /// Creates an engine and loads the world from the store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn start(
        store: Arc<dyn PolicyStore>,
        audit: Arc<dyn AuditLog>,
        clock: Arc<dyn Clock>,
        sources: Sources,
        matrix: Arc<ResourceCatalog>,
    ) -> Result<Self, StoreError> {
        let asked = clock.monotonic();
        let world = following::load(store.as_ref(), &World::new(sources, matrix)).await?;
        info!(revision = world.revision().0, authorizations = world.authorization_count(), "world.loaded");
        Ok(Self {
            store,
            appender: appender::Appender::new(audit),
            world: ArcSwap::from_pointee(world),
            turns: turns::Turns::new(Arc::clone(&clock)),
            published: Event::new(),
            confirmations: following::Confirmations::new(Arc::clone(&clock), asked),
            denials: Denials::default(),
            recipients: OnceLock::new(),
            repeats: repeats::Repeats::default(),
            clock,
        })
    }

    /// Returns the current world. Does not query the store, so it may lack recent commits of other replicas.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Returns the clock that the engine was started with.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Executes the commands that `plan` returns for the latest revision, under the revision lock. Checks in the same
    /// revision whether `requester` is permitted. Records denials, refusals and successes in the audit log. `attempt`
    /// is the audit entry of a denial, a refusal, or a success without changes. The entries of a change are derived
    /// from its commands.
    ///
    /// # Errors
    /// If the requester is not permitted, the plan or the domain model refuses the change, the write queue is full, the
    /// request is cancelled, or the store fails. After [`StoreError::Unavailable`], the change may have been committed
    /// nevertheless. In that case, the world contains it after the next [`Engine::catch_up`].
    pub async fn execute(
        &self,
        requester: &dyn Requester,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Committed, WriteError> {
        let step = Step::new(requester, attempt.clone(), plan);
        let done = self.execute_all(vec![step]).await.map_err(|refused| refused.error)?;
        if done.changes.is_empty() {
            self.append(&self.event(requester, attempt, AuditResult::Success)).await;
        }
        Ok(done)
    }

    /// Executes several steps atomically: all take effect at one revision, or none. Each step is permitted and planned
    /// in the world that results from the steps before it. The cost is linear in the number of steps. A denial or a
    /// refusal is recorded with the `attempt` of the failed step.
    ///
    /// # Errors
    /// As [`Engine::execute`], with the index of the denied or refused step.
    pub async fn execute_all(&self, steps: Vec<Step<'_>>) -> Result<Committed, Refused> {
        match self.write(steps).await {
            Ok(done) => Ok(done),
            Err(step::Failure { at: None, error }) => Err(Refused { step: None, error }),
            Err(step::Failure { at: Some(at), error }) => {
                let error = match error {
                    WriteError::Refused(refusal) => {
                        self.append(&self.failure(at.requester, at.attempt, AuditResult::Fail, refusal.code())).await;
                        refusal.into()
                    }
                    WriteError::NotPermitted(why) => self.recorded(at.requester, at.attempt, why).await.into(),
                    other => other,
                };
                Err(Refused { step: Some(at.step), error })
            }
        }
    }

    /// Checks whether the write queue has room. Callers use it to reject a request before they authenticate, parse and
    /// decide it.
    ///
    /// # Errors
    /// If the queue is full.
    pub fn admit_write(&self) -> Result<(), Overloaded> {
        self.turns.admit()
    }

    async fn write<'s>(&self, steps: Vec<Step<'s>>) -> Result<Committed, step::Failure<'s>> {
        // All steps of a write belong to one request, so they share its cancellation signal.
        let cancellation = steps.first().map(|step| step.requester.origin().cancellation).unwrap_or_default();
        let mut turn = self.turns.take(&cancellation).await?.ok_or(WriteError::Cancelled)?;
        // This change may wait for a slow directory that confirms its recipients. The open group is committed first, so
        // that its transaction does not wait, too.
        if let Some(group) = turn.overdue(self.recipients.get().is_some()) {
            // The writers of the group receive the result. It does not affect this write.
            _ = self.commit(group).await;
        }
        let newest = match turn.group() {
            Some(group) => group.world.clone(),
            None => {
                let begun = self.begin().await;
                if begun.is_err() {
                    self.confirmations.note_write(&begun);
                }
                let (transaction, newest) = begun?;
                turn.open(transaction, newest).world.clone()
            }
        };
        let mut draft = Draft::new(&newest);
        let taken = self.take_all(steps, &mut draft).await;
        let (world, changes) = draft.finish();
        let mut without_commit = Vec::new();
        let (member, done) = match taken {
            Ok((audit, skipped)) if !changes.is_empty() => {
                let revision = world.revision();
                let at_revision = |event| AuditEvent { revision: Some(revision), ..event };
                let audit = audit.into_iter().map(at_revision).collect();
                let commit = Commit { revision, at: self.clock.now(), changes: changes.clone(), audit };
                let member = turn.add(commit, world).ok_or_else(turns::given_up)?;
                (Some(member), Ok(Committed { revision, changes, skipped }))
            }
            // A failure, or a success without changes, may depend on changes of the group that are not committed yet.
            // It is returned after their commit.
            Ok((notes, skipped)) => {
                without_commit = notes;
                (turn.join(), Ok(Committed { revision: newest.revision(), changes, skipped }))
            }
            Err(failure) => (turn.join(), Err(failure)),
        };
        drop(turn);
        if let Some(member) = member {
            match member.next().await {
                turns::Next::Resolved(result) => result?,
                turns::Next::Commit(group, _turn) => self.commit(group).await?,
            }
        }
        for note in &without_commit {
            self.append(note).await;
        }
        done
    }

    /// Applies all steps of a write to a draft of the next world. Returns the audit entries and the number of skipped
    /// steps.
    async fn take_all<'s>(
        &self,
        steps: Vec<Step<'s>>,
        draft: &mut Draft,
    ) -> Result<(Vec<AuditEvent>, usize), step::Failure<'s>> {
        let (mut audit, mut skipped) = (Vec::new(), 0);
        for (index, step) in steps.into_iter().enumerate() {
            let requester = step.requester;
            match self.take(step, index, draft).await? {
                Some(drafts) => {
                    let event = |draft| self.event(requester, draft, AuditResult::Success);
                    audit.extend(drafts.into_iter().map(event));
                }
                None => skipped += 1,
            }
        }
        Ok((audit, skipped))
    }

    /// Applies one step to a draft of the next world. Returns its audit log drafts, or `None` if it is skipped.
    async fn take<'s>(
        &self,
        step: Step<'s>,
        index: usize,
        draft: &mut Draft,
    ) -> Result<Option<Vec<AuditDraft>>, step::Failure<'s>> {
        let Step { requester, attempt, plan, skips_existing, note } = step;
        let taken = async {
            let permit = requester.permit(draft.world(), self.clock.now()).await?;
            let commands = plan(draft.world())?;
            if skips_existing && commands.first().is_none_or(|command| draft.already_has(command)) {
                return Ok(None);
            }
            if permit.authority() != Authority::Server {
                self.confirm(&commands).await?;
            }
            let drafts = draft.change(&commands, permit.authority())?;
            Ok(Some(note.into_iter().chain(drafts).collect()))
        };
        let at = |error| step::Failure { at: Some(step::At { step: index, requester, attempt }), error };
        taken.await.map_err(at)
    }

    /// Commits a group of changes and, if that succeeds, publishes the new world to readers.
    async fn commit(&self, group: Box<turns::Group>) -> Result<(), StoreError> {
        let committed = group.commit(|world| self.publish(world)).await;
        self.confirmations.note_write(&committed);
        committed
    }

    /// Sets the component that confirms that parties exist in their directory. The engine calls it before a change
    /// gives access to them. Only the first call has an effect.
    pub fn confirm_recipients(&self, recipients: Arc<dyn Recipients>) {
        _ = self.recipients.set(recipients);
    }

    async fn confirm(&self, commands: &[Command]) -> Result<(), NotPermitted> {
        let Some(recipients) = self.recipients.get() else { return Ok(()) };
        let parties = recipients::given(commands);
        if parties.is_empty() { Ok(()) } else { recipients.confirm(&parties).await }
    }

    /// Checks in the latest revision whether `requester` may make a change that is stored outside the world, such as in
    /// a directory. Call it immediately before the change. Records a denial.
    ///
    /// # Errors
    /// If the requester is not permitted, or the store cannot be read.
    pub async fn permit(&self, requester: &dyn Requester, attempt: AuditDraft) -> Result<Permit, WriteError> {
        self.catch_up().await?;
        match requester.permit(&self.world(), self.clock.now()).await {
            Ok(permit) => Ok(permit),
            Err(why) => Err(self.recorded(requester, attempt, why).await.into()),
        }
    }

    /// Records a denial or an invalid credential in the audit log.
    async fn recorded(&self, requester: &dyn Requester, attempt: AuditDraft, why: NotPermitted) -> NotPermitted {
        match why {
            NotPermitted::Denied(mut denied) => {
                let event = self.failure(requester, attempt, AuditResult::Denied, &denied.question);
                self.refuse(&event, &mut denied).await;
                NotPermitted::Denied(denied)
            }
            NotPermitted::Credential(ended) => {
                self.append(&self.failure(requester, attempt, AuditResult::Denied, ended.code())).await;
                NotPermitted::Credential(ended)
            }
            other => other,
        }
    }

    /// Records an event that is not part of a commit, such as a denial, in the audit log. Repeated refusals are only
    /// counted. Returns the key of the entry or, for a repetition, of the first recorded entry of the same kind.
    /// Returns `None` if there is no such entry; an entry that cannot be written is counted as lost.
    pub async fn append(&self, event: &AuditEvent) -> Option<u64> {
        self.append_from(event, None).await
    }

    /// Appends an entry without the check for repetition. If the store did not answer the last query, counts the entry
    /// as lost at once, so that the caller does not wait.
    async fn append_always(&self, event: &AuditEvent) -> Option<u64> {
        if self.is_store_away() {
            if self.appender.lose(1, event.at) {
                error!(error = "the store did not respond to the last query", "audit.append.failed");
            }
            return None;
        }
        self.appender.append(event.clone()).await
    }

    /// Records a denial in the audit log. Keeps it in memory, with its explanation, for [`Engine::denials`].
    pub async fn refuse(&self, event: &AuditEvent, denied: &mut Denied) {
        denied.reason_id = self.append(event).await;
        self.denials.remember(denied);
    }

    /// Returns the audit entry of the last successful operation on an entity. `None` if the log has none, or cannot be
    /// read.
    pub(crate) async fn last_change(&self, entity: &AuditEntity) -> Option<AuditEvent> {
        self.appender.last_change(entity).await
    }

    /// Returns the most recent denials of this process, with their explanations.
    #[must_use]
    pub fn denials(&self) -> &Denials {
        &self.denials
    }

    /// Creates the audit entry of an operation that `requester` attempted, at the current time.
    pub(crate) fn event(&self, requester: &dyn Requester, draft: AuditDraft, result: AuditResult) -> AuditEvent {
        let Origin { actor, issuer, request_id, cancellation: _ } = requester.origin();
        let event = draft.event(self.clock.now(), actor.clone(), result, request_id.map(str::to_owned));
        AuditEvent { issuer, ..event }
    }

    /// Creates the audit entry of a failed operation, with the reason of the failure.
    pub(crate) fn failure(
        &self,
        requester: &dyn Requester,
        draft: AuditDraft,
        result: AuditResult,
        reason: &str,
    ) -> AuditEvent {
        AuditEvent { reason: Some(reason.to_owned()), ..self.event(requester, draft, result) }
    }
}

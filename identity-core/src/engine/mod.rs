//! The engine: holds the current world, writes the next one, follows the others.
//!
//! Readers take the world from an atomic pointer and never wait. A writer takes the store's turn, catches up with the newest
//! revision, decides there whether the change is permitted, runs [`apply`](crate::apply::apply) on it and commits, together with
//! those that waited meanwhile; so what was decided and validated is what is written, with any number of replicas. Nothing here
//! starts a task or a timer: the server runs [`Engine::follow`], and callers that wait for a revision bring their own timeout.

mod denials;
mod following;
mod recipients;
mod repeats;
mod request;
mod turns;

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use event_listener::Event;
use tracing::{error, info};

use crate::apply::{Applied, Command, Refusal, apply};
use crate::decide::{Authority, Denied, Permit};
use crate::entity::{AuditEvent, AuditResult};
use crate::matrix::Matrix;
use crate::port::{AuditDraft, AuditLog, Clock, Commit, PolicyStore, StoreError};
use crate::value::Revision;
use crate::world::{Change, Sources, World};

pub use denials::Denials;
pub use following::{Following, StaleWorld};
pub use recipients::Recipients;
pub use request::{CredentialEnded, NotPermitted, Requester, ServerRequest};
pub use turns::Overloaded;

/// Holds the world and follows the store.
pub struct Engine {
    store: Arc<dyn PolicyStore>,
    audit: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    world: ArcSwap<World>,
    turns: turns::Turns,
    published: Event,
    confirmations: following::Confirmations,
    denials: Denials,
    recipients: OnceLock<Arc<dyn Recipients>>,
    repeats: repeats::Repeats,
}

/// What a write came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// The revision at which it holds.
    pub revision: Revision,
    /// What it changed. Empty when everything was so already.
    pub changes: Vec<Change>,
}

/// Why there was no write.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The requester may not, or no longer.
    #[error(transparent)]
    NotPermitted(NotPermitted),
    /// The model refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// More changes are asked for than can be made.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The store cannot do it.
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
    /// Loads the world.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn PolicyStore>,
        audit: Arc<dyn AuditLog>,
        clock: Arc<dyn Clock>,
        sources: Sources,
        matrix: Arc<Matrix>,
    ) -> Result<Self, StoreError> {
        let asked = clock.monotonic();
        let world = following::load(store.as_ref(), &World::new(sources, matrix)).await?;
        info!(revision = world.revision().0, authorizations = world.authorization_count(), "world.loaded");
        Ok(Self {
            store,
            audit,
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

    /// The current world.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// The time of day, as the engine knows it.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Makes a change, as the commands that `plan` names for the newest world. Whether `requester` may is decided in that
    /// world, under the lock. Denials, refusals and successes are recorded; `attempt` is what is said of those, and of a
    /// success that changed nothing.
    ///
    /// # Errors
    /// When the requester may not, the plan or the model refuses, or the store fails. After [`StoreError::Unavailable`] the
    /// change may have been made; the world will show it.
    pub async fn execute(
        &self,
        requester: &dyn Requester,
        attempt: AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Done, WriteError> {
        let outcome = self.write(requester, &attempt, plan).await;
        match outcome {
            Err(WriteError::Refused(refusal)) => {
                self.append(&self.failure(requester, attempt, AuditResult::Fail, refusal.code())).await;
                Err(refusal.into())
            }
            Err(WriteError::NotPermitted(why)) => Err(self.recorded(requester, attempt, why).await.into()),
            other => other,
        }
    }

    async fn write(
        &self,
        requester: &dyn Requester,
        attempt: &AuditDraft,
        plan: impl FnOnce(&World) -> Result<Vec<Command>, Refusal> + Send,
    ) -> Result<Done, WriteError> {
        let mut turn = self.turns.take().await?;
        // A directory may be slow to confirm recipients.
        if let Some(group) = turn.overdue(self.recipients.get().is_some()) {
            // Its writers are told what came of it.
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
        let permit = requester.permit(&newest, self.clock.now()).await?;
        let commands = plan(&newest)?;
        if permit.authority() != Authority::Server {
            self.confirm(&commands).await?;
        }
        let Applied { world, changes, audit } = apply(&newest, &commands, permit.authority())?;
        let revision = world.revision();
        let member = if changes.is_empty() {
            // What it rests on may not be committed yet.
            turn.join()
        } else {
            let event =
                |draft| AuditEvent { revision: Some(revision), ..self.event(requester, draft, AuditResult::Success) };
            let audit = audit.into_iter().map(event).collect();
            let commit = Commit { revision, at: self.clock.now(), changes: changes.clone(), audit };
            Some(turn.add(commit, world).ok_or_else(turns::given_up)?)
        };
        drop(turn);
        if let Some(member) = member {
            match member.next().await {
                turns::Next::Resolved(result) => result?,
                turns::Next::Commit(group, _turn) => self.commit(group).await?,
            }
        }
        if changes.is_empty() {
            self.append(&self.event(requester, attempt.clone(), AuditResult::Success)).await;
        }
        Ok(Done { revision, changes })
    }

    /// Commits a group. Readers see it from then on.
    async fn commit(&self, group: Box<turns::Group>) -> Result<(), StoreError> {
        let committed = group.commit(|world| self.publish(world)).await;
        self.confirmations.note_write(&committed);
        committed
    }

    /// From now on, recipients of access are confirmed where they live. The first call counts.
    pub fn confirm_recipients(&self, recipients: Arc<dyn Recipients>) {
        _ = self.recipients.set(recipients);
    }

    async fn confirm(&self, commands: &[Command]) -> Result<(), NotPermitted> {
        let Some(recipients) = self.recipients.get() else { return Ok(()) };
        let parties = recipients::given(commands);
        if parties.is_empty() { Ok(()) } else { recipients.confirm(&parties).await }
    }

    /// Decides whether `requester` may change something elsewhere than in the world, such as in a directory or among the
    /// sessions: in the newest world, right before the change. A denial is recorded.
    ///
    /// # Errors
    /// When the requester may not, or the store cannot be read.
    pub async fn permit(&self, requester: &dyn Requester, attempt: AuditDraft) -> Result<Permit, WriteError> {
        self.catch_up().await?;
        match requester.permit(&self.world(), self.clock.now()).await {
            Ok(permit) => Ok(permit),
            Err(why) => Err(self.recorded(requester, attempt, why).await.into()),
        }
    }

    /// Records why a requester may not: every denial leaves an entry in the audit log.
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

    /// Records something that was not a change: a denial. That it cannot be recorded does not make it less denied.
    /// A refusal that repeats is counted instead. Answers the entry's key, or that of the first of its kind.
    pub async fn append(&self, event: &AuditEvent) -> Option<u64> {
        self.append_from(event, None).await
    }

    /// Nothing waits for a store that is known to be away: what is refused stays refused.
    async fn append_always(&self, event: &AuditEvent) -> Option<u64> {
        if self.is_store_away() {
            error!(error = "the store did not answer a moment ago", "audit.append.failed");
            return None;
        }
        match self.audit.append(event).await {
            Ok(key) => Some(key),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "audit.append.failed");
                None
            }
        }
    }

    /// Records a denial, and remembers why.
    pub async fn refuse(&self, event: &AuditEvent, denied: &mut Denied) {
        denied.reason_id = self.append(event).await;
        self.denials.remember(denied);
    }

    /// Why what was refused lately was refused.
    #[must_use]
    pub fn denials(&self) -> &Denials {
        &self.denials
    }

    /// Audit entry of an attempt of `requester`.
    pub(crate) fn event(&self, requester: &dyn Requester, draft: AuditDraft, result: AuditResult) -> AuditEvent {
        let request_id = requester.request_id().map(str::to_owned);
        let event = draft.event(self.clock.now(), requester.actor().clone(), result, request_id);
        AuditEvent { issuer: requester.issuer(), ..event }
    }

    /// Audit entry of an attempt that came to nothing.
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

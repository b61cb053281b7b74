//! Deletions that span a directory and the store: who is deleted there may be a member of tenants and own authorizations here.
//!
//! The directory goes first, so that nothing is taken from somebody who stays. Before it is asked, the deletion is in the journal,
//! and it leaves the journal when it is known what came of it and what hung on it here is gone. One that stays behind, because
//! its server ended or the directory did not answer, is settled by whichever server looks next.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tracing::error;

use super::{Caller, Gate, MemberDirectories, ServiceError, Written, forgetting};
use crate::apply::apply;
use crate::decide::Permit;
use crate::engine::{Engine, NotPermitted, Requester, WriteError};
use crate::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, Deletable, Deletion, Party};
use crate::port::{AuditDraft, DeletionJournal, DirectoryError, Ids, StoreError};
use crate::world::World;

/// How long a deletion is left to whoever began it. Settling one that is still under way does no harm, but costs.
const GRACE: Duration = Duration::from_secs(10);

/// How long the directory may have been asked and still be about to delete: longer than a call waits for its answer, and longer
/// than a directory works on what nobody waits for any more (Keycloak: five minutes).
const PATIENCE: Duration = Duration::from_secs(600);

/// The reason that the audit log has for what was found out afterwards.
const RECONCILED: &str = "reconciled";

/// Deletes in directories, and here what hung on who is gone.
pub struct Deletions {
    engine: Arc<Engine>,
    journal: Arc<dyn DeletionJournal>,
    ids: Arc<dyn Ids>,
    directories: MemberDirectories,
}

/// The completion of a deletion that its caller was permitted to begin. The directory has done its part, so what hangs on it
/// here goes, whatever the caller may do by then.
struct Completion<'d> {
    actor: &'d Actor,
    request_id: Option<&'d str>,
    permit: Permit,
}

impl<'d> Completion<'d> {
    fn by_caller(permit: Permit, deletion: &'d Deletion) -> Self {
        Self { actor: &deletion.actor, request_id: deletion.request_id.as_deref(), permit }
    }

    fn by_server(deletion: &'d Deletion) -> Self {
        let request_id = deletion.request_id.as_deref();
        Self { actor: &Actor::System, request_id, permit: Permit::of_the_server() }
    }
}

#[async_trait]
impl Requester for Completion<'_> {
    fn actor(&self) -> &Actor {
        self.actor
    }

    fn request_id(&self) -> Option<&str> {
        self.request_id
    }

    async fn permit(&self, _: &World, _: OffsetDateTime) -> Result<Permit, NotPermitted> {
        Ok(self.permit)
    }
}

/// What came of a deletion that stayed behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is gone, here as well.
    Done,
    /// It is still there, and stays.
    NotDone,
}

impl Settled {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not_done",
        }
    }
}

impl Deletions {
    /// Deletes from `directories`, and from the world of `engine`.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        journal: Arc<dyn DeletionJournal>,
        ids: Arc<dyn Ids>,
        directories: MemberDirectories,
    ) -> Self {
        Self { engine, journal, ids, directories }
    }

    /// Has a directory delete what `find` finds there, if the caller may, and takes away what hung on it here; also of what was
    /// gone from the directory already. What came of it is recorded.
    ///
    /// # Errors
    /// When they may not, the rules keep what hangs on it, or the directory or the store fails.
    pub(super) async fn delete(
        &self,
        gate: &Gate,
        caller: &Caller,
        attempt: AuditDraft,
        find: impl Future<Output = Result<Deletable, DirectoryError>> + Send,
        delete: impl Future<Output = Result<(), DirectoryError>> + Send,
    ) -> Result<Written, ServiceError> {
        gate.require(caller, &attempt).await?;
        let of = match find.await {
            Ok(of) => of,
            Err(error) => {
                self.engine.append(&gate.outcome(caller, attempt, Some(error.code()))).await;
                return Err(error.into());
            }
        };
        let permit = gate.permit(caller, &attempt).await?;
        if let Err(error) = self.must_let_go(permit, &of).await {
            if let WriteError::Refused(refusal) = &error {
                self.engine.append(&gate.outcome(caller, attempt, Some(refusal.code()))).await;
            }
            return Err(error.into());
        }
        let deletion = Deletion {
            id: self.ids.fresh(),
            of,
            actor: caller.actor.clone(),
            request_id: caller.request_id.clone(),
            at: self.engine.clock().now(),
        };
        self.journal.open(&deletion).await.map_err(ServiceError::Store)?;
        let mut deleted = delete.await;
        if matches!(deleted, Ok(()) | Err(DirectoryError::Missing(_)))
            && self.forget(&Completion::by_caller(permit, &deletion), &deletion).await?
        {
            // Another deletion of it was interrupted; this one finished it.
            deleted = Ok(());
        }
        let outcome = gate.outcome(caller, attempt, deleted.as_ref().err().map(DirectoryError::code));
        if matches!(deleted, Err(DirectoryError::Unavailable { .. })) {
            // Nobody knows whether it is gone: it stays in the journal.
            self.engine.append(&outcome).await;
        } else if let Err(error) = self.journal.close(&deletion.id, &outcome).await {
            error!(error = &error as &dyn std::error::Error, "deletion.close.failed");
        }
        deleted?;
        Ok(Written { value: (), revision: self.engine.world().revision() })
    }

    /// All deletions of which it is not known what came of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(&self) -> Result<Vec<Deletion>, StoreError> {
        self.journal.list().await
    }

    /// Whether a deletion has been left alone for long enough to be settled.
    #[must_use]
    pub fn is_due(&self, deletion: &Deletion) -> bool {
        self.is_older(deletion, GRACE)
    }

    /// Finds out what came of a deletion, and finishes it if the directory has done its part. `None` when the directory may still
    /// be at it, or somebody else was faster. Servers may do it at the same time.
    ///
    /// # Errors
    /// When the directory cannot be asked, the rules keep what hangs on it, or the store fails. It stays open then.
    pub async fn settle(&self, deletion: &Deletion) -> Result<Option<Settled>, ServiceError> {
        let settled = if self.is_there(&deletion.of).await? {
            if !self.is_older(deletion, PATIENCE) {
                return Ok(None);
            }
            Settled::NotDone
        } else {
            let completion = Completion::by_server(deletion);
            self.must_let_go(completion.permit, &deletion.of).await?;
            self.forget(&completion, deletion).await?;
            Settled::Done
        };
        let outcome = self.reconciled(deletion, settled);
        let closed = self.journal.close(&deletion.id, &outcome).await.map_err(ServiceError::Store)?;
        Ok(closed.then_some(settled))
    }

    /// Settles what was begun with this party, so that nothing of it is left for the next of the same id.
    pub(super) async fn settle_all_of(&self, party: &Party) -> Result<(), ServiceError> {
        let open = self.open().await.map_err(ServiceError::Store)?;
        for deletion in open.iter().filter(|deletion| deletion.of.party() == *party) {
            self.settle(deletion).await?;
        }
        Ok(())
    }

    /// Refuses when the rules keep what hangs on something: then it shall stay in its directory, too.
    async fn must_let_go(&self, permit: Permit, of: &Deletable) -> Result<(), WriteError> {
        self.engine.catch_up().await?;
        let world = self.engine.world();
        apply(&world, &forgetting(&world, &of.party()), permit.authority())?;
        Ok(())
    }

    /// Takes away everything that somebody who is gone is a member of or owns; says whether there was anything.
    async fn forget(&self, completion: &Completion<'_>, deletion: &Deletion) -> Result<bool, WriteError> {
        // Another replica may have given them something a moment ago.
        self.engine.catch_up().await?;
        let party = deletion.of.party();
        if forgetting(&self.engine.world(), &party).is_empty() {
            return Ok(false);
        }
        if !self.journal.list().await?.iter().any(|open| open.id == deletion.id) {
            // Somebody else has done it, and whoever has the id by now is another.
            return Ok(false);
        }
        let attempt = AuditDraft { operation: AuditOperation::Delete, entity: deletion.of.entity(), related: None };
        let plan = |world: &World| Ok(forgetting(world, &party));
        Ok(!self.engine.execute(completion, attempt, plan).await?.changes.is_empty())
    }

    async fn is_there(&self, of: &Deletable) -> Result<bool, DirectoryError> {
        let found = match of {
            Deletable::Group(id) => self.directories.groups.find(id).await.map(|_| ()),
            Deletable::Client(_, key) => self.directories.clients.find(key).await.map(|_| ()),
        };
        match found {
            Ok(()) => Ok(true),
            Err(DirectoryError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_older(&self, deletion: &Deletion, than: Duration) -> bool {
        self.engine.clock().now() - deletion.at >= than
    }

    /// The record of a deletion that was settled by the server, with who had asked for it.
    fn reconciled(&self, deletion: &Deletion, settled: Settled) -> AuditEvent {
        let related = match &deletion.actor {
            Actor::Principal(principal) => Some(AuditEntity::from(&Party::from(principal.clone()))),
            Actor::Anonymous | Actor::System => None,
        };
        let draft = AuditDraft { operation: AuditOperation::Delete, entity: deletion.of.entity(), related };
        let result = match settled {
            Settled::Done => AuditResult::Success,
            Settled::NotDone => AuditResult::Fail,
        };
        let now = self.engine.clock().now();
        let event = draft.event(now, Actor::System, result, deletion.request_id.clone());
        AuditEvent { reason: Some(RECONCILED.to_owned()), ..event }
    }
}

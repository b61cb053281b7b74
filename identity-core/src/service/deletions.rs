//! Deletions that span a directory and the store: an entity in the directory may have memberships and authorizations in
//! the store.
//!
//! A deletion is first recorded in the journal. Then the directory deletes the entity, and finally the store deletes
//! its memberships and authorizations. An entity that the directory fails to delete therefore keeps them. The journal
//! entry is removed once the outcome is known and the stored access is deleted. If the server stops or the directory
//! does not respond, the entry remains. Any replica then settles it later: it determines the outcome and completes the
//! deletion.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tracing::error;

use super::{Authorizer, Caller, MemberDirectories, ServiceError, Written, forgetting};
use crate::apply::apply;
use crate::decide::Permit;
use crate::engine::{Engine, NotPermitted, Origin, Requester, WriteError};
use crate::entity::{Actor, AuditDraft, AuditEntity, AuditEvent, AuditResult, Deletable, Deletion, Party};
use crate::port::{DeletionJournal, DirectoryError, Ids, StoreError};
use crate::world::World;

/// Minimum age of a deletion before a replica settles it. Settling a deletion that is still in progress is harmless but
/// costly.
const GRACE: Duration = Duration::from_secs(10);

/// Minimum age of a deletion before an entity that still exists counts as not deleted.
///
/// It exceeds the timeout of a call to the directory, and the time for which a directory continues to process an
/// aborted request (Keycloak: five minutes).
const GRACE_PERIOD: Duration = Duration::from_secs(600);

/// Audit reason of a deletion whose outcome was determined after an interruption.
const RECONCILED: &str = "reconciled";

/// Deletes groups and applications in directories, with their memberships and authorizations in the store.
pub struct Deletions {
    engine: Arc<Engine>,
    journal: Arc<dyn DeletionJournal>,
    ids: Arc<dyn Ids>,
    directories: MemberDirectories,
}

/// Requester that deletes the stored access of an entity which the directory has already deleted. It uses the permit
/// from the start of the deletion, even if the caller has lost the permission since.
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
    fn origin(&self) -> Origin<'_> {
        Origin { request_id: self.request_id, ..Origin::new(self.actor) }
    }

    async fn permit(&self, _: &World, _: OffsetDateTime) -> Result<Permit, NotPermitted> {
        Ok(self.permit)
    }
}

/// Outcome of a deletion that was settled after an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The entity no longer exists in the directory. Its memberships and authorizations are deleted.
    Done,
    /// The entity still exists in the directory and keeps its memberships and authorizations.
    NotDone,
}

impl Settled {
    /// Returns `done` or `not_done`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not_done",
        }
    }
}

impl Deletions {
    /// Creates the service. `directories` store the entities, `engine` their access, and `journal` the pending
    /// deletions.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        journal: Arc<dyn DeletionJournal>,
        ids: Arc<dyn Ids>,
        directories: MemberDirectories,
    ) -> Self {
        Self { engine, journal, ids, directories }
    }

    /// Deletes the entity that `find` returns by awaiting `delete`, a directory call. Then deletes its stored access.
    ///
    /// The stored access is also deleted if the directory no longer has the entity. Records the outcome in the audit
    /// log.
    ///
    /// # Errors
    /// When the caller lacks the permission, protection rules forbid the deletion of the stored access, or the
    /// directory or the store fails.
    pub(super) async fn delete(
        &self,
        authorizer: &Authorizer,
        caller: &Caller,
        attempt: AuditDraft,
        find: impl Future<Output = Result<Deletable, DirectoryError>> + Send,
        delete: impl Future<Output = Result<(), DirectoryError>> + Send,
    ) -> Result<Written, ServiceError> {
        authorizer.require(caller, &attempt).await?;
        let of = match find.await {
            Ok(of) => of,
            Err(error) => {
                self.engine.append(&authorizer.outcome(caller, attempt, Some(error.code()))).await;
                return Err(error.into());
            }
        };
        let attempt = AuditDraft { changes: of.audit_draft().changes, ..attempt };
        let permit = authorizer.permit(caller, &attempt).await?;
        if let Err(error) = self.must_let_go(permit, &of).await {
            if let WriteError::Refused(refusal) = &error {
                self.engine.append(&authorizer.outcome(caller, attempt, Some(refusal.code()))).await;
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
            // An earlier deletion was interrupted; this call finished it.
            deleted = Ok(());
        }
        let outcome = authorizer.outcome(caller, attempt, deleted.as_ref().err().map(DirectoryError::code));
        if matches!(deleted, Err(DirectoryError::Unavailable { .. })) {
            // The outcome is unknown, so the deletion stays in the journal.
            self.engine.append(&outcome).await;
        } else if let Err(error) = self.journal.close(&deletion.id, &outcome).await {
            error!(error = &error as &dyn std::error::Error, "deletion.close.failed");
        }
        deleted?;
        Ok(Written { value: (), revision: self.engine.world().revision() })
    }

    /// Returns all deletions whose outcome is not recorded yet, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(&self) -> Result<Vec<Deletion>, StoreError> {
        self.journal.list().await
    }

    /// Whether a deletion is at least 10 seconds old and may be settled.
    #[must_use]
    pub fn is_due(&self, deletion: &Deletion) -> bool {
        self.is_older(deletion, GRACE)
    }

    /// Determines from the directory whether a deletion took place, and if so deletes the stored access of the entity.
    /// Replicas may call it concurrently.
    ///
    /// Returns `None` if the directory may still delete the entity, or if another replica has settled the deletion.
    ///
    /// # Errors
    /// When the directory is unavailable, protection rules forbid the deletion of the stored access, or the store
    /// fails. The deletion then remains in the journal.
    pub async fn settle(&self, deletion: &Deletion) -> Result<Option<Settled>, ServiceError> {
        let settled = if self.is_there(&deletion.of).await? {
            if !self.is_older(deletion, GRACE_PERIOD) {
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

    /// Settles all pending deletions of a party, so that a new entity with the same ID inherits no access.
    pub(super) async fn settle_all_of(&self, party: &Party) -> Result<(), ServiceError> {
        let open = self.open().await.map_err(ServiceError::Store)?;
        for deletion in open.iter().filter(|deletion| deletion.of.party() == *party) {
            self.settle(deletion).await?;
        }
        Ok(())
    }

    /// Fails if protection rules, such as lock-out protection, forbid the deletion of the entity's stored access. Call
    /// it before the entity is deleted in its directory.
    async fn must_let_go(&self, permit: Permit, of: &Deletable) -> Result<(), WriteError> {
        self.engine.catch_up().await?;
        let world = self.engine.world();
        apply(&world, &forgetting(&world, &of.party()), permit.authority())?;
        Ok(())
    }

    /// Deletes the stored memberships and authorizations of a deleted entity. Returns whether any were deleted.
    async fn forget(&self, completion: &Completion<'_>, deletion: &Deletion) -> Result<bool, WriteError> {
        // Reads the latest revision, because another replica may have just added memberships or authorizations.
        self.engine.catch_up().await?;
        let party = deletion.of.party();
        if forgetting(&self.engine.world(), &party).is_empty() {
            return Ok(false);
        }
        if !self.journal.list().await?.iter().any(|open| open.id == deletion.id) {
            // Another replica has settled the deletion. An entity with this ID, if any, has been created since.
            return Ok(false);
        }
        let attempt = deletion.of.audit_draft();
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

    /// Returns the audit event of a deletion that the server settled. The principal that requested the deletion is the
    /// related entity.
    fn reconciled(&self, deletion: &Deletion, settled: Settled) -> AuditEvent {
        let related = match &deletion.actor {
            Actor::Principal(principal) => Some(AuditEntity::from(&Party::from(principal.clone()))),
            Actor::Anonymous | Actor::System => None,
        };
        let draft = AuditDraft { related, ..deletion.of.audit_draft() };
        let result = match settled {
            Settled::Done => AuditResult::Success,
            Settled::NotDone => AuditResult::Fail,
        };
        let now = self.engine.clock().now();
        let event = draft.event(now, Actor::System, result, deletion.request_id.clone());
        AuditEvent { reason: Some(RECONCILED.to_owned()), ..event }
    }
}

//! Optimistic concurrency control in the services: changes that are meant for one version of an entity.

use super::{Authorizer, Caller, ServiceError};
use crate::entity::{AuditDraft, AuditEntity, EntityKind};
use crate::port::{AuditText, DirectoryError};
use crate::value::Version;

impl Authorizer {
    /// Builds the error of a change that is meant for another version of an entity, with the entry of its last change.
    pub(super) async fn changed(&self, caller: &Caller, entity: AuditEntity) -> ServiceError {
        let is_shown = !entity.key.is_empty() && self.shows(caller, EntityKind::AuditLog, AuditText::CATEGORY);
        let last = if is_shown { self.engine().last_change(&entity).await } else { None };
        ServiceError::Changed { entity, last: last.map(Box::new) }
    }

    /// Checks that an entity of a directory has one of the versions that the caller expects, if any. `current` queries
    /// its version. Directories have no conditional updates: a change between this check and the write is not noticed.
    ///
    /// # Errors
    /// When the caller lacks the permission, the entity has another version, or the directory fails.
    pub(super) async fn require_unchanged(
        &self,
        caller: &Caller,
        attempt: &AuditDraft,
        current: impl Future<Output = Result<Version, DirectoryError>> + Send,
    ) -> Result<(), ServiceError> {
        if caller.expected.is_none() {
            return Ok(());
        }
        self.require(caller, attempt).await?;
        let Err(refusal) = caller.expects(&attempt.entity, current.await?) else { return Ok(()) };
        self.engine().append(&self.outcome(caller, attempt.clone(), Some(refusal.code()))).await;
        Err(self.changed(caller, attempt.entity.clone()).await)
    }
}

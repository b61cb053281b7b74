//! Port of the deletion journal, from which deletions in a directory are completed after a crash.

use async_trait::async_trait;

use super::StoreError;
use crate::entity::{AuditEvent, Deletion};

/// Stores open deletions: those that were started and whose outcome is not recorded yet. Shared by all replicas.
///
/// Contract: once [`DeletionJournal::open`] has returned, every replica lists the deletion until it is closed, even
/// after a crash. Times are kept with microsecond precision. U+0000 in request ids is replaced by U+FFFD.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DeletionJournal: Send + Sync {
    /// Records a deletion before it is attempted. Fails with [`StoreError::Conflict`] if the id already exists.
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError>;

    /// Removes a deletion and appends its outcome to the audit log, atomically. Returns true if the deletion was open.
    /// If several callers close it at the same time, only one receives true and only one audit entry is written.
    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError>;

    /// Lists all open deletions, oldest first.
    async fn list(&self) -> Result<Vec<Deletion>, StoreError>;
}

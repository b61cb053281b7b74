//! What is being deleted in a directory, so that a deletion that was interrupted is finished.

use async_trait::async_trait;

use super::StoreError;
use crate::entity::{AuditEvent, Deletion};

/// The deletions of which nobody knows yet what came of them, for all replicas.
///
/// Contract: once [`DeletionJournal::open`] has returned, the deletion is listed, on every replica and also after a crash, until
/// it is closed. Times are kept to the microsecond, and U+FFFD for U+0000 in request ids.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DeletionJournal: Send + Sync {
    /// Keeps that a deletion is attempted. [`StoreError::Conflict`] when there is one of its id.
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError>;

    /// Forgets the deletion of this id and writes into the audit log what came of it, both or neither. Says whether it was open:
    /// of many who close it one is told, and one entry is written.
    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError>;

    /// All that are open, oldest first.
    async fn list(&self) -> Result<Vec<Deletion>, StoreError>;
}

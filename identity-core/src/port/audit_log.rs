//! What was done and refused.

use async_trait::async_trait;

use super::{AuditQuery, StoreError};
use crate::entity::AuditEvent;
use crate::search::Found;

/// The audit log. Changes are written with their commit ([`PolicyStore`](super::PolicyStore)); refusals, which change
/// nothing, through [`AuditLog::append`].
///
/// Contract: entries are only ever added. Keys ascend in the order of writing. Entries are kept
/// [as stored](AuditEvent::as_stored). All stores find the same, in the same order.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry and returns its key. The key that `event` carries is ignored.
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError>;

    /// The entry of this key.
    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError>;

    /// The entries that the query asks for, and how many there are in all, at one moment.
    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError>;
}

//! What was done and refused.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{AuditQuery, StoreError};
use crate::entity::AuditEvent;
use crate::search::Found;

/// The audit log. Changes are written with their commit ([`PolicyStore`](super::PolicyStore)); refusals, which change
/// nothing, through [`AuditLog::append`].
///
/// Contract: entries are never changed, and removed by [`AuditLog::prune`] alone. Keys ascend in the order of writing. Entries are kept
/// [as stored](AuditEvent::as_stored). All stores find the same, in the same order.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry and returns its key. The key that `event` carries is ignored.
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError>;

    /// The entry of this key.
    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError>;

    /// Removes entries that were made before `before`, and those beyond the newest `keep`, oldest first: at most `batch`.
    /// Entries are counted by their keys, so gaps count too. The newest entry stays. Returns the number of
    /// removed entries.
    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError>;

    /// The number of entries, by their keys: an upper bound that costs nothing.
    async fn size(&self) -> Result<u64, StoreError>;

    /// The entries that the query asks for, and how many there are in all, at one moment.
    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError>;
}

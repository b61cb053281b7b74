//! Port of the audit log.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{AuditQuery, StoreError};
use crate::entity::AuditEvent;
use crate::search::Found;

/// Stores audit entries. The entries of a change are written together with its commit
/// ([`PolicyStore`](super::PolicyStore)). [`AuditLog::append`] writes all other entries: rejected operations, commands
/// without effect, and changes in a directory.
///
/// Contract: entries are immutable, and only [`AuditLog::prune`] removes them. Keys ascend in write order. Entries are
/// returned [as stored](AuditEvent::as_stored). All stores return the same results for a search, in the same order.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends entries in one transaction: all or none. Returns their keys, which ascend in the order of `events`; the
    /// keys in `events` are ignored. Completes or fails within a few seconds. A batch that consists of
    /// [denials](AuditEvent::is_denial) only may be delayed, so that changes get most of the database time.
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError>;

    /// Returns the entry with this key.
    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError>;

    /// Removes entries older than `before`, and entries beyond the newest `keep`: oldest first, at most `batch`.
    /// Entries are counted by their keys, so that gaps count as entries. The newest entry is never removed. Returns the
    /// number of removed entries.
    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError>;

    /// Number of entries, computed from the keys: an upper bound, at constant cost.
    async fn size(&self) -> Result<u64, StoreError>;

    /// Returns the entries of a query and the total number of matches, both from one snapshot.
    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError>;
}

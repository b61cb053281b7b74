//! Port of the audit log: an append-only record of operations, who attempted them and their results.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{AuditQuery, StoreError};
use crate::entity::AuditEvent;
use crate::search::Found;

/// Stores audit entries. [`PolicyStore`](super::PolicyStore) writes the entries of a change together with its commit.
/// [`AuditLog::append`] writes all other entries: rejections, commands without effect and directory changes.
///
/// Contract: entries are immutable, and only [`AuditLog::prune`] removes them. Keys ascend in write order. Entries are
/// returned [as stored](AuditEvent::as_stored). All stores return the same results for a search, in the same order.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends all entries or none, in one transaction, and returns their keys in the order of `events`. The keys in
    /// `events` are ignored. Completes or fails within a few seconds. A batch of [denials](AuditEvent::is_denial) only
    /// may be delayed, so that changes get most of the database time.
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError>;

    /// Returns the entry with this key. `None` if it never existed or was pruned.
    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError>;

    /// Removes entries older than `before` or beyond the newest `keep`: oldest first, at most `batch`. Entries are
    /// counted by their keys, so that gaps count as entries. The newest entry is never removed. Returns the number of
    /// removed entries.
    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError>;

    /// Returns an upper bound of the number of entries, computed from the lowest and highest key at constant cost.
    async fn size(&self) -> Result<u64, StoreError>;

    /// Returns the entries in the window of the query and the total number of matches, both from one snapshot.
    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError>;

    /// Returns the entries in the window of the query, in its order, without counting all matches. Readers of many pages
    /// use it. The default calls [`AuditLog::search`].
    async fn page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        Ok(self.search(query).await?.items)
    }
}

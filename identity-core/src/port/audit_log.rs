//! What was done and refused.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::entity::{AuditEvent, AuditResult, EntityKind};

/// The audit log. Changes are written with their commit ([`PolicyStore`](super::PolicyStore)); refusals, which change
/// nothing, through [`AuditLog::append`].
///
/// Contract: entries are only ever added. Keys ascend in the order of writing. Times are kept to the microsecond.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry and returns its key. The key that `event` carries is ignored.
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError>;

    /// The entry of this key.
    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError>;

    /// The newest entries that pass `filter`, newest first, at most `limit`; with `before`, only those with a smaller key.
    async fn newest(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError>;
}

/// Which entries to show: those for which every part that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The username or client id of the actor.
    pub actor: Option<String>,
    /// The kind of thing.
    pub entity: Option<EntityKind>,
    /// The key of the thing.
    pub entity_key: Option<String>,
    /// How it ended.
    pub result: Option<AuditResult>,
    /// Not before.
    pub from: Option<OffsetDateTime>,
    /// Before.
    pub until: Option<OffsetDateTime>,
}

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::lock;
use crate::entity::{AuditEvent, to_microsecond};
use crate::port::{AuditFilter, AuditLog, StoreError};

/// An [`AuditLog`] in memory. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct MemoryAuditLog {
    events: Arc<Mutex<Vec<AuditEvent>>>,
}

impl MemoryAuditLog {
    pub(super) fn add(&self, event: &AuditEvent) -> u64 {
        let mut events = lock(&self.events);
        let key = events.last().map_or(0, |newest| newest.key) + 1;
        events.push(AuditEvent { key, at: to_microsecond(event.at), ..event.clone() });
        key
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<AuditEvent> {
        lock(&self.events).clone()
    }
}

#[async_trait]
impl AuditLog for MemoryAuditLog {
    async fn append(&self, event: &AuditEvent) -> Result<u64, StoreError> {
        Ok(self.add(event))
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        Ok(lock(&self.events).iter().find(|event| event.key == key).cloned())
    }

    async fn newest(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let events = lock(&self.events);
        let older = events.iter().rev().filter(|event| before.is_none_or(|before| event.key < before));
        let passing = older.filter(|event| passes(filter, event));
        Ok(passing.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}

fn passes(filter: &AuditFilter, event: &AuditEvent) -> bool {
    filter.actor.as_deref().is_none_or(|actor| event.actor.id() == Some(actor))
        && filter.entity.is_none_or(|kind| event.entity.kind == kind)
        && filter.entity_key.as_ref().is_none_or(|key| event.entity.key == *key)
        && filter.result.is_none_or(|result| event.result == result)
        && filter.from.is_none_or(|from| event.at >= to_microsecond(from))
        && filter.until.is_none_or(|until| event.at < to_microsecond(until))
}

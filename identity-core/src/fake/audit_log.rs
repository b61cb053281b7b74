use std::cmp::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::lock;
use crate::entity::AuditEvent;
use crate::port::{AuditLog, AuditPosition, AuditQuery, StoreError};
use crate::search::{Found, Order};
use crate::value::to_microsecond;

/// [`AuditLog`] in memory. Empty by default. Clones share the entries.
#[derive(Clone, Debug, Default)]
pub struct MemoryAuditLog {
    events: Arc<Mutex<Vec<AuditEvent>>>,
}

impl MemoryAuditLog {
    pub(super) fn add(&self, event: &AuditEvent) -> u64 {
        let mut events = lock(&self.events);
        let key = events.last().map_or(0, |newest| newest.key) + 1;
        events.push(AuditEvent { key, ..event.as_stored() });
        key
    }

    /// Returns copies of all entries, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<AuditEvent> {
        lock(&self.events).clone()
    }
}

#[async_trait]
impl AuditLog for MemoryAuditLog {
    async fn append(&self, events: &[AuditEvent]) -> Result<Vec<u64>, StoreError> {
        Ok(events.iter().map(|event| self.add(event)).collect())
    }

    async fn prune(&self, before: OffsetDateTime, keep: u64, batch: u32) -> Result<u64, StoreError> {
        let before = to_microsecond(before);
        let mut events = lock(&self.events);
        let newest = events.last().map_or(0, |newest| newest.key);
        let is_old = |event: &AuditEvent| event.at < before || event.key <= newest.saturating_sub(keep);
        let oldest = events.iter().take(batch as usize);
        let old: Vec<u64> = oldest.filter(|event| event.key < newest && is_old(event)).map(|event| event.key).collect();
        events.retain(|event| !old.contains(&event.key));
        Ok(old.len() as u64)
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let events = lock(&self.events);
        Ok(events.first().zip(events.last()).map_or(0, |(first, last)| last.key - first.key + 1))
    }

    async fn find(&self, key: u64) -> Result<Option<AuditEvent>, StoreError> {
        Ok(lock(&self.events).iter().find(|event| event.key == key).cloned())
    }

    async fn search(&self, query: &AuditQuery) -> Result<Found<AuditEvent>, StoreError> {
        let mut found: Vec<(AuditPosition, AuditEvent)> = self
            .events()
            .into_iter()
            .filter(|event| query.filter().matches(event))
            .map(|event| (AuditPosition::of(&event, query.order()), event))
            .collect();
        found.sort_by(|(one, _), (other, _)| compare(query, one, other));
        let total = found.len();
        let after = |place: &AuditPosition| query.position().is_none_or(|start| compare(query, place, start).is_gt());
        let part = found.into_iter().filter(|(place, _)| after(place)).map(|(_, event)| event);
        Ok(query.found(part.skip(query.offset()).take(query.limit()).collect(), total))
    }
}

fn compare(query: &AuditQuery, one: &AuditPosition, other: &AuditPosition) -> Ordering {
    let directed = |order, ordering: Ordering| if order == Order::Descending { ordering.reverse() } else { ordering };
    // A missing field sorts after every text in ascending order.
    let rank = |field: &Option<String>| (field.is_none(), field.clone());
    let fields = one.fields.iter().zip(&other.fields).zip(query.order());
    fields
        .map(|((one, other), by)| directed(by.order, rank(one).cmp(&rank(other))))
        .find(|ordering| ordering.is_ne())
        .unwrap_or_else(|| directed(query.key_order(), one.key.cmp(&other.key)))
}

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::{MemoryAuditLog, lock};
use crate::entity::{AuditEvent, Deletion};
use crate::port::{DeletionJournal, StoreError};
use crate::value::{storable, to_microsecond};

/// [`DeletionJournal`] in memory. Empty by default. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct MemoryDeletionJournal {
    open: Arc<Mutex<BTreeMap<String, Deletion>>>,
    audit: MemoryAuditLog,
}

impl MemoryDeletionJournal {
    /// Creates an empty journal that writes the outcomes of closed deletions to `audit`.
    #[must_use]
    pub fn new(audit: MemoryAuditLog) -> Self {
        Self { open: Arc::default(), audit }
    }
}

#[async_trait]
impl DeletionJournal for MemoryDeletionJournal {
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let mut open = lock(&self.open);
        if open.contains_key(&deletion.id) {
            return Err(StoreError::Conflict);
        }
        let request_id = deletion.request_id.as_deref().map(|text| storable(text).into_owned());
        let stored = Deletion { at: to_microsecond(deletion.at), request_id, ..deletion.clone() };
        open.insert(deletion.id.clone(), stored);
        Ok(())
    }

    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError> {
        let mut open = lock(&self.open);
        let closed = open.remove(id).is_some();
        if closed {
            self.audit.add(outcome);
        }
        Ok(closed)
    }

    async fn list(&self) -> Result<Vec<Deletion>, StoreError> {
        let mut open: Vec<Deletion> = lock(&self.open).values().cloned().collect();
        open.sort_by_key(|deletion| deletion.at);
        Ok(open)
    }
}

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::lock;
use crate::entity::Principal;
use crate::port::{AppliedDocument, InstallationStore, StoreError, TokenCutoff, TokenCutoffStore};
use crate::value::{DocumentName, to_microsecond};

/// [`InstallationStore`] and [`TokenCutoffStore`] in memory. Clones share one state, like replicas on one database.
#[derive(Clone, Debug, Default)]
pub struct MemoryInstallation {
    id: Arc<Mutex<Option<String>>>,
    documents: Arc<Mutex<BTreeMap<DocumentName, AppliedDocument>>>,
    cutoffs: Arc<Mutex<BTreeMap<Principal, (OffsetDateTime, OffsetDateTime)>>>,
}

#[async_trait]
impl InstallationStore for MemoryInstallation {
    async fn installation_id(&self, fresh: &str) -> Result<String, StoreError> {
        Ok(lock(&self.id).get_or_insert_with(|| fresh.to_owned()).clone())
    }

    async fn put_document(&self, document: &AppliedDocument) -> Result<(), StoreError> {
        let document = AppliedDocument { at: to_microsecond(document.at), ..document.clone() };
        let mut documents = lock(&self.documents);
        if documents.get(&document.name).is_none_or(|kept| kept.revision <= document.revision) {
            documents.insert(document.name.clone(), document);
        }
        Ok(())
    }

    async fn remove_document(&self, name: &DocumentName) -> Result<(), StoreError> {
        lock(&self.documents).remove(name);
        Ok(())
    }

    async fn documents(&self) -> Result<Vec<AppliedDocument>, StoreError> {
        Ok(lock(&self.documents).values().cloned().collect())
    }
}

#[async_trait]
impl TokenCutoffStore for MemoryInstallation {
    async fn put(&self, cutoff: &TokenCutoff) -> Result<(), StoreError> {
        let (not_before, expires_at) = (to_microsecond(cutoff.not_before), to_microsecond(cutoff.expires_at));
        let mut cutoffs = lock(&self.cutoffs);
        let kept = cutoffs.entry(cutoff.principal.clone()).or_insert((not_before, expires_at));
        *kept = (kept.0.max(not_before), kept.1.max(expires_at));
        Ok(())
    }

    async fn load(&self, now: OffsetDateTime) -> Result<Vec<TokenCutoff>, StoreError> {
        let cutoffs = lock(&self.cutoffs);
        let valid = cutoffs.iter().filter(|(_, (_, expires_at))| *expires_at > now);
        Ok(valid
            .map(|(principal, (not_before, expires_at))| TokenCutoff {
                principal: principal.clone(),
                not_before: *not_before,
                expires_at: *expires_at,
            })
            .collect())
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut cutoffs = lock(&self.cutoffs);
        let before = cutoffs.len();
        cutoffs.retain(|_, (_, expires_at)| *expires_at > now);
        Ok(u64::try_from(before - cutoffs.len()).unwrap_or(u64::MAX))
    }
}

//! Check that a recipient exists in its directory before it is granted access.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::MemberDirectories;
use crate::apply::Refusal;
use crate::engine::{NotPermitted, Recipients};
use crate::entity::{AuditEntity, Party};
use crate::port::{DeletionJournal, DirectoryError};

/// Time after which the client may retry if the directory fails without stating a time.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Confirms, before access is granted, that its recipients exist in their directory and are not being deleted.
pub struct DirectoryRecipients {
    journal: Arc<dyn DeletionJournal>,
    directories: MemberDirectories,
}

impl DirectoryRecipients {
    /// Creates the check against `directories`. Parties with a pending deletion in `journal` are refused.
    #[must_use]
    pub fn new(journal: Arc<dyn DeletionJournal>, directories: MemberDirectories) -> Self {
        Self { journal, directories }
    }
}

#[async_trait]
impl Recipients for DirectoryRecipients {
    async fn confirm(&self, parties: &BTreeSet<Party>) -> Result<(), NotPermitted> {
        let open = self.journal.list().await?;
        if let Some(deletion) = open.iter().find(|deletion| parties.contains(&deletion.of.party())) {
            return Err(Refusal::BeingDeleted(AuditEntity::from(&deletion.of.party())).into());
        }
        match self.directories.absent(parties).await {
            Ok(None) => Ok(()),
            Ok(Some(party)) => Err(Refusal::Missing(AuditEntity::from(&party)).into()),
            Err(DirectoryError::Unavailable { retry_after, .. }) => Err(NotPermitted::Unavailable { retry_after }),
            Err(_) => Err(NotPermitted::Unavailable { retry_after: RETRY_AFTER }),
        }
    }
}

//! The contracts, on the in-memory fakes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_conformance::{Backend, Stores};
use identity_core::fake::{MemoryDeletionJournal, MemoryInstallation, MemoryPolicyStore, MemorySessionStore};
use identity_core::port::LocalLocks;

struct Memory {
    policy: MemoryPolicyStore,
    sessions: MemorySessionStore,
    deletions: MemoryDeletionJournal,
    locks: LocalLocks,
    installation: MemoryInstallation,
}

impl Memory {
    fn new() -> Self {
        let policy = MemoryPolicyStore::default();
        let deletions = MemoryDeletionJournal::new(policy.audit_log());
        Self {
            policy,
            sessions: MemorySessionStore::default(),
            deletions,
            locks: LocalLocks::default(),
            installation: MemoryInstallation::default(),
        }
    }
}

#[async_trait]
impl Backend for Memory {
    async fn open(&self, _polling: Duration) -> Stores {
        Stores {
            policy: Arc::new(self.policy.clone()),
            sessions: Arc::new(self.sessions.clone()),
            audit: Arc::new(self.policy.audit_log()),
            deletions: Arc::new(self.deletions.clone()),
            locks: Arc::new(self.locks.clone()),
            installation: Arc::new(self.installation.clone()),
            cutoffs: Arc::new(self.installation.clone()),
        }
    }

    async fn prune(&self, keep: u64) {
        self.policy.prune(usize::try_from(keep).unwrap_or(usize::MAX));
    }
}

async fn run(_name: &str, case: impl AsyncFnOnce(&dyn Backend)) {
    case(&Memory::new()).await;
}

mod policy_commits {
    identity_conformance::policy_commits_suite!(super::run);
}

mod policy_store {
    identity_conformance::policy_store_suite!(super::run);
}

mod session_store {
    identity_conformance::session_store_suite!(super::run);
}

mod audit_log {
    identity_conformance::audit_log_suite!(super::run);
}

mod entity_locks {
    identity_conformance::entity_locks_suite!(super::run);
}

mod installation {
    identity_conformance::installation_suite!(super::run);
}

mod deletion_journal {
    identity_conformance::deletion_journal_suite!(super::run);
}

//! The contracts, on the in-memory fakes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_conformance::{Backend, Stores};
use identity_core::fake::{MemoryPolicyStore, MemorySessionStore};

#[derive(Default)]
struct Memory {
    policy: MemoryPolicyStore,
    sessions: MemorySessionStore,
}

#[async_trait]
impl Backend for Memory {
    async fn open(&self, _polling: Duration) -> Stores {
        Stores {
            policy: Arc::new(self.policy.clone()),
            sessions: Arc::new(self.sessions.clone()),
            audit: Arc::new(self.policy.audit_log()),
        }
    }

    async fn prune(&self, keep: u64) {
        self.policy.prune(usize::try_from(keep).unwrap_or(usize::MAX));
    }
}

async fn run(_name: &str, case: impl AsyncFnOnce(&dyn Backend)) {
    case(&Memory::default()).await;
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

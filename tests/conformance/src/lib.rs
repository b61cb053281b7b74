//! One suite per port, run on every adapter.
//!
//! A suite is a module of cases, each a sentence of the port's contract. The macros [`policy_store_suite!`],
//! [`session_store_suite!`], [`audit_log_suite!`], [`deletion_journal_suite!`] and [`entity_locks_suite!`] make one named test of each case; they take the function that runs a
//! case on an adapter: `async fn(name: &str, case: impl AsyncFnOnce(&dyn Backend))`. [`directory_suite!`] takes the function
//! that makes a fresh directory.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "these are tests")]
#![expect(clippy::panic, reason = "these are tests")]

pub mod audit_log;
pub mod audit_pages;
pub mod audit_search;
pub mod deletion_journal;
pub mod directories;
pub mod entity_locks;
pub mod installation;
pub mod policy_commits;
pub mod policy_store;
pub mod sample;
pub mod session_store;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_core::port::{
    AuditLog, DeletionJournal, EntityLocks, InstallationStore, PolicyStore, SessionStore, TokenCutoffStore,
};

/// An interval at which nobody polls within a test.
pub const NEVER: Duration = Duration::from_secs(3600);
/// An interval that is over soon.
pub const SOON: Duration = Duration::from_millis(20);
/// What takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Fresh storage under an adapter.
#[async_trait]
pub trait Backend: Send + Sync {
    /// A replica: another instance of the stores, on the same storage.
    async fn open(&self, polling: Duration) -> Stores;

    /// Forgets all but the newest `keep` entries of the change log.
    async fn prune(&self, keep: u64);
}

/// The ports of one replica.
#[derive(Clone)]
pub struct Stores {
    /// The world.
    pub policy: Arc<dyn PolicyStore>,
    /// Browser sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// What was done and refused.
    pub audit: Arc<dyn AuditLog>,
    /// Deletions in a directory.
    pub deletions: Arc<dyn DeletionJournal>,
    /// One change per entity of a directory at a time.
    pub locks: Arc<dyn EntityLocks>,
    /// The installation's id.
    pub installation: Arc<dyn InstallationStore>,
    /// Tokens that are no longer believed.
    pub cutoffs: Arc<dyn TokenCutoffStore>,
}

/// One named test for each case.
#[macro_export]
macro_rules! cases {
    ($run:path, $suite:ident: $($case:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $run(stringify!($case), $crate::$suite::$case).await;
        }
    )+ };
}

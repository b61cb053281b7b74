//! One suite per port, run on every adapter.
//!
//! A suite is a module of cases; each case checks one rule of the port's contract. The macros [`policy_store_suite!`],
//! [`policy_commits_suite!`], [`session_store_suite!`], [`audit_log_suite!`], [`deletion_journal_suite!`],
//! [`entity_locks_suite!`] and [`installation_suite!`] define one test per case. Their argument is a function that runs
//! a case on an adapter: `async fn(name: &str, case: impl AsyncFnOnce(&dyn Backend))`. The argument of
//! [`directory_suite!`] is a function that creates a new directory.

#![expect(missing_docs, reason = "the name of a case is the rule that it checks")]
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

/// A polling interval longer than any test.
pub const NEVER: Duration = Duration::from_secs(3600);
/// A short polling interval.
pub const SOON: Duration = Duration::from_millis(20);
/// Time after which an operation counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// New storage of an adapter.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Opens a replica: another instance of the stores on the same storage.
    async fn open(&self, polling: Duration) -> Stores;

    /// Deletes all but the newest `keep` entries of the change log.
    async fn prune(&self, keep: u64);
}

/// The ports of one replica.
#[derive(Clone)]
pub struct Stores {
    /// The world.
    pub policy: Arc<dyn PolicyStore>,
    /// Browser sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Records of operations and denials.
    pub audit: Arc<dyn AuditLog>,
    /// Deletions in a directory.
    pub deletions: Arc<dyn DeletionJournal>,
    /// Locks that serialize the changes of each directory entity.
    pub locks: Arc<dyn EntityLocks>,
    /// ID of the installation.
    pub installation: Arc<dyn InstallationStore>,
    /// Cutoff times of revoked tokens.
    pub cutoffs: Arc<dyn TokenCutoffStore>,
}

/// Defines a test for each case.
#[macro_export]
macro_rules! cases {
    ($run:path, $suite:ident: $($case:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $run(stringify!($case), $crate::$suite::$case).await;
        }
    )+ };
}

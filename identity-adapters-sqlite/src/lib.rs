//! Identity's stores on embedded SQLite: one file, on one machine.
//!
//! Readers and the single writer have separate connections; in WAL mode neither waits for the other. Every commit is on
//! disk (`synchronous=FULL`) when it is acknowledged. Several processes may share the file; a commit of one process
//! becomes visible to the others after the polling interval.

mod audit;
mod database;
mod deletions;
mod dialect;
mod error;
mod installation;
mod limit;
mod locks;
mod migrate;
mod policy;
mod sessions;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use identity_core::port::StoreError;

pub use audit::SqliteAuditLog;
pub use deletions::SqliteDeletionJournal;
pub use installation::SqliteInstallation;
pub use locks::SqliteEntityLocks;
pub use policy::SqlitePolicyStore;
pub use sessions::SqliteSessionStore;

use database::Database;

/// All stores, in one file.
#[derive(Clone, Debug)]
pub struct SqliteStores {
    /// The policy data.
    pub policy: Arc<SqlitePolicyStore>,
    /// Browser sessions.
    pub sessions: Arc<SqliteSessionStore>,
    /// The audit log of performed and denied operations.
    pub audit: Arc<SqliteAuditLog>,
    /// Journal of the deletions in progress in a directory.
    pub deletions: Arc<SqliteDeletionJournal>,
    /// Locks that serialize changes to a directory entity.
    pub locks: Arc<SqliteEntityLocks>,
    /// The installation's id, and token cutoffs.
    pub installation: Arc<SqliteInstallation>,
    database: Arc<Database>,
}

impl SqliteStores {
    /// Default polling interval for changes by other processes.
    pub const POLLING: Duration = Duration::from_secs(1);

    /// Opens the file and runs pending schema migrations. A missing file or directory is created, readable by the owner
    /// only.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if the file belongs to a newer server or its schema was modified, and
    /// [`StoreError::Unavailable`] if it cannot be opened.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_polling(path, Self::POLLING).await
    }

    /// As [`Self::open`], with another polling interval.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_polling(path: impl AsRef<Path>, polling: Duration) -> Result<Self, StoreError> {
        let database = Arc::new(Database::open(path.as_ref())?);
        migrate::migrate(&database).await?;
        Ok(Self {
            policy: Arc::new(SqlitePolicyStore::new(Arc::clone(&database), polling)),
            sessions: Arc::new(SqliteSessionStore::new(Arc::clone(&database))),
            audit: Arc::new(SqliteAuditLog::new(Arc::clone(&database))),
            deletions: Arc::new(SqliteDeletionJournal::new(Arc::clone(&database))),
            installation: Arc::new(SqliteInstallation::new(Arc::clone(&database))),
            locks: Arc::new(SqliteEntityLocks::new(path.as_ref())),
            database,
        })
    }

    /// Waits for work in progress, for a limited time, and closes the file.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

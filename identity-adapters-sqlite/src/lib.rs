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

/// All stores in one SQLite file. Clones share the connections.
#[derive(Clone, Debug)]
pub struct SqliteStores {
    /// Policy data with its change log.
    pub policy: Arc<SqlitePolicyStore>,
    /// Browser sessions, one-time keys, and client addresses that are familiar for a user.
    pub sessions: Arc<SqliteSessionStore>,
    /// Audit log of performed and denied operations.
    pub audit: Arc<SqliteAuditLog>,
    /// Journal of deletions that are in progress in a directory.
    pub deletions: Arc<SqliteDeletionJournal>,
    /// Locks that serialize changes to a directory entity, in this process and others.
    pub locks: Arc<SqliteEntityLocks>,
    /// Id of the installation, and token cutoffs.
    pub installation: Arc<SqliteInstallation>,
    database: Arc<Database>,
}

impl SqliteStores {
    /// Default polling interval for commits of other processes: one second.
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

    /// Opens the file like [`Self::open`], with another polling interval.
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

    /// Closes the file. Waits for statements in progress, at most 15 s for each pool of connections.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

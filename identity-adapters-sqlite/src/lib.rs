//! The stores of Identity on embedded SQLite: one file, for one machine.
//!
//! Readers and the single writer have connections of their own; in WAL mode neither waits for the other. Every commit is on
//! the disk (`synchronous=FULL`) when it is acknowledged. Several processes may share the file; what one of them commits,
//! the others see after the polling interval.

mod audit;
mod database;
mod deletions;
mod error;
mod installation;
mod limit;
mod locks;
mod migrate;
mod policy;
mod sessions;
mod timestamp;

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

/// All stores, on one file.
#[derive(Clone, Debug)]
pub struct SqliteStores {
    /// The world.
    pub policy: Arc<SqlitePolicyStore>,
    /// Browser sessions.
    pub sessions: Arc<SqliteSessionStore>,
    /// What was done and refused.
    pub audit: Arc<SqliteAuditLog>,
    /// Deletions in a directory.
    pub deletions: Arc<SqliteDeletionJournal>,
    /// One change per entity of a directory at a time.
    pub locks: Arc<SqliteEntityLocks>,
    /// The installation's id, and cutoffs of tokens.
    pub installation: Arc<SqliteInstallation>,
    database: Arc<Database>,
}

impl SqliteStores {
    /// How long a change by another process may stay unseen.
    pub const POLLING: Duration = Duration::from_secs(1);

    /// Opens the file and brings its schema up to date. What is missing is created, for the owner's eyes only.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when the file belongs to a newer server or its schema was tampered with, and
    /// [`StoreError::Unavailable`] when it cannot be opened.
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

    /// Closes the file, once the work under way is done.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

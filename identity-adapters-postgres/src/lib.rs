//! Identity's stores on PostgreSQL 15 or newer.
//!
//! Any number of replicas may share one database. Writers queue for the lock on the row with the revision; readers do
//! not wait. Followers are notified by `LISTEN`/`NOTIFY`, and also poll at an interval in case a notification is lost.

mod audit;
mod database;
mod deletions;
mod dialect;
mod error;
mod installation;
mod locks;
mod migrate;
mod migrations;
mod password_file;
mod policy;
mod schema;
mod sessions;
mod settings;
mod wake;

use std::sync::Arc;

use identity_core::port::StoreError;

pub use audit::PostgresAuditLog;
pub use deletions::PostgresDeletionJournal;
pub use error::is_permanent;
pub use installation::PostgresInstallation;
pub use locks::PostgresEntityLocks;
pub use migrate::Probe;
pub use policy::PostgresPolicyStore;
pub use sessions::PostgresSessionStore;
pub use settings::{InvalidSettings, PasswordFile, PostgresSettings, Schema, TlsMode};

use database::Database;

/// All stores in one PostgreSQL database. Clones share the connection pool.
#[derive(Clone, Debug)]
pub struct PostgresStores {
    /// Policy data with its change log.
    pub policy: Arc<PostgresPolicyStore>,
    /// Browser sessions, one-time keys, and client addresses that are familiar for a user.
    pub sessions: Arc<PostgresSessionStore>,
    /// Audit log of performed and denied operations.
    pub audit: Arc<PostgresAuditLog>,
    /// Journal of deletions that are in progress in a directory.
    pub deletions: Arc<PostgresDeletionJournal>,
    /// Locks that serialize changes to a directory entity, across all replicas.
    pub locks: Arc<PostgresEntityLocks>,
    /// Id of the installation, and token cutoffs.
    pub installation: Arc<PostgresInstallation>,
    database: Arc<Database>,
}

impl PostgresStores {
    /// Creates the stores without connecting. Connections are opened on first use, which requires a Tokio runtime.
    #[must_use]
    pub fn connect(settings: &PostgresSettings) -> Self {
        let database = Arc::new(Database::new(settings));
        Self {
            policy: Arc::new(PostgresPolicyStore::new(Arc::clone(&database), settings)),
            sessions: Arc::new(PostgresSessionStore::new(Arc::clone(&database))),
            audit: Arc::new(PostgresAuditLog::new(Arc::clone(&database))),
            deletions: Arc::new(PostgresDeletionJournal::new(Arc::clone(&database))),
            installation: Arc::new(PostgresInstallation::new(Arc::clone(&database))),
            locks: Arc::new(PostgresEntityLocks::new(Arc::clone(&database), settings.lock_timeout)),
            database,
        }
    }

    /// Runs pending schema migrations. One replica runs them while the others wait.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if the database belongs to a newer server or its schema was modified, and
    /// [`StoreError::Unavailable`] if the database is unreachable.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&self.database).await
    }

    /// Compares the state of the database with this server's migrations. Changes nothing.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn probe(&self) -> Result<Probe, StoreError> {
        migrate::probe(&self.database).await
    }

    /// Closes the connections. Waits for work in progress, at most for the answer timeout.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

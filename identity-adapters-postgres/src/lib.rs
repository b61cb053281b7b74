//! The stores of Identity on PostgreSQL 15 or newer.
//!
//! Any number of replicas may share one database. Writers queue at the lock of the row that holds the revision; readers wait
//! for nobody. Followers are woken by `LISTEN`/`NOTIFY`, and look by themselves at an interval in case a notification is lost.

mod audit;
mod database;
mod deletions;
mod error;
mod installation;
mod locks;
mod migrate;
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
pub use password_file::PasswordFile;
pub use policy::PostgresPolicyStore;
pub use sessions::PostgresSessionStore;
pub use settings::{InvalidSettings, PostgresSettings, Schema, TlsMode};

use database::Database;

/// All stores, in one database.
#[derive(Clone, Debug)]
pub struct PostgresStores {
    /// The world.
    pub policy: Arc<PostgresPolicyStore>,
    /// Browser sessions.
    pub sessions: Arc<PostgresSessionStore>,
    /// What was done and refused.
    pub audit: Arc<PostgresAuditLog>,
    /// Deletions in a directory.
    pub deletions: Arc<PostgresDeletionJournal>,
    /// One change per entity of a directory at a time.
    pub locks: Arc<PostgresEntityLocks>,
    /// The installation's id, and cutoffs of tokens.
    pub installation: Arc<PostgresInstallation>,
    database: Arc<Database>,
}

impl PostgresStores {
    /// Prepares to connect. Connections are made when they are first needed, inside a Tokio runtime.
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

    /// Brings the schema up to date; one replica does it while the others wait.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when the database belongs to a newer server or its schema was tampered with, and
    /// [`StoreError::Unavailable`] when it cannot be reached.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&self.database).await
    }

    /// Asks the database what a start would find there, and changes nothing.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn probe(&self) -> Result<Probe, StoreError> {
        migrate::probe(&self.database).await
    }

    /// Closes the connections, once the work under way is done.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

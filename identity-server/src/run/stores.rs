//! Opening of the configured store. Each kind of store is a cargo feature.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::port::{
    AuditLog, DeletionJournal, EntityLocks, InstallationStore, PolicyStore, SessionStore, StoreError, TokenCutoffStore,
};

use crate::config::{Finding, Store};

/// Ports of the opened store, independent of the implementation.
pub(super) struct Stores {
    pub(super) policy: Arc<dyn PolicyStore>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) deletions: Arc<dyn DeletionJournal>,
    pub(super) locks: Arc<dyn EntityLocks>,
    pub(super) installation: Arc<dyn InstallationStore>,
    pub(super) cutoffs: Arc<dyn TokenCutoffStore>,
    opened: Box<dyn Opened>,
}

/// The connections of an opened store.
#[async_trait]
trait Opened: Send + Sync {
    /// Closes all connections, after the running statements.
    async fn close(&self);
}

/// Usable store: its schema, if it has schemas, and the number of migrations to run.
#[derive(Default)]
pub(crate) struct Probed {
    pub(crate) schema: Option<String>,
    pub(crate) pending: usize,
}

impl Stores {
    pub(super) async fn open(store: &Store) -> Result<Self, StoreError> {
        match store {
            #[cfg(feature = "sqlite")]
            Store::Sqlite { data_dir } => sqlite::open(data_dir).await,
            #[cfg(feature = "postgres")]
            Store::Postgres(settings) => postgres::open(settings).await,
            #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
            other => Err(StoreError::Schema(not_compiled_in(other))),
        }
    }

    pub(super) async fn close(&self) {
        self.opened.close().await;
    }
}

/// Finds settings of the store that would abort start-up, without a connection. A build without the store is such a case.
pub(crate) fn problems(store: &Store) -> Vec<Finding> {
    match store {
        #[cfg(feature = "sqlite")]
        Store::Sqlite { data_dir } => sqlite::problems(data_dir),
        #[cfg(feature = "postgres")]
        Store::Postgres(settings) => postgres::problems(settings),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        other => vec![Finding::new("store.kind", not_compiled_in(other))],
    }
}

/// Connects to a database on the network, and finds the migrations that it needs. Changes nothing. `None` for an embedded
/// database.
///
/// # Errors
/// If the database is unavailable or unusable.
pub(crate) async fn probe(store: &Store) -> Result<Option<Probed>, StoreError> {
    match store {
        Store::Sqlite { .. } => Ok(None),
        #[cfg(feature = "postgres")]
        Store::Postgres(settings) => postgres::probe(settings).await.map(Some),
        #[cfg(not(feature = "postgres"))]
        Store::Postgres(_) => Err(StoreError::Schema(not_compiled_in(store))),
    }
}

/// Whether a database rejected the connection for a reason that retries do not change, such as wrong credentials.
pub(super) fn is_permanent(error: &StoreError) -> bool {
    #[cfg(feature = "postgres")]
    return identity_adapters_postgres::is_permanent(error);
    #[cfg(not(feature = "postgres"))]
    return matches!(error, StoreError::Schema(_));
}

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn not_compiled_in(store: &Store) -> String {
    let (kind, other) = match store {
        Store::Sqlite { .. } => ("sqlite", "postgres"),
        Store::Postgres(_) => ("postgres", "sqlite"),
    };
    format!("must be `{other}`: this build does not include `{kind}`")
}

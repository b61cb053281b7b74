//! Locks of entities in a directory, for all replicas on one database.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_core::port::{EntityLock, EntityLocks, LOCK_HELD_MAX, LocalLocks, LockKey, StoreError};
use tokio::sync::Semaphore;

use crate::database::{Connection, Database};
use crate::error::failed;

/// Most connections for locks of entities at a time, for each replica; they are none of the pool.
const CONNECTIONS: usize = 4;

/// [`EntityLocks`] on PostgreSQL: advisory locks, each on a connection of its own that is closed to release it.
#[derive(Debug)]
pub struct PostgresEntityLocks {
    local: LocalLocks,
    connections: Arc<Semaphore>,
    database: Arc<Database>,
    /// How long the database waits for a lock on behalf of a replica.
    wait: Duration,
}

impl PostgresEntityLocks {
    pub(crate) fn new(database: Arc<Database>, wait: Duration) -> Self {
        Self { local: LocalLocks::default(), connections: Arc::new(Semaphore::new(CONNECTIONS)), database, wait }
    }

    /// Takes the lock in a transaction that is never committed. The database ends it when the connection is closed, and after
    /// `longest` for a replica that hangs or cannot be reached.
    async fn locked(&self, name: &str, longest: Duration) -> Result<Connection, StoreError> {
        let mut connection = self.database.aside().await?;
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let settings = [
            ("lock_timeout", milliseconds(self.wait)),
            ("statement_timeout", milliseconds(self.wait + Duration::from_secs(1))),
            ("idle_in_transaction_session_timeout", milliseconds(longest)),
        ];
        let (names, values): (Vec<_>, Vec<_>) = settings.iter().map(|(name, value)| (*name, value.as_str())).unzip();
        sqlx::query("SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)")
            .bind(names)
            .bind(values)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let schema = self.database.schema().map_or("", |schema| schema.name());
        connection.begin("BEGIN").await.map_err(failed)?;
        connection.be_patient(self.wait + Duration::from_secs(2));
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(format!("identity/{schema}/{name}"))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(connection)
    }
}

#[async_trait]
impl EntityLocks for PostgresEntityLocks {
    async fn lock(&self, key: &LockKey) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock(key).await?;
        let permit = Arc::clone(&self.connections).acquire_owned().await;
        let permit = permit.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let connection = self.locked(key.as_str(), LOCK_HELD_MAX).await?;
        // The connection goes first: the next holder in this process finds the lock free or waits for the database.
        Ok(EntityLock::new(vec![Box::new(connection), Box::new(permit), Box::new(turn)]))
    }

    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock_directory(longest).await?;
        // Not one of the connections for entities, which its holder needs as well.
        let connection = self.locked("directory", longest).await?;
        Ok(EntityLock::new(vec![Box::new(connection), Box::new(turn)]))
    }
}

//! Locks of directory entities, shared by all replicas on one database.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_core::port::{EntityLock, EntityLocks, LOCK_HELD_MAX, LocalLocks, LockKey, StoreError};
use tokio::sync::Semaphore;

use crate::database::{Connection, Database};
use crate::error::failed;

/// Maximum number of concurrent connections per replica that hold entity locks, in addition to the pool.
const CONNECTIONS: usize = 4;

/// [`EntityLocks`] on PostgreSQL: advisory locks, each on its own connection, which is closed to release the lock.
#[derive(Debug)]
pub struct PostgresEntityLocks {
    local: LocalLocks,
    connections: Arc<Semaphore>,
    database: Arc<Database>,
    /// Timeout for acquiring a lock in the database.
    wait: Duration,
}

impl PostgresEntityLocks {
    pub(crate) fn new(database: Arc<Database>, wait: Duration) -> Self {
        Self { local: LocalLocks::default(), connections: Arc::new(Semaphore::new(CONNECTIONS)), database, wait }
    }

    /// Acquires the lock in a transaction that is never committed. The database ends the transaction when the
    /// connection is closed, or after `longest` if the replica hangs or is unreachable.
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
        // The order of the values is the order in which they are dropped: the connection is closed before another task
        // of this process can request the lock. That task waits in the database until the lock is released there.
        Ok(EntityLock::new(vec![Box::new(connection), Box::new(permit), Box::new(turn)]))
    }

    async fn lock_directory(&self, longest: Duration) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock_directory(longest).await?;
        // Takes no permit from `connections`, because the holder may also lock entities, which requires permits.
        let connection = self.locked("directory", longest).await?;
        Ok(EntityLock::new(vec![Box::new(connection), Box::new(turn)]))
    }

    async fn lock_administrators(&self) -> Result<EntityLock, StoreError> {
        let turn = self.local.lock_administrators().await?;
        // Takes no permit from `connections`, because the task may hold one for the lock of an entity. Only one task
        // per replica has the turn, and thus one more connection.
        let connection = self.locked("administrators", LOCK_HELD_MAX).await?;
        Ok(EntityLock::new(vec![Box::new(connection), Box::new(turn)]))
    }
}

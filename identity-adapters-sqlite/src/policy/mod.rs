//! The world.

mod load;
mod log;
mod write;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use identity_core::port::{Commit, PolicyStore, PolicyTransaction, Snapshot, StoreError, Tail, follow};
use identity_core::value::Revision;
use tokio::sync::Notify;

use crate::audit;
use crate::database::{Connection, Database};
use crate::error::failed;

/// Every so many commits the change log is cut.
const PRUNE_EVERY: u64 = 1024;
/// How much of it is kept then.
const PRUNE_KEEP: u64 = 100_000;

/// [`PolicyStore`] on SQLite.
#[derive(Debug)]
pub struct SqlitePolicyStore {
    database: Arc<Database>,
    committed: Arc<Notify>,
    /// Whether the last commit failed.
    failing: Arc<AtomicBool>,
    polling: Duration,
}

impl SqlitePolicyStore {
    pub(crate) fn new(database: Arc<Database>, polling: Duration) -> Self {
        Self { database, committed: Arc::default(), failing: Arc::default(), polling }
    }

    /// Forgets all but the newest `keep` entries of the change log. Followers that still need one load everything anew.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune(&self, keep: u64) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        log::prune(&mut transaction, keep).await?;
        transaction.commit().await.map_err(failed)
    }
}

#[async_trait]
impl PolicyStore for SqlitePolicyStore {
    async fn load(&self) -> Result<Snapshot, StoreError> {
        load::load(&mut self.database.snapshot().await?).await
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        let mut connection = self.database.reader().await?;
        Ok(log::read(&mut connection, known).await?.1)
    }

    /// While commits succeed, only the right to write is tried; after a failure a commit is, which needs space.
    async fn writable(&self) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        if self.failing.load(Ordering::Relaxed) {
            let sql = "UPDATE policy_revision SET revision = revision";
            sqlx::query(sql).execute(&mut transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            self.failing.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError> {
        let mut transaction = self.database.write().await?;
        let (newest, missed) = log::read(&mut transaction, known).await?;
        let (committed, failing) = (Arc::clone(&self.committed), Arc::clone(&self.failing));
        Ok(Box::new(SqlitePolicyTransaction { transaction, newest, missed, committed, failing }))
    }

    /// Listens from the call on, not from the first poll.
    fn changed<'s, 'f>(&'s self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let committed = self.committed.notified();
        Box::pin(async move { _ = tokio::time::timeout(self.polling, committed).await })
    }
}

struct SqlitePolicyTransaction {
    transaction: Connection,
    newest: Revision,
    missed: Tail,
    committed: Arc<Notify>,
    failing: Arc<AtomicBool>,
}

impl SqlitePolicyTransaction {
    async fn write(mut self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError> {
        for commit in &commits {
            log::append(&mut self.transaction, commit).await?;
            for event in &commit.audit {
                audit::insert(&mut self.transaction, event).await?;
            }
        }
        if commits.iter().any(|commit| commit.revision.0.is_multiple_of(PRUNE_EVERY)) {
            log::prune(&mut self.transaction, PRUNE_KEEP).await?;
        }
        let changes: Vec<_> = commits.into_iter().flat_map(|commit| commit.changes).collect();
        write::write(&mut self.transaction, &changes).await.map_err(failed)?;
        self.transaction.commit().await.map_err(failed)
    }
}

#[async_trait]
impl PolicyTransaction for SqlitePolicyTransaction {
    fn missed(&self) -> &Tail {
        &self.missed
    }

    async fn commit(self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError> {
        if !follow(self.newest, &commits) {
            return Err(StoreError::Conflict);
        }
        let (committed, failing) = (Arc::clone(&self.committed), Arc::clone(&self.failing));
        let outcome = self.write(commits).await;
        failing.store(outcome.is_err(), Ordering::Relaxed);
        committed.notify_waiters();
        outcome
    }
}

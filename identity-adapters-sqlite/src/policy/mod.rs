//! The policy data on SQLite.

mod load;
mod log;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_sql::policy::writes;
use identity_core::port::{Commit, Loading, PolicyStore, PolicyTransaction, StoreError, Tail, follow};
use identity_core::value::Revision;
use tokio::sync::Notify;

use crate::audit;
use crate::database::{Connection, Database};
use crate::dialect::json_rows;
use crate::error::failed;

/// Number of commits after which the change log is pruned.
const PRUNE_EVERY: u64 = 1024;
/// Number of commits that pruning keeps in the change log.
const PRUNE_KEEP: u64 = 100_000;

/// [`PolicyStore`] on SQLite. Commits of other processes are found by polling.
#[derive(Debug)]
pub struct SqlitePolicyStore {
    database: Arc<Database>,
    committed: Arc<Notify>,
    /// Whether the last commit of this process failed.
    failing: Arc<AtomicBool>,
    polling: Duration,
}

impl SqlitePolicyStore {
    pub(crate) fn new(database: Arc<Database>, polling: Duration) -> Self {
        Self { database, committed: Arc::default(), failing: Arc::default(), polling }
    }

    /// Deletes all but the newest `keep` commits from the change log. Followers that still need a deleted commit reload
    /// all data.
    ///
    /// # Errors
    /// If the database is not writable.
    pub async fn prune(&self, keep: u64) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        log::prune(&mut transaction, keep).await?;
        transaction.commit().await.map_err(failed)
    }
}

#[async_trait]
impl PolicyStore for SqlitePolicyStore {
    async fn load<'l>(&self, mut into: Loading<'l>) -> Result<Revision, StoreError> {
        load::load(self.database.snapshot().await?, &mut into).await
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        let mut connection = self.database.reader().await?;
        Ok(log::read(&mut connection, known).await?.1)
    }

    /// Tests whether the write lock is available. After a failed commit, also tests a commit, because a commit requires
    /// disk space.
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

    /// Waits for a commit of this process, or for the polling interval. A commit after the call ends the wait, even if
    /// it is made before the future is first polled.
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
            audit::insert(&mut self.transaction, &commit.audit).await?;
        }
        if commits.iter().any(|commit| commit.revision.0.is_multiple_of(PRUNE_EVERY)) {
            log::prune(&mut self.transaction, PRUNE_KEEP).await?;
        }
        let changes: Vec<_> = commits.into_iter().flat_map(|commit| commit.changes).collect();
        for write in writes(&changes, json_rows) {
            sqlx::query(write.sql).bind(write.rows).execute(&mut self.transaction).await.map_err(failed)?;
        }
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

//! The policy data on PostgreSQL.

mod load;
mod log;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::policy::writes;
use identity_core::port::{Commit, Loading, PolicyStore, PolicyTransaction, StoreError, Tail, follow};
use identity_core::value::Revision;
use tokio::sync::Mutex;

use crate::audit;
use crate::database::{Connection, Database};
use crate::dialect::json_rows;
use crate::error::failed;
use crate::settings::PostgresSettings;
use crate::wake::Wake;

/// Number of commits after which the change log is pruned.
const PRUNE_EVERY: u64 = 1024;
/// Number of commits that pruning keeps in the change log.
const PRUNE_KEEP: u64 = 100_000;

/// [`PolicyStore`] on PostgreSQL. Commits of other replicas are announced by notifications, and also found by polling.
#[derive(Debug)]
pub struct PostgresPolicyStore {
    database: Arc<Database>,
    wake: Wake,
}

impl PostgresPolicyStore {
    pub(crate) fn new(database: Arc<Database>, settings: &PostgresSettings) -> Self {
        let wake = Wake::new(database.address().clone(), settings.polling);
        Self { database, wake }
    }

    /// Deletes all but the newest `keep` commits from the change log. Followers that still need a deleted commit reload
    /// all data.
    ///
    /// # Errors
    /// If the database is not writable.
    pub async fn prune(&self, keep: u64) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        log::prune(&mut transaction, keep).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn begin_once(&self, known: Revision) -> Result<PostgresPolicyTransaction, StoreError> {
        let mut transaction = self.database.begin_once().await?;
        self.database.wait_for_lock(&mut transaction, "SELECT FROM policy_revision FOR UPDATE").await?;
        // Reads with a separate statement. The snapshot of the statement that waited for the lock does not contain the
        // commits made during the wait.
        let (newest, missed) = log::read(&mut transaction, known).await?;
        Ok(PostgresPolicyTransaction { transaction, newest, missed })
    }
}

#[async_trait]
impl PolicyStore for PostgresPolicyStore {
    async fn load<'l>(&self, into: Loading<'l>) -> Result<Revision, StoreError> {
        // Loads do not run concurrently. The mutex only lets each attempt borrow `into`.
        let into = Mutex::new(into);
        let read = || async { load::load(self.database.search_connection().await?, &mut *into.lock().await).await };
        self.database.repeatable(read).await
    }

    async fn tail(&self, known: Revision) -> Result<Tail, StoreError> {
        let read = || async { log::read(&mut self.database.following_connection().await?, known).await };
        Ok(self.database.repeatable(read).await?.1)
    }

    async fn writable(&self) -> Result<(), StoreError> {
        self.database.begin().await.map(drop)
    }

    async fn begin(&self, known: Revision) -> Result<Box<dyn PolicyTransaction>, StoreError> {
        Ok(Box::new(self.database.repeatable(|| self.begin_once(known)).await?))
    }

    fn changed<'s, 'f>(&'s self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.wake.changed())
    }
}

struct PostgresPolicyTransaction {
    transaction: Connection,
    newest: Revision,
    missed: Tail,
}

#[async_trait]
impl PolicyTransaction for PostgresPolicyTransaction {
    fn missed(&self) -> &Tail {
        &self.missed
    }

    async fn commit(mut self: Box<Self>, commits: Vec<Commit>) -> Result<(), StoreError> {
        if !follow(self.newest, &commits) {
            return Err(StoreError::Conflict);
        }
        log::append(&mut self.transaction, &commits).await?;
        let is_pruned = commits.iter().any(|commit| commit.revision.0.is_multiple_of(PRUNE_EVERY));
        let (changes, audit): (Vec<_>, Vec<_>) =
            commits.into_iter().map(|commit| (commit.changes, commit.audit)).unzip();
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        for write in writes(&changes, json_rows) {
            sqlx::query(write.sql).bind(write.rows).execute(&mut self.transaction).await.map_err(failed)?;
        }
        let audit: Vec<_> = audit.into_iter().flatten().collect();
        audit::insert(&mut self.transaction, &audit).await?;
        if is_pruned {
            log::prune(&mut self.transaction, PRUNE_KEEP).await?;
        }
        self.transaction.commit().await.map_err(failed)
    }
}

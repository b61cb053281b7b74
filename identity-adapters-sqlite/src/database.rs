//! The database file, and the pools of read and write connections to it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use identity_adapters_sql::{Faults, Lease};
use identity_core::port::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool};
use tokio::time::timeout;

use crate::error::failed;

/// Timeout for the write lock, which another process or another task of this process may hold.
const WRITER_PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// Timeout for acquiring a read connection. Concurrent searches may use all of them.
const READER_PATIENCE: Duration = Duration::from_secs(5);
/// Timeout for a response of SQLite, because the file may be on a hanging disk. It is longer than the time limit of
/// searches.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Statement that begins a write transaction and takes the write lock immediately.
pub(crate) const BEGIN_WRITING: &str = "BEGIN IMMEDIATE";

/// Connection on which each wait for a response has a deadline.
pub(crate) type Connection = Lease<Sqlite>;

#[derive(Debug)]
pub(crate) struct Database {
    readers: SqlitePool,
    writer: SqlitePool,
    transactions: AtomicU64,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        create(path).map_err(|error| {
            let named = format!("{}: {error}", path.display());
            StoreError::Unavailable(Box::new(io::Error::new(error.kind(), named)))
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WRITER_PATIENCE);
        let pool = || SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        Ok(Self {
            writer: pool().max_connections(1).acquire_timeout(WRITER_PATIENCE).connect_lazy_with(options.clone()),
            readers: pool()
                .max_connections(READERS)
                .acquire_timeout(READER_PATIENCE)
                .before_acquire(|connection, _| {
                    Box::pin(async move { crate::limit::lift(connection).await.map(|()| true) })
                })
                .connect_lazy_with(options.pragma("query_only", "on")),
            transactions: AtomicU64::new(0),
        })
    }

    /// Acquires one of the read connections. Writes on it fail.
    pub(crate) async fn reader(&self) -> Result<Connection, StoreError> {
        Lease::of(&self.readers, ANSWER_TIMEOUT, Faults::EndTheTransaction).await.map_err(failed)
    }

    /// Begins a read transaction on a snapshot of the newest commit.
    pub(crate) async fn snapshot(&self) -> Result<Connection, StoreError> {
        let mut snapshot = self.reader().await?;
        snapshot.begin("BEGIN").await.map_err(failed)?;
        Ok(snapshot)
    }

    /// Begins a write transaction. It takes the write lock immediately: a transaction that upgrades later fails,
    /// instead of waiting, if another process has written in the meantime. After an error such as a full disk, SQLite
    /// may or may not have ended the transaction, so the next writer gets a new connection.
    pub(crate) async fn write(&self) -> Result<Connection, StoreError> {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        let mut transaction = self.writer().await?;
        transaction.begin(BEGIN_WRITING).await.map_err(failed)?;
        Ok(transaction)
    }

    /// Returns the number of write transactions requested since start-up.
    pub(crate) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Acquires the only write connection, without a transaction.
    pub(crate) async fn writer(&self) -> Result<Connection, StoreError> {
        Lease::of(&self.writer, ANSWER_TIMEOUT, Faults::EndTheConnection).await.map_err(failed)
    }

    pub(crate) async fn close(&self) {
        _ = timeout(ANSWER_TIMEOUT, self.readers.close()).await;
        _ = timeout(ANSWER_TIMEOUT, self.writer.close()).await;
    }
}

/// Creates missing directories and the file, readable by the owner only. SQLite's journal files inherit the permissions
/// of the database file.
fn create(path: &Path) -> io::Result<()> {
    let mut directory = DirBuilder::new();
    let mut file = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        directory.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directory.recursive(true).create(parent)?;
    }
    file.create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_are_on_the_disk_when_they_are_acknowledged() {
        let directory = tempfile::TempDir::new().unwrap();
        let database = Database::open(&directory.path().join("identity.db")).unwrap();
        for (pragma, expected) in
            [("PRAGMA synchronous", "2"), ("PRAGMA journal_mode", "wal"), ("PRAGMA foreign_keys", "1")]
        {
            let row = sqlx::query(pragma).fetch_one(&database.writer).await.unwrap();
            let value: String = sqlx::Row::try_get_unchecked(&row, 0).unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        assert!(sqlx::query("DELETE FROM sqlite_master").execute(&database.readers).await.is_err());
    }
}

//! Time limit for long statements. SQLite itself has none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use identity_adapters_sql::Lease;
use identity_core::port::StoreError;
use sqlx::{Sqlite, SqliteConnection};

use crate::error::failed;

/// Number of virtual machine instructions of SQLite between two checks of the time limit.
const INSTRUCTIONS: i32 = 10_000;

/// Time limit for the statements of a connection. Dropping it interrupts the running statement.
pub(crate) struct Limited(Arc<AtomicBool>);

impl Limited {
    /// Interrupts the statements of `connection` after `time`, or when the limit is dropped. The limit lasts until
    /// [`lift`], or until the pool hands out the connection again.
    pub(crate) async fn within(connection: &mut Lease<Sqlite>, time: Duration) -> Result<Self, StoreError> {
        let abandoned = Arc::new(AtomicBool::new(false));
        let (seen, end) = (Arc::clone(&abandoned), Instant::now() + time);
        let connection = connection.connection().map_err(failed)?;
        let mut handle = connection.lock_handle().await.map_err(failed)?;
        handle.set_progress_handler(INSTRUCTIONS, move || Instant::now() < end && !seen.load(Ordering::Relaxed));
        Ok(Self(abandoned))
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Removes the time limit of a connection, if any.
pub(crate) async fn lift(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    connection.lock_handle().await?.remove_progress_handler();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    #[tokio::test]
    async fn a_statement_ends_in_time_and_the_connection_can_be_used_again() {
        let directory = tempfile::TempDir::new().unwrap();
        let database = Database::open(&directory.path().join("identity.db")).unwrap();
        let begun = Instant::now();
        for _ in 0..6 {
            let mut snapshot = database.snapshot().await.unwrap();
            let limited = Limited::within(&mut snapshot, Duration::from_millis(100)).await.unwrap();
            assert!(sqlx::query(ENDLESS).fetch_one(&mut snapshot).await.is_err());
            drop((limited, snapshot));
            // A long time limit, so that only the drop ends the statement.
            let mut snapshot = database.snapshot().await.unwrap();
            let limited = Limited::within(&mut snapshot, Duration::from_secs(3600)).await.unwrap();
            let dropped = async {
                let _limited = limited;
                sqlx::query(ENDLESS).fetch_one(&mut snapshot).await
            };
            assert!(tokio::time::timeout(Duration::from_millis(100), dropped).await.is_err());
            drop(snapshot);
            sqlx::query("SELECT count(*) FROM sqlite_master")
                .fetch_one(&mut database.reader().await.unwrap())
                .await
                .unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

//! Leased database connection on which each wait for a response has a deadline.

use std::fmt;
use std::future::ready;
use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Database, Either, Error, Execute, Executor, Pool, SqlStr, raw_sql};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How a connection is handled after a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// The connection is reused, because an error ends at most its transaction.
    EndTheTransaction,
    /// The connection is closed, because its state after an error is uncertain.
    EndTheConnection,
}

/// Connection that is leased from a pool, or opened for one purpose.
///
/// Each wait for a response (the next row, or the end of a statement) has a deadline, the `patience` of the lease. A
/// timeout is an error of kind [`io::ErrorKind::TimedOut`]. The connection is then closed, because the response may
/// still arrive. If a lease is dropped during a statement, its connection returns to the pool once the response was
/// received. If that exceeds the deadline, the connection is closed. The pool can always open a new connection in its
/// place.
pub struct Lease<D: Database> {
    connection: Option<Held<D>>,
    patience: Duration,
    faults: Faults,
    is_usable: bool,
    /// Rollback to run if the lease is dropped. Set while a transaction has begun and is not committed.
    undo: Option<Undo<D>>,
}

type Undo<D> = for<'c> fn(&'c mut <D as Database>::Connection) -> BoxFuture<'c, Result<(), Error>>;

enum Held<D: Database> {
    Lent(PoolConnection<D>),
    Own(Box<D::Connection>),
}

impl<D: Database> Lease<D> {
    /// Acquires a connection from `pool`. The pool's own timeout bounds the wait; `patience` is the deadline of later
    /// responses.
    ///
    /// # Errors
    /// If the pool provides no connection in time, or cannot connect.
    pub async fn of(pool: &Pool<D>, patience: Duration, faults: Faults) -> Result<Self, Error> {
        Ok(Self::new(Held::Lent(pool.acquire().await?), patience, faults))
    }

    /// Opens a connection outside any pool. It is closed when the lease is dropped.
    ///
    /// # Errors
    /// If no connection is established within `patience`.
    pub async fn connect(
        options: &<D::Connection as sqlx::Connection>::Options,
        patience: Duration,
    ) -> Result<Self, Error> {
        let connection = timeout(patience, D::Connection::connect_with(options)).await;
        let connection = connection.unwrap_or_else(|_| Err(unanswered(patience)))?;
        Ok(Self::new(Held::Own(Box::new(connection)), patience, Faults::EndTheConnection))
    }

    fn new(connection: Held<D>, patience: Duration, faults: Faults) -> Self {
        Self { connection: Some(connection), patience, faults, is_usable: true, undo: None }
    }

    /// Sets the deadline for the following responses.
    pub fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Returns the underlying connection, for operations other than statements. Callers must set a deadline of their
    /// own.
    ///
    /// # Errors
    /// If the connection was closed.
    pub fn connection(&mut self) -> Result<&mut D::Connection, Error> {
        match &mut self.connection {
            Some(Held::Lent(connection)) => Ok(connection),
            Some(Held::Own(connection)) => Ok(connection),
            None => Err(Error::PoolClosed),
        }
    }

    /// Records whether the connection is still usable after an operation with this outcome. Returns the outcome.
    fn ended<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &outcome {
            self.is_usable &= self.faults.leave_usable(error);
        }
        outcome
    }
}

impl<D: Database> Lease<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    /// Begins a transaction with `statement`, such as `BEGIN`. It is rolled back if the lease is dropped before
    /// [`Self::commit`].
    ///
    /// # Errors
    /// If the database reports an error, or does not respond before the deadline.
    pub async fn begin(&mut self, statement: &'static str) -> Result<(), Error> {
        // Set before the statement, because the database may begin the transaction even if its response is not awaited.
        self.undo = Some(|connection| Box::pin(async { connection.execute(raw_sql("ROLLBACK")).await.map(drop) }));
        self.execute(raw_sql(statement)).await.map(drop)
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the database reports an error or does not respond. Without a response, the transaction may have been
    /// committed.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.execute(raw_sql("COMMIT")).await?;
        self.undo = None;
        Ok(())
    }
}

impl Faults {
    fn leave_usable(self, error: &Error) -> bool {
        let is_unanswered = matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::TimedOut);
        !is_unanswered && self == Self::EndTheTransaction
    }
}

fn unanswered(patience: Duration) -> Error {
    let message = format!("the database did not answer within {patience:?}");
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}

impl<D: Database> fmt::Debug for Lease<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("patience", &self.patience)
            .field("usable", &self.is_usable)
            .finish_non_exhaustive()
    }
}

/// Every statement on a lease runs through one of these functions, which apply the deadline.
impl<'c, D: Database> Executor<'c> for &'c mut Lease<D>
where
    for<'e> &'e mut D::Connection: Executor<'e, Database = D>,
{
    type Database = D;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<D::QueryResult, D::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, D>,
    {
        let Lease { connection, patience, faults, is_usable, .. } = self;
        let patience = *patience;
        let connection: &mut D::Connection = match connection {
            Some(Held::Lent(connection)) => connection,
            Some(Held::Own(connection)) => connection,
            None => return stream::once(ready(Err(Error::PoolClosed))).boxed(),
        };
        let faults = *faults;
        let answers = Some(connection.fetch_many(query));
        stream::unfold((answers, is_usable), move |(answers, is_usable)| async move {
            let mut answers = answers?;
            let answer = timeout(patience, answers.next()).await.unwrap_or_else(|_| Some(Err(unanswered(patience))))?;
            if let Err(error) = &answer {
                *is_usable &= faults.leave_usable(error);
                return Some((answer, (None, is_usable)));
            }
            Some((answer, (Some(answers), is_usable)))
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<D::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, D>,
    {
        let mut answers = self.fetch_many(query);
        Box::pin(async move {
            while let Some(answer) = answers.try_next().await? {
                if let Either::Right(row) = answer {
                    return Ok(Some(row));
                }
            }
            Ok(None)
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [D::TypeInfo]) -> BoxFuture<'e, Result<D::Statement, Error>>
    where
        'c: 'e,
    {
        let patience = self.patience;
        Box::pin(async move {
            let prepared = timeout(patience, self.connection()?.prepare_with(sql, parameters)).await;
            self.ended(prepared.unwrap_or_else(|_| Err(unanswered(patience))))
        })
    }
}

/// Returns the connection to the pool after its pending responses were received and its transaction ended. If that
/// exceeds the deadline, the connection is closed. The pool's own return path has no deadline.
impl<D: Database> Drop for Lease<D> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let runtime = Handle::try_current().ok().filter(|_| self.is_usable);
        match (connection, runtime) {
            (Held::Lent(connection), Some(runtime)) => {
                _ = runtime.spawn(give_back(connection, self.undo, self.patience))
            }
            // A graceful close, because the database logs an abruptly closed connection as an error.
            (Held::Own(connection), Some(runtime)) => _ = runtime.spawn(timeout(self.patience, connection.close())),
            (Held::Lent(connection), None) => drop(connection.detach()),
            (Held::Own(_), None) => {}
        }
    }
}

async fn give_back<D: Database>(mut connection: PoolConnection<D>, undo: Option<Undo<D>>, patience: Duration) {
    let undone = match undo {
        None => Ok(Ok(())),
        Some(undo) => timeout(patience, undo(&mut connection)).await,
    };
    if !matches!(undone, Ok(Ok(()))) {
        drop(connection.detach());
    } else if timeout(patience, connection.return_to_pool()).await.is_err() {
        tracing::debug!("a connection did not settle in time and was closed");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{Row as _, Sqlite};

    use super::*;

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    const TIMEOUT: Duration = Duration::from_millis(200);

    async fn pool() -> Pool<Sqlite> {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(5));
        pool.connect("sqlite::memory:").await.unwrap()
    }

    async fn lease(pool: &Pool<Sqlite>, faults: Faults) -> Lease<Sqlite> {
        Lease::of(pool, TIMEOUT, faults).await.unwrap()
    }

    async fn tables(lease: &mut Lease<Sqlite>) -> i64 {
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(lease).await.unwrap().get(0)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_that_does_not_come_ends_the_wait_and_the_connection() {
        let pool = pool().await;
        let begun = Instant::now();
        // The pool has one connection: the next lease would wait forever if this one were returned.
        for _ in 0..3 {
            let mut waiting = lease(&pool, Faults::EndTheTransaction).await;
            let error = sqlx::query(ENDLESS).fetch_one(&mut waiting).await.unwrap_err();
            assert!(matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::TimedOut));
        }
        assert_eq!(tables(&mut lease(&pool, Faults::EndTheTransaction).await).await, 0);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lease_that_is_dropped_in_the_middle_of_a_statement_leaves_room_for_the_next() {
        let pool = pool().await;
        for _ in 0..3 {
            let mut dropped = lease(&pool, Faults::EndTheTransaction).await;
            assert!(timeout(TIMEOUT / 4, sqlx::query(ENDLESS).fetch_one(&mut dropped)).await.is_err());
        }
        assert_eq!(tables(&mut lease(&pool, Faults::EndTheTransaction).await).await, 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn transactions_that_are_not_committed_are_undone() {
        let pool = pool().await;
        for commit in [false, true] {
            let mut transaction = lease(&pool, Faults::EndTheTransaction).await;
            transaction.begin("BEGIN IMMEDIATE").await.unwrap();
            sqlx::query("CREATE TABLE t (n INTEGER)").execute(&mut transaction).await.unwrap();
            assert_eq!(tables(&mut transaction).await, 1);
            if commit {
                transaction.commit().await.unwrap();
            } else {
                drop(transaction);
            }
            assert_eq!(tables(&mut lease(&pool, Faults::EndTheTransaction).await).await, i64::from(commit));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_failed_statement_ends_the_connection_where_that_is_demanded() {
        for (faults, is_kept) in [(Faults::EndTheTransaction, true), (Faults::EndTheConnection, false)] {
            let pool = pool().await;
            let mut failing = lease(&pool, faults).await;
            // A temporary table exists until its connection is closed.
            sqlx::query("CREATE TEMPORARY TABLE t (n INTEGER)").execute(&mut failing).await.unwrap();
            assert!(sqlx::query("SELECT * FROM missing").execute(&mut failing).await.is_err());
            drop(failing);
            let read = sqlx::query("SELECT * FROM t").execute(&mut lease(&pool, faults).await).await;
            assert_eq!(read.is_ok(), is_kept, "{faults:?}");
        }
    }
}

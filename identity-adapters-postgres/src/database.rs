//! The connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity_core::port::StoreError;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection as _, PgPool, Postgres, Transaction};

use crate::error::{disconnected, failed, read_only};
use crate::settings::{Address, PostgresSettings, Schema};

#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    address: Address,
    schema: Option<Schema>,
    lost: Lost,
}

/// When a connection was last found dead, or led to a server that takes no writes any more. The others that were idle then are
/// suspects too, as after a restart or a switch-over; only they are tried before they are used again.
#[derive(Clone, Debug, Default)]
struct Lost(Arc<Mutex<Option<Instant>>>);

impl Lost {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn during(&self, idle: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|lost| lost.elapsed() <= idle)
    }
}

impl Database {
    pub(crate) fn new(settings: &PostgresSettings) -> Self {
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let schema = settings.schema.clone();
        let session = [
            ("lock_timeout", milliseconds(settings.lock_timeout)),
            ("statement_timeout", milliseconds(settings.statement_timeout)),
            // A writer that hangs while it holds the revision's lock must not stop all replicas.
            ("idle_in_transaction_session_timeout", milliseconds(settings.statement_timeout)),
            ("search_path", schema.as_ref().map_or(String::new(), Schema::search_path)),
        ];
        let session: Arc<[_]> = session.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let lost = Lost::default();
        let suspects = lost.clone();
        let address = settings.address();
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let suspect = suspects.during(idle.idle_for);
                // A standby would answer a ping.
                Box::pin(async move { Ok(!suspect || takes_writes(connection).await.unwrap_or(false)) })
            })
            .after_connect(move |connection, _| {
                let session = Arc::clone(&session);
                Box::pin(async move {
                    let (names, values): (Vec<_>, Vec<_>) = session.iter().map(|(n, v)| (*n, v.as_str())).unzip();
                    sqlx::query(
                        "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)",
                    )
                    .bind(names)
                    .bind(values)
                    .execute(connection)
                    .await
                    .map(drop)
                })
            })
            .connect_lazy_with(address.0.clone());
        Self { pool, address, schema, lost }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// A connection that is not of the pool.
    pub(crate) async fn aside(&self) -> Result<PgConnection, StoreError> {
        PgConnection::connect_with(&self.address.0).await.map_err(failed)
    }

    /// Does what may be done twice, and does it twice when the connection was lost the first time.
    pub(crate) async fn repeatable<T, F>(&self, work: impl Fn() -> F + Send) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        match work().await {
            Err(error) if disconnected(&error) => {
                self.lost.now();
                work().await
            }
            result => result,
        }
    }

    /// A transaction that can write, on a connection that is alive.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.repeatable(|| self.begin_once()).await
    }

    /// The same, without another attempt on another connection.
    pub(crate) async fn begin_once(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        if takes_writes(&mut transaction).await.map_err(failed)? { Ok(transaction) } else { Err(read_only()) }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether the connection leads to a server that takes writes: no standby, and not switched to read-only.
async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let sql = "SELECT NOT current_setting('transaction_read_only')::boolean";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

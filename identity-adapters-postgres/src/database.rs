//! The connection pool, and connections outside the pool.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use identity_adapters_sql::{Faults, Lease};
use identity_core::port::StoreError;
use sqlx::postgres::{PgExecutor, PgPoolOptions};
use sqlx::{Error, Executor as _, PgPool, Postgres, Row as _, raw_sql};
use tokio::time::timeout;

use crate::error::{disconnected, failed, read_only, unanswered};
use crate::password_file::Watched;
use crate::settings::{Address, PostgresSettings, Schema};

/// Connection on which each wait for a response has a deadline.
pub(crate) type Connection = Lease<Postgres>;

/// Maximum idle time of a transaction that holds locks, enforced by the database. It bounds how long a hanging or
/// disconnected replica blocks the writes of others.
const LOCKS_HELD_IDLE: Duration = Duration::from_secs(2);
/// Timeout for responses while commits of other replicas are read. It is short, because the follower soon retries.
const FOLLOWER_PATIENCE: Duration = Duration::from_secs(2);
/// Timeout for the check whether a pooled connection still leads to a writable server (see [`Lost`]).
const CHECK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    answer_timeout: Duration,
    lock_timeout: Duration,
    statement_timeout: Duration,
    address: Address,
    schema: Arc<OnceLock<Schema>>,
    password: Option<Watched>,
    lost: Lost,
    transactions: AtomicU64,
}

/// Time at which a connection was last found dead or read-only, as after a restart or a failover of the database. A
/// connection that has been idle since before that time is tested before use. Other connections are not tested.
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
        let schema = Arc::new(settings.schema.clone().map_or_else(OnceLock::new, OnceLock::from));
        let search_path = Arc::clone(&schema);
        let session = [
            ("lock_timeout", milliseconds(settings.lock_timeout)),
            ("statement_timeout", milliseconds(settings.statement_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(LOCKS_HELD_IDLE)),
            // The database ends the session of an unreachable replica, and thereby releases its locks.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
            ("tcp_user_timeout", "15000".to_owned()),
        ];
        let session: Arc<[_]> = session.into_iter().collect();
        let lost = Lost::default();
        let suspects = lost.clone();
        let address = settings.address();
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let suspect = suspects.during(idle.idle_for);
                // A ping is not sufficient, because a read-only standby also answers it.
                Box::pin(async move {
                    let check =
                        async { timeout(CHECK, takes_writes(connection)).await.unwrap_or(Err(Error::PoolTimedOut)) };
                    Ok(!suspect || check.await?)
                })
            })
            .after_connect(move |connection, _| {
                let session = Arc::clone(&session);
                let search_path = search_path.get().map(|schema| ("search_path", schema.search_path()));
                Box::pin(async move {
                    let settings = session.iter().chain(&search_path);
                    let (names, values): (Vec<_>, Vec<_>) = settings.map(|(n, v)| (*n, v.as_str())).unzip();
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
            .connect_lazy_with(address.options());
        let password = settings.password_file.clone().map(|file| Watched::new(file, settings.password.clone()));
        Self {
            pool,
            answer_timeout: settings.answer_timeout,
            lock_timeout: settings.lock_timeout,
            statement_timeout: settings.statement_timeout,
            address,
            schema,
            password,
            lost,
            transactions: AtomicU64::new(0),
        }
    }

    /// Acquires a connection from the pool. The pool first gets a changed password from the password file.
    pub(crate) async fn connection(&self) -> Result<Connection, StoreError> {
        self.follow_password();
        Lease::of(&self.pool, self.answer_timeout, Faults::EndTheTransaction).await.map_err(failed)
    }

    /// Acquires a connection for statements that read much. Its deadline is the statement timeout plus the answer
    /// timeout.
    pub(crate) async fn search_connection(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connection().await?;
        connection.be_patient(self.statement_timeout + self.answer_timeout);
        Ok(connection)
    }

    /// Updates the pool's password if the password file has changed.
    fn follow_password(&self) {
        if let Some(password) = self.password.as_ref().and_then(Watched::changed) {
            tracing::info!("store.password.changed");
            self.pool.set_connect_options(self.address.change_password(&password));
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the schema of the tables. `None` for the role's default schema.
    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.schema.get()
    }

    /// Sets the schema to use in place of the role's default one, unless a schema is already set. Returns the schema in
    /// use. Applies only to connections that are opened later.
    pub(crate) fn use_schema(&self, schema: Schema) -> &Schema {
        self.schema.get_or_init(|| schema)
    }

    /// Opens a connection outside the pool. It is closed when it is dropped.
    pub(crate) async fn aside(&self) -> Result<Connection, StoreError> {
        self.follow_password();
        Lease::connect(&self.address.options(), self.answer_timeout).await.map_err(failed)
    }

    /// Acquires a connection for reading commits of other replicas. Its deadline is short, because a follower soon
    /// retries.
    pub(crate) async fn following_connection(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connection().await?;
        connection.be_patient(self.answer_timeout.min(FOLLOWER_PATIENCE));
        Ok(connection)
    }

    /// Returns an error if a connection pooler in transaction mode is in use. Such a pooler would lose session settings
    /// or apply those of another client. To detect this, two connections set different values of a session variable.
    /// The first one must then read back its own value.
    pub(crate) async fn require_sessions(&self) -> Result<(), StoreError> {
        let (mut one, mut other) = (self.aside().await?, self.aside().await?);
        // Uses the simple query protocol, because such poolers also lose prepared statements.
        for (connection, set) in [
            (&mut one, "SELECT set_config('identity.session', 'one', false)"),
            (&mut other, "SELECT set_config('identity.session', 'other', false)"),
        ] {
            connection.execute(raw_sql(set)).await.map_err(failed)?;
        }
        let found = one.fetch_one(raw_sql("SELECT current_setting('identity.session', true)")).await.map_err(failed)?;
        if found.try_get_unchecked::<Option<String>, _>(0).map_err(failed)?.as_deref() == Some("one") {
            return Ok(());
        }
        Err(StoreError::Schema(
            "connections are pooled per transaction; pool them per session, as with `pool_mode = session` in \
             PgBouncer"
                .to_owned(),
        ))
    }

    /// Runs idempotent work, and retries it once if the connection was lost. A timeout is not retried, because the
    /// caller has already waited.
    pub(crate) async fn repeatable<T, F>(&self, work: impl Fn() -> F + Send) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        match work().await {
            Err(error) if disconnected(&error) => {
                self.lost.now();
                if unanswered(&error) { Err(error) } else { work().await }
            }
            result => result,
        }
    }

    /// Begins a write transaction. If the connection is lost or read-only, retries once on another connection.
    pub(crate) async fn begin(&self) -> Result<Connection, StoreError> {
        self.repeatable(|| self.begin_once()).await
    }

    /// Begins a write transaction without a retry. Returns an error if the connected server is read-only.
    pub(crate) async fn begin_once(&self) -> Result<Connection, StoreError> {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        let mut transaction = self.connection().await?;
        transaction.begin("BEGIN").await.map_err(failed)?;
        if takes_writes(&mut transaction).await.map_err(failed)? { Ok(transaction) } else { Err(read_only()) }
    }

    /// Returns the number of write transactions requested since start-up.
    pub(crate) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Executes a statement that may wait for a lock. Its deadline is the lock timeout plus the answer timeout.
    pub(crate) async fn wait_for_lock(&self, on: &mut Connection, statement: &'static str) -> Result<(), StoreError> {
        on.be_patient(self.lock_timeout + self.answer_timeout);
        sqlx::query(statement).execute(&mut *on).await.map_err(failed)?;
        on.be_patient(self.answer_timeout);
        Ok(())
    }

    pub(crate) async fn close(&self) {
        // Connections that are still in use after the timeout are abandoned.
        _ = timeout(self.answer_timeout, self.pool.close()).await;
    }
}

/// Returns whether the connected server is writable: neither a standby nor switched to read-only.
async fn takes_writes(connection: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    let sql = "SELECT NOT current_setting('transaction_read_only')::boolean";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

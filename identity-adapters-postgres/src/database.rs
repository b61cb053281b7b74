//! The connections.

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

/// A connection on which every wait ends.
pub(crate) type Connection = Lease<Postgres>;

/// How long a writer may do nothing while its transaction holds locks. A replica that hangs, or whose network is gone, stops the
/// others' writes for no longer.
const LOCKS_HELD_IDLE: Duration = Duration::from_secs(2);
/// How long a follower waits for an answer.
const FOLLOWER_PATIENCE: Duration = Duration::from_secs(2);
/// How long a suspect connection may take to show that it leads to a server that takes writes.
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
        let schema = Arc::new(settings.schema.clone().map_or_else(OnceLock::new, OnceLock::from));
        let search_path = Arc::clone(&schema);
        let session = [
            ("lock_timeout", milliseconds(settings.lock_timeout)),
            ("statement_timeout", milliseconds(settings.statement_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(LOCKS_HELD_IDLE)),
            // The database ends the session, and with it the locks, of a replica that cannot be reached.
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
                // A standby would answer a ping.
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
        }
    }

    /// A connection of the pool.
    pub(crate) async fn connection(&self) -> Result<Connection, StoreError> {
        self.follow_password();
        Lease::of(&self.pool, self.answer_timeout, Faults::EndTheTransaction).await.map_err(failed)
    }

    /// A connection for a search, which may take as long as the database lets a statement take.
    pub(crate) async fn search_connection(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connection().await?;
        connection.be_patient(self.statement_timeout + self.answer_timeout);
        Ok(connection)
    }

    /// Connects with the password that is in the file now.
    fn follow_password(&self) {
        if let Some(password) = self.password.as_ref().and_then(Watched::changed) {
            tracing::info!("store.password.changed");
            self.pool.set_connect_options(self.address.change_password(&password));
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The schema of the tables, where that is not the role's default one.
    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.schema.get()
    }

    /// Uses a schema in place of the role's default one. Connections that are open already do not.
    pub(crate) fn use_schema(&self, schema: Schema) -> &Schema {
        self.schema.get_or_init(|| schema)
    }

    /// A connection that is not of the pool, and is closed when it is dropped.
    pub(crate) async fn aside(&self) -> Result<Connection, StoreError> {
        self.follow_password();
        Lease::connect(&self.address.options(), self.answer_timeout).await.map_err(failed)
    }

    /// A connection to ask for what others committed. A follower asks again soon, so it does not wait long.
    pub(crate) async fn following_connection(&self) -> Result<Connection, StoreError> {
        let mut connection = self.connection().await?;
        connection.be_patient(self.answer_timeout.min(FOLLOWER_PATIENCE));
        Ok(connection)
    }

    /// Refuses a pooler in front of the database that gives a connection to another client after each transaction: what is set for
    /// a session would be lost, or another client's. Two connections each set something and look for it.
    pub(crate) async fn require_sessions(&self) -> Result<(), StoreError> {
        let (mut one, mut other) = (self.aside().await?, self.aside().await?);
        // In the simple protocol: such poolers also lose prepared statements.
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
            "connections to it are pooled by transaction; this server needs whole sessions, as with `pool_mode = session` in \
             PgBouncer"
                .to_owned(),
        ))
    }

    /// Does what may be done twice, and does it twice when the connection was lost the first time. Where there was no answer, the
    /// caller has waited long enough.
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

    /// A transaction that can write, on a connection that is alive.
    pub(crate) async fn begin(&self) -> Result<Connection, StoreError> {
        self.repeatable(|| self.begin_once()).await
    }

    /// The same, without another attempt on another connection.
    pub(crate) async fn begin_once(&self) -> Result<Connection, StoreError> {
        let mut transaction = self.connection().await?;
        transaction.begin("BEGIN").await.map_err(failed)?;
        if takes_writes(&mut transaction).await.map_err(failed)? { Ok(transaction) } else { Err(read_only()) }
    }

    /// Executes a statement that waits for a lock.
    pub(crate) async fn wait_for_lock(&self, on: &mut Connection, statement: &'static str) -> Result<(), StoreError> {
        on.be_patient(self.lock_timeout + self.answer_timeout);
        sqlx::query(statement).execute(&mut *on).await.map_err(failed)?;
        on.be_patient(self.answer_timeout);
        Ok(())
    }

    pub(crate) async fn close(&self) {
        // Work that still waits for the database is given up.
        _ = timeout(self.answer_timeout, self.pool.close()).await;
    }
}

/// Whether the connection leads to a server that takes writes: no standby, and not switched to read-only.
async fn takes_writes(connection: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    let sql = "SELECT NOT current_setting('transaction_read_only')::boolean";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

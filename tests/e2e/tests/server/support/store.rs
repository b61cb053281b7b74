//! The two stores and their contents.

use std::path::Path;

use identity_testkit::postgres::{TestDatabase, fresh_database};
use identity_testkit::{Launch, skip};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Data store of a server.
pub struct Store {
    database: Option<TestDatabase>,
}

/// Record of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub actor_id: Option<String>,
    pub operation: String,
    pub entity_type: String,
    pub entity_key: String,
    pub result: String,
    pub reason: Option<String>,
    pub request_id: Option<String>,
}

/// Columns of a record, in the order in which they are selected.
type AuditRow = (Option<String>, String, String, String, String, Option<String>, Option<String>);

impl From<AuditRow> for AuditRecord {
    fn from((actor_id, operation, entity_type, entity_key, result, reason, request_id): AuditRow) -> Self {
        Self { actor_id, operation, entity_type, entity_key, result, reason, request_id }
    }
}

impl Store {
    pub fn sqlite() -> Self {
        Self { database: None }
    }

    /// Creates a PostgreSQL database. Returns `None` if the test is skipped.
    pub async fn postgres() -> Option<Self> {
        let database = fresh_database().await;
        if database.is_none() {
            skip("TEST_DATABASE_URL is not set");
        }
        Some(Self { database: Some(database?) })
    }

    /// Returns the URL of the database.
    pub fn url(&self) -> &str {
        &self.database.as_ref().expect("a PostgreSQL store").url
    }

    /// Returns the launch configuration of a server on this store, bound to loopback.
    pub fn launch(&self, arguments: &[&str]) -> Launch {
        let launch = Launch::new(arguments).env("IDENTITY_SERVER_ADDRESS", "127.0.0.1");
        match &self.database {
            Some(database) => launch.env("IDENTITY_STORE_POSTGRES_URL", &database.url),
            None => launch,
        }
    }

    /// Returns the audit log, oldest record first.
    pub async fn audit(&self, launch: &Launch) -> Vec<AuditRecord> {
        const QUERY: &str = "SELECT actor_id, operation, entity_type, entity_key, result, reason, request_id
            FROM audit_log ORDER BY audit_key";
        let rows: Vec<AuditRow> = match &self.database {
            Some(database) => {
                let pool = PgPool::connect(&database.url).await.expect("the database answers");
                let records = sqlx::query_as(QUERY).fetch_all(&pool).await.expect("an audit log");
                pool.close().await;
                records
            }
            None => {
                let pool = SqlitePool::connect_with(options(launch.directory())).await.expect("the database opens");
                let records = sqlx::query_as(QUERY).fetch_all(&pool).await.expect("an audit log");
                pool.close().await;
                records
            }
        };
        rows.into_iter().map(AuditRecord::from).collect()
    }

    /// Changes the database of a stopped server, as only an older version or an operator could.
    pub async fn execute(&self, launch: &Launch, sql: String) {
        match &self.database {
            Some(database) => {
                let pool = PgPool::connect(&database.url).await.expect("the database answers");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.expect("a change");
                pool.close().await;
            }
            None => {
                let options = options(launch.directory()).read_only(false);
                let pool = SqlitePool::connect_with(options).await.expect("the database opens");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.expect("a change");
                pool.close().await;
            }
        }
    }
}

fn options(directory: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(directory.join(".identity/identity.db")).read_only(true)
}

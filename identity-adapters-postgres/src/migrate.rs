//! Runs schema migrations, and checks which ones are applied.

use std::borrow::Cow;
use std::time::Duration;

use identity_core::port::StoreError;
use sqlx::migrate::{MigrateError, Migrator};
use tokio::time::timeout;

use crate::database::{Connection, Database};
use crate::error::{disconnected, failed};
use crate::migrations::MIGRATOR;
use crate::schema;
use crate::settings::Schema;

/// Timeout for all migrations, including the wait for another replica that runs them.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(30);

/// Runs the migrations under an advisory lock, on a dedicated connection. Closing the connection releases the lock,
/// also after an error.
pub(crate) async fn migrate(database: &Database) -> Result<(), StoreError> {
    database.require_sessions().await?;
    let mut connection = database.aside().await?;
    migrate_in(&mut connection, database).await
}

async fn migrate_in(connection: &mut Connection, database: &Database) -> Result<(), StoreError> {
    if database.schema().is_some() {
        return migrate_with(connection, database.schema()).await;
    }
    let Some(schema) = schema::instead(connection).await? else { return migrate_with(connection, None).await };
    let name = schema.name().to_owned();
    let schema = database.use_schema(schema);
    migrate_with(connection, Some(schema)).await.map_err(|error| match error {
        StoreError::Schema(text) => StoreError::Schema(format!(
            "{text} (the default schema contains tables of another application, so `{name}` is used; create it and \
             grant it to the role, or set `store.postgres.schema`)"
        )),
        other => other,
    })
}

/// Compares the applied migrations with those of this server, without changes to the database.
pub(crate) async fn probe(database: &Database) -> Result<Probe, StoreError> {
    database.require_sessions().await?;
    let mut connection = database.aside().await?;
    probe_with(&mut connection, database).await
}

async fn probe_with(connection: &mut Connection, database: &Database) -> Result<Probe, StoreError> {
    let instead = match database.schema() {
        Some(schema) => Some(schema.clone()),
        None => schema::instead(connection).await?,
    };
    let schema = instead.as_ref().map(|schema| schema.name().to_owned());
    if let Some(schema) = &instead {
        let search_path = sqlx::query("SELECT set_config('search_path', $1, false)").bind(schema.search_path());
        search_path.execute(&mut *connection).await.map_err(failed)?;
    }
    let applied = applied(connection).await?.unwrap_or_default();
    if let Some((version, ..)) = applied.iter().find(|(version, ..)| !MIGRATOR.version_exists(*version)) {
        return Err(refused(MigrateError::VersionMissing(*version)));
    }
    Ok(Probe { schema, pending: MIGRATOR.iter().count().saturating_sub(applied.len()) })
}

/// State of the database that a server would find at start-up. Returned by
/// [`PostgresStores::probe`](crate::PostgresStores::probe).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Schema of the tables. `None` for the role's default schema.
    pub schema: Option<String>,
    /// Number of migrations that a start would run.
    pub pending: usize,
}

async fn migrate_with(connection: &mut Connection, schema: Option<&Schema>) -> Result<(), StoreError> {
    let mut migrator = Migrator { migrations: Cow::Borrowed(&MIGRATOR.migrations), ..Migrator::DEFAULT };
    if let Some(schema) = schema {
        sqlx::query("SELECT set_config('search_path', $1, false)")
            .bind(schema.search_path())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
            .bind(schema.name())
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        // `CREATE SCHEMA IF NOT EXISTS` requires the privilege to create schemas even if the schema exists.
        if !exists {
            migrator.create_schema(schema.identifier());
        }
    }
    // If all migrations are applied, the role needs no privilege to create objects.
    if is_up_to_date(connection).await? {
        return Ok(());
    }
    let connection = connection.connection().map_err(failed)?;
    let run = timeout(MIGRATION_TIMEOUT, migrator.run_direct(None, connection, false)).await;
    run.unwrap_or(Err(MigrateError::Execute(sqlx::Error::PoolTimedOut))).map_err(refused)
}

/// Returns whether exactly this server's migrations are applied, with the same checksums.
async fn is_up_to_date(connection: &mut Connection) -> Result<bool, StoreError> {
    let Some(applied) = applied(connection).await? else { return Ok(false) };
    let ours = MIGRATOR.iter().map(|migration| (migration.version, migration.checksum.to_vec(), true));
    Ok(applied.into_iter().eq(ours))
}

/// Returns the applied migrations as (version, checksum, success). `None` if the migrations table does not exist.
async fn applied(connection: &mut Connection) -> Result<Option<Vec<(i64, Vec<u8>, bool)>>, StoreError> {
    let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let is_there: bool = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.map_err(failed)?;
    if !is_there {
        return Ok(None);
    }
    let sql = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
    sqlx::query_as(sql).fetch_all(connection).await.map(Some).map_err(failed)
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => not_done(error),
        MigrateError::VersionMissing(version) => StoreError::Schema(format!(
            "a newer server version applied migration {version}; run that version or a newer one, or restore a backup \
             from before the upgrade"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Schema(format!(
            "migration {version} differs from the one in this server; run the server version that created the \
             database, or restore a backup"
        )),
        MigrateError::Dirty(version) => {
            StoreError::Schema(format!("migration {version} did not complete; restore a backup from before it"))
        }
        other => StoreError::Schema(format!("{other}; restore a backup, or report this as a defect")),
    }
}

/// Converts the error of a failed migration. An error that the database reports, such as a missing privilege, becomes
/// [`StoreError::Schema`], because operator action is required. Connection errors are converted as usual.
fn not_done(error: sqlx::Error) -> StoreError {
    let refusal = error.as_database_error().map(|refusal| refusal.message().to_owned());
    match (failed(error), refusal) {
        (error, Some(refusal)) if !disconnected(&error) => {
            StoreError::Schema(format!("the migration failed: {refusal}"))
        }
        (error, _) => error,
    }
}

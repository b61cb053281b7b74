//! Bringing the schema up to date, or refusing to touch it.

use std::borrow::Cow;

use identity_core::port::StoreError;
use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;

use crate::database::Database;
use crate::error::{disconnected, failed};
use crate::settings::Schema;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Under an advisory lock, on a connection of its own: when it ends, so does the lock, whatever happened.
pub(crate) async fn migrate(database: &Database) -> Result<(), StoreError> {
    let mut connection = database.aside().await?;
    let result = migrate_with(&mut connection, database.schema()).await;
    _ = connection.close().await;
    result
}

async fn migrate_with(connection: &mut PgConnection, schema: Option<&Schema>) -> Result<(), StoreError> {
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
        // Asked first, because even `IF NOT EXISTS` needs the right to create schemas.
        if !exists {
            migrator.create_schema(schema.identifier());
        }
    }
    // A role without the right to create anything can run a server whose schema is up to date.
    if is_up_to_date(connection).await? {
        return Ok(());
    }
    migrator.run_direct(None, connection, false).await.map_err(refused)
}

/// Whether exactly the migrations of this server have been applied.
async fn is_up_to_date(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let is_there: bool = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.map_err(failed)?;
    if !is_there {
        return Ok(false);
    }
    let sql = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
    let applied: Vec<(i64, Vec<u8>, bool)> = sqlx::query_as(sql).fetch_all(connection).await.map_err(failed)?;
    let ours = MIGRATOR.iter().map(|migration| (migration.version, migration.checksum.to_vec(), true));
    Ok(applied.into_iter().eq(ours))
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => not_done(error),
        MigrateError::VersionMissing(version) => StoreError::Schema(format!(
            "it has migration {version}, which this server does not know, so a newer server was here; run that version or a \
             newer one, or restore a backup from before the upgrade"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Schema(format!(
            "migration {version} was not the one that this server has; run the server that made the database, or restore a \
             backup"
        )),
        MigrateError::Dirty(version) => {
            StoreError::Schema(format!("migration {version} began and did not end; restore the backup from before it"))
        }
        other => StoreError::Schema(format!("{other}; restore a backup, or report this as a defect")),
    }
}

/// What the database itself refuses, such as a missing right, is for the operator to mend; it is not out of reach.
fn not_done(error: sqlx::Error) -> StoreError {
    let refusal = error.as_database_error().map(|refusal| refusal.message().to_owned());
    match (failed(error), refusal) {
        (error, Some(refusal)) if !disconnected(&error) => {
            StoreError::Schema(format!("it cannot be migrated: {refusal}"))
        }
        (error, _) => error,
    }
}

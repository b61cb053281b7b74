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
            .bind(schema.as_str())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
            .bind(schema.as_str())
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        // Asked first, because even `IF NOT EXISTS` needs the right to create schemas.
        if !exists {
            migrator.create_schema(schema.as_str().to_owned());
        }
    }
    migrator.run_direct(None, connection, false).await.map_err(refused)
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

//! Schema migrations of the SQLite file.

use std::sync::LazyLock;
use std::time::Duration;

use identity_adapters_sql::migrator;
use identity_core::port::{Impairment, StoreError};
use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};

use crate::database::{BEGIN_WRITING, Connection, Database};
use crate::error::{failed, impairment};

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    migrator![
        "0001_stores",
        "0002_audit_search",
        "0003_sign_in",
        "0010_resource_types",
        "0011_directory_deletions",
        "0020_issuers",
        "0021_installation",
        "0040_familiar_sign_ins",
        "0050_format",
        "0060_last_sign_ins",
        "0061_audit_changes",
        "0062_applied_documents",
    ]
});

/// Runs all pending migrations in one write transaction: all or none, and in one process at a time.
pub(crate) async fn migrate(database: &Database) -> Result<(), StoreError> {
    let mut lease = first_writer(database).await?;
    // Begun through the driver instead of the lease: the migrator nests transactions in it, which the driver must
    // track.
    let connection = lease.connection().map_err(failed)?;
    let mut transaction = connection.begin_with(BEGIN_WRITING).await.map_err(failed)?;
    MIGRATOR.run_direct(None, &mut *transaction, false).await.map_err(refused)?;
    transaction.commit().await.map_err(failed)
}

/// Opens the write connection. When several processes create a file, the first connection of each switches it to the
/// write-ahead log. SQLite then fails at once instead of waiting for the lock, so the switch is retried for a second.
async fn first_writer(database: &Database) -> Result<Connection, StoreError> {
    for _ in 0..50 {
        match database.writer().await {
            Err(StoreError::Impaired(Impairment::Locked, _)) => tokio::time::sleep(Duration::from_millis(20)).await,
            outcome => return outcome,
        }
    }
    database.writer().await
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => failed(error),
        MigrateError::ExecuteMigration(error, _) if impairment(&error).is_some() => failed(error),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reports_a_full_disk_during_a_migration_as_an_impairment() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&directory.path().join("identity.db")).unwrap();
        let mut writer = database.writer().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 2").execute(&mut writer).await.unwrap();
        drop(writer);
        let outcome = migrate(&database).await;
        assert!(matches!(outcome, Err(StoreError::Impaired(Impairment::Full, _))), "{outcome:?}");
    }

    #[test]
    fn all_files_are_embedded() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
        assert_eq!(MIGRATOR.iter().count(), files);
    }
}

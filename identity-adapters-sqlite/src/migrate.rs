//! Bringing the schema up to date, or refusing to touch it.

use identity_core::port::StoreError;
use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};

use crate::database::{BEGIN_WRITING, Database};
use crate::error::failed;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// All or nothing, and one process at a time: everything happens in one writing transaction.
pub(crate) async fn migrate(database: &Database) -> Result<(), StoreError> {
    let mut lease = database.writer().await?;
    // The migrator has transactions of its own within this one, which the driver has to know of.
    let connection = lease.connection().map_err(failed)?;
    let mut transaction = connection.begin_with(BEGIN_WRITING).await.map_err(failed)?;
    MIGRATOR.run_direct(None, &mut *transaction, false).await.map_err(refused)?;
    transaction.commit().await.map_err(failed)
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => failed(error),
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

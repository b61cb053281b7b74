//! Loads all policy data from PostgreSQL.

use std::time::Duration;

use futures_util::TryStreamExt;
use identity_adapters_sql::change_log::require_format;
use identity_adapters_sql::policy::reads;
use identity_core::port::{Loading, StoreError};
use identity_core::value::Revision;

use crate::database::Connection;
use crate::error::failed;

/// Statement timeout while all data is loaded. It is longer than usual, because each statement reads a whole table.
const TABLE_TIMEOUT: &str = "SET LOCAL statement_timeout = '10min'";
/// Timeout for each row while all data is loaded.
const ROW_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) async fn load(mut transaction: Connection, into: &mut Loading<'_>) -> Result<Revision, StoreError> {
    transaction.be_patient(ROW_TIMEOUT);
    transaction.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    sqlx::query(TABLE_TIMEOUT).execute(&mut transaction).await.map_err(failed)?;
    let newest = sqlx::query_as("SELECT format, revision FROM policy_revision").fetch_one(&mut transaction);
    let (format, revision): (i64, i64) = newest.await.map_err(failed)?;
    require_format(format)?;
    into.restart();
    for read in reads() {
        let mut rows = sqlx::query(read.sql).fetch(&mut transaction);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            into.add((read.change)(&row)?);
        }
    }
    Ok(Revision(revision.cast_unsigned()))
}

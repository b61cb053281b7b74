//! Loads all policy data from SQLite.

use futures_util::TryStreamExt;
use identity_adapters_sql::change_log::require_format;
use identity_adapters_sql::policy::reads;
use identity_core::port::{Loading, StoreError};
use identity_core::value::Revision;

use crate::database::Connection;
use crate::error::failed;

/// Loads all data and returns its revision. The connection must be in a transaction, so that all statements read the
/// same snapshot.
pub(super) async fn load(connection: &mut Connection, into: &mut Loading<'_>) -> Result<Revision, StoreError> {
    let newest = sqlx::query_as("SELECT format, revision FROM policy_revision").fetch_one(&mut *connection);
    let (format, revision): (i64, i64) = newest.await.map_err(failed)?;
    require_format(format)?;
    into.restart();
    for read in reads() {
        let mut rows = sqlx::query(read.sql).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            into.add((read.change)(&row)?);
        }
    }
    Ok(Revision(revision.cast_unsigned()))
}

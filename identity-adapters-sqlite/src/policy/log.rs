//! The change log and the current revision, on SQLite.

use identity_adapters_sql::change_log;
use identity_core::port::{Commit, StoreError, Tail};
use identity_core::value::{Revision, time_text};

use crate::database::Connection;
use crate::error::failed;

/// Reads the newest revision, and the commits after `known`.
pub(super) async fn read(connection: &mut Connection, known: Revision) -> Result<(Revision, Tail), StoreError> {
    let known_number = i64::try_from(known.0).unwrap_or(i64::MAX);
    let rows = sqlx::query_as(change_log::TAIL).bind(known_number).fetch_all(connection).await.map_err(failed)?;
    change_log::tail(known, rows)
}

/// Appends a commit to the change log and updates the current revision and format.
pub(super) async fn append(connection: &mut Connection, commit: &Commit) -> Result<(), StoreError> {
    let changes = change_log::entry(commit)?;
    sqlx::query("INSERT INTO change_log (revision, committed_at, changes) VALUES ($1, $2, $3)")
        .bind(commit.revision.0.cast_signed())
        .bind(time_text(commit.at))
        .bind(changes)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE policy_revision SET revision = $1, format = MAX(format, $2)")
        .bind(commit.revision.0.cast_signed())
        .bind(change_log::format_of(commit))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn prune(connection: &mut Connection, keep: u64) -> Result<(), StoreError> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    sqlx::query(change_log::PRUNE).bind(keep).execute(connection).await.map_err(failed).map(drop)
}

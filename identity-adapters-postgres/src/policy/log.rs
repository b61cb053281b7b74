//! The change log and the current revision, on PostgreSQL.

use identity_adapters_sql::change_log;
use identity_core::port::{Commit, StoreError, Tail};
use identity_core::value::{Revision, to_microsecond};

use crate::database::Connection;
use crate::error::failed;
use crate::wake::CHANNEL;

/// Reads the newest revision, and the commits after `known`.
pub(super) async fn read(connection: &mut Connection, known: Revision) -> Result<(Revision, Tail), StoreError> {
    let known_number = i64::try_from(known.0).unwrap_or(i64::MAX);
    let rows = sqlx::query_as(change_log::TAIL).bind(known_number).fetch_all(connection).await.map_err(failed)?;
    change_log::tail(known, rows)
}

/// Updates the current revision and format, and appends the commits to the change log. Other replicas are notified when the
/// transaction is committed.
pub(super) async fn append(connection: &mut Connection, commits: &[Commit]) -> Result<(), StoreError> {
    let Some(newest) = commits.last().map(|commit| commit.revision) else { return Ok(()) };
    let mut changes = Vec::with_capacity(commits.len());
    for commit in commits {
        changes.push(change_log::entry(commit)?);
    }
    sqlx::query(
        "WITH moved AS (UPDATE policy_revision SET revision = $1, format = GREATEST(format, $6)), \
         logged AS (INSERT INTO change_log (revision, committed_at, changes) \
         SELECT revision, committed_at, changes::jsonb FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) \
         AS c (revision, committed_at, changes)) \
         SELECT pg_notify($5, $1::text)",
    )
    .bind(newest.0.cast_signed())
    .bind(commits.iter().map(|commit| commit.revision.0.cast_signed()).collect::<Vec<_>>())
    .bind(commits.iter().map(|commit| to_microsecond(commit.at)).collect::<Vec<_>>())
    .bind(changes)
    .bind(CHANNEL)
    .bind(commits.iter().map(change_log::format_of).max())
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn prune(connection: &mut Connection, keep: u64) -> Result<(), StoreError> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    sqlx::query(change_log::PRUNE).bind(keep).execute(connection).await.map_err(failed).map(drop)
}

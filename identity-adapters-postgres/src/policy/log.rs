//! The change log and the revision.

use identity_core::entity::to_microsecond;
use identity_core::port::{Commit, Logged, StoreError, Tail};
use identity_core::value::Revision;

use crate::database::Connection;
use crate::error::failed;
use crate::wake::CHANNEL;

/// The newest revision, and the commits after `known`: one statement, hence one view.
pub(super) async fn read(connection: &mut Connection, known: Revision) -> Result<(Revision, Tail), StoreError> {
    let rows: Vec<(i64, Option<i64>, Option<String>)> = sqlx::query_as(
        "SELECT p.revision, l.revision, l.changes::text FROM policy_revision p \
         LEFT JOIN change_log l ON l.revision > $1 ORDER BY l.revision",
    )
    .bind(i64::try_from(known.0).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let Some(&(newest, ..)) = rows.first() else {
        return Err(StoreError::unreadable("policy_revision", 1, "it is missing"));
    };
    let newest = Revision(newest.cast_unsigned());
    let mut commits = Vec::new();
    for (_, revision, changes) in rows {
        if let (Some(revision), Some(changes)) = (revision, changes) {
            let changes = serde_json::from_str(&changes).map_err(|error| unreadable(revision, &error))?;
            commits.push(Logged { revision: Revision(revision.cast_unsigned()), changes });
        }
    }
    // Revisions are dense, so the number of commits tells whether the log reaches back far enough.
    let complete = newest.0.checked_sub(known.0) == Some(commits.len() as u64);
    Ok((newest, if complete { Tail::Commits(commits) } else { Tail::Gone }))
}

/// Says where, not what: the entry holds password hashes.
fn unreadable(revision: i64, error: &serde_json::Error) -> StoreError {
    let detail = format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
    StoreError::unreadable("change_log", revision, detail)
}

/// Moves the revision on and tells the other replicas, as soon as the transaction is committed.
pub(super) async fn append(connection: &mut Connection, commits: &[Commit]) -> Result<(), StoreError> {
    let Some(newest) = commits.last().map(|commit| commit.revision) else { return Ok(()) };
    let mut changes = Vec::with_capacity(commits.len());
    for commit in commits {
        let text = serde_json::to_string(&commit.changes);
        changes.push(text.map_err(|error| StoreError::unreadable("change_log", commit.revision, error))?);
    }
    sqlx::query(
        "WITH moved AS (UPDATE policy_revision SET revision = $1), \
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
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn prune(connection: &mut Connection, keep: u64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM change_log WHERE revision <= (SELECT revision FROM policy_revision) - $1")
        .bind(i64::try_from(keep).unwrap_or(i64::MAX))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

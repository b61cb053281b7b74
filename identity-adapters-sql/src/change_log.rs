//! The change log: statements, JSON encoding of its entries, and the format version of the stored data.

use identity_core::port::{Commit, Logged, StoreError, Tail};
use identity_core::value::Revision;
use identity_core::world::Change;

/// Newest format of the stored policy data that this version reads.
///
/// A later version raises the stored format before it stores data that this version would misread, or with the commit
/// that stores it. This version then stops following the change log. Its policy data becomes stale, and it stops
/// deciding (`consistency.max-age`).
pub const FORMAT: i64 = WITH_INACTIVE_USERS;
/// Format of data that contains inactive users. Versions that read only format 1 allow requests about them.
const WITH_INACTIVE_USERS: i64 = 2;

/// Returns the format that a commit requires of its readers. The stored format is raised to it, and never lowered.
#[must_use]
pub fn format_of(commit: &Commit) -> i64 {
    let is_inactive = |change: &Change| matches!(change, Change::UserPut(user) if !user.is_active());
    if commit.changes.iter().any(is_inactive) { WITH_INACTIVE_USERS } else { 1 }
}

/// Statement that reads the newest revision, and the commits after the revision in parameter 1. A single statement
/// reads them in one snapshot.
pub const TAIL: &str = "SELECT p.format, p.revision, l.revision, CAST(l.changes AS TEXT) FROM policy_revision p \
    LEFT JOIN change_log l ON l.revision > $1 ORDER BY l.revision";
/// Statement that deletes all but the newest commits. Parameter 1 is the number of commits to keep.
pub const PRUNE: &str = "DELETE FROM change_log WHERE revision <= (SELECT revision FROM policy_revision) - $1";

/// Row of [`TAIL`]: the stored format, the newest revision, and the revision and changes of one commit. The last two
/// are `None` if there is no commit after the given revision.
pub type TailRow = (i64, i64, Option<i64>, Option<String>);

/// Checks that this version can read the stored format.
///
/// # Errors
/// [`StoreError::Schema`] if the format is newer than [`FORMAT`].
pub(crate) fn require_format(stored: i64) -> Result<(), StoreError> {
    if stored <= FORMAT {
        return Ok(());
    }
    Err(StoreError::Schema(format!(
        "a newer server version wrote the data in format {stored}; this server supports formats up to {FORMAT}; run the newer version"
    )))
}

/// Converts the rows of [`TAIL`] to the newest revision and the commits after `known`. Returns [`Tail::Gone`] if the
/// log does not contain all of these commits.
///
/// # Errors
/// [`StoreError::Schema`] for data in a newer format, [`StoreError::Unreadable`] for an entry that is not a list of
/// changes.
pub fn tail(known: Revision, rows: Vec<TailRow>) -> Result<(Revision, Tail), StoreError> {
    let Some(&(format, newest, ..)) = rows.first() else {
        return Err(StoreError::unreadable("policy_revision", 1, "it is missing"));
    };
    require_format(format)?;
    let newest = Revision(newest.cast_unsigned());
    let mut commits = Vec::new();
    for (.., revision, changes) in rows {
        if let (Some(revision), Some(changes)) = (revision, changes) {
            let changes = serde_json::from_str(&changes).map_err(|error| unreadable(revision, &error))?;
            commits.push(Logged { revision: Revision(revision.cast_unsigned()), changes });
        }
    }
    // Revisions are contiguous, so the number of commits shows whether the log reaches back far enough.
    let complete = newest.0.checked_sub(known.0) == Some(commits.len() as u64);
    Ok((newest, if complete { Tail::Commits(commits) } else { Tail::Gone }))
}

/// Creates the error for an entry that cannot be decoded. It contains the position of the problem but no content,
/// because entries can contain password hashes.
fn unreadable(revision: i64, error: &serde_json::Error) -> StoreError {
    let detail = format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
    StoreError::unreadable("change_log", revision, detail)
}

/// Encodes the changes of a commit as JSON, for the change log.
///
/// # Errors
/// [`StoreError::Unreadable`] for changes that have no JSON form.
pub fn entry(commit: &Commit) -> Result<String, StoreError> {
    serde_json::to_string(&commit.changes).map_err(|error| StoreError::unreadable("change_log", commit.revision, error))
}

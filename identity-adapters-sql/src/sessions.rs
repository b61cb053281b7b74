//! SQL statements for browser sessions.

use identity_core::entity::{LastSignIn, Session};
use sqlx::SqlStr;

use crate::entity::Stored as _;
use crate::table::sql;

/// Filter for lists of sessions that have not expired. Parameter 1 is the current time. Parameters 2 and 3 are the type
/// and id of a principal, or null for all principals. Parameter 4 is a pattern of [`containing`] for the id of the
/// principal, or null.
const LISTED: &str = "WHERE expires_at > $1 \
     AND (CAST($2 AS TEXT) IS NULL OR (principal_type = $2 AND principal_id = $3)) \
     AND (CAST($4 AS TEXT) IS NULL OR lower(principal_id) LIKE $4 ESCAPE '!')";

/// Returns the `LIKE` pattern for texts that contain `text`, ignoring the case of ASCII letters.
#[must_use]
pub fn containing(text: &str) -> String {
    let literal = text.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{literal}%")
}

/// Returns the statement that updates a session if its stored version equals the given one, and increments the version
/// (optimistic concurrency). The parameters are the columns of the table, in order.
#[must_use]
pub fn update() -> SqlStr {
    let columns = Session::TABLE.columns.iter().zip(2..);
    let set = |(column, number): (&&str, i32)| match *column {
        "version" => "version = version + 1".to_owned(),
        column => format!("{column} = ${number}"),
    };
    let set: Vec<_> = columns.map(set).collect();
    let version = set.len() + 1;
    sql(format!("UPDATE sessions SET {} WHERE id = $1 AND version = ${version}", set.join(", ")))
}

/// Returns the statement that counts the unexpired sessions of one or all principals. Parameter 1 is the current time.
/// Parameters 2 and 3 are the type and id of a principal, or null for all principals. Parameter 4 is a pattern of
/// [`containing`] or null.
#[must_use]
pub fn count() -> SqlStr {
    sql(format!("SELECT count(*) FROM sessions {LISTED}"))
}

/// Returns the statement that reads a page of the sessions that [`count`] counts, newest first. Parameters 1 to 4 are
/// the same. Parameters 5 and 6 are the number of sessions to skip and to return.
#[must_use]
pub fn page() -> SqlStr {
    Session::TABLE.select(format_args!("{LISTED} ORDER BY created_at DESC, id LIMIT $6 OFFSET $5"))
}

/// Returns the statement that stores a last sign-in, unless a later one is stored. The parameters are the columns of
/// its table.
#[must_use]
pub fn note_sign_in() -> SqlStr {
    let insertion = LastSignIn::TABLE.insert_one();
    let insertion = insertion.as_str();
    sql(format!(
        "{insertion} ON CONFLICT (principal_type, principal_id) DO UPDATE \
         SET signed_in_at = excluded.signed_in_at, expires_at = excluded.expires_at, sealed = excluded.sealed \
         WHERE excluded.signed_in_at > last_sign_ins.signed_in_at"
    ))
}

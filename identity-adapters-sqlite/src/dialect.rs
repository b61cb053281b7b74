//! SQL fragments of the shared statements, in the syntax of SQLite.

use identity_adapters_sql::audit::Dialect;
use identity_core::search::{LikePattern, Part};

/// Returns the query for the rows in parameter 1, a JSON array. One statement for all rows is faster than one per row,
/// because every statement is a round trip to the thread of the connection.
pub(crate) fn json_rows(_table: &str, columns: &[&str]) -> String {
    let values: Vec<_> = columns.iter().map(|column| format!("value ->> '{column}'")).collect();
    format!("SELECT {} FROM json_each($1)", values.join(", "))
}

/// Packs all rows of a query into one text.
pub(crate) fn pack(columns: &[&str], order: &str) -> String {
    format!("json_group_array(json_array({}) ORDER BY {order})", columns.join(", "))
}

pub(crate) const AUDIT: Dialect = Dialect {
    byte_order: "",
    time: str::to_owned,
    is_text_in: is_in,
    is_time_in: is_in,
    // `LIKE` would ignore the case of ASCII letters.
    is_like: |column, pattern| format!("{column} GLOB {pattern}"),
    pattern: glob,
};

fn is_in(column: &str, list: &str) -> String {
    format!("{column} IN (SELECT value FROM json_each({list}))")
}

/// Converts a pattern to the syntax of `GLOB`, in which brackets escape a special character.
fn glob(pattern: &LikePattern) -> String {
    let mut glob = String::new();
    for part in pattern.parts() {
        match part {
            Part::Run => glob.push('*'),
            Part::One => glob.push('?'),
            Part::Literal(special @ ('*' | '?' | '[')) => glob.extend(['[', *special, ']']),
            Part::Literal(literal) => glob.push(*literal),
        }
    }
    glob
}

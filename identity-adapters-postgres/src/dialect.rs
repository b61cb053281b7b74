//! SQL fragments of the shared statements, in the syntax of PostgreSQL.

use identity_adapters_sql::audit::Dialect;
use identity_core::search::{LikePattern, Part};

/// Returns the query for the rows in parameter 1, a JSON array. The values have the types of the columns of `table`.
pub(crate) fn json_rows(table: &str, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    format!("SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json) WITH ORDINALITY")
}

/// Packs all rows of a query into one text.
pub(crate) fn pack(columns: &[&str], order: &str) -> String {
    format!("json_agg(json_build_array({}) ORDER BY {order})::text", columns.join(", "))
}

pub(crate) const AUDIT: Dialect = Dialect {
    byte_order: " COLLATE \"C\"",
    time: |text| format!("{text}::timestamptz"),
    is_text_in: |column, list| format!("{column} = ANY(ARRAY(SELECT json_array_elements_text({list}::json)))"),
    is_time_in: |column, list| {
        format!("{column} = ANY(ARRAY(SELECT json_array_elements_text({list}::json)::timestamptz))")
    },
    is_like: |column, pattern| format!("{column} COLLATE \"C\" LIKE {pattern} ESCAPE '!'"),
    pattern: like,
};

/// Converts a pattern to the syntax of `LIKE`, with `!` as the escape character.
fn like(pattern: &LikePattern) -> String {
    let mut like = String::new();
    for part in pattern.parts() {
        match part {
            Part::Run => like.push('%'),
            Part::One => like.push('_'),
            Part::Literal(special @ ('%' | '_' | '!')) => like.extend(['!', *special]),
            Part::Literal(literal) => like.push(*literal),
        }
    }
    like
}

//! Tables and the statements on them. PostgreSQL and SQLite have the same tables and columns.
//!
//! Statements name their columns. On PostgreSQL, a prepared `SELECT *` fails once a migration of a later version has
//! added a column.

use std::fmt::Display;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

/// Table with the columns that this version reads and writes. The database may have more columns.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Name of the table.
    pub name: &'static str,
    /// Columns of the primary key. For a table of list items: the columns that refer to the entity of the list.
    pub key: &'static [&'static str],
    /// All other columns.
    pub columns: &'static [&'static str],
}

/// Function that returns the query for rows in a parameter, in the SQL dialect of a database. Parameter 1 is a JSON
/// array with one object per row. The query returns the given columns of each row. `table` is the table to which the
/// rows belong.
pub type JsonRows = fn(table: &str, columns: &[&str]) -> String;

/// Separator of list items that are aggregated in one column (U+001F, unit separator). No id can contain it.
pub(crate) const SEPARATOR: char = '\u{1f}';

impl Table {
    /// Returns all columns, the key first.
    fn all(&self) -> Vec<&'static str> {
        [self.key, self.columns].concat()
    }

    /// Returns the statement that reads rows. `clauses`, such as `WHERE …`, follow the table's name.
    #[must_use]
    pub fn select(&self, clauses: impl Display) -> SqlStr {
        sql(format!("SELECT {} FROM {} {clauses}", self.all().join(", "), self.name))
    }

    /// Returns the statement that reads rows with an additional column `list`. It contains the rows of the table
    /// `items` with the same key. [`SEPARATOR`] separates the items, and the columns of an item.
    pub(crate) fn select_with(&self, items: &Self) -> SqlStr {
        let item = items.columns.join(&format!(" || '{SEPARATOR}' || "));
        let same = |column: &&str| format!("{}.{column} = {}.{column}", items.name, self.name);
        sql(format!(
            "SELECT {}, (SELECT string_agg({item}, '{SEPARATOR}') FROM {} WHERE {}) AS list FROM {} ORDER BY {}",
            self.all().join(", "),
            items.name,
            self.key.iter().map(same).collect::<Vec<_>>().join(" AND "),
            self.name,
            self.key.join(", "),
        ))
    }

    /// Returns the statement that deletes rows and returns them. `clauses`, such as `WHERE …`, follow the table's name.
    #[must_use]
    pub fn take(&self, clauses: impl Display) -> SqlStr {
        sql(format!("DELETE FROM {} {clauses} RETURNING {}", self.name, self.all().join(", ")))
    }

    /// Returns the statement that inserts one row. The parameters are the columns, the key first.
    #[must_use]
    pub fn insert_one(&self) -> SqlStr {
        let columns = self.all();
        let parameters: Vec<_> = (1..=columns.len()).map(|number| format!("${number}")).collect();
        sql(format!("INSERT INTO {} ({}) VALUES ({})", self.name, columns.join(", "), parameters.join(", ")))
    }

    /// Returns the statement that inserts the rows in parameter 1. It fails if a row exists.
    #[must_use]
    pub fn insert(&self, rows: JsonRows) -> SqlStr {
        sql(self.insertion(&self.all(), rows))
    }

    /// Returns the statement that inserts the rows in parameter 1 and returns their keys, which the database assigns.
    /// `order` is the SQL expression for the position of a row in the parameter. Keys are assigned in this order.
    #[must_use]
    pub fn append(&self, rows: JsonRows, order: &str) -> SqlStr {
        let insertion = self.insertion(self.columns, rows);
        sql(format!("{insertion} ORDER BY {order} RETURNING {}", self.key.join(", ")))
    }

    /// Returns the statement that inserts the rows in parameter 1, or updates the rows that exist.
    #[must_use]
    pub fn put(&self, rows: JsonRows) -> SqlStr {
        let insertion = self.insertion(&self.all(), rows);
        let set: Vec<_> = self.columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        // Without `WHERE`, SQLite parses `ON` as a part of a join.
        sql(format!("{insertion} WHERE TRUE ON CONFLICT ({}) DO {action}", self.key.join(", ")))
    }

    /// Returns the statement that deletes the rows whose keys are in parameter 1.
    #[must_use]
    pub fn delete(&self, rows: JsonRows) -> SqlStr {
        let (name, key) = (self.name, self.key.join(", "));
        sql(format!("DELETE FROM {name} WHERE ({key}) IN ({})", rows(name, self.key)))
    }

    fn insertion(&self, columns: &[&str], rows: JsonRows) -> String {
        format!("INSERT INTO {} ({}) {}", self.name, columns.join(", "), rows(self.name, columns))
    }
}

/// Marks a statement as safe from SQL injection. Statements consist of constants of this workspace, and values are
/// passed as parameters.
pub(crate) fn sql(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

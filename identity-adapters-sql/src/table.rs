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

/// Function that returns the expression that packs all rows of a query into one text, in the dialect of a database: a
/// JSON array with an array of the given columns per row, in the order of the columns in the second parameter. Without
/// rows, it is null or an empty array.
pub type Pack = fn(columns: &[&str], order: &str) -> String;

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

    /// Returns the statement that reads a page of at most `limit` rows in the order of their keys, packed into one text,
    /// and the columns of each row. With the SQL type of the key's columns, the page begins after the key in the parameters,
    /// which are texts; otherwise with the first row.
    ///
    /// With a table `items`, rows have an additional column `list`, which contains its rows with the same key. The key
    /// is then a single column.
    /// [`SEPARATOR`] separates the items, and the columns of an item.
    pub(crate) fn page(
        &self,
        items: Option<&Self>,
        after: Option<&str>,
        limit: usize,
        pack: Pack,
    ) -> (Vec<&'static str>, SqlStr) {
        let (name, mut columns) = (self.name, self.all());
        let key = self.key.join(", ");
        let after = after.map_or_else(String::new, |key_type| {
            let parameter = |number| format!("CAST(${number} AS {key_type})");
            let parameters = (1..=self.key.len()).map(parameter).collect::<Vec<_>>().join(", ");
            format!("WHERE ({key}) > ({parameters})")
        });
        let page = format!("SELECT {} FROM {name} {after} ORDER BY {key} LIMIT {limit}", columns.join(", "));
        // One scan of the items between the first and the last key: without statistics, PostgreSQL would choose an
        // expensive plan for a subquery per row.
        let (lists, join) = items.map_or_else(Default::default, |items| {
            columns.push("list");
            let item = items.columns.join(&format!(" || '{SEPARATOR}' || "));
            let lists = format!(
                ", lists AS (SELECT {key}, string_agg({item}, '{SEPARATOR}') AS list FROM {} \
                 WHERE {key} BETWEEN (SELECT min({key}) FROM page) AND (SELECT max({key}) FROM page) GROUP BY {key})",
                items.name
            );
            (lists, format!("LEFT JOIN lists USING ({key})"))
        });
        let packed = pack(&columns, &key);
        (columns, sql(format!("WITH page AS ({page}){lists} SELECT {packed} FROM page {join}")))
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

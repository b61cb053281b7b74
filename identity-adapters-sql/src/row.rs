//! Rows of query results, with the same interface for both databases.

use std::error::Error;

use identity_core::port::StoreError;
use sqlx::{ColumnIndex, Decode, Type};
use time::OffsetDateTime;

use crate::table::Table;

/// Row of a query result, with access to its columns by name.
pub trait Row {
    /// Returns the text in a column. `None` for null.
    ///
    /// # Errors
    /// If the row has no such column, or the column has another type.
    fn optional_text(&self, column: &str) -> Result<Option<&str>, RowError>;

    /// Returns the integer in a column. `None` for null.
    ///
    /// # Errors
    /// As [`Self::optional_text`].
    fn optional_integer(&self, column: &str) -> Result<Option<i64>, RowError>;

    /// Returns the bytes in a column. `None` for null.
    ///
    /// # Errors
    /// As [`Self::optional_text`].
    fn optional_bytes(&self, column: &str) -> Result<Option<&[u8]>, RowError>;

    /// Returns the time in a column.
    ///
    /// # Errors
    /// As [`Self::optional_text`], and for null.
    fn time(&self, column: &str) -> Result<OffsetDateTime, RowError>;

    /// Returns the text in a column.
    ///
    /// # Errors
    /// As [`Self::optional_text`], and for null.
    fn text(&self, column: &str) -> Result<&str, RowError> {
        self.optional_text(column)?.ok_or_else(|| RowError(format!("{column} is null")))
    }

    /// Returns the integer in a column.
    ///
    /// # Errors
    /// As [`Self::optional_text`], and for null.
    fn integer(&self, column: &str) -> Result<i64, RowError> {
        self.optional_integer(column)?.ok_or_else(|| RowError(format!("{column} is null")))
    }
}

/// Reason why a row cannot be converted to an entity.
#[derive(Debug)]
pub struct RowError(pub(crate) String);

impl RowError {
    /// Creates the error for a column with a value that this version does not know, such as a new kind of entity.
    pub(crate) fn unknown(column: &str) -> Self {
        Self(format!("unknown {column}"))
    }

    /// Converts the error to a [`StoreError::Unreadable`] that contains the table and the key of the row.
    pub(crate) fn of(self, row: &dyn Row, table: &Table) -> StoreError {
        StoreError::unreadable(table.name, key(row, table), self.0)
    }
}

impl<E: Error> From<E> for RowError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Returns the key of a row as text, for error messages. A binary key, such as a digest, is reduced to its first four
/// bytes in hexadecimal.
fn key(row: &dyn Row, table: &Table) -> String {
    let column = |column: &&'static str| {
        if let Ok(text) = row.text(column) {
            return text.to_owned();
        }
        match (row.integer(column), row.optional_bytes(column)) {
            (Ok(integer), _) => integer.to_string(),
            (_, Ok(Some([a, b, c, d, ..]))) => format!("{a:02x}{b:02x}{c:02x}{d:02x}…"),
            _ => "?".to_owned(),
        }
    };
    table.key.iter().map(column).collect::<Vec<_>>().join(" ")
}

impl<R: sqlx::Row> Row for R
where
    for<'c> &'c str: ColumnIndex<R>,
    for<'r> Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> OffsetDateTime: Decode<'r, R::Database> + Type<R::Database>,
{
    fn optional_text(&self, column: &str) -> Result<Option<&str>, RowError> {
        Ok(self.try_get(column)?)
    }

    fn optional_integer(&self, column: &str) -> Result<Option<i64>, RowError> {
        Ok(self.try_get(column)?)
    }

    fn optional_bytes(&self, column: &str) -> Result<Option<&[u8]>, RowError> {
        Ok(self.try_get(column)?)
    }

    fn time(&self, column: &str) -> Result<OffsetDateTime, RowError> {
        Ok(self.try_get(column)?)
    }
}
